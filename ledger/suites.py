"""The hash suites, fixed for each log on the chain: `sm3` (GB/T 32905, the default) and `sha256` (FIPS 180-4)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes

from ledger.errors import MalformedInput

DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite: its name in texts, its number on the chain, and its hash from bytes to 32 bytes."""

    name: str
    number: int
    hash: Callable[[bytes], bytes]

    def format(self, digest: bytes) -> str:
        """Write a digest as `<suite>:<hex>`."""
        return f"{self.name}:{digest.hex()}"


def _sm3() -> Callable[[bytes], bytes]:
    """Return SM3 from the linked OpenSSL where it has it, else from the one that `cryptography` brings along."""
    try:
        empty = hashlib.new("sm3")
    except ValueError:
        return _sm3_of_cryptography

    def sm3(data: bytes) -> bytes:
        state = empty.copy()
        state.update(data)
        return state.digest()

    return sm3


def _sm3_of_cryptography(data: bytes) -> bytes:
    state = hashes.Hash(hashes.SM3())  # noqa: S303
    state.update(data)
    return state.finalize()


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


SM3: Final = Suite("sm3", 1, _sm3())
SHA256: Final = Suite("sha256", 2, _sha256)
_BY_NAME: Final = {suite.name: suite for suite in (SM3, SHA256)}
_BY_NUMBER: Final = {suite.number: suite for suite in (SM3, SHA256)}


def by_name(name: str) -> Suite:
    """Return the suite of that name. Raises: MalformedInput."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise MalformedInput(f"the suite is sm3 or sha256, not {name[:40]!r}") from None


def by_number(number: int) -> Suite:
    """Return the suite that the registry means by a number. Raises: MalformedInput."""
    try:
        return _BY_NUMBER[number]
    except KeyError:
        raise MalformedInput(f"the registry knows the suites 1 and 2, not {number}") from None


def parse_digest(text: str) -> tuple[Suite, bytes]:
    """Read `<suite>:<64 lowercase hex>`. Raises: MalformedInput."""
    name, colon, digits = text.partition(":")
    if not colon or len(digits) != 2 * DIGEST_BYTES or not set(digits) <= set("0123456789abcdef"):
        raise MalformedInput(f"a digest is written sm3:<64 lowercase hex> or sha256:<…>, not {text[:80]!r}")
    return by_name(name), bytes.fromhex(digits)
