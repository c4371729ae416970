"""Audit of what a register says it lacks since a restore: records that are not back yet."""

from typing import Final

from sqlalchemy import bindparam, func, select

from anchoring.audit.findings import Findings
from anchoring.audit.places import REGISTER
from anchoring.audit.register.books import Books
from anchoring.register.missing import Missing
from anchoring.register.tables import BATCH, MISSING, RECORD, SUBMISSION, TRANSACTION

_RECORDS_BETWEEN: Final = (
    select(func.count())
    .select_from(RECORD)
    .where(RECORD.c.position >= bindparam("first"), RECORD.c.position < bindparam("end"))
)
_SUBMISSION: Final = select(SUBMISSION).where(SUBMISSION.c.first == bindparam("first"))
_FROZEN: Final = select(BATCH.c.frozen).where(BATCH.c.sequence == bindparam("sequence"))
_TRANSACTION_COUNT: Final = (
    select(func.count()).select_from(TRANSACTION).where(TRANSACTION.c.sequence == bindparam("sequence"))
)


def audit_missing(books: Books, findings: Findings) -> None:
    """Ask of everything that is said to be missing why it may be: only what came back from the chain can lack records.

    A batch that this register froze itself, or whose records stand here, was not lost with a restore.
    """
    for missing in books.missing_by_position.values():
        findings.look("missing ranges")
        with findings.guard(REGISTER, MISSING.name, f"position {missing.first_position}"):
            for reason in _find_contradictions(books, missing):
                findings.add("missing-contradicted", f"position {missing.first_position}", reason)


def _find_contradictions(books: Books, missing: Missing) -> list[str]:
    connection, end_position = books.connection, missing.first_position + missing.record_count
    anchor = books.view.find_anchor(books.log.name, missing.batch_sequence)
    reasons = []
    if books.is_chain_known and (
        anchor is None or not anchor.size_before <= missing.first_position < end_position <= anchor.size
    ):
        reasons.append(f"the chain's anchor {missing.batch_sequence} has no such positions")
    frozen_at = connection.execute(_FROZEN, {"sequence": missing.batch_sequence}).scalar_one_or_none()
    transaction_count = connection.execute(
        _TRANSACTION_COUNT, {"sequence": missing.batch_sequence}
    ).scalar_one()
    if transaction_count or (anchor and frozen_at is not None and frozen_at != anchor.time):
        reasons.append(
            f"this register froze batch {missing.batch_sequence} itself, and had its records then: they were deleted here"
        )
    if connection.execute(
        _RECORDS_BETWEEN, {"first": missing.first_position, "end": end_position}
    ).scalar_one():
        reasons.append("records stand where they are said to be missing")
    if missing.root is not None:
        reasons += _compare_submission(books, missing)
    return reasons


def _compare_submission(books: Books, missing: Missing) -> list[str]:
    row = books.connection.execute(_SUBMISSION, {"first": missing.first_position}).mappings().first()
    if row is None:
        return ["no submission stands there"]
    stored_members = (row["root"], row["count"], row["batch"], row["issuer"])
    if stored_members != (missing.root, missing.record_count, missing.batch_sequence, missing.issuer):
        return ["the submission there is another than it says"]
    return []
