"""The program that reads one workbook and writes its rows as JSON lines, within limits.

    python -m api.department.imports.files.workbook_rows FILE xlsx|xls [SHEET…]

It ends with a line that says so, or with one that says what is wrong: a reader that is killed writes neither.
"""

import json
import resource
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice, repeat
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from api.department.imports.files.hidden_parts import find_hidden_columns, find_hidden_rows
from api.department.imports.files.sources import (
    CACHED_CELL,
    DATE_CELL,
    FORMULA_CELL,
    MAX_COLUMNS,
    NUMBER_CELL,
    TEXT_CELL,
)
from api.department.imports.files.workbook_texts import read_escapes
from ledger.errors import MalformedInput

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

#: Memory of this program: a workbook of a million rows is read in a fraction of it.
MAX_MEMORY_BYTES: Final = 768 * 2**20
#: Seconds of processor time: a million rows of 15 columns take some 200.
MAX_SECONDS: Final = 600
_VISIBLE: Final = "visible"  # a sheet that its program shows
#: What the last line says.
END_STATE: Final = "end"
#: Rows of a sheet, as Excel has it.
_MAX_ROWS: Final = 1_048_576
_PIECE_BYTES: Final = 2**20
_EXACT_DIGITS: Final = 15  # of a number that a spreadsheet keeps
_ERROR_CELLS: Final = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")

Value: TypeAlias = "str | int | float | bool | date | datetime | time | timedelta | None"
Rows: TypeAlias = "Iterable[tuple[Sequence[Value], Sequence[Value] | None]]"


class Sheet(NamedTuple):
    """A sheet that is read: name, rows, whether a row is hidden, by its line number, and the indices of hidden columns.

    `counts_from_1904`: its program counts days from 1904, in the manner of old Macs, and not from 1900.
    """

    name: str
    rows: Rows
    is_hidden: Callable[[int], bool]
    hidden_columns: tuple[int, ...] = ()
    counts_from_1904: bool = False


