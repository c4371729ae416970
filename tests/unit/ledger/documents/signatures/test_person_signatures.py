"""SignedData of GB/T 35275 as different writers make it.

With attributes, without content, with r‖s.
"""

from base64 import b64encode
from typing import Any, Final

import pytest
from asn1crypto import core

from ledger.crypto.suites import SHA256, SM3
from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import SM2_WITH_SM3, SM3_OID, encode_sm2
from ledger.documents.inspection import SignatureReport
from ledger.documents.seals.making import sign_data
from ledger.documents.signatures.person_signatures import verify_signed_data
from ledger.documents.signatures.signed_data import decode_signed_data
from ledger.encoding import der
from ledger.errors import LimitExceeded, MalformedInput
from ledger.verification.reasons import Verdict
from tests import papers
from tests.papers import NOW, department, outcome, trust

DESCRIPTION: Final = b"<Signature/>"
DIGEST: Final = SM3.hash(DESCRIPTION)
SHA_256: Final = SHA256.hash(DESCRIPTION)
SHA256_OID: Final = "2.16.840.1.101.3.4.2.1"
HMAC_SM3_OID: Final = "1.2.156.10197.1.401.2"
OTHER: Final = SM3.hash(b"other")
MESSAGE_DIGEST, SIGNING_TIME = "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.5"


def remade(signed: bytes | None = None, **altered: Any) -> bytes:
    """A SignedData with members of its signer or content changed; `signed` is what is signed again."""
    made = structures.SignedDataInfo.load(sign_data(department(), DESCRIPTION), strict=True)
    body = made["content"]
    for name, value in altered.items():
        if name == "content":
            body["content"] = {"type": body["content"]["type"].native} | ({"content": value} if value else {})
        else:
            body["signers"][0][name] = value
    if signed is not None:
        body["signers"][0]["signature"] = encode_sm2(department().key.sign(signed))
    data: bytes = made.dump(force=True)
    return data


def report(data: bytes) -> SignatureReport:
    return verify_signed_data(data, DESCRIPTION, "2026-03-02 09:00:00", trust())


def attributes(digest: bytes, *more: Any) -> Any:
    octets = core.OctetString(digest)
    return structures.AttributeSets([{"type": MESSAGE_DIGEST, "values": [octets]}, *more])


def as_signed(attributes_set: Any) -> bytes:
    return der.encode(der.SET, der.read_content(attributes_set.dump()))


def test_the_plain_form() -> None:
    result = report(sign_data(department(), DESCRIPTION))
    assert (result.signer, result.version, result.signed_at) == ("天门市示例局", 1, NOW)
    assert result.verdict is Verdict.VALID


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(remade(DESCRIPTION, content=DESCRIPTION), id="the whole as content"),
        pytest.param(remade(DIGEST, content=None), id="no content, its digest signed"),
        pytest.param(remade(DESCRIPTION, content=None), id="no content, the whole signed"),
        pytest.param(remade(DESCRIPTION), id="its digest as content, the whole signed"),
        pytest.param(remade(b64encode(DIGEST), content=b64encode(DIGEST)), id="its digest in base64"),
        pytest.param(
            remade(b64encode(DIGEST) + b"\r\n", content=b64encode(DIGEST) + b"\r\n"),
            id="its digest in base64 with a line end",
        ),
        pytest.param(
            remade(DIGEST.hex().encode(), content=DIGEST.hex().encode()), id="its digest in hexadecimal"
        ),
        pytest.param(
            remade(DIGEST.hex().upper().encode(), content=DIGEST.hex().upper().encode()),
            id="its digest in large hexadecimal",
        ),
        pytest.param(
            remade(SHA_256, content=SHA_256, digest_algorithm={"algorithm": SHA256_OID}), id="its SHA-256"
        ),
        pytest.param(
            remade(
                b64encode(SHA_256), content=b64encode(SHA_256), digest_algorithm={"algorithm": SHA256_OID}
            ),
            id="its SHA-256 in base64",
        ),
        pytest.param(
            remade(digest_algorithm={"algorithm": SM2_WITH_SM3}), id="SM2 with SM3 in the place of the digest"
        ),
        pytest.param(
            remade(
                as_signed(attributes(DIGEST)),
                signed_attributes=attributes(DIGEST),
                digest_algorithm={"algorithm": HMAC_SM3_OID},
            ),
            id="a neighbour of SM3, as ofdrw's issue 192 has it",
        ),
        pytest.param(remade(signature=department().key.sign(DIGEST)), id="numbers without DER"),
        pytest.param(
            remade(as_signed(attributes(DIGEST)), content=None, signed_attributes=attributes(DIGEST)),
            id="attributes",
        ),
        pytest.param(
            remade(as_signed(attributes(SM3.hash(DIGEST))), signed_attributes=attributes(SM3.hash(DIGEST))),
            id="attributes over the digest",
        ),
        pytest.param(
            remade(DIGEST, signature_algorithm={"algorithm": "1.2.156.10197.1.301.1"}),
            id="another name of SM2",
        ),
    ],
)
def test_forms_that_writers_use(data: bytes) -> None:
    assert report(data).verdict is Verdict.VALID


