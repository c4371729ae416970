"""Key files: private keys in PEM, plain or under a password.

The form is PKCS#8 (RFC 5958) in PEM (RFC 7468). No maintained library writes SM2 keys in it, so the few
bytes of DER around a key are put together here, for P-256 alike. Under a password: PBES2 with
PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC 8018), the primitives by `hashlib` and `cryptography`. OpenSSL 3
reads these files, and files by `openssl genpkey` or `openssl pkcs8 -topk8` are read here. DER is accepted
only if it is byte for byte what would be written.
"""

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from ledger.errors import MalformedInput

MAX_FILE_BYTES: Final = 4096  # a key file has about 400
PBKDF2_ROUNDS: Final = 600_000  # a tenth of a second a guess; OWASP's figure for HMAC-SHA-256
MAX_PBKDF2_ROUNDS: Final = 10_000_000  # some seconds: a file must not be able to hang its reader

# A PrivateKeyInfo (RFC 5958 section 2): a SEQUENCE of up to 64 KiB that begins with a version of one byte.
_INFO_BEGINNING: Final = re.compile(rb"\x30(?:\x81.|\x82..|[\x00-\x7f])\x02\x01", re.DOTALL)
_CANNOT_DECRYPT: Final = "the password is wrong or the key file is damaged 口令错误或密钥文件已损坏"

_PEM: Final = re.compile(
    rb"\s*-----BEGIN (?P<label>(?:ENCRYPTED )?PRIVATE KEY)-----\s"
    rb"(?P<body>[A-Za-z0-9+/=\s]+)-----END (?P=label)-----\s*"
)
_EC_PUBLIC_KEY: Final = bytes.fromhex("06072a8648ce3d0201")  # id-ecPublicKey, RFC 5480
_PBES2: Final = bytes.fromhex("06092a864886f70d01050d")
_PBKDF2: Final = bytes.fromhex("06092a864886f70d01050c")
_HMAC_SHA256: Final = bytes.fromhex("300c06082a864886f70d02090500")
_AES256_CBC: Final = bytes.fromhex("060960864801650304012a")
_INTEGER_TAG, _OCTET_STRING_TAG, _SEQUENCE_TAG = 0x02, 0x04, 0x30


def encode_key_info(curve_oid: bytes, secret: bytes, point: bytes) -> bytes:
    """Return PrivateKeyInfo of a scalar (32 bytes), its X‖Y (64 bytes) and the OID of its curve (8 bytes)."""
    return _make_info_head(curve_oid) + secret + bytes.fromhex("a14403420004") + point


def read_secret(curve_oid: bytes, info: bytes) -> bytes | None:
    """Return the scalar in a PrivateKeyInfo of that curve, or None; the caller compares all of `info`."""
    start, end = len(_make_info_head(curve_oid)), len(_make_info_head(curve_oid)) + 32
    return info[start:end] if info.startswith(_make_info_head(curve_oid)) and len(info) >= end else None


def write_pem(info: bytes) -> bytes:
    """Return PEM of a PrivateKeyInfo."""
    return _write_armour("PRIVATE KEY", info)


def write_encrypted_pem(info: bytes, password: bytes, random: Callable[[int], bytes]) -> bytes:
    """Return PEM of a PrivateKeyInfo under a password; `random` draws salt and initial vector."""
    salt, initial_vector = random(16), random(16)
    padder = PKCS7(128).padder()
    encryptor = _make_cipher(password, salt, PBKDF2_ROUNDS, initial_vector).encryptor()
    encrypted_info = encryptor.update(padder.update(info) + padder.finalize()) + encryptor.finalize()
    return _write_armour(
        "ENCRYPTED PRIVATE KEY", _encode_encrypted_info(salt, PBKDF2_ROUNDS, initial_vector, encrypted_info)
    )


def is_encrypted(pem: bytes) -> bool:
    """Tell whether a key file says that it is under a password. Nothing else of it is looked at."""
    return pem.lstrip().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


def read_pem(pem: bytes, password: bytes | None) -> bytes:
    """Return the PrivateKeyInfo in a PEM file; a needless password is ignored. Raises: MalformedInput."""
    match = _PEM.fullmatch(pem) if len(pem) <= MAX_FILE_BYTES else None
    if match is None:
        raise MalformedInput("not a private key in PEM (PKCS#8)")
    try:
        der = base64.b64decode(b"".join(match["body"].split()), validate=True)
    except ValueError as error:
        raise MalformedInput("the key file is not base64") from error
    if match["label"] == b"PRIVATE KEY":
        return der
    if password is None:
        raise MalformedInput("the key file needs a password")
    return _decrypt(der, password)


