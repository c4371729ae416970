"""Claims beside their record: what contradicts it, and what is only spelled in another way."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ledger.encoding.times import find_civil_date
from ledger.records.contradictions import COMPARED_CLAIMS, find_contradictions, read_date
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.records import Record
from ledger.records.seal_identifiers import SealingIdentifier
from tests.scenes import City, Registry

CITY = City(Registry(), "tianmen")
RECORD = replace(
    CITY.licence().record,
    issued=date(2022, 3, 28),
    valid_from=date(2022, 3, 28),
    valid_until=date(2027, 3, 7),
)
UNDATED = replace(RECORD, issued=None, valid_from=None, valid_until=None)
CERTIFICATE = RECORD.certificate
OTHER = CertificateIdentifier.build(CERTIFICATE.type, CERTIFICATE.issuer, "TM2022A0000000009999", 1).text
SEAL = SealingIdentifier.build("seal", "11429006012345671T", "42900600000001").text
MADE = find_civil_date(RECORD.time)


def named(record: Record, **values: Any) -> list[str]:
    return [contradiction.name for contradiction in find_contradictions(record, values)]


def test_claims_that_repeat_the_record_contradict_nothing() -> None:
    values = {
        "ZZLXDM": CERTIFICATE.type,
        "ZZBS": RECORD.identifier,
        "ZZBFJGDM": RECORD.issuer,
        "ZZBFRQ": "2022-03-28",
        "ZZYXQQSRQ": "2022-03-28",
        "ZZYXQJZRQ": "2027-03-07",
        "ZZMC": "营业执照",
    }
    assert values.keys() >= COMPARED_CLAIMS
    assert find_contradictions(RECORD, values) == ()
    assert find_contradictions(RECORD, {}) == ()


@pytest.mark.parametrize(
    ("name", "claimed", "recorded"),
    [
        ("ZZLXDM", "11100000000013338W032", CERTIFICATE.type),
        ("ZZBS", OTHER, RECORD.identifier),
        ("ZZBS", CERTIFICATE.with_version(2).text, RECORD.identifier),
        ("ZZBFJGDM", "11420106EXAMPLE11A", RECORD.issuer),
        ("ZZBFJGDM", "429006", RECORD.issuer),
        ("ZZBFRQ", "2022-03-29", "2022-03-28"),
        ("ZZYXQQSRQ", "2020-01-01", "2022-03-28"),
        ("ZZYXQJZRQ", "2099-12-31", "2027-03-07"),
        ("ZZYXQJZRQ", "长期", "2027-03-07"),
        ("ZZYXQJZRQ", "二〇九九年十二月三十一日", "2027-03-07"),
        ("ZZYXQJZRQ", "2099 AD", "2027-03-07"),
        ("ZZYXQJZRQ", ["2027-03-07", "2099-12-31"], "2027-03-07"),
        ("ZZYXQJZRQ", {"until": "2027-03-07"}, "2027-03-07"),
        ("ZZBS", RECORD.identifier + " " * 200 + OTHER, RECORD.identifier),
        ("ZZYXQJZRQ", "2027-03-07" + " " * 200 + "2099-12-31", "2027-03-07"),
        ("ZZBS", RECORD.identifier.replace("TM", "T\u200bM"), RECORD.identifier),
    ],
)
def test_a_claim_of_something_else_contradicts(name: str, claimed: Any, recorded: str) -> None:
    (contradiction,) = find_contradictions(RECORD, {name: claimed})
    assert contradiction.name == name
    assert contradiction.recorded_words.zh == contradiction.recorded_words.en == recorded
    assert len(contradiction.claimed_text) <= 200


@pytest.mark.parametrize(
    ("name", "claimed"),
    [
        ("ZZLXDM", CERTIFICATE.type.lower()),
        ("ZZLXDM", f" {CERTIFICATE.type} "),
        ("ZZLXDM", f"1.2.156.3005.2.{CERTIFICATE.type}"),
        ("ZZBS", RECORD.identifier.removeprefix("1.2.156.3005.2.")),
        ("ZZBS", "".join(chr(ord(c) + 0xFEE0) for c in RECORD.identifier)),
        ("ZZBFJGDM", RECORD.issuer[8:17]),
        ("ZZBFJGDM", f"{RECORD.issuer[8:16]}-{RECORD.issuer[16]}"),
        ("ZZBFJGDM", [RECORD.issuer, RECORD.issuer.lower()]),
        ("ZZYXQJZRQ", ""),
        ("ZZYXQJZRQ", []),
        ("ZZYXQJZRQ", ["2027-03-07", "2027年3月7日"]),
    ],
)
def test_another_spelling_contradicts_nothing(name: str, claimed: Any) -> None:
    assert find_contradictions(RECORD, {name: claimed}) == ()


@pytest.mark.parametrize(
    "text",
    [
        "2027/3/7",
        "2027.03.07",
        "20270307",
        "2027年3月7日",
        "2027 年 03 月 07 日",
        "二〇二七年三月七日",
        "２０２７－０３－０７",
        "2027-03-07T00:00:00",
        "2027-03-06T16:00:00Z",
        "2027-03-07 23:59",
        "2027-03-07T12:00:00+08:00",
    ],
)
def test_a_day_is_the_same_in_every_spelling(text: str) -> None:
    assert read_date(text) == RECORD.valid_until
    assert named(RECORD, ZZYXQJZRQ=text) == []


def test_a_number_is_read_as_its_digits() -> None:
    assert named(RECORD, ZZYXQJZRQ=20270307) == []
    assert named(RECORD, ZZYXQJZRQ=20991231) == ["ZZYXQJZRQ"]


def test_an_issuer_that_the_identifier_names_by_its_division_may_be_claimed_so() -> None:
    serial, version = CERTIFICATE.serial, CERTIFICATE.version
    older = replace(
        RECORD, identifier=CertificateIdentifier.build(CERTIFICATE.type, "429006", serial, version).text
    )
    assert named(older, ZZBFJGDM="429006") == []
    assert named(older, ZZBFJGDM="420106") == ["ZZBFJGDM"]


@pytest.mark.parametrize(
    "claimed", ["长期", " 长期有效 ", "9999-12-31", "9999-12-31T00:00:00Z", "99991231", "Long-term", "永久"]
)
def test_a_record_without_end_may_be_claimed_endless(claimed: str) -> None:
    assert named(UNDATED, ZZYXQJZRQ=claimed) == []


@pytest.mark.parametrize("claimed", ["2099-12-31", "2020-01-01", "see overleaf"])
def test_a_record_without_end_contradicts_a_claim_of_one(claimed: str) -> None:
    (contradiction,) = find_contradictions(UNDATED, {"ZZYXQJZRQ": claimed})
    assert contradiction.recorded_words == ("长期", "without end")


def test_a_record_without_first_days_speaks_of_the_day_on_which_it_was_made_or_before() -> None:
    later = date.fromordinal(MADE.toordinal() + 1).isoformat()
    for name in ("ZZBFRQ", "ZZYXQQSRQ"):
        assert named(UNDATED, **{name: MADE.isoformat()}) == []
        assert named(UNDATED, **{name: "2014-05-06"}) == []
        (contradiction,) = find_contradictions(UNDATED, {name: later})
        assert contradiction.recorded_words == (f"不晚于 {MADE}", f"not after {MADE}")


def test_a_seal_has_no_type_to_compare() -> None:
    seal = replace(RECORD, kind="seal", identifier=SEAL, issued=None)
    assert named(seal, ZZLXDM="Y1429006EXAMPLE03H901") == []
    assert named(seal, ZZBS=RECORD.identifier, ZZYXQJZRQ="2099-12-31") == ["ZZBS", "ZZYXQJZRQ"]


@pytest.mark.parametrize(
    "text",
    ["2027-02-30", "0000-01-01", "2027-3", "十", "2027年十三月一日", "0001-01-01T00:00:00+14:00", "x" * 9999],
)
def test_what_is_no_day_is_no_date(text: str) -> None:
    assert read_date(text) is None
