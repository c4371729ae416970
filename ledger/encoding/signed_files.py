"""Signed files: what somebody states, and the signature over its canonical bytes."""

from collections.abc import Callable
from typing import TypeVar

from ledger.crypto.keys import decode_signature, encode_signature
from ledger.encoding.canonical import Json
from ledger.encoding.fields import Fields
from ledger.errors import LimitExceeded

T = TypeVar("T")


def join_signature(member: str, content: Json, signature: bytes) -> dict[str, Json]:
    """Return the object of two members: `content` by its name, and its signature (64 bytes r‖s)."""
    return {member: content, "signature": encode_signature(signature)}


def split_signature(
    value: Json, place: str, member: str, decode_content: Callable[[Json], T]
) -> tuple[T, bytes]:
    """Return the content of such an object and its signature; `place` names the object in errors.

    Raises: MalformedInput, and what `decode_content` raises.
    """
    fields = Fields(value, place)
    content = decode_content(fields.take(member))
    signature = fields.take_parsed("signature", decode_signature)
    fields.close()
    return content, signature


def check_size(data: bytes, name: str, max_bytes: int) -> None:
    """Raises: LimitExceeded, before anything is read, where a file has more bytes; `name` is that of its kind."""
    if len(data) > max_bytes:
        raise LimitExceeded(f"{name} has at most {max_bytes} bytes, not {len(data)}")
