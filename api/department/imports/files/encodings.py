"""In which encoding a text file is: its mark, else strict UTF-8, else GB 18030 with GBK."""

import codecs
from pathlib import Path
from typing import Final

from ledger.errors import MalformedInput

_PIECE_BYTES: Final = 2**20
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: What an encoding is called where a person reads.
ENCODING_NAMES: Final = {
    "utf-8-sig": "UTF-8 with a mark (BOM)",
    "utf-16": "UTF-16",
    "utf-8": "UTF-8",
    "gb18030": "GB 18030 (GBK)",
}


def find_encoding(path: Path) -> str:
    """Return Python's name of the encoding in which all of a file can be read. Raises: MalformedInput, OSError."""
    with path.open("rb") as file:
        first_bytes = file.read(4)
    for mark, encoding in _MARKS:
        if first_bytes.startswith(mark):
            if (fault_offset := _find_fault(path, encoding)) is not None:
                line_number = _find_line(path, fault_offset)
                raise MalformedInput(
                    f"the file says that it is {ENCODING_NAMES[encoding]}, and line {line_number:,} is not"
                )
            return encoding
    fault_offset = _find_fault(path, "utf-8")
    if fault_offset is None:
        return "utf-8"
    gb_fault_offset = _find_fault(path, "gb18030")
    if gb_fault_offset is not None:
        fault_offset = max(fault_offset, gb_fault_offset)  # of the encoding that the file is more likely in
        raise MalformedInput(
            f"the text is neither UTF-8 nor GB 18030 (GBK): line {_find_line(path, fault_offset):,} fits none. "
            "Open it in the program that wrote it and save it as “CSV UTF-8” 另存为“CSV UTF-8（逗号分隔）”"
        )
    return "gb18030"


def _find_fault(path: Path, encoding: str) -> int | None:
    """Return the place, from 0 and near enough to look at, where a file is not in this encoding; None where it all is."""
    decoder, piece_offset = codecs.getincrementaldecoder(encoding)(), 0
    with path.open("rb") as file:
        while True:
            piece = file.read(_PIECE_BYTES)
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                return piece_offset + error.start
            if (zero_index := text.find("\0")) >= 0:
                return piece_offset + len(text[:zero_index].encode(encoding))
            if not piece:
                return None
            piece_offset += len(piece)


def _find_line(path: Path, offset: int) -> int:
    """Return the line, from 1, in which a byte stands; lines end with a line feed."""
    with path.open("rb") as file:
        return 1 + sum(
            file.read(min(_PIECE_BYTES, offset - start)).count(b"\n")
            for start in range(0, offset, _PIECE_BYTES)
        )
