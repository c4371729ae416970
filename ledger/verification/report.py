"""The report of a verification 核验结论: its verdict, its steps and their evidence.

It has everything that a person needs to see why, and is the same from every interface.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.proof.proof import Proof
from ledger.records.notes import ANNOTATES, DISPUTES, Note
from ledger.records.records import CERTIFICATE_KINDS, Record
from ledger.records.transfers import find_destination
from ledger.registry.status import Status
from ledger.registry.trust import Anchor, LogState, PositionStatus
from ledger.verification.occurrences import ENTRIES_WORDS, EntriesCheck
from ledger.verification.reasons import (
    REASON_TABLE,
    STEP_WORDS,
    Outcome,
    RowKey,
    Verdict,
    choose_verdict_words,
    decide,
)
from ledger.words import Words

TYPE: Final = "shunzheng/report/1"
#: The steps that say whose statement the claims are.
ORIGIN_STEPS: Final = frozenset({1, 3, 4, 5, 6, 7, 8})


def encode_words(words: Words) -> Json:
    """Return a text in both languages as a member of a document."""
    return {"zh": words.zh, "en": words.en}


class Compared(StrEnum):
    """What was compared with the registered record; comparing nothing is never valid."""

    DOCUMENT = "document"
    CLAIMS = "claims"
    NOTHING = "record"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its number, outcome, reason code and the evidence that was used."""

    number: int
    outcome: Outcome
    reason: str
    evidence: dict[str, Json] | None = None

    @property
    def key(self) -> RowKey:
        return self.number, self.outcome, self.reason

    def to_json(self) -> Json:
        body: dict[str, Json] = {
            "step": self.number,
            "name": encode_words(STEP_WORDS[self.number]),
            "outcome": self.outcome.value,
            "reason": self.reason,
            "words": encode_words(REASON_TABLE[self.key].words),
        }
        if self.evidence:
            body["evidence"] = dict(self.evidence)
        return body


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The status, the newest anchor and the time for which it is known; since when, by which proven record."""

    status: Status
    source: str
    sequence: int
    known_at: int
    since: int | None = None
    cause_proof: Proof | None = None

    @classmethod
    def of_change(
        cls, log: LogState, change: PositionStatus | None, source: str, cause_proof: Proof | None
    ) -> Self:
        """Report the newest change of a position that the verifier knows, as of the log's newest anchor."""
        status, since = (change.status, change.since) if change else (Status.VALID, None)
        return cls(status, source, log.sequence, log.anchored_at, since, cause_proof)

    def to_evidence(self) -> dict[str, Json]:
        body: dict[str, Json] = {
            "status": self.status.name.lower(),
            "source": self.source,
            "sequence": self.sequence,
            "known_at": times.format_time(self.known_at),
        }
        if self.since is not None:
            body["since"] = times.format_time(self.since)
        if self.cause_proof is not None:
            record = self.cause_proof.record
            body["action"] = record.action
            body["authority"] = record.issuer
            if record.basis is not None:
                body["basis"] = record.basis
            if destination := find_destination(record):
                body["moved_to"] = destination
            body["identifier"] = record.identifier
            body["record"] = record.suite.format(record.hash_leaf())
        return body


class NoteState(StrEnum):
    """Whether a note stands: `lapsed` is one whose last day has passed, `settled` one that was ended."""

    STANDING = "standing"
    LAPSED = "lapsed"
    SETTLED = "settled"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"


class NotesKnown(StrEnum):
    """Where the notes come from that a report tells of."""

    REGISTER = "register"
    ATTACHED = "attached"


NOTES_WORDS: Final = {
    NotesKnown.REGISTER: Words(
        "签注与异议：已查颁发城市的登记库",
        "Annotations and disputes: as the issuing city's register has them",
    ),
    NotesKnown.ATTACHED: Words(
        "仅知凭据所附的签注与异议，其余此处未知",
        "Of annotations and disputes only those that the proof carries; others are not known here",
    ),
}
_NOTE_WORDS: Final = {
    (ANNOTATES, NoteState.STANDING): Words("签注有效", "annotation in force"),
    (ANNOTATES, NoteState.LAPSED): Words("签注已过期", "annotation past its last day"),
    (ANNOTATES, NoteState.SETTLED): Words("签注已终止", "annotation ended"),
    (ANNOTATES, NoteState.SUPERSEDED): Words("签注已更新", "annotation replaced by a newer one"),
    (ANNOTATES, NoteState.UNKNOWN): Words("签注状态无法确认", "annotation whose state cannot be told"),
    (DISPUTES, NoteState.STANDING): Words("异议处理中", "dispute that is open"),
    (DISPUTES, NoteState.LAPSED): Words("异议逾期未结", "dispute not settled by its deadline"),
    (DISPUTES, NoteState.SETTLED): Words("异议已办结", "dispute settled"),
    (DISPUTES, NoteState.SUPERSEDED): Words("异议已更新", "dispute replaced by a newer one"),
    (DISPUTES, NoteState.UNKNOWN): Words("异议状态无法确认", "dispute whose state cannot be told"),
}


