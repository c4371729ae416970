"""SM2 signatures (GB/T 32918.2) with SM3 and the default identity, done by `gmssl_pyx`.

Signatures are two numbers at the edges, not DER. GmSSL also reports each signature that does not verify on
standard error; that cannot be turned off.
"""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from gmssl_pyx import sm2_sign_sm3_digest, sm2_verify_sm3_digest

from ledger.crypto.suites import SM3

OID: Final = bytes.fromhex("2a811ccf5501822d")  # 1.2.156.10197.1.301, content octets
ORDER: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
MAX_S: Final = ORDER - 1  # unlike ECDSA, a second s for the same r cannot be had without the private key
IDENTITY: Final = b"1234567812345678"  # GM/T 0009, where no other is agreed

# GB/T 32918.5: y^2 = x^3 + ax + b modulo p, base point G
_P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A: Final = _P - 3
_B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_G: Final = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
_CURVE: Final = b"".join(number.to_bytes(32, "big") for number in (_A, _B, *_G))


def is_point(point: bytes) -> bool:
    """Tell whether X‖Y (64 bytes) lies on the curve."""
    x, y = int.from_bytes(point[:32], "big"), int.from_bytes(point[32:], "big")
    return x < _P and y < _P and (y * y - (x * x * x + _A * x + _B)) % _P == 0


def z_value(point: bytes, identity: bytes = IDENTITY) -> bytes:
    """Return Z, which ties identity, curve and key into what is signed (GB/T 32918.2, 5.5): 32 bytes."""
    return SM3.hash((len(identity) * 8).to_bytes(2, "big") + identity + _CURVE + point)


def message_digest(point: bytes, message: bytes) -> bytes:
    """Return e, the digest of Z and the message (GB/T 32918.2, 6.1, steps A1 and A2): 32 bytes."""
    return SM3.hash(z_value(point) + message)


def sign(secret: bytes, point: bytes, message: bytes) -> tuple[int, int]:
    """Return r and s of a signature of `message`."""
    return decode_dss_signature(sm2_sign_sm3_digest(secret, message_digest(point, message)))


def verify(point: bytes, message: bytes, r: int, s: int) -> bool:
    """Tell whether (r, s), both within the order, is a signature of `message` by the key at X‖Y."""
    return verify_digest(point, message_digest(point, message), r, s)


def verify_without_identity(point: bytes, message: bytes, r: int, s: int) -> bool:
    """Tell whether (r, s) is a signature of `message` as programs make it that leave the identity empty, or leave out Z."""
    digests = SM3.hash(z_value(point, b"") + message), SM3.hash(message)
    return any(verify_digest(point, digest, r, s) for digest in digests)


def verify_digest(point: bytes, digest: bytes, r: int, s: int) -> bool:
    """Tell whether (r, s), both within the order, is a signature of what has this e (32 bytes)."""
    return bool(sm2_verify_sm3_digest(point, digest, encode_dss_signature(r, s)))


def point_of(secret: bytes) -> bytes:
    """Return X‖Y of a private scalar (32 bytes, above 0 and below the order).

    `gmssl_pyx` offers no such function. This one is not constant in time: it serves where a key is made or
    read from its file, and never sees a message.
    """
    scalar = int.from_bytes(secret, "big")
    sum_point, power_of_g = None, _G
    while scalar:
        if scalar & 1:
            sum_point = _add(sum_point, power_of_g) if sum_point else power_of_g
        power_of_g = _add(power_of_g, power_of_g)
        scalar >>= 1
    if sum_point is None:
        raise ValueError("zero has no public point")
    return sum_point[0].to_bytes(32, "big") + sum_point[1].to_bytes(32, "big")


def _add(left_point: tuple[int, int], right_point: tuple[int, int]) -> tuple[int, int]:
    """Return the sum of two points that are equal or not opposite: multiples of G by less than its order."""
    if left_point == right_point:
        slope = (3 * left_point[0] * left_point[0] + _A) * pow(2 * left_point[1], -1, _P)
    else:
        slope = (right_point[1] - left_point[1]) * pow(right_point[0] - left_point[0], -1, _P)
    x = (slope * slope - left_point[0] - right_point[0]) % _P
    return x, (slope * (left_point[0] - x) - left_point[1]) % _P
