"""The trees of submissions and batches from which proofs were made lately.

A tree never changes, so it may be kept.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from ledger.crypto.suites import Suite
from ledger.crypto.trees import CountedTree, MerkleTree, PathElement, counted_leaf

KEPT_LEAVES: Final = 2**20  # of each sort; with the nodes above them about 150 MB at most

T = TypeVar("T")


class Recent(Generic[T]):
    """Trees by what names them; those asked for longest ago go first. Safe among threads."""

    def __init__(self, kept_leaves: int = KEPT_LEAVES) -> None:
        self._most, self._leaves = kept_leaves, 0
        self._kept: OrderedDict[str | int, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str | int, build: Callable[[], tuple[T, int]]) -> T:
        """Return the tree of `name`; where it is not kept, `build` makes it and counts its leaves."""
        with self._lock:
            if name not in self._kept:
                self._kept[name] = build()
                self._leaves += self._kept[name][1]
            self._kept.move_to_end(name)
            tree = self._kept[name][0]
            while self._leaves > self._most and len(self._kept) > 1:
                _, (_, gone) = self._kept.popitem(last=False)
                self._leaves -= gone
            return tree


class BatchTree:
    """The tree of a batch over its entries, and the place of each submission in it."""

    def __init__(self, suite: Suite, entries: list[tuple[int, int, bytes]]) -> None:
        """`entries`: first position, count and encoded entry of each submission, in order."""
        leaves = [(count, counted_leaf(suite, count, entry)) for _, count, entry in entries]
        self._tree = CountedTree(suite, leaves)
        self._places = {first: place for place, (first, _, _) in enumerate(entries)}

    @property
    def root(self) -> bytes:
        return self._tree.root

    def path(self, first: int) -> list[PathElement]:
        """Return the counted path of the submission whose first position is `first`."""
        return self._tree.path(self._places[first])


class RecentTrees:
    """What a register keeps of its trees."""

    def __init__(self) -> None:
        self.submissions: Recent[MerkleTree] = Recent()
        self.batches: Recent[BatchTree] = Recent()
