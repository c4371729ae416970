"""The signature in an answer is the reading that verifies, in whatever form it stands there."""

import base64
import itertools
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from gmssl_pyx import sm2_sign_sm3_digest
from hypothesis import given
from hypothesis import strategies as st

from api.signing.answers import find_signature, list_readings
from api.signing.errors import SignerFailed
from ledger.crypto.keys import PrivateKey
from ledger.crypto.suites import SM3
from tests.unit.api.signing.doubles import MESSAGE, OTHER, P256, SM2, to_der, to_pkcs7, to_pkcs7_of, widen

SIGNATURE = SM2.sign(MESSAGE)


def sign_digest(key: PrivateKey, digest: bytes) -> bytes:
    """Return what a device answers that signs an e as it comes."""
    r, s = decode_dss_signature(sm2_sign_sm3_digest(key._secret, digest))
    return bytes(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("r‖s", SIGNATURE),
        ("r‖s", widen(SIGNATURE)),
        ("DER", to_der(SIGNATURE)),
        ("r‖s in hexadecimal", SIGNATURE.hex().upper().encode() + b"\r\n"),
        ("r‖s in hexadecimal", b"0x" + SIGNATURE.hex().encode()),
        ("DER in hexadecimal", to_der(SIGNATURE).hex().encode()),
        ("r‖s in base64", base64.b64encode(SIGNATURE)),
        ("r‖s in base64", base64.urlsafe_b64encode(SIGNATURE).rstrip(b"=")),
        ("DER in base64", base64.encodebytes(to_der(SIGNATURE))),
        (
            "DER in base64",
            json.dumps({"code": "0", "signData": base64.b64encode(to_der(SIGNATURE)).decode()}).encode(),
        ),
        ("r‖s in hexadecimal", json.dumps(SIGNATURE.hex()).encode()),
        ("PKCS #7 with DER", to_pkcs7(SM2, SIGNATURE)),
        ("PKCS #7 with DER in base64", base64.b64encode(to_pkcs7(SM2, SIGNATURE))),
        (
            "PKCS #7 with DER in base64",
            b"-----BEGIN PKCS7-----\n"
            + base64.encodebytes(to_pkcs7(SM2, SIGNATURE))
            + b"-----END PKCS7-----\n",
        ),
    ],
    ids=itertools.count(),
)
def test_each_form_is_read(form: str, answer: bytes) -> None:
    reading = find_signature(answer, SM2.public, MESSAGE)
    assert (reading.form, reading.signature) == (form, SIGNATURE)


def test_of_p256_the_low_number_is_taken_whichever_was_given() -> None:
    from ledger.crypto.p256 import ORDER

    signature = P256.sign(MESSAGE)
    high_number = ORDER - int.from_bytes(signature[32:], "big")
    answer = signature[:32] + high_number.to_bytes(32, "big")
    assert find_signature(answer, P256.public, MESSAGE).signature == signature


def test_a_form_that_fits_and_does_not_verify_is_passed_over() -> None:
    """Both members are signatures; the first is of something else."""
    answer = json.dumps({"a": SM2.sign(b"other").hex(), "b": base64.b64encode(SIGNATURE).decode()}).encode()
    assert find_signature(answer, SM2.public, MESSAGE).form == "r‖s in base64"


E_OF_MESSAGE = SM2.public.digest(MESSAGE)


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        ("no-signature", b""),
        ("no-signature", b"OK"),
        ("no-signature", b"\x30\x82" + bytes(62)),
        ("no-signature", bytes(64)),
        ("no-signature", b"\xff" * 64),
        ("other-key", OTHER.sign(MESSAGE)),
        ("other-key", SM2.sign(b"something else")),
        ("other-key", to_pkcs7(OTHER, OTHER.sign(MESSAGE))),
        ("double-hash", SM2.sign(E_OF_MESSAGE)),
        ("double-hash", SM2.sign(SM3.hash(MESSAGE))),
        ("double-hash", sign_digest(SM2, SM3.hash(E_OF_MESSAGE))),
        ("double-hash", sign_digest(SM2, SM3.hash(SM3.hash(MESSAGE)))),
        ("no-identity", sign_digest(SM2, SM3.hash(MESSAGE))),
    ],
    ids=itertools.count(),
)
def test_what_else_was_signed_is_told(reason: str, answer: bytes) -> None:
    with pytest.raises(SignerFailed) as caught:
        find_signature(answer, SM2.public, MESSAGE)
    assert caught.value.reason == reason


def test_attributes_are_not_the_message() -> None:
    """With signed attributes the signature is not over the message: it is told as that of other data."""
    with pytest.raises(SignerFailed, match="other data"):
        find_signature(to_pkcs7(SM2, SM2.sign(b"attributes")), SM2.public, MESSAGE)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_not(answer: bytes) -> None:
    for reading in list_readings(answer, SM2.public):
        assert len(reading.signature) == 64


def test_a_structure_within_itself_is_not_followed() -> None:
    """A hostile answer nests as deep as it likes: only the outermost structure is opened."""
    nested = to_pkcs7(SM2, SIGNATURE)
    for _ in range(20):
        nested = to_pkcs7_of(nested)
    assert [*list_readings(nested, SM2.public)] == []
