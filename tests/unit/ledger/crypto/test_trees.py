"""Trees: the traps into which other Merkle trees have fallen, one test each."""

import hashlib

import pytest

from ledger.crypto.suites import SHA256, SM3
from ledger.crypto.trees import (
    EMPTY_ROOT,
    CountedRoot,
    CountedTree,
    MerkleTree,
    PathElement,
    compute_root,
    follow_counted_path,
    hash_counted_leaf,
    hash_counted_node,
    hash_leaf,
    hash_node,
)
from ledger.errors import LimitExceeded, MalformedInput
from ledger.limits import MAX_LOG_SIZE, MAX_PATH


def leaves(size: int) -> list[bytes]:
    return [hash_leaf(SM3, b"record %d" % index) for index in range(size)]


def counted_leaves(*counts: int) -> list[tuple[int, bytes]]:
    return [(count, hash_counted_leaf(SM3, count, b"entry %d" % index)) for index, count in enumerate(counts)]


def test_rfc_9162_hashes_of_leaf_and_node() -> None:
    left, right = bytes(32), b"\xff" * 32
    assert hash_leaf(SHA256, b"data") == hashlib.sha256(b"\x00data").digest()
    assert hash_node(SHA256, left, right) == hashlib.sha256(b"\x01" + left + right).digest()


def test_leaf_and_node_have_different_prefixes() -> None:
    left, right = leaves(2)
    assert hash_node(SM3, left, right) != SM3.hash(left + right)
    assert hash_node(SM3, left, right) != hash_leaf(SM3, left + right)


def test_an_inner_node_cannot_pass_for_a_leaf() -> None:
    tree = MerkleTree(SM3, leaves(4))
    left, right = leaves(2)
    forged = hash_leaf(
        SM3, left + right
    )  # the preimage of the inner node, registered as if it were a document
    assert compute_root(SM3, forged, 0, 2, tree.find_path(0)[1:]) != tree.root


def test_an_inner_node_as_leaf_hash_does_not_fit_the_signed_size() -> None:
    tree = MerkleTree(SM3, leaves(4))
    inner = hash_node(SM3, *leaves(2))
    assert (
        compute_root(SM3, inner, 0, 2, tree.find_path(0)[1:]) == tree.root
    )  # why the size must come from elsewhere
    with pytest.raises(MalformedInput, match="1 path elements do not fit leaf 0 in a tree of 4"):
        compute_root(SM3, inner, 0, 4, tree.find_path(0)[1:])


def test_a_lone_last_node_is_not_doubled() -> None:
    three = leaves(3)
    tree = MerkleTree(SM3, three)
    assert tree.root == hash_node(SM3, hash_node(SM3, three[0], three[1]), three[2])
    assert tree.root != MerkleTree(SM3, [*three, three[2]]).root  # CVE-2012-2459: two lists, one root
    assert tree.find_path(2) == [hash_node(SM3, three[0], three[1])]


def test_a_tree_of_size_0_is_refused() -> None:
    with pytest.raises(MalformedInput, match="1 to 2\\^40-1 leaves, not 0"):
        MerkleTree(SM3, [])
    with pytest.raises(MalformedInput, match="1 to 2\\^40-1 leaves, not 0"):
        CountedTree(SM3, [])
    with pytest.raises(MalformedInput, match="1 to 2\\^40-1 leaves, not 0"):
        compute_root(SM3, bytes(32), 0, 0, [])


def test_a_tree_of_one_is_its_leaf_and_proves_only_that() -> None:
    (only,) = leaves(1)
    tree = MerkleTree(SM3, [only])
    assert (tree.root, tree.size, tree.find_path(0)) == (only, 1, [])
    with pytest.raises(MalformedInput, match="1 path elements do not fit"):
        compute_root(SM3, only, 0, 1, [bytes(32)])


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_hashes_that_are_not_32_bytes_are_refused(length: int) -> None:
    good, bad = bytes(32), bytes(length)
    with pytest.raises(MalformedInput, match="a hash has 32 bytes"):
        MerkleTree(SM3, [good, bad])
    with pytest.raises(MalformedInput, match="a hash has 32 bytes"):
        CountedTree(SM3, [(1, good), (1, bad)])
    with pytest.raises(MalformedInput, match="a hash has 32 bytes"):
        compute_root(SM3, bad, 0, 2, [good])
    with pytest.raises(MalformedInput, match="a hash has 32 bytes"):
        compute_root(SM3, good, 0, 2, [bad])
    with pytest.raises(MalformedInput, match="a hash has 32 bytes"):
        follow_counted_path(SM3, 1, bad, [])
    with pytest.raises(MalformedInput, match="a hash has 32 bytes"):
        follow_counted_path(SM3, 1, good, [PathElement("left", 1, bad)])


