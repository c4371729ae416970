"""Audit of the lineages: each is replayed, and compared with its row and the chain.

The records themselves are judged in `anchoring.audit.register.records`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from sqlalchemy import RowMapping, Select, bindparam, func, select

from anchoring.audit.findings import Findings
from anchoring.audit.places import REGISTER
from anchoring.audit.register.books import Books, walk_rows
from anchoring.audit.register.records import Member, RecordAudit
from anchoring.register.lineages import StoredLineage, lineage_row
from anchoring.register.missing import is_complete
from anchoring.register.tables import CHANGE, DISCLOSURE, LINEAGE, RECORD, Row
from ledger.errors import TransitionRefused
from ledger.records.lifecycle import Lineage, follow
from ledger.registry.status import Status, StatusTree

_RECORDS: Final = (
    select(RECORD, DISCLOSURE.c.content)
    .select_from(RECORD.outerjoin(DISCLOSURE, RECORD.c.position == DISCLOSURE.c.position))
    .order_by(RECORD.c.lineage, RECORD.c.position)
)
_LINEAGES: Final = select(LINEAGE).order_by(LINEAGE.c.first)
_CHANGES: Final = select(CHANGE.c.position, CHANGE.c.status).where(CHANGE.c.record == bindparam("record"))
_STRAY_DISCLOSURES: Final = select(DISCLOSURE.c.position).where(
    DISCLOSURE.c.position.not_in(select(RECORD.c.position))
)
_STRAY_CHANGES: Final = select(CHANGE.c.record).where(CHANGE.c.record.not_in(select(RECORD.c.position)))


def audit_lineages(books: Books, trees: Mapping[str, StatusTree], findings: Findings) -> None:
    """Replay every lineage and compare it with its stored row and with the status tree that the chain's events make."""
    replay = _Replay(books, trees.get(books.log.name), findings)
    rows = iter(walk_rows(books, _LINEAGES))
    stored_row = next(rows, None)
    for first, record_rows in groupby(walk_rows(books, _RECORDS), key=lambda row: row["lineage"]):
        while stored_row is not None and stored_row["first"] < first:
            findings.add("lineage-stray", f"lineage {stored_row['name']}", "no record belongs to it")
            stored_row = next(rows, None)
        has_row = stored_row is not None and stored_row["first"] == first
        with findings.guard(REGISTER, LINEAGE.name, f"first {first}"):
            replay.check_lineage(first, stored_row if has_row else None, record_rows)
        if has_row:
            stored_row = next(rows, None)
    while stored_row is not None:
        findings.add("lineage-stray", f"lineage {stored_row['name']}", "no record belongs to it")
        stored_row = next(rows, None)
    replay.close()
    for position in _walk_positions(books, _STRAY_DISCLOSURES):
        findings.add(
            "disclosure-stray", f"position {position}", "something is disclosed where there is no record"
        )
    for position in _walk_positions(books, _STRAY_CHANGES):
        findings.add(
            "change-stray", f"position {position}", "a change of status names a record that is not there"
        )


def _walk_positions(books: Books, query: Select[int]) -> Iterator[int]:
    return iter(books.connection.execute(query).scalars())


