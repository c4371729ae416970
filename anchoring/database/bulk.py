"""Insert and find many rows as fast as a database can.

COPY on PostgreSQL, plain tuples on SQLite, names to find as one JSON text. A submission of a million records is three
million rows, and its transaction keeps other writers waiting: nothing is done for each row, or for each name that is
looked up, that the driver can do by itself. Errors name no values, as everywhere.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import JSON, Column, Connection, RowMapping, Select, Table, bindparam, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from psycopg import Cursor

#: What makes rows of the texts in a JSON array, each under the name of `value`.
_TEXT_FUNCTIONS: Final = {"postgresql": func.json_array_elements_text, "sqlite": func.json_each}


def insert_many(connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows, each with the values of all columns in the order of the table's definition."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    else:
        connection.exec_driver_sql(_make_insert(table), list(rows))


def select_many(connection: Connection, column: Column[str], texts: Sequence[str]) -> Sequence[RowMapping]:
    """Return the rows whose `column`, which has an index, has one of the texts; each once, in no order.

    A parameter for each text would take four times as long, nearly all of it before the database looks anything up.
    """
    if not texts:
        return ()
    return (
        connection.execute(_make_selection(column, connection.dialect.name), {"texts": texts})
        .mappings()
        .all()
    )


@cache
def _make_selection(column: Column[str], dialect: str) -> Select[tuple[object, ...]]:
    texts = _TEXT_FUNCTIONS[dialect](bindparam("texts", type_=JSON)).table_valued("value")
    return select(column.table).where(column.in_(select(texts.c.value)))


@cache
def _make_insert(table: Table) -> str:
    return str(insert(table).compile(dialect=sqlite.dialect()))


def _copy(connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    import psycopg
    from psycopg.sql import SQL, Identifier

    names = SQL(", ").join(Identifier(column.name) for column in table.c)
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(Identifier(table.name), names)
    cursor = cast("Cursor[tuple[object, ...]]", connection.connection.cursor())
    try:
        with cursor, cursor.copy(statement) as copy:
            copy.set_types(_list_types(table))
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        error.args = (error.diag.message_primary or type(error).__name__,)  # the rest quotes the row
        named_error = DBAPIError.instance(
            f"COPY {table.name}", None, error, psycopg.Error, hide_parameters=True
        )
        raise named_error from error


@cache
def _list_types(table: Table) -> list[str]:
    """Return what COPY must be told of each column: in its binary form nothing is converted."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return [column.type.compile(dialect).lower() for column in table.c]
