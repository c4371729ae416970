"""Signing keys of SM2 and P-256 behind one form, and the identifier of a key.

The algorithms are those of GB/T 32918 and FIPS 186-5. A key is its SubjectPublicKeyInfo in the one exact
DER form of its algorithm; its id is keccak256 of that, by which the registry knows it. A signature is r‖s,
64 bytes, and has no second encoding: both numbers stand in range, and P-256 takes the low s only. The
algorithm always comes from the key, never from a message.

Randomness for keys and key files is an argument; the nonces of signatures are drawn by the libraries below.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypeAlias

from eth_hash.backends.pysha3 import keccak256 as _keccak256

from ledger.crypto import keyfiles, p256, sm2
from ledger.crypto.suites import SHA256, SM3
from ledger.errors import MalformedInput

Algorithm: TypeAlias = Literal["sm2", "p256"]

SIGNATURE_BYTES: Final = 64

_SIGNATURE_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{86}")


class _Curve(Protocol):
    """What the modules `sm2` and `p256` have in common; a point is X‖Y, 64 bytes, a secret 32 bytes."""

    @property
    def OID(self) -> bytes: ...  # noqa: N802
    @property
    def ORDER(self) -> int: ...  # noqa: N802
    @property
    def MAX_S(self) -> int: ...  # noqa: N802

    def is_point(self, point: bytes) -> bool: ...
    def point_of(self, secret: bytes) -> bytes: ...
    def message_digest(self, _point: bytes, message: bytes, /) -> bytes: ...
    def sign(self, secret: bytes, point: bytes, message: bytes) -> tuple[int, int]: ...
    def verify_digest(self, point: bytes, digest: bytes, r: int, s: int) -> bool: ...
    def verify(self, point: bytes, message: bytes, r: int, s: int) -> bool: ...


_CURVES: Final[dict[Algorithm, _Curve]] = {"sm2": sm2, "p256": p256}
_HASHES: Final[dict[Algorithm, Callable[[bytes], bytes]]] = {"sm2": SM3.hash, "p256": SHA256.hash}

# SubjectPublicKeyInfo {{id-ecPublicKey, curve}, 04 ‖ X ‖ Y} up to X (RFC 5480)
_SPKI_HEADS: Final[dict[Algorithm, bytes]] = {
    algorithm: bytes.fromhex("3059301306072a8648ce3d02010608") + curve.OID + bytes.fromhex("03420004")
    for algorithm, curve in _CURVES.items()
}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that checks signatures; made by `decode_public_key`.

    `spki` are the 91 bytes of its SubjectPublicKeyInfo, `id` the 32 bytes of their keccak256.
    """

    algorithm: Algorithm
    spki: bytes
    id: bytes

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether `signature` (64 bytes r‖s) of `message` is good; never raises."""
        numbers = self._read(signature)
        return numbers is not None and _CURVES[self.algorithm].verify(self.spki[-64:], message, *numbers)

    def digest(self, message: bytes) -> bytes:
        """Return the 32 bytes that are signed of a message: of SM2 e = SM3(Z‖M), of P-256 its SHA-256."""
        return _CURVES[self.algorithm].message_digest(self.spki[-64:], message)

    def hash(self, data: bytes) -> bytes:
        """Return the plain digest of the key's algorithm: of SM2 SM3, of P-256 SHA-256; 32 bytes."""
        return _HASHES[self.algorithm](data)

    def verify_digest(self, digest: bytes, signature: bytes) -> bool:
        """Tell whether `signature` (64 bytes r‖s) is good for what has this digest; never raises."""
        numbers = self._read(signature)
        return numbers is not None and _CURVES[self.algorithm].verify_digest(
            self.spki[-64:], digest, *numbers
        )

    def join_numbers(self, r: int, s: int) -> bytes | None:
        """Return the one spelling, 64 bytes, of the signature (r, s); None where the numbers are not in range."""
        curve = _CURVES[self.algorithm]
        if not (0 < r < curve.ORDER and 0 < s < curve.ORDER):
            return None
        if s > curve.MAX_S:  # of P-256, the other s of the same signature
            s = curve.ORDER - s
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def verify_without_identity(self, message: bytes, signature: bytes) -> bool:
        """Tell whether an SM2 signature would be good with an empty identity, or with none; it is not good for that."""
        numbers = self._read(signature)
        if numbers is None or self.algorithm != "sm2":
            return False
        return sm2.verify_without_identity(self.spki[-64:], message, *numbers)

    def _read(self, signature: bytes) -> tuple[int, int] | None:
        """Return the two numbers, None where they are not in range."""
        curve = _CURVES[self.algorithm]
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        are_in_range = len(signature) == SIGNATURE_BYTES and 0 < r < curve.ORDER and 0 < s <= curve.MAX_S
        return (r, s) if are_in_range else None


