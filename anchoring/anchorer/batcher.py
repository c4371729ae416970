"""Freeze what was accepted into batches, whose bytes are then settled for ever.

Submissions are taken in the order of acceptance, so that the positions promised to them hold. A batch keeps its
payload: after a reorganisation, a crash or a week without a chain exactly those bytes are sent again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, select, update

from anchoring import limits
from anchoring.anchorer.lease import Writing
from anchoring.errors import AnchorContradicted, NotFound, RegisterBehind
from anchoring.register.batches import Batch, OwnLog, find_last_batch, hold_log, insert_batch, walk_batches
from anchoring.register.submissions import FROZEN, SUBMITTED
from anchoring.register.tables import CHANGE, SUBMISSION
from anchoring.replica.reading import ReplicaView
from anchoring.replica.status_trees import StatusTrees
from ledger.crypto.suites import Suite
from ledger.crypto.trees import CountedTree, counted_leaf
from ledger.limits import MAX_ANCHOR_GROWTH
from ledger.registry.acts import Anchored
from ledger.registry.status import MAX_ANCHOR_CHANGES, StatusTree, decode_changes, encode_changes

_WAITING: Final = (
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
class _Waiting:
    first: int
    count: int
    changes: int
    accepted: int
    entry: bytes


@dataclass(frozen=True, slots=True)
class _Taken:
    """The submissions that the next batch takes, in order, and the status that each position gets."""

    submissions: Sequence[_Waiting]
    changes: dict[int, int]

    @property
    def count(self) -> int:
        return sum(submission.count for submission in self.submissions)

    @property
    def entry_bytes(self) -> int:
        return sum(len(submission.entry) for submission in self.submissions)

    def root(self, suite: Suite) -> bytes:
        entries = ((taken.count, counted_leaf(suite, taken.count, taken.entry)) for taken in self.submissions)
        return CountedTree.root_of(suite, list(entries))


def freeze(
    register: Writing,
    view: ReplicaView,
    trees: StatusTrees,
    log: str,
    now: int,
    policy: BatchPolicy | None = None,
) -> Batch | None:
    """Freeze the next batch if it is due, in one transaction; None when nothing is due or the last one is not mined yet.

    Raises: RegisterBehind where the chain knows more of the log than the register, AnchorContradicted, NotFound.
    """
    state = view.log(log)
    if state is None:
        raise NotFound(f"the log {log!r} is not admitted: ask the province to admit it")
    with register.writing() as connection:
        own_log = hold_log(connection, state, view, now)
        last = find_last_batch(connection)
        if last and last.state in (FROZEN, SUBMITTED):
            return None
        taken = _take(connection)
        if not _is_due(taken, last.frozen if last else own_log.opened, now, policy or BatchPolicy()):
            return None
        sequence = last.sequence + 1 if last else 1
        if view.sighting(log, sequence):
            raise RegisterBehind(
                f"the chain holds anchor {sequence} of {log}, which this register never froze: it was restored from a backup"
            )
        tree = _statuses(connection, trees.copy(view, log), state.sequence)
        anchor = _anchor(own_log, sequence, last.anchor.size if last else own_log.start, taken, tree)
        return _keep(connection, anchor, taken, now)


def _take(connection: Connection) -> _Taken:
    """Take submissions in order, as long as sizes allow and no position would get two statuses in one anchor."""
    waiting = [_waiting_of(row) for row in connection.execute(_WAITING).mappings()]
    changes: dict[int, int] = {}
    count = taken = passed = 0
    pending = _changes(connection, waiting)
    for submission in waiting:
        count += submission.count
        requested = pending[passed : passed + submission.changes]
        passed += submission.changes
        repeated = any(position in changes for position, _ in requested)
        if count > MAX_ANCHOR_GROWTH or len(requested) < submission.changes or repeated:
            break
        if len(changes) + len(requested) > MAX_ANCHOR_CHANGES:
            break
        changes.update(requested)
        taken += 1
    return _Taken(waiting[:taken], changes)


def _waiting_of(row: RowMapping) -> _Waiting:
    return _Waiting(row["first"], row["count"], row["changes"], row["accepted"], row["entry"])


def _changes(connection: Connection, waiting: Sequence[_Waiting]) -> list[tuple[int, int]]:
    """Return (position, status) of the waiting submissions in their order, as many as an anchor can carry and one more."""
    if not waiting:
        return []
    rows = connection.execute(_CHANGES.where(CHANGE.c.record >= waiting[0].first)).mappings()
    return [(row["position"], row["status"]) for row in rows]


def _is_due(taken: _Taken, since: int, now: int, policy: BatchPolicy) -> bool:
    if not taken.submissions:
        return now - since >= policy.heartbeat_seconds
    oldest = taken.submissions[0].accepted
    changing = [submission.accepted for submission in taken.submissions if submission.changes]
    return (
        now - oldest >= policy.quiet_seconds
        or (bool(changing) and now - changing[0] >= policy.urgent_seconds)
        or taken.count >= policy.full_records
        or taken.entry_bytes >= policy.full_bytes
    )


def _statuses(connection: Connection, tree: StatusTree, final: int) -> StatusTree:
    """Bring the tree, as of the final anchor `final`, to the newest batch of the register."""
    for batch in walk_batches(connection, after=final):
        anchor = batch.anchor
        tree.grow(anchor.size)
        for position, status in decode_changes(anchor.status_changes, anchor.size):
            tree.set(position, status)
    return tree


def _anchor(own_log: OwnLog, sequence: int, size_before: int, taken: _Taken, tree: StatusTree) -> Anchored:
    if tree.size != size_before:
        raise AnchorContradicted(
            f"the chain counts {tree.size} positions of {own_log.name}, this register {size_before}: nothing more is "
            "anchored until somebody finds out why"
        )
    size = size_before + taken.count
    tree.grow(size)
    changes = sorted(taken.changes.items())
    for position, status in changes:
        tree.set(position, status)
    return Anchored(
        own_log.name, sequence, size, taken.root(own_log.suite), tree.root(), encode_changes(changes)
    )


def _keep(connection: Connection, anchor: Anchored, taken: _Taken, now: int) -> Batch:
    batch = Batch(anchor.sequence, anchor.encode(), now, FROZEN)
    insert_batch(connection, batch)
    if taken.submissions:
        between = SUBMISSION.c.first.between(taken.submissions[0].first, taken.submissions[-1].first)
        connection.execute(update(SUBMISSION).where(between).values(batch=batch.sequence))
    return batch
