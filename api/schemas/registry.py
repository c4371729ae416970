"""Logs, anchors, entries, submissions and histories, made from the facts of the replica and the register."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field

from anchoring.reading import Reading
from anchoring.register import ACCEPTED, FINAL, FROZEN, MINED, SUBMITTED, Held, Receipt, Submission
from api.schemas.base import Digest, JsonObject, RowShape, Shape, Time
from ledger import times
from ledger.history import History, Recorded
from ledger.trust import Anchor, LogState

State = Annotated[str, Field(json_schema_extra={"enum": [ACCEPTED, FROZEN, SUBMITTED, MINED, FINAL]})]


class AnchoredShape(Shape):
    """Where a record was anchored; `position` once it follows from the counts."""

    sequence: int
    block: int
    time: Time
    position: int | None = None

    @classmethod
    def of(cls, anchor: Anchor, position: int | None) -> Self:
        return cls(
            sequence=anchor.sequence,
            block=anchor.block,
            time=times.format_time(anchor.time),
            position=position,
        )


class LogShape(Shape):
    """A city's log as the replica knows it. `held`: this node issues into it and has its entries."""

    name: str
    suite: str
    size: int = Field(description="Positions that are anchored.")
    sequence: int = Field(description="The newest final anchor; 0 before the first.")
    anchored_at: Time | None = None
    divisions: list[str] = Field(description="Administrative divisions.")
    held: bool

    @classmethod
    def of(cls, log: LogState, divisions: list[str], *, held: bool) -> Self:
        anchored_at = times.format_time(log.anchored_at) if log.sequence else None
        return cls(
            name=log.name,
            suite=log.suite.name,
            size=log.size,
            sequence=log.sequence,
            anchored_at=anchored_at,
            divisions=divisions,
            held=held,
        )


class LogsShape(Shape):
    registry: str
    items: list[LogShape]

    @classmethod
    def of(cls, reading: Reading, held: str | None) -> Self:
        divisions = reading.divisions()
        items = [
            LogShape.of(
                log, [one.division for one in divisions if one.log == log.name], held=log.name == held
            )
            for log in reading.logs()
        ]
        return cls(registry=reading.registry, items=items)


class AnchorShape(Shape):
    """A final anchor. A void one counts for its size alone; `void` says why."""

    log: str
    sequence: int
    n: int = Field(description="Its number among the registry's events.")
    block: int
    time: Time
    size_before: int
    size: int
    root: str = Field(description="32 bytes in hex; zero where the log did not grow.")
    status_root: str
    void: str | None = None

    @classmethod
    def of(cls, anchor: Anchor) -> Self:
        return cls(
            log=anchor.log,
            sequence=anchor.sequence,
            n=anchor.n,
            block=anchor.block,
            time=times.format_time(anchor.time),
            size_before=anchor.size_before,
            size=anchor.size,
            root=anchor.root.hex(),
            status_root=anchor.status_root.hex(),
            void=anchor.void or None,
        )


class AnchorsShape(Shape):
    items: list[AnchorShape] = Field(description="The newest first.")
    next: str | None = Field(default=None, description="Address of the next page; absent on the last.")


class RecordedShape(Shape):
    """A record of the lineage, how far it has come, and its anchor once that is final."""

    record: JsonObject
    leaf: Digest
    state: State
    anchor: AnchoredShape | None = None

    @classmethod
    def of(cls, item: Recorded, state: str) -> Self:
        return cls(
            record=item.record.to_json(),
            leaf=item.record.suite.format(item.leaf),
            state=state,
            anchor=AnchoredShape.of(item.anchor, item.position) if item.anchor else None,
        )


class HistoryShape(Shape):
    """Every record of one certificate, oldest first, and whether they and the chain tell the same story."""

    identifier: str
    log: str
    status: str | None = Field(
        default=None, description="By the records; `findings` says where the chain differs."
    )
    records: list[RecordedShape]
    findings: list[str] = Field(description="Contradictions and gaps, in plain words; empty when all agrees.")

    @classmethod
    def of(cls, identifier: str, log: str, found: History, held: Sequence[Held]) -> Self:
        states = {item.leaf: item.submission.state for item in held}
        return cls(
            identifier=identifier,
            log=log,
            status=found.status.name.lower() if found.status is not None else None,
            records=[RecordedShape.of(item, states[item.leaf]) for item in found.records],
            findings=list(found.findings),
        )


class ReceiptShape(Shape):
    """What intake promises: the records stand from position `first` on, in the order of the submission."""

    id: str = Field(description="The root in hexadecimal.")
    log: str
    issuer: str
    count: int
    first: int
    accepted: Time
    warnings: list[RowShape] | None = Field(default=None, description="Oddities that were let pass, by row.")

    @classmethod
    def of(cls, receipt: Receipt, *, warned: bool) -> Self:
        """`warned`: warnings quote identifiers, so they are for whoever sent the rows and nobody else."""
        warnings = [RowShape(row=warning.row, message=warning.message) for warning in receipt.warnings]
        return cls(
            id=receipt.id,
            log=receipt.log,
            issuer=receipt.issuer,
            count=receipt.count,
            first=receipt.first,
            accepted=times.format_time(receipt.accepted),
            warnings=warnings if warned else None,
        )


class SubmissionShape(ReceiptShape):
    """How far a submission has come; `sequence` is that of its anchor, once its batch is frozen."""

    state: State
    sequence: int | None = None

    @classmethod
    def at(cls, submission: Submission) -> Self:
        receipt = ReceiptShape.of(submission.receipt, warned=False)
        return cls(**receipt.model_dump(), state=submission.state, sequence=submission.sequence)


class EntryShape(Shape):
    """A submission as the log accepted it, and its batch once frozen; everything that other cities need to check it."""

    first: int = Field(description="The position of its first record.")
    sequence: int | None = None
    entry: JsonObject

    @classmethod
    def of(cls, submission: Submission) -> Self:
        return cls(
            first=submission.receipt.first, sequence=submission.sequence, entry=submission.entry.to_json()
        )


class EntriesShape(Shape):
    items: list[EntryShape] = Field(description="In the order of acceptance, which is that of positions.")
    next: str | None = Field(default=None, description="Address of the next page; absent on the last.")
