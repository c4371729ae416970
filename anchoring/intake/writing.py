"""Write the records of one submission, each after what its lineage says.

Records may follow one another within a submission, so the order is that of `previous`, not that of positions. Issues come
first and in any number; the others, which are few, are put in order lineage by lineage.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from anchoring.database.bulk import insert_many
from anchoring.intake.faults import FIRST_ROW, Faults
from anchoring.intake.rows import Row
from anchoring.intake.spool import Issue
from anchoring.register.lineages import StoredLineage, find_lineages_named, set_lineages
from anchoring.register.tables import CHANGE, DISCLOSURE, LINEAGE, LINK, RECORD
from ledger.crypto.suites import Suite
from ledger.encoding.canonical import decode
from ledger.errors import TransitionRefused
from ledger.records.lifecycle import Lineage, follow
from ledger.records.records import decode_record
from ledger.registry.status import Status

_LinkRow = tuple[bytes, int, str]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A record that follows another: its position, its lineage, and the position to which it gives a status."""

    row: Row
    position: int
    lineage: int
    target: int
    status: Status


class RecordWriter:
    """Writes the records of a submission of `issuer` whose positions begin at `first`; faults are collected, not raised."""

    def __init__(self, connection: Connection, suite: Suite, issuer: str, first: int) -> None:
        self._connection, self._suite, self._issuer, self._first = connection, suite, issuer, first
        self._changed: set[int] = set()
        self.faults = Faults()

    @property
    def changes(self) -> int:
        """How many positions change their status."""
        return len(self._changed)

    def issue(self, chunk: Sequence[Issue]) -> None:
        """Write records that begin a lineage each."""
        if self.faults.full:
            return
        known = find_lineages_named(self._connection, [row[2] for row in chunk])
        records, disclosures, lineages = [], [], []
        links: list[_LinkRow] = []
        for index, leaf, name, kind, identifier, body, disclosure, linked in chunk:
            position = self._first + index
            if name in known:
                self._refuse(index, known[name].lineage, body, leaf)
                continue
            new = Lineage(kind, self._issuer, identifier, leaf, leaf, Status.VALID)
            known[name] = StoredLineage(new, name, position, position)
            records.append((position, leaf, position, body))
            lineages.append(
                (position, name, kind, self._issuer, identifier, leaf, leaf, position, int(Status.VALID))
            )
            if disclosure is not None:
                disclosures.append((position, disclosure))
            if linked:
                links += _links(position, linked)
        insert_many(self._connection, RECORD, records)
        insert_many(self._connection, LINEAGE, lineages)
        insert_many(self._connection, DISCLOSURE, disclosures)
        insert_many(self._connection, LINK, links)

    def follow(self, rows: Sequence[Row]) -> None:
        """Write records that follow others, each lineage in the order of its chain. All issues must be written before."""
        members: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            members[row.record.lineage].append(row)
        known = find_lineages_named(self._connection, list(members))
        placed: list[_Placed] = []
        for name, unordered in members.items():
            for row in _in_order(known.get(name), unordered):
                if step := self._follow_one(known.get(name), row):
                    known[name], record = step
                    placed.append(record)
        if placed and not self.faults:
            self._write(placed)
            set_lineages(self._connection, (known[name] for name in members))

    def _follow_one(self, before: StoredLineage | None, row: Row) -> tuple[StoredLineage, _Placed] | None:
        """Return the lineage after a record, and the record with its place; None where it may not follow."""
        try:
            lineage, change = follow(before.lineage if before else None, row.record, row.leaf)
        except TransitionRefused as error:
            self.faults.add(row.index + FIRST_ROW, "transition-refused", str(error))
            return None
        assert before is not None
        assert change is not None  # only an issue changes nothing
        target, position = before.position, self._first + row.index
        if target in self._changed:
            twice = f"{before.lineage.identifier} changes its status twice in this submission"
            self.faults.add(
                row.index + FIRST_ROW,
                "changed-twice",
                f"{twice}: send the later change in another submission",
            )
            return None
        self._changed.add(target)
        current = position if lineage.current == row.leaf else target
        after = StoredLineage(lineage, before.name, before.first, current)
        return after, _Placed(row, position, before.first, target, change.status)

    def _write(self, placed: list[_Placed]) -> None:
        records, changes, disclosures = [], [], []
        links: list[_LinkRow] = []
        for record in placed:
            row, position = record.row, record.position
            records.append((position, row.leaf, record.lineage, row.body))
            changes.append((position, record.target, int(record.status)))
            if row.disclosure is not None:
                disclosures.append((position, row.disclosure))
            links += _links(position, ((link.rel, link.record) for link in row.record.links))
        insert_many(self._connection, RECORD, records)
        insert_many(self._connection, CHANGE, changes)
        insert_many(self._connection, DISCLOSURE, disclosures)
        insert_many(self._connection, LINK, links)

    def _refuse(self, index: int, lineage: Lineage, body: bytes, leaf: bytes) -> None:
        try:
            follow(lineage, decode_record(decode(body)), leaf)
        except TransitionRefused as error:
            self.faults.add(index + FIRST_ROW, "transition-refused", str(error))


def _links(position: int, links: Iterable[tuple[str, bytes]]) -> Iterable[_LinkRow]:
    """Return the rows of a record's links, once each: a record may say the same twice."""
    return dict.fromkeys((target, position, rel) for rel, target in links)


def _in_order(known: StoredLineage | None, unordered: list[Row]) -> list[Row]:
    """Order the rows of one lineage by their chain; those that are not on it come last and will be refused."""
    following = {row.record.previous: row for row in unordered}
    ordered: list[Row] = []
    tip = known.lineage.tip if known else None
    while tip in following:
        ordered.append(following.pop(tip))
        tip = ordered[-1].leaf
    placed = {row.index for row in ordered}
    return ordered + [row for row in unordered if row.index not in placed]
