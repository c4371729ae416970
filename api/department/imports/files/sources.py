"""A table that a person hands in, read row by row whatever kind of file it is.

The content says what it is; the name does not. Rows are named by sheet and line as the person's own program shows them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from ledger.errors import MalformedInput

#: Columns of one row: the widest table of the departments has some 120, and a row is held in memory.
MAX_COLUMNS: Final = 1_000
#: Characters of one line of text, or of the cells of one row: a record takes at most 192 KiB.
MAX_LINE_CHARS: Final = 2**20

#: Kinds of cells, one letter each.
TEXT_CELL: Final = "t"
NUMBER_CELL: Final = "n"
DATE_CELL: Final = "d"
#: The value of a formula as the spreadsheet stored it.
CACHED_CELL: Final = "c"
#: A formula without a stored value, as its text.
FORMULA_CELL: Final = "f"


class SourceRow(NamedTuple):
    """A row as it was read: its sheet (empty where files have none), its line there, and its cells as text.

    `cell_kinds` has a letter for each cell where the file tells numbers and dates from text, else nothing. `fault` says
    why the cells of this row cannot be told apart, `is_hidden` that its file hides it. `hidden_columns` are the indices,
    from 0, of the columns that it hides; `counts_from_1904` says that its numbers count days from 1904 and not from 1900.
    """

    sheet: str
    line_number: int
    cells: tuple[str, ...]
    cell_kinds: str = ""
    fault: str = ""
    is_hidden: bool = False
    hidden_columns: tuple[int, ...] = ()
    counts_from_1904: bool = False

    @property
    def is_blank(self) -> bool:
        return not self.fault and not any(cell.strip() for cell in self.cells)

    @property
    def place(self) -> str:
        """Where a person finds the row."""
        return f"{self.sheet}!{self.line_number}" if self.sheet else str(self.line_number)

    def find_kind(self, index: int) -> str:
        """Return the kind of the cell at `index`, from 0."""
        return self.cell_kinds[index] if index < len(self.cell_kinds) else TEXT_CELL


@dataclass(frozen=True, slots=True)
class Source:
    """A table: what kind of file it is, in words, and its rows, to be read once or more often.

    `read_rows` raises MalformedInput where the file cannot be read on; `row_count` is about how many there are, 0 where
    that is not known.
    """

    name: str
    digest: str
    kind: str
    read_rows: Callable[[], Iterator[SourceRow]]
    row_count: int = 0


def check_width(cells: "tuple[str, ...] | list[str]", place: str) -> None:
    """Check that a row has no more columns than a table may have. Raises: MalformedInput."""
    if len(cells) > MAX_COLUMNS:
        raise MalformedInput(
            f"row {place} has {len(cells):,} columns 列, at most {MAX_COLUMNS:,} are read: export only "
            "the columns that the "
            "certificates state. Nothing was registered"
        )
