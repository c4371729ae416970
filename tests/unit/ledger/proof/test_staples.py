"""Ranges of statuses: every position's staple is in them, and nothing else passes for one."""

import base64
import json
import tracemalloc
import zlib
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from ledger.crypto.suites import SHA256, SM3
from ledger.crypto.trees import PathElement
from ledger.errors import LimitExceeded, MalformedInput, NewerFormat
from ledger.proof.proof import CountMismatch, OutsideBatch, Staple, compute_position
from ledger.proof.staples import (
    MAX_RANGE_BYTES,
    RANGE_CHUNKS,
    RANGE_POSITIONS,
    StatusRange,
    decode_range,
    find_position,
    refresh_staple,
)
from ledger.registry.status import StatusTree, compute_staple_root
from tests.scenes import scene

SIZES = [1, 64, 65, 5000, RANGE_POSITIONS, RANGE_POSITIONS + 1, 3 * RANGE_POSITIONS + 777]


@cache
def tree_of(size: int) -> StatusTree:
    tree = StatusTree(SHA256)
    tree.grow(size)
    for position in range(0, size, 1237):
        tree.set(position, 4)
    return tree


def range_of(size: int, first: int) -> StatusRange:
    tree = tree_of(size)
    chunks, path = tree.get_chunks(first, RANGE_CHUNKS), tuple(tree.find_path_above(first, RANGE_CHUNKS))
    return StatusRange(SHA256, "tianmen", 7, 1_772_413_200, size, first, chunks, path)


@pytest.mark.parametrize("size", SIZES)
def test_a_range_holds_the_staple_of_each_of_its_positions(size: int) -> None:
    tree = tree_of(size)
    for first in range(0, size, RANGE_POSITIONS):
        status_range = decode_range(range_of(size, first).encode())
        assert status_range == range_of(size, first)
        assert status_range.compute_root() == tree.compute_root()
        for position in (first, min(first + 1237, size - 1), min(first + RANGE_POSITIONS, size) - 1):
            staple = status_range.make_staple(position)
            assert staple == Staple(7, tree.get_chunk(position), tuple(tree.find_path(position)))
            assert (
                compute_staple_root(SHA256, size, position, staple.chunk, staple.path) == tree.compute_root()
            )
        for position in (first - 1, min(first + RANGE_POSITIONS, size)):
            with pytest.raises(MalformedInput, match="outside"):
                status_range.make_staple(position)


def body(**altered: Any) -> bytes:
    members = json.loads(range_of(5000, 0).encode())
    return json.dumps(
        {name: value for name, value in (members | altered).items() if value is not None}
    ).encode()


def deflated(content: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(content)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "altered",
    [
        {"chunks": deflated(bytes(32 * 78))},
        {"chunks": deflated(bytes(32 * 80))},
        {"chunks": deflated(bytes(2**24))},
        {"chunks": deflated(bytes(32 * 79))[:-4]},
        {"chunks": deflated(bytes(32 * 79)) + "AAAA"},
        {"chunks": "證"},
        {"chunks": 1},
        {"chunks": None},
        {"path": ["00" * 32]},
        {"path": ["00"]},
        {"position": 64},
        {"position": RANGE_POSITIONS},
        {"size": 0},
        {"size": 5121},
        {"size": 2**41},
        {"suite": "md5"},
        {"time": "yesterday"},
        {"more": 1},
        {"type": "shunzheng/proof/1"},
    ],
    ids=str,
)
def test_what_is_no_range(altered: dict[str, Any]) -> None:
    decode_range(body())
    with pytest.raises(MalformedInput):
        decode_range(body(**altered))


def test_a_bomb_is_not_inflated() -> None:
    bomb = body(chunks=deflated(bytes(2**27)))
    tracemalloc.start()
    with pytest.raises(MalformedInput):
        decode_range(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22


def test_a_later_version_and_a_text_too_long() -> None:
    with pytest.raises(NewerFormat):
        decode_range(body(type="shunzheng/status-range/2"))
    with pytest.raises(LimitExceeded):
        decode_range(b" " * (MAX_RANGE_BYTES + 1))


def test_the_longest_range_keeps_within_the_limit() -> None:
    tree = tree_of(RANGE_POSITIONS)
    noise = b"".join(SHA256.hash(bytes([place % 256, place // 256])) for place in range(RANGE_CHUNKS))
    status_range = replace(range_of(tree.size, 0), chunks=noise, path=(), size=tree.size)
    assert len(status_range.encode()) < MAX_RANGE_BYTES * 3 // 4


def test_a_proof_takes_no_staple_of_another_log_or_suite_or_from_before() -> None:
    city, items = scene()
    proof = city.proof(items[1])
    tree = city.statuses
    fitting = StatusRange(
        SM3, city.name, city.sequence, 0, tree.size, 0, tree.get_chunks(0, RANGE_CHUNKS), ()
    )
    position = city.position(items[1])
    assert refresh_staple(replace(proof, staple=None), fitting, position) == proof
    for other in (
        replace(fitting, log="wuhan"),
        replace(fitting, suite=SHA256),
        replace(fitting, sequence=proof.sequence - 1),
    ):
        with pytest.raises(MalformedInput):
            refresh_staple(replace(proof, staple=None), other, position)
    newer = Staple(city.sequence + 1, bytes(32), ())
    with pytest.raises(MalformedInput, match="older than"):
        refresh_staple(replace(proof, staple=newer), fitting, position)


def test_a_holder_and_a_verifier_find_the_same_position() -> None:
    city, items = scene()
    for item in items:
        proof = city.proof(item)
        report = city.verify(proof)
        assert report.anchor
        position = find_position(proof, report.anchor)
        assert report.get_step(6).evidence == {"sequence": proof.sequence, "position": position}


def test_what_leads_elsewhere_has_no_position() -> None:
    city, items = scene()
    proof = city.proof(items[0])
    anchor = city.registry.knowledge.find_anchor(city.name, proof.sequence)
    assert anchor
    with pytest.raises(OutsideBatch):
        compute_position(proof, replace(anchor, root=bytes(32)))
    with pytest.raises(CountMismatch) as caught:
        compute_position(proof, replace(anchor, size=anchor.size + 1))
    assert caught.value.growth == caught.value.record_count + 1
    with pytest.raises(LimitExceeded):
        compute_position(replace(proof, batch_path=(PathElement("left", 1, bytes(32)),) * 41), anchor)


def test_a_position_follows_from_the_anchor_that_is_told() -> None:
    city, items = scene()
    for item in items:
        proof = city.proof(item)
        anchor = city.registry.knowledge.find_anchor(city.name, proof.sequence)
        assert anchor
        assert find_position(proof, anchor) == city.position(item)
        for other in (
            replace(anchor, log="wuhan"),
            replace(anchor, sequence=anchor.sequence + 1),
            replace(anchor, root=bytes(32)),
            replace(anchor, size=anchor.size + 1),
        ):
            with pytest.raises(MalformedInput):
                find_position(proof, other)
