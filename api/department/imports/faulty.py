"""Rows that come back 退回: the cells as they were, and what is wrong, as XLSX and CSV.

Both survive being opened and saved by a spreadsheet, and are imported as they are once the cells are mended: numbers
stand as text, and nothing that stands in a cell runs as a formula.
"""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from api.department.imports.files.workbook_texts import write_escapes
from api.department.imports.headings import OWN_MARK, OWN_SHEET
from api.department.imports.judging.judged import JudgedRow
from api.department.imports.sorts import Consequence

#: Columns before those of the table.
OWN_HEADINGS: Final = (
    OWN_SHEET,
    *(
        f"{OWN_MARK}{name}"
        for name in ("行 line", "列 column", "值 value", "问题 problem", "建议 suggestion")
    ),
)
_TITLE: Final = "退回 faulty"  # of the sheet for a table that has no sheets
#: What a spreadsheet would change in a CSV: long numbers, zeros at the beginning, formulas.
_FRAGILE_CELL: Final = re.compile(r"[=+@-].*|0[0-9].*|[0-9]{11,}[0-9X]*|[0-9]+[-/][0-9]+", re.DOTALL)
_MAX_CELL_CHARS: Final = 32_767  # of a cell of a workbook
_TEXT_FORMAT: Final = "@"
_LOST_CHARACTER: Final = "\ufffd"


class FaultyRows:
    """Writes the rows of a file that come back, as they come; files are made with the first.

    Each sheet of a workbook has headings of its own: there is a sheet for each, and a CSV, the first without a number.
    """

    def __init__(self, folder: Path, file_name: str) -> None:
        self._folder, self._file_name = folder, file_name
        self._workbook: Workbook | None = None
        self._csv_file: IO[str] | None = None
        self._sheet_name: str | None = None
        self.row_count = 0

    @property
    def workbook_path(self) -> Path:
        return self._folder / f"{self._file_name}.faulty.xlsx"

    @property
    def csv_path(self) -> Path:
        """The CSV of the newest sheet."""
        sheet_count = len(self._workbook.worksheets) if self._workbook else 1
        number = f".{sheet_count}" if sheet_count > 1 else ""
        return self._folder / f"{self._file_name}.faulty{number}.csv"

    def add(self, headings: Sequence[str], judged_row: JudgedRow) -> None:
        """Add a row. Raises: OSError."""
        if self._sheet_name != judged_row.row.sheet:
            self._begin(judged_row.row.sheet, headings)
        assert self._workbook
        assert self._csv_file
        cells = [*_describe(judged_row), *judged_row.cells]
        self._workbook.worksheets[-1].append([_make_cell(self._workbook, cell) for cell in cells])
        csv.writer(self._csv_file).writerow([_protect(cell) for cell in cells])
        self.row_count += 1

    def _begin(self, sheet_name: str, headings: Sequence[str]) -> None:
        self._sheet_name = sheet_name
        self._workbook = self._workbook or Workbook(write_only=True)
        sheet = self._workbook.create_sheet(sheet_name or _TITLE)
        sheet.freeze_panes = "A2"
        sheet.append([_make_cell(self._workbook, heading) for heading in (*OWN_HEADINGS, *headings)])
        if self._csv_file:
            self._csv_file.close()
        self.csv_path.touch(mode=0o600)
        self._csv_file = self.csv_path.open("w", encoding="utf-8-sig", newline="")
        csv.writer(self._csv_file).writerow([*OWN_HEADINGS, *headings])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._csv_file:
            self._csv_file.close()
        if self._workbook and kind is None:
            self.workbook_path.touch(mode=0o600)
            self._workbook.save(self.workbook_path)


def _describe(judged_row: JudgedRow) -> list[str]:
    """Return what the own columns say of a row."""
    faults = [finding for finding in judged_row.findings if finding.consequence is Consequence.REJECT]
    return [
        judged_row.row.sheet,
        str(judged_row.row.line_number),
        "；".join(fault.column for fault in faults),
        "；".join(fault.value for fault in faults),
        "；".join(f"[{fault.sort}] {fault.message}" for fault in faults),
        "；".join(fault.suggestion for fault in faults if fault.suggestion),
    ]


def _make_cell(workbook: Workbook, text: str) -> WriteOnlyCell:
    """Return a cell that holds text, whatever it looks like; one that is cut comes back again, for a character is lost."""
    escaped_text = write_escapes(text)
    if len(escaped_text) > _MAX_CELL_CHARS:
        escaped_text = escaped_text[: _MAX_CELL_CHARS - 1] + _LOST_CHARACTER
    cell = WriteOnlyCell(workbook.worksheets[0], escaped_text)
    cell.data_type = "s"
    cell.number_format = _TEXT_FORMAT
    return cell


def _protect(text: str) -> str:
    """Return a cell of a CSV that a spreadsheet leaves as it is: a tab in front of it, which an import takes away."""
    return f"\t{text}" if _FRAGILE_CELL.fullmatch(text) else text
