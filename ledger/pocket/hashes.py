"""Hashes of 32 bytes, joined and written as one text in base64url."""

import base64

from ledger.crypto.suites import DIGEST_BYTES
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput


def encode_hashes(hashes: tuple[bytes, ...]) -> str:
    return base64.urlsafe_b64encode(b"".join(hashes)).decode().rstrip("=")


def decode_hashes(value: Json, max_count: int) -> tuple[bytes, ...]:
    """Return the hashes of a text, at most `max_count`. Raises: MalformedInput where it is not exactly theirs."""
    if not isinstance(value, str) or len(value) > max_count * 44 or not value.isascii():
        raise MalformedInput(f"it must be text of at most {max_count} hashes in base64url")
    try:
        joined_hashes = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError as error:
        raise MalformedInput(f"it is not base64url: {error}") from None
    hashes = tuple(
        joined_hashes[start : start + DIGEST_BYTES] for start in range(0, len(joined_hashes), DIGEST_BYTES)
    )
    if len(joined_hashes) % DIGEST_BYTES or encode_hashes(hashes) != value:
        raise MalformedInput("it is not base64url of whole hashes")
    return hashes
