"""Merkle trees in the shape of RFC 9162 section 2.1, plain and counted.

    leaf  H(00 ‖ data)              counted leaf  H(00 ‖ u64 count ‖ data)
    node  H(01 ‖ left ‖ right)      counted node  H(01 ‖ u64 count_l ‖ left ‖ u64 count_r ‖ right)

The prefixes keep a node from passing for a leaf. A lone last node of a level moves up unchanged, never
doubled. An empty tree proves nothing and is refused.

The plain tree carries submissions and the status. Whoever checks a path brings the size of the tree from a
signed statement or from the chain: one that came with the path would prove nothing. The counted tree carries
a batch of entries. Its nodes commit to the number of records below them, so one path proves both that an
entry is in the batch and where in the log its records begin (docs/formats/batch-and-anchor.md).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypeVar

from ledger.crypto.suites import DIGEST_BYTES, Suite
from ledger.errors import LimitExceeded, MalformedInput
from ledger.limits import MAX_LOG_SIZE, MAX_PATH

# Of a batch without entries, and of the statuses of a log without positions: no tree has it.
EMPTY_ROOT: Final = bytes(DIGEST_BYTES)

Side: TypeAlias = Literal["left", "right"]
Node = TypeVar("Node")


def hash_leaf(suite: Suite, data: bytes) -> bytes:
    """Return the 32-byte hash of a leaf (RFC 9162 section 2.1.1)."""
    return suite.hash(b"\x00" + data)


def hash_node(suite: Suite, left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of an inner node (RFC 9162 section 2.1.1)."""
    return suite.hash(b"\x01" + left + right)


class MerkleTree:
    """The tree over at least one leaf hash, kept level by level: 64 bytes of hashes a leaf."""

    __slots__ = ("_levels", "suite")

    def __init__(self, suite: Suite, leaf_hashes: Sequence[bytes]) -> None:
        """Hash the whole tree. Raises: MalformedInput without a leaf, or when one has not 32 bytes."""
        _check_size(len(leaf_hashes))
        _check_hashes(leaf_hashes)
        self.suite = suite
        compute_hash = suite.hash
        level = list(leaf_hashes)
        self._levels = [level]
        while len(level) > 1:
            level_above = [compute_hash(b"\x01" + left + right) for left, right in _pair_nodes(level)]
            if len(level) % 2:
                level_above.append(level[-1])
            self._levels.append(level_above)
            level = level_above

    @property
    def root(self) -> bytes:
        return self._levels[-1][0]

    @property
    def size(self) -> int:
        return len(self._levels[0])

    def find_path(self, index: int) -> list[bytes]:
        """Return the siblings of a leaf on the way up (RFC 9162 section 2.1.3.1). Raises: IndexError."""
        return [sibling for _, sibling in _walk_siblings(self._levels, index)]