@pytest.mark.parametrize(
    ("data", "check", "expected"),
    [
        pytest.param(
            remade(DESCRIPTION, content=DESCRIPTION[::-1]),
            "data_hash",
            ("fail", "altered"),
            id="other content",
        ),
        *(
            pytest.param(
                remade(written, content=written),
                "data_hash",
                ("fail", "altered"),
                id=f"{form} of something else",
            )
            for form, written in {
                "a digest": OTHER,
                "a digest in base64": b64encode(OTHER) + b"\n",
                "a digest in hexadecimal": OTHER.hex().encode(),
            }.items()
        ),
        *(
            pytest.param(remade(written, content=written), "data_hash", ("unknown", "digest"), id=form)
            for form, written in {
                "content of another length": DESCRIPTION + b"\n",
                "a longer digest": OTHER * 2,
                "a longer digest in hexadecimal": OTHER.hex().encode() * 2,
                "letters as many as in base64": b"*" * 44,
                "letters as many as in hexadecimal": b"*" * 64,
                "bytes that are no letters": b"\xff" * 64,
                "a space": b" ",
            }.items()
        ),
        pytest.param(
            remade(OTHER, content=OTHER, digest_algorithm={"algorithm": "1.2.3"}),
            "data_hash",
            ("unknown", "digest"),
            id="a digest by who knows what",
        ),
        pytest.param(
            remade(b"other", content=None), "signature", ("fail", "wrong"), id="something else signed"
        ),
        pytest.param(
            remade(as_signed(attributes(b"x")), signed_attributes=attributes(b"x")),
            "signature",
            ("fail", "wrong"),
            id="attributes of something else",
        ),
        pytest.param(
            remade(
                as_signed(attributes(DIGEST)),
                signed_attributes=attributes(DIGEST, {"type": "1.2.3", "values": []}),
            ),
            "signature",
            ("fail", "wrong"),
            id="an attribute slipped in",
        ),
        pytest.param(
            remade(
                as_signed(attributes(b"x")),
                signed_attributes=attributes(b"x"),
                digest_algorithm={"algorithm": HMAC_SM3_OID},
            ),
            "signature",
            ("unknown", "digest"),
            id="a neighbour of SM3 that does not fit",
        ),
        pytest.param(
            remade(signature=papers.sign_as("天门市示例局", DIGEST, b"")),
            "signature",
            ("unknown", "identity"),
            id="an empty identity",
        ),
        pytest.param(
            remade(digest_algorithm={"algorithm": "1.3.14.3.2.26"}),
            "signature",
            ("unknown", "algorithm"),
            id="SHA-1",
        ),
        pytest.param(
            remade(signature_algorithm={"algorithm": "1.2.840.10045.4.3.2"}),
            "signature",
            ("unknown", "algorithm"),
            id="ECDSA",
        ),
        pytest.param(
            remade(
                issuer_and_serial={
                    "issuer": core.Any.load(department().certificate.issuer),
                    "serial_number": 1,
                }
            ),
            "signature",
            ("unknown", "certificate"),
            id="certificate left out",
        ),
    ],
)
def test_what_does_not_hold(data: bytes, check: str, expected: tuple[str, str]) -> None:
    result = report(data)
    assert outcome(result, check) == expected
    assert result.verdict is (Verdict.INVALID if expected[0] == "fail" else Verdict.UNVERIFIABLE)


