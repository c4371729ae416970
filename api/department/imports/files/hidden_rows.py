"""Rows that a workbook hides, by a filter or by hand (ECMA-376 part 1, 18.3.1.73)."""

import re
import zipfile
from collections.abc import Iterator
from typing import IO, Final

_PIECE_BYTES: Final = 2**20
_MAX_TAG_BYTES: Final = 4096  # of the opening tag of a row, which has some hundred
_ROW_TAG: Final = re.compile(rb"<(?:[A-Za-z0-9]+:)?row((?:\s[^<>]*)?)>")
_HIDDEN: Final = re.compile(rb"""\shidden=["'](?:1|true)["']""")
_HIDDEN_MARK: Final = b"hidden="
_LINE_NUMBER: Final = re.compile(rb"""\sr=["']([0-9]{1,7})["']""")


def find_hidden_rows(path: str, part_name: str) -> frozenset[int]:
    """Return the line numbers of the rows that are hidden in the part of a sheet. Raises: KeyError, OSError."""
    with zipfile.ZipFile(path) as archive:
        with archive.open(part_name) as part:
            if not any(_HIDDEN_MARK in piece for piece in _read_pieces(part)):
                return frozenset()
        with archive.open(part_name) as part:
            return frozenset(_list_hidden_rows(part))


def _list_hidden_rows(part: IO[bytes]) -> Iterator[int]:
    line_number = 0
    for tag in _list_row_tags(part):
        number_match = _LINE_NUMBER.search(tag)
        line_number = int(number_match[1]) if number_match else line_number + 1
        if _HIDDEN.search(tag):
            yield line_number


def _list_row_tags(part: IO[bytes]) -> Iterator[bytes]:
    """Yield the attributes of each row; what is left of a piece is looked at with the next one."""
    last_bytes = b""
    while piece := part.read(_PIECE_BYTES):
        content, end = last_bytes + piece, 0
        for match in _ROW_TAG.finditer(content):
            yield match[1]
            end = match.end()
        last_bytes = content[max(end, len(content) - _MAX_TAG_BYTES) :]


def _read_pieces(part: IO[bytes]) -> Iterator[bytes]:
    """Yield the content of a part, each piece with the end of the one before."""
    last_bytes = b""
    while piece := part.read(_PIECE_BYTES):
        yield last_bytes + piece
        last_bytes = piece[-len(_HIDDEN_MARK) :]
