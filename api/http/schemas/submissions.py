"""The shapes of submissions, receipts and entries, made from the register and from copies."""

from typing import Annotated, Self

from pydantic import Field

from anchoring.monitor.copies import Copy
from anchoring.register.submissions import ACCEPTED, FINAL, FROZEN, MINED, SUBMITTED, Acceptance, Submission
from api.http.schemas.base import JsonObject, RowShape, Shape, Time, hide_addresses
from api.http.schemas.receipts import SignedReceiptShape
from ledger.encoding import times
from ledger.verification.receipts import SignedReceipt

StateName = Annotated[str, Field(json_schema_extra={"enum": [ACCEPTED, FROZEN, SUBMITTED, MINED, FINAL]})]


class ReceiptShape(Shape):
    """What intake promises: the records stand from position `first` on, in the order of the submission."""

    id: str = Field(description="The root in hexadecimal.")
    log: str
    issuer: str
    count: int
    first: int
    accepted: Time
    deadline: Time | None = Field(
        default=None, description="The latest block time of the anchor, as it was promised at acceptance."
    )
    signed: SignedReceiptShape | None = Field(
        default=None, description="Absent where the node has no key: then nothing here is evidence."
    )
    warnings: list[RowShape] | None = Field(default=None, description="Oddities that were let pass, by row.")

    @classmethod
    def of(
        cls, acceptance: Acceptance, signed_receipt: SignedReceipt | None, *, shows_warnings: bool
    ) -> Self:
        """`shows_warnings`: warnings quote identifiers, so they are for the sender of the rows alone."""
        warnings = [
            RowShape(row=warning.row_number, message=warning.message) for warning in acceptance.warnings
        ]
        return cls(
            id=acceptance.id,
            log=acceptance.log,
            issuer=acceptance.issuer,
            count=acceptance.record_count,
            first=acceptance.first_position,
            accepted=times.format_time(acceptance.accepted_at),
            deadline=times.format_time(acceptance.deadline) if acceptance.deadline is not None else None,
            signed=SignedReceiptShape.model_validate(signed_receipt.to_json()) if signed_receipt else None,
            warnings=warnings if shows_warnings else None,
        )


class SubmissionShape(ReceiptShape):
    """How far a submission has come; `sequence` is that of its anchor, once its batch is frozen."""

    state: StateName
    sequence: int | None = None

    @classmethod
    def at(cls, submission: Submission, signed_receipt: SignedReceipt | None) -> Self:
        receipt = ReceiptShape.of(submission.acceptance, signed_receipt, shows_warnings=False)
        return cls(**receipt.model_dump(), state=submission.state, sequence=submission.sequence)


class EntryShape(Shape):
    """A submission as the log accepted it, and its batch once frozen; everything that other cities need to check it."""

    first: int = Field(description="The position of its first record.")
    sequence: int | None = None
    entry: JsonObject
    source: str | None = Field(default=None, description="The node from which this copy came.")

    @classmethod
    def of(cls, submission: Submission) -> Self:
        return cls(
            first=submission.acceptance.first_position,
            sequence=submission.sequence,
            entry=submission.entry.to_json(),
        )

    @classmethod
    def of_copy(cls, copy: Copy) -> Self:
        return cls(
            first=copy.first_position,
            sequence=copy.sequence,
            entry=copy.entry.to_json(),
            source=hide_addresses(copy.source_name),
        )


class EntriesShape(Shape):
    """A page of entries. `copies`: this is not the log's own node, but each entry is in the batch that was anchored."""

    items: list[EntryShape] = Field(description="In the order of acceptance, which is that of positions.")
    copies: bool = False
    next: str | None = Field(default=None, description="Address of the next page; absent on the last.")