def test_every_document_has_a_proof_of_its_own() -> None:
    tree = MerkleTree(SM3, leaves(100))
    proofs = {(index, tuple(tree.find_path(index))) for index in range(100)}
    assert len({path for _, path in proofs}) == 100
    for index in range(100):
        other = (index + 1) % 100
        assert compute_root(SM3, leaves(100)[index], index, 100, tree.find_path(index)) == tree.root
        assert leads_elsewhere(leaves(100)[other], index, 100, tree.find_path(index), tree.root)
        assert leads_elsewhere(leaves(100)[index], other, 100, tree.find_path(index), tree.root)


def leads_elsewhere(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    try:
        return compute_root(SM3, leaf, index, size, path) != root
    except MalformedInput:
        return True


def test_a_path_alone_does_not_tell_the_size() -> None:
    """Why `size` comes from a signed statement: RFC 9162 paths of some leaves fit trees of more than one size."""
    tree = MerkleTree(SM3, leaves(4))
    path = tree.find_path(0)
    assert (
        compute_root(SM3, leaves(4)[0], 0, 3, path)
        == compute_root(SM3, leaves(4)[0], 0, 4, path)
        == tree.root
    )


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (6, 5), (2**64, 5)])
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(MalformedInput, match=f"there is no leaf {index} in a tree of {size}"):
        compute_root(SM3, bytes(32), index, size, [bytes(32)] * 3)
    for tree in (MerkleTree(SM3, leaves(size)), CountedTree(SM3, counted_leaves(*[1] * size))):
        with pytest.raises(IndexError):
            tree.find_path(index)


@pytest.mark.parametrize("size", [-1, MAX_LOG_SIZE, 2**64])
def test_an_impossible_size_is_refused(size: int) -> None:
    with pytest.raises(MalformedInput, match="1 to 2\\^40-1 leaves"):
        compute_root(SM3, bytes(32), 0, size, [])


def test_a_path_of_41_elements_is_refused_before_any_hash() -> None:
    longest = [bytes(32)] * MAX_PATH
    assert compute_root(SM3, bytes(32), 0, MAX_LOG_SIZE - 1, longest)
    assert (
        follow_counted_path(SM3, 1, bytes(32), [PathElement("left", 1, bytes(32))] * MAX_PATH).record_count
        == MAX_PATH + 1
    )
    with pytest.raises(LimitExceeded, match="at most 40 elements, not 41"):
        compute_root(SM3, bytes(32), 0, MAX_LOG_SIZE - 1, [*longest, bytes(32)])
    with pytest.raises(LimitExceeded, match="at most 40 elements, not 41"):
        follow_counted_path(SM3, 1, bytes(32), [PathElement("left", 1, bytes(32))] * (MAX_PATH + 1))


@pytest.mark.parametrize("length", [0, 1, 2, 4, 5])
def test_a_path_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(MalformedInput, match=f"{length} path elements do not fit leaf 2 in a tree of 5"):
        compute_root(SM3, bytes(32), 2, 5, [bytes(32)] * length)


def test_the_suites_have_different_roots() -> None:
    assert MerkleTree(SM3, leaves(3)).root != MerkleTree(SHA256, leaves(3)).root


def test_a_tree_keeps_a_copy_of_its_leaves() -> None:
    hashes = leaves(3)
    tree = MerkleTree(SM3, hashes)
    hashes[0] = bytes(32)
    assert compute_root(SM3, leaves(3)[0], 0, 3, tree.find_path(0)) == tree.root


