"""Lineages: where each certificate stands, and what its next record must follow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, bindparam, update

from anchoring.database.bulk import select_many
from anchoring.database.engine import make_findable
from anchoring.database.stored import reading_row
from anchoring.register.tables import LINEAGE, Row
from ledger.records.lifecycle import Lineage
from ledger.records.records import read_lineage
from ledger.registry.status import Status

#: Name, kind, issuer and first record of a lineage never change.
_CHANGING_COLUMNS: Final = ("identifier", "tip", "current", "position", "status")
_SET_LINEAGE: Final = (
    update(LINEAGE)
    .where(LINEAGE.c.first == bindparam("first_position"))
    .values({name: bindparam(name) for name in _CHANGING_COLUMNS})
)


@dataclass(frozen=True, slots=True)
class StoredLineage:
    """A lineage with its name and the positions of its first and its current record."""

    lineage: Lineage
    name: str
    first_position: int
    current_position: int


def find_lineages(connection: Connection, identifiers: Sequence[str]) -> list[Lineage | None]:
    """Return the lineage of each identifier, of whichever version; None where it is not registered here."""
    names = [read_lineage(identifier) for identifier in identifiers]
    lineages_by_name = find_lineages_named(connection, [make_findable(name) for name in names])
    return [lineages_by_name[name].lineage if name in lineages_by_name else None for name in names]


def find_lineages_named(connection: Connection, names: Sequence[str]) -> dict[str, StoredLineage]:
    """Return the lineages of these names that are registered, by name."""
    rows = select_many(connection, LINEAGE.c.name, names)
    return {row["name"]: read_stored_lineage(row) for row in rows}


def set_lineages(connection: Connection, lineages: Iterable[StoredLineage]) -> None:
    """Write where lineages lead now."""
    rows = [make_lineage_row(stored_lineage) for stored_lineage in lineages]
    connection.execute(
        _SET_LINEAGE,
        [{"first_position": row["first"]} | {name: row[name] for name in _CHANGING_COLUMNS} for row in rows],
    )


def read_stored_lineage(row: RowMapping) -> StoredLineage:
    with reading_row(LINEAGE, f"position {row['first']}"):
        lineage = Lineage(
            kind=row["kind"],
            issuer=row["issuer"],
            identifier=row["identifier"],
            newest_leaf=row["tip"],
            current_leaf=row["current"],
            status=Status(row["status"]),
        )
    return StoredLineage(lineage, row["name"], row["first"], row["position"])


def make_lineage_row(stored_lineage: StoredLineage) -> Row:
    lineage = stored_lineage.lineage
    return {
        "first": stored_lineage.first_position,
        "name": stored_lineage.name,
        "kind": lineage.kind,
        "issuer": lineage.issuer,
        "identifier": lineage.identifier,
        "tip": lineage.newest_leaf,
        "current": lineage.current_leaf,
        "position": stored_lineage.current_position,
        "status": int(lineage.status),
    }
