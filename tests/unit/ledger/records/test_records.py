"""Records: one form for each action, and a leaf hash that names it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ledger.crypto.suites import SHA256, SM3
from ledger.crypto.trees import hash_leaf
from ledger.encoding.canonical import encode_canonical
from ledger.errors import InvalidIdentifier, MalformedInput, NewerFormat
from ledger.records.records import (
    KINDS,
    PRESENTABLE_ACTIONS,
    STATUS_ACTIONS,
    Link,
    Record,
    decode_record,
    read_lineage,
)
from tests.scenes import City, Registry

CITY = City(Registry(), "tianmen")
ISSUE = CITY.licence().record
REVOKE = CITY.follow("revoke", CITY.licence()).record
FULL = replace(
    ISSUE,
    action="renew",
    issued=date(2014, 5, 6),
    previous=b"\x01" * 32,
    links=(Link("sealed-by", b"\x02" * 32), Link("sealed-by", b"\x03" * 32)),
    basis="示例条例",
)


@pytest.mark.parametrize("record", [ISSUE, REVOKE, FULL, replace(ISSUE, suite=SHA256, valid_until=None)])
def test_a_record_is_its_canonical_bytes(record: Record) -> None:
    assert decode_record(record.to_json()) == record
    assert record.encode() == encode_canonical(record.to_json())
    assert record.hash_leaf() == hash_leaf(record.suite, record.encode())


def test_the_example_of_the_design() -> None:
    body = FULL.to_json()
    assert list(body) == [
        "type", "kind", "action", "identifier", "issuer", "time", "salt", "issued", "valid_from", "valid_until",
        "claims", "previous", "links", "basis",
    ]  # fmt: skip
    assert body["type"] == "shunzheng/record/1"
    assert body["issued"] == "2014-05-06"
    assert body["previous"] == "sm3:" + "01" * 32
    assert body["links"] == [
        {"rel": "sealed-by", "record": "sm3:" + "02" * 32},
        {"rel": "sealed-by", "record": "sm3:" + "03" * 32},
    ]
    assert "links" not in ISSUE.to_json()


@pytest.mark.parametrize(
    ("record", "altered"),
    [
        (ISSUE, {"kind": "permit"}),
        (ISSUE, {"action": "delete", "previous": b"\x01" * 32}),
        (ISSUE, {"previous": b"\x01" * 32}),
        (ISSUE, {"claims": None}),
        (ISSUE, {"salt": bytes(15)}),
        (ISSUE, {"valid_from": date(2026, 3, 2), "valid_until": date(2026, 3, 1)}),
        (FULL, {"previous": None}),
        (REVOKE, {"previous": None}),
        (REVOKE, {"basis": None}),
        (REVOKE, {"claims": bytes(32)}),
        (REVOKE, {"issued": date(2026, 3, 1)}),
        (REVOKE, {"valid_from": date(2026, 3, 1)}),
        (REVOKE, {"valid_until": date(2026, 3, 1)}),
    ],
)
def test_members_that_do_not_go_together(record: Record, altered: dict[str, Any]) -> None:
    with pytest.raises(MalformedInput):
        replace(record, **altered)


def test_a_certificate_of_one_day() -> None:
    day = date(2026, 3, 2)
    assert replace(ISSUE, valid_from=day, valid_until=day).encode() != ISSUE.encode()


def test_certificates_have_certificate_identifiers() -> None:
    for kind in KINDS:
        with pytest.raises(InvalidIdentifier):
            replace(ISSUE, kind=kind, identifier="4290060000001")
    assert ISSUE.lineage + ".001." in ISSUE.identifier
    assert ISSUE.certificate.issuer == ISSUE.issuer
    assert read_lineage(ISSUE.identifier) == ISSUE.lineage


@pytest.mark.parametrize(
    ("named", "issuer", "fits"),
    [
        ("11429006012345671T", "11429006012345671T", True),
        ("11429006012345671T", "11429006000000019A", False),
        ("429006", "11429006012345671T", True),
        ("429000", "11429006012345671T", True),
        ("420000", "11429006012345671T", True),
        ("430000", "11429006012345671T", False),
        ("340100", "11340103012345671T", True),
        ("340100", "11340203012345671T", False),
        ("340103", "11340100012345671T", False),
        ("340000", "11340203012345671T", True),
        ("34010", "11340100012345671T", False),
        ("000000", "11340100012345671T", False),
        ("113700000045046442", "11340100012345671T", False),
    ],
)
def test_an_identifier_names_its_issuer(named: str, issuer: str, fits: bool) -> None:
    identifier = f"1.2.156.3005.2.11100000MB03271699022.{named}.000000016.001.9"
    assert replace(ISSUE, identifier=identifier, issuer=issuer).names_issuer is fits


@pytest.mark.parametrize(
    "altered",
    [
        {"type": "shunzheng/entry/1"},
        {"claims": "sm3:00"},
        {"claims": 1},
        {"salt": "00"},
        {"time": "2026-03-02"},
        {"issued": "2026-3-2"},
        {"basis": ""},
        {"links": []},
        {"links": {}},
        {"links": ["x"]},
        {"links": [{"rel": "Sealed by", "record": "sm3:" + "00" * 32}]},
        {"links": [{"rel": "sealed-by", "record": "sha256:" + "00" * 32}]},
        {"links": [{"rel": "sealed-by", "record": "sm3:" + "00" * 32, "note": ""}]},
        {"links": [{"rel": "sealed-by", "record": "sm3:" + "00" * 32}] * 17},
        {"note": "unknown"},
    ],
)
def test_other_forms_are_refused(altered: dict[str, Any]) -> None:
    with pytest.raises(MalformedInput):
        decode_record(ISSUE.to_json() | altered)


@pytest.mark.parametrize("name", [name for name in ISSUE.to_json() if not name.startswith("valid")])
def test_a_missing_member_is_refused(name: str) -> None:
    body: Any = ISSUE.to_json()
    del body[name]
    with pytest.raises(MalformedInput):
        decode_record(body)


def test_a_newer_record_is_not_a_forged_one() -> None:
    with pytest.raises(NewerFormat):
        decode_record(ISSUE.to_json() | {"type": "shunzheng/record/2"})


def test_kinds_and_actions() -> None:
    assert list(KINDS.values()) == [1, 2, 4, 8]
    assert not PRESENTABLE_ACTIONS & STATUS_ACTIONS
    assert SM3 is ISSUE.suite
