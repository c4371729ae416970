"""Append-only trees of any size: a naive reading of RFC 9162, and any change in a proof."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.crypto.append_only import (
    Frontier,
    check_consistency,
    count_completed,
    prove_consistency,
    prove_inclusion,
)
from ledger.crypto.suites import SHA256, SM3, Suite
from ledger.crypto.trees import MerkleTree, compute_root, hash_leaf, hash_node
from ledger.errors import LimitExceeded, MalformedInput

SUITES = st.sampled_from([SM3, SHA256])
SIZES = st.integers(1, 80) | st.sampled_from([127, 128, 129, 255, 256, 257])


class Store:
    """A tree whose nodes are kept as a store keeps them: with the leaf that completed them."""

    def __init__(self, suite: Suite, size: int, word: str = "") -> None:
        self.suite = suite
        self.leaves = [hash_leaf(suite, f"{word}{index}".encode()) for index in range(size)]
        self.frontier = Frontier(suite)
        self.rows = [self.frontier.append(leaf) for leaf in self.leaves]

    def read_node(self, level: int, number: int) -> bytes:
        return self.rows[(number + 1 << level) - 1][level]

    def root(self, size: int) -> bytes:
        return MerkleTree(self.suite, self.leaves[:size]).root


def naive_subproof(suite: Suite, old_size: int, leaves: list[bytes], is_whole: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1, word for word."""
    size = len(leaves)
    if old_size == size:
        return [] if is_whole else [MerkleTree(suite, leaves).root]
    k = 1
    while k * 2 < size:
        k *= 2
    if old_size <= k:
        return [*naive_subproof(suite, old_size, leaves[:k], is_whole), MerkleTree(suite, leaves[k:]).root]
    return [*naive_subproof(suite, old_size - k, leaves[k:], False), MerkleTree(suite, leaves[:k]).root]


@given(SUITES, SIZES, st.data())
def test_nodes_once_made_serve_every_size(suite: Suite, size: int, data: st.DataObject) -> None:
    store, earlier_size = Store(suite, size), data.draw(st.integers(1, size))
    assert store.frontier.root() == store.root(size)
    assert Frontier(suite, earlier_size, store.read_node).root() == store.root(earlier_size)
    assert [len(row) for row in store.rows] == [count_completed(n) for n in range(1, size + 1)]


@given(SUITES, SIZES, st.data())
def test_a_restored_frontier_grows_on(suite: Suite, size: int, data: st.DataObject) -> None:
    store, earlier_size = Store(suite, size), data.draw(st.integers(0, size))
    frontier = Frontier(suite, earlier_size, store.read_node)
    assert [frontier.append(leaf) for leaf in store.leaves[earlier_size:]] == store.rows[earlier_size:]
    assert (frontier.size, frontier.root()) == (size, store.root(size))


@given(SUITES, SIZES, st.data())
def test_an_inclusion_path_is_that_of_the_whole_tree(suite: Suite, size: int, data: st.DataObject) -> None:
    store, part_size = Store(suite, size), data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, part_size - 1))
    path = prove_inclusion(suite, index, part_size, store.read_node)
    assert path == MerkleTree(suite, store.leaves[:part_size]).find_path(index)
    assert compute_root(suite, store.leaves[index], index, part_size, path) == store.root(part_size)


@given(SUITES, SIZES, st.data())
def test_a_consistency_proof_is_the_standards_and_leads_to_both_roots(
    suite: Suite, size: int, data: st.DataObject
) -> None:
    store, old_size = Store(suite, size), data.draw(st.integers(1, size))
    path = prove_consistency(suite, old_size, size, store.read_node)
    assert path == naive_subproof(suite, old_size, store.leaves, is_whole=True)
    check_consistency(suite, old_size, store.root(old_size), size, store.root(size), path)


