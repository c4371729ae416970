"""Tables of a web page, which older systems give out under the name .xls."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from api.department.imports.files.sources import MAX_COLUMNS, MAX_LINE_CHARS, SourceRow, check_width
from ledger.errors import MalformedInput

_PIECE_CHARS: Final = 64 * 1024
_CELL_TAGS: Final = ("td", "th")
#: How a page hides a row or a column.
_HIDDEN_STYLE: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)
#: Elements whose text nobody sees.
_UNSEEN_TAGS: Final = ("style", "script", "head")


def read_web_tables(path: Path, encoding: str) -> Iterator[SourceRow]:
    """Yield the rows of all tables of a page, counted from its first. Raises: MalformedInput."""
    parser = _TableParser()
    with path.open(encoding=encoding, newline="") as file:
        while piece := file.read(_PIECE_CHARS):
            parser.feed(piece)
            if len(parser.rawdata) > MAX_LINE_CHARS:
                raise MalformedInput("a mark of the web page is not closed: save the table as .xlsx")
            yield from parser.take_rows()
    parser.close()
    yield from parser.take_rows()


class _TableParser(HTMLParser):
    """Gathers rows; cells that span several columns or rows leave blank ones in the places that they cover."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._rows: list[SourceRow] = []
        self._cells: list[str] = []
        self._cell_texts: list[str] = []
        self._is_row_open = self._is_cell_open = self._is_row_hidden = False
        self._is_column_hidden: list[bool] = []  # by a table's <col>
        self._table_depth = self._unseen_depth = 0
        self._covered_rows: dict[int, int] = {}  # rows that a cell above still covers, by column
        self._row_span = self._column_span = 1
        self._line_number = self._char_count = 0

    def take_rows(self) -> list[SourceRow]:
        """Return the rows that are complete, once."""
        rows, self._rows = self._rows, []
        return rows

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._table_depth += 1
            if self._table_depth > 1:
                raise MalformedInput("a table of the web page stands inside another: save it as .xlsx")
            self._is_column_hidden.clear()
        elif tag == "col" and len(self._is_column_hidden) < MAX_COLUMNS:
            attributes = dict(attrs)
            self._is_column_hidden += [_is_hidden(attributes)] * _read_span(attributes.get("span"))
        elif tag == "tr":
            self._end_row()
            self._is_row_open, self._is_row_hidden = True, _is_hidden(dict(attrs))
        elif tag in _CELL_TAGS:
            self._end_cell()
            self._is_row_open = self._is_cell_open = True
            attributes = dict(attrs)
            self._column_span, self._row_span = (
                _read_span(attributes.get("colspan")),
                _read_span(attributes.get("rowspan")),
            )
        elif tag == "br" and self._is_cell_open:
            self._cell_texts.append("\n")
        self._unseen_depth += tag in _UNSEEN_TAGS

    def handle_endtag(self, tag: str) -> None:
        if tag in _CELL_TAGS:
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table":
            self._end_row()
            self._table_depth = max(0, self._table_depth - 1)
            self._covered_rows.clear()
        self._unseen_depth = max(0, self._unseen_depth - (tag in _UNSEEN_TAGS))

    def handle_data(self, data: str) -> None:
        if self._is_cell_open and not self._unseen_depth:
            self._cell_texts.append(data)
            self._char_count += len(data)
            if self._char_count > MAX_LINE_CHARS:
                raise MalformedInput(
                    f"row {self._line_number + 1} has more than {MAX_LINE_CHARS:,} characters: is this a table?"
                )

    def _end_cell(self) -> None:
        if not self._is_cell_open:
            return
        self._is_cell_open = False
        self._skip_covered()
        text = " ".join("".join(self._cell_texts).split(" ")).strip("\r\n\t ")
        for column_offset in range(self._column_span):
            if self._row_span > 1:
                self._covered_rows[len(self._cells)] = self._row_span - 1
            self._cells.append(text if column_offset == 0 else "")
        check_width(self._cells, str(self._line_number + 1))
        self._cell_texts.clear()

    def _skip_covered(self) -> None:
        while self._covered_rows.get(len(self._cells), 0) > 0:
            self._covered_rows[len(self._cells)] -= 1
            self._cells.append("")

    def _end_row(self) -> None:
        self._end_cell()
        if not self._is_row_open:
            return
        self._skip_covered()
        self._line_number += 1
        hidden_columns = tuple(index for index, is_hidden in enumerate(self._is_column_hidden) if is_hidden)
        self._rows.append(
            SourceRow(
                "",
                self._line_number,
                tuple(self._cells),
                is_hidden=self._is_row_hidden,
                hidden_columns=hidden_columns,
            )
        )
        self._cells, self._char_count, self._is_row_open, self._is_row_hidden = [], 0, False, False


def _read_span(text: str | None) -> int:
    """Return over how many columns or rows a cell goes, at most as many as a table has columns."""
    return (
        min(int(text), MAX_COLUMNS + 1)
        if text and text.isascii() and text.isdecimal() and len(text) < 8 and int(text)
        else 1
    )


def _is_hidden(attributes: Mapping[str, str | None]) -> bool:
    return "hidden" in attributes or bool(_HIDDEN_STYLE.search(attributes.get("style") or ""))
