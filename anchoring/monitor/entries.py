"""The entries that a node holds: of its own log from the register, of others from copies."""

from typing import Final

from sqlalchemy import Connection, bindparam, select

from anchoring.monitor.copies import Published
from anchoring.register.tables import SUBMISSION
from ledger.encoding.canonical import decode
from ledger.records.submissions import Entry, decode_entry

_AT: Final = (
    select(SUBMISSION.c.first, SUBMISSION.c.count, SUBMISSION.c.entry)
    .where(SUBMISSION.c.first <= bindparam("position"))
    .order_by(SUBMISSION.c.first.desc())
    .limit(1)
)


class HeldEntries:
    """A `ledger.verification.receipts.Entries`: those of the own log from the register, of the others from the copies."""

    def __init__(self, log: str, connection: Connection | None, published: Published | None) -> None:
        self._log, self._connection, self._published = log, connection, published

    def entry_at(self, log: str, position: int) -> tuple[int, Entry] | None:
        """Return the entry whose records include `position`, with its own first position; None where it is not held."""
        if log != self._log or self._connection is None:
            return self._published.entry_at(log, position) if self._published else None
        row = self._connection.execute(_AT, {"position": position}).first()
        if row is None or position >= row.first + row.count:
            return None
        return row.first, decode_entry(decode(row.entry))