def _make_info_head(curve_oid: bytes) -> bytes:
    return (
        bytes.fromhex("3081870201003013")
        + _EC_PUBLIC_KEY
        + b"\x06\x08"
        + curve_oid
        + bytes.fromhex("046d306b0201010420")
    )


def _decrypt(der: bytes, password: bytes) -> bytes:
    salt, rounds, initial_vector, encrypted_info = _read_encryption(der)
    decryptor, unpadder = (
        _make_cipher(password, salt, rounds, initial_vector).decryptor(),
        PKCS7(128).unpadder(),
    )
    try:
        info = unpadder.update(decryptor.update(encrypted_info) + decryptor.finalize()) + unpadder.finalize()
    except ValueError as error:
        raise MalformedInput(_CANNOT_DECRYPT) from error
    if not _INFO_BEGINNING.match(info):  # one wrong password in 256 leaves a padding that looks right
        raise MalformedInput(_CANNOT_DECRYPT)
    return info


def _make_cipher(password: bytes, salt: bytes, rounds: int, initial_vector: bytes) -> Cipher[CBC]:
    return Cipher(AES256(hashlib.pbkdf2_hmac("sha256", password, salt, rounds)), CBC(initial_vector))


def _encode_encrypted_info(salt: bytes, rounds: int, initial_vector: bytes, encrypted_info: bytes) -> bytes:
    """Return EncryptedPrivateKeyInfo (RFC 5958 section 3, RFC 8018 appendix A)."""
    rounds_bytes = rounds.to_bytes(rounds.bit_length() // 8 + 1, "big")
    derivation_parameters = _encode_der(
        _SEQUENCE_TAG,
        _encode_der(_OCTET_STRING_TAG, salt),
        _encode_der(_INTEGER_TAG, rounds_bytes),
        _HMAC_SHA256,
    )
    derivation_algorithm = _encode_der(_SEQUENCE_TAG, _PBKDF2, derivation_parameters)
    encryption_algorithm = _encode_der(
        _SEQUENCE_TAG, _AES256_CBC, _encode_der(_OCTET_STRING_TAG, initial_vector)
    )
    algorithm = _encode_der(
        _SEQUENCE_TAG, _PBES2, _encode_der(_SEQUENCE_TAG, derivation_algorithm, encryption_algorithm)
    )
    return _encode_der(_SEQUENCE_TAG, algorithm, _encode_der(_OCTET_STRING_TAG, encrypted_info))


def _read_encryption(der: bytes) -> tuple[bytes, int, bytes, bytes]:
    """Return salt, rounds, initial vector, ciphertext, which must give `der` again. Raises: MalformedInput."""
    unknown_encryption = MalformedInput(
        "the key file is not under PBES2 with PBKDF2, HMAC-SHA-256 and AES-256-CBC"
    )
    try:
        _, _, salt, rounds_bytes, _, _, _, initial_vector, encrypted_info = _read_primitives(der)
        rounds = int.from_bytes(rounds_bytes, "big")
        encoded_again = _encode_encrypted_info(salt, rounds, initial_vector, encrypted_info)
    except (ValueError, IndexError) as error:
        raise unknown_encryption from error
    if encoded_again != der or len(initial_vector) != 16:
        raise unknown_encryption
    if not 0 < rounds <= MAX_PBKDF2_ROUNDS:
        raise MalformedInput(f"PBKDF2 takes 1 to {MAX_PBKDF2_ROUNDS} rounds here, not {rounds}")
    return salt, rounds, initial_vector, encrypted_info


def _read_primitives(der: bytes) -> list[bytes]:
    """Return the contents of all elements but sequences, in order. Raises: IndexError."""
    contents, offset = [], 0
    while offset < len(der):
        tag, length, offset = der[offset], der[offset + 1], offset + 2
        if length == 0x81:
            length, offset = der[offset], offset + 1
        if tag != _SEQUENCE_TAG:
            contents.append(der[offset : offset + length])
            offset += length
    return contents


def _encode_der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = bytes([len(content)]) if len(content) < 0x80 else bytes([0x81, len(content)])
    return bytes([tag]) + length + content


def _write_armour(label: str, der: bytes) -> bytes:
    text = base64.b64encode(der).decode("ascii")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode("ascii")
