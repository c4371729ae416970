"""The records that a restored register misses, though the chain counts them.

Positions, sizes and statuses go on as the chain has them, so heartbeats and new submissions do too. What must not happen
meanwhile is a second branch of a lineage: every record but the first names the newest one, and that one may be missing.
The chain helps: whatever follows a record changes the status of the current one, and the chain shows at which anchor.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select

from anchoring.register.tables import CHANGE, MISSING, Row
from ledger.registry.trust import Trust


@dataclass(frozen=True, slots=True)
class Missing:
    """`record_count` positions from `first_position` on, anchored in `batch_sequence`, whose records are not here.

    `root` and `issuer` are those of their submission, None where not even its entry is known.
    """

    first_position: int
    record_count: int
    batch_sequence: int
    root: bytes | None
    issuer: str | None


_MISSING: Final = select(MISSING).order_by(MISSING.c.first)
_MISSING_OF_ROOT: Final = select(MISSING.c.first).where(MISSING.c.root == bindparam("root"))
_EXPLAINING_RECORD: Final = (
    select(CHANGE.c.record)
    .where(
        CHANGE.c.position == bindparam("position"),
        CHANGE.c.record >= bindparam("first"),
        CHANGE.c.record < bindparam("end"),
    )
    .limit(1)
)


def list_missing(connection: Connection) -> list[Missing]:
    """Return what is missing, in the order of positions; nothing in a register that is whole."""
    rows = connection.execute(_MISSING).mappings()
    return [read_missing(row) for row in rows]


def is_missing(connection: Connection, root: bytes) -> bool:
    """Tell whether the records of the submission of this root are yet to come back."""
    return connection.execute(_MISSING_OF_ROOT, {"root": root}).first() is not None


def note_missing(connection: Connection, missing_ranges: Iterable[Missing]) -> None:
    if rows := [make_missing_row(missing) for missing in missing_ranges]:
        connection.execute(insert(MISSING), rows)


def note_back(connection: Connection, first_position: int) -> None:
    """Note that the records from position `first_position` on are back."""
    connection.execute(delete(MISSING).where(MISSING.c.first == first_position))


def is_complete(connection: Connection, trust: Trust, log: str, position: int) -> bool:
    """Tell whether the newest change that the chain shows of the current record at `position` is explained here."""
    log_state = trust.find_log(log)
    newest_status = trust.find_status(log, position, log_state.sequence) if log_state else None
    if newest_status is None:
        return True
    anchor = trust.find_anchor(log, newest_status.sequence)
    if anchor is None:
        return False
    parameters = {"position": position, "first": anchor.size_before, "end": anchor.size}
    return connection.execute(_EXPLAINING_RECORD, parameters).first() is not None


def read_missing(row: RowMapping) -> Missing:
    return Missing(row["first"], row["count"], row["batch"], row["root"], row["issuer"])


def make_missing_row(missing: Missing) -> Row:
    return {
        "first": missing.first_position,
        "count": missing.record_count,
        "batch": missing.batch_sequence,
        "root": missing.root,
        "issuer": missing.issuer,
    }