@given(SUITES, SIZES, st.data())
def test_any_change_of_a_consistency_proof_is_noticed(suite: Suite, size: int, data: st.DataObject) -> None:
    store, old_size = Store(suite, size), data.draw(st.integers(1, size))
    path = prove_consistency(suite, old_size, size, store.read_node)
    texts = [store.root(old_size), store.root(size), *path]
    place, bit = data.draw(st.integers(0, len(texts) - 1)), data.draw(st.integers(0, 255))
    texts[place] = (int.from_bytes(texts[place], "big") ^ 1 << bit).to_bytes(32, "big")
    with pytest.raises(MalformedInput):
        check_consistency(suite, old_size, texts[0], size, texts[1], texts[2:])
    for other_path in ([*path, bytes(32)], [bytes(32), *path], path[1:] if path else [bytes(32)]):
        with pytest.raises(MalformedInput):
            check_consistency(suite, old_size, store.root(old_size), size, store.root(size), other_path)


@given(SUITES, SIZES, st.data())
def test_no_other_sizes_fit_a_consistency_proof(suite: Suite, size: int, data: st.DataObject) -> None:
    store, old_size = Store(suite, size), data.draw(st.integers(1, size))
    path = prove_consistency(suite, old_size, size, store.read_node)
    other_old_size = data.draw(st.integers(-1, size + 1))
    assume(other_old_size != old_size)
    with pytest.raises(MalformedInput):
        check_consistency(suite, other_old_size, store.root(old_size), size, store.root(size), path)


# --- named attacks


@given(SUITES, st.integers(2, 80), st.data())
def test_attack_a_consistency_proof_that_forks(suite: Suite, size: int, data: st.DataObject) -> None:
    """The later tree has another event among those that the earlier one held: no proof leads to both roots."""
    old_size = data.draw(st.integers(1, size - 1))
    store, forked_store = Store(suite, size), Store(suite, size)
    replaced_index = data.draw(st.integers(0, old_size - 1))
    forked_leaves = list(store.leaves)
    forked_leaves[replaced_index] = hash_leaf(suite, b"another act")
    frontier = Frontier(suite)
    forked_store.leaves, forked_store.rows = forked_leaves, [frontier.append(leaf) for leaf in forked_leaves]
    old_root, root = store.root(old_size), forked_store.root(size)
    for prover in (store, forked_store):
        path = prove_consistency(suite, old_size, size, prover.read_node)
        with pytest.raises(MalformedInput, match="does not go on"):
            check_consistency(suite, old_size, old_root, size, root, path)


@given(SUITES, st.integers(3, 80), st.data())
def test_attack_a_tree_that_forgets(suite: Suite, size: int, data: st.DataObject) -> None:
    """The later tree lacks a leaf that the earlier one held, and has another at the end instead."""
    old_size = data.draw(st.integers(2, size - 1))
    store, forgetful_store = Store(suite, size), Store(suite, 0)
    forgotten_index = data.draw(st.integers(0, old_size - 1))
    leaves = [leaf for index, leaf in enumerate(store.leaves) if index != forgotten_index]
    leaves.append(hash_leaf(suite, b"one more"))
    forgetful_store.leaves = leaves
    forgetful_store.rows = [forgetful_store.frontier.append(leaf) for leaf in leaves]
    path = prove_consistency(suite, old_size, size, forgetful_store.read_node)
    with pytest.raises(MalformedInput, match="does not go on"):
        check_consistency(suite, old_size, store.root(old_size), size, forgetful_store.root(size), path)


def test_a_longer_proof_than_any_tree_has_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        check_consistency(SM3, 1, bytes(32), 2, bytes(32), [bytes(32)] * 42)


@pytest.mark.parametrize("sizes", [(0, 1), (0, 0), (2, 1), (-1, 1), (1, 2**40)])
def test_sizes_of_no_trees_are_refused(sizes: tuple[int, int]) -> None:
    with pytest.raises(MalformedInput):
        check_consistency(SM3, sizes[0], bytes(32), sizes[1], bytes(32), [])


def test_a_proof_of_what_is_not_there_is_not_made() -> None:
    store = Store(SM3, 3)
    for old_size, size in ((0, 3), (3, 2)):
        with pytest.raises(MalformedInput):
            prove_consistency(SM3, old_size, size, store.read_node)
    with pytest.raises(MalformedInput):
        prove_inclusion(SM3, 3, 3, store.read_node)
    with pytest.raises(MalformedInput):
        Frontier(SM3).root()


def test_a_lone_last_node_moves_up_unchanged() -> None:
    first, second, third = Store(SM3, 3).leaves
    assert Store(SM3, 3).frontier.root() == hash_node(SM3, hash_node(SM3, first, second), third)
