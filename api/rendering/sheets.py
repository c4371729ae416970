"""Tables as files: CSV, and XLSX with text cells; nothing in a cell is a formula.

Whoever states a value that begins like a formula would have a spreadsheet run it at whoever opens the file (CWE-1236).
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from anchoring.database.files import replace_file
from api.rendering.visible import make_visible
from ledger.errors import LimitExceeded, MalformedInput

CSV_SUFFIX: Final = ".csv"
XLSX_SUFFIX: Final = ".xlsx"
# Rows of a sheet (ECMA-376 part 1, 18.3.1.73; Excel reads no more), the heading among them.
MAX_SHEET_ROWS: Final = 1_048_576
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "|", "%", "＝", "＋", "－", "＠")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"  # without it, Excel takes Chinese for something else
_TEXT_FORMAT: Final = "@"  # numbers of 18 digits stay as they are
_ROWS_PER_FLUSH: Final = 1_000

Cell = str | int


def write_table(path: Path, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write a table, whole or not at all, in the format that the file's name ends in; return the number of its rows.

    Raises: MalformedInput for another ending, LimitExceeded, OSError.
    """
    check_ending(path)
    counted_rows = _CountedRows(rows)
    if path.suffix.lower() == CSV_SUFFIX:
        replace_file(path, _encode_csv(headings, counted_rows))
    else:
        _write_xlsx(path, headings, counted_rows)
    return counted_rows.row_count


def check_ending(path: Path) -> None:
    """Check, before anybody is asked, that a table can be written there. Raises: MalformedInput."""
    if path.suffix.lower() not in (CSV_SUFFIX, XLSX_SUFFIX):
        raise MalformedInput(f"{path}: a table is written as {CSV_SUFFIX} or {XLSX_SUFFIX}: end the name so")


class _CountedRows:
    """Rows, and how many of them were taken."""

    def __init__(self, rows: Iterable[Sequence[Cell]]) -> None:
        self._rows, self.row_count = rows, 0

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        for row in self._rows:
            self.row_count += 1
            yield row


def _encode_csv(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield the lines of RFC 4180, in UTF-8."""
    yield _BYTE_ORDER_MARK
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(headings)
    for index, row in enumerate(rows):
        writer.writerow([make_harmless(cell) for cell in row])
        if index % _ROWS_PER_FLUSH == 0:
            yield _take(buffer)
    yield _take(buffer)


def _take(buffer: io.StringIO) -> bytes:
    csv_bytes = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return csv_bytes


def make_harmless(cell: Cell) -> Cell:
    """Return a cell of a CSV file that no spreadsheet takes for a formula: such a text begins with an apostrophe."""
    if isinstance(cell, int):
        return cell
    text = make_visible(cell)
    return f"'{text}" if text.lstrip().startswith(_FORMULA_STARTS) else text


def _write_xlsx(path: Path, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a workbook row by row: only a part of it is in memory."""
    from openpyxl import Workbook  # takes a third of a second to load
    from openpyxl.cell import WriteOnlyCell

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("1")

    def make_cell(value: Cell) -> object:
        cell = WriteOnlyCell(sheet, make_visible(value) if isinstance(value, str) else value)
        if isinstance(value, str):
            cell.data_type, cell.number_format, cell.quotePrefix = "s", _TEXT_FORMAT, True
        return cell

    sheet.append([make_cell(name) for name in headings])
    for row_number, row in enumerate(rows, 2):
        if row_number > MAX_SHEET_ROWS:
            raise LimitExceeded(f"a sheet holds {MAX_SHEET_ROWS:,} rows: write {CSV_SUFFIX}, or ask for less")
        sheet.append([make_cell(value) for value in row])
    workbook_bytes = io.BytesIO()
    workbook.save(workbook_bytes)
    replace_file(path, [workbook_bytes.getvalue()])
