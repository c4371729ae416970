"""Whom a seal lists as its users, by certificate or by digest."""

import base64
from typing import Any

import pytest
from asn1crypto import core

from ledger.crypto.suites import SM3
from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import encode_sm2
from ledger.documents.seals.making import make_seal, use_seal
from ledger.documents.seals.ses import decode_seal, decode_signature
from ledger.documents.seals.ses_signatures import verify_seal_signature
from ledger.encoding import der
from ledger.verification.reasons import Verdict
from tests import papers
from tests.papers import NOW, department, draft, maker, outcome, seal, trust
from tests.unit.ledger.documents.seals.uses import DESCRIPTION, structure, used


def test_a_signer_who_is_not_listed() -> None:
    """Known to the authority and honestly signed: but the seal is somebody else's."""
    stranger = papers.holder("另一示例局")
    data = use_seal(seal(), stranger, DESCRIPTION, "/Signature.xml", NOW)
    report = verify_seal_signature(decode_signature(data), DESCRIPTION, trust())
    assert outcome(report, "signature") == ("pass", "ok")
    assert outcome(report, "signer_listed") == ("fail", "not_listed")
    assert report.verdict is Verdict.INVALID


@pytest.mark.parametrize("version", [4, 5])
def test_signers_listed_by_digest(version: int) -> None:
    listed = make_seal(draft(version, lists_digests=True), maker())
    decoded = decode_seal(listed)
    assert (decoded.user_certificates, len(decoded.user_digests)) == ((), 1)
    report = verify_seal_signature(decode_signature(used(version, listed)), DESCRIPTION, trust())
    assert outcome(report, "signer_listed") == ("pass", "ok")
    other = make_seal(
        draft(version, lists_digests=True, user_certificates=(maker().certificate.der,)), maker()
    )
    report = verify_seal_signature(decode_signature(used(version, other)), DESCRIPTION, trust())
    assert outcome(report, "signer_listed") == ("fail", "not_listed")
    unknown = decode_signature(used(version, other)).der.replace(b"\x13\x03SM3", b"\x13\x03MD5")
    report = verify_seal_signature(decode_signature(unknown), DESCRIPTION, trust())
    assert outcome(report, "signer_listed") == ("unknown", "digest")


def listing(version: int, *elements: core.Asn1Value) -> bytes:
    """A seal that lists those elements in the place of certificates, honestly made."""
    made = structure(version, make_seal(draft(version), maker()), of_seal=True)
    made["info"]["property"]["certificates"] = structures.ListedUsers([core.Any(one) for one in elements])
    covered = made["info"].dump(force=True)
    signing = made["signed"] if version == 1 else made
    if version == 1:
        covered = der.encode(
            der.SEQUENCE, covered, signing["certificate"].dump(), signing["algorithm"].dump()
        )
    signing["signature"] = core.OctetBitString(encode_sm2(maker().key.sign(covered)))
    encoded: bytes = made.dump(force=True)
    return encoded


OWN = department().certificate.der
OTHERS = maker().certificate.der
PEM = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(OWN) + b"-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ([core.OctetString(OWN)], ("pass", "ok")),
        ([core.OctetString(base64.b64encode(OWN))], ("pass", "ok")),
        ([core.OctetString(base64.encodebytes(OWN))], ("pass", "ok")),
        ([core.OctetString(OWN.hex().encode())], ("pass", "ok")),
        ([core.OctetString(PEM)], ("pass", "ok")),
        ([core.UTF8String(base64.b64encode(OWN).decode())], ("pass", "ok")),
        ([core.PrintableString(base64.b64encode(OWN).decode())], ("pass", "ok")),
        ([core.IA5String(OWN.hex().upper())], ("pass", "ok")),
        ([core.Any.load(OWN)], ("pass", "ok")),
        ([core.UTF8String("张三"), core.OctetString(OWN)], ("pass", "ok")),
        ([core.UTF8String("天门市示例局")], ("unknown", "unread")),
        ([core.OctetString("CN=天门市示例局,C=CN".encode())], ("unknown", "unread")),
        ([core.OctetString(b"0123456789")], ("unknown", "unread")),
        ([core.OctetString(b"")], ("unknown", "unread")),
        ([core.Null()], ("unknown", "unread")),
        ([core.OctetString(OTHERS), core.UTF8String("张三")], ("unknown", "unread")),
        ([core.UTF8String(base64.b64encode(OTHERS).decode())], ("fail", "not_listed")),
        ([core.OctetString(OTHERS)], ("fail", "not_listed")),
        ([], ("fail", "not_listed")),
    ],
)
@pytest.mark.parametrize("version", [1, 4])
def test_what_a_list_of_certificates_holds(
    version: int, elements: list[Any], expected: tuple[str, str]
) -> None:
    """Text that is a certificate is read as one; other text names nobody that could be compared."""
    data = listing(version, *elements)
    assert decode_seal(data).der == data
    report = verify_seal_signature(decode_signature(used(version, data)), DESCRIPTION, trust())
    assert outcome(report, "seal_signature") == ("pass", "ok")
    assert outcome(report, "signer_listed") == expected
    verdicts = {"pass": Verdict.VALID, "unknown": Verdict.UNVERIFIABLE, "fail": Verdict.INVALID}
    assert report.verdict is verdicts[expected[0]]


@pytest.mark.parametrize(
    ("algorithm", "value", "expected"),
    [
        ("SM3", SM3.hash(OWN).hex().encode(), ("pass", "ok")),
        ("SM3", base64.b64encode(SM3.hash(OWN)), ("pass", "ok")),
        ("1.2.156.10197.1.401.2", SM3.hash(OWN), ("pass", "ok")),
        ("1.2.156.10197.1.401.2", SM3.hash(OTHERS), ("unknown", "digest")),
        ("SM3", SM3.hash(OWN)[:20], ("unknown", "digest")),
        ("SM3", SM3.hash(OTHERS).hex().encode(), ("fail", "not_listed")),
    ],
)
def test_what_a_list_of_digests_holds(algorithm: str, value: bytes, expected: tuple[str, str]) -> None:
    made = structure(4, make_seal(draft(4, lists_digests=True), maker()), of_seal=True)
    made["info"]["property"]["certificates"] = core.Any(
        structures.CertificateDigests([{"type": algorithm, "value": value}])
    )
    covered = made["info"].dump(force=True)
    made["signature"] = core.OctetBitString(encode_sm2(maker().key.sign(covered)))
    data = used(4, made.dump(force=True))
    report = verify_seal_signature(decode_signature(data), DESCRIPTION, trust())
    assert outcome(report, "signer_listed") == expected
