"""Caches of the trees of submissions and batches, from which proofs are made.

A tree never changes, so it may be kept.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from ledger.crypto.suites import Suite
from ledger.crypto.trees import CountedTree, MerkleTree, PathElement, hash_counted_leaf

KEPT_LEAVES: Final = 2**20  # of each sort; with the nodes above them about 150 MB at most

T = TypeVar("T")


class TreeCache(Generic[T]):
    """Trees by what names them; those asked for longest ago go first. Safe among threads."""

    def __init__(self, max_leaves: int = KEPT_LEAVES) -> None:
        self._max_leaves, self._leaf_count = max_leaves, 0
        self._trees: OrderedDict[str | int, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str | int, build: Callable[[], tuple[T, int]]) -> T:
        """Return the tree of `name`; where it is not kept, `build` makes it and counts its leaves."""
        with self._lock:
            if name not in self._trees:
                self._trees[name] = build()
                self._leaf_count += self._trees[name][1]
            self._trees.move_to_end(name)
            tree = self._trees[name][0]
            while self._leaf_count > self._max_leaves and len(self._trees) > 1:
                _, (_, leaf_count) = self._trees.popitem(last=False)
                self._leaf_count -= leaf_count
            return tree


class BatchTree:
    """The tree of a batch over its entries, and the place of each submission in it."""

    def __init__(self, suite: Suite, entries: list[tuple[int, int, bytes]]) -> None:
        """`entries`: first position, count and encoded entry of each submission, in order."""
        leaves = [
            (record_count, hash_counted_leaf(suite, record_count, entry_bytes))
            for _, record_count, entry_bytes in entries
        ]
        self._tree = CountedTree(suite, leaves)
        self._index_by_first_position = {
            first_position: index for index, (first_position, _, _) in enumerate(entries)
        }

    @property
    def root(self) -> bytes:
        return self._tree.root

    def find_path(self, first_position: int) -> list[PathElement]:
        """Return the counted path of the submission whose first position is `first_position`."""
        return self._tree.find_path(self._index_by_first_position[first_position])


class RecentTrees:
    """What a register keeps of its trees."""

    def __init__(self) -> None:
        self.submission_trees: TreeCache[MerkleTree] = TreeCache()
        self.batch_trees: TreeCache[BatchTree] = TreeCache()
