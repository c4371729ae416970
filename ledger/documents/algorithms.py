"""The algorithms that signed documents name, by object identifier or by word, and SM2 in the ways it is written."""

from typing import Final

from ledger.documents import der
from ledger.errors import MalformedInput
from ledger.keys import SIGNATURE_BYTES, PublicKey
from ledger.suites import SHA256, SM3, Suite

SM2_WITH_SM3: Final = "1.2.156.10197.1.501"
SM3_OID: Final = "1.2.156.10197.1.401"
#: SM2 with SM3, and the curve's and the algorithm's own identifiers where writers put them instead.
SM2_ALGORITHMS: Final = frozenset({SM2_WITH_SM3, "1.2.156.10197.1.301", "1.2.156.10197.1.301.1"})
_SUITES: Final = {
    "sm3": SM3,
    SM3_OID: SM3,
    "1.2.156.10197.1.401.1": SM3,
    "sha256": SHA256,
    "sha-256": SHA256,
    "2.16.840.1.101.3.4.2.1": SHA256,
}


def suite_named(name: str) -> Suite | None:
    """Return the suite of a digest algorithm; None for an unknown one, and for MD5 and SHA-1, which prove nothing."""
    return _SUITES.get(name.strip().lower())


def verify_sm2(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Tell whether `signature` of `message` is good: DER of (r, s), or 64 bytes r‖s, both are met."""
    numbers = sm2_numbers(signature)
    return numbers is not None and key.verify(message, numbers)


def sm2_numbers(signature: bytes) -> bytes | None:
    """Return r‖s (64 bytes) of a signature in DER or already in that form; None where it is neither."""
    try:
        der.check(signature)
        (_, r), (_, s) = der.children(signature)
        return der.integer(r).to_bytes(32, "big") + der.integer(s).to_bytes(32, "big")
    except (MalformedInput, ValueError, OverflowError):
        return signature if len(signature) == SIGNATURE_BYTES else None


def sm2_der(numbers: bytes) -> bytes:
    """Return the DER of a signature r‖s (64 bytes), as seals and certificates carry it."""
    halves = (int.from_bytes(numbers[start : start + 32], "big") for start in (0, 32))
    return der.encode(der.SEQUENCE, *(der.encode_integer(number) for number in halves))