def main(path: str, kind: str, sheet_names: Sequence[str]) -> None:
    """Write the rows of a workbook to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    warnings.simplefilter("ignore")  # of styles and checks that are not read
    try:
        for sheet in _open_xlsx(path, sheet_names) if kind == "xlsx" else _open_xls(path, sheet_names):
            _write(
                {
                    "sheet": sheet.name,
                    "hidden_columns": sheet.hidden_columns,
                    "counts_from_1904": sheet.counts_from_1904,
                }
            )
            for line, cells, kinds in _read_rows(sheet):
                _write({"line": line, "cells": cells, "kinds": kinds, "hidden": sheet.is_hidden(line)})
    except MalformedInput as error:
        _write({"fault": str(error)})
    except MemoryError:
        return  # what is missing at the end tells
    except Exception as error:  # noqa: BLE001 whatever a library meets in a stranger's file
        _write(
            {
                "fault": f"the workbook cannot be read ({type(error).__name__}): save it again as .xlsx, "
                "without a password"
            }
        )
    else:
        _write({"state": END_STATE})


def _write(answer: dict[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")


def _read_rows(sheet: Sheet) -> Iterator[tuple[int, list[str], str]]:
    """Yield line number, cells and their kinds of each row that is not empty. Raises: MalformedInput."""
    for line, (values, formulas) in enumerate(sheet.rows, 1):
        if line > _MAX_ROWS:
            raise MalformedInput(
                f"the sheet {sheet.name} has more than {_MAX_ROWS:,} rows, as no workbook has"
            )
        if any(value is not None for value in values) or formulas:
            yield line, *_write_cells(values, formulas)


def _load(path: str, *, data_only: bool) -> "Workbook":
    """Open a workbook: here and not by openpyxl, which judges a file by its name."""
    from openpyxl import load_workbook

    return load_workbook(open(path, "rb"), read_only=True, data_only=data_only, keep_links=False)


def _open_xlsx(path: str, sheet_names: Sequence[str]) -> Iterator[Sheet]:
    from openpyxl.utils.datetime import MAC_EPOCH

    has_formulas = _has_formulas(path)
    workbook = _load(path, data_only=True)
    formulas_workbook = _load(path, data_only=False) if has_formulas else None
    readable_sheets = {sheet.title: sheet for sheet in workbook.worksheets}
    for sheet in readable_sheets.values():
        sheet.reset_dimensions()  # some programs write a wrong one
    filled_names = [
        title for title, sheet in readable_sheets.items() if _has_content(sheet.iter_rows(values_only=True))
    ]
    for title in _choose(sheet_names, [*readable_sheets], filled_names):
        rows: Iterator[Sequence[Value]] = readable_sheets[title].iter_rows(values_only=True)
        formulas: Iterator[Sequence[Value] | None] = repeat(None)
        if formulas_workbook is not None:
            formulas_workbook[title].reset_dimensions()
            formulas = formulas_workbook[title].iter_rows(values_only=True)
        yield Sheet(
            title,
            zip(rows, formulas, strict=formulas_workbook is not None),
            _tell_hidden(path, readable_sheets[title]),
            find_hidden_columns(path, readable_sheets[title]._worksheet_path),
            workbook.epoch == MAC_EPOCH,
        )


def _open_xls(path: str, sheet_names: Sequence[str]) -> Iterator[Sheet]:
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    workbook = CalamineWorkbook.from_path(path)
    sheets = {name: workbook.get_sheet_by_name(name) for name in workbook.sheet_names}
    hidden_names = {
        sheet.name for sheet in workbook.sheets_metadata if sheet.visible != SheetVisibleEnum.Visible
    }
    filled_names = [name for name, sheet in sheets.items() if sheet.total_height]
    for name in _choose(sheet_names, [*sheets], filled_names):
        rows = sheets[name].to_python(skip_empty_area=False)
        yield Sheet(
            name,
            zip(([None if cell == "" else cell for cell in row] for row in rows), repeat(None)),
            (lambda _: True) if name in hidden_names else (lambda _: False),
        )


def _tell_hidden(path: str, sheet: "ReadOnlyWorksheet") -> Callable[[int], bool]:
    """Return what tells whether a row of a sheet is hidden, by its line number."""
    if sheet.sheet_state != _VISIBLE:
        return lambda _: True
    return find_hidden_rows(path, sheet._worksheet_path).__contains__  # openpyxl reads rows without it here


def _has_content(rows: Iterable[Sequence[Value]]) -> bool:
    return any(value is not None for row in islice(rows, _MAX_ROWS) for value in row)


def _choose(
    sheet_names: Sequence[str], present_names: Sequence[str], filled_names: Sequence[str]
) -> Sequence[str]:
    """Return the sheets that are read. Raises: MalformedInput."""
    listed_names = "、".join(present_names[:20])
    if missing_names := [name for name in sheet_names if name != "*" and name not in present_names]:
        raise MalformedInput(f"there is no sheet 工作表 “{missing_names[0][:80]}”, but {listed_names[:400]}")
    if sheet_names:
        return filled_names if "*" in sheet_names else sheet_names
    if len(filled_names) > 1:
        raise MalformedInput(
            f"the workbook has several sheets 工作表 with content, {listed_names[:400]}: name one with --sheet, "
            "or all with --sheet '*'"
        )
    if not filled_names:
        raise MalformedInput("the workbook is empty")
    return filled_names


def _has_formulas(path: str) -> bool:
    """Tell whether a cell of any sheet has a formula (ECMA-376 part 1, 18.3.1.40, element `f`)."""
    with zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                with archive.open(part) as file:
                    last_bytes = b""
                    while piece := file.read(_PIECE_BYTES):
                        if any(mark in last_bytes + piece for mark in (b"<f>", b"<f ", b":f>", b":f ")):
                            return True
                        last_bytes = piece[-4:]
    return False


def _write_cells(values: Sequence[Value], formulas: Sequence[Value] | None) -> tuple[list[str], str]:
    """Return the cells of a row as text, and their kinds; blank ones at the end are left away."""
    column_count = len(values)
    while (
        column_count
        and values[column_count - 1] is None
        and (formulas is None or formulas[column_count - 1] is None)
    ):
        column_count -= 1
    if column_count > MAX_COLUMNS:
        raise MalformedInput(
            f"a row has {column_count:,} columns 列, at most {MAX_COLUMNS:,} are read. Nothing was registered"
        )
    texts_and_kinds = [_write_cell(value) for value in values[:column_count]]
    if formulas is not None:
        for index, value in enumerate(formulas[:column_count]):
            formula = getattr(value, "text", value)  # of an array formula
            if isinstance(formula, str) and formula.startswith("=") and formula != values[index]:
                text = texts_and_kinds[index][0]
                texts_and_kinds[index] = (text, CACHED_CELL) if text else (formula, FORMULA_CELL)
    return [text for text, _ in texts_and_kinds], "".join(kind for _, kind in texts_and_kinds)


def _write_cell(value: Value) -> tuple[str, str]:
    if value is None:
        return "", TEXT_CELL
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), NUMBER_CELL
    if isinstance(value, int | float):
        return _write_number(value), NUMBER_CELL
    if isinstance(value, datetime):
        return (
            value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
        ), DATE_CELL
    if isinstance(value, date | time):
        return value.isoformat(), DATE_CELL
    return read_escapes(str(value)), TEXT_CELL


def _write_number(number: float) -> str:
    """Return a number as Excel would show it; one with more digits than it keeps, as a power of ten, which says so."""
    if number == int(number) and abs(number) < 10**_EXACT_DIGITS:
        return str(int(number))
    return f"{number:.{_EXACT_DIGITS}g}".upper()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
