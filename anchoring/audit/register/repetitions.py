"""Which entries of the register an anchor repeats that the chain alone has."""

from functools import cached_property
from typing import Final

from sqlalchemy import select

from anchoring.audit.register.books import Books, walk_rows
from anchoring.register.tables import SUBMISSION
from ledger.crypto.trees import EMPTY_ROOT, CountedTree
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput
from ledger.records.submissions import decode_entry
from ledger.registry.trust import Anchor

_ANCHORED_ENTRIES: Final = select(SUBMISSION.c.first, SUBMISSION.c.batch, SUBMISSION.c.entry).where(
    SUBMISSION.c.batch.is_not(None)
)


class Repetitions:
    """Compares roots with those of the register's batches, as they are checked, and with those of single entries.

    What repeats several entries in another order than before is not recognised.
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        self._sequences_by_root: dict[bytes, int] = {}

    def find_batch(self, root: bytes) -> int | None:
        """Return the sequence of a batch with that root that was checked before."""
        return self._sequences_by_root.get(root) if root != EMPTY_ROOT else None

    def remember(self, root: bytes, sequence: int) -> None:
        self._sequences_by_root[root] = sequence

    def describe(self, anchor: Anchor) -> str | None:
        """Say what was anchored before and is again by this anchor; None where that cannot be told."""
        if anchor.void_reason or anchor.root == EMPTY_ROOT:
            return None
        batch_sequence = self.find_batch(anchor.root)
        if batch_sequence is not None and batch_sequence < anchor.sequence:
            return f"the entries of batch {batch_sequence}"
        first_position, batch_sequence = self._place_by_root.get(anchor.root, (0, anchor.sequence))
        return (
            f"the entry at position {first_position} of batch {batch_sequence}"
            if batch_sequence < anchor.sequence
            else None
        )

    @cached_property
    def _place_by_root(self) -> dict[bytes, tuple[int, int]]:
        """Position and batch of each entry by the root of a batch of it alone; made only where an anchor asks for it."""
        place_by_root = {}
        for row in walk_rows(self._books, _ANCHORED_ENTRIES):
            try:
                leaf = decode_entry(decode(row["entry"])).hash_leaf()
            except MalformedInput:  # the walk through the submissions names it
                continue
            place_by_root[CountedTree.compute_root(self._books.log.suite, [leaf])] = (
                row["first"],
                row["batch"],
            )
        return place_by_root
