"""Refuse what could double records that a register restored from a backup lacks."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, select

from anchoring.errors import SubmissionRefused
from anchoring.intake.faults import FIRST_ROW, Faults
from anchoring.intake.rows import Row
from anchoring.register.missing import is_complete, list_missing
from anchoring.register.tables import LINEAGE
from ledger.records.records import Record
from ledger.registry.trust import Trust

_SHOWN: Final = 5  # roots named in a message
_LINEAGE: Final = select(LINEAGE.c.position).where(LINEAGE.c.name == bindparam("name"))


def check_new(
    connection: Connection, trust: Trust, log: str, issuer: str, others: Sequence[Row], *, issues: bool
) -> None:
    """Check that a new submission cannot double what is missing. In a register that is whole nothing is asked.

    1. Where not even the entries of a batch are known, it may be one of them.
    2. An identifier that its issuer begins may have been begun by a record that is missing.
    3. So may a lineage have gone on that one of the `others`, the records that do not begin one, goes on with.

    Raises: SubmissionRefused.
    """
    absent = list_missing(connection)
    unknown = [missed for missed in absent if missed.root is None]
    if unknown:  # 1
        end = unknown[-1].first + unknown[-1].count - 1
        raise SubmissionRefused(
            "entries-missing",
            "this register came from a backup, and which submissions stand at positions "
            f"{unknown[0].first:,} to {end:,} is not known here yet; this may be one of them. Send it again once the "
            "node's operator has run `shunzheng recover` with the address of a node that has them",
        )
    of_issuer = [missed for missed in absent if missed.issuer == issuer]
    if not of_issuer:
        return
    if issues:  # 2
        roots = ", ".join(missed.root.hex()[:16] for missed in of_issuer[:_SHOWN] if missed.root)
        raise SubmissionRefused(
            "records-missing",
            f"this register came from a backup and misses the records of {len(of_issuer)} submissions of {issuer}: "
            f"send those again first, exactly as they were ({roots}{', …' if of_issuer[_SHOWN:] else ''}); "
            "then send this one again",
        )
    faults = Faults()
    for row in others:
        if why := _waits(connection, trust, log, row.record):  # 3
            faults.add(row.index + FIRST_ROW, "records-missing", why)
    faults.refuse()


def _waits(connection: Connection, trust: Trust, log: str, record: Record) -> str | None:
    """Return why a record must wait: one before it in its lineage may be missing. None where it need not."""
    position = connection.execute(_LINEAGE, {"name": record.lineage}).scalar_one_or_none()
    if position is None:
        return f"{record.identifier} may be among the records that this register misses since it was restored"
    if not is_complete(connection, trust, log, position):
        return f"newer records of {record.identifier} are anchored, which this register misses since it was restored"
    return None