def test_the_signed_time_is_the_one_that_counts() -> None:
    moment = structures.Time("utc", structures.UTCTimeText("200101000000Z"))
    attributes_set = attributes(DIGEST, {"type": SIGNING_TIME, "values": [moment.chosen]})
    result = report(remade(as_signed(attributes_set), content=None, signed_attributes=attributes_set))
    assert result.signed_at == 1_577_836_800
    assert outcome(result, "signature") == ("pass", "ok")
    assert outcome(result, "validity") == ("fail", "certificate")


def test_two_signers_and_one_who_did_not_sign() -> None:
    made = structures.SignedDataInfo.load(remade(), strict=True)
    good, bad = (structures.SignerInfo.load(made["content"]["signers"][0].dump()) for _ in range(2))
    bad["signature"] = encode_sm2(department().key.sign(b"other"))
    for signers, expected in (([good, good], ("pass", "ok")), ([good, bad], ("fail", "wrong"))):
        made["content"]["signers"] = structures.SignerInfos(signers)
        assert outcome(report(made.dump(force=True)), "signature") == expected


@pytest.mark.parametrize("count", [0, 5])
def test_the_number_of_signers(count: int) -> None:
    made = structures.SignedDataInfo.load(remade(), strict=True)
    signer = structures.SignerInfo.load(made["content"]["signers"][0].dump())
    made["content"]["signers"] = structures.SignerInfos([signer] * count)
    with pytest.raises(LimitExceeded, match="signers"):
        decode_signed_data(made.dump(force=True))


def test_other_structures() -> None:
    twice = attributes(DIGEST, {"type": MESSAGE_DIGEST, "values": []})
    many = structures.SignedDataInfo.load(remade(), strict=True)
    element = core.Any.load(department().certificate.der)
    many["content"]["certificates"] = structures.AnySet([element] * 9)
    for data in (
        remade()[:-1],
        remade() + b"\x00",
        remade().replace(
            bytes.fromhex("060a2a811ccf550601040202"), bytes.fromhex("060a2a811ccf550601040203")
        ),
        remade(signed_attributes=twice),
        many.dump(force=True),
        bytes(2_000_000),
    ):
        with pytest.raises(MalformedInput):
            decode_signed_data(data)


def test_a_certificate_beside_that_cannot_be_read() -> None:
    made = structures.SignedDataInfo.load(remade(), strict=True)
    held = [core.Any.load(one) for one in (b"\x30\x00", department().certificate.der)]
    made["content"]["certificates"] = structures.AnySet(held)
    assert report(made.dump(force=True)).verdict is Verdict.VALID
    made["content"]["certificates"] = structures.AnySet(held[:1])
    assert outcome(report(made.dump(force=True)), "signature") == ("unknown", "certificate")


def test_algorithms_by_name() -> None:
    signed_data = decode_signed_data(remade())
    assert signed_data.signers[0].algorithm == SM2_WITH_SM3
    assert signed_data.signers[0].digest_algorithm == SM3_OID
    assert signed_data.content == DIGEST
    assert signed_data.certificates == (papers.department().certificate,)
