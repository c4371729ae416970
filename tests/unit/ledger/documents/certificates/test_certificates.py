"""Certificates: lenient in their text, strict in their form, with SM2 and without."""

import datetime
import hashlib
import random
import re
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import encode_sm2, read_sm2_numbers
from ledger.documents.certificates.certificates import SignatureResult, decode_certificate, decode_if_readable
from ledger.documents.certificates.issuing import TIMESTAMPING_PURPOSE, Holder
from ledger.documents.certificates.trust_list import decode_trust_list
from ledger.documents.findings import pass_check
from ledger.documents.openers import inspect
from ledger.encoding import der
from ledger.errors import MalformedInput
from ledger.verification.reasons import Verdict
from tests import papers
from tests.papers import NOW, VALUE, YEAR, department, root, sealed, signed, with_part
from tests.stamping import attributes, certified, info, token

ECDSA_SHA256: Final = "1.2.840.10045.4.3.2"


def remade(**members: Any) -> bytes:
    """The department's certificate with members of its body changed and signed again."""
    made = structures.X509Certificate.load(department().certificate.der, strict=True)
    for name, value in members.items():
        made["to_be_signed"][name] = value
    made["signature"] = core.OctetBitString(
        encode_sm2(root().key.sign(made["to_be_signed"].dump(force=True)))
    )
    data: bytes = made.dump(force=True)
    return data


def key_of(name: str) -> ec.EllipticCurvePrivateKey:
    """A key of P-256 that is always the same."""
    return ec.derive_private_key(
        int.from_bytes(hashlib.sha224(name.encode()).digest(), "big"), ec.SECP256R1()
    )


def named(kind: str, value: Any) -> Any:
    attribute = structures.Attribute({"type": kind, "value": value})
    return structures.Name([structures.RelativeName([attribute])])


def p256(
    name: str, issuer: x509.Certificate | None = None, key: Any = None, by: Any = None
) -> x509.Certificate:
    def of(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])

    moment = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(of(name)).issuer_name(issuer.subject if issuer else of(name))
    )
    builder = builder.public_key(key.public_key()).serial_number(5)
    builder = builder.not_valid_before(moment).not_valid_after(moment + datetime.timedelta(days=1))
    return builder.sign(by or key, SHA256())


@pytest.mark.parametrize("curve", ["1.2.156.10197.1.301", None], ids=["with the curve", "without"])
def test_a_key_under_the_name_of_sm2(curve: str | None) -> None:
    """GM/T 0015-2023 allows SM2's own identifier in the place of that of elliptic curves: it is the same key."""
    (_, _), (_, point) = der.read_children(department().key.public.spki)
    named = [core.ObjectIdentifier(name).dump() for name in ("1.2.156.10197.1.301", curve) if name]
    info = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, *named), point)
    assert decode_certificate(remade(public_key=core.Any.load(info))).key == department().key.public


def test_what_a_certificate_says() -> None:
    decoded = department().certificate
    assert (decoded.name, decoded.issuer_name, decoded.serial) == ("天门市示例局", "示例根证书", 8)
    assert (decoded.not_before, decoded.not_after) == (NOW - YEAR, NOW + YEAR)
    assert decoded.key == department().key.public
    assert decoded.is_authority is False
    assert root().certificate.is_authority is True
    assert (decoded.may_sign, decoded.may_certify, decoded.purposes) == (True, False, None)
    assert (root().certificate.may_sign, root().certificate.may_certify) == (False, True)
    assert decoded.fingerprint.startswith("sm3:")
    assert x509.load_der_x509_certificate(decoded.der).serial_number == decoded.serial


