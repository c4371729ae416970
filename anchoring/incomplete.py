"""What a register that came from a backup does not hold yet, though the chain counts it.

Positions, sizes and statuses go on as the chain has them, so heartbeats and new submissions do too. What must not happen
meanwhile is a second branch of a lineage: every record but the first names the newest one, and that one may be missing.
The chain helps: whatever follows a record changes the status of the current one, and the chain shows at which anchor.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from anchoring.errors import SubmissionRefused
from anchoring.register_tables import CHANGE, LINEAGE, MISSING
from anchoring.rows import FIRST_ROW, Faults, Row
from ledger.records.records import Record
from ledger.registry.trust import Trust

_SHOWN: Final = 5  # roots named in a message


@dataclass(frozen=True, slots=True)
class Missing:
    """`count` positions from `first` on, anchored in `batch`, whose records are not here.

    `root` and `issuer` are those of their submission, None where not even its entry is known.
    """

    first: int
    count: int
    batch: int
    root: bytes | None
    issuer: str | None


_MISSING: Final = select(MISSING).order_by(MISSING.c.first)
_OF_ROOT: Final = select(MISSING.c.first).where(MISSING.c.root == bindparam("root"))
_LINEAGE: Final = select(LINEAGE.c.position).where(LINEAGE.c.name == bindparam("name"))
_EXPLAINED: Final = (
    select(CHANGE.c.record)
    .where(
        CHANGE.c.position == bindparam("position"),
        CHANGE.c.record >= bindparam("first"),
        CHANGE.c.record < bindparam("end"),
    )
    .limit(1)
)


def missing(connection: Connection) -> list[Missing]:
    """Return what is missing, in the order of positions; nothing in a register that is whole."""
    rows = connection.execute(_MISSING).mappings()
    return [Missing(**{name: row[name] for name in Missing.__slots__}) for row in rows]


def is_missing(connection: Connection, root: bytes) -> bool:
    """Tell whether the records of the submission of this root are yet to come back."""
    return connection.execute(_OF_ROOT, {"root": root}).first() is not None


def note_missing(connection: Connection, rows: Iterable[Missing]) -> None:
    found = [{name: getattr(one, name) for name in Missing.__slots__} for one in rows]
    if found:
        connection.execute(insert(MISSING), found)


def note_back(connection: Connection, first: int) -> None:
    """Note that the records from position `first` on are back."""
    connection.execute(delete(MISSING).where(MISSING.c.first == first))


def check_new(
    connection: Connection, trust: Trust, log: str, issuer: str, others: Sequence[Row], *, issues: bool
) -> None:
    """Check that a new submission cannot double what is missing. In a register that is whole nothing is asked.

    1. Where not even the entries of a batch are known, it may be one of them.
    2. An identifier that its issuer begins may have been begun by a record that is missing.
    3. So may a lineage have gone on that one of the `others`, the records that do not begin one, goes on with.

    Raises: SubmissionRefused.
    """
    absent = missing(connection)
    unknown = [one for one in absent if one.root is None]
    if unknown:  # 1
        end = unknown[-1].first + unknown[-1].count - 1
        raise SubmissionRefused(
            "entries-missing",
            "this register came from a backup, and which submissions stand at positions "
            f"{unknown[0].first:,} to {end:,} is not known here yet; this may be one of them. Send it again once the "
            "node's operator has run `shunzheng recover` with the address of a node that has them",
        )
    own = [one for one in absent if one.issuer == issuer]
    if not own:
        return
    if issues:  # 2
        roots = ", ".join(one.root.hex()[:16] for one in own[:_SHOWN] if one.root)
        raise SubmissionRefused(
            "records-missing",
            f"this register came from a backup and misses the records of {len(own)} submissions of {issuer}: send those "
            f"again first, exactly as they were ({roots}{', …' if own[_SHOWN:] else ''}); then send this one again",
        )
    faults = Faults()
    for row in others:
        if why := _waits(connection, trust, log, row.record):  # 3
            faults.add(row.index + FIRST_ROW, "records-missing", why)
    faults.refuse()


def is_complete(connection: Connection, trust: Trust, log: str, position: int) -> bool:
    """Tell whether the newest change that the chain shows of the current record at `position` is explained here."""
    state = trust.log(log)
    newest = trust.status(log, position, state.sequence) if state else None
    if newest is None:
        return True
    anchor = trust.anchor(log, newest.sequence)
    if anchor is None:
        return False
    sought = {"position": position, "first": anchor.size_before, "end": anchor.size}
    return connection.execute(_EXPLAINED, sought).first() is not None


def _waits(connection: Connection, trust: Trust, log: str, record: Record) -> str | None:
    """Return why a record must wait: one before it in its lineage may be missing. None where it need not."""
    position = connection.execute(_LINEAGE, {"name": record.lineage}).scalar_one_or_none()
    if position is None:
        return f"{record.identifier} may be among the records that this register misses since it was restored"
    if not is_complete(connection, trust, log, position):
        return f"newer records of {record.identifier} are anchored, which this register misses since it was restored"
    return None
