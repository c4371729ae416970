"""Status: codes, transitions, words, and a tree that anybody can recompute."""

from itertools import product

import pytest

from ledger.crypto.suites import SM3
from ledger.crypto.trees import EMPTY_ROOT, MerkleTree, hash_leaf
from ledger.errors import MalformedInput
from ledger.registry.status import (
    MAX_ANCHOR_CHANGES,
    Status,
    StatusBlock,
    StatusTree,
    compute_staple_root,
    count_chunks,
    decode_changes,
    encode_changes,
    hash_block,
    hash_chunk,
    may_become,
    read_status,
)


def test_transitions_as_the_design_lists_them() -> None:
    ended = range(2, 8)
    listed = {(0, after) for after in range(1, 8)} | {(8, after) for after in range(1, 8)}
    listed |= {(1, 0)} | {(1, after) for after in ended} | {(before, 8) for before in ended}
    assert {pair for pair in product(range(16), range(16)) if may_become(*pair)} == listed


def test_words() -> None:
    changes = [(0, 4), (258, 1), (2**40 - 1, 8)]
    words = encode_changes(changes)
    assert words.hex() == "000000000004000000010201ffffffffff08"
    assert decode_changes(words, 2**40) == changes
    assert decode_changes(b"", 0) == []


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ("0000000000", 9),
        ("00000000000401", 9),
        ("000000000904", 9),
        ("000000000004", 0),
        ("000000000009", 9),
        ("0000000000ff", 9),
        ("000000000101000000000101", 9),
        ("000000000201000000000101", 9),
    ],
)
def test_words_that_do_not_fit(words: str, size: int) -> None:
    with pytest.raises(MalformedInput):
        decode_changes(bytes.fromhex(words), size)


def test_more_words_than_an_anchor_carries() -> None:
    most = encode_changes((position, 1) for position in range(MAX_ANCHOR_CHANGES))
    assert len(decode_changes(most, 10**6)) == MAX_ANCHOR_CHANGES
    with pytest.raises(MalformedInput):
        decode_changes(most + encode_changes([(MAX_ANCHOR_CHANGES, 1)]), 10**6)


def test_leaf_of_a_chunk() -> None:
    content = bytes(range(32))
    assert hash_chunk(SM3, 7, content) == hash_leaf(
        SM3, b"shunzheng/status/1" + bytes([0, 0, 0, 0, 7]) + content
    )
    assert [read_status(content, position) for position in (0, 1, 62, 63, 64)] == [0, 0, 1, 15, 0]
    assert [count_chunks(size) for size in (0, 1, 64, 65, 128)] == [0, 1, 1, 2, 2]


def test_an_empty_log_has_no_tree() -> None:
    assert StatusTree(SM3).compute_root() == EMPTY_ROOT == bytes(32)