def test_who_issued_it() -> None:
    other = papers.root("另一根证书").certificate
    assert root().certificate.has_issued(department().certificate) is SignatureResult.YES
    assert root().certificate.has_issued(root().certificate) is SignatureResult.YES
    assert other.has_issued(department().certificate) is SignatureResult.NO
    assert department().certificate.has_issued(root().certificate) is SignatureResult.NO


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_openssl_follows_our_certificates(tmp_path: Path) -> None:
    for name, holder in (("root", root()), ("department", department())):
        pem = x509.load_der_x509_certificate(holder.certificate.der).public_bytes(Encoding.PEM)
        (tmp_path / name).write_bytes(pem)
    run = subprocess.run(
        [
            "openssl",
            "verify",
            "-attime",
            str(NOW),
            "-vfyopt",
            "distid:1234567812345678",
            "-CAfile",
            "root",
            "department",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout == "department: OK\n", run.stderr


def test_chinese_in_an_email_address() -> None:
    """Seen in the wild: IA5String has no such letters, and strict readers raise."""
    email = structures.IA5Text("局@示例".encode().decode("latin-1"))
    decoded = decode_certificate(remade(subject=named("1.2.840.113549.1.9.1", email)))
    assert decoded.name == "局@示例"
    assert root().certificate.has_issued(decoded) is SignatureResult.YES


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        (named("2.5.4.10", core.UTF8String("示例单位")), "示例单位"),
        (named("2.5.4.3", core.TeletexString("abc")), "abc"),
        (named("2.5.4.3", core.BMPString("天门")), "天门"),
        (named("2.5.4.5", core.PrintableString("42")), "42"),
        (structures.Name([]), ""),
        (named("2.5.4.3", core.UTF8String("\x1b]0;title\x07")), "\ufffd]0;title\ufffd"),
        (named("2.5.4.3", core.UTF8String("\u202eabc")), "\ufffdabc"),
    ],
    ids=["organization", "teletex", "two bytes a letter", "serial number", "nobody", "terminal", "direction"],
)
def test_names_of_subjects(subject: Any, shown: str) -> None:
    assert decode_certificate(remade(subject=subject)).name == shown


@pytest.mark.parametrize(
    ("kind", "text", "moment"),
    [
        ("utc", "260302010000Z", NOW),
        ("utc", "991231235959Z", 946684799),
        ("utc", "500101000000Z", None),
        ("generalized", "20260302010000Z", NOW),
        ("generalized", "99991231235959Z", 253402300799),
        ("generalized", "never", None),
    ],
)
def test_times(kind: str, text: str, moment: int | None) -> None:
    made = structures.UTCTimeText(text) if kind == "utc" else structures.GeneralizedTimeText(text)
    validity = structures.Validity(
        {"not_before": structures.Time(kind, made), "not_after": structures.Time(kind, made)}
    )
    certificate = decode_certificate(remade(validity=validity))
    assert (certificate.not_before, certificate.not_after) == (moment, moment)
    assert certificate.is_valid_at(NOW) is (None if moment is None else moment == NOW)


def test_other_keys_and_algorithms() -> None:
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
    upper = p256("upper", key=key)
    lower = p256("lower", upper, other, by=key)
    upper_read, lower_read = (decode_certificate(one.public_bytes(Encoding.DER)) for one in (upper, lower))
    assert upper_read.has_issued(lower_read) is SignatureResult.YES
    assert lower_read.has_issued(upper_read) is SignatureResult.UNKNOWN  # names do not match
    forged = p256("lower", upper, other, by=other)
    assert (
        upper_read.has_issued(decode_certificate(forged.public_bytes(Encoding.DER)))
        is not SignatureResult.YES
    )
    assert upper_read.key is not None
    assert upper_read.key.algorithm == "p256"
    assert lower_read.key is None
    assert upper_read.verify(b"", b"", "1.2.156.10197.1.501") is SignatureResult.UNKNOWN
    assert department().certificate.verify(b"", b"", "1.2.840.10045.4.3.2") is SignatureResult.UNKNOWN
    assert root().certificate.has_issued(lower_read) is SignatureResult.UNKNOWN


