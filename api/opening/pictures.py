"""Presented pictures: which files they are, and the answers of a process that reads them."""

from typing import Final

import msgspec

from ledger.errors import MalformedInput

_SIGNATURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")


class PictureReading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The texts of the codes in a picture, or why it could not be looked at: `unreadable`, `too_large` or how it ended."""

    codes: tuple[str, ...] = ()
    problem: str = ""


def is_picture(content: bytes) -> bool:
    """Tell whether a file says in its first bytes that it is a picture of a kind that is read here."""
    return content.startswith(_SIGNATURES) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")


def encode_reading(reading: PictureReading) -> bytes:
    return msgspec.json.encode(reading)


def decode_reading(encoded_reading: bytes) -> PictureReading:
    """Read it again. Raises: MalformedInput."""
    try:
        return msgspec.json.decode(encoded_reading, type=PictureReading)
    except msgspec.MsgspecError as error:
        raise MalformedInput("what was said of a picture is no list of codes") from error
