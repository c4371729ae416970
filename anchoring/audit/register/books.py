"""The states of register and replica that an audit compares, and the walk over rows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVarTuple

from sqlalchemy import Column, Connection, Row, RowMapping, Select

from anchoring.register.batches import OwnLog
from anchoring.register.missing import Missing
from anchoring.replica.reading import ReplicaView
from ledger.registry.trust import LogState

Values = TypeVarTuple("Values")

#: What to do about records that a register lacks since a restore.
BRING_BACK: Final = "bring them back with `shunzheng recover`"
_PAGE_ROWS: Final = 2_000  # rows fetched at a time
_PAGE_NUMBERS: Final = 500  # parameters of one query: every database takes so many


@dataclass(frozen=True, slots=True)
class Books:
    """One consistent state of a register and one of a replica, of which the register's is never the older one.

    `log` is the register's log, `log_state` the same as the chain has it; `missing_by_position` is what is not
    back yet after a restore, by its first position. `operators` are all whom the log ever had; `is_chain_known` is False
    where the replica could not be read, so that nothing is said of the chain.
    """

    connection: Connection
    view: ReplicaView
    log: OwnLog
    log_state: LogState
    missing_by_position: Mapping[int, Missing]
    now: int
    operators: frozenset[str] = frozenset()
    is_chain_known: bool = True

    @property
    def unplaced_batches(self) -> frozenset[int]:
        """Sequences of the batches whose entries are not known."""
        return frozenset(
            missing.batch_sequence for missing in self.missing_by_position.values() if missing.root is None
        )

    @property
    def incomplete_batches(self) -> frozenset[int]:
        """Sequences of the batches of which some records are not here."""
        return frozenset(missing.batch_sequence for missing in self.missing_by_position.values())


def walk_rows(books: Books, query: Select[tuple[object, ...]]) -> Iterator[RowMapping]:
    """Walk through a query in pages, in bounded memory."""
    options = {"yield_per": _PAGE_ROWS}
    yield from books.connection.execute(query, execution_options=options).mappings()


def fetch_rows(books: Books, query: Select[*Values]) -> Iterator[Row[*Values]]:
    """Walk through a query in pages as `walk_rows` does, its rows by place: for millions of them."""
    yield from books.connection.execute(query, execution_options={"yield_per": _PAGE_ROWS})


def select_numbered(
    books: Books, query: Select[*Values], column: Column[int], numbers: Iterable[int]
) -> Iterator[Row[*Values]]:
    """Return the rows of a query whose column has one of the numbers, in the order of that column."""
    remaining_numbers = iter(sorted(numbers))
    while page := list(islice(remaining_numbers, _PAGE_NUMBERS)):
        yield from books.connection.execute(query.where(column.in_(page)).order_by(column))
