"""Rows and columns that a workbook hides, by a filter, by hand or by their size.

ECMA-376 part 1, 18.3.1.13 and 18.3.1.73.
"""

import re
import zipfile
from collections.abc import Iterator
from typing import IO, Final

from api.department.imports.files.sources import MAX_COLUMNS

_PIECE_BYTES: Final = 2**20
_MAX_TAG_BYTES: Final = 4096  # of the opening tag of a row, which has some hundred
_MAX_HEAD_BYTES: Final = 16 * 2**20  # of what stands before the rows: widths of columns, views
_ROW_TAG: Final = re.compile(rb"<(?:[A-Za-z0-9]+:)?row((?:\s[^<>]*)?)>")
_COLUMN_TAG: Final = re.compile(rb"<(?:[A-Za-z0-9]+:)?col((?:\s[^<>]*)?)>")
_ROWS_MARK: Final = b"sheetData"
_HIDDEN: Final = re.compile(rb"""\s(?:hidden=["'](?:1|true)["']|(?:ht|width)=["']0(?:\.0*)?["'])""")
_HIDDEN_MARK: Final = re.compile(rb"""hidden=|ht=["']0""")
_MARK_BYTES: Final = 8
_LINE_NUMBER: Final = re.compile(rb"""\sr=["']([0-9]{1,7})["']""")
_FIRST_COLUMN: Final = re.compile(rb"""\smin=["']([0-9]{1,5})["']""")
_LAST_COLUMN: Final = re.compile(rb"""\smax=["']([0-9]{1,5})["']""")


def find_hidden_rows(path: str, part_name: str) -> frozenset[int]:
    """Return the line numbers of the rows that are hidden in the part of a sheet. Raises: KeyError, OSError."""
    with zipfile.ZipFile(path) as archive:
        with archive.open(part_name) as part:
            if not any(_HIDDEN_MARK.search(piece) for piece in _read_pieces(part)):
                return frozenset()
        with archive.open(part_name) as part:
            return frozenset(_list_hidden_rows(part))


def find_hidden_columns(path: str, part_name: str) -> tuple[int, ...]:
    """Return the indices, from 0, of the columns that are hidden in the part of a sheet. Raises: KeyError, OSError."""
    with zipfile.ZipFile(path) as archive, archive.open(part_name) as part:
        head = b""
        while _ROWS_MARK not in head and len(head) < _MAX_HEAD_BYTES and (piece := part.read(_PIECE_BYTES)):
            head += piece
    hidden_indices = {
        index
        for match in _COLUMN_TAG.finditer(head.partition(_ROWS_MARK)[0])
        if _HIDDEN.search(match[1])
        for index in _list_columns(match[1])
    }
    return tuple(sorted(hidden_indices))


def _list_columns(tag: bytes) -> range:
    """Return the indices of the columns that a tag is of; no table that is read has more than `MAX_COLUMNS`."""
    first_match, last_match = _FIRST_COLUMN.search(tag), _LAST_COLUMN.search(tag)
    if not first_match or not last_match:
        return range(0)
    return range(int(first_match[1]) - 1, min(int(last_match[1]), MAX_COLUMNS))


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
        last_bytes = piece[-_MARK_BYTES:]