def compute_root(suite: Suite, leaf_hash: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root to which `path` leads from the leaf at `index` of `size` (RFC 9162 section 2.1.3.2).

    The caller compares it with a root that it trusts, and must have `size` from the same source.

    Raises: MalformedInput when index, size and path do not fit together or a hash has not 32 bytes;
    LimitExceeded for more than `limits.MAX_PATH` elements.
    """
    _check_size(size)
    if not 0 <= index < size:
        raise MalformedInput(f"there is no leaf {index} in a tree of {size}")
    _check_path(path)
    # Lower down, the bits of the index say on which side a sibling stands. From the level on where the node
    # is the last of its level, siblings only ever stand left, one for each bit that is set.
    two_sided_levels = (index ^ (size - 1)).bit_length()
    if len(path) != two_sided_levels + (index >> two_sided_levels).bit_count():
        raise MalformedInput(f"{len(path)} path elements do not fit leaf {index} in a tree of {size}")
    _check_hashes((leaf_hash,))
    _check_hashes(path)
    node = leaf_hash
    for level, sibling in enumerate(path):
        if level < two_sided_levels and not index >> level & 1:
            node = hash_node(suite, node, sibling)
        else:
            node = hash_node(suite, sibling, node)
    return node


@dataclass(frozen=True, slots=True)
class PathElement:
    """A sibling on a counted path: its side, the records below it (above 0), its hash of 32 bytes."""

    side: Side
    record_count: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class CountedRoot:
    """Where a counted path leads: the root, the records left of the leaf's own, the records in all."""

    root: bytes
    first_position: int
    record_count: int


def hash_counted_leaf(suite: Suite, record_count: int, data: bytes) -> bytes:
    """Return the 32-byte hash of a leaf that stands for `record_count` records. Raises: MalformedInput."""
    _check_count(record_count)
    return suite.hash(b"\x00" + record_count.to_bytes(8, "big") + data)


def hash_counted_node(suite: Suite, left_count: int, left: bytes, right_count: int, right: bytes) -> bytes:
    """Return the 32-byte hash of a node over two subtrees and their counts. Raises: MalformedInput."""
    for record_count in (left_count, right_count, left_count + right_count):
        _check_count(record_count)
    return suite.hash(b"\x01" + left_count.to_bytes(8, "big") + left + right_count.to_bytes(8, "big") + right)


class CountedTree:
    """The tree over at least one (count, counted leaf hash), kept level by level."""

    __slots__ = ("_levels", "suite")

    def __init__(self, suite: Suite, leaves: Sequence[tuple[int, bytes]]) -> None:
        """Hash the whole tree. Raises: MalformedInput without a leaf, or for an impossible count or hash."""
        _check_size(len(leaves))
        _check_hashes(leaf for _, leaf in leaves)
        for count, _ in leaves:
            _check_count(count)
        self.suite = suite
        level = list(leaves)
        self._levels = [level]
        while len(level) > 1:
            level_above = [
                (left[0] + right[0], hash_counted_node(suite, *left, *right))
                for left, right in _pair_nodes(level)
            ]
            if len(level) % 2:
                level_above.append(level[-1])
            self._levels.append(level_above)
            level = level_above

    @classmethod
    def compute_root(cls, suite: Suite, leaves: Sequence[tuple[int, bytes]]) -> bytes:
        """Return the root that an anchor states of a batch, which may have no entries: then it is zero.

        Raises: MalformedInput for an impossible count or hash.
        """
        return cls(suite, leaves).root if leaves else EMPTY_ROOT

    @property
    def root(self) -> bytes:
        return self._levels[-1][0][1]

    @property
    def record_count(self) -> int:
        """The records in all."""
        return self._levels[-1][0][0]

    @property
    def size(self) -> int:
        return len(self._levels[0])

    def find_path(self, index: int) -> list[PathElement]:
        """Return the siblings of a leaf on the way up. Raises: IndexError."""
        return [PathElement(side, *sibling) for side, sibling in _walk_siblings(self._levels, index)]


def follow_counted_path(suite: Suite, count: int, leaf: bytes, path: Sequence[PathElement]) -> CountedRoot:
    """Return where `path` leads from the counted leaf hash `leaf` of `count` records.

    The caller compares the root with the anchored one and the total with the log's growth at that anchor.

    Raises: MalformedInput for an impossible side, count or hash; LimitExceeded for more than
    `limits.MAX_PATH` elements.
    """
    _check_path(path)
    _check_hashes((leaf,))
    _check_hashes(element.hash for element in path)
    _check_count(count)
    node, records_before, record_count = leaf, 0, count
    for element in path:
        if element.side == "left":
            node = hash_counted_node(suite, element.record_count, element.hash, record_count, node)
            records_before += element.record_count
        elif element.side == "right":
            node = hash_counted_node(suite, record_count, node, element.record_count, element.hash)
        else:
            raise MalformedInput(f"a path element stands left or right, not {element.side!r}")
        record_count += element.record_count
    return CountedRoot(node, records_before, record_count)


def _pair_nodes(level: list[Node]) -> Iterator[tuple[Node, Node]]:
    """Yield first and second, third and fourth, and so on; a lone last node is left out."""
    nodes = iter(level)
    return zip(nodes, nodes, strict=False)


def _walk_siblings(levels: list[list[Node]], index: int) -> Iterator[tuple[Side, Node]]:
    """Yield side and sibling on the way up from a leaf; there is none where the node is the lone last one."""
    if not 0 <= index < len(levels[0]):
        raise IndexError(f"there is no leaf {index} in a tree of {len(levels[0])}")
    for level in levels:
        if index % 2:
            yield "left", level[index - 1]
        elif index + 1 < len(level):
            yield "right", level[index + 1]
        index //= 2


def _check_size(size: int) -> None:
    if not 0 < size < MAX_LOG_SIZE:
        raise MalformedInput(f"a tree has 1 to 2^40-1 leaves, not {size}")


def _check_count(record_count: int) -> None:
    if not 0 < record_count < MAX_LOG_SIZE:
        raise MalformedInput(f"counts lie between 1 and 2^40-1, not at {record_count}")


def _check_path(path: Sequence[object]) -> None:
    if len(path) > MAX_PATH:
        raise LimitExceeded(f"a path has at most {MAX_PATH} elements, not {len(path)}")


def _check_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(hash_) != DIGEST_BYTES for hash_ in hashes):
        raise MalformedInput(f"a hash has {DIGEST_BYTES} bytes")
