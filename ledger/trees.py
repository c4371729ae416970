"""Merkle trees: RFC 9162 section 2.1, and the counted tree of a batch (design: encodings, batch tree).

    leaf H(00 ‖ data)               node H(01 ‖ left ‖ right)
    counted leaf H(00 ‖ u64 count ‖ data)    counted node H(01 ‖ u64 c_l ‖ left ‖ u64 c_r ‖ right)

A lone last node of a level is carried up unchanged, never doubled. An empty tree proves nothing and is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ledger import limits
from ledger.errors import LimitExceeded, MalformedInput
from ledger.suites import DIGEST_BYTES, Suite

Side = Literal["left", "right"]


def leaf_hash(suite: Suite, data: bytes) -> bytes:
    """Return the 32-byte hash of a leaf (RFC 9162 section 2.1.1)."""
    return suite.hash(b"\x00" + data)


def node_hash(suite: Suite, left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of an inner node (RFC 9162 section 2.1.1)."""
    return suite.hash(b"\x01" + left + right)


class MerkleTree:
    """The tree over leaf hashes of 32 bytes each, kept level by level; at least one leaf."""

    def __init__(self, suite: Suite, leaf_hashes: Sequence[bytes]) -> None:
        if not leaf_hashes:
            raise MalformedInput("a tree has at least one leaf")
        self.suite = suite
        digest = suite.hash
        level = list(leaf_hashes)
        self._levels = [level]
        while len(level) > 1:
            paired = [digest(b"\x01" + left + right) for left, right in zip(level[::2], level[1::2], strict=False)]
            if len(level) % 2:
                paired.append(level[-1])
            level = paired
            self._levels.append(level)

    @property
    def root(self) -> bytes:
        return self._levels[-1][0]

    @property
    def size(self) -> int:
        return len(self._levels[0])

    def path(self, index: int) -> list[bytes]:
        """Return the audit path of a leaf, from the leaf upwards (RFC 9162 section 2.1.3.1). Raises: IndexError."""
        if not 0 <= index < self.size:
            raise IndexError(index)
        path = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                path.append(level[sibling])
            index //= 2
        return path


def root_from_path(suite: Suite, leaf_hash: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root to which an audit path leads (RFC 9162 section 2.1.3.2).

    `size` must come from what the verifier trusts or has signed evidence of, never from the path's own source.
    Raises: MalformedInput when index, size and path do not fit together or a hash has not 32 bytes.
    """
    if not 0 <= index < size:
        raise MalformedInput(f"there is no leaf {index} in a tree of {size}")
    _check_hashes(leaf_hash, *path)
    node, last, rest = leaf_hash, size - 1, iter(path)
    while last:
        if index % 2 or index < last:
            sibling = next(rest, None)
            if sibling is None:
                raise MalformedInput("the path is too short for its tree")
            node = node_hash(suite, sibling, node) if index % 2 else node_hash(suite, node, sibling)
        index //= 2
        last //= 2
    if next(rest, None) is not None:
        raise MalformedInput("the path is too long for its tree")
    return node


@dataclass(frozen=True, slots=True)
class PathElement:
    """A sibling on a counted path: its side, the records below it (above 0), its hash of 32 bytes."""

    side: Side
    count: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class CountedRoot:
    """Where a counted path leads: root, offset of the leaf's first record, records in all."""

    root: bytes
    first: int
    total: int


def counted_leaf(suite: Suite, count: int, data: bytes) -> bytes:
    """Return the hash of a leaf that stands for `count` records."""
    return suite.hash(b"\x00" + count.to_bytes(8, "big") + data)


def counted_node(suite: Suite, left_count: int, left: bytes, right_count: int, right: bytes) -> bytes:
    """Return the hash of an inner node of a counted tree."""
    return suite.hash(b"\x01" + left_count.to_bytes(8, "big") + left + right_count.to_bytes(8, "big") + right)


class CountedTree:
    """The tree over (count, leaf hash) pairs, in RFC 9162's shape; at least one leaf, counts above 0."""

    def __init__(self, suite: Suite, leaves: Sequence[tuple[int, bytes]]) -> None:
        if not leaves:
            raise MalformedInput("a tree has at least one leaf")
        level = list(leaves)
        self._levels = [level]
        while len(level) > 1:
            paired = [
                (left[0] + right[0], counted_node(suite, *left, *right))
                for left, right in zip(level[::2], level[1::2], strict=False)
            ]
            if len(level) % 2:
                paired.append(level[-1])
            level = paired
            self._levels.append(level)

    @property
    def count(self) -> int:
        return self._levels[-1][0][0]

    @property
    def root(self) -> bytes:
        return self._levels[-1][0][1]

    def path(self, index: int) -> list[PathElement]:
        """Return the counted path of a leaf, from the leaf upwards. Raises: IndexError."""
        if not 0 <= index < len(self._levels[0]):
            raise IndexError(index)
        path = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                path.append(PathElement("left" if index % 2 else "right", *level[sibling]))
            index //= 2
        return path


def counted_root(suite: Suite, count: int, leaf: bytes, path: Sequence[PathElement]) -> CountedRoot:
    """Return where a counted path leads. Raises: MalformedInput for counts or hashes that cannot be."""
    _check_hashes(leaf, *(element.hash for element in path))
    if count < 1 or any(element.count < 1 for element in path):
        raise MalformedInput("every count on a counted path is above 0")
    node, total, first = leaf, count, 0
    for element in path:
        if total + element.count > limits.MAX_LOG_SIZE:
            raise LimitExceeded(f"the counts pass {limits.MAX_LOG_SIZE}")
        if element.side == "left":
            node = counted_node(suite, element.count, element.hash, total, node)
            first += element.count
        else:
            node = counted_node(suite, total, node, element.count, element.hash)
        total += element.count
    return CountedRoot(node, first, total)


def _check_hashes(*hashes: bytes) -> None:
    if len(hashes) > limits.MAX_PATH + 1:
        raise LimitExceeded(f"a path has at most {limits.MAX_PATH} elements")
    if any(len(value) != DIGEST_BYTES for value in hashes):
        raise MalformedInput(f"a hash has {DIGEST_BYTES} bytes")
