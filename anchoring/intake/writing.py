"""Write the records of one submission, each after what its lineage says: the part of intake that holds the register.

Records may follow one another within a submission, so the order is that of `previous`, not that of positions. Issues come
first and in any number; the others, which are few, are put in order lineage by lineage.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, update

from anchoring.database.bulk import insert_many, select_many
from anchoring.intake.rows import FIRST_ROW, Faults, Row
from anchoring.register.tables import CHANGE, DISCLOSURE, LINEAGE, LINK, RECORD
from ledger.crypto.suites import Suite
from ledger.encoding.canonical import decode
from ledger.errors import TransitionRefused
from ledger.records.lifecycle import Lineage, follow
from ledger.records.records import decode_record
from ledger.registry.status import Status

#: An issue as it is spooled: index, leaf, lineage's name, kind, identifier, canonical bytes, disclosure, links.
Issue = tuple[int, bytes, str, str, str, bytes, bytes | None, Sequence[tuple[str, bytes]]]
_LinkRow = tuple[bytes, int, str]

_CHANGED: Final = (
    update(LINEAGE)
    .where(LINEAGE.c.first == bindparam("of"))
    .values({name: bindparam(name) for name in ("identifier", "tip", "current", "position", "status")})
)


@dataclass(slots=True)
class _Standing:
    """A lineage with the positions of its first and its current record."""

    lineage: Lineage
    first: int
    position: int


@dataclass(frozen=True, slots=True)
class _Followed:
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
        standing = self._standing(row[2] for row in chunk)
        records, disclosures, lineages = [], [], []
        linked: list[_LinkRow] = []
        for index, leaf, name, kind, identifier, body, disclosure, links in chunk:
            position = self._first + index
            if name in standing:
                self._refuse(index, standing[name].lineage, body, leaf)
                continue
            new = Lineage(kind, self._issuer, identifier, leaf, leaf, Status.VALID)
            standing[name] = _Standing(new, position, position)
            records.append((position, leaf, position, body))
            lineages.append(
                (position, name, kind, self._issuer, identifier, leaf, leaf, position, int(Status.VALID))
            )
            if disclosure is not None:
                disclosures.append((position, disclosure))
            if links:
                linked += _links(position, links)
        insert_many(self._connection, RECORD, records)
        insert_many(self._connection, LINEAGE, lineages)
        insert_many(self._connection, DISCLOSURE, disclosures)
        insert_many(self._connection, LINK, linked)

    def follow(self, rows: Sequence[Row]) -> None:
        """Write records that follow others, each lineage in the order of its chain. All issues must be written before."""
        lineages: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            lineages[row.record.lineage].append(row)
        standing = self._standing(lineages)
        followed: list[_Followed] = []
        for name, members in lineages.items():
            for row in _in_order(standing.get(name), members):
                one = self._follow_one(standing.get(name), row)
                if one:
                    followed.append(one)
        if followed and not self.faults:
            self._write(followed)
            self._connection.execute(_CHANGED, [_change_row(standing[name]) for name in lineages])

    def _follow_one(self, standing: _Standing | None, row: Row) -> _Followed | None:
        try:
            after, change = follow(standing.lineage if standing else None, row.record, row.leaf)
        except TransitionRefused as error:
            self.faults.add(row.index + FIRST_ROW, "transition-refused", str(error))
            return None
        assert standing is not None
        assert change is not None  # only an issue changes nothing
        target, position = standing.position, self._first + row.index
        if target in self._changed:
            twice = f"{standing.lineage.identifier} changes its status twice in this submission"
            self.faults.add(
                row.index + FIRST_ROW,
                "changed-twice",
                f"{twice}: send the later change in another submission",
            )
            return None
        self._changed.add(target)
        standing.lineage = after
        standing.position = position if after.current == row.leaf else target
        return _Followed(row, position, standing.first, target, change.status)

    def _write(self, followed: list[_Followed]) -> None:
        records, changes, disclosures = [], [], []
        linked: list[_LinkRow] = []
        for one in followed:
            row, position = one.row, one.position
            records.append((position, row.leaf, one.lineage, row.body))
            changes.append((position, one.target, int(one.status)))
            if row.disclosure is not None:
                disclosures.append((position, row.disclosure))
            linked += _links(position, ((link.rel, link.record) for link in row.record.links))
        insert_many(self._connection, RECORD, records)
        insert_many(self._connection, CHANGE, changes)
        insert_many(self._connection, DISCLOSURE, disclosures)
        insert_many(self._connection, LINK, linked)

    def _refuse(self, index: int, lineage: Lineage, body: bytes, leaf: bytes) -> None:
        try:
            follow(lineage, decode_record(decode(body)), leaf)
        except TransitionRefused as error:
            self.faults.add(index + FIRST_ROW, "transition-refused", str(error))

    def _standing(self, names: Iterable[str]) -> dict[str, _Standing]:
        """Return the lineages that are known, by name; those that this submission wrote included."""
        found = {}
        for row in select_many(self._connection, LINEAGE.c.name, list(names)):
            members = {name: row[name] for name in Lineage.__slots__} | {"status": Status(row["status"])}
            found[row["name"]] = _Standing(Lineage(**members), row["first"], row["position"])
        return found


def _links(position: int, links: Iterable[tuple[str, bytes]]) -> Iterable[_LinkRow]:
    """Return the rows of a record's links, once each: a record may say the same twice."""
    return dict.fromkeys((target, position, rel) for rel, target in links)


def _in_order(standing: _Standing | None, members: list[Row]) -> list[Row]:
    """Order the rows of one lineage by their chain; those that are not on it come last and will be refused."""
    following = {row.record.previous: row for row in members}
    ordered: list[Row] = []
    tip = standing.lineage.tip if standing else None
    while tip in following:
        ordered.append(following.pop(tip))
        tip = ordered[-1].leaf
    placed = {row.index for row in ordered}
    return ordered + [row for row in members if row.index not in placed]


def _change_row(standing: _Standing) -> dict[str, Any]:
    lineage = standing.lineage
    return {
        "of": standing.first,
        "identifier": lineage.identifier,
        "tip": lineage.tip,
        "current": lineage.current,
        "position": standing.position,
        "status": int(lineage.status),
    }
