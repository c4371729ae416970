"""Checkpoints decode to themselves, and two that no history can hold contradict each other."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.encoding.canonical import Json, encode_canonical
from ledger.errors import LimitExceeded, MalformedInput, NewerFormat
from ledger.registry.checkpoints import (
    CosignedCheckpoint,
    Fork,
    decode_checkpoint,
    decode_cosigned,
    decode_fork,
    find_contradiction,
    read_cosigned,
)
from tests.cosigning import ROOTS, checkpoint_of, cosigned, node_key
from tests.scenes import scene


@pytest.fixture(scope="module")
def signed() -> CosignedCheckpoint:
    city, _ = scene(1)
    return cosigned(checkpoint_of(city.registry))


def test_a_checkpoint_decodes_to_itself(signed: CosignedCheckpoint) -> None:
    assert decode_checkpoint(signed.checkpoint.to_json()) == signed.checkpoint
    assert decode_cosigned(signed.to_json()) == signed
    assert read_cosigned(encode_canonical(signed.to_json())) == signed


def test_cosignatures_are_of_the_canonical_checkpoint(signed: CosignedCheckpoint) -> None:
    key = node_key("wuhan").public
    [ours] = [cosignature for cosignature in signed.cosignatures if cosignature.key_id == key.id]
    assert key.verify(signed.checkpoint.encode(), ours.signature)


def test_of_two_cosignatures_by_one_key_one_stays(signed: CosignedCheckpoint) -> None:
    again = cosigned(signed.checkpoint)
    assert again != signed
    assert CosignedCheckpoint.of(signed.checkpoint, [*signed.cosignatures, *again.cosignatures]) == signed


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("n", 0),
        ("n", "7"),
        ("head", "ab" * 32),
        ("head", "0x" + "ab" * 31),
        ("head", "0x" + "AB" * 32),
        ("block", -1),
        ("block_hash", "0x"),
        ("time", "2026-03-02T09:00:00+08:00"),
        ("registry", ""),
        ("events_sm3", "ab" * 31),
        ("events_sha256", "0x" + "ab" * 32),
        ("facts", ""),
        ("rules", 0),
        ("rules", "1"),
        ("more", 1),
    ],
)
def test_another_form_is_refused(signed: CosignedCheckpoint, member: str, value: Json) -> None:
    with pytest.raises(MalformedInput):
        decode_checkpoint(signed.checkpoint.to_json() | {member: value})


def test_another_version_is_newer(signed: CosignedCheckpoint) -> None:
    with pytest.raises(NewerFormat):
        decode_checkpoint(signed.checkpoint.to_json() | {"type": "shunzheng/checkpoint/3"})


def test_one_of_version_1_is_read_as_what_it_was(signed: CosignedCheckpoint) -> None:
    older = replace(signed.checkpoint, roots=None)
    assert older.to_json().keys() == signed.checkpoint.to_json().keys() - ROOTS.to_json().keys()
    assert decode_checkpoint(older.to_json()) == older
    surplus: list[dict[str, Json]] = [{"facts": "00" * 32}, {"rules": 1}]
    for altered in surplus:
        with pytest.raises(MalformedInput):
            decode_checkpoint(older.to_json() | altered)


def test_cosignatures_stand_in_order_once_a_key(signed: CosignedCheckpoint) -> None:
    body: Any = signed.to_json()
    shown = body["cosignatures"]
    for wrong in (shown[::-1], [shown[0], *shown], [{**body, "type": "x"}]):
        with pytest.raises(MalformedInput):
            decode_cosigned(body | {"cosignatures": wrong})


def test_a_file_beyond_the_limit_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        read_cosigned(b" " * (256 * 1024 + 1))


@pytest.mark.parametrize(
    "altered",
    [
        {"head": bytes(32)},
        {"block_number": 99},
        {"block_hash": bytes(31) + b"\xee"},
        {"time": 1},
        {"event_number": 99, "block_number": 0},
        {"event_number": 99, "time": 1},
        {"event_number": 99},
        {"event_number": 1},
        {"roots": replace(ROOTS, events_sm3=bytes(32))},
        {"roots": replace(ROOTS, events_sha256=bytes(32))},
        {"roots": replace(ROOTS, facts=bytes(32))},
    ],
    ids=[
        "head",
        "block",
        "block hash",
        "time",
        "later in a lower block",
        "later and earlier",
        "later, same block",
        "before, same block",
        "events in SM3",
        "events in SHA-256",
        "facts",
    ],
)
def test_what_no_history_can_hold_contradicts(signed: CosignedCheckpoint, altered: dict[str, Any]) -> None:
    first, second = signed.checkpoint, replace(signed.checkpoint, **altered)
    assert find_contradiction(first, second)
    assert find_contradiction(second, first) == find_contradiction(first, second)
    fork = Fork(signed, cosigned(second))
    assert decode_fork(fork.to_json()) == fork


@pytest.mark.parametrize(
    "altered",
    [
        {},
        {"registry": "eip155:1:0x" + "00" * 20 + ":" + "00" * 8, "head": bytes(32)},
        {"event_number": 99, "block_number": 99},
        {"event_number": 1, "block_number": 0},
        {"roots": replace(ROOTS, facts=bytes(32), rules=ROOTS.rules + 1)},
        {"roots": None},
    ],
    ids=["the same", "another registry", "later", "earlier", "facts by other rules", "version 1"],
)
def test_what_one_history_may_hold_does_not(signed: CosignedCheckpoint, altered: dict[str, Any]) -> None:
    two = replace(signed.checkpoint, **altered)
    assert find_contradiction(signed.checkpoint, two) is None
    with pytest.raises(MalformedInput, match="do not contradict"):
        decode_fork(Fork(signed, cosigned(two)).to_json())
