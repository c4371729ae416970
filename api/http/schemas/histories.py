"""The shapes of histories of certificates, and of what a history comes to."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field

from anchoring.register.records import StoredRecord
from api.http.schemas.base import Digest, JsonObject, Shape, Time, Words
from api.http.schemas.registry import AnchoredShape
from api.http.schemas.submissions import StateName
from api.http.schemas.verification import NoteShape
from ledger.encoding import times
from ledger.proof.histories import SignedHistory
from ledger.verification.completeness import COMPLETENESS_WORDS, Completeness, CompletenessFinding
from ledger.verification.history import JudgedHistory, PlacedRecord

CompletenessName = Annotated[str, Field(json_schema_extra={"enum": [name.value for name in Completeness]})]


class RecordedShape(Shape):
    """A record of the lineage, how far it has come, and its anchor once that is final."""

    record: JsonObject
    leaf: Digest
    state: StateName
    key: str = Field(description="The department's key that signed it.")
    accepted: Time = Field(description="When the log took it.")
    anchor: AnchoredShape | None = None

    @classmethod
    def of(cls, placed_record: PlacedRecord, stored_record: StoredRecord) -> Self:
        submission, anchor = stored_record.submission, placed_record.anchor
        return cls(
            record=placed_record.record.to_json(),
            leaf=placed_record.record.suite.format(placed_record.leaf),
            state=submission.state,
            key="0x" + submission.entry.statement.key_id.hex(),
            accepted=times.format_time(submission.acceptance.accepted_at),
            anchor=AnchoredShape.of(anchor, placed_record.position) if anchor else None,
        )


class FindingShape(Shape):
    """What contradicts the history, or why something of it cannot be told."""

    reason: str = Field(description="Stable, for programs; docs/formats/history.md lists them.")
    words: Words
    place: str = Field(description="Which record, position or anchor.")

    @classmethod
    def of(cls, finding: CompletenessFinding) -> Self:
        return cls(reason=finding.reason, words=Words.of(finding.words), place=finding.place)


class SignedHistoryShape(Shape):
    """A history (docs/formats/history.md) and the signature of the node's key over its canonical bytes."""

    history: JsonObject
    signature: str

    @classmethod
    def of(cls, signed_history: SignedHistory) -> Self:
        return cls.model_validate(signed_history.to_json())


class HistoryShape(Shape):
    """Every record of one certificate, oldest first, and whether they and the chain tell the same story."""

    identifier: str
    log: str
    status: str | None = Field(
        default=None, description="By the records; `findings` says where the chain differs."
    )
    completeness: CompletenessName
    words: Words
    n: int = Field(description="The registry's event as of which this is said.")
    head: str = Field(description="The registry's head after it.")
    known_at: Time = Field(description="The newest block time that this node knows.")
    records: list[RecordedShape]
    notes: list[NoteShape] = Field(
        description="Annotations and disputes that are anchored: those that nothing settled, then the newest settled ones."
    )
    findings: list[FindingShape] = Field(description="Contradictions and gaps; empty when all agrees.")
    signed: SignedHistoryShape | None = Field(
        default=None, description="The same as evidence, with proofs; absent where the node has no key."
    )


class JudgedHistoryShape(Shape):
    """Whether a history is complete, by what this node knows of the chain."""

    completeness: CompletenessName
    reason: str | None = Field(default=None, description="Of the finding that decides.")
    words: Words
    status: str | None = Field(default=None, description="Of the current version, by the records.")
    known_at: Time = Field(description="The newest block time that this node knows.")
    findings: list[FindingShape]

    @classmethod
    def of(cls, judged_history: JudgedHistory, known_at: int) -> Self:
        finding = judged_history.deciding_finding
        return cls(
            completeness=judged_history.completeness,
            reason=finding.reason if finding else None,
            words=Words.of(COMPLETENESS_WORDS[judged_history.completeness]),
            status=status_name(judged_history),
            known_at=times.format_time(known_at),
            findings=list_findings(judged_history.findings),
        )


def status_name(judged_history: JudgedHistory) -> str | None:
    """Return what the records make of the current version; None where they do not tell."""
    return None if judged_history.status is None else judged_history.status.name.lower()


def list_findings(findings: Sequence[CompletenessFinding]) -> list[FindingShape]:
    return [FindingShape.of(finding) for finding in findings]


class ProofAloneShape(Shape):
    proof: JsonObject | str = Field(description="As for verification.")


class ChangeShape(Shape):
    """A change of status that an anchor made."""

    status: str
    sequence: int = Field(description="The anchor.")
    time: Time = Field(description="Its block time.")
    record: JsonObject | None = Field(default=None, description="That made it, where the proof carries it.")


class OutlineShape(Shape):
    """What a proof and the chain tell of one version of a certificate; other records are the issuing city's to show."""

    completeness: CompletenessName
    words: Words
    known_at: Time = Field(description="The newest block time that this node knows.")
    findings: list[FindingShape]
    record: JsonObject
    anchored: Time | None = Field(default=None, description="Absent where the proof is not good.")
    changes: list[ChangeShape] = Field(description="The oldest first.")
    notes: list[NoteShape] = Field(
        default=[], description="That the proof carries; others are not known here."
    )
