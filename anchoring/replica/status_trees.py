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
from ledger.registry.status import StatusTree, staple_root
from ledger.registry.trust import Anchor, LogState

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Followed:
    tree: StatusTree
    sequence: int
    checked: bool  # every position, not only the root


class StatusTrees:
    """The trees of the logs that were asked for, each as of the newest reading that asked; safe among threads.

    Memory: five eighths of a byte a position. A restart costs one pass over the stored blocks and one hash for each of
    them; afterwards an anchor costs what it changed.
    """

    def __init__(self) -> None:
        self._followed: dict[str, _Followed] = {}
        self._lock = threading.Lock()

    def copy(self, view: ReplicaView, log: str) -> StatusTree:
        """Return a tree of the caller's own, as of the newest final anchor, every position checked. Raises: NotFound.

        The first for a log hashes the whole tree: what is anchored with it must not rest on a damaged block.
        """
        with self._lock:
            followed = self._at(view, log)
            if not followed.checked and not followed.tree.sound():
                followed = self._anew(view, _known_log(view, log))
            followed.checked = True
            return copy.deepcopy(followed.tree)

    def staple(self, view: ReplicaView, log: str, position: int) -> Staple | None:
        """Return the staple of a position at the log's newest final anchor.

        None where that anchor is void, or where the log continues one whose statuses are not known. Raises: NotFound.
        """
        with self._lock:
            state = view.log(log)
            if state is not None and not state.status_known:
                return None
            followed = self._at(view, log)
            anchor = view.anchor(log, followed.sequence)
            if anchor is None or anchor.void or position >= anchor.size:
                return None
            staple = _staple_of(followed.tree, anchor, position)
            if staple is None:
                staple = _staple_of(self._anew(view, _known_log(view, log)).tree, anchor, position)
            return staple

    def range(self, view: ReplicaView, log: str, first: int) -> StatusRange:
        """Return the statuses from position `first` on, a multiple of `RANGE_POSITIONS`, at the newest final anchor.

        Raises: NotFound where there is no such position, or no status root to which the range could lead.
        """
        with self._lock:
            state = _known_log(view, log)
            anchor = view.anchor(log, state.sequence)
            if anchor is None or anchor.void or first >= anchor.size:
                raise NotFound(f"the newest anchor of {log} proves no status at position {first}")
            status_range = _range_of(self._at(view, log).tree, anchor, first)
            if status_range.root() != anchor.status_root:
                status_range = _range_of(self._anew(view, state).tree, anchor, first)
            return status_range

    def _at(self, view: ReplicaView, log: str) -> _Followed:
        state = _known_log(view, log)
        followed = self._followed.get(log)
        if followed is None or followed.sequence > state.sequence:  # an older reading, or a replica made anew
            followed = _restore(view, state)
            if followed is None:
                return self._anew(view, state)
        followed.tree.grow(state.size)
        for change in view.statuses(log, after=followed.sequence):
            followed.tree.set(change.position, change.status)
        followed.sequence = state.sequence
        self._followed[log] = followed
        return followed

    def _anew(self, view: ReplicaView, state: LogState) -> _Followed:
        """Make the tree from every status that an anchor ever set."""
        tree = StatusTree(state.suite)
        tree.grow(state.size)
        for change in view.statuses(state.name):
            tree.set(change.position, change.status)
        followed = self._followed[state.name] = _Followed(tree, state.sequence, checked=True)
        return followed


def _known_log(view: ReplicaView, log: str) -> LogState:
    state = view.log(log)
    if state is None:
        raise NotFound(f"there is no log {log!r} in this registry")
    if not state.status_known:
        raise NotFound(
            f"the log {log!r} continues one of another registry, whose statuses are not known here"
        )
    return state


def _restore(view: ReplicaView, state: LogState) -> _Followed | None:
    """Return the stored tree; None where it does not lead to the newest anchor's status root, or where that is void."""
    anchor = view.anchor(state.name, state.sequence)
    if anchor is None or anchor.void:  # no root to compare with
        return None
    try:
        tree = StatusTree.restored(state.suite, state.size, view.status_blocks(state.name))
    except MalformedInput as error:
        logger.warning("the stored statuses of %s are damaged: %s", state.name, error)
        return None
    if tree.root() != anchor.status_root:
        logger.warning("the stored statuses of %s are damaged: another root", state.name)
        return None
    return _Followed(tree, state.sequence, checked=False)


def _range_of(tree: StatusTree, anchor: Anchor, first: int) -> StatusRange:
    chunks, path = tree.chunks(first, RANGE_CHUNKS), tuple(tree.path_above(first, RANGE_CHUNKS))
    return StatusRange(tree.suite, anchor.log, anchor.sequence, anchor.time, anchor.size, first, chunks, path)


def _staple_of(tree: StatusTree, anchor: Anchor, position: int) -> Staple | None:
    """Return the staple, if it leads to the anchored root."""
    chunk, path = tree.chunk(position), tree.path(position)
    if staple_root(tree.suite, anchor.size, position, chunk, path) != anchor.status_root:
        return None
    return Staple(anchor.sequence, chunk, tuple(path))
