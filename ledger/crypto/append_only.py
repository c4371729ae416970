"""Append-only trees of RFC 9162: what was hashed once stays, for the root of every size.

A leaf completes the perfect subtrees that end with it: a tree of n leaves has 2n of them at most, and none changes
afterwards. Whoever keeps them in any store can make the root of every size, the path of a leaf and the proof that one
size goes on from another, each from a logarithm of them. `ledger.crypto.trees` has the other trees, which are hashed
whole and never grow, and the check of an inclusion path, which is the same for both.
"""

from collections.abc import Callable, Sequence
from typing import Final

from ledger.crypto.suites import DIGEST_BYTES, Suite
from ledger.crypto.trees import hash_node
from ledger.errors import LimitExceeded, MalformedInput
from ledger.limits import MAX_LOG_SIZE, MAX_PATH

# Elements of a consistency proof: the way up from a node, and that node itself.
MAX_CONSISTENCY_PATH: Final = MAX_PATH + 1

#: Gives the hash of a perfect subtree by its level and its number in this level: leaves `number << level` and on.
ReadNode = Callable[[int, int], bytes]


class Frontier:
    """The perfect subtrees that a tree of `size` leaves consists of, the largest first; none of an empty one."""

    __slots__ = ("_nodes", "size", "suite")

    def __init__(self, suite: Suite, size: int = 0, read_node: ReadNode | None = None) -> None:
        """Begin an empty tree, or go on with one of `size` leaves whose nodes are stored."""
        self.suite, self.size = suite, size
        self._nodes = [read_node(*place) for place in list_subtrees(size)] if read_node else []

    def complete(self, leaf: bytes) -> list[bytes]:
        """Return the hashes of the subtrees that `leaf` would complete behind the last: itself first, the largest last."""
        completed_nodes, remaining_nodes = [leaf], list(self._nodes)
        for _ in range(count_completed(self.size + 1) - 1):
            completed_nodes.append(hash_node(self.suite, remaining_nodes.pop(), completed_nodes[-1]))
        return completed_nodes

    def extend(self, completed_nodes: Sequence[bytes]) -> None:
        """Take a leaf in, given as what it completes."""
        subtree_count = len(self._nodes) - len(completed_nodes) + 1
        self._nodes = [*self._nodes[:subtree_count], completed_nodes[-1]]
        self.size += 1

    def append(self, leaf: bytes) -> list[bytes]:
        """Take a leaf hash of 32 bytes in and return what it completes, as `complete` does."""
        completed_nodes = self.complete(leaf)
        self.extend(completed_nodes)
        return completed_nodes

    def root(self) -> bytes:
        """Return the 32-byte root (RFC 9162 section 2.1.1). Raises: MalformedInput without a leaf."""
        if not self._nodes:
            raise MalformedInput("a tree without leaves has no root")
        root = self._nodes[-1]
        for node in reversed(self._nodes[:-1]):
            root = hash_node(self.suite, node, root)
        return root


def count_completed(size: int) -> int:
    """Return how many perfect subtrees the last of `size` leaves completes, itself among them."""
    return (size & -size).bit_length()


def list_subtrees(size: int) -> list[tuple[int, int]]:
    """Return level and number of the perfect subtrees that a tree of `size` leaves consists of, the largest first."""
    levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
    return [(level, (size >> level) - 1) for level in levels]


def prove_inclusion(suite: Suite, index: int, size: int, read_node: ReadNode) -> list[bytes]:
    """Return the path of the leaf at `index` in the tree of the first `size` leaves (RFC 9162 section 2.1.3.1).

    It is checked with `ledger.crypto.trees.compute_root`. Raises: MalformedInput where there is no such leaf.
    """
    if not 0 <= index < size:
        raise MalformedInput(f"there is no leaf {index} in a tree of {size}")
    start, end, path = 0, size, list[bytes]()
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_hash_leaves(suite, middle, end, read_node))
            end = middle
        else:
            path.append(_hash_leaves(suite, start, middle, read_node))
            start = middle
    return path[::-1]


def prove_consistency(suite: Suite, old_size: int, size: int, read_node: ReadNode) -> list[bytes]:
    """Return the proof that the tree of `size` leaves begins with that of `old_size` (RFC 9162 section 2.1.4.1).

    Raises: MalformedInput unless 0 < old_size <= size.
    """
    if not 0 < old_size <= size:
        raise MalformedInput(f"a tree of {size} leaves goes on from none of {old_size}")
    start, end, path = 0, size, list[bytes]()
    while old_size != end:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(_hash_leaves(suite, middle, end, read_node))
            end = middle
        else:
            path.append(_hash_leaves(suite, start, middle, read_node))
            start = middle
    # The whole old tree is known to whoever checks; a part of it is not.
    return path[::-1] if start == 0 else [_hash_leaves(suite, start, end, read_node), *path[::-1]]


def check_consistency(
    suite: Suite, old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the tree with `root` begins with the leaves of that with `old_root` (RFC 9162 section 2.1.4.2).

    Both sizes and both roots come from whom the caller believes, never with the path.

    Raises: MalformedInput where the path does not lead to both roots, or sizes and path do not fit together;
    LimitExceeded for more than `MAX_CONSISTENCY_PATH` elements.
    """
    if len(path) > MAX_CONSISTENCY_PATH:
        raise LimitExceeded(
            f"a consistency proof has at most {MAX_CONSISTENCY_PATH} elements, not {len(path)}"
        )
    if not 0 < old_size <= size < MAX_LOG_SIZE:
        raise MalformedInput(f"a tree of {size} leaves goes on from none of {old_size}")
    if any(len(hash_) != DIGEST_BYTES for hash_ in (old_root, root, *path)):
        raise MalformedInput(f"a hash has {DIGEST_BYTES} bytes")
    if old_size == size:
        _require(not path and old_root == root)
        return
    _require(bool(path))
    elements = path if old_size & (old_size - 1) else (old_root, *path)  # the old tree is one perfect subtree
    place, last_place = old_size - 1, size - 1
    shift = (old_size & -old_size).bit_length() - 1
    place, last_place = place >> shift, last_place >> shift
    old_node = node = elements[0]
    for element in elements[1:]:
        _require(last_place > 0)
        if place & 1 or place == last_place:
            old_node, node = hash_node(suite, element, old_node), hash_node(suite, element, node)
            while place and not place & 1:
                place, last_place = place >> 1, last_place >> 1
        else:
            node = hash_node(suite, node, element)
        place, last_place = place >> 1, last_place >> 1
    _require(last_place == 0 and old_node == old_root and node == root)


def _require(leads_to_both: bool) -> None:
    if not leads_to_both:
        raise MalformedInput(
            "the consistency proof does not lead to both roots: one tree does not go on from the other"
        )


def _split(size: int) -> int:
    """Return the largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def _hash_leaves(suite: Suite, start: int, end: int, read_node: ReadNode) -> bytes:
    """Return the hash over the leaves from `start` to before `end`; such ranges begin where a subtree of their size may."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return read_node(level, start >> level)
    middle = start + _split(size)
    return hash_node(
        suite, _hash_leaves(suite, start, middle, read_node), _hash_leaves(suite, middle, end, read_node)
    )
