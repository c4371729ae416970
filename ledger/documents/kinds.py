"""The kinds of file that are opened here, told by how a file begins."""

from enum import StrEnum
from typing import Final


class FileKind(StrEnum):
    """A kind of file, by its name in reports."""

    OFD = "ofd"
    PDF = "pdf"
    SEAL = "seal"


#: How a file of each kind begins: a ZIP archive, a PDF, a SEQUENCE in DER (a seal alone, or a use of one).
BEGINNINGS: Final = {
    FileKind.OFD: b"PK",
    FileKind.PDF: b"%PDF-",
    FileKind.SEAL: b"\x30",
}
#: How a document begins that lies within other data: two letters alone can stand anywhere.
_MARKS_WITHIN: Final = (b"PK\x03\x04", b"%PDF-")
#: Bytes in front of a document: some signing services put a record of their own there.
_MAX_BYTES_IN_FRONT: Final = 4096


def tell_kind(data: bytes) -> FileKind | None:
    """Return the kind of a file; None for one that is not opened here."""
    return next((kind for kind, beginning in BEGINNINGS.items() if data.startswith(beginning)), None)


def has_data_in_front(data: bytes) -> bool:
    """Tell whether a document begins only a little behind the start of a file."""
    return any(mark in data[:_MAX_BYTES_IN_FRONT] for mark in _MARKS_WITHIN)
