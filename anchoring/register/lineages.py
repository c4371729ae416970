"""Where certificates stand in the register: what the next record of each has to follow."""

from collections.abc import Sequence

from sqlalchemy import Connection

from anchoring.database.bulk import select_many
from anchoring.database.engine import findable
from anchoring.register.tables import LINEAGE
from ledger.records.lifecycle import Lineage
from ledger.records.records import lineage_of
from ledger.registry.status import Status


def lineages(connection: Connection, identifiers: Sequence[str]) -> list[Lineage | None]:
    """Return the lineage of each identifier, of whichever version; None where it is not registered here."""
    names = [lineage_of(identifier) for identifier in identifiers]
    found: dict[str, Lineage] = {}
    for row in select_many(connection, LINEAGE.c.name, [findable(name) for name in names]):
        members = {name: row[name] for name in Lineage.__slots__} | {"status": Status(row["status"])}
        found[row["name"]] = Lineage(**members)
    return [found.get(name) for name in names]
