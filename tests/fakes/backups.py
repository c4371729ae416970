"""Backups of a register, its loss, and nodes that kept copies of its entries or are gone."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select

from anchoring.errors import PeerFailed
from anchoring.register.store import Register
from anchoring.register.submissions import list_submissions
from anchoring.register.tables import LEASE, METADATA

#: The rows of every table, by its name.
Backup = Mapping[str, Sequence[Mapping[str, Any]]]


def back_up(register: Register) -> Backup:
    """Return everything but the lease, which would only make a restored register wait for its former holder."""
    with register.reading() as connection:
        tables = {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in METADATA.sorted_tables
        }
    return tables | {LEASE.name: []}


def restore(register: Register, backup: Backup) -> None:
    """Make the register what it was, whatever it holds now."""
    with register.writing() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(delete(table))
        for table in METADATA.sorted_tables:
            if backup[table.name]:
                connection.execute(insert(table), backup[table.name])


class KeptCopies:
    """A `Peer` that holds the entries which a register had when it was asked; `held` may be edited to lie."""

    def __init__(self, register: Register | None = None, name: str = "wuhan") -> None:
        self.name = name
        self.asked = 0
        self.held: list[tuple[int, Any]] = []
        if register:
            with register.reading() as connection:
                self.held = [
                    (one.acceptance.first_position, one.entry.to_json())
                    for one in list_submissions(connection, limit=1_000)
                ]

    def fetch_entries(self, log: str, position: int, most: int) -> bytes:
        self.asked += 1
        items = [{"first": first, "entry": entry} for first, entry in self.held if first >= position]
        return json.dumps({"items": items[:most]}).encode()


class Unreachable:
    """A `Peer` that never answers."""

    name = "nobody"

    def __init__(self) -> None:
        self.asked = 0

    def fetch_entries(self, log: str, position: int, most: int) -> bytes:
        self.asked += 1
        raise PeerFailed("it cannot be reached")