def test_signatures_that_are_not_of_sm2() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    decoded = decode_certificate(p256("somebody", key=key).public_bytes(Encoding.DER))
    made, of_key, sha256 = key.sign(b"it", ec.ECDSA(SHA256())), "1.2.840.10045.2.1", "2.16.840.1.101.3.4.2.1"
    assert decoded.verify_any(b"it", made, "1.2.840.10045.4.3.2", "1.2.3") is SignatureResult.YES
    assert decoded.verify_any(b"it", made, of_key, sha256) is SignatureResult.YES
    assert decoded.verify_any(b"other", made, of_key, sha256) is SignatureResult.NO
    assert decoded.verify_any(b"it", b"", of_key, sha256) is SignatureResult.NO
    assert decoded.verify_any(b"it", made, of_key, "1.2.3") is SignatureResult.UNKNOWN
    assert decoded.verify_any(b"it", made, "1.2.840.113549.1.1.10", sha256) is SignatureResult.UNKNOWN
    assert department().certificate.verify_any(b"it", made, of_key, sha256) is SignatureResult.UNKNOWN


def test_two_algorithms_in_one_certificate() -> None:
    made = structures.X509Certificate.load(department().certificate.der, strict=True)
    made["algorithm"] = {"algorithm": "1.2.156.10197.1.301"}
    with pytest.raises(MalformedInput, match="two different"):
        decode_certificate(made.dump(force=True))
    made["algorithm"] = {"algorithm": "1.2.156.10197.1.501", "parameters": core.Null()}
    assert root().certificate.has_issued(decode_certificate(made.dump(force=True))) is SignatureResult.YES


def with_extension(kind: str, value: bytes, *, times: int = 1) -> bytes:
    made = structures.X509Certificate.load(department().certificate.der, strict=True)
    more = [{"extension": kind, "critical": False, "value": value}] * times
    return remade(extensions=[*made["to_be_signed"]["extensions"], *more])


def test_what_a_certificate_is_for() -> None:
    stamping, emails = "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.4"
    purposes = x509.ExtendedKeyUsage([x509.ObjectIdentifier(one) for one in (stamping, emails)])
    certificate = decode_certificate(with_extension("2.5.29.37", purposes.public_bytes()))
    assert certificate.purposes == frozenset({stamping, emails})
    assert decode_certificate(with_extension("2.5.29.37", b"\x30\x00")).purposes == frozenset()


