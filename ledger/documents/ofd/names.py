"""The names of the parts of an OFD archive, decoded and compared."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from ledger.errors import LimitExceeded, MalformedInput

#: Writers use some fifty, four folders deep; every folder above a part is looked up.
MAX_NAME_BYTES, MAX_FOLDERS = 1_024, 32
UTF8_FLAG: Final = 0x0800
_DRIVE: Final = re.compile(r"[A-Za-z]:")


def decode_name(name_bytes: bytes, flags: int) -> str:
    """Return the name of a part: UTF-8, or GB 18030 where an old writer did not say so.

    Raises: MalformedInput for one that leads out of the archive, LimitExceeded.
    """
    try:
        text = name_bytes.decode("utf-8")
    except UnicodeDecodeError as error:
        if flags & UTF8_FLAG:
            raise MalformedInput("an entry's name is not the UTF-8 that it is said to be") from error
        text = name_bytes.decode("gb18030", "replace")
    if len(name_bytes) > MAX_NAME_BYTES:
        raise LimitExceeded(f"the name of a part has {MAX_NAME_BYTES} bytes at most")
    steps = text.replace("\\", "/").removesuffix("/").split("/")
    if len(steps) > MAX_FOLDERS:
        raise LimitExceeded(f"the parts of a document lie in {MAX_FOLDERS} folders at most, one in another")
    if any(step in ("", ".", "..") for step in steps) or _DRIVE.match(text) or not text.isprintable():
        raise MalformedInput(f"an entry has a name that leads elsewhere: {text[:120]!a}")
    return text


def lower_name(name: str) -> str:
    """Return what two names have in common that differ in case or composed letters alone."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())


def fold_name(name: str) -> str:
    """Return what two names have in common that some system takes for one: also ß and ss, ﬁ and fi."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def walk_up(name: str) -> Iterator[str]:
    """Yield the folders that a part lies in, the innermost first."""
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name
