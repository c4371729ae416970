"""Insert many rows as fast as a database takes them: COPY on PostgreSQL, plain tuples on SQLite.

A submission of a million records is three million rows, and its transaction keeps other writers waiting: nothing is done
for each row that the driver can do by itself. Errors name no values, as everywhere.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from psycopg import Cursor


def insert_many(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, each with the values of all columns in the order of the table's definition."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    else:
        connection.exec_driver_sql(_statement(table), list(rows))


@cache
def _statement(table: Table) -> str:
    return str(insert(table).compile(dialect=sqlite.dialect()))


def _copy(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    import psycopg
    from psycopg.sql import SQL, Identifier

    names = SQL(", ").join(Identifier(column.name) for column in table.c)
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(Identifier(table.name), names)
    cursor = cast("Cursor[Any]", connection.connection.cursor())
    try:
        with cursor, cursor.copy(statement) as copy:
            copy.set_types(_types(table))
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        error.args = (error.diag.message_primary or type(error).__name__,)  # the rest quotes the row
        named = DBAPIError.instance(f"COPY {table.name}", None, error, psycopg.Error, hide_parameters=True)
        raise named from error


@cache
def _types(table: Table) -> list[str]:
    """Return what COPY must be told of each column: in its binary form nothing is converted."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return [column.type.compile(dialect).lower() for column in table.c]