@pytest.mark.parametrize("size", [1, 63, 64, 65, 128, 129, 64 * 5, 64 * 7 + 1, 64 * 8])
def test_a_tree_is_that_of_its_chunks(size: int) -> None:
    tree = StatusTree(SM3)
    tree.grow(size)
    for position in range(0, size, 13):
        tree.set(position, 4)
    chunks = [tree.get_chunk(position) for position in range(0, size, 64)]
    assert (
        tree.compute_root()
        == MerkleTree(SM3, [hash_chunk(SM3, number, chunk) for number, chunk in enumerate(chunks)]).root
    )
    for position in (0, size // 2, size - 1):
        assert (
            compute_staple_root(SM3, size, position, tree.get_chunk(position), tree.find_path(position))
            == tree.compute_root()
        )
        assert (
            tree.get(position)
            == read_status(tree.get_chunk(position), position)
            == (0 if position % 13 else 4)
        )


def test_high_and_low_halves() -> None:
    tree = StatusTree(SM3)
    tree.grow(4)
    tree.set(0, 1)
    tree.set(1, 8)
    tree.set(3, 4)
    assert tree.get_chunk(0)[:2] == b"\x18\x04"
    tree.set(1, 0)
    assert (tree.get(0), tree.get(1), tree.get_chunk(0)[0]) == (1, 0, 0x10)


def test_positions_that_are_not_there() -> None:
    tree = StatusTree(SM3)
    tree.grow(65)
    tree.grow(65)
    for position in (-1, 65, 127):
        with pytest.raises(IndexError):
            tree.get(position)
        with pytest.raises(IndexError):
            tree.set(position, 1)
    with pytest.raises(ValueError, match="never shrinks"):
        tree.grow(64)


@pytest.mark.parametrize(
    ("position", "content"), [(9, bytes(32)), (-1, bytes(32)), (0, bytes(31)), (0, bytes(33))]
)
def test_a_staple_of_another_form(position: int, content: bytes) -> None:
    with pytest.raises(MalformedInput):
        compute_staple_root(SM3, 9, position, content, [])


def test_names_of_the_statuses() -> None:
    assert [status.name.lower() for status in Status] == [
        "valid", "suspended", "superseded", "cancelled", "revoked", "withdrawn", "transferred", "void", "reinstated",
    ]  # fmt: skip


@pytest.mark.parametrize("size", [1, 64 * 8, 64 * 8 + 1, 64 * 8 * 5 + 70])
def test_a_tree_is_restored_from_its_blocks(size: int) -> None:
    tree = StatusTree(SM3)
    tree.grow(size)
    tree.set(size - 1, 4)
    blocks = tree.take_changed_blocks()
    assert [block.number for block in blocks] == list(range(len(blocks)))
    assert all(block.node == hash_block(SM3, block.number, block.content) for block in blocks)
    restored = StatusTree.restore(SM3, size, blocks)
    assert (restored.compute_root(), restored.find_path(0), restored.get(size - 1)) == (
        tree.compute_root(),
        tree.find_path(0),
        4,
    )
    assert restored.is_sound()
    assert not restored.take_changed_blocks()
    for same in (tree, restored):
        same.grow(size + 700)
        same.set(0, 1)
    assert restored.compute_root() == tree.compute_root()
    assert restored.take_changed_blocks() == tree.take_changed_blocks() != []


def test_a_tree_tells_which_blocks_changed() -> None:
    tree = StatusTree(SM3)
    tree.grow(512 * 3)
    assert [block.number for block in tree.take_changed_blocks()] == [0, 1, 2]
    assert not tree.take_changed_blocks()
    tree.set(512, 1)
    tree.compute_root()
    tree.set(512 * 3 - 1, 1)
    assert [block.number for block in tree.take_changed_blocks()] == [1, 2]
    tree.grow(512 * 3 + 1)
    assert [block.number for block in tree.take_changed_blocks()] == [3]
    tree.grow(512 * 3 + 64)  # within its chunk: nothing changes
    assert not tree.take_changed_blocks()
    tree.grow(512 * 3 + 65)
    assert [(block.number, len(block.content)) for block in tree.take_changed_blocks()] == [(3, 64)]


def test_blocks_that_are_not_those_of_a_tree() -> None:
    tree = StatusTree(SM3)
    tree.grow(512 * 2 + 65)
    first, second, third = tree.take_changed_blocks()
    short = StatusBlock(2, third.content[:32], third.node)
    for blocks in (
        [],
        [first, second],
        [second, first, third],
        [first, second, short],
        [first, second, third, third],
    ):
        with pytest.raises(MalformedInput):
            StatusTree.restore(SM3, tree.size, blocks)
    with pytest.raises(MalformedInput):
        StatusTree.restore(SM3, tree.size, [first, second, StatusBlock(2, third.content, b"")])
    altered = StatusBlock(1, b"\x40" + second.content[1:], second.node)
    restored = StatusTree.restore(SM3, tree.size, [first, altered, third])
    assert restored.compute_root() == tree.compute_root()
    assert not restored.is_sound()
