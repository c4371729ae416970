"""SM2 signatures (GB/T 32918.2) with the default identity and SM3: gmssl_pyx signs and verifies, this fits its edges.

gmssl_pyx takes signatures in DER and keys as raw points; here they are 64 bytes r‖s and points X‖Y of 64 bytes.
"""

import base64
import re
from typing import Final

import gmssl_pyx
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from ledger.errors import MalformedInput

ORDER: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_G: Final = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
# PKCS#8 PrivateKeyInfo {0, {id-ecPublicKey, sm2p256v1}, ECPrivateKey {1, secret, [1] point}}, as OpenSSL writes it.
_PKCS8_HEAD: Final = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
_PKCS8_MIDDLE: Final = bytes.fromhex("a14403420004")
_PEM: Final = re.compile(rb"\s*-----BEGIN PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----\s*")


def on_curve(point: bytes) -> bool:
    """Tell whether X‖Y (64 bytes) is a point of the curve (GB/T 32918.5)."""
    x, y = int.from_bytes(point[:32], "big"), int.from_bytes(point[32:], "big")
    return x < _P and y < _P and (y * y - (x * x * x - 3 * x + _B)) % _P == 0


def sign(secret: bytes, point: bytes, message: bytes) -> bytes:
    """Return r‖s, 64 bytes."""
    r, s = decode_dss_signature(gmssl_pyx.sm2_sign(secret, point, message))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify(point: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether r‖s is a good signature of `message` under X‖Y; never raises."""
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not 0 < r < ORDER or not 0 < s < ORDER:
        return False
    try:
        return bool(gmssl_pyx.sm2_verify(point, message, encode_dss_signature(r, s)))
    except gmssl_pyx.GmsslInnerError:
        return False


def public_point(secret: bytes) -> bytes:
    """Return X‖Y of a private scalar (32 bytes). For key files and fixtures only: it is slow and not constant in time."""
    scalar = int.from_bytes(secret, "big")
    total: tuple[int, int] | None = None
    addend: tuple[int, int] | None = _G
    while scalar:
        if scalar & 1:
            total = _add(total, addend)
        addend = _add(addend, addend)
        scalar >>= 1
    if total is None:
        raise MalformedInput("the private key is zero")
    return total[0].to_bytes(32, "big") + total[1].to_bytes(32, "big")


def _add(left: tuple[int, int] | None, right: tuple[int, int] | None) -> tuple[int, int] | None:
    if left is None or right is None:
        return right if left is None else left
    if left[0] == right[0]:
        if (left[1] + right[1]) % _P == 0:
            return None
        slope = (3 * left[0] * left[0] - 3) * pow(2 * left[1], -1, _P)
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, _P)
    x = (slope * slope - left[0] - right[0]) % _P
    return x, (slope * (left[0] - x) - left[1]) % _P


def private_pem(secret: bytes, point: bytes) -> bytes:
    """Return unencrypted PKCS#8 in PEM, which OpenSSL 3 reads too."""
    text = base64.b64encode(_PKCS8_HEAD + secret + _PKCS8_MIDDLE + point)
    lines = b"\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return b"-----BEGIN PRIVATE KEY-----\n" + lines + b"\n-----END PRIVATE KEY-----\n"


def read_private_pem(pem: bytes) -> bytes | None:
    """Return the scalar of an SM2 key (32 bytes), or None where `pem` is something else. Raises: MalformedInput."""
    found = _PEM.fullmatch(pem)
    if not found:
        return None
    try:
        der = base64.b64decode(b"".join(found[1].split()), validate=True)
    except ValueError as error:
        raise MalformedInput("the private key is not base64") from error
    if not der.startswith(_PKCS8_HEAD):
        return None
    secret = der[len(_PKCS8_HEAD) : len(_PKCS8_HEAD) + 32]
    if len(secret) != 32 or not 0 < int.from_bytes(secret, "big") < ORDER - 1:
        raise MalformedInput("the SM2 private key is out of range")
    if der != _PKCS8_HEAD + secret + _PKCS8_MIDDLE + public_point(secret):
        raise MalformedInput("the SM2 private key does not belong to its public key")
    return secret
