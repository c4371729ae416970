"""The status of every position of a log: codes, transitions, words on the chain, the tree.

Format: docs/formats/batch-and-anchor.md.

Four bits a position, 64 positions a chunk of 32 bytes (position p in byte (p mod 64) div 2, the high half for
even p). The status root is RFC 9162's tree over the leaf data `"shunzheng/status/1" ‖ u40 chunk ‖ 32 bytes`
of every chunk up to the size of the log; a log of size 0 has 32 zero bytes.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from ledger.crypto.suites import Suite
from ledger.crypto.trees import EMPTY_ROOT, MerkleTree, compute_root, hash_leaf
from ledger.errors import MalformedInput

CHUNK_POSITIONS: Final = 64
CHUNK_BYTES: Final = 32
# Chunks that are stored and hashed together: more would cost hashes for each change, fewer rows and memory.
BLOCK_CHUNKS: Final = 8
BLOCK_POSITIONS: Final = BLOCK_CHUNKS * CHUNK_POSITIONS
BLOCK_BYTES: Final = BLOCK_CHUNKS * CHUNK_BYTES
WORD_BYTES: Final = 6

# Status words of one anchor.
MAX_ANCHOR_CHANGES: Final = 10_000
_LEAF_PREFIX: Final = b"shunzheng/status/1"


class Status(IntEnum):
    """What became of a certificate; 9 to 15 are reserved."""

    VALID = 0
    SUSPENDED = 1
    SUPERSEDED = 2
    CANCELLED = 3
    REVOKED = 4
    WITHDRAWN = 5
    TRANSFERRED = 6
    VOID = 7
    REINSTATED = 8


_ENDED_STATUSES: Final = frozenset(range(Status.SUPERSEDED, Status.VOID + 1))


def may_become(old_status: int, new_status: int) -> bool:
    """Tell whether a position may go from one status to another: 0→1-7, 1→0, 1→2-7, 2-7→8, 8→1-7."""
    if old_status in (Status.VALID, Status.REINSTATED):
        return new_status == Status.SUSPENDED or new_status in _ENDED_STATUSES
    if old_status == Status.SUSPENDED:
        return new_status == Status.VALID or new_status in _ENDED_STATUSES
    return old_status in _ENDED_STATUSES and new_status == Status.REINSTATED


def encode_changes(changes: Iterable[tuple[int, int]]) -> bytes:
    """Pack (position, status) pairs, ascending by position, into the 6-byte words of an anchor."""
    return b"".join(position.to_bytes(5, "big") + status.to_bytes(1, "big") for position, status in changes)


def decode_changes(words: bytes, size: int) -> list[tuple[int, Status]]:
    """Read the words of an anchor over a log of `size` positions.

    Raises: MalformedInput when the length, the order, a position or a status does not fit.
    """
    if len(words) % WORD_BYTES or len(words) > MAX_ANCHOR_CHANGES * WORD_BYTES:
        raise MalformedInput(f"{len(words)} bytes are not whole status words within the limit")
    changes: list[tuple[int, Status]] = []
    last_position = -1
    for start in range(0, len(words), WORD_BYTES):
        position = int.from_bytes(words[start : start + 5], "big")
        code = words[start + 5]
        if not last_position < position < size:
            raise MalformedInput(
                f"status words must name ascending positions below {size}, not {position} after {last_position}"
            )
        if code > Status.REINSTATED:
            raise MalformedInput(f"the status {code} is reserved")
        changes.append((position, Status(code)))
        last_position = position
    return changes


def hash_chunk(suite: Suite, chunk_number: int, content: bytes) -> bytes:
    """Return the leaf hash of one chunk of 64 positions (32 bytes)."""
    return hash_leaf(suite, _LEAF_PREFIX + chunk_number.to_bytes(5, "big") + content)


def read_status(content: bytes, position: int) -> int:
    """Return the four bits of `position` in the 32 bytes of its chunk."""
    byte = content[(position % CHUNK_POSITIONS) // 2]
    return byte & 0x0F if position % 2 else byte >> 4


def count_chunks(size: int) -> int:
    """Return how many chunks a log of `size` positions has."""
    return (size + CHUNK_POSITIONS - 1) // CHUNK_POSITIONS


def compute_staple_root(
    suite: Suite, size: int, position: int, content: bytes, path: Sequence[bytes]
) -> bytes:
    """Return the status root that a staple leads to. Raises: MalformedInput when path and size do not fit."""
    if len(content) != CHUNK_BYTES or not 0 <= position < size:
        raise MalformedInput("a chunk has 32 bytes and holds a position below the size of the log")
    chunk_number = position // CHUNK_POSITIONS
    return compute_root(
        suite, hash_chunk(suite, chunk_number, content), chunk_number, count_chunks(size), path
    )


@dataclass(frozen=True, slots=True)
class StatusBlock:
    """Eight chunks of a log: what a replica stores of its status tree. The last block of a log may have fewer.

    `node` is the root of the tree over these chunks alone, which is an inner node of the status tree.
    """

    number: int
    content: bytes
    node: bytes


def hash_block(suite: Suite, number: int, content: bytes) -> bytes:
    """Return the 32-byte root over the chunks of block `number`, 1 to 8 chunks of 32 bytes."""
    return _build_block_tree(suite, number, content).root


def _build_block_tree(suite: Suite, number: int, content: bytes) -> MerkleTree:
    chunks = (content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES))
    return MerkleTree(
        suite, [hash_chunk(suite, index, chunk) for index, chunk in enumerate(chunks, number * BLOCK_CHUNKS)]
    )


class StatusTree:
    """The status tree of one log, kept so that a change costs one block of eight chunks and one path above it.

    The chunks and, level by level, the nodes from those of the blocks upwards are held; what lies between is hashed
    again when it is asked for. Memory: half a byte a position, and an eighth of a byte for the nodes.
    """

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.size = 0
        self._statuses = bytearray()
        self._levels: list[bytearray] = [bytearray()]
        self._dirty_block_numbers: set[int] = set()
        self._changed_block_numbers: set[int] = set()

    @classmethod
    def restore(cls, suite: Suite, size: int, blocks: Iterable[StatusBlock]) -> Self:
        """Return the tree of stored blocks, in their order. The nodes are believed: compare the root, and see `is_sound`.

        Raises: MalformedInput when a block is missing, out of place or of another length.
        """
        tree = cls(suite)
        tree.size, chunks_left, nodes = size, count_chunks(size), bytearray()
        for block_number, block in enumerate(blocks):
            chunk_count = min(chunks_left, BLOCK_CHUNKS)
            if (
                block.number != block_number
                or len(block.content) != chunk_count * CHUNK_BYTES
                or len(block.node) != 32
            ):
                raise MalformedInput(
                    f"block {block_number} of the status tree is missing or of another length"
                )
            tree._statuses += block.content
            nodes += block.node
            chunks_left -= chunk_count
        if chunks_left:
            raise MalformedInput(f"the last {chunks_left} chunks of the status tree are missing")
        tree._levels[0] = nodes
        tree._rehash_levels(set(range(len(nodes) // 32)))
        return tree

    def is_sound(self) -> bool:
        """Tell whether every block leads to its node: the whole tree is hashed again."""
        self._rehash()
        return all(
            self._get_node(number) == self._hash_block(number) for number in range(self._count_blocks())
        )

    def take_changed_blocks(self) -> list[StatusBlock]:
        """Return the blocks that changed since this was last asked, in order."""
        self._rehash()
        block_numbers, self._changed_block_numbers = sorted(self._changed_block_numbers), set()
        return [
            StatusBlock(number, self._get_content(number), self._get_node(number)) for number in block_numbers
        ]

    def grow(self, size: int) -> None:
        """Let the log have `size` positions, the new ones valid."""
        if size < self.size:
            raise ValueError("a log never shrinks")
        chunks_before, chunks_after = len(self._statuses) // CHUNK_BYTES, count_chunks(size)
        self._statuses.extend(bytes((chunks_after - chunks_before) * CHUNK_BYTES))
        self.size = size
        self._dirty_block_numbers.update(
            range(chunks_before // BLOCK_CHUNKS, self._count_blocks()) if chunks_after > chunks_before else ()
        )

    def get(self, position: int) -> int:
        if not 0 <= position < self.size:
            raise IndexError(position)
        byte = self._statuses[position // 2]
        return byte & 0x0F if position % 2 else byte >> 4

    def set(self, position: int, status: int) -> None:
        if not 0 <= position < self.size:
            raise IndexError(position)
        byte = self._statuses[position // 2]
        self._statuses[position // 2] = (
            (byte & 0xF0) | status if position % 2 else (byte & 0x0F) | status << 4
        )
        self._dirty_block_numbers.add(position // BLOCK_POSITIONS)

    def get_chunk(self, position: int) -> bytes:
        """Return the 32 bytes of the chunk that holds `position`."""
        return self.get_chunks(position, 1)

    def get_chunks(self, position: int, chunk_count: int) -> bytes:
        """Return the chunks from that of `position` on, 32 bytes each, `chunk_count` of them or as many as there are."""
        start = position // CHUNK_POSITIONS * CHUNK_BYTES
        return bytes(self._statuses[start : start + chunk_count * CHUNK_BYTES])

    def compute_root(self) -> bytes:
        """Return the 32-byte status root."""
        if not self.size:
            return EMPTY_ROOT
        self._rehash()
        return bytes(self._levels[-1])

    def find_path(self, position: int) -> list[bytes]:
        """Return the audit path of the chunk that holds `position`, from the leaf upwards."""
        self._rehash()
        block_number, index = divmod(position // CHUNK_POSITIONS, BLOCK_CHUNKS)
        path_within = _build_block_tree(self.suite, block_number, self._get_content(block_number)).find_path(
            index
        )
        return path_within + self.find_path_above(position, BLOCK_CHUNKS)

    def find_path_above(self, position: int, chunk_count: int) -> list[bytes]:
        """Return the path of the subtree over the `chunk_count` (8, 16, 32 …) chunks around `position`."""
        self._rehash()
        index, path = position // CHUNK_POSITIONS // chunk_count, []
        for level in self._levels[(chunk_count // BLOCK_CHUNKS).bit_length() - 1 : -1]:
            sibling_start = (index ^ 1) * 32
            if sibling_start < len(level):
                path.append(bytes(level[sibling_start : sibling_start + 32]))
            index //= 2
        return path

    def _count_blocks(self) -> int:
        return (count_chunks(self.size) + BLOCK_CHUNKS - 1) // BLOCK_CHUNKS

    def _get_content(self, block_number: int) -> bytes:
        return bytes(self._statuses[block_number * BLOCK_BYTES : (block_number + 1) * BLOCK_BYTES])

    def _get_node(self, block_number: int) -> bytes:
        return bytes(self._levels[0][block_number * 32 : block_number * 32 + 32])

    def _hash_block(self, block_number: int) -> bytes:
        return hash_block(self.suite, block_number, self._get_content(block_number))

    def _rehash(self) -> None:
        """Hash again what changed."""
        if not self._dirty_block_numbers:
            return
        nodes = self._levels[0]
        nodes.extend(bytes(self._count_blocks() * 32 - len(nodes)))
        for block_number in self._dirty_block_numbers:
            nodes[block_number * 32 : block_number * 32 + 32] = self._hash_block(block_number)
        self._rehash_levels(self._dirty_block_numbers)
        self._changed_block_numbers |= self._dirty_block_numbers
        self._dirty_block_numbers = set()

    def _rehash_levels(self, changed_indexes: Set[int]) -> None:
        """Hash the levels above the changed blocks; a lone last node moves up unchanged (RFC 9162 section 2.1.1)."""
        compute_hash, node_count, level_index = self.suite.hash, self._count_blocks(), 0
        while node_count > 1:
            level_below, node_count = self._levels[level_index], (node_count + 1) // 2
            level_index += 1
            if level_index == len(self._levels):
                self._levels.append(bytearray())
            level = self._levels[level_index]
            level.extend(bytes(node_count * 32 - len(level)))
            changed_indexes = {index // 2 for index in changed_indexes}
            for index in changed_indexes:
                node_pair = bytes(level_below[index * 64 : index * 64 + 64])
                level[index * 32 : index * 32 + 32] = (
                    compute_hash(b"\x01" + node_pair) if len(node_pair) == 64 else node_pair
                )
