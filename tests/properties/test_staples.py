"""Ranges of statuses: bytes are a range or refused, and its staples lead to its root."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.crypto.suites import SHA256
from ledger.errors import MalformedInput
from ledger.proof.staples import RANGE_CHUNKS, RANGE_POSITIONS, StatusRange, decode_range
from ledger.registry.status import StatusTree, compute_staple_root, read_status

SIZES = st.one_of(st.integers(1, 700), st.integers(RANGE_POSITIONS - 70, RANGE_POSITIONS + 70))


def _range(size: int, changed: set[int], first: int) -> tuple[StatusRange, bytes]:
    tree = StatusTree(SHA256)
    tree.grow(size)
    for position in changed:
        tree.set(position % size, 4)
    chunks, path = tree.get_chunks(first, RANGE_CHUNKS), tuple(tree.find_path_above(first, RANGE_CHUNKS))
    return StatusRange(SHA256, "tianmen", 1, 0, size, first, chunks, path), tree.compute_root()


@given(SIZES, st.sets(st.integers(0, 2**20), max_size=5), st.data())
@settings(max_examples=20, deadline=None)
def test_every_staple_of_a_range_leads_to_its_root(size: int, changed: set[int], data: st.DataObject) -> None:
    first = data.draw(st.sampled_from(range(0, size, RANGE_POSITIONS)))
    statuses, root = _range(size, changed, first)
    assert decode_range(statuses.encode()) == statuses
    position = data.draw(st.integers(first, min(size, first + RANGE_POSITIONS) - 1))
    staple = statuses.make_staple(position)
    assert (
        compute_staple_root(SHA256, size, position, staple.chunk, staple.path)
        == statuses.compute_root()
        == root
    )
    expected = 4 if position in {place % size for place in changed} else 0
    assert read_status(staple.chunk, position) == expected


@given(st.binary(max_size=300))
def test_bytes_are_a_range_or_refused(data: bytes) -> None:
    try:
        decode_range(data)
    except MalformedInput:
        return
    raise AssertionError("random bytes were read as a range")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_member_altered_is_a_range_or_refused(data: st.DataObject) -> None:
    body = json.loads(_range(200, {3}, 0)[0].encode())
    name = data.draw(st.sampled_from(sorted(body)))
    values = st.one_of(
        st.integers(-1, 2**60), st.text(max_size=60), st.none(), st.lists(st.text(max_size=64), max_size=3)
    )
    body[name] = data.draw(values)
    try:
        statuses = decode_range(json.dumps(body).encode())
    except MalformedInput:
        return
    assert decode_range(statuses.encode()) == statuses
