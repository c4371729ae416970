"""The part of an audit that replays every lineage: records, disclosures, the state machine, the statuses on the chain."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

from sqlalchemy import RowMapping, Select, bindparam, func, select

from anchoring.audit.batches import Books
from anchoring.audit.findings import Findings
from anchoring.audit.submissions import walk_rows
from anchoring.register.lineages import StoredLineage, lineage_row
from anchoring.register.missing import is_complete
from anchoring.register.tables import CHANGE, DISCLOSURE, LINEAGE, RECORD, SUBMISSION, Row
from ledger.crypto.trees import leaf_hash
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput, TransitionRefused
from ledger.records.claims import decode_disclosure
from ledger.records.lifecycle import Lineage, follow
from ledger.records.records import CERTIFICATE_KINDS, KINDS, Record, decode_record
from ledger.records.submissions import Statement, decode_entry
from ledger.registry.status import Status, StatusTree
from ledger.registry.trust import Anchor, Grant

_RECORDS: Final = (
    select(RECORD, DISCLOSURE.c.content)
    .select_from(RECORD.outerjoin(DISCLOSURE, RECORD.c.position == DISCLOSURE.c.position))
    .order_by(RECORD.c.lineage, RECORD.c.position)
)
_LINEAGES: Final = select(LINEAGE).order_by(LINEAGE.c.first)
_CHANGES: Final = select(CHANGE.c.position, CHANGE.c.status).where(CHANGE.c.record == bindparam("record"))
_FIRSTS: Final = select(SUBMISSION.c.first).order_by(SUBMISSION.c.first)
_SUBMISSION: Final = select(SUBMISSION.c.entry, SUBMISSION.c.batch).where(
    SUBMISSION.c.first == bindparam("first")
)
_STRAY_DISCLOSURES: Final = select(DISCLOSURE.c.position).where(
    DISCLOSURE.c.position.not_in(select(RECORD.c.position))
)
_STRAY_CHANGES: Final = select(CHANGE.c.record).where(CHANGE.c.record.not_in(select(RECORD.c.position)))
_KEPT_STATEMENTS: Final = 4_096  # submissions whose grants are kept at hand while lineages are walked through


def audit_lineages(books: Books, trees: Mapping[str, StatusTree], found: Findings) -> None:
    """Replay every lineage and compare it with its stored row and with the status tree that the chain's events make."""
    replay = _Replay(books, trees.get(books.own.name), found)
    rows = iter(walk_rows(books, _LINEAGES))
    stored = next(rows, None)
    for first, members in groupby(walk_rows(books, _RECORDS), key=lambda row: row["lineage"]):
        while stored is not None and stored["first"] < first:
            found.add("lineage-stray", f"lineage {stored['name']}", "no record belongs to it")
            stored = next(rows, None)
        mine = stored if stored is not None and stored["first"] == first else None
        replay.take(first, mine, members)
        if mine is not None:
            stored = next(rows, None)
    while stored is not None:
        found.add("lineage-stray", f"lineage {stored['name']}", "no record belongs to it")
        stored = next(rows, None)
    replay.close()
    for position in _positions(books, _STRAY_DISCLOSURES):
        found.add(
            "disclosure-stray", f"position {position}", "something is disclosed where there is no record"
        )
    for position in _positions(books, _STRAY_CHANGES):
        found.add(
            "change-stray", f"position {position}", "a change of status names a record that is not there"
        )


def _positions(books: Books, wanted: Select[Any]) -> Iterator[int]:
    return (position for (position,) in books.connection.execute(wanted))


@dataclass(frozen=True, slots=True)
class _Member:
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
        return self.anchor is None or any(_covers(grant, record) for grant in self.grants)


# The rule of `ledger.verification.entitlement` is written out once more here, and in `_counted`, on purpose: an audit
# that asked the rule by which the records were taken in would share its faults.
def _covers(grant: Grant, record: Record) -> bool:
    if not grant.kinds & KINDS[record.kind]:
        return False
    return not grant.types or (record.kind in CERTIFICATE_KINDS and record.certificate.type in grant.types)


