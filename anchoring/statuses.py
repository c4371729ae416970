"""Status trees of a replica's logs, kept in memory and brought up to date from the facts, for staples and status roots."""

import copy
import threading
from dataclasses import dataclass

from anchoring.errors import NotFound
from anchoring.reading import Reading
from ledger.proof import Staple
from ledger.status import StatusTree


@dataclass(slots=True)
class _Followed:
    tree: StatusTree
    sequence: int


class StatusTrees:
    """The trees of the logs that were asked for, each as of the newest reading that asked; safe among threads.

    Memory: two bytes a position at most. A restart costs one pass over the log's status changes and one hash for every 64
    positions; afterwards an anchor costs what it changed.
    """

    def __init__(self) -> None:
        self._followed: dict[str, _Followed] = {}
        self._lock = threading.Lock()

    def copy(self, reading: Reading, log: str) -> StatusTree:
        """Return a tree of the caller's own, as of the newest final anchor. Raises: NotFound."""
        with self._lock:
            return copy.deepcopy(self._at(reading, log).tree)

    def staple(self, reading: Reading, log: str, position: int) -> Staple | None:
        """Return the staple of a position at the log's newest final anchor.

        None where that anchor is void, or where the log continues one whose statuses are not known. Raises: NotFound.
        """
        with self._lock:
            state = reading.log(log)
            if state is not None and not state.status_known:
                return None
            followed = self._at(reading, log)
            anchor = reading.anchor(log, followed.sequence)
            if anchor is None or anchor.void or position >= anchor.size:
                return None
            if anchor.status_root != followed.tree.root():
                return None
            return Staple(anchor.sequence, followed.tree.chunk(position), tuple(followed.tree.path(position)))

    def _at(self, reading: Reading, log: str) -> _Followed:
        state = reading.log(log)
        if state is None:
            raise NotFound(f"there is no log {log!r} in this registry")
        if not state.status_known:
            raise NotFound(
                f"the log {log!r} continues one of another registry, whose statuses are not known here"
            )
        followed = self._followed.get(log)
        if followed is None or followed.sequence > state.sequence:  # an older reading, or a replica made anew
            followed = _Followed(StatusTree(state.suite), 0)
        followed.tree.grow(state.size)
        for change in reading.statuses(log, after=followed.sequence):
            followed.tree.set(change.position, change.status)
        followed.sequence = state.sequence
        self._followed[log] = followed
        return followed
