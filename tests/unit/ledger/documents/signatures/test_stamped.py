"""Timestamps on signatures, on seals and on their uses: a bad one makes no forgery."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from asn1crypto import core

from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import encode_sm2
from ledger.documents.seals.ses import decode_seal, decode_signature
from ledger.documents.seals.ses_signatures import verify_seal, verify_seal_signature
from ledger.documents.signatures.timestamps import PROMPT_SECONDS
from ledger.verification.reasons import Verdict
from tests import papers
from tests.papers import NOW, PAGE, department, only, outcome, sealed, trust, with_part
from tests.stamping import LATER, token
from tests.unit.ledger.documents.seals.uses import DESCRIPTION, used
from tests.unit.ledger.documents.signatures.spoilt import SPOILT


def stamped(by: Callable[[bytes], bytes], *, of_seal: bool = False, version: int = 5) -> bytes:
    """A use of a seal with a timestamp on it, or on the seal in it: then it is signed over that."""
    body: Any = structures.Signature4.load(used(version), strict=True)
    stamped_part = body["to_sign"]["seal"] if of_seal else body
    stamped_part["timestamp"] = tagged(by(stamped_part["signature"].native))
    if of_seal:
        signature = department().key.sign(body["to_sign"].dump(force=True))
        body["signature"] = core.OctetBitString(encode_sm2(signature))
    made: bytes = body.dump(force=True)
    return made


def tagged(stamp: bytes) -> Any:
    return structures.Timestamp("tagged", core.OctetBitString(stamp, explicit=0))


@pytest.mark.parametrize("name", SPOILT)
@pytest.mark.parametrize("of_seal", [False, True], ids=["on the signature", "on the seal"])
def test_whatever_is_wrong_with_it_the_document_is_no_forgery(name: str, *, of_seal: bool) -> None:
    """Anybody can spoil a timestamp or put one there: that cannot be told from an authority's fault, and proves nothing."""
    data = decode_signature(stamped(lambda _: SPOILT[name][0], of_seal=of_seal))
    report = verify_seal_signature(data, DESCRIPTION, trust())
    assert outcome(report, "timestamp") != ("pass", "ok")
    assert {one.outcome for one in report.checks if one.name != "timestamp"} == {"pass"}
    assert report.verdict is Verdict.UNVERIFIABLE
    assert report.stamped_at is None or name == "older than the stated time"


@pytest.mark.parametrize("version", [4, 5])
def test_a_timestamp_on_a_use_of_a_seal(version: int) -> None:
    report = verify_seal_signature(decode_signature(stamped(token, version=version)), DESCRIPTION, trust())
    assert report.verdict is Verdict.VALID
    assert outcome(report, "timestamp") == ("pass", "ok")
    assert (report.signed_at, report.stamped_at) == (NOW, LATER)
    assert report.to_json()["stamped_at"] == "2026-03-02T01:00:05Z"


def test_a_timestamp_on_a_seal() -> None:
    signed = decode_signature(stamped(token, of_seal=True))
    report = verify_seal_signature(signed, DESCRIPTION, trust())
    assert (report.verdict, outcome(report, "timestamp")) == (Verdict.VALID, ("pass", "ok"))
    assert report.stamped_at is None, "the timestamp says when the seal was made, not when it was used"
    alone = verify_seal(decode_seal(signed.seal.der), trust())
    assert (alone.verdict, alone.stamped_at) == (Verdict.VALID, LATER)
    spoilt = decode_signature(stamped(lambda _: token(b"other"), of_seal=True)).seal
    alone = verify_seal(spoilt, trust())
    assert (alone.verdict, outcome(alone, "timestamp")) == (Verdict.UNVERIFIABLE, ("fail", "other"))


def test_a_good_timestamp_on_the_seal_and_a_bad_one_on_its_use() -> None:
    signed = decode_signature(stamped(token, of_seal=True))
    spoilt = replace(signed, timestamp=token(b"other"))
    report = verify_seal_signature(spoilt, DESCRIPTION, trust())
    assert (outcome(report, "timestamp"), report.stamped_at) == (("fail", "other"), None)


def test_a_timestamp_in_an_ofd() -> None:
    """Put there or taken away afterwards: no part that the seal protects."""

    def add(data: bytes) -> bytes:
        body: Any = structures.Signature4.load(data, strict=True)
        body["timestamp"] = tagged(token(body["signature"].native))
        made: bytes = body.dump(force=True)
        return made

    document = with_part(sealed(), papers.VALUE, add)
    report = only(document)
    assert (report.verdict, report.stamped_at) == (Verdict.VALID, LATER)
    altered = only(with_part(document, PAGE, b"<Page/>"))
    assert outcome(altered, "timestamp") == ("pass", "ok")
    assert altered.verdict is Verdict.INVALID, "a good timestamp mends nothing"
    assert only(sealed()).verdict is Verdict.VALID


@pytest.mark.parametrize("good", [True, False], ids=["good", "spoilt"])
def test_a_timestamp_on_a_signature_without_a_seal(*, good: bool) -> None:
    def add(data: bytes) -> bytes:
        made = structures.SignedDataInfo.load(data, strict=True)
        signer = made["content"]["signers"][0]
        stamp = token(signer["signature"].native if good else b"other")
        signer["unsigned_attributes"] = [
            {"type": "1.2.840.113549.1.9.16.2.14", "values": [core.Any.load(stamp)]}
        ]
        encoded: bytes = made.dump(force=True)
        return encoded

    report = only(with_part(papers.signed(), papers.VALUE, add))
    if good:
        assert (report.verdict, report.stamped_at) == (Verdict.VALID, LATER)
    else:
        assert outcome(report, "timestamp") == ("fail", "other")
        assert (report.verdict, report.stamped_at) == (Verdict.UNVERIFIABLE, None)


def test_a_prompt_timestamp_on_the_seal_hides_no_late_one_on_its_use() -> None:
    signed = decode_signature(stamped(token, of_seal=True))
    late = replace(signed, timestamp=token(signed.signature, NOW + PROMPT_SECONDS + 1))
    report = verify_seal_signature(late, DESCRIPTION, trust())
    assert (outcome(report, "timestamp"), report.verdict) == (("pass", "late"), Verdict.VALID)
