"""Find the signature in the answer of a signer, whatever its form.

Signers write r‖s, DER or PKCS #7, bare, in hexadecimal or base64, alone or as a member of JSON. No form is guessed from how
long or what it looks like: each reading is tried with the public key, and the one that verifies is the signature.
"""

import base64
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from api.signing.errors import SignerFailed
from ledger.crypto.keys import PublicKey
from ledger.documents.signatures.signed_data import decode_signed_data
from ledger.encoding.canonical import decode_foreign
from ledger.errors import MalformedInput

#: Bytes of an answer: PKCS #7 with a chain of certificates and what was signed has some 40,000 in base64.
MAX_ANSWER_BYTES: Final = 256 * 1024
#: Texts of a JSON answer that are looked at: of the servers that are known, each has fewer than ten members.
_MAX_TEXTS: Final = 32
_DOUBLE_HASH_WORDS: Final = (
    'double hash 二次哈希: the signer hashed once more what was a digest already. It takes messages: set mode = "message"; '
    "where that is set, its own program hashes before the key does"
)
_NO_IDENTITY_WORDS: Final = (
    "the signer leaves out the identity of SM2 (Z), or takes an empty one 未使用默认用户标识: set it to 1234567812345678 in "
    'the signer, or set mode = "digest", with which Z is computed here'
)
_NUMBER_BYTES: Final = 32
_WIDE_NUMBER_BYTES: Final = 64  # of ECCSignature_st (GM/T 0018-2012, 6.4), where ECCref_MAX_LEN is 64


@dataclass(frozen=True, slots=True)
class Reading:
    """A signature (64 bytes r‖s) as an answer may be read, and the name of the form in which it stands there."""

    form: str
    signature: bytes


def find_signature(answer: bytes, public_key: PublicKey, message: bytes) -> Reading:
    """Return the reading of an answer that is a signature of `message` under the key.

    Raises: SignerFailed, which says as far as the key can tell what was signed instead.
    """
    readings = list(list_readings(answer, public_key))
    for reading in readings:
        if public_key.verify(message, reading.signature):
            return reading
    if not readings:
        raise SignerFailed(
            "no-signature",
            "the answer of the signer holds no signature in any form that is known 答复中没有签名 (r‖s, DER or PKCS #7; "
            "bare, hexadecimal or base64): check what it answers",
        )
    for reading in readings:
        if mistake := _find_mistake(reading.signature, public_key, message):
            raise SignerFailed(*mistake)
    raise SignerFailed(
        "other-key",
        f"the answer of the signer is a signature ({readings[0].form}), but not by the registered key "
        f"0x{public_key.id.hex()[:16]}… of what was to be signed 签名与登记公钥不符: another key, or other data. Check "
        "which key it uses, and `public_key`",
    )


def _find_mistake(signature: bytes, public_key: PublicKey, message: bytes) -> tuple[str, str] | None:
    """Return reason and words for what the registered key signed instead of a message; None where that is not known."""
    digests = public_key.digest(message), public_key.hash(message)
    if any(
        public_key.verify(digest, signature) or public_key.verify_digest(public_key.hash(digest), signature)
        for digest in digests
    ):
        return "double-hash", _DOUBLE_HASH_WORDS
    if public_key.verify_without_identity(message, signature):
        return "no-identity", _NO_IDENTITY_WORDS
    return None


def list_readings(answer: bytes, public_key: PublicKey) -> Iterator[Reading]:
    """Yield every signature that an answer may hold, as yet unverified."""
    for form, signature_bytes in _unwrap(answer):
        for number_form, signature in _read_shapes(signature_bytes, public_key):
            yield Reading(f"{number_form}{form}", signature)


def _unwrap(answer: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes for which an answer may stand: as they are, as text of one encoding, in JSON."""
    yield "", answer
    for text in _list_texts(answer):
        yield from _decode_text(text)


def _list_texts(answer: bytes) -> list[str]:
    try:
        answer_value = decode_foreign(answer)
    except MalformedInput:
        return [answer.decode("ascii", "replace")]
    members = answer_value.values() if isinstance(answer_value, dict) else [answer_value]
    return [member for member in members if isinstance(member, str)][:_MAX_TEXTS]


def _decode_text(text: str) -> Iterator[tuple[str, bytes]]:
    lines = [line.strip() for line in text.split("\n")]
    plain_text = "".join("".join(line.split()) for line in lines if not line.startswith("-----"))  # of PEM
    with suppress(ValueError):
        yield " in hexadecimal", bytes.fromhex(plain_text.removeprefix("0x"))
    with suppress(ValueError):
        base64_text = plain_text.rstrip("=").translate(str.maketrans("-_", "+/"))
        yield " in base64", base64.b64decode(base64_text + "=" * (-len(base64_text) % 4), validate=True)


def _read_shapes(signature_bytes: bytes, public_key: PublicKey) -> Iterator[tuple[str, bytes]]:
    yield from _read_numbers(signature_bytes, public_key)
    try:
        signers = decode_signed_data(signature_bytes).signers
    except MalformedInput:
        return
    for signer in signers:
        for number_form, signature in _read_numbers(signer.signature, public_key):
            yield f"PKCS #7 with {number_form}", signature


def _read_numbers(signature_bytes: bytes, public_key: PublicKey) -> Iterator[tuple[str, bytes]]:
    for number_size in (_NUMBER_BYTES, _WIDE_NUMBER_BYTES):
        if len(signature_bytes) == 2 * number_size:
            number_halves = signature_bytes[:number_size], signature_bytes[number_size:]
            r_number, s_number = (int.from_bytes(number, "big") for number in number_halves)
            yield from _join("r‖s", public_key, r_number, s_number)
    with suppress(ValueError):
        yield from _join("DER", public_key, *decode_dss_signature(signature_bytes))


def _join(
    number_form: str, public_key: PublicKey, r_number: int, s_number: int
) -> Iterator[tuple[str, bytes]]:
    signature = public_key.join_numbers(r_number, s_number)
    if signature is not None:
        yield number_form, signature
