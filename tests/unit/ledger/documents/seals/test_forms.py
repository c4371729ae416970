"""Seals in the forms that writers give them: times, numbers, digests, algorithms, names."""

from typing import Any

import pytest
from asn1crypto import core

from ledger.crypto import sm2
from ledger.crypto.suites import SHA256, SM3
from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import encode_sm2
from ledger.documents.seals.ses import decode_seal, decode_signature
from ledger.documents.seals.ses_signatures import verify_seal, verify_seal_signature
from ledger.encoding import der
from ledger.verification.reasons import Verdict
from tests import papers
from tests.papers import NOW, department, maker, outcome, seal, trust
from tests.unit.ledger.documents.seals.uses import DESCRIPTION, VERSIONS, structure, used


@pytest.mark.parametrize(
    ("kind", "octets", "moment"),
    [
        ("utc", b"260302010000Z", NOW),
        ("generalized", b"20260302010000Z", NOW),
        ("generalized", b"20260302010000.763Z", NOW),
        ("generalized", b"20260302090000", NOW),
        ("generalized", b"20260302090000+0800", NOW),
        ("bits", b"20260302010000Z", NOW),
        ("octets", b"2026-03-02 09:00:00", NOW),
        ("bits", bytes.fromhex("170d") + b"260302010000Z", NOW),
        ("bits", bytes.fromhex("180f") + b"20260302010000Z", NOW),
        ("bits", b"\x30\x00", None),
        ("bits", b"", None),
        ("generalized", b"20261302010000Z", None),
        ("generalized", b"yesterday", None),
        ("utc", b"\xff\xff", None),
        ("utc", b"600101000000Z", None),
        ("generalized", b"19691231235959Z", None),
        ("generalized", b"00010101000000+0800", None),
        ("generalized", b"00000000000000Z", None),
        ("octets", b"1960-01-01 00:00:00", None),
        ("generalized", b"99991231235959Z", 253_402_300_799),
        ("generalized", b"99991231235959-0800", None),
        ("generalized", b"20260302010000+9999", None),
    ],
)
def test_times_as_writers_put_them(kind: str, octets: bytes, moment: int | None) -> None:
    body = structure(4, used())
    text = octets.decode("latin-1")
    held_as: dict[str, Any] = {
        "utc": structures.UTCTimeText,
        "generalized": structures.GeneralizedTimeText,
        "bits": core.OctetBitString,
        "octets": core.OctetString,
    }
    made = held_as[kind](text if kind in ("utc", "generalized") else octets)
    body["to_sign"]["time"] = structures.TimeInfo(kind, made)
    body["signature"] = core.OctetBitString(encode_sm2(department().key.sign(body["to_sign"].dump())))
    decoded = decode_signature(body.dump(force=True))
    assert decoded.time == moment
    report = verify_seal_signature(decoded, DESCRIPTION, trust())
    assert outcome(report, "signature") == ("pass", "ok")
    expected = {NOW: ("pass", "ok"), None: ("unknown", "time")}.get(moment, ("fail", "certificate"))
    assert outcome(report, "validity") == expected
    assert (report.to_json()["signed_at"] is None) == (moment is None)


def test_an_extension_with_its_default_written_out() -> None:
    """Against the letter of DER, and in real seals: what the maker signed is what is read."""
    info = structure(4, seal(), of_seal=True)["info"]
    info["extensions"] = structures.Extensions([{"extension": "1.2.3", "critical": False, "value": b"2.1"}])
    made = structure(4, seal(), of_seal=True)
    made["info"] = info
    made["signature"] = core.OctetBitString(encode_sm2(maker().key.sign(info.dump(force=True))))
    report = verify_seal(decode_seal(made.dump(force=True)), trust())
    assert report.verdict is Verdict.VALID


@pytest.mark.parametrize("tagged", ["tagged", "bare"])
@VERSIONS
def test_data_of_the_makers_own(version: int, tagged: str) -> None:
    """The standards, and writers, differ in whether there is a tag around it."""
    body = structure(version, used(version))
    extensions = structures.Extensions([{"extension": "1.2.3", "value": b"2.1"}])
    seal_within = body["to_sign"]["seal"]
    seal_within["info"]["extensions"] = structures.OwnData(tagged, extensions)
    if version != 1:
        body["to_sign"]["extensions"] = structures.OwnData(tagged, extensions)
    decoded = decode_signature(body.dump(force=True))
    covered = decoded.seal.message_candidates[0]
    (seal_within["signed"] if version == 1 else seal_within)["signature"] = core.OctetBitString(
        encode_sm2(maker().key.sign(covered))
    )
    body["signature"] = core.OctetBitString(
        encode_sm2(department().key.sign(body["to_sign"].dump(force=True)))
    )
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert report.verdict is Verdict.VALID


@pytest.mark.parametrize("kind", ["tagged", "bare"])
def test_where_a_timestamp_stands(kind: str) -> None:
    body = structure(5, used(5))
    body["timestamp"] = structures.Timestamp(kind, core.OctetBitString(b"token"))
    decoded = decode_signature(body.dump(force=True))
    assert (decoded.timestamp, decoded.der) == (b"token", body.dump(force=True))


