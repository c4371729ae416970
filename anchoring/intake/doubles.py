"""Refuse new submissions that could double records which a restored register lacks."""

from typing import Final

from sqlalchemy import Connection

from anchoring.errors import SubmissionRefused
from anchoring.intake.faults import FIRST_ROW, Faults
from anchoring.intake.spool import Spool
from anchoring.register.lineages import find_lineages_named
from anchoring.register.missing import is_complete, list_missing
from ledger.records.records import Record
from ledger.registry.trust import Trust

_SHOWN_ROOTS: Final = 5  # roots named in a message


def check_new(connection: Connection, trust: Trust, log: str, issuer: str, spool: Spool) -> None:
    """Check that a new submission cannot double what is missing. In a register that is whole nothing is asked.

    1. Where not even the entries of a batch are known, it may be one of them.
    2. An identifier that its issuer begins may have been begun by a record that is missing.
    3. So may a lineage have gone on that a record which does not begin one goes on with.

    Raises: SubmissionRefused.
    """
    missing_ranges = list_missing(connection)
    unknown_ranges = [missing for missing in missing_ranges if missing.root is None]
    if unknown_ranges:  # 1
        last_position = unknown_ranges[-1].first_position + unknown_ranges[-1].record_count - 1
        raise SubmissionRefused(
            "entries-missing",
            "this register came from a backup, and which submissions stand at positions "
            f"{unknown_ranges[0].first_position:,} to {last_position:,} is not known here yet; this may be "
            "one of them. Send it again once the node's operator has run `shunzheng recover` with the address of a "
            "node that has them",
        )
    issuer_ranges = [missing for missing in missing_ranges if missing.issuer == issuer]
    if not issuer_ranges:
        return
    if not spool.is_urgent:  # 2
        roots_text = ", ".join(
            missing.root.hex()[:16] for missing in issuer_ranges[:_SHOWN_ROOTS] if missing.root
        )
        raise SubmissionRefused(
            "records-missing",
            f"this register came from a backup and misses the records of {len(issuer_ranges)} submissions of {issuer}: "
            f"send those again first, exactly as they were ({roots_text}{', …' if issuer_ranges[_SHOWN_ROOTS:] else ''}); "
            "then send this one again",
        )
    faults = Faults()
    for row in spool.following_rows:
        if reason := _explain_wait(connection, trust, log, row.record):  # 3
            faults.add(row.index + FIRST_ROW, "records-missing", reason)
    faults.refuse()


def _explain_wait(connection: Connection, trust: Trust, log: str, record: Record) -> str | None:
    """Return why a record must wait: one before it in its lineage may be missing. None where it need not."""
    stored_lineage = find_lineages_named(connection, [record.lineage]).get(record.lineage)
    if stored_lineage is None:
        return f"{record.identifier} may be among the records that this register misses since it was restored"
    if not is_complete(connection, trust, log, stored_lineage.current_position):
        return f"newer records of {record.identifier} are anchored, which this register misses since it was restored"
    return None
