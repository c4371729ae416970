"""Take back what a register lost that was restored from a backup.

    batches     their bytes are in the replica's own events
    entries     other cities keep copies; whoever gives them, they must fold to the anchored root
    records     the departments keep what they sent; sent again, it stands where it stood (`anchoring.intake.intake`)

What the chain does not confirm is set aside in a file, never dropped, and never anchored twice.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from anchoring.anchorer.lease import WritableRegister
from anchoring.errors import RegisterBehind
from anchoring.recovery.planning import LostBatch, Plan, list_local_submissions
from anchoring.recovery.setting_aside import remove, write_aside
from anchoring.register.batches import (
    Batch,
    OwnLog,
    find_last_batch,
    insert_batch,
    make_log_row,
    set_log_size,
)
from anchoring.register.missing import Missing, note_missing
from anchoring.register.store import Register
from anchoring.register.submissions import FINAL, Acceptance, Submission, insert_submissions
from anchoring.register.tables import BATCH, LOG, MISSING, SUBMISSION, TRANSACTION
from anchoring.replica.reading import ReplicaView
from ledger.records.submissions import Entry
from ledger.registry.trust import Anchor

_LAST_END: Final = select(func.max(SUBMISSION.c.first + SUBMISSION.c.count))


def set_aside(register: Register, plan: Plan, directory: Path) -> list[Path]:
    """Write what cannot stay to files; said again it writes them again. To be done before `take_back`."""
    with register.reading() as connection:
        return [write_aside(connection, submission, directory) for submission in plan.submissions_aside]


def take_back(register: WritableRegister, view: ReplicaView, plan: Plan, now: int) -> None:
    """Do what was planned, in one transaction: a crash leaves the register as it was, and the recovery starts over.

    Intake may go on beside it: until this is committed it takes nothing, or what it took makes the plan void.
    Raises: RegisterBehind where the register changed since the plan was made; LeaseLost.
    """
    if not plan.lost_batches:
        return
    with register.writing() as connection:
        _hold_log(connection, view, plan, now)
        for submission in reversed(plan.submissions_aside):
            remove(connection, submission)
        for sequence in plan.displaced_sequences:
            connection.execute(update(SUBMISSION).where(SUBMISSION.c.batch == sequence).values(batch=None))
            connection.execute(delete(TRANSACTION).where(TRANSACTION.c.sequence == sequence))
            connection.execute(delete(BATCH).where(BATCH.c.sequence == sequence))
        for lost_batch in plan.lost_batches:
            if lost_batch.anchor.sequence > plan.known_sequence:
                _insert_batch(connection, view, lost_batch.anchor)
            _place_submissions(connection, lost_batch, plan.kept_positions)
        end_position = connection.execute(_LAST_END).scalar_one() or 0
        set_log_size(connection, max(end_position, plan.log.size))


def _hold_log(connection: Connection, view: ReplicaView, plan: Plan, now: int) -> None:
    """Hold the row of the log, which a register without any has yet to get. Raises: RegisterBehind."""
    row = connection.execute(select(LOG).with_for_update()).mappings().first()
    last_batch = find_last_batch(connection)
    if (last_batch.sequence if last_batch else 0) != max((plan.known_sequence, *plan.displaced_sequences)):
        raise RegisterBehind("the register changed meanwhile: run this again")
    local_positions = {
        submission.first_position
        for submission in list_local_submissions(connection, plan.displaced_sequences)
    }
    if local_positions != plan.kept_positions | {
        submission.first_position for submission in plan.submissions_aside
    }:
        raise RegisterBehind("the register took a submission meanwhile: run this again")
    if row is None:
        first_anchor = view.find_anchor(plan.log.name, 1)
        start = first_anchor.size_before if first_anchor else plan.log.size
        log = OwnLog(plan.log.name, view.registry, plan.log.suite, start, start, now)
        connection.execute(insert(LOG), [make_log_row(log)])


def _insert_batch(connection: Connection, view: ReplicaView, anchor: Anchor) -> None:
    sighting = view.find_sighting(anchor.log, anchor.sequence)
    assert sighting is not None, "its anchor is final"
    insert_batch(connection, Batch(anchor.sequence, sighting.act.encode(), anchor.time, FINAL))


def _place_submissions(connection: Connection, lost_batch: LostBatch, kept_positions: frozenset[int]) -> None:
    """Let the batch have its submissions; note which records are missing."""
    anchor = lost_batch.anchor
    connection.execute(delete(MISSING).where(MISSING.c.batch == anchor.sequence, MISSING.c.root.is_(None)))
    if lost_batch.entries is None:
        note_missing(
            connection, [Missing(anchor.size_before, lost_batch.record_count, anchor.sequence, None, None)]
        )
        return
    position, new_submissions, missing_ranges = anchor.size_before, [], []
    for entry in lost_batch.entries:
        statement = entry.statement
        if position in kept_positions:
            submission_update = update(SUBMISSION).where(SUBMISSION.c.first == position)
            connection.execute(submission_update.values(batch=anchor.sequence))
        else:
            new_submissions.append(_make_submission(position, entry, anchor.sequence))
            missing_ranges.append(
                Missing(position, statement.record_count, anchor.sequence, statement.root, statement.issuer)
            )
        position += statement.record_count
    if new_submissions:
        insert_submissions(connection, new_submissions, 0)
    note_missing(connection, missing_ranges)


def _make_submission(first_position: int, entry: Entry, sequence: int) -> Submission:
    """Return a submission of which only the entry is known: not its warnings, nor what was promised."""
    statement = entry.statement
    acceptance = Acceptance(
        id=statement.root.hex(),
        log=statement.log,
        issuer=statement.issuer,
        record_count=statement.record_count,
        first_position=first_position,
        accepted_at=entry.accepted_at,
        warnings=(),
    )
    return Submission(acceptance, entry, FINAL, sequence)
