"""Commitments to claims: any part can be shown, nothing can be changed, and nothing guessed."""

from typing import Any

import pytest

from ledger.crypto.suites import SHA256, SM3, Suite
from ledger.encoding.canonical import Json, encode_canonical
from ledger.errors import MalformedInput
from ledger.records.claims import (
    MAX_CLAIMS,
    FullDisclosure,
    SelectiveDisclosure,
    commit_claims,
    decode_disclosure,
    decode_document,
    hash_claims,
    is_document,
    is_registered,
    make_document_claim,
)

MASTER = bytes(range(16))
CLAIMS = (("CZZT", "张三"), ("KZ", ["a", {"b": True}]), ("ZZMC", "居住证"), ("年", 2026))


@pytest.mark.parametrize("suite", [SM3, SHA256])
def test_commitments_as_the_design_writes_them(suite: Suite) -> None:
    pairs: list[Json] = []
    for number, (name, value) in enumerate(CLAIMS):
        salt = suite.hash(b"\x03" + MASTER + number.to_bytes(4, "big"))[:16]
        pairs.append([name, suite.hash(b"\x02" + salt + encode_canonical(value)).hex()])  # type: ignore[arg-type]
    full = FullDisclosure(MASTER, CLAIMS)  # type: ignore[arg-type]
    assert full.digest(suite) == suite.hash(b"\x04" + encode_canonical(pairs))
    assert full.digest(suite) == hash_claims(
        suite, (name for name, _ in CLAIMS), commit_claims(suite, MASTER, full.claims)
    )


def test_equal_values_have_unequal_commitments() -> None:
    same = commit_claims(SM3, MASTER, [("a", "x"), ("b", "x")])
    assert same[0] != same[1]
    assert commit_claims(SM3, bytes(16), [("a", "x")])[0] != same[0]


def test_a_selection_has_the_digest_of_the_whole() -> None:
    full = FullDisclosure(MASTER, CLAIMS)  # type: ignore[arg-type]
    for names in ((), ("KZ",), ("CZZT", "年"), [name for name, _ in CLAIMS]):
        part = full.select(SM3, set(names))
        assert part.digest(SM3) == full.digest(SM3)
        assert set(part.values) == set(names)
        assert part.withheld_names == {name for name, _ in CLAIMS} - set(names)
        assert decode_disclosure(part.to_json()) == part
    assert full.withheld_names == frozenset()
    assert full.values == dict(CLAIMS)
    assert decode_disclosure(full.to_json()) == full
    assert decode_disclosure({"master": "00" * 16, "claims": [["a" * 4096, 2]]}).values == {"a" * 4096: 2}


def test_a_selection_gives_no_other_salt_away() -> None:
    part = FullDisclosure(MASTER, CLAIMS).select(SM3, {"KZ"})  # type: ignore[arg-type]
    assert MASTER.hex() not in repr(part.to_json())
    assert len(part.shown_claims) == 1


def test_selecting_what_is_not_there() -> None:
    with pytest.raises(MalformedInput, match="no claim named 'X'"):
        FullDisclosure(MASTER, CLAIMS).select(SM3, {"X"})  # type: ignore[arg-type]


@pytest.mark.parametrize("names", [("b", "a"), ("a", "a"), ("年", "a"), ("a", "A")])
def test_names_are_unique_and_ascending(names: tuple[str, str]) -> None:
    with pytest.raises(MalformedInput):
        FullDisclosure(MASTER, tuple((name, "") for name in names))
    with pytest.raises(MalformedInput):
        SelectiveDisclosure(tuple((name, bytes(16), "") for name in names), ())
    with pytest.raises(MalformedInput):
        SelectiveDisclosure((), tuple((name, bytes(32)) for name in names))


def test_shown_and_withheld_are_counted_together() -> None:
    shown = tuple((f"{number:03d}", bytes(16), "") for number in range(MAX_CLAIMS))
    SelectiveDisclosure(shown, ())
    with pytest.raises(MalformedInput, match="at most 256"):
        SelectiveDisclosure(shown, (("a", bytes(32)),))
    with pytest.raises(MalformedInput, match="twice"):
        SelectiveDisclosure(shown[:1], (("000", bytes(32)),))


def test_a_master_has_16_bytes() -> None:
    with pytest.raises(MalformedInput):
        FullDisclosure(bytes(15), ())


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"master": "00" * 15, "claims": []},
        {"master": "00" * 16},
        {"master": "00" * 16, "claims": {}},
        {"master": "00" * 16, "claims": [["a"]]},
        {"master": "00" * 16, "claims": [["a", 1, 2]]},
        {"master": "00" * 16, "claims": ["ab"]},
        {"master": "00" * 16, "claims": [[1, 2]]},
        {"master": "00" * 16, "claims": [["", 2]]},
        {"master": "00" * 16, "claims": [["a" * 4097, 2]]},
        {"master": "00" * 16, "claims": [], "shown": []},
        {"master": "00" * 16, "claims": [["a", 1]] * 257},
        {"shown": []},
        {"withheld": []},
        {"shown": [["a", "00" * 15, 1]], "withheld": []},
        {"shown": [["a", 7, 1]], "withheld": []},
        {"shown": [], "withheld": [["a", "00" * 31]]},
        {"shown": [], "withheld": [["a", "00" * 32, 1]]},
        {"shown": [], "withheld": [], "note": ""},
    ],
)
def test_other_forms_of_a_disclosure_are_refused(value: Any) -> None:
    with pytest.raises(MalformedInput):
        decode_disclosure(value)


def test_documents_are_claims() -> None:
    claim = make_document_claim(SM3, b"abc", "application/ofd")
    assert claim.to_json() == {
        "media_type": "application/ofd",
        "size": 3,
        "digest": "sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
    }
    assert decode_document(claim.to_json()) == claim
    assert is_registered(b"abc", [claim])
    assert not is_registered(b"abd", [claim])
    assert not is_registered(b"abc ", [claim])
    assert is_document("document/1")
    for name in (
        "document/0",
        "document/01",
        "document/1000",
        "document/",
        "document",
        "Document/1",
        "document/1 ",
    ):
        assert not is_document(name)


@pytest.mark.parametrize(
    "member", [("size", -1), ("size", "3"), ("digest", "abc"), ("media_type", ""), ("note", "")]
)
def test_other_forms_of_a_document_are_refused(member: tuple[str, Json]) -> None:
    body: Any = make_document_claim(SM3, b"abc", "application/ofd").to_json()
    with pytest.raises(MalformedInput):
        decode_document(body | dict([member]))
