"""Text with separated columns: CSV, and the like with tabs, bars or Chinese commas."""

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

from api.department.imports.files.sources import MAX_COLUMNS, MAX_LINE_CHARS, SourceRow, check_width
from ledger.errors import MalformedInput

#: What parts columns, with the name of such a file.
SEPARATORS: Final = {
    ",": "CSV",
    "\t": "TSV",
    "|": "text with bars |",
    "，": "text with Chinese commas ，",
    ";": "text with ;",
    "；": "text with Chinese semicolons ；",
}
# Rows by which the separator is told: titles above the headings take one or two of them.
_SAMPLE_ROWS: Final = 40
_UNCLOSED_MESSAGE: Final = "unexpected end of data"


def find_separator(path: Path, encoding: str) -> str:
    """Return what parts the columns of a text: by it most rows have the same number of columns. Raises: MalformedInput."""
    scores = {separator: _score(path, encoding, separator) for separator in SEPARATORS}
    separator = max(scores, key=lambda candidate: scores[candidate])
    if scores[separator] == (0, 0):
        separator_names = " ".join("tab" if separator == "\t" else separator for separator in SEPARATORS)
        raise MalformedInput(
            f"no row has several columns, whichever of these parts them: {separator_names}. Is this a table?"
        )
    return separator


def read_separated(path: Path, encoding: str, separator: str) -> Iterator[SourceRow]:
    """Yield the rows of a text; a row counts once, whatever line breaks are in its cells. Raises: MalformedInput."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(_read_lines(file), delimiter=separator, strict=True)
        row_number = 0
        while True:
            row_number += 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                if str(error) == _UNCLOSED_MESSAGE or "field larger" in str(error):
                    raise MalformedInput(
                        f'from row {row_number} on a quotation mark " is not closed 引号未闭合: the rows behind '
                        "it cannot be told "
                        "apart. Close it. Nothing was registered"
                    ) from error
                yield SourceRow(
                    "", row_number, (), fault=f"the quotation marks of this row do not fit: {error}"
                )
                continue
            if cells is None:
                return
            check_width(cells, str(row_number))
            yield SourceRow("", row_number, tuple(cells))


def _read_lines(file: TextIO) -> Iterator[str]:
    line_number = 0
    while line := file.readline(MAX_LINE_CHARS + 1):
        line_number += 1
        if len(line) > MAX_LINE_CHARS:
            column_count = max(line.count(separator) for separator in SEPARATORS)
            width_words = (
                f", with more than {column_count:,} columns, at most {MAX_COLUMNS:,} are read"
                if column_count > MAX_COLUMNS
                else ""
            )
            raise MalformedInput(
                f"line {line_number:,} has more than {MAX_LINE_CHARS:,} characters{width_words}: is this a table? "
                "Nothing was registered"
            )
        yield line


def _score(path: Path, encoding: str, separator: str) -> tuple[int, int]:
    """Return how many of the first rows have the same number of columns, more than one, and that number."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(_read_lines(file), delimiter=separator)
        widths = Counter[int]()
        try:
            for cells in islice(reader, _SAMPLE_ROWS):
                widths[len(cells)] += len(cells) > 1
        except csv.Error:
            pass  # it is told with its row when the rows are read
    return max(((count, width) for width, count in widths.items() if count), default=(0, 0))
