"""Statements and entries: what is signed, what is public, in which order records stand."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.crypto.suites import SM3
from ledger.crypto.trees import MerkleTree, hash_counted_leaf
from ledger.encoding.canonical import encode_canonical
from ledger.errors import MalformedInput, NewerFormat
from ledger.records.submissions import (
    Entry,
    Statement,
    Window,
    decode_entry,
    decode_statement,
    order_by_leaf,
    sign_statement,
)
from tests.scenes import DAY, START, City, Registry

CITY = City(Registry(), "tianmen")
LICENCES = [CITY.licence() for _ in range(5)]
ENTRY = CITY.submit(*LICENCES).entry


def test_records_stand_in_the_order_of_their_leaves() -> None:
    ordered = order_by_leaf(item.record for item in LICENCES)
    assert [leaf for leaf, _ in ordered] == sorted(item.leaf for item in LICENCES)
    assert all(record.hash_leaf() == leaf for leaf, record in ordered)
    assert MerkleTree(SM3, [leaf for leaf, _ in ordered]).root == ENTRY.statement.root


def test_equal_records_are_refused() -> None:
    with pytest.raises(MalformedInput, match="draw a salt"):
        order_by_leaf([LICENCES[0].record, LICENCES[1].record, LICENCES[0].record])


def test_a_statement_is_signed_as_its_canonical_bytes() -> None:
    tree = MerkleTree(SM3, [leaf for leaf, _ in order_by_leaf(item.record for item in LICENCES)])
    statement, signature = sign_statement(
        CITY.key,
        "registry",
        "tianmen",
        CITY.issuer,
        tree,
        record_count=5,
        time=START,
        expires_at=START + 3 * DAY,
        window=Window(7, 9),
    )
    assert CITY.key.public.verify(encode_canonical(statement.to_json()), signature)
    assert statement == Statement(
        "registry",
        "tianmen",
        CITY.issuer,
        CITY.key.public.id,
        5,
        SM3,
        tree.root,
        START,
        START + 3 * DAY,
        Window(7, 9),
    )


def test_forms_come_back() -> None:
    assert decode_entry(ENTRY.to_json()) == ENTRY
    assert decode_statement(ENTRY.statement.to_json()) == ENTRY.statement
    assert ENTRY.hash_leaf() == (5, hash_counted_leaf(SM3, 5, encode_canonical(ENTRY.to_json())))


@pytest.mark.parametrize(
    "altered",
    [
        {"record_count": 0},
        {"record_count": 2**20 + 1},
        {"expires_at": START},
        {"expires_at": START + 3 * DAY + 1},
    ],
)
def test_counts_and_times_that_cannot_be(altered: dict[str, Any]) -> None:
    statement = replace(ENTRY.statement, time=START, expires_at=START + 3 * DAY)
    with pytest.raises(MalformedInput):
        replace(statement, **altered)


def test_a_statement_of_version_1_lives_for_seven_days() -> None:
    statement = replace(ENTRY.statement, time=START, expires_at=START + 7 * DAY, window=None)
    assert statement.to_json()["type"] == "shunzheng/submission/1"
    assert decode_statement(statement.to_json()) == statement
    with pytest.raises(MalformedInput, match="168 hours"):
        replace(statement, expires_at=START + 7 * DAY + 1)


@pytest.mark.parametrize(
    ("first", "last"), [(0, 5), (2, 1), (1, 258), (2**53 - 1, 2**53), (-1, 1), ("1", 2), (1.0, 2), (True, 2)]
)
def test_windows_that_cannot_be(first: Any, last: Any) -> None:
    with pytest.raises(MalformedInput):
        decode_statement(ENTRY.statement.to_json() | {"first_sequence": first, "last_sequence": last})


def test_a_window_has_both_its_ends() -> None:
    assert [sequence for sequence in range(1, 400) if sequence in Window.after(100)] == [*range(101, 358)]
    assert [sequence for sequence in range(5) if sequence in Window(2, 2)] == [2]


def test_a_statement_is_of_the_version_whose_members_it_has() -> None:
    """Without its window it is none, and with one it is none of version 1: neither passes for the other."""
    body = ENTRY.statement.to_json()
    for name in ("first_sequence", "last_sequence"):
        with pytest.raises(MalformedInput, match=name):
            decode_statement({member: value for member, value in body.items() if member != name})
    with pytest.raises(MalformedInput, match="unknown members"):
        decode_statement(body | {"type": "shunzheng/submission/1"})


@pytest.mark.parametrize(
    "altered",
    [
        {"type": "x"},
        {"count": 0},
        {"count": "5"},
        {"key": "00"},
        {"root": "00"},
        {"note": 1},
        {"registry": ""},
    ],
)
def test_other_forms_of_a_statement_are_refused(altered: dict[str, Any]) -> None:
    with pytest.raises(MalformedInput):
        decode_statement(ENTRY.statement.to_json() | altered)


@pytest.mark.parametrize(
    "altered", [{"type": "x"}, {"signature": "AA"}, {"signature": "*" * 86}, {"accepted": "now"}, {"note": 1}]
)
def test_other_forms_of_an_entry_are_refused(altered: dict[str, Any]) -> None:
    with pytest.raises(MalformedInput):
        decode_entry(ENTRY.to_json() | altered)


def test_newer_forms_are_named() -> None:
    with pytest.raises(NewerFormat):
        decode_entry(ENTRY.to_json() | {"type": "shunzheng/entry/2"})
    statement: Any = ENTRY.statement.to_json() | {"type": "shunzheng/submission/3"}
    with pytest.raises(NewerFormat):
        decode_entry(ENTRY.to_json() | {"statement": statement})


def test_an_entry_holds_nothing_personal() -> None:
    text = Entry(ENTRY.statement, ENTRY.signature, ENTRY.accepted_at).encode().decode()
    assert all(item.record.identifier not in text for item in LICENCES)
    assert "天门" not in text
