"""Status trees of a replica's logs, kept in memory and brought up to date from the facts.

Staples and status roots are made from them. A tree comes from the blocks that the follower stores with each anchor, so
that a restart neither replays every change nor hashes every position. What is stored is believed only as far as it
leads to the anchored status root; where it does not, the tree is made anew from the facts.
"""

import copy
import logging
import threading
from dataclasses import dataclass

from anchoring.errors import NotFound
from anchoring.replica.reading import ReplicaView
from ledger.errors import MalformedInput
from ledger.proof.proof import Staple
from ledger.proof.staples import RANGE_CHUNKS, StatusRange
from ledger.registry.status import StatusTree, compute_staple_root
from ledger.registry.trust import Anchor, LogState

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _FollowedTree:
    tree: StatusTree
    sequence: int
    is_checked: bool  # every position, not only the root


class StatusTrees:
    """The trees of the logs that were asked for, each as of the newest reading that asked; safe among threads.

    Memory: five eighths of a byte a position. A restart costs one pass over the stored blocks and one hash for each of
    them; afterwards an anchor costs what it changed.
    """

    def __init__(self) -> None:
        self._followed_trees: dict[str, _FollowedTree] = {}
        self._lock = threading.Lock()

    def copy(self, view: ReplicaView, log: str) -> StatusTree:
        """Return a tree of the caller's own, as of the newest final anchor, every position checked. Raises: NotFound.

        The first for a log hashes the whole tree: what is anchored with it must not rest on a damaged block.
        """
        with self._lock:
            followed_tree = self._bring_up_to_date(view, log)
            if not followed_tree.is_checked and not followed_tree.tree.is_sound():
                followed_tree = self._make_anew(view, _find_known_log(view, log))
            followed_tree.is_checked = True
            return copy.deepcopy(followed_tree.tree)

    def make_staple(self, view: ReplicaView, log: str, position: int) -> Staple | None:
        """Return the staple of a position at the log's newest final anchor.

        None where that anchor is void, or where the log continues one whose statuses are not known. Raises: NotFound.
        """
        with self._lock:
            log_state = view.find_log(log)
            if log_state is not None and not log_state.is_status_known:
                return None
            followed_tree = self._bring_up_to_date(view, log)
            anchor = view.find_anchor(log, followed_tree.sequence)
            if anchor is None or anchor.void_reason or position >= anchor.size:
                return None
            staple = _cut_staple(followed_tree.tree, anchor, position)
            if staple is None:
                staple = _cut_staple(self._make_anew(view, _find_known_log(view, log)).tree, anchor, position)
            return staple

    def make_range(self, view: ReplicaView, log: str, first_position: int) -> StatusRange:
        """Return the statuses from `first_position` on, a multiple of `RANGE_POSITIONS`, at the newest final anchor.

        Raises: NotFound where there is no such position, or no status root to which the range could lead.
        """
        with self._lock:
            log_state = _find_known_log(view, log)
            anchor = view.find_anchor(log, log_state.sequence)
            if anchor is None or anchor.void_reason or first_position >= anchor.size:
                raise NotFound(f"the newest anchor of {log} proves no status at position {first_position}")
            status_range = _cut_range(self._bring_up_to_date(view, log).tree, anchor, first_position)
            if status_range.compute_root() != anchor.status_root:
                status_range = _cut_range(self._make_anew(view, log_state).tree, anchor, first_position)
            return status_range

    def _bring_up_to_date(self, view: ReplicaView, log: str) -> _FollowedTree:
        log_state = _find_known_log(view, log)
        followed_tree = self._followed_trees.get(log)
        if (
            followed_tree is None or followed_tree.sequence > log_state.sequence
        ):  # an older reading, or a replica made anew
            followed_tree = _restore(view, log_state)
            if followed_tree is None:
                return self._make_anew(view, log_state)
        followed_tree.tree.grow(log_state.size)
        for change in view.walk_statuses(log, after_sequence=followed_tree.sequence):
            followed_tree.tree.set(change.position, change.status)
        followed_tree.sequence = log_state.sequence
        self._followed_trees[log] = followed_tree
        return followed_tree

    def _make_anew(self, view: ReplicaView, log_state: LogState) -> _FollowedTree:
        """Make the tree from every status that an anchor ever set."""
        tree = StatusTree(log_state.suite)
        tree.grow(log_state.size)
        for change in view.walk_statuses(log_state.name):
            tree.set(change.position, change.status)
        followed_tree = self._followed_trees[log_state.name] = _FollowedTree(
            tree, log_state.sequence, is_checked=True
        )
        return followed_tree


def _find_known_log(view: ReplicaView, log: str) -> LogState:
    log_state = view.find_log(log)
    if log_state is None:
        raise NotFound(f"there is no log {log!r} in this registry")
    if not log_state.is_status_known:
        raise NotFound(
            f"the log {log!r} continues one of another registry, whose statuses are not known here"
        )
    return log_state


def _restore(view: ReplicaView, log_state: LogState) -> _FollowedTree | None:
    """Return the stored tree; None where it does not lead to the newest anchor's status root, or where that is void."""
    anchor = view.find_anchor(log_state.name, log_state.sequence)
    if anchor is None or anchor.void_reason:  # no root to compare with
        return None
    try:
        tree = StatusTree.restore(log_state.suite, log_state.size, view.walk_status_blocks(log_state.name))
    except MalformedInput as error:
        logger.warning("the stored statuses of %s are damaged: %s", log_state.name, error)
        return None
    if tree.compute_root() != anchor.status_root:
        logger.warning("the stored statuses of %s are damaged: another root", log_state.name)
        return None
    return _FollowedTree(tree, log_state.sequence, is_checked=False)


def _cut_range(tree: StatusTree, anchor: Anchor, first_position: int) -> StatusRange:
    chunks, path = (
        tree.get_chunks(first_position, RANGE_CHUNKS),
        tuple(tree.find_path_above(first_position, RANGE_CHUNKS)),
    )
    return StatusRange(
        tree.suite, anchor.log, anchor.sequence, anchor.time, anchor.size, first_position, chunks, path
    )


def _cut_staple(tree: StatusTree, anchor: Anchor, position: int) -> Staple | None:
    """Return the staple, if it leads to the anchored root."""
    chunk, path = tree.get_chunk(position), tree.find_path(position)
    if compute_staple_root(tree.suite, anchor.size, position, chunk, path) != anchor.status_root:
        return None
    return Staple(anchor.sequence, chunk, tuple(path))
