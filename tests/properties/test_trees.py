"""Trees of any size: a naive reading of RFC 9162, and any change in a proof."""

from contextlib import suppress
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.crypto.suites import SHA256, SM3, Suite
from ledger.crypto.trees import (
    CountedTree,
    MerkleTree,
    PathElement,
    Side,
    compute_root,
    follow_counted_path,
    hash_counted_leaf,
    hash_counted_node,
    hash_leaf,
    hash_node,
)
from ledger.errors import MalformedInput

SUITES = st.sampled_from([SM3, SHA256])
SIZES = st.integers(1, 80) | st.sampled_from([127, 128, 129, 255, 256, 257])
COUNTS = st.lists(st.integers(1, 2**20) | st.integers(1, 3), min_size=1, max_size=40)


def leaves_of(suite: Suite, size: int) -> list[bytes]:
    return [hash_leaf(suite, b"%d" % index) for index in range(size)]


def counted_leaves_of(suite: Suite, counts: list[int]) -> list[tuple[int, bytes]]:
    return [(count, hash_counted_leaf(suite, count, b"%d" % index)) for index, count in enumerate(counts)]


# --- the reference: sections 2.1.1 and 2.1.3.1 of RFC 9162, word for word


def split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def naive_root(suite: Suite, leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hash_node(suite, naive_root(suite, leaves[:k]), naive_root(suite, leaves[k:]))


def naive_path(suite: Suite, index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*naive_path(suite, index, leaves[:k]), naive_root(suite, leaves[k:])]
    return [*naive_path(suite, index - k, leaves[k:]), naive_root(suite, leaves[:k])]


def naive_sides(index: int, size: int) -> str:
    """On which side each sibling stands, lowest first: what of index and size a path depends on."""
    if size == 1:
        return ""
    k = split(size)
    return naive_sides(index, k) + "R" if index < k else naive_sides(index - k, size - k) + "L"


def naive_counted(suite: Suite, leaves: list[tuple[int, bytes]]) -> tuple[int, bytes]:
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    left, right = naive_counted(suite, leaves[:k]), naive_counted(suite, leaves[k:])
    return left[0] + right[0], hash_counted_node(suite, *left, *right)


def naive_counted_path(suite: Suite, index: int, leaves: list[tuple[int, bytes]]) -> list[PathElement]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        right = PathElement("right", *naive_counted(suite, leaves[k:]))
        return [*naive_counted_path(suite, index, leaves[:k]), right]
    left = PathElement("left", *naive_counted(suite, leaves[:k]))
    return [*naive_counted_path(suite, index - k, leaves[k:]), left]


# --- plain trees


@given(SUITES, SIZES)
def test_the_tree_is_that_of_rfc_9162(suite: Suite, size: int) -> None:
    leaves = leaves_of(suite, size)
    tree = MerkleTree(suite, leaves)
    assert tree.root == naive_root(suite, leaves)
    for index in range(min(size, 40)):
        assert tree.find_path(index) == naive_path(suite, index, leaves)


@given(SUITES, SIZES)
def test_every_leaf_is_proved(suite: Suite, size: int) -> None:
    leaves = leaves_of(suite, size)
    tree = MerkleTree(suite, leaves)
    for index, leaf in enumerate(leaves):
        assert compute_root(suite, leaf, index, size, tree.find_path(index)) == tree.root


def leads_to(root: bytes, suite: Suite, leaf: bytes, index: int, size: int, path: list[bytes]) -> bool:
    try:
        return compute_root(suite, leaf, index, size, path) == root
    except MalformedInput:
        return False


def flipped(data: bytes, bit: int) -> bytes:
    number = int.from_bytes(data, "big") ^ (1 << bit % (8 * len(data)))
    return number.to_bytes(len(data), "big")


@given(SUITES, st.integers(1, 300), st.data())
def test_any_changed_bit_fails(suite: Suite, size: int, data: st.DataObject) -> None:
    leaves = leaves_of(suite, size)
    tree = MerkleTree(suite, leaves)
    index = data.draw(st.integers(0, size - 1), "index")
    bit = data.draw(st.integers(0, 255), "bit")
    leaf, path, root = leaves[index], tree.find_path(index), tree.root
    assert leads_to(root, suite, leaf, index, size, path)

    assert not leads_to(root, suite, flipped(leaf, bit), index, size, path)
    assert not leads_to(flipped(root, bit), suite, leaf, index, size, path)
    for level in range(len(path)):
        spoilt = [*path[:level], flipped(path[level], bit), *path[level + 1 :]]
        assert not leads_to(root, suite, leaf, index, size, spoilt)
    for place in range(64):
        assert not leads_to(root, suite, leaf, index ^ 1 << place, size, path)
    for place in range(64):
        other = size ^ 1 << place
        alike = 0 <= index < other < 2**40 and naive_sides(index, other) == naive_sides(index, size)
        # RFC 9162 paths do not commit to the size where the way up is the same: it comes from a signed statement
        assert leads_to(root, suite, leaf, index, other, path) == alike


@given(SUITES, st.integers(2, 100), st.data())
def test_a_path_with_elements_missing_added_or_swapped_fails(
    suite: Suite, size: int, data: st.DataObject
) -> None:
    leaves = leaves_of(suite, size)
    tree = MerkleTree(suite, leaves)
    index = data.draw(st.integers(0, size - 1), "index")
    path = tree.find_path(index)
    at = data.draw(st.integers(0, len(path) - 1), "at")
    assert not leads_to(tree.root, suite, leaves[index], index, size, path[:at] + path[at + 1 :])
    for extra in (tree.root, leaves[index], bytes(32), path[at]):
        assert not leads_to(tree.root, suite, leaves[index], index, size, [*path[:at], extra, *path[at:]])
        assert not leads_to(tree.root, suite, leaves[index], index, size, [*path, extra])
    if len(path) > 1:
        assert not leads_to(tree.root, suite, leaves[index], index, size, path[1:] + path[:1])


@given(SUITES, st.integers(1, 60), st.data())
def test_another_list_has_another_root(suite: Suite, size: int, data: st.DataObject) -> None:
    leaves = leaves_of(suite, size)
    other = list(leaves)
    at = data.draw(st.integers(0, size - 1), "at")
    match data.draw(st.sampled_from(["drop", "double", "swap", "change", "double the last"])):
        case "drop":
            del other[at]
        case "double":
            other.insert(at, other[at])
        case "swap":
            other[at], other[0] = other[0], other[at]
        case "change":
            other[at] = flipped(other[at], 0)
        case _:
            other.append(other[-1])
    assume(other not in ([], leaves))
    assert MerkleTree(suite, other).root != MerkleTree(suite, leaves).root


@given(
    st.binary(max_size=40),
    st.integers(),
    st.integers() | st.integers(0, 100),
    st.lists(st.binary(max_size=33) | st.binary(min_size=32, max_size=32), max_size=50),
)
def test_any_arguments_raise_only_malformed_input(
    leaf: bytes, index: int, size: int, path: list[bytes]
) -> None:
    with suppress(MalformedInput):
        assert len(compute_root(SM3, leaf, index, size, path)) == 32


# --- counted trees


@given(SUITES, COUNTS)
def test_the_counted_tree_has_the_shape_of_rfc_9162(suite: Suite, counts: list[int]) -> None:
    leaves = counted_leaves_of(suite, counts)
    tree = CountedTree(suite, leaves)
    assert (tree.record_count, tree.root) == naive_counted(suite, leaves)
    for index in range(len(leaves)):
        assert tree.find_path(index) == naive_counted_path(suite, index, leaves)


@given(SUITES, COUNTS)
def test_counts_add_up(suite: Suite, counts: list[int]) -> None:
    leaves = counted_leaves_of(suite, counts)
    tree = CountedTree(suite, leaves)
    assert tree.record_count == sum(counts)
    for index, (count, leaf) in enumerate(leaves):
        counted = follow_counted_path(suite, count, leaf, tree.find_path(index))
        assert (counted.root, counted.first_position, counted.record_count) == (
            tree.root,
            sum(counts[:index]),
            sum(counts),
        )


def counted_leads_to(root: bytes, suite: Suite, count: int, leaf: bytes, path: list[PathElement]) -> bool:
    try:
        return follow_counted_path(suite, count, leaf, path).root == root
    except MalformedInput:
        return False


@given(SUITES, COUNTS, st.data())
def test_any_changed_count_side_or_hash_fails(suite: Suite, counts: list[int], data: st.DataObject) -> None:
    leaves = counted_leaves_of(suite, counts)
    tree = CountedTree(suite, leaves)
    index = data.draw(st.integers(0, len(leaves) - 1), "index")
    bit = data.draw(st.integers(0, 255), "bit")
    (count, leaf), path = leaves[index], tree.find_path(index)
    assert counted_leads_to(tree.root, suite, count, leaf, path)

    assert not counted_leads_to(tree.root, suite, count, flipped(leaf, bit), path)
    if path:
        assert not counted_leads_to(tree.root, suite, count ^ 1 << bit % 64, leaf, path)
        assert not counted_leads_to(tree.root, suite, count, leaf, path[:-1])
    assert not counted_leads_to(tree.root, suite, count, leaf, [*path, PathElement("left", 1, bytes(32))])
    for level, element in enumerate(path):
        side: Side = "left" if element.side == "right" else "right"
        for spoilt in (
            replace(element, side=side),
            replace(element, record_count=element.record_count ^ 1 << bit % 64),
            replace(element, hash=flipped(element.hash, bit)),
        ):
            assert not counted_leads_to(
                tree.root, suite, count, leaf, [*path[:level], spoilt, *path[level + 1 :]]
            )


@given(SUITES, st.lists(st.integers(1, 50), min_size=2, max_size=12), st.data())
def test_moving_records_between_entries_changes_the_root(
    suite: Suite, counts: list[int], data: st.DataObject
) -> None:
    """Two batches of the same total whose entries begin elsewhere never share a root."""
    leaves = counted_leaves_of(suite, counts)
    giver, taker = data.draw(st.permutations(range(len(counts))), "order")[:2]
    assume(counts[giver] > 1)
    moved = list(leaves)
    moved[giver] = (counts[giver] - 1, leaves[giver][1])
    moved[taker] = (counts[taker] + 1, leaves[taker][1])
    other = CountedTree(suite, moved)
    assert other.record_count == sum(counts)
    assert other.root != CountedTree(suite, leaves).root


@given(
    st.integers(),
    st.binary(max_size=33) | st.binary(min_size=32, max_size=32),
    st.lists(
        st.builds(
            PathElement,
            st.sampled_from(["left", "right"]) | st.text(max_size=5),
            st.integers() | st.integers(1, 2**40),
            st.binary(max_size=33) | st.binary(min_size=32, max_size=32),
        ),
        max_size=45,
    ),
)
def test_any_counted_path_raises_only_malformed_input(
    count: int, leaf: bytes, path: list[PathElement]
) -> None:
    try:
        counted = follow_counted_path(SM3, count, leaf, path)
    except MalformedInput:
        return
    assert 0 <= counted.first_position < counted.record_count < 2**40
