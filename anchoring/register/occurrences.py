"""Where the register's own entries were anchored, as verification asks.

They are found by root and compared with what the chain holds.
"""

from typing import Final

from sqlalchemy import Connection, RowMapping, bindparam, exists, select

from anchoring.register.batches import batch_of
from anchoring.register.tables import BATCH, MISSING, SUBMISSION
from anchoring.replica.reading import ReplicaView
from ledger.registry.trust import Occurrence, Occurrences

_OF_ROOT: Final = (
    select(SUBMISSION.c.first, SUBMISSION.c.entry, BATCH)
    .join(BATCH, SUBMISSION.c.batch == BATCH.c.sequence)
    .where(SUBMISSION.c.root == bindparam("root"))
)
_BATCH: Final = select(BATCH).where(BATCH.c.sequence == bindparam("sequence"))
_LACKING: Final = select(exists().where(MISSING.c.batch <= bindparam("sequence")))


def find_occurrences(
    connection: Connection, reading: ReplicaView, log: str, root: bytes, sequence: int
) -> Occurrences:
    """Return where the register's log has the root, as far as the chain holds the same batches.

    A register takes a root once. It knows every entry up to anchor `sequence` where its own batch of that number is what
    was anchored: each batch begins where the one before ended.
    """
    rows = connection.execute(_OF_ROOT, {"root": root}).mappings().all()
    standing = tuple(
        Occurrence(row["sequence"], row["first"], row["entry"])
        for row in rows
        if _is_anchored(row, reading, log)
    )
    batch = connection.execute(_BATCH, {"sequence": sequence}).mappings().first()
    lacking = connection.execute(_LACKING, {"sequence": sequence}).scalar_one()
    return Occurrences(standing, batch is not None and not lacking and _is_anchored(batch, reading, log))


def _is_anchored(row: RowMapping, reading: ReplicaView, log: str) -> bool:
    """Tell whether the chain holds the batch of a row, and no other under its sequence."""
    anchor, frozen = reading.anchor(log, row["sequence"]), batch_of(row).anchor
    return anchor is not None and (anchor.root, anchor.size, anchor.status_root) == (
        frozen.root,
        frozen.size,
        frozen.status_root,
    )
