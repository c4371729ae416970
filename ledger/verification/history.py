"""Whether a history 证照履历 of a certificate is complete, and tells what the chain tells.

Every record but the first changes the status of a position, and its anchor has the word of that change. So the records of a
lineage and the words at its positions explain each other, one to one: a record that was left out leaves a word behind.
Format and rules: docs/formats/history.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.errors import TransitionRefused
from ledger.proof.histories import History, SignedHistory
from ledger.proof.proof import Proof
from ledger.records.lifecycle import Lineage, StatusChange, follow
from ledger.records.records import Record
from ledger.registry.changes import walk_changes
from ledger.registry.status import Status
from ledger.registry.trust import Anchor, LogState, PositionStatus, Trust
from ledger.verification.completeness import COMPLETENESS_WORDS, Completeness, CompletenessFinding
from ledger.verification.notes import find_notes
from ledger.verification.origin import Origin, trace_origin
from ledger.verification.reasons import Outcome
from ledger.verification.receipts import judge_node_signature
from ledger.verification.report import NoteReport, encode_words
from ledger.verification.status_step import explains


@dataclass(frozen=True, slots=True)
class TracedChange:
    """A change of status that an anchor made; the record that made it, where the proof carries that."""

    status: Status
    anchor: Anchor
    cause_record: Record | None

    def to_json(self) -> dict[str, Json]:
        body: dict[str, Json] = {
            "status": self.status.name.lower(),
            "sequence": self.anchor.sequence,
            "time": times.format_time(self.anchor.time),
        }
        return body | ({"record": self.cause_record.to_json()} if self.cause_record else {})


@dataclass(frozen=True, slots=True)
class Outline:
    """What a proof and the chain tell of one version of a certificate, wherever they are; it is never complete."""

    record: Record
    anchor: Anchor | None
    changes: tuple[TracedChange, ...]
    findings: tuple[CompletenessFinding, ...]
    known_at: int
    notes: tuple[NoteReport, ...] = ()

    def to_json(self) -> dict[str, Json]:
        completeness = JudgedHistory((), None, self.findings).completeness
        body: dict[str, Json] = {
            "completeness": completeness.value,
            "words": encode_words(COMPLETENESS_WORDS[completeness]),
            "known_at": times.format_time(self.known_at),
            "findings": [finding.to_json() for finding in self.findings],
            "record": self.record.to_json(),
            "changes": [change.to_json() for change in self.changes],
            "notes": [note.to_json() for note in self.notes],
        }
        if self.anchor:
            body["anchored"] = times.format_time(self.anchor.time)
        return body


#: Characters that a finding shows of the name of a registry or log, which the history states.
_MAX_NAME_CHARS: Final = 100


@dataclass(frozen=True, slots=True)
class PlacedRecord:
    """A record with its leaf hash; position and anchor once its batch is final."""

    record: Record
    leaf: bytes
    position: int | None = None
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True)
class JudgedHistory:
    """The records of a lineage, oldest first; its status now by them; what is wrong or cannot be told."""

    records: tuple[PlacedRecord, ...]
    status: Status | None
    findings: tuple[CompletenessFinding, ...]

    @property
    def deciding_finding(self) -> CompletenessFinding | None:
        """The first of the worst; None where there is none."""
        states_best_first = list(Completeness)
        return max(
            self.findings, key=lambda finding: states_best_first.index(finding.completeness), default=None
        )

    @property
    def completeness(self) -> Completeness:
        finding = self.deciding_finding
        return finding.completeness if finding else Completeness.COMPLETE


def judge_signed_history(signed_history: SignedHistory, trust: Trust) -> JudgedHistory:
    """Judge a history by what is known here, whoever handed it over.

    1. Registry and log are known. 2. The log's node signed it. 3. Its checkpoint is in the history of the registry that is
    known here. 4. Each record is proven, and anchored up to the checkpoint. Then rules 5 to 7 of `judge_history`.
    """
    history = signed_history.history
    log = trust.find_log(history.log) if history.registry == trust.registry else None
    finding = _judge_frame(signed_history, log, trust)  # 1, 2, 3
    if finding or log is None:
        return JudgedHistory((), None, (finding,) if finding else ())
    placed_records, findings = _place_records(history, trust)  # 4
    if findings:
        return JudgedHistory(placed_records, None, findings)
    return judge_history(placed_records, trust, log.name, history.event_number)


def judge_history(
    records: Sequence[PlacedRecord], trust: Trust, log: str, event_number: int | None = None
) -> JudgedHistory:
    """Judge the records of one lineage, in any order, as of event `event_number`, by default of the newest.

    5. They follow one another, from the first on. 6. They and the words at their positions explain each other, one to
    one. 7. No word came after event `event_number`.
    """
    log_state = trust.find_log(log)
    if log_state is None:
        return JudgedHistory(
            tuple(records), None, (CompletenessFinding("log_unknown", log[:_MAX_NAME_CHARS]),)
        )
    ordered_records = _order_records(records)
    replay = _Replay()
    findings = _find_void_anchors(ordered_records) or replay.take_all(ordered_records)  # 5
    if not findings:
        findings = [
            *_compare_words(ordered_records, replay.expected_words, log_state, trust, event_number)
        ]  # 6, 7
    return JudgedHistory(
        tuple(ordered_records), replay.lineage.status if replay.lineage else None, tuple(findings)
    )


def _judge_frame(
    signed_history: SignedHistory, log: LogState | None, trust: Trust
) -> CompletenessFinding | None:
    history = signed_history.history
    if history.registry != trust.registry:
        return CompletenessFinding("other_registry", history.registry[:_MAX_NAME_CHARS])
    if log is None:
        return CompletenessFinding("log_unknown", history.log[:_MAX_NAME_CHARS])
    signature_reason = judge_node_signature(
        trust.find_key(history.key_id), log.name, history.encode(), signed_history.signature, history.time
    )
    if signature_reason:
        return CompletenessFinding(signature_reason, "key 0x" + history.key_id.hex())
    head = trust.find_head(history.event_number)
    if head != history.head:
        return CompletenessFinding(
            "checkpoint_differs" if head else "checkpoint_unknown", f"event {history.event_number}"
        )
    return None


def _place_records(
    history: History, trust: Trust
) -> tuple[tuple[PlacedRecord, ...], tuple[CompletenessFinding, ...]]:
    """Return the records with the places that their proofs show, and why some of them show none."""
    placed_records, findings = list[PlacedRecord](), list[CompletenessFinding]()
    for proof in history.proofs:
        leaf, origin = proof.record.hash_leaf(), trace_origin(proof, trust, must_present=False)
        reason = _judge_record(proof, origin, history)
        if reason:
            findings.append(CompletenessFinding(reason, f"record {proof.record.suite.format(leaf)}"))
        placed_records.append(PlacedRecord(proof.record, leaf, origin.position, origin.anchor))
    if not history.proofs:
        findings.append(CompletenessFinding("nothing_anchored", history.records[0].identifier))
    placed_records += [PlacedRecord(record, record.hash_leaf()) for record in history.waiting_records]
    return tuple(placed_records), tuple(findings)


def _judge_record(proof: Proof, origin: Origin, history: History) -> str | None:
    """Return why the proof of a record is none for this history; None where it is one."""
    if proof.entry.statement.log != history.log:
        return "record_of_another"
    outcomes = {step.outcome for step in origin.steps}
    if Outcome.FAIL in outcomes:
        return "record_refuted"
    if not origin.is_proven or origin.anchor is None:
        return "record_unproven"
    return "record_later" if origin.anchor.event_number > history.event_number else None


def _order_records(records: Sequence[PlacedRecord]) -> list[PlacedRecord]:
    """Put records in the order of `previous`; those that do not follow from the first come last."""
    record_by_previous: dict[bytes | None, PlacedRecord] = {}
    for placed_record in records:
        record_by_previous.setdefault(placed_record.record.previous, placed_record)
    ordered_records: list[PlacedRecord] = []
    next_record = record_by_previous.pop(None, None)
    while next_record is not None:
        ordered_records.append(next_record)
        next_record = record_by_previous.pop(next_record.leaf, None)
    ordered_leaves = {placed_record.leaf for placed_record in ordered_records}
    return [*ordered_records, *(other for other in records if other.leaf not in ordered_leaves)]


def _find_void_anchors(placed_records: Sequence[PlacedRecord]) -> list[CompletenessFinding]:
    """Records of a void anchor cannot be relied on: none of its words counts."""
    return [
        CompletenessFinding("record_unproven", f"anchor {placed_record.anchor.sequence}, which is void")
        for placed_record in placed_records
        if placed_record.anchor and placed_record.anchor.void_reason
    ]


@dataclass(slots=True)
class _Replay:
    """Follows records one by one; `expected_words` are those that their anchors must have, by position and sequence."""

    lineage: Lineage | None = None
    expected_words: dict[tuple[int, int], Status] = field(default_factory=dict)
    _positions: dict[bytes, int] = field(default_factory=dict)
    _newest_record: PlacedRecord | None = None

    def take_all(self, placed_records: Sequence[PlacedRecord]) -> list[CompletenessFinding]:
        """Take records up to the first that cannot follow, which is the finding."""
        for placed_record in placed_records:
            if reason := self._take(placed_record):
                record = placed_record.record
                return [
                    CompletenessFinding(reason, f"{record.action} {record.suite.format(placed_record.leaf)}")
                ]
        return []

    def _take(self, placed_record: PlacedRecord) -> str | None:
        record, newest_record = placed_record.record, self._newest_record
        if newest_record and _get_identity(record) != _get_identity(newest_record.record):
            return "record_of_another"
        if record.previous != (newest_record.leaf if newest_record else None):
            return "record_missing"
        if newest_record and not _stands_after(placed_record, newest_record):
            return "records_unordered"
        try:
            self.lineage, change = follow(self.lineage, record, placed_record.leaf)
        except TransitionRefused:
            return "transition_refused"
        if placed_record.position is not None:
            self._positions[placed_record.leaf] = placed_record.position
        self._expect_word(change, placed_record.anchor)
        self._newest_record = placed_record
        return None

    def _expect_word(self, change: StatusChange | None, anchor: Anchor | None) -> None:
        if change and anchor and change.leaf in self._positions:
            self.expected_words[self._positions[change.leaf], anchor.sequence] = change.status


def _get_identity(record: Record) -> tuple[str, str, str]:
    return record.kind, record.lineage, record.issuer


def _stands_after(placed_record: PlacedRecord, earlier_record: PlacedRecord) -> bool:
    """Tell whether a record stands behind another one; what is not anchored yet stands behind everything that is."""
    if earlier_record.position is None:
        return placed_record.position is None
    return placed_record.position is None or placed_record.position > earlier_record.position


def _compare_words(
    ordered_records: Sequence[PlacedRecord],
    expected_words: Mapping[tuple[int, int], Status],
    log: LogState,
    trust: Trust,
    event_number: int | None,
) -> Iterator[CompletenessFinding]:
    """Yield what the words at the positions of the records and `expected_words` do not explain of each other."""
    unseen_words = dict(expected_words)
    for placed_record in ordered_records:
        position = placed_record.position
        for change in walk_changes(trust, log.name, position, log.sequence) if position is not None else ():
            if change is None:
                yield CompletenessFinding("too_many_changes", f"position {position}")
                return
            if reason := _judge_word(change, unseen_words, trust, event_number):
                yield CompletenessFinding(reason, f"position {position}, anchor {change.sequence}")
    for position, sequence in unseen_words:
        yield CompletenessFinding("word_missing", f"position {position}, anchor {sequence}")


def _judge_word(
    change: PositionStatus,
    unseen_words: dict[tuple[int, int], Status],
    trust: Trust,
    event_number: int | None,
) -> str | None:
    """Take a word from those that were not seen yet; return what is wrong with it."""
    anchor = trust.find_anchor(change.log, change.sequence)
    if anchor and event_number is not None and anchor.event_number > event_number:
        return "changed_since"
    expected_status = unseen_words.pop((change.position, change.sequence), None)
    if change.is_contradictory:
        return "status_contradictory"
    if expected_status is None:
        return "word_unexplained"
    return "word_differs" if expected_status is not change.status else None


def outline_history(proof: Proof, trust: Trust) -> Outline:
    """Tell what is known of a certificate where nobody has its records: the proof, and the words at its position."""
    origin, record = trace_origin(proof, trust, must_present=True), proof.record
    if not origin.is_proven or origin.log is None or origin.position is None:
        is_refuted = any(step.outcome is Outcome.FAIL for step in origin.steps)
        finding = CompletenessFinding(
            "record_refuted" if is_refuted else "record_unproven", record.identifier
        )
        return Outline(record, None, (), (finding,), trust.time)
    findings, changes = [CompletenessFinding("records_unseen", record.identifier)], list[TracedChange]()
    for change in walk_changes(trust, origin.log.name, origin.position, origin.log.sequence):
        anchor = trust.find_anchor(change.log, change.sequence) if change else None
        if change is None or anchor is None:
            findings.append(CompletenessFinding("too_many_changes", f"position {origin.position}"))
            break
        if change.is_contradictory:
            findings.append(CompletenessFinding("status_contradictory", f"anchor {change.sequence}"))
        changes.append(TracedChange(change.status, anchor, _find_cause(change, proof, trust)))
    notes = find_notes(proof, proof.linked_proofs, trust, trust.time)
    return Outline(record, origin.anchor, tuple(reversed(changes)), tuple(findings), trust.time, notes)


def _find_cause(change: PositionStatus, proof: Proof, trust: Trust) -> Record | None:
    """Return the record of the attached proof that explains a change."""
    for linked_proof in proof.linked_proofs:
        if linked_proof.sequence == change.sequence and explains(linked_proof, proof, change.position, trust):
            return linked_proof.record
    return None
