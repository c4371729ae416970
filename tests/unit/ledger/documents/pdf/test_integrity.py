"""Signed attributes are checked as they stand.

What is not known to be wrong is not called wrong.
"""

# mypy: allow-untyped-calls
import pytest
from asn1crypto import core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ledger.documents.openers import inspect
from ledger.encoding import der
from ledger.verification.reasons import Verdict
from tests.unit.ledger.documents.pdf.test_signatures import Authority, authority, only, reasons
from tests.unit.ledger.documents.pdf.test_timestamps import DOCUMENT, Office, checks, office, replaced

__all__ = ["authority", "office"]  # fixtures
ECDSA_SHA256 = core.ObjectIdentifier("1.2.840.10045.4.3.2").dump()
MESSAGE_DIGEST = core.ObjectIdentifier("1.2.840.113549.1.9.4").dump()
#: ecdsa-plain-SHA256 (BSI TR-03111), and a curve in the place of an algorithm.
OTHERS = ("0.4.0.127.0.7.1.1.4.1.3", "1.2.840.10045.3.1.7")


def _signer(value: bytes) -> list[bytes]:
    """Return the parts of the SignerInfo of a CMS signature."""
    _, (_, content) = der.read_children(value)
    ((_, data),) = der.read_children(content)
    ((_, signer),) = der.read_children(der.read_children(data)[-1][1])
    return [part for _, part in der.read_children(signer)]


def _sign_anew(value: bytes, authority: Authority, attributes: list[bytes], signed: list[bytes]) -> bytes:
    """Return the value with attributes in one order, and signed in another."""
    parts = _signer(value)
    place = next(at for at, part in enumerate(parts) if part[0] == 0xA0)
    key = load_der_private_key(authority.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    before = parts[-1] if parts[-1][0] == der.OCTET_STRING else parts[-2]
    while True:  # until it is as long as the one before
        made = key.sign(der.encode(der.SET, *signed), ec.ECDSA(hashes.SHA256()))
        if len(made) == len(der.read_content(before)):
            break
    value = value.replace(parts[place], der.encode(0xA0, *attributes))
    return value.replace(before, der.encode(der.OCTET_STRING, made))


@pytest.mark.parametrize("stands", ["sorted", "reversed"])
@pytest.mark.parametrize("signs", ["sorted", "reversed"])
def test_attributes_in_whatever_order_they_are_signed(authority: Authority, stands: str, signs: str) -> None:
    def change(value: bytes) -> bytes:
        part = next(part for part in _signer(value) if part[0] == 0xA0)
        orders = {"sorted": sorted(each for _, each in der.read_children(part))}
        orders["reversed"] = orders["sorted"][::-1]
        return _sign_anew(value, authority, orders[stands], orders[signs])

    report = only(inspect(replaced(authority.sign(), 0, change), authority.trust()))
    lawful = signs in ("sorted", stands)
    assert reasons(report).get("signature") == (None if lawful else "wrong")
    assert report.verdict is (Verdict.VALID if lawful else Verdict.INVALID)


def test_one_attribute_altered(authority: Authority) -> None:
    def change(value: bytes) -> bytes:
        attributes = next(part for part in _signer(value) if part[0] == 0xA0)
        digest = next(part for _, part in der.read_children(attributes) if MESSAGE_DIGEST in part)
        return value.replace(digest, digest[:-1] + bytes([digest[-1] ^ 1]))

    assert only(inspect(replaced(authority.sign(), 0, change), authority.trust())).verdict is Verdict.INVALID


@pytest.mark.parametrize("algorithm", OTHERS)
def test_an_algorithm_that_is_not_known_is_not_wrong(authority: Authority, algorithm: str) -> None:
    def change(value: bytes) -> bytes:
        other = core.ObjectIdentifier(algorithm).dump()
        padded = other if len(other) == len(ECDSA_SHA256) else b"\x06\x08" + bytes.fromhex("2a8648ce3d030107")
        return value[::-1].replace(ECDSA_SHA256[::-1], padded[::-1], 1)[::-1]

    report = only(inspect(replaced(authority.sign(), 0, change), authority.trust()))
    assert (report.verdict, reasons(report)) == (Verdict.UNVERIFIABLE, {"signature": "algorithm"})


def _indefinite(value: bytes) -> bytes:
    """Return the value with lengths that end where their end is marked, as authorities send tokens."""
    content = b"".join(part for _, part in der.read_children(value))
    return value[:1] + b"\x80" + content + b"\x00\x00"


def test_a_timestamp_of_the_document_in_ber(office: Office) -> None:
    stamped = office.stamp(office.sign(DOCUMENT))
    inspection = office.inspect(replaced(stamped, 1, _indefinite))
    assert checks(inspection, 1)["timestamp"] == "pass ok"
    assert inspection.verdict is Verdict.VALID


def test_a_signature_in_ber(authority: Authority) -> None:
    report = only(inspect(replaced(authority.sign(), 0, _indefinite), authority.trust()))
    assert report.verdict is Verdict.VALID
    assert report.signer == "天门市示例局"