@pytest.mark.parametrize(
    ("digest", "expected"),
    [
        (SHA256.hash(DESCRIPTION), ("pass", "ok")),
        (SM3.hash(b""), ("fail", "altered")),
        (SM3.hash(DESCRIPTION).hex().encode(), ("unknown", "digest")),
        (SM3.hash(DESCRIPTION)[:-1], ("unknown", "digest")),
        (b"", ("unknown", "digest")),
    ],
    ids=["SHA-256", "of something else", "in hex", "cut off", "none"],
)
def test_digests_of_the_description(digest: bytes, expected: tuple[str, str]) -> None:
    body = structure(4, used())
    body["to_sign"]["data_hash"] = structures.Bits("bits", core.OctetBitString(digest))
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "data_hash") == expected


def numbers_as(*heads: bytes) -> bytes:
    """A signature whose numbers have those octets in front."""
    signature = papers.key("天门市示例局").sign(structure(4, used())["to_sign"].dump())
    halves = (head + signature[start : start + 32] for head, start in zip(heads, (0, 32), strict=True))
    return der.encode(der.SEQUENCE, *(der.encode(der.INTEGER, half) for half in halves))


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        (numbers_as(b"", b""), ("pass", "ok")),
        (numbers_as(b"\0", b"\0"), ("pass", "ok")),
        (numbers_as(b"\0\0", b"\0"), ("pass", "ok")),
        (numbers_as(b"\1", b""), ("unknown", "form")),
        (b"\4" + bytes(64), ("unknown", "form")),
        (b"", ("unknown", "form")),
        (bytes(64), ("fail", "wrong")),
    ],
    ids=["no zeros", "a zero", "two zeros", "too large", "65 bytes", "nothing", "zeros"],
)
def test_numbers_as_writers_put_them(signature: bytes, expected: tuple[str, str]) -> None:
    body = structure(4, used())
    body["signature"] = core.OctetBitString(signature)
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "signature") == expected


IDENTITIES = pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (sm2.IDENTITY, ("pass", "ok")),
        (b"", ("unknown", "identity")),
        (None, ("unknown", "identity")),
        (b"ALICE123@YAHOO.COM", ("fail", "wrong")),
    ],
    ids=["as prescribed", "empty", "no Z", "somebody's"],
)


@IDENTITIES
@VERSIONS
def test_a_use_under_another_identity(
    version: int, identity: bytes | None, expected: tuple[str, str]
) -> None:
    """Whoever leaves the identity empty holds the key and signed; what is not prescribed is not confirmed."""
    body = structure(version, used(version))
    signature = papers.sign_as("天门市示例局", body["to_sign"].dump(), identity)
    body["signature"] = core.OctetBitString(signature)
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "signature") == expected
    altered = report.verdict is Verdict.INVALID
    assert (altered, report.verdict is Verdict.VALID) == (expected[0] == "fail", expected[0] == "pass")


@IDENTITIES
def test_a_seal_under_another_identity(identity: bytes | None, expected: tuple[str, str]) -> None:
    made = structure(4, seal(), of_seal=True)
    made["signature"] = core.OctetBitString(papers.sign_as("示例制章单位", made["info"].dump(), identity))
    report = verify_seal(decode_seal(made.dump(force=True)), trust())
    assert outcome(report, "seal_signature") == expected


def test_an_empty_identity_hides_no_alteration() -> None:
    body = structure(4, used())
    signature = papers.sign_as("天门市示例局", body["to_sign"].dump() + b"more", b"")
    body["signature"] = core.OctetBitString(signature)
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "signature") == ("fail", "wrong")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_names_in_either_encoding(encoding: str) -> None:
    made = structure(4, seal(), of_seal=True)
    made["info"]["property"]["name"] = "天门".encode(encoding).decode("latin-1")
    made["info"]["identifier"] = "编号\x1b[31m".encode(encoding).decode("latin-1")
    decoded = decode_seal(made.dump(force=True))
    assert decoded.name == "天门"
    assert decoded.identifier == "编号\ufffd[31m"


@pytest.mark.parametrize("oid", ["1.2.840.10045.4.3.2", "1.2.840.113549.1.1.11", "1.2.3"])
def test_other_algorithms_are_left_open(oid: str) -> None:
    body = structure(4, used())
    body["algorithm"] = core.ObjectIdentifier(oid)
    body["to_sign"]["seal"]["algorithm"] = core.ObjectIdentifier(oid)
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "signature") == outcome(report, "seal_signature") == ("unknown", "algorithm")
    assert report.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize("oid", ["1.2.156.10197.1.301", "1.2.156.10197.1.301.1", "1.2.156.10197.1.501"])
def test_the_names_of_sm2(oid: str) -> None:
    body = structure(4, used())
    body["algorithm"] = core.ObjectIdentifier(oid)
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert report.verdict is Verdict.VALID


@pytest.mark.parametrize("member", ["valid_from", "valid_until"])
def test_a_seal_whose_dates_cannot_be_read(member: str) -> None:
    body = structure(4, used())
    body["to_sign"]["seal"]["info"]["property"][member] = structures.Time(
        "generalized", structures.GeneralizedTimeText("always")
    )
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "validity") == ("unknown", "time")


def test_certificates_that_cannot_be_read() -> None:
    body = structure(4, used())
    body["certificate"] = core.OctetString(b"\x30\x00")
    body["to_sign"]["seal"]["certificate"] = core.OctetString(b"")
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "signature") == outcome(report, "seal_signature") == ("unknown", "certificate")
    assert outcome(report, "chain") == ("unknown", "signer")
    assert outcome(report, "validity") == ("unknown", "time")
    assert (report.signer, report.seal_maker) == (None, None)
