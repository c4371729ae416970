"""The states of register and replica that an audit compares, and the walk over rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, Select

from anchoring.register.batches import OwnLog
from anchoring.register.missing import Missing
from anchoring.replica.reading import ReplicaView
from ledger.registry.trust import LogState

_PAGE_ROWS: Final = 2_000  # rows fetched at a time


@dataclass(frozen=True, slots=True)
class Books:
    """One consistent state of a register and one of a replica, of which the register's is never the older one.

    `log` is the register's log, `log_state` the same as the chain has it; `missing` is what is not back yet after a restore,
    by its first position. `operators` are all whom the log ever had; `chain_known` is False where the replica could not be
    read, so that nothing is said of the chain.
    """

    connection: Connection
    view: ReplicaView
    log: OwnLog
    log_state: LogState
    missing: Mapping[int, Missing]
    now: int
    operators: frozenset[str] = frozenset()
    chain_known: bool = True

    @property
    def unplaced_batches(self) -> frozenset[int]:
        """Sequences of the batches whose entries are not known."""
        return frozenset(missing.batch for missing in self.missing.values() if missing.root is None)

    @property
    def incomplete_batches(self) -> frozenset[int]:
        """Sequences of the batches of which some records are not here."""
        return frozenset(missing.batch for missing in self.missing.values())


def walk_rows(books: Books, query: Select[tuple[object, ...]]) -> Iterator[RowMapping]:
    """Walk through a query in pages, in bounded memory."""
    options = {"yield_per": _PAGE_ROWS}
    yield from books.connection.execute(query, execution_options=options).mappings()
