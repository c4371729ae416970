"""Audit of one record: bytes, leaf hash, submission, grant, and what it discloses.

Loaded by the processes that replay lineages, so it loads no library of databases.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.crypto.trees import hash_leaf
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput
from ledger.records.claims import decode_disclosure
from ledger.records.records import CERTIFICATE_KINDS, KINDS, Record, decode_record
from ledger.registry.trust import Anchor, Grant


@dataclass(frozen=True, slots=True)
class RecordFault:
    """A finding: its slug, its row, its words; a table only where that is not the slug's."""

    slug: str
    place: str
    text: str
    table: str = ""


@dataclass(frozen=True, slots=True)
class StatusDifference:
    """A position to which final records give another status than the chain: a finding, unless records are not back yet."""

    position: int
    place: str
    text: str


@dataclass(slots=True)
class RecordOutcome:
    """What some lineages turned out to be: how much was looked at, by sort, how many changes they make, faults in order."""

    checked_counts: Counter[str] = field(default_factory=Counter)
    change_count: int = 0
    faults: list[RecordFault | StatusDifference] = field(default_factory=list)

    def add(self, slug: str, place: str, text: str, *, table: str = "") -> None:
        self.faults.append(RecordFault(slug, place, text, table))


@dataclass(frozen=True, slots=True)
class RecordOrigin:
    """The submission of a record: number of its suite, issuer, the grants that counted; None where it is not anchored."""

    suite_number: int
    issuer: str
    grants: tuple[Grant, ...] | None

    def covers(self, record: Record) -> bool:
        """Tell whether a grant spoke of the record's kind and type; of what is not anchored nothing is said."""
        return self.grants is None or any(_grant_covers(grant, record) for grant in self.grants)


class AuditedRecord(NamedTuple):
    """A record as it is stored: position, leaf hash, bytes, what it discloses, the first position of its submission."""

    position: int
    leaf: bytes
    record_bytes: bytes
    disclosure_bytes: bytes | None
    submission_position: int | None


@dataclass(frozen=True, slots=True)
class Member:
    """A record of a lineage: its position and its leaf hash, as they are stored."""

    position: int
    leaf: bytes
    record: Record


def check_record(
    stored_record: AuditedRecord, origin: RecordOrigin | None, outcome: RecordOutcome
) -> Member | None:
    """Check a record; None where it cannot be read. Without an origin, which is told elsewhere, nothing is said of it."""
    place = f"position {stored_record.position}"
    outcome.checked_counts["records replayed"] += 1
    try:
        record = decode_record(decode(stored_record.record_bytes))
    except MalformedInput as error:
        outcome.add("record-altered", place, f"it cannot be read: {error}")
        return None
    record_bytes = stored_record.record_bytes
    if record.encode() != record_bytes or hash_leaf(record.suite, record_bytes) != stored_record.leaf:
        outcome.add("record-altered", place, "its bytes are not those of its leaf hash")
    if origin is not None:
        _check_origin(record, origin, place, outcome)
    if stored_record.disclosure_bytes is not None:
        _check_disclosure(record, stored_record.disclosure_bytes, place, outcome)
    return Member(stored_record.position, stored_record.leaf, record)


def _check_origin(record: Record, origin: RecordOrigin, place: str, outcome: RecordOutcome) -> None:
    if (record.suite.number, record.issuer) != (
        origin.suite_number,
        origin.issuer,
    ) or not record.names_issuer:
        text = f"it is by {record.issuer}, its statement by {origin.issuer}"
        outcome.add("issuer-mismatch", place, text)
    if not origin.covers(record):
        text = f"the key had no grant for {record.kind} records like {record.identifier} when it was anchored"
        outcome.add("not-granted", place, text)


def _check_disclosure(record: Record, disclosure_bytes: bytes, place: str, outcome: RecordOutcome) -> None:
    outcome.checked_counts["disclosures"] += 1
    try:
        is_claimed = decode_disclosure(decode(disclosure_bytes)).digest(record.suite) == record.claims
    except MalformedInput:
        is_claimed = False
    if not is_claimed:
        outcome.add("disclosure-altered", place, "what it discloses is not what it claims")


# The rule of `ledger.verification.entitlement` is written out once more here, and in `was_grant_effective`, on purpose: an
# audit that asked the rule by which the records were taken in would share its faults.
def _grant_covers(grant: Grant, record: Record) -> bool:
    if not grant.kinds & KINDS[record.kind]:
        return False
    return not grant.types or (record.kind in CERTIFICATE_KINDS and record.certificate.type in grant.types)


def was_grant_effective(grant: Grant, anchor: Anchor) -> bool:
    """Tell whether a grant was there and in time when an anchor was made."""
    return grant.event_number <= anchor.event_number and grant.not_before <= anchor.time <= grant.not_after
