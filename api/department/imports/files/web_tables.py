"""Tables of a web page, which older systems give out under the name .xls."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from api.department.imports.files.sources import MAX_COLUMNS, MAX_LINE_CHARS, SourceRow, check_width
from ledger.errors import MalformedInput

_PIECE_CHARS: Final = 64 * 1024
_CELLS: Final = ("td", "th")
#: Elements whose text nobody sees.
_UNSEEN: Final = ("style", "script", "head")


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
        self._texts: list[str] = []
        self._open_rows = self._open_cells = self._open_tables = self._unseen = 0
        self._spans: dict[int, int] = {}  # rows that a cell above still covers, by column
        self._down = self._right = 1
        self._line = self._chars = 0

    def take_rows(self) -> list[SourceRow]:
        """Return the rows that are complete, once."""
        rows, self._rows = self._rows, []
        return rows

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._open_tables += 1
            if self._open_tables > 1:
                raise MalformedInput("a table of the web page stands inside another: save it as .xlsx")
        elif tag == "tr":
            self._end_row()
            self._open_rows = 1
        elif tag in _CELLS:
            self._end_cell()
            self._open_rows = self._open_cells = 1
            spans = dict(attrs)
            self._right, self._down = _read_span(spans.get("colspan")), _read_span(spans.get("rowspan"))
        elif tag == "br" and self._open_cells:
            self._texts.append("\n")
        self._unseen += tag in _UNSEEN

    def handle_endtag(self, tag: str) -> None:
        if tag in _CELLS:
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table":
            self._end_row()
            self._open_tables = max(0, self._open_tables - 1)
            self._spans.clear()
        self._unseen = max(0, self._unseen - (tag in _UNSEEN))

    def handle_data(self, data: str) -> None:
        if self._open_cells and not self._unseen:
            self._texts.append(data)
            self._chars += len(data)
            if self._chars > MAX_LINE_CHARS:
                raise MalformedInput(
                    f"row {self._line + 1} has more than {MAX_LINE_CHARS:,} characters: is this a table?"
                )

    def _end_cell(self) -> None:
        if not self._open_cells:
            return
        self._open_cells = 0
        self._skip_covered()
        text = " ".join("".join(self._texts).split(" ")).strip("\r\n\t ")
        for number in range(self._right):
            if self._down > 1:
                self._spans[len(self._cells)] = self._down - 1
            self._cells.append(text if number == 0 else "")
        check_width(self._cells, str(self._line + 1))
        self._texts.clear()

    def _skip_covered(self) -> None:
        while self._spans.get(len(self._cells), 0) > 0:
            self._spans[len(self._cells)] -= 1
            self._cells.append("")

    def _end_row(self) -> None:
        self._end_cell()
        if not self._open_rows:
            return
        self._skip_covered()
        self._line += 1
        self._rows.append(SourceRow("", self._line, tuple(self._cells)))
        self._cells, self._chars, self._open_rows = [], 0, 0


def _read_span(text: str | None) -> int:
    """Return over how many columns or rows a cell goes, at most as many as a table has columns."""
    return (
        min(int(text), MAX_COLUMNS + 1)
        if text and text.isascii() and text.isdecimal() and len(text) < 8 and int(text)
        else 1
    )
