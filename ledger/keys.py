"""Signing keys behind one small protocol: SM2 (GB/T 32918) and P-256 (FIPS 186-5), and what names a key.

A key is its SubjectPublicKeyInfo in the one exact DER form of its algorithm; its id is keccak256 of those bytes. A signature is
64 bytes r‖s. P-256 takes the low s only, so that no second encoding of a signature exists; SM2 has no such twin.
"""

import base64
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from eth_hash.auto import keccak

from ledger import sm2
from ledger.errors import MalformedInput

SIGNATURE_BYTES: Final = 64
_SPKI_P256: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
_SPKI_SM2: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SIGNATURE: Final = re.compile(r"[A-Za-z0-9_-]{86}")


class PublicKey(Protocol):
    """A key that checks signatures."""

    @property
    def algorithm(self) -> str:
        """`sm2` or `p256`."""

    @property
    def spki(self) -> bytes:
        """The exact DER of the SubjectPublicKeyInfo, 91 bytes."""

    @property
    def id(self) -> bytes:
        """keccak256 of `spki`, 32 bytes."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether `signature` (64 bytes r‖s) of `message` is good; never raises."""


class PrivateKey(Protocol):
    """A key that signs."""

    @property
    def public(self) -> PublicKey: ...

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes r‖s."""

    def pem(self) -> bytes:
        """Return the key as unencrypted PKCS#8 in PEM."""


def keccak256(data: bytes) -> bytes:
    """Return the Keccak-256 of Ethereum, 32 bytes."""
    return keccak(data)


class _Sm2Public:
    algorithm = "sm2"

    def __init__(self, point: bytes) -> None:
        self.spki = _SPKI_SM2 + point
        self.id = keccak256(self.spki)
        self._point = point

    def verify(self, message: bytes, signature: bytes) -> bool:
        return sm2.verify(self._point, message, signature)


class _P256Public:
    algorithm = "p256"

    def __init__(self, point: bytes) -> None:
        self.spki = _SPKI_P256 + point
        self.id = keccak256(self.spki)
        try:
            self._key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + point)
        except ValueError as error:
            raise MalformedInput("the key is not a point of P-256") from error

    def verify(self, message: bytes, signature: bytes) -> bool:
        if len(signature) != SIGNATURE_BYTES:
            return False
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        if not 0 < r < _P256_ORDER or not 0 < s <= _P256_ORDER // 2:
            return False
        try:
            self._key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


@lru_cache(maxsize=1024)
def public_key(spki: bytes) -> PublicKey:
    """Return the key of an exact SubjectPublicKeyInfo. Raises: MalformedInput for any other DER, curve or point."""
    for prefix, kind in ((_SPKI_SM2, _Sm2Public), (_SPKI_P256, _P256Public)):
        if spki.startswith(prefix) and len(spki) == len(prefix) + 64:
            point = spki[len(prefix) :]
            if kind is _Sm2Public and not sm2.on_curve(point):
                raise MalformedInput("the key is not a point of the SM2 curve")
            return kind(point)
    raise MalformedInput("a key is the exact DER SubjectPublicKeyInfo of an uncompressed SM2 or P-256 point, 91 bytes")


class _Sm2Private:
    def __init__(self, secret: bytes, point: bytes) -> None:
        self.public: PublicKey = _Sm2Public(point)
        self._secret, self._point = secret, point

    def sign(self, message: bytes) -> bytes:
        return sm2.sign(self._secret, self._point, message)

    def pem(self) -> bytes:
        return sm2.private_pem(self._secret, self._point)


class _P256Private:
    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        numbers = key.public_key().public_numbers()
        self.public: PublicKey = _P256Public(numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"))
        self._key = key

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + min(s, _P256_ORDER - s).to_bytes(32, "big")

    def pem(self) -> bytes:
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def generate(algorithm: str, random: Callable[[int], bytes]) -> PrivateKey:
    """Make a key of `sm2` or `p256` from a source of random bytes. Raises: MalformedInput for another algorithm."""
    orders = {"sm2": sm2.ORDER, "p256": _P256_ORDER}
    if algorithm not in orders:
        raise MalformedInput(f"the algorithm is sm2 or p256, not {algorithm[:40]!r}")
    scalar = 0
    while not 0 < scalar < orders[algorithm] - 1:
        scalar = int.from_bytes(random(32), "big")
    if algorithm == "p256":
        return _P256Private(ec.derive_private_key(scalar, ec.SECP256R1()))
    secret = scalar.to_bytes(32, "big")
    return _Sm2Private(secret, sm2.public_point(secret))


def private_key(pem: bytes) -> PrivateKey:
    """Read unencrypted PKCS#8 in PEM, SM2 or P-256. Raises: MalformedInput."""
    secret = sm2.read_private_pem(pem)
    if secret is not None:
        return _Sm2Private(secret, sm2.public_point(secret))
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise MalformedInput(f"not an unencrypted private key in PEM: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise MalformedInput("the private key is neither SM2 nor P-256")
    return _P256Private(key)


def encode_signature(signature: bytes) -> str:
    """Write 64 bytes as unpadded base64url."""
    return base64.urlsafe_b64encode(signature).rstrip(b"=").decode("ascii")


def decode_signature(text: str) -> bytes:
    """Read 64 bytes of unpadded base64url, in its one spelling. Raises: MalformedInput."""
    if _SIGNATURE.fullmatch(text):
        signature = base64.urlsafe_b64decode(text + "==")
        if encode_signature(signature) == text:
            return signature
    raise MalformedInput("a signature is 64 bytes in unpadded base64url")
