"""The submissions of records: statements, anchors and grants by which a record is judged."""

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from sqlalchemy import select

from anchoring.audit.register.books import Books, select_numbered
from anchoring.audit.register.records import RecordOrigin, was_grant_effective
from anchoring.register.tables import SUBMISSION
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput
from ledger.records.submissions import decode_entry
from ledger.registry.trust import Grant

_FIRST_POSITIONS: Final = select(SUBMISSION.c.first).order_by(SUBMISSION.c.first)
_SUBMISSIONS: Final = select(SUBMISSION.c.first, SUBMISSION.c.entry, SUBMISSION.c.batch)
_KEPT_ANCHORS: Final = 4_096  # and grants, at hand while lineages are walked through


class Origins:
    """Finds the submissions of positions, and reads those that some records need."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._first_positions = [
            first_position for (first_position,) in books.connection.execute(_FIRST_POSITIONS)
        ]
        self._get_grants = lru_cache(_KEPT_ANCHORS)(self._read_grants)

    def find_first(self, position: int) -> int | None:
        """Return the first position of the submission that a position would belong to; None before all of them."""
        index = bisect_right(self._first_positions, position) - 1
        return self._first_positions[index] if index >= 0 else None

    def read(self, first_positions: Iterable[int]) -> dict[int, RecordOrigin | None]:
        """Return the origins that submissions give; None for an entry that cannot be read, which is told elsewhere."""
        rows = select_numbered(self._books, _SUBMISSIONS, SUBMISSION.c.first, first_positions)
        return {
            first_position: self._make_origin(entry_bytes, batch_sequence)
            for first_position, entry_bytes, batch_sequence in rows
        }

    def _make_origin(self, entry_bytes: bytes, batch_sequence: int | None) -> RecordOrigin | None:
        try:
            statement = decode_entry(decode(entry_bytes)).statement
        except MalformedInput:
            return None
        grants = (
            None
            if batch_sequence is None
            else self._get_grants(statement.key_id, statement.issuer, batch_sequence)
        )
        return RecordOrigin(statement.suite.number, statement.issuer, grants)

    def _read_grants(self, key_id: bytes, issuer: str, batch_sequence: int) -> tuple[Grant, ...] | None:
        """Return the grants of a key that counted when a batch was anchored; None where it is not anchored."""
        view = self._books.view
        anchor = view.find_anchor(self._books.log.name, batch_sequence)
        if anchor is None:
            return None
        return tuple(
            grant for grant in view.list_grants(key_id, issuer) if was_grant_effective(grant, anchor)
        )
