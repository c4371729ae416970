"""Audit of the records: bytes, leaf hash, submission, grant, and what they disclose."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import RowMapping, bindparam, func, select

from anchoring.audit.findings import Findings
from anchoring.audit.register.books import Books
from anchoring.register.tables import RECORD, SUBMISSION
from ledger.crypto.trees import leaf_hash
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput
from ledger.records.claims import decode_disclosure
from ledger.records.records import CERTIFICATE_KINDS, KINDS, Record, decode_record
from ledger.records.submissions import Statement, decode_entry
from ledger.registry.trust import Anchor, Grant

_FIRST_POSITIONS: Final = select(SUBMISSION.c.first).order_by(SUBMISSION.c.first)
_SUBMISSION: Final = select(SUBMISSION.c.entry, SUBMISSION.c.batch).where(
    SUBMISSION.c.first == bindparam("first")
)
_KEPT_STATEMENTS: Final = 4_096  # submissions whose grants are kept at hand while lineages are walked through


@dataclass(frozen=True, slots=True)
class Member:
    """A record of a lineage: its position and its leaf hash, as they are stored."""

    position: int
    leaf: bytes
    record: Record


@dataclass(frozen=True, slots=True)
class _Origin:
    """The submission of a record: its statement, its anchor once final, the grants that counted then."""

    statement: Statement
    anchor: Anchor | None
    grants: tuple[Grant, ...]

    def covers(self, record: Record) -> bool:
        """Tell whether a grant spoke of the record's kind and type; of what is not anchored nothing is said."""
        return self.anchor is None or any(_grant_covers(grant, record) for grant in self.grants)


class RecordAudit:
    """Checks records in any order, and remembers the submissions of those that were checked lately."""

    def __init__(self, books: Books, findings: Findings) -> None:
        self._books, self._findings = books, findings
        self._first_positions = [first for (first,) in books.connection.execute(_FIRST_POSITIONS)]
        self._get_origin = lru_cache(_KEPT_STATEMENTS)(self._read_origin)
        self._record_count = books.connection.execute(select(func.count()).select_from(RECORD)).scalar_one()

    def check(self, row: RowMapping) -> Member | None:
        """Check a record, of its row and what it discloses; None where it cannot be read."""
        where = f"position {row['position']}"
        self._findings.look("records replayed", self._record_count)
        try:
            record = decode_record(decode(row["body"]))
        except MalformedInput as error:
            self._findings.add("record-altered", where, f"it cannot be read: {error}")
            return None
        if record.encode() != row["body"] or leaf_hash(record.suite, row["body"]) != row["leaf"]:
            self._findings.add("record-altered", where, "its bytes are not those of its leaf hash")
        self._check_origin(record, row["position"], where)
        if row["content"] is not None:
            self._check_disclosure(record, row["content"], where)
        return Member(row["position"], row["leaf"], record)

    def _check_origin(self, record: Record, position: int, where: str) -> None:
        index = bisect_right(self._first_positions, position) - 1
        origin = self._get_origin(self._first_positions[index]) if index >= 0 else None
        if origin is None:
            return  # said already: no submission, or an entry that cannot be read
        statement = origin.statement
        if (record.suite, record.issuer) != (statement.suite, statement.issuer) or not record.names_issuer:
            self._findings.add(
                "issuer-mismatch", where, f"it is by {record.issuer}, its statement by {statement.issuer}"
            )
        if not origin.covers(record):
            text = f"the key had no grant for {record.kind} records like {record.identifier} when it was anchored"
            self._findings.add("not-granted", where, text)

    def _read_origin(self, first: int) -> _Origin | None:
        row = self._books.connection.execute(_SUBMISSION, {"first": first}).one()
        try:
            statement = decode_entry(decode(row.entry)).statement
        except MalformedInput:
            return None
        view = self._books.view
        anchor = None if row.batch is None else view.anchor(self._books.log.name, row.batch)
        grants = view.grants(statement.key, statement.issuer) if anchor else ()
        return _Origin(
            statement, anchor, tuple(grant for grant in grants if anchor and _grant_counted(grant, anchor))
        )

    def _check_disclosure(self, record: Record, content: bytes, where: str) -> None:
        self._findings.look("disclosures")
        try:
            is_claimed = decode_disclosure(decode(content)).digest(record.suite) == record.claims
        except MalformedInput:
            is_claimed = False
        if not is_claimed:
            self._findings.add("disclosure-altered", where, "what it discloses is not what it claims")


# The rule of `ledger.verification.entitlement` is written out once more here, and in `_grant_counted`, on purpose: an audit
# that asked the rule by which the records were taken in would share its faults.
def _grant_covers(grant: Grant, record: Record) -> bool:
    if not grant.kinds & KINDS[record.kind]:
        return False
    return not grant.types or (record.kind in CERTIFICATE_KINDS and record.certificate.type in grant.types)


def _grant_counted(grant: Grant, anchor: Anchor) -> bool:
    return grant.n <= anchor.n and grant.not_before <= anchor.time <= grant.not_after
