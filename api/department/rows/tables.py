"""A CSV as a spreadsheet saves it: its columns, and its rows by their numbers in the sheet.

A number is that of the sheet's row: a cell with a line break in it does not count twice, and blank rows count. Nothing is
guessed or mended here: a file that could be read in two ways is refused, with what to do.
"""

import csv
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Final

from anchoring.intake.faults import Faults
from api.department.rows.columns import ask_if_meant
from ledger.errors import MalformedInput

#: The column that every table has: it finds the row of the headings, too.
KEY_COLUMN: Final = "identifier"
_REMEDY: Final = "save it as “CSV UTF-8” 另存为“CSV UTF-8（逗号分隔）”"
#: What files begin with that are no text, whatever their name says.
_OTHER_KINDS: Final = {
    b"PK\x03\x04": "an Excel workbook (.xlsx)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"<": "a web page or XML",
}
#: A character of ASCII in two bytes, of which one is zero, without the mark that says so.
_UTF16_BEGINNING: Final = re.compile(rb"\x00[ -~]\x00|[ -~]\x00[ -~]\x00")
# Rows among which headings are looked for, for the advice: titles above them take one or two.
_TITLE_ROWS: Final = 10
_MAX_QUOTED: Final = 40  # characters of a heading that a message repeats
_OTHER_SEPARATORS: Final = ";\t|，；"


@dataclass(frozen=True, slots=True)
class Table:
    """A table's rows by number, cells by column; `blank_row_numbers` are the numbers of rows without any content."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    blank_row_numbers: tuple[int, ...]


def read_table(content: bytes) -> Table:
    """Read a CSV with one row of headings. Raises: MalformedInput, SubmissionRefused with the rows at fault."""
    try:
        sheet_rows = list(csv.reader(StringIO(_decode_text(content), newline=""), strict=True))
    except csv.Error as error:
        raise MalformedInput(f"the CSV cannot be read: {error}") from error
    columns = _read_columns(sheet_rows)
    faults, blank_row_numbers = Faults(), list[int]()
    rows: list[tuple[int, Mapping[str, str]]] = []
    for row_number, cells in enumerate(sheet_rows[1:], 2):
        if not any(cell.strip() for cell in cells):
            blank_row_numbers.append(row_number)
        elif len(cells) != len(columns):
            faults.add(
                row_number,
                "malformed-row",
                f"it has more or fewer cells than the headings, {len(cells)} and not {len(columns)}: put text with "
                "commas or line breaks between double quotes",
            )
        else:
            rows.append((row_number, dict(zip(columns, cells, strict=True))))
    faults.refuse()
    return Table(columns, tuple(rows), tuple(blank_row_numbers))


def check_kind(content: bytes) -> None:
    """Check that a file with rows is text in one of the encodings read here. Raises: MalformedInput for what it is else."""
    for first_bytes, kind_words in _OTHER_KINDS.items():
        if content.lstrip().startswith(first_bytes):
            raise MalformedInput(f"the file is {kind_words} and no CSV: {_REMEDY}")
    if _UTF16_BEGINNING.match(content):
        raise MalformedInput(f"the file is text in UTF-16 and no CSV: {_REMEDY}")


def _decode_text(content: bytes) -> str:
    check_kind(content)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        gbk_hint = " and this looks like GBK, in which Excel saves by default:" if _is_gbk(content) else ""
        raise MalformedInput(f"a CSV must be UTF-8,{gbk_hint or ' and this is not:'} {_REMEDY}") from error


def _is_gbk(content: bytes) -> bool:
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def _read_columns(sheet_rows: list[list[str]]) -> tuple[str, ...]:
    """Return the headings, each once. Raises: MalformedInput."""
    columns = tuple(sheet_rows[0]) if sheet_rows else ()
    if KEY_COLUMN not in columns:
        raise MalformedInput(
            f"the first line of a CSV names its columns, among them `{KEY_COLUMN}`{_explain_absence(sheet_rows)}"
        )
    faults = [
        f"column {column_number} has no name"
        for column_number, name in enumerate(columns, 1)
        if not name.strip()
    ]
    faults += [
        f"the column `{name}` stands {column_count} times"
        for name, column_count in Counter(columns).items()
        if column_count > 1 and name.strip()
    ]
    if faults:
        raise MalformedInput(
            f"{'; '.join(faults)}: name each column once, part merged cells, and delete columns that are empty"
        )
    return columns


def _explain_absence(sheet_rows: list[list[str]]) -> str:
    for row_number, cells in enumerate(sheet_rows[1:_TITLE_ROWS], 2):
        if KEY_COLUMN in cells:
            return f": here row {row_number} does, so delete the rows above it"
    headings = [heading for cells in sheet_rows[:_TITLE_ROWS] for heading in cells]
    for separator in _OTHER_SEPARATORS:
        if any(KEY_COLUMN in heading.split(separator) for heading in headings):
            return f": here cells are parted by “{separator}”, and have to be by commas"
    for heading in headings:
        if meant_name := ask_if_meant(heading, (KEY_COLUMN,)):
            return f": “{heading[:_MAX_QUOTED]}” is none{meant_name}"
    return ""