def test_counted_hashes() -> None:
    left, right = bytes(32), b"\xff" * 32
    assert hash_counted_leaf(SHA256, 258, b"data") == hashlib.sha256(b"\x00\0\0\0\0\0\0\1\2data").digest()
    expected = hashlib.sha256(b"\x01\0\0\0\0\0\0\0\3" + left + b"\0\0\0\0\0\0\0\4" + right).digest()
    assert hash_counted_node(SHA256, 3, left, 4, right) == expected


def test_a_batch_without_entries_has_the_root_zero() -> None:
    assert CountedTree.compute_root(SM3, []) == EMPTY_ROOT == bytes(32)
    leaves = counted_leaves(2, 3)
    assert CountedTree.compute_root(SM3, leaves) == CountedTree(SM3, leaves).root


def test_a_counted_path_tells_the_position() -> None:
    entries = counted_leaves(4000, 1, 7, 20, 300)
    tree = CountedTree(SM3, entries)
    assert (tree.record_count, tree.size) == (4328, 5)
    first = 0
    for index, (count, leaf) in enumerate(entries):
        assert follow_counted_path(SM3, count, leaf, tree.find_path(index)) == CountedRoot(
            tree.root, first, 4328
        )
        first += count


def test_a_counted_tree_of_one() -> None:
    ((count, leaf),) = counted_leaves(9)
    tree = CountedTree(SM3, [(count, leaf)])
    assert (tree.root, tree.record_count, tree.find_path(0)) == (leaf, 9, [])
    assert follow_counted_path(SM3, 9, leaf, []) == CountedRoot(leaf, 0, 9)


def test_a_batch_cannot_claim_positions_it_has_not() -> None:
    """An entry shown with another count, or a sibling with another count, leads to another root."""
    entries = counted_leaves(5, 6)
    tree = CountedTree(SM3, entries)
    (sibling,) = tree.find_path(0)
    assert follow_counted_path(SM3, 4, entries[0][1], [sibling]).root != tree.root
    assert (
        follow_counted_path(SM3, 5, entries[0][1], [PathElement("right", 7, sibling.hash)]).root != tree.root
    )


def test_a_counted_node_cannot_pass_for_a_plain_one() -> None:
    left, right = leaves(2)
    assert CountedTree(SM3, [(1, left), (1, right)]).root != MerkleTree(SM3, [left, right]).root


@pytest.mark.parametrize("count", [0, -1, MAX_LOG_SIZE, 2**64])
def test_counts_that_cannot_be_are_refused(count: int) -> None:
    digest = bytes(32)
    with pytest.raises(MalformedInput, match="counts lie between 1 and 2\\^40-1"):
        hash_counted_leaf(SM3, count, b"")
    with pytest.raises(MalformedInput, match="counts lie between 1 and 2\\^40-1"):
        hash_counted_node(SM3, count, digest, 5, digest)
    with pytest.raises(MalformedInput, match="counts lie between 1 and 2\\^40-1"):
        hash_counted_node(SM3, 5, digest, count, digest)
    with pytest.raises(MalformedInput, match="counts lie between 1 and 2\\^40-1"):
        CountedTree(SM3, [(count, digest)])
    with pytest.raises(MalformedInput, match="counts lie between 1 and 2\\^40-1"):
        follow_counted_path(SM3, count, digest, [])
    with pytest.raises(MalformedInput, match="counts lie between 1 and 2\\^40-1"):
        follow_counted_path(SM3, 1, digest, [PathElement("right", count, digest)])


def test_counts_that_add_up_to_too_much_are_refused() -> None:
    half, digest = MAX_LOG_SIZE // 2, bytes(32)
    with pytest.raises(MalformedInput, match="counts lie between 1 and 2\\^40-1"):
        CountedTree(SM3, [(half, digest), (half, digest)])
    with pytest.raises(MalformedInput, match="counts lie between 1 and 2\\^40-1"):
        follow_counted_path(SM3, half, digest, [PathElement("left", half, digest)])


@pytest.mark.parametrize("side", ["", "Left", "middle"])
def test_a_side_is_left_or_right(side: str) -> None:
    with pytest.raises(MalformedInput, match="left or right"):
        follow_counted_path(SM3, 1, bytes(32), [PathElement(side, 1, bytes(32))])  # type: ignore[arg-type]
