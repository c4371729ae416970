"""Which kind of file a table is: its content tells, its name does not."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from api.department.imports.files.copies import PrivateCopy, copy_privately
from api.department.imports.files.encodings import ENCODING_NAMES, find_encoding
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
def open_source(path: Path, sheet_names: Sequence[str] = ()) -> Iterator[Source]:
    """Give the table in a file; `sheet_names` names those of a workbook that are read. Raises: MalformedInput, OSError."""
    with copy_privately(path) as private_copy:
        if not private_copy.size_bytes:
            raise MalformedInput(f"{path.name} is empty")
        yield _open_copy(private_copy, sheet_names)


def _open_copy(private_copy: PrivateCopy, sheet_names: Sequence[str]) -> Source:
    with private_copy.path.open("rb") as file:
        first_bytes = file.read(len(_OLD_WORKBOOK_MARK))
    if first_bytes.startswith(_ZIP_MARK) or first_bytes == _OLD_WORKBOOK_MARK:
        return _open_workbook(private_copy, first_bytes.startswith(_ZIP_MARK), sheet_names)
    if sheet_names:
        raise MalformedInput(f"{private_copy.name} is no workbook and has no sheets: leave --sheet out")
    return _open_text(private_copy)


def _open_workbook(private_copy: PrivateCopy, is_zip: bool, sheet_names: Sequence[str]) -> Source:
    if private_copy.size_bytes > MAX_BYTES:
        raise MalformedInput(
            f"the workbook has {private_copy.size_bytes:,} bytes, at most {MAX_BYTES:,} are read: save the sheet as CSV"
        )
    if is_zip:
        check_parts(private_copy.path)
    kind = "xlsx" if is_zip else "xls"
    rows = partial(read_workbook, private_copy.path, kind, tuple(sheet_names))
    return Source(private_copy.name, private_copy.digest, f"Excel workbook .{kind}", rows)


def _open_text(private_copy: PrivateCopy) -> Source:
    encoding = find_encoding(private_copy.path)
    with private_copy.path.open(encoding=encoding, newline="") as file:
        first_chars = file.read(_BEGINNING_CHARS).lstrip().lower()
    if first_chars.startswith("{"):
        return Source(
            private_copy.name,
            private_copy.digest,
            f"JSON lines in {ENCODING_NAMES[encoding]}",
            partial(read_json_lines, private_copy.path, encoding),
        )
    if first_chars.startswith("["):
        raise MalformedInput(
            f"{private_copy.name} is one JSON array: write one object {{…}} on each line instead, without [ and ,"
        )
    if first_chars.startswith(("<", "mime-version")):
        if "urn:schemas-microsoft-com:office:spreadsheet" in first_chars:
            raise MalformedInput(
                f"{private_copy.name} is an XML spreadsheet of 2003: save it as .xlsx 另存为“Excel 工作簿”"
            )
        if "<table" not in first_chars and "<html" not in first_chars and "<!doctype html" not in first_chars:
            raise MalformedInput(
                f"{private_copy.name} is XML and no table that is read: save it as .xlsx 另存为“Excel 工作簿”"
            )
        return Source(
            private_copy.name,
            private_copy.digest,
            f"web page in {ENCODING_NAMES[encoding]}",
            partial(read_web_tables, private_copy.path, encoding),
        )
    line_count = _count_lines(private_copy.path)
    separator = find_separator(private_copy.path, encoding)
    return Source(
        private_copy.name,
        private_copy.digest,
        f"{SEPARATORS[separator]} in {ENCODING_NAMES[encoding]}",
        partial(read_separated, private_copy.path, encoding, separator),
        line_count,
    )


def _count_lines(path: Path) -> int:
    """Return how many lines a text has, in any of the encodings that are read."""
    with path.open("rb") as file:
        return sum(piece.count(b"\n") for piece in iter(partial(file.read, _PIECE_BYTES), b""))
