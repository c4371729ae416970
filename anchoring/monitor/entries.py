"""The entries that a node holds: of its own log from the register, of others from copies."""

from sqlalchemy import Connection

from anchoring.errors import DatabaseUnavailable
from anchoring.monitor.copies import EntryCopies
from anchoring.register.occurrences import find_occurrences
from anchoring.register.store import Register
from anchoring.register.submissions import find_entry_at
from anchoring.replica.reading import ReplicaView
from ledger.records.submissions import Entry
from ledger.registry.trust import Occurrences


class EntriesByRegister:
    """An `EntrySource`: of the own log the register, of the others the copies."""

    def __init__(self, log: str, register: Register | None, copies: EntryCopies) -> None:
        self._log, self._register, self._copies = log, register, copies

    def find_occurrences(self, view: ReplicaView, log: str, root: bytes, sequence: int) -> Occurrences | None:
        """Return where the entries of a root stand; None where none are known, or a register does not answer."""
        if self._register is None or log != self._log:
            return self._copies.find_occurrences(view, log, root, sequence)
        try:
            with self._register.reading() as connection:
                return find_occurrences(connection, view, log, root, sequence)
        except DatabaseUnavailable:
            return None  # verification waits for no register


class EntriesByConnection:
    """The same by an open connection, and a `ledger.verification.receipts.EntrySource`."""

    def __init__(self, log: str, connection: Connection | None, copies: EntryCopies | None) -> None:
        self._log, self._connection, self._copies = log, connection, copies

    def find_occurrences(self, view: ReplicaView, log: str, root: bytes, sequence: int) -> Occurrences | None:
        """Return where the entries of a root stand; None where none are known."""
        if log == self._log and self._connection is not None:
            return find_occurrences(self._connection, view, log, root, sequence)
        return self._copies.find_occurrences(view, log, root, sequence) if self._copies else None

    def find_entry(self, log: str, position: int) -> tuple[int, Entry] | None:
        """Return the entry whose records include `position`, with its own first position; None where it is not held."""
        if log != self._log or self._connection is None:
            return self._copies.find_entry(log, position) if self._copies else None
        return find_entry_at(self._connection, position)