class _Replay:
    """Replays lineages one by one."""

    def __init__(self, books: Books, tree: StatusTree | None, found: Findings) -> None:
        self._books, self._tree, self._found = books, tree, found
        self._firsts = [first for (first,) in books.connection.execute(_FIRSTS)]
        self._origin = lru_cache(_KEPT_STATEMENTS)(self._read_origin)
        self._contradictory = {
            change.position for change in books.reading.statuses(books.own.name) if change.contradictory
        }
        self._changes = 0
        self._total = books.connection.execute(select(func.count()).select_from(RECORD)).scalar_one()

    def take(self, first: int, stored: RowMapping | None, rows: Iterator[RowMapping]) -> None:
        """Check one lineage:

        1. every record by itself; 2. the records follow from one another and make the changes that are stored; 3. the stored
        row says where they lead; 4. the chain gives every record the status that they give it.
        """
        # 1
        read = [self._member(row) for row in rows]
        members = [member for member in read if member]
        self._found.look("lineages")
        if len(members) < len(read):
            return  # said already; without it nothing follows
        where = f"lineage {members[0].record.lineage}"
        # 2
        led = self._follow(members, where)
        if led is None:
            return
        # 3
        if stored is None or led.first != first or dict(stored) != led.row(members[0].record.lineage):
            self._found.add("lineage-altered", where, "its stored row does not follow from its records")
        # 4
        for position, status in led.statuses.items():
            self._compare(position, status, where)

    def close(self) -> None:
        """Check that no change is stored but those that were found to follow."""
        stored = self._books.connection.execute(select(func.count()).select_from(CHANGE)).scalar_one()
        if stored > self._changes:
            text = f"{stored} changes of status are stored, the records make {self._changes}"
            self._found.add("change-stray", f"log {self._books.own.name}", text)

    def _member(self, row: RowMapping) -> _Member | None:
        """Check a record by itself: its bytes, its leaf hash, its submission, its grant, what it discloses."""
        where = f"position {row['position']}"
        self._found.look("records replayed", self._total)
        try:
            record = decode_record(decode(row["body"]))
        except MalformedInput as error:
            self._found.add("record-altered", where, f"it cannot be read: {error}")
            return None
        if record.encode() != row["body"] or leaf_hash(record.suite, row["body"]) != row["leaf"]:
            self._found.add("record-altered", where, "its bytes are not those of its leaf hash")
        self._check_origin(record, row["position"], where)
        if row["content"] is not None:
            self._check_disclosure(record, row["content"], where)
        return _Member(row["position"], row["leaf"], record)

    def _check_origin(self, record: Record, position: int, where: str) -> None:
        place = bisect_right(self._firsts, position) - 1
        origin = self._origin(self._firsts[place]) if place >= 0 else None
        if origin is None:
            return  # said already: no submission, or an entry that cannot be read
        statement = origin.statement
        if (record.suite, record.issuer) != (statement.suite, statement.issuer) or not record.names_issuer:
            self._found.add(
                "issuer-mismatch", where, f"it is by {record.issuer}, its statement by {statement.issuer}"
            )
        if not origin.covers(record):
            text = f"the key had no grant for {record.kind} records like {record.identifier} when it was anchored"
            self._found.add("not-granted", where, text)

    def _read_origin(self, first: int) -> _Origin | None:
        row = self._books.connection.execute(_SUBMISSION, {"first": first}).one()
        try:
            statement = decode_entry(decode(row.entry)).statement
        except MalformedInput:
            return None
        reading = self._books.reading
        anchor = None if row.batch is None else reading.anchor(self._books.own.name, row.batch)
        grants = reading.grants(statement.key, statement.issuer) if anchor else ()
        return _Origin(statement, anchor, tuple(one for one in grants if anchor and _counted(one, anchor)))

    def _check_disclosure(self, record: Record, content: bytes, where: str) -> None:
        self._found.look("disclosures")
        try:
            good = decode_disclosure(decode(content)).digest(record.suite) == record.claims
        except MalformedInput:
            good = False
        if not good:
            self._found.add("disclosure-altered", where, "what it discloses is not what it claims")

    def _follow(self, members: Sequence[_Member], where: str) -> "_Led | None":
        """Replay the records in the order of `previous`; None where that does not take them all."""
        following = {member.record.previous: member for member in members}
        led: _Led | None = None
        while member := following.pop(led.lineage.tip if led else None, None):
            try:
                after, change = follow(led.lineage if led else None, member.record, member.leaf)
            except TransitionRefused as error:
                self._found.add("transition-refused", f"position {member.position}", str(error))
                return None
            if led is None:
                led = _Led.begin(after, member.position)
                continue
            assert change is not None  # only the first record changes nothing
            self._check_change(member, led.position, change.status)
            led = led.after(after, member, change.status, final=member.position < self._books.state.size)
        reached = len(led.taken) if led else 0
        if led is None or reached < len(members):
            text = f"{len(members) - reached} of its records do not follow from its first"
            self._found.add("lineage-broken", where, text)
            return None
        return led

    def _check_change(self, member: _Member, position: int, status: Status) -> None:
        """Compare the stored change of a record with the one that it makes."""
        self._changes += 1
        rows = self._books.connection.execute(_CHANGES, {"record": member.position})
        if [tuple(row) for row in rows] != [(position, int(status))]:
            text = (
                f"the stored change of status is not that it makes position {position} {status.name.lower()}"
            )
            self._found.add("change-altered", f"position {member.position}", text)

    def _compare(self, position: int, status: Status, where: str) -> None:
        """Compare the status that final records give a position with the one that the chain has for it."""
        books = self._books
        if position >= books.state.size:
            return
        self._found.look("statuses")
        if position in self._contradictory:
            text = f"{where}: its statuses on the chain contradict each other"
            self._found.add("status-contradictory", f"position {position}", text)
            return
        chain = self._on_chain(position)
        if chain == status:
            return
        if books.missing and not is_complete(books.connection, books.reading, books.own.name, position):
            self._found.remark("records-missing", where, "its newest records are not back yet")
            return
        text = f"{where}: the chain says {chain.name.lower()}, the records say {status.name.lower()}"
        self._found.add("status-differs", f"position {position}", text)

    def _on_chain(self, position: int) -> Status:
        if self._tree is not None:
            return Status(self._tree.get(position))
        state = self._books.state
        known = self._books.reading.status(state.name, position, state.sequence)
        return known.status if known else Status.VALID


@dataclass(frozen=True, slots=True)
class _Led:
    """Where the records of a lineage lead: its first and its current position, and the status of each by final records."""

    lineage: Lineage
    first: int
    position: int
    statuses: dict[int, Status]
    taken: tuple[int, ...]

    @classmethod
    def begin(cls, lineage: Lineage, position: int) -> "_Led":
        return cls(lineage, position, position, {position: Status.VALID}, (position,))

    def after(self, lineage: Lineage, member: _Member, status: Status, *, final: bool) -> "_Led":
        statuses = self.statuses | ({self.position: status} if final else {})
        current = lineage.current == member.leaf
        position = member.position if current else self.position
        statuses.setdefault(position, Status.VALID)
        return _Led(lineage, self.first, position, statuses, (*self.taken, member.position))

    def row(self, name: str) -> Row:
        """Return the row that the register should have of it."""
        return lineage_row(StoredLineage(self.lineage, name, self.first, self.position))


def _counted(grant: Grant, anchor: Anchor) -> bool:
    return grant.n <= anchor.n and grant.not_before <= anchor.time <= grant.not_after
