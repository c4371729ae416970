"""Where certificates stand in the register: what the next record of each has to follow."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, select

from anchoring import limits
from anchoring.database import findable
from anchoring.register_tables import LINEAGE
from ledger.lifecycle import Lineage
from ledger.records import lineage_of
from ledger.status import Status

_NAMED: Final = select(LINEAGE).where(LINEAGE.c.name.in_(bindparam("names", expanding=True)))


def lineages(connection: Connection, identifiers: Sequence[str]) -> list[Lineage | None]:
    """Return the lineage of each identifier, of whichever version; None where it is not registered here."""
    names = [lineage_of(identifier) for identifier in identifiers]
    found: dict[str, Lineage] = {}
    for start in range(0, len(names), limits.LOOKUP_ROWS):
        wanted = {"names": [findable(name) for name in names[start : start + limits.LOOKUP_ROWS]]}
        for row in connection.execute(_NAMED, wanted).mappings():
            members = {name: row[name] for name in Lineage.__slots__} | {"status": Status(row["status"])}
            found[row["name"]] = Lineage(**members)
    return [found.get(name) for name in names]