@pytest.mark.parametrize(
    "data",
    [
        with_extension("1.2.3", b"", times=2),
        with_extension("2.5.29.15", bytes.fromhex("030206c0")),
        with_extension("2.5.29.37", b"\x04\x00"),
        with_extension("2.5.29.37", b"\x30\x02\x05\x00"),
        remade(extensions=[{"extension": "2.5.29.15", "value": b"\x04\x01\xc0"}]),
        remade(extensions=[{"extension": "2.5.29.15", "value": b""}]),
    ],
    ids=["an extension twice", "two usages", "no list", "no identifiers", "no bits", "nothing"],
)
def test_extensions_that_cannot_be_read(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        decode_certificate(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30\x00",
        department().certificate.der[:-1],
        department().certificate.der + b"\x00",
        bytes(70_000),
    ],
    ids=["nothing", "empty", "cut off", "data behind", "too large"],
)
def test_what_is_no_certificate(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        decode_certificate(data)
    assert decode_if_readable(data) is None


@pytest.mark.parametrize("tag", [0x31, 0x70, 0xA0])
def test_numbers_in_another_structure(tag: int) -> None:
    numbers = department().key.sign(b"it")
    made = encode_sm2(numbers)
    assert read_sm2_numbers(made) == numbers
    assert read_sm2_numbers(bytes([tag]) + made[1:]) is None


@pytest.mark.parametrize("version", [1, 3, 7])
def test_a_version_that_there_is_not(version: int) -> None:
    """`cryptography` has an exception of its own for these, which is no ValueError."""
    key = ec.generate_private_key(ec.SECP256R1())
    upper = p256("upper", key=key)
    made = structures.X509Certificate.load(p256("lower", upper, key).public_bytes(Encoding.DER), strict=True)
    made["to_be_signed"]["version"] = version
    certificate = decode_certificate(made.dump(force=True))
    assert (
        decode_certificate(upper.public_bytes(Encoding.DER)).has_issued(certificate)
        is SignatureResult.UNKNOWN
    )
    assert certificate.verify_any(b"it", b"", "1.2.840.10045.4.3.2", "1.2.3") is SignatureResult.UNKNOWN


def flips(data: bytes, within: bytes, times: int) -> Iterator[bytes]:
    """`data` with a bit of one of the places of `within` in it flipped, so many times, the same every time."""
    draw = random.Random(within)
    places = [found.start() for found in re.finditer(re.escape(within), data)]
    assert places
    for _ in range(times):
        flipped = bytearray(data)
        flipped[draw.choice(places) + draw.randrange(len(within))] ^= 1 << draw.randrange(8)
        yield bytes(flipped)


def test_a_bit_of_any_byte_of_a_certificate_that_another_library_reads() -> None:
    """Whatever `cryptography` finds wrong with it, and when, is an answer and no exception."""
    above, issuing_key = key_of("above"), key_of("own")
    upper = certified("示例根", above, above, authority=True).public_bytes(Encoding.DER)
    lower = certified("时间戳", issuing_key, above, purposes=(TIMESTAMPING_PURPOSE,)).public_bytes(
        Encoding.DER
    )
    signature, issuer, draw = (
        issuing_key.sign(b"it", ec.ECDSA(SHA256())),
        decode_certificate(upper),
        random.Random(1),
    )
    assert (
        decode_certificate(lower).verify_any(b"it", signature, ECDSA_SHA256, "1.2.3") is SignatureResult.YES
    )
    for at in range(len(lower)):
        certificate = decode_if_readable(
            lower[:at] + bytes([lower[at] ^ 1 << draw.randrange(8)]) + lower[at + 1 :]
        )
        if certificate is not None:
            assert issuer.has_issued(certificate) is not SignatureResult.YES
            certificate.has_issued(issuer)
            certificate.verify_any(b"it", signature, ECDSA_SHA256, "1.2.3")


def with_certificate_of_another_algorithm(document: bytes) -> tuple[bytes, bytes]:
    """The document with a timestamp by ECDSA on its signature, and the certificate in that."""
    above, lower = key_of("above"), key_of("own")
    made = certified("时间戳", lower, above, purposes=(TIMESTAMPING_PURPOSE,)).public_bytes(Encoding.DER)
    by = Holder(decode_certificate(made), department().key)

    def add(data: bytes) -> bytes:
        body: Any = structures.Signature4.load(data, strict=True)
        value = body["signature"].native
        stamp = token(
            value, by=by, signed=attributes(info(value)), signature_algorithm={"algorithm": ECDSA_SHA256}
        )
        body["timestamp"] = structures.Timestamp("tagged", core.OctetBitString(stamp))
        encoded: bytes = body.dump(force=True)
        return encoded

    return with_part(document, VALUE, add), made


@pytest.mark.parametrize("place", ["signer", "seal maker", "signer without a seal", "timestamp"])
def test_a_bit_of_a_certificate_wherever_one_can_be(place: str) -> None:
    """Never an exception, and never a valid document: the certificate is covered, or its own signature tells."""
    document, certificate = {
        "signer": lambda: (sealed(), department().certificate.der),
        "seal maker": lambda: (sealed(), papers.maker().certificate.der),
        "signer without a seal": lambda: (signed(), department().certificate.der),
        "timestamp": lambda: with_certificate_of_another_algorithm(sealed()),
    }[place]()
    for flipped in flips(papers.parts(document)[VALUE], certificate, 40):
        inspection = inspect(with_part(document, VALUE, flipped), papers.trust())
        assert inspection.verdict is not Verdict.VALID
        inspection.to_json()


def test_a_bit_of_a_certificate_on_the_list() -> None:
    for flipped in flips(root().certificate.der, root().certificate.der, 40):
        pem = b"-----BEGIN CERTIFICATE-----\n" + b64encode(flipped) + b"\n-----END CERTIFICATE-----\n"
        try:
            listed = decode_trust_list(pem)
        except MalformedInput:
            continue
        assert inspect(sealed(), listed).signatures[0].find_check("signature") == pass_check("signature")


@pytest.mark.parametrize("length", [0, 63, 65, 70])
def test_signatures_of_another_size(length: int) -> None:
    assert department().certificate.verify(b"", bytes(length), "1.2.156.10197.1.501") is SignatureResult.NO
