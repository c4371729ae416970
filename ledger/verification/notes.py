"""Notes 附注 beside a verification: annotations and disputes, which change no step.

They come with the proof, or from the register of the node that verifies; elsewhere they are not known, and the report
says so.
"""

from collections.abc import Iterable
from typing import Final

from ledger.encoding.times import find_civil_date
from ledger.errors import MalformedInput
from ledger.limits import MAX_BLOCK_TIME
from ledger.proof.proof import Proof
from ledger.records.notes import Note, is_note, may_note, read_note
from ledger.registry.status import Status
from ledger.registry.trust import PositionStatus, Trust
from ledger.verification.origin import Origin, trace_origin
from ledger.verification.report import NoteReport, NoteState

_STANDING_STATUSES: Final = frozenset({Status.VALID, Status.SUSPENDED, Status.REINSTATED})


def find_notes(proof: Proof, note_proofs: Iterable[Proof], trust: Trust, now: int) -> tuple[NoteReport, ...]:
    """Return those of `note_proofs` that are good notes on the certificate of `proof`, each once, the oldest first."""
    reports_by_leaf: dict[bytes, NoteReport] = {}
    for note_proof in note_proofs:
        note = read_note_proof(note_proof, proof)
        origin = trace_origin(note_proof, trust, must_present=True) if note else None
        if note and origin and origin.is_proven:
            leaf = note_proof.record.hash_leaf()
            reports_by_leaf[leaf] = _report_note(note, note_proof, proof, origin, trust, now)
    return tuple(sorted(reports_by_leaf.values(), key=lambda report: report.anchored_at))


def is_good_note(note_proof: Proof, proof: Proof, trust: Trust) -> bool:
    """Tell whether a proof is that of a note on the certificate of `proof`, and holds."""
    return (
        read_note_proof(note_proof, proof) is not None
        and trace_origin(note_proof, trust, must_present=True).is_proven
    )


def read_note_proof(note_proof: Proof, proof: Proof) -> Note | None:
    """Return the note of a proof that comes with claims and nothing else; None where it is no note on this certificate.

    Whether it is anchored is another question.
    """
    record, disclosure = note_proof.record, note_proof.disclosure
    if not is_note(record) or note_proof.staple is not None or note_proof.linked_proofs:
        return None
    if disclosure is None or disclosure.withheld_names or disclosure.digest(record.suite) != record.claims:
        return None
    try:
        note = read_note(record, disclosure.values)
    except MalformedInput:
        return None
    is_same_log = note_proof.entry.statement.log == proof.entry.statement.log
    return note if is_same_log and may_note(note, record, proof.record) else None


def _report_note(
    note: Note, note_proof: Proof, proof: Proof, origin: Origin, trust: Trust, now: int
) -> NoteReport:
    assert origin.log is not None  # a proven origin has log, anchor and position
    assert origin.anchor is not None
    assert origin.position is not None
    newest_change = trust.find_status(origin.log.name, origin.position, origin.log.sequence)
    last_day, today = (
        note_proof.record.valid_until,
        find_civil_date(max(now, min(trust.time, MAX_BLOCK_TIME))),
    )
    state = _judge_state(newest_change, is_known=origin.log.is_status_known)
    if state is NoteState.STANDING and last_day and today > last_day:
        state = NoteState.LAPSED
    return NoteReport(
        note,
        note_proof.record,
        state,
        origin.anchor.time,
        is_of_this_version=note.target_leaf == proof.record.hash_leaf(),
    )


def _judge_state(newest_change: PositionStatus | None, *, is_known: bool) -> NoteState:
    """Return what the newest change of a note's own position leaves of it."""
    if not is_known or (newest_change and newest_change.is_contradictory):
        return NoteState.UNKNOWN
    if newest_change is None or newest_change.status in _STANDING_STATUSES:
        return NoteState.STANDING
    return NoteState.SUPERSEDED if newest_change.status is Status.SUPERSEDED else NoteState.SETTLED
