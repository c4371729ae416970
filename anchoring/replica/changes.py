"""Write rows of a replica's tables: insert, delete, replace."""

from collections.abc import Sequence

from sqlalchemy import Connection, Table, bindparam, delete, insert

from anchoring.replica.rows import Row


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def delete_rows(
    connection: Connection, table: Table, key_columns: Sequence[str], rows: Sequence[Row]
) -> None:
    """Delete what has the same values in `key_columns` as one of `rows`, of which there is one at least."""
    key_conditions = [table.c[key] == bindparam(f"old_{key}") for key in key_columns]
    connection.execute(
        delete(table).where(*key_conditions),
        [{f"old_{key}": row[key] for key in key_columns} for row in rows],
    )


def replace_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, each in the place of the one with its key; of several with one key the last counts."""
    if rows:
        key_columns = [column.name for column in table.primary_key]
        newest_rows = list({tuple(row[key] for key in key_columns): row for row in rows}.values())
        delete_rows(connection, table, key_columns, newest_rows)
        insert_rows(connection, table, newest_rows)
