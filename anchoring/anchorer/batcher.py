"""Freeze what was accepted into batches, whose bytes are then settled for ever.

Submissions are taken in the order of acceptance, so that the positions promised to them hold. A batch keeps its
payload: after a reorganisation, a crash or a week without a chain exactly those bytes are sent again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, select, update

from anchoring import limits
from anchoring.anchorer.lease import WritableRegister
from anchoring.errors import AnchorContradicted, NotFound, RegisterBehind
from anchoring.register.batches import Batch, OwnLog, find_last_batch, hold_log, insert_batch, walk_batches
from anchoring.register.submissions import FROZEN, SUBMITTED
from anchoring.register.tables import CHANGE, SUBMISSION
from anchoring.replica.reading import ReplicaView
from anchoring.replica.status_trees import StatusTrees
from ledger.crypto.suites import Suite
from ledger.crypto.trees import CountedTree, hash_counted_leaf
from ledger.limits import MAX_ANCHOR_GROWTH
from ledger.registry.acts import Anchored
from ledger.registry.status import MAX_ANCHOR_CHANGES, StatusTree, decode_changes, encode_changes

_WAITING_SUBMISSIONS: Final = (
    select(SUBMISSION)
    .where(SUBMISSION.c.batch.is_(None))
    .order_by(SUBMISSION.c.first)
    .limit(limits.MAX_BATCH_SUBMISSIONS)
)
_CHANGES: Final = select(CHANGE).order_by(CHANGE.c.record).limit(MAX_ANCHOR_CHANGES + 1)


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """When a batch closes: seconds that a change of status, or anything else, waits for company, and what is full.

    See `limits`. A batch never closes before the last one is mined: it would only grow in number what waits.
    """

    urgent_seconds: int = limits.URGENT_SECONDS
    quiet_seconds: int = limits.QUIET_SECONDS
    heartbeat_seconds: int = limits.HEARTBEAT_SECONDS
    full_records: int = limits.FULL_BATCH_RECORDS
    full_bytes: int = limits.FULL_BATCH_BYTES


@dataclass(frozen=True, slots=True)
class _WaitingSubmission:
    """The columns of a submission without a batch that a batch is made of."""

    first_position: int
    record_count: int
    change_count: int
    accepted_at: int
    entry_bytes: bytes


@dataclass(frozen=True, slots=True)
class _BatchContent:
    """The submissions that the next batch takes, in order, and the status that each position gets."""

    submissions: Sequence[_WaitingSubmission]
    statuses_by_position: dict[int, int]

    @property
    def record_count(self) -> int:
        return sum(submission.record_count for submission in self.submissions)

    @property
    def entry_byte_count(self) -> int:
        return sum(len(submission.entry_bytes) for submission in self.submissions)

    def compute_root(self, suite: Suite) -> bytes:
        entries = (
            (
                submission.record_count,
                hash_counted_leaf(suite, submission.record_count, submission.entry_bytes),
            )
            for submission in self.submissions
        )
        return CountedTree.compute_root(suite, list(entries))


def freeze(
    register: WritableRegister,
    view: ReplicaView,
    trees: StatusTrees,
    log: str,
    now: int,
    policy: BatchPolicy | None = None,
) -> Batch | None:
    """Freeze the next batch if it is due, in one transaction; None when nothing is due or the last one is not mined yet.

    Raises: RegisterBehind where the chain knows more of the log than the register, AnchorContradicted, NotFound.
    """
    log_state = view.find_log(log)
    if log_state is None:
        raise NotFound(view.explain_absence(log))
    with register.writing() as connection:
        own_log = hold_log(connection, log_state, view, now)
        last_batch = find_last_batch(connection)
        if last_batch and last_batch.state in (FROZEN, SUBMITTED):
            return None
        content = _choose_content(connection)
        if not _is_due(
            content, last_batch.frozen_at if last_batch else own_log.opened_at, now, policy or BatchPolicy()
        ):
            return None
        sequence = last_batch.sequence + 1 if last_batch else 1
        if view.find_sighting(log, sequence):
            raise RegisterBehind(
                f"the chain holds anchor {sequence} of {log}, which this register never froze: it was restored from a backup"
            )
        tree = _bring_up_to_date(connection, trees.copy(view, log), log_state.sequence)
        anchor = _make_anchor(
            own_log, sequence, last_batch.anchor.size if last_batch else own_log.start, content, tree
        )
        return _store_batch(connection, anchor, content, now)


def _choose_content(connection: Connection) -> _BatchContent:
    """Take submissions in order, as long as sizes allow and no position would get two statuses in one anchor."""
    waiting_submissions = [
        _read_waiting_submission(row) for row in connection.execute(_WAITING_SUBMISSIONS).mappings()
    ]
    statuses_by_position: dict[int, int] = {}
    record_count = taken_count = passed_count = 0
    pending_changes = _read_changes(connection, waiting_submissions)
    for submission in waiting_submissions:
        record_count += submission.record_count
        requested_changes = pending_changes[passed_count : passed_count + submission.change_count]
        passed_count += submission.change_count
        is_repeated = any(position in statuses_by_position for position, _ in requested_changes)
        if (
            record_count > MAX_ANCHOR_GROWTH
            or len(requested_changes) < submission.change_count
            or is_repeated
        ):
            break
        if len(statuses_by_position) + len(requested_changes) > MAX_ANCHOR_CHANGES:
            break
        statuses_by_position.update(requested_changes)
        taken_count += 1
    return _BatchContent(waiting_submissions[:taken_count], statuses_by_position)


def _read_waiting_submission(row: RowMapping) -> _WaitingSubmission:
    return _WaitingSubmission(row["first"], row["count"], row["changes"], row["accepted"], row["entry"])


def _read_changes(
    connection: Connection, waiting_submissions: Sequence[_WaitingSubmission]
) -> list[tuple[int, int]]:
    """Return (position, status) of the waiting submissions in their order, as many as an anchor can carry and one more."""
    if not waiting_submissions:
        return []
    rows = connection.execute(
        _CHANGES.where(CHANGE.c.record >= waiting_submissions[0].first_position)
    ).mappings()
    return [(row["position"], row["status"]) for row in rows]


def _is_due(content: _BatchContent, last_frozen_at: int, now: int, policy: BatchPolicy) -> bool:
    if not content.submissions:
        return now - last_frozen_at >= policy.heartbeat_seconds
    oldest_accepted_at = content.submissions[0].accepted_at
    change_acceptance_times = [
        submission.accepted_at for submission in content.submissions if submission.change_count
    ]
    return (
        now - oldest_accepted_at >= policy.quiet_seconds
        or (bool(change_acceptance_times) and now - change_acceptance_times[0] >= policy.urgent_seconds)
        or content.record_count >= policy.full_records
        or content.entry_byte_count >= policy.full_bytes
    )


def _bring_up_to_date(connection: Connection, tree: StatusTree, final_sequence: int) -> StatusTree:
    """Bring the tree, as of the final anchor `final_sequence`, to the newest batch of the register."""
    for batch in walk_batches(connection, after_sequence=final_sequence):
        anchor = batch.anchor
        tree.grow(anchor.size)
        for position, status in decode_changes(anchor.status_changes, anchor.size):
            tree.set(position, status)
    return tree


def _make_anchor(
    own_log: OwnLog, sequence: int, size_before: int, content: _BatchContent, tree: StatusTree
) -> Anchored:
    if tree.size != size_before:
        raise AnchorContradicted(
            f"the chain counts {tree.size} positions of {own_log.name}, this register {size_before}: nothing more is "
            "anchored until somebody finds out why"
        )
    size = size_before + content.record_count
    tree.grow(size)
    changes = sorted(content.statuses_by_position.items())
    for position, status in changes:
        tree.set(position, status)
    return Anchored(
        own_log.name,
        sequence,
        size,
        content.compute_root(own_log.suite),
        tree.compute_root(),
        encode_changes(changes),
    )


def _store_batch(connection: Connection, anchor: Anchored, content: _BatchContent, now: int) -> Batch:
    batch = Batch(anchor.sequence, anchor.encode(), now, FROZEN)
    insert_batch(connection, batch)
    if content.submissions:
        first_position, last_position = (content.submissions[end].first_position for end in (0, -1))
        batch_condition = SUBMISSION.c.first.between(first_position, last_position)
        connection.execute(update(SUBMISSION).where(batch_condition).values(batch=batch.sequence))
    return batch
