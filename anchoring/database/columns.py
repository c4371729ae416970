"""Columns of a node's tables, the same on both databases: numbers as wide as a chain's."""

from typing import Any, Final, cast

from sqlalchemy import BigInteger, Integer, MetaData, SmallInteger, Table
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

# SQLite's INTEGER holds 64 bits and makes the key the row itself
BIG_INTEGER: Final = BigInteger().with_variant(Integer(), "sqlite")


def make_number_column(*, key: bool = False, **options: Any) -> Any:
    """Return a column of 64 bits that is never counted up by the database."""
    return Field(sa_type=BIG_INTEGER, primary_key=key, sa_column_kwargs={"autoincrement": False}, **options)


def make_small_column() -> Any:
    """Return a column for a few values: a suite, a status."""
    return Field(sa_type=SmallInteger)


def make_registry(database: str) -> registry:
    """Return the registry of the tables of one database, of which each then knows the name."""
    return registry(metadata=MetaData(info={"database": database}))


def get_table(row: type[SQLModel]) -> Table:
    """Return the Core table of a row class."""
    return cast(Table, row.__table__)  # type: ignore[attr-defined]
