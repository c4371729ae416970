"""The algorithms that signed documents name, and the two forms of an SM2 signature."""

import re
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from ledger.crypto.keys import SIGNATURE_BYTES, PublicKey
from ledger.crypto.suites import DIGEST_BYTES, SHA256, SM3, Suite
from ledger.documents.asn1.texts import decode_written
from ledger.encoding import der
from ledger.errors import MalformedInput

SM2_WITH_SM3: Final = "1.2.156.10197.1.501"
SM3_OID: Final = "1.2.156.10197.1.401"
#: SM2 with SM3, and the curve's and the algorithm's own identifiers where writers put them instead.
SM2_ALGORITHMS: Final = frozenset({SM2_WITH_SM3, "1.2.156.10197.1.301", "1.2.156.10197.1.301.1"})
#: Everything national (GM/T 0006): SM3 has neighbours there that writers put for it, as 1.2.156.10197.1.401.2, HMAC.
_NATIONAL_PREFIX: Final = "1.2.156.10197.1."
#: SHA-1 and what signs over it, which are national there too, and are not meant for SM3.
_SHA_1_OID: Final = re.compile(r"1\.2\.156\.10197\.1\.(?:410|502|505)(?:\.\d+)*")
_SUITE_OF_NAME: Final = {
    "sm3": SM3,
    SM3_OID: SM3,
    "1.2.156.10197.1.401.1": SM3,
    # Writers of SignedData name the algorithm of the signature in its place.
    SM2_WITH_SM3: SM3,
    "sha256": SHA256,
    "sha-256": SHA256,
    "2.16.840.1.101.3.4.2.1": SHA256,
    "1.2.156.10197.1.411": SHA256,
    "1.2.156.10197.1.411.1": SHA256,
}
_SM3, _SHA_256, _SHA_384, _SHA_512 = hashes.SM3(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()
_HASH_OF_OID: Final[dict[str, hashes.HashAlgorithm]] = {
    **dict.fromkeys((name for name, suite in _SUITE_OF_NAME.items() if suite is SM3), _SM3),
    **dict.fromkeys((name for name, suite in _SUITE_OF_NAME.items() if suite is SHA256), _SHA_256),
    "2.16.840.1.101.3.4.2.2": _SHA_384,
    "2.16.840.1.101.3.4.2.3": _SHA_512,
}
#: ECDSA and RSA (PKCS #1 v1.5) with the digest that the name implies; None where it is named beside.
_HASH_OF_SIGNATURE_OID: Final[dict[str, hashes.HashAlgorithm | None]] = {
    "1.2.840.10045.2.1": None,
    "1.2.840.10045.4.3.2": _SHA_256,
    "1.2.840.10045.4.3.3": _SHA_384,
    "1.2.840.10045.4.3.4": _SHA_512,
    "1.2.840.113549.1.1.1": None,
    "1.2.840.113549.1.1.11": _SHA_256,
    "1.2.840.113549.1.1.12": _SHA_384,
    "1.2.840.113549.1.1.13": _SHA_512,
}


def compute_digest(algorithm: str, data: bytes) -> bytes | None:
    """Return the digest by the algorithm with that object identifier; None for an unknown one, and for MD5 and SHA-1."""
    if algorithm not in _HASH_OF_OID:
        return None
    hash_context = hashes.Hash(_HASH_OF_OID[algorithm])
    hash_context.update(data)
    return hash_context.finalize()


def find_suite(name: str) -> Suite | None:
    """Return the suite of a digest algorithm; None for an unknown one, and for MD5 and SHA-1, which prove nothing."""
    return _SUITE_OF_NAME.get(name.strip().lower())


def presume_suite(name: str) -> Suite | None:
    """Return the suite of a digest algorithm, and SM3 for another national one: it is meant where a digest fits it.

    Where none fits, nothing is known: the writer may have meant what it says.
    """
    written_name = name.strip()
    is_national = written_name.startswith(_NATIONAL_PREFIX) and not _SHA_1_OID.fullmatch(written_name)
    return find_suite(name) or (SM3 if is_national else None)


def lacks_identity(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Tell whether a signature would be good with an empty identity (GB/T 32918.2, 5.5) or without one."""
    r_and_s = read_sm2_numbers(signature)
    return r_and_s is not None and key.verify_without_identity(message, r_and_s)


def read_digest(written_digest: bytes) -> bytes | None:
    """Return the digest (32 bytes) that is written bare, in hexadecimal or in base64, line ends disregarded; else None."""
    digest = written_digest if len(written_digest) == DIGEST_BYTES else decode_written(written_digest)
    return digest if digest is not None and len(digest) == DIGEST_BYTES else None


def verify_sm2(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Tell whether `signature` of `message` is good: DER of (r, s), or 64 bytes r‖s, both are met."""
    r_and_s = read_sm2_numbers(signature)
    return r_and_s is not None and key.verify(message, r_and_s)


def verify_other(
    key: PublicKeyTypes, message: bytes, signature: bytes, algorithm: str, digest_algorithm: str
) -> bool | None:
    """Tell whether a signature with ECDSA or RSA (RFC 5754) is good; None where that cannot be told.

    `key` is one of `cryptography`; `digest_algorithm` counts where `algorithm` implies none.
    """
    hash_algorithm = _HASH_OF_SIGNATURE_OID.get(algorithm) or _HASH_OF_OID.get(digest_algorithm)
    if algorithm not in _HASH_OF_SIGNATURE_OID or hash_algorithm is None:
        return None
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hash_algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hash_algorithm))
        else:
            return None
    except InvalidSignature:
        return False
    except UnsupportedAlgorithm:
        return None
    return True


def read_sm2_numbers(signature: bytes) -> bytes | None:
    """Return r‖s (64 bytes) of a signature in DER or already in that form; None where it is neither.

    The numbers are positive: some writers leave out the zero in front that says so, or put one there always.
    """
    try:
        (first_tag, r), (second_tag, s) = der.read_children(signature)
        if (signature[0], first_tag, second_tag) == (der.SEQUENCE, der.INTEGER, der.INTEGER):
            return b"".join(_read_unsigned(number).to_bytes(32, "big") for number in (r, s))
    except (MalformedInput, ValueError, OverflowError):
        pass
    return signature if len(signature) == SIGNATURE_BYTES else None


def _read_unsigned(element: bytes) -> int:
    return int.from_bytes(der.read_content(element), "big")


def encode_sm2(r_and_s: bytes) -> bytes:
    """Return the DER of a signature r‖s (64 bytes), as seals and certificates carry it."""
    numbers = (int.from_bytes(r_and_s[start : start + 32], "big") for start in (0, 32))
    return der.encode(der.SEQUENCE, *(der.encode_integer(number) for number in numbers))