class _Replay:
    """Replays lineages one by one."""

    def __init__(self, books: Books, tree: StatusTree | None, findings: Findings) -> None:
        self._books, self._tree, self._findings = books, tree, findings
        self._records = RecordAudit(books, findings)
        self._contradictory_positions = {
            change.position for change in books.view.statuses(books.log.name) if change.contradictory
        }
        self._change_count = 0

    def check_lineage(self, first: int, stored_row: RowMapping | None, rows: Iterator[RowMapping]) -> None:
        """Check one lineage:

        1. every record by itself; 2. the records follow from one another and make the changes that are stored; 3. the stored
        row says where they lead; 4. the chain gives every record the status that they give it.
        """
        # 1
        checked_members = [self._records.check(row) for row in rows]
        members = [member for member in checked_members if member]
        self._findings.look("lineages")
        if len(members) < len(checked_members):
            return  # said already; without it nothing follows
        where = f"lineage {members[0].record.lineage}"
        # 2
        replayed_lineage = self._follow(members, where)
        if replayed_lineage is None:
            return
        # 3
        if (
            stored_row is None
            or replayed_lineage.first != first
            or dict(stored_row) != replayed_lineage.make_row(members[0].record.lineage)
        ):
            self._findings.add("lineage-altered", where, "its stored row does not follow from its records")
        # 4
        for position, status in replayed_lineage.statuses.items():
            self._compare(position, status, where)

    def close(self) -> None:
        """Check that no change is stored but those that were found to follow."""
        stored_count = self._books.connection.execute(select(func.count()).select_from(CHANGE)).scalar_one()
        if stored_count > self._change_count:
            text = f"{stored_count} changes of status are stored, the records make {self._change_count}"
            self._findings.add("change-stray", f"log {self._books.log.name}", text)

    def _follow(self, members: Sequence[Member], where: str) -> "_ReplayedLineage | None":
        """Replay the records in the order of `previous`; None where that does not take them all."""
        members_by_previous = {member.record.previous: member for member in members}
        replayed_lineage: _ReplayedLineage | None = None
        while member := members_by_previous.pop(
            replayed_lineage.lineage.tip if replayed_lineage else None, None
        ):
            try:
                lineage, change = follow(
                    replayed_lineage.lineage if replayed_lineage else None, member.record, member.leaf
                )
            except TransitionRefused as error:
                self._findings.add("transition-refused", f"position {member.position}", str(error))
                return None
            if replayed_lineage is None:
                replayed_lineage = _ReplayedLineage.begin(lineage, member.position)
                continue
            assert change is not None  # only the first record changes nothing
            self._check_change(member, replayed_lineage.position, change.status)
            replayed_lineage = replayed_lineage.extend(
                lineage, member, change.status, is_final=member.position < self._books.log_state.size
            )
        record_count = replayed_lineage.record_count if replayed_lineage else 0
        if replayed_lineage is None or record_count < len(members):
            text = f"{len(members) - record_count} of its records do not follow from its first"
            self._findings.add("lineage-broken", where, text)
            return None
        return replayed_lineage

    def _check_change(self, member: Member, position: int, status: Status) -> None:
        """Compare the stored change of a record with the one that it makes."""
        self._change_count += 1
        rows = self._books.connection.execute(_CHANGES, {"record": member.position})
        if [tuple(row) for row in rows] != [(position, int(status))]:
            text = (
                f"the stored change of status is not that it makes position {position} {status.name.lower()}"
            )
            self._findings.add("change-altered", f"position {member.position}", text)

    def _compare(self, position: int, status: Status, where: str) -> None:
        """Compare the status that final records give a position with the one that the chain has for it."""
        books = self._books
        if not books.chain_known or position >= books.log_state.size:
            return
        self._findings.look("statuses")
        if position in self._contradictory_positions:
            text = f"{where}: its statuses on the chain contradict each other"
            self._findings.add("status-contradictory", f"position {position}", text)
            return
        chain_status = self._find_chain_status(position)
        if chain_status == status:
            return
        if books.missing and not is_complete(books.connection, books.view, books.log.name, position):
            self._findings.remark("records-missing", where, "its newest records are not back yet")
            return
        text = f"{where}: the chain says {chain_status.name.lower()}, the records say {status.name.lower()}"
        self._findings.add("status-differs", f"position {position}", text)

    def _find_chain_status(self, position: int) -> Status:
        if self._tree is not None:
            return Status(self._tree.get(position))
        log_state = self._books.log_state
        position_status = self._books.view.status(log_state.name, position, log_state.sequence)
        return position_status.status if position_status else Status.VALID


@dataclass(frozen=True, slots=True)
class _ReplayedLineage:
    """Where so many records of a lineage lead: its first and its current position, and the status of each by final ones."""

    lineage: Lineage
    first: int
    position: int
    statuses: dict[int, Status]
    record_count: int = 1

    @classmethod
    def begin(cls, lineage: Lineage, position: int) -> "_ReplayedLineage":
        return cls(lineage, position, position, {position: Status.VALID})

    def extend(
        self, lineage: Lineage, member: Member, status: Status, *, is_final: bool
    ) -> "_ReplayedLineage":
        statuses = self.statuses | ({self.position: status} if is_final else {})
        is_current = lineage.current == member.leaf
        position = member.position if is_current else self.position
        statuses.setdefault(position, Status.VALID)
        return _ReplayedLineage(lineage, self.first, position, statuses, self.record_count + 1)

    def make_row(self, name: str) -> Row:
        """Return the row that the register should have of it."""
        return lineage_row(StoredLineage(self.lineage, name, self.first, self.position))
