"""Figures that a node's processes measure for the others, beside the replica.

The newest of each name is kept. They decide nothing that is kept; one that cannot be written is left out.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection, Engine, delete, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from anchoring.database.columns import get_table, make_number_column
from anchoring.database.engine import begin_transaction, hold_tables
from anchoring.errors import DatabaseUnavailable

#: The chain's clock minus this machine's, in seconds, when a block was seen as soon as it came.
CHAIN_CLOCK_LEAD: Final = "chain_clock_lead_seconds"
#: What the account that anchors holds, in gwei: wei pass what a column holds.
BALANCE: Final = "operator_balance_gwei"
#: How many anchors that pays for at the price of now.
ANCHORS_LEFT: Final = "operator_anchors_left"

# An older figure says nothing of now: a process that measures does so every minute.
_MAX_AGE_SECONDS: Final = 86_400
_MAX_VALUE: Final = 2**62  # within what both databases hold


class _Row(SQLModel, registry=registry()):
    """Base of the one table."""


class MeasureRow(_Row, table=True):
    """A figure, and when it was measured, in seconds since 1970."""

    __tablename__ = "measure"
    name: str = Field(primary_key=True)
    value: int = make_number_column()
    taken_at: int = make_number_column()


METADATA: Final = _Row.metadata
MEASURE: Final = get_table(MeasureRow)


def write_measures(engine: Engine, values: Mapping[str, int], now: int) -> None:
    """Keep figures in place of the older ones of their names."""
    rows = [
        {"name": name, "value": max(-_MAX_VALUE, min(value, _MAX_VALUE)), "taken_at": now}
        for name, value in values.items()
    ]
    with suppress(DatabaseUnavailable, SQLAlchemyError), begin_transaction(engine) as connection:
        hold_tables(connection)
        if not inspect(connection).has_table(MEASURE.name):
            METADATA.create_all(connection)
        connection.execute(delete(MEASURE).where(MEASURE.c.name.in_(values)))
        connection.execute(insert(MEASURE), rows)


def read_measures(connection: Connection, now: int) -> Mapping[str, int]:
    """Return the figures by their names, by a connection to the database of the replica; old ones are left out."""
    if not inspect(connection).has_table(MEASURE.name):
        return {}
    rows = connection.execute(select(MEASURE).where(MEASURE.c.taken_at > now - _MAX_AGE_SECONDS)).mappings()
    return {row["name"]: row["value"] for row in rows}
