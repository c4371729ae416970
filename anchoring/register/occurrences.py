"""Where the register's own entries were anchored, as verification asks.

They are found by root and compared with what the chain holds.
"""

from typing import Final

from sqlalchemy import Connection, RowMapping, bindparam, exists, select

from anchoring.register.batches import read_batch
from anchoring.register.tables import BATCH, MISSING, SUBMISSION
from anchoring.replica.reading import ReplicaView
from ledger.registry.trust import Occurrence, Occurrences

_BATCHES_OF_ROOT: Final = (
    select(SUBMISSION.c.first, SUBMISSION.c.entry, BATCH)
    .join(BATCH, SUBMISSION.c.batch == BATCH.c.sequence)
    .where(SUBMISSION.c.root == bindparam("root"))
)
_BATCH: Final = select(BATCH).where(BATCH.c.sequence == bindparam("sequence"))
_HAS_MISSING: Final = select(exists().where(MISSING.c.batch <= bindparam("sequence")))


def find_occurrences(
    connection: Connection, view: ReplicaView, log: str, root: bytes, sequence: int
) -> Occurrences:
    """Return where the register's log has the root, as far as the chain holds the same batches.

    A register takes a root once. It knows every entry up to anchor `sequence` where its own batch of that number is what
    was anchored: each batch begins where the one before ended.
    """
    rows = connection.execute(_BATCHES_OF_ROOT, {"root": root}).mappings().all()
    occurrences = tuple(
        Occurrence(row["sequence"], row["first"], row["entry"])
        for row in rows
        if _is_anchored(row, view, log)
    )
    batch_row = connection.execute(_BATCH, {"sequence": sequence}).mappings().first()
    has_missing = connection.execute(_HAS_MISSING, {"sequence": sequence}).scalar_one()
    return Occurrences(
        occurrences, batch_row is not None and not has_missing and _is_anchored(batch_row, view, log)
    )


def _is_anchored(row: RowMapping, view: ReplicaView, log: str) -> bool:
    """Tell whether the chain holds the batch of a row, and no other under its sequence."""
    anchor, batch_anchor = view.find_anchor(log, row["sequence"]), read_batch(row).anchor
    return anchor is not None and (anchor.root, anchor.size, anchor.status_root) == (
        batch_anchor.root,
        batch_anchor.size,
        batch_anchor.status_root,
    )
