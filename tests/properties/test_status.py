"""The status tree and the words of anchors, against the plainest reading of RFC 9162."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.crypto.suites import SHA256, Suite
from ledger.errors import MalformedInput
from ledger.registry.status import Status, StatusTree, compute_staple_root, decode_changes, encode_changes

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("grow"), st.integers(0, 500)),
        st.tuples(st.just("set"), st.integers(0, 2**31), st.integers(0, 8)),
        st.just(("root",)),
    ),
    max_size=30,
)


def merkle_tree_hash(suite: Suite, leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return suite.hash(b"\x00" + leaves[0])
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return suite.hash(
        b"\x01" + merkle_tree_hash(suite, leaves[:split]) + merkle_tree_hash(suite, leaves[split:])
    )


def naive_root(suite: Suite, statuses: list[int]) -> bytes:
    if not statuses:
        return bytes(32)
    padded = statuses + [0] * (-len(statuses) % 64)
    chunks = [padded[start : start + 64] for start in range(0, len(padded), 64)]
    packed = [
        bytes(high << 4 | low for high, low in zip(chunk[::2], chunk[1::2], strict=True)) for chunk in chunks
    ]
    leaves = [
        b"shunzheng/status/1" + number.to_bytes(5, "big") + chunk for number, chunk in enumerate(packed)
    ]
    return merkle_tree_hash(suite, leaves)


@given(STEPS)
@settings(max_examples=200)
def test_a_tree_equals_a_naive_one(steps: list[tuple[object, ...]]) -> None:
    tree, statuses = StatusTree(SHA256), list[int]()
    for step in steps:
        match step:
            case ("grow", int(count)):
                statuses += [0] * count
                tree.grow(len(statuses))
            case ("set", int(position), int(status)) if statuses:
                statuses[position % len(statuses)] = status
                tree.set(position % len(statuses), status)
            case ("root",):
                assert tree.compute_root() == naive_root(SHA256, statuses)
    root = tree.compute_root()
    assert root == naive_root(SHA256, statuses)
    for position in range(0, len(statuses), 37):
        assert tree.get(position) == statuses[position]
        assert (
            compute_staple_root(
                SHA256, len(statuses), position, tree.get_chunk(position), tree.find_path(position)
            )
            == root
        )


@given(st.integers(1, 700), st.data())
def test_a_staple_proves_its_own_position_alone(size: int, data: st.DataObject) -> None:
    tree = StatusTree(SHA256)
    tree.grow(size)
    for position in data.draw(st.sets(st.integers(0, size - 1), max_size=5)):
        tree.set(position, 4)
    position = data.draw(st.integers(0, size - 1))
    chunk, path = bytearray(tree.get_chunk(position)), tree.find_path(position)
    elsewhere = data.draw(st.integers(0, 2 * size))
    if elsewhere // 64 != position // 64:
        assert _root(elsewhere, size, bytes(chunk), path) != tree.compute_root()
    chunk[data.draw(st.integers(0, 31))] ^= data.draw(st.integers(1, 255))
    assert _root(position, size, bytes(chunk), path) != tree.compute_root()


def _root(position: int, size: int, chunk: bytes, path: list[bytes]) -> bytes | None:
    try:
        return compute_staple_root(SHA256, size, position, chunk, path)
    except MalformedInput:
        return None


@given(st.binary(max_size=60), st.integers(0, 2**40))
def test_words_are_read_exactly_or_refused(words: bytes, size: int) -> None:
    try:
        changes = decode_changes(words, size)
    except MalformedInput:
        return
    assert encode_changes(changes) == words
    assert all(left < right for (left, _), (right, _) in pairwise(changes))
    assert all(position < size for position, _ in changes)


@given(st.dictionaries(st.integers(0, 2**40 - 1), st.sampled_from(Status), max_size=40))
def test_changes_come_back(changes: dict[int, Status]) -> None:
    assert decode_changes(encode_changes(sorted(changes.items())), 2**40) == sorted(changes.items())
