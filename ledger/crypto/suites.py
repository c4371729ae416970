"""Hash suites: the digest algorithm of a log, fixed for it on the chain.

A suite goes by a name in documents (`sm3`), a number in the contract (1) and a function here. Every tree and
digest function takes the suite as an argument, so national and international logs share one code path.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gmssl_pyx import sm3_hash

from ledger.errors import MalformedInput

DIGEST_BYTES: Final = 32  # of either suite

_DIGEST: Final = re.compile(r"([a-z0-9]+):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite: its name in texts, its number on the chain, and its hash from bytes to 32 bytes."""

    name: str
    number: int
    hash: Callable[[bytes], bytes]

    def __reduce__(self) -> tuple[Callable[[str], "Suite"], tuple[str]]:
        """Be the same suite in another process: suites are compared by identity."""
        return get_suite, (self.name,)

    def format(self, digest: bytes) -> str:
        """Write a digest as `<suite>:<hex>`. Raises: MalformedInput unless it has 32 bytes."""
        if len(digest) != DIGEST_BYTES:
            raise MalformedInput(f"a digest has {DIGEST_BYTES} bytes, not {len(digest)}")
        return f"{self.name}:{digest.hex()}"


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


# GmSSL's SM3 is there wherever SM2 is, and on short inputs half as fast again as OpenSSL's through hashlib.
SM3: Final = Suite("sm3", 1, sm3_hash)  # GB/T 32905, the default
SHA256: Final = Suite("sha256", 2, _sha256)  # FIPS 180-4

_BY_NAME: Final = {suite.name: suite for suite in (SM3, SHA256)}
_BY_NUMBER: Final = {suite.number: suite for suite in (SM3, SHA256)}


def get_suite(name: str) -> Suite:
    """Return the suite of that name. Raises: MalformedInput."""
    suite = _BY_NAME.get(name)
    if suite is None:
        raise MalformedInput(f"the suite is sm3 or sha256, not {name[:40]!r}")
    return suite


def get_suite_by_number(number: int) -> Suite:
    """Return the suite that the registry means by a number. Raises: MalformedInput."""
    suite = _BY_NUMBER.get(number)
    if suite is None:
        raise MalformedInput(f"the registry knows the suites 1 and 2, not {number}")
    return suite


def parse_digest(text: str) -> tuple[Suite, bytes]:
    """Read `<suite>:<64 lowercase hex>`. Raises: MalformedInput."""
    match = _DIGEST.fullmatch(text)
    if match is None:
        raise MalformedInput(f"a digest is written sm3:<64 lowercase hex> or sha256:<…>, not {text[:80]!r}")
    return get_suite(match[1]), bytes.fromhex(match[2])