class Signer(Protocol):
    """What signs for a public key, wherever the private one lies."""

    @property
    def public(self) -> PublicKey: ...

    def sign(self, message: bytes) -> bytes:
        """Return a signature of `message` that is good under `public`: r‖s, 64 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that signs; made by `decode_private_key` or `generate_key`."""

    public: PublicKey
    _secret: bytes = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Return a signature of `message`: r‖s, 64 bytes."""
        r, s = _CURVES[self.public.algorithm].sign(self._secret, self.public.spki[-64:], message)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def to_pem(self) -> bytes:
        """Return the key file without a password."""
        return keyfiles.write_pem(self._encode_info())

    def to_encrypted_pem(self, password: bytes, random: Callable[[int], bytes]) -> bytes:
        """Return the key file under a password; `random(n)` returns n bytes, for salt and initial vector."""
        return keyfiles.write_encrypted_pem(self._encode_info(), password, random)

    def _encode_info(self) -> bytes:
        curve = _CURVES[self.public.algorithm]
        return keyfiles.encode_key_info(curve.OID, self._secret, self.public.spki[-64:])


def keccak256(data: bytes) -> bytes:
    """Return the Keccak-256 of Ethereum, which is not SHA3-256: 32 bytes."""
    return _keccak256(data)


def decode_public_key(spki: bytes) -> PublicKey:
    """Return the key of a SubjectPublicKeyInfo.

    Raises: MalformedInput unless it is the exact DER of an uncompressed point on the curve of SM2 or P-256.
    """
    for algorithm, head in _SPKI_HEADS.items():
        if spki.startswith(head) and len(spki) == len(head) + 64:
            if not _CURVES[algorithm].is_point(spki[-64:]):
                raise MalformedInput(f"the public key is not a point on the curve of {algorithm}")
            return PublicKey(algorithm, spki, keccak256(spki))
    raise MalformedInput("a public key is the DER SubjectPublicKeyInfo of an uncompressed SM2 or P-256 point")


def decode_private_key(pem: bytes, password: bytes | None = None) -> PrivateKey:
    """Read a key file: PKCS#8 in PEM, as OpenSSL writes it, plain or under a password.

    Raises: MalformedInput for other files, a missing or wrong password, a public key missing or not its own.
    """
    info = keyfiles.read_pem(pem, password)
    for algorithm, curve in _CURVES.items():
        secret = keyfiles.read_secret(curve.OID, info)
        if secret is not None and 0 < int.from_bytes(secret, "big") < curve.ORDER - 1:
            key = _make_private_key(algorithm, secret)
            if key._encode_info() == info:
                return key
    raise MalformedInput("the private key is not one of SM2 or P-256 together with its public key")


def generate_key(algorithm: str, random: Callable[[int], bytes]) -> PrivateKey:
    """Make a key of `sm2` or `p256`; `random(n)` returns n random bytes. Raises: MalformedInput for another."""
    known_algorithm = next((name for name in _CURVES if name == algorithm), None)
    if known_algorithm is None:
        raise MalformedInput(f"the algorithm is sm2 or p256, not {algorithm[:40]!r}")
    while True:
        secret = random(32)
        # SM2 excludes order - 1, with which signing would divide by zero; for P-256 it is no loss.
        if 0 < int.from_bytes(secret, "big") < _CURVES[known_algorithm].ORDER - 1:
            return _make_private_key(known_algorithm, secret)


def _make_private_key(algorithm: Algorithm, secret: bytes) -> PrivateKey:
    return PrivateKey(decode_public_key(_SPKI_HEADS[algorithm] + _CURVES[algorithm].point_of(secret)), secret)


def encode_signature(signature: bytes) -> str:
    """Write the 64 bytes of a signature as unpadded base64url."""
    return base64.urlsafe_b64encode(signature).rstrip(b"=").decode("ascii")


def decode_signature(text: str) -> bytes:
    """Read the 64 bytes of a signature from their one spelling. Raises: MalformedInput."""
    if _SIGNATURE_TEXT.fullmatch(text):
        signature = base64.urlsafe_b64decode(text + "==")
        if encode_signature(signature) == text:  # the last letter has four bits to spare, which must be zero
            return signature
    raise MalformedInput("a signature is 64 bytes in unpadded base64url, 86 letters")
