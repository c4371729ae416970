"""ECDSA signatures over P-256 with SHA-256 (FIPS 186-5), done by `cryptography`.

Signatures are two numbers at the edges, not DER.
"""

import hashlib
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

OID: Final = bytes.fromhex("2a8648ce3d030107")  # 1.2.840.10045.3.1.7, content octets
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MAX_S: Final = ORDER // 2  # (r, n-s) verifies wherever (r, s) does: the lower of the two is the signature


def is_point(point: bytes) -> bool:
    """Tell whether X‖Y (64 bytes) lies on the curve."""
    try:
        _load(point)
    except ValueError:
        return False
    return True


def point_of(secret: bytes) -> bytes:
    """Return X‖Y of a private scalar (32 bytes, above 0 and below the order)."""
    key = derive_private_key(int.from_bytes(secret, "big"), SECP256R1())
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def sign(secret: bytes, point: bytes, message: bytes) -> tuple[int, int]:
    """Return r and the low s of a signature of `message`."""
    key = derive_private_key(int.from_bytes(secret, "big"), SECP256R1())
    r, s = decode_dss_signature(key.sign(message, ECDSA(SHA256())))
    return r, min(s, ORDER - s)


def message_digest(_point: bytes, message: bytes) -> bytes:
    """Return the digest of a message that is signed: 32 bytes, whatever the key."""
    return hashlib.sha256(message).digest()


def verify(point: bytes, message: bytes, r: int, s: int) -> bool:
    """Tell whether (r, s), both within the order, is a signature of `message` by the key at X‖Y."""
    return verify_digest(point, message_digest(point, message), r, s)


def verify_digest(point: bytes, digest: bytes, r: int, s: int) -> bool:
    """Tell whether (r, s), both within the order, is a signature of what has this digest (32 bytes)."""
    try:
        _load(point).verify(encode_dss_signature(r, s), digest, ECDSA(Prehashed(SHA256())))
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=256)  # the same departments sign again and again
def _load(point: bytes) -> EllipticCurvePublicKey:
    return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), b"\x04" + point)
