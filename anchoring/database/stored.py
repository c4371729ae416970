"""Reads what a row holds: what cannot be read is damage of this node, told with its place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Table

from anchoring.errors import RowDamaged
from ledger.errors import LedgerError

#: What stored values that no node wrote make of their reading.
_UNREADABLE: Final = (
    LedgerError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


@contextmanager
def reading_row(table: Table, row_name: str) -> Iterator[None]:
    """Read a row of a table whose metadata names its database. Raises: RowDamaged, without any value of the row."""
    try:
        yield
    except _UNREADABLE:
        raise RowDamaged(table.metadata.info["database"], table.name, row_name) from None
