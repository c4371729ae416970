"""Which kind of file a table is: its content tells, its name does not."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from api.department.imports.files.copies import PrivateCopy, copy_privately
from api.department.imports.files.encodings import NAMES, find_encoding
from api.department.imports.files.json_lines import read_json_lines
from api.department.imports.files.separated import SEPARATORS, find_separator, read_separated
from api.department.imports.files.sources import Source
from api.department.imports.files.web_tables import read_web_tables
from api.department.imports.files.workbooks import MAX_BYTES, check_parts, read_workbook
from ledger.errors import MalformedInput

_ZIP_MARK: Final = b"PK\x03\x04"
_OLD_WORKBOOK_MARK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PIECE_BYTES: Final = 2**20
_BEGINNING_CHARS: Final = 4096  # of a text, by which its kind is told


@contextmanager
def open_source(path: Path, sheets: Sequence[str] = ()) -> Iterator[Source]:
    """Give the table in a file; `sheets` names those of a workbook that are read. Raises: MalformedInput, OSError."""
    with copy_privately(path) as copy:
        if not copy.size:
            raise MalformedInput(f"{path.name} is empty")
        yield _open_copy(copy, sheets)


def _open_copy(copy: PrivateCopy, sheets: Sequence[str]) -> Source:
    with copy.path.open("rb") as file:
        beginning = file.read(len(_OLD_WORKBOOK_MARK))
    if beginning.startswith(_ZIP_MARK) or beginning == _OLD_WORKBOOK_MARK:
        return _open_workbook(copy, beginning.startswith(_ZIP_MARK), sheets)
    if sheets:
        raise MalformedInput(f"{copy.name} is no workbook and has no sheets: leave --sheet out")
    return _open_text(copy)


def _open_workbook(copy: PrivateCopy, is_zip: bool, sheets: Sequence[str]) -> Source:
    if copy.size > MAX_BYTES:
        raise MalformedInput(
            f"the workbook has {copy.size:,} bytes, at most {MAX_BYTES:,} are read: save the sheet as CSV"
        )
    if is_zip:
        check_parts(copy.path)
    kind = "xlsx" if is_zip else "xls"
    rows = partial(read_workbook, copy.path, kind, tuple(sheets))
    return Source(copy.name, copy.digest, f"Excel workbook .{kind}", rows)


def _open_text(copy: PrivateCopy) -> Source:
    encoding = find_encoding(copy.path)
    with copy.path.open(encoding=encoding, newline="") as file:
        beginning = file.read(_BEGINNING_CHARS).lstrip().lower()
    if beginning.startswith("{"):
        return Source(
            copy.name,
            copy.digest,
            f"JSON lines in {NAMES[encoding]}",
            partial(read_json_lines, copy.path, encoding),
        )
    if beginning.startswith("["):
        raise MalformedInput(
            f"{copy.name} is one JSON array: write one object {{…}} on each line instead, without [ and ,"
        )
    if beginning.startswith(("<", "mime-version")):
        if "<table" not in beginning and "<html" not in beginning and "<!doctype html" not in beginning:
            raise MalformedInput(
                f"{copy.name} is XML and no table that is read: save it as .xlsx 另存为“Excel 工作簿”"
            )
        return Source(
            copy.name,
            copy.digest,
            f"web page in {NAMES[encoding]}",
            partial(read_web_tables, copy.path, encoding),
        )
    line_count = _count_lines(copy.path)
    separator = find_separator(copy.path, encoding)
    return Source(
        copy.name,
        copy.digest,
        f"{SEPARATORS[separator]} in {NAMES[encoding]}",
        partial(read_separated, copy.path, encoding, separator),
        line_count,
    )


def _count_lines(path: Path) -> int:
    """Return how many lines a text has, in any of the encodings that are read."""
    with path.open("rb") as file:
        return sum(piece.count(b"\n") for piece in iter(partial(file.read, _PIECE_BYTES), b""))
