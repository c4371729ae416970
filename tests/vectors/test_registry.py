"""The registry's twin in Python against what the compiled contract said.

Heads, payloads both ways, the acts' fields.
"""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ledger.registry.acts import (
    ACTS,
    Act,
    Event,
    Predecessor,
    build_registry_name,
    compute_head_zero,
    decode_act,
    extend_head,
)
from ledger.registry.knowledge import Knowledge

FILES = sorted((Path(__file__).parent / "registry").glob("*.json"))
VECTORS: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text()) for path in FILES}


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def events(vector: dict[str, Any]) -> list[Event]:
    return [
        Event(act["n"], act["kind"], act["previousBlock"], act["time"], unhex(act["payload"]), act["block"])
        for act in vector["acts"]
    ]


def spelled(name: str) -> str:
    """Return a field's name as the contract spells it."""
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)


def written(value: Any) -> Any:
    """Return a field of an act as the vectors write it."""
    match value:
        case bytes():
            return "0x" + value.hex()
        case tuple():
            return [written(item) for item in value]
        case Predecessor():
            return {spelled(field.name): written(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value


def read(old: Any, text: Any) -> Any:
    """Return a field of an act from the vectors, of the kind of value that `old` is."""
    match old:
        case bytes():
            return unhex(text)
        case tuple():
            return tuple(text)
        case Predecessor():
            parts = [read(getattr(old, field.name), text[spelled(field.name)]) for field in fields(old)]
            return Predecessor(*parts)
        case _:
            return text


def test_the_vectors_hold_every_kind() -> None:
    assert {act["kind"] for vector in VECTORS.values() for act in vector["acts"]} == set(ACTS)


@pytest.mark.parametrize("name", VECTORS)
def test_head_0_and_the_registrys_name(name: str) -> None:
    vector = VECTORS[name]
    contract = unhex(vector["contract"])
    head = compute_head_zero(vector["chainId"], contract, unhex(vector["parentHash"]))
    assert head == unhex(vector["headZero"])
    assert build_registry_name(vector["chainId"], contract, head) == vector["registry"]


@pytest.mark.parametrize("name", VECTORS)
def test_the_head_after_every_act(name: str) -> None:
    vector = VECTORS[name]
    head = unhex(vector["headZero"])
    for event, act in zip(events(vector), vector["acts"], strict=True):
        head = extend_head(head, event)
        assert head == unhex(act["head"]), f"act {event.event_number}"


@pytest.mark.parametrize("name", VECTORS)
def test_payloads_both_ways(name: str) -> None:
    vector = VECTORS[name]
    for event, said in zip(events(vector), vector["acts"], strict=True):
        act = decode_act(event.kind, event.payload)
        assert type(act).__name__ == said["act"]
        assert {spelled(field.name): written(getattr(act, field.name)) for field in fields(act)} == said[
            "fields"
        ]
        assert from_fields(act, said["fields"]).encode() == event.payload


def from_fields(like: Act, said: dict[str, Any]) -> Act:
    values = [read(getattr(like, field.name), said[spelled(field.name)]) for field in fields(like)]
    return type(like)(*values)


@pytest.mark.parametrize("name", VECTORS)
def test_knowledge_takes_them_all(name: str) -> None:
    vector = VECTORS[name]
    known = Knowledge(vector["registry"], unhex(vector["headZero"]))
    for event in events(vector):
        known.apply(event)
    assert known.fold.head == unhex(vector["acts"][-1]["head"])