@dataclass(frozen=True, slots=True)
class NoteReport:
    """A note on the certificate, its record, whether it stands, and when it was anchored (seconds since 1970).

    `is_of_this_version`: it names the very record that was verified, and not another version of the certificate.
    """

    note: Note
    record: Record
    state: NoteState
    anchored_at: int
    is_of_this_version: bool

    @property
    def words(self) -> Words:
        return _NOTE_WORDS[self.note.relation, self.state]

    def to_json(self) -> Json:
        body: dict[str, Json] = {
            "relation": self.note.relation,
            "state": self.state.value,
            "words": encode_words(self.words),
            "title": self.note.title,
            "identifier": self.record.identifier,
            "of": self.note.identifier,
            "this_version": self.is_of_this_version,
            "issuer": self.record.issuer,
            "anchored": times.format_time(self.anchored_at),
        }
        if self.note.text is not None:
            body["text"] = self.note.text
        if self.record.valid_until is not None:
            body["until"] = self.record.valid_until.isoformat()
        if self.record.basis is not None:
            body["basis"] = self.record.basis
        return body


@dataclass(frozen=True, slots=True)
class Report:
    """A verdict with its deciding reason, all steps, what was compared, and what the proof says."""

    verdict: Verdict
    deciding_step: Step
    steps: tuple[Step, ...]
    compared: Compared
    registry: str
    checked_at: int
    proof: Proof | None = None
    anchor: Anchor | None = None
    position: int | None = None
    status: StatusReport | None = None
    entries_check: EntriesCheck = EntriesCheck.NOT
    notes: tuple[NoteReport, ...] = ()
    notes_known: NotesKnown = NotesKnown.ATTACHED

    @classmethod
    def of(
        cls,
        *,
        steps: tuple[Step, ...],
        compared: Compared,
        registry: str,
        checked_at: int,
        proof: Proof | None = None,
        anchor: Anchor | None = None,
        position: int | None = None,
        status: StatusReport | None = None,
        entries_check: EntriesCheck = EntriesCheck.NOT,
        notes: tuple[NoteReport, ...] = (),
        notes_known: NotesKnown = NotesKnown.ATTACHED,
    ) -> Self:
        """Decide the verdict from the steps, which are in order of their numbers."""
        verdict, key = decide(step.key for step in steps)
        deciding_step = next(step for step in steps if step.key == key)
        return cls(
            verdict,
            deciding_step,
            steps,
            compared,
            registry,
            checked_at,
            proof,
            anchor,
            position,
            status,
            entries_check,
            notes,
            notes_known,
        )

    @property
    def reason(self) -> str:
        return self.deciding_step.reason

    @property
    def words(self) -> Words:
        """The verdict as one sentence."""
        return choose_verdict_words(self.verdict, self.reason, self.get_step(2).reason)

    @property
    def is_forged(self) -> bool:
        """Whether a step shows that the claims are not the department's: then they are not repeated."""
        return any(step.outcome is Outcome.FAIL and step.number in ORIGIN_STEPS for step in self.steps)

    @property
    def tells_notes(self) -> bool:
        """Whether the report says which notes there are: of certificates alone, once their anchor is known."""
        return (
            self.proof is not None and self.anchor is not None and self.proof.record.kind in CERTIFICATE_KINDS
        )

    def get_step(self, number: int) -> Step:
        return self.steps[number - 1]

    def to_json(self) -> dict[str, Json]:
        """Return the report as every interface gives it: command line, HTTP and page."""
        row = REASON_TABLE[self.deciding_step.key]
        body: dict[str, Json] = {
            "type": TYPE,
            "verdict": self.verdict.value,
            "words": encode_words(self.words),
            "step": self.deciding_step.number,
            "reason": self.reason,
            "reason_words": encode_words(row.words),
            "advice": encode_words(row.advice),
            "compared": self.compared.value,
            "registry": self.registry,
            "checked_at": times.format_time(self.checked_at),
            "steps": [step.to_json() for step in self.steps],
        }
        if self.proof is not None:
            body["record"] = self.proof.record.to_json()
            body["log"] = self.proof.entry.statement.log
            if self.proof.disclosure is not None and not self.is_forged:
                body["claims"] = self.proof.disclosure.values
                body["withheld"] = [*sorted(self.proof.disclosure.withheld_names)]
        if self.anchor is not None:
            anchor_body: dict[str, Json] = {
                "sequence": self.anchor.sequence,
                "block": self.anchor.block_number,
                "time": times.format_time(self.anchor.time),
            }
            if self.position is not None:
                anchor_body["position"] = self.position
            body["anchor"] = anchor_body
            body["entries"] = self.entries_check.value
            body["entries_words"] = encode_words(ENTRIES_WORDS[self.entries_check])
        if self.status is not None:
            body["status"] = self.status.to_evidence()
        if self.tells_notes:
            body["notes"] = [note.to_json() for note in self.notes]
            body["notes_known"] = self.notes_known.value
            body["notes_words"] = encode_words(NOTES_WORDS[self.notes_known])
        return body
