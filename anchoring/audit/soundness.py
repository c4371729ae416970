"""Audit of the tables themselves: their shape, and the kind of every value.

SQLite takes any value in any column. What is unsound is one finding with its place; the rest of the audit then reads the
table without those rows, on this connection alone.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    func,
    inspect,
    select,
)

from anchoring.audit.findings import Findings
from anchoring.audit.places import REGISTER, REPLICA
from anchoring.audit.shapes import find_differences, list_strange_parts
from anchoring.database.engine import count_surplus_bytes, find_file_faults
from anchoring.register.submissions import FINAL, FROZEN, MINED, SUBMITTED
from ledger.registry.status import Status

_IS_TEXT: Final = "shunzheng_is_text"  # a function of SQL: whether bytes are text in UTF-8
_DAMAGED_SLUG: Final = "database-damaged"
_STATUSES: Final = ", ".join(str(int(status)) for status in Status)
_SUITES: Final = "1, 2"
#: Values that columns may have beyond what their type says, by database, table and column.
_ALLOWED_VALUES: Final[Mapping[tuple[str, str, str], str]] = {
    (REGISTER, "log", "suite"): _SUITES,
    (REGISTER, "batch", "state"): ", ".join(f"'{state}'" for state in (FROZEN, SUBMITTED, MINED, FINAL)),
    (REGISTER, "lineage", "status"): _STATUSES,
    (REPLICA, "log", "suite"): _SUITES,
    (REPLICA, "position_status", "status"): _STATUSES,
    (REPLICA, "published_anchor", "state"): "'published', 'awaited', 'faulty'",
}
#: Tables with one row alone.
_SINGLE_ROW_SLUGS: Final = {
    (REGISTER, "log"): "log-twice",
    (REPLICA, "state"): "state-twice",
    (REPLICA, "governance"): "state-twice",
}
#: Moments that a node takes from a clock, by database and table.
_MOMENTS: Final[Mapping[tuple[str, str], Sequence[str]]] = {
    (REGISTER, "log"): ("opened",),
    (REGISTER, "batch"): ("frozen",),
    (REGISTER, "submission"): ("accepted", "deadline"),
    (REGISTER, "signed_transaction"): ("signed", "sent"),
    (REGISTER, "token"): ("created", "expires", "revoked"),
    (REGISTER, "look"): ("at",),
    (REPLICA, "published_anchor"): ("due", "asked", "answered", "late"),
    (REPLICA, "process"): ("seen", "since"),
    (REPLICA, "measure"): ("taken_at",),
}
_LAST_MOMENT: Final = 253_402_300_799  # 9999-12-31T23:59:59Z: no later one can be written
#: What is counted up one by one: nobody gets as far.
_COUNTERS: Final = {
    (REGISTER, "lease", "epoch"),
    (REGISTER, "lease", "renewals"),
    (REGISTER, "tally", "total"),
    (REGISTER, "tally", "removed"),
    (REPLICA, "published_anchor", "attempts"),
}
#: What may be below zero: a clock that lags, a balance that was overdrawn.
_SIGNED: Final = {(REPLICA, "measure", "value")}
_MAX_COUNT: Final = 2**53 - 1  # the largest whole number of JSON
_MAX_INTEGER: Final = 2**63 - 1  # of a column
_SHOWN_BYTES: Final = 32  # of a key in the words of a finding: a hash


def audit_file(connection: Connection, database: str, findings: Findings) -> None:
    """Let the database check its own file."""
    findings.checked_counts["databases"] += 1
    with findings.guard(database, "", database):
        for fault in find_file_faults(connection):
            findings.add(_DAMAGED_SLUG, database, fault, database=database)
        if surplus_count := count_surplus_bytes(connection):
            text = f"{surplus_count:,} bytes stand in its file behind its last page, where no node writes"
            findings.add(_DAMAGED_SLUG, database, text, database=database)


def audit_tables(
    connection: Connection, metadata: Sequence[MetaData], database: str, findings: Findings
) -> None:
    """Check shape and values of the tables of a database; hide from this connection the rows that are unsound."""
    if isinstance(driver_connection := connection.connection.driver_connection, sqlite3.Connection):
        driver_connection.create_function(_IS_TEXT, 1, _is_text, deterministic=True)
    tables = {table.name: table for table_metadata in metadata for table in table_metadata.sorted_tables}
    with findings.guard(database, "", database):
        for kind, name, table_name in list_strange_parts(connection, tables):
            text = f"a {kind} that no node makes: look at who made it, and remove it"
            findings.add("schema-altered", f"{kind} {name}", text, database=database, table=table_name)
    for table in tables.values():
        with findings.guard(database, table.name, f"table {table.name}"):
            _check_table(connection, table, database, findings)


def _is_text(content: bytes | None) -> bool:
    try:
        return content is not None and isinstance(content.decode(), str)
    except UnicodeDecodeError:
        return False


def has_any_table(connection: Connection, metadata: MetaData) -> bool:
    """Tell whether a database has one of the tables."""
    return not {table.name for table in metadata.sorted_tables}.isdisjoint(
        inspect(connection).get_table_names()
    )


def _check_table(connection: Connection, table: Table, database: str, findings: Findings) -> None:
    place = f"table {table.name}"
    inspector = inspect(connection)
    if not inspector.has_table(table.name):
        findings.add("schema-altered", place, "it is not there", database=database, table=table.name)
        _replace(connection, table, f"SELECT {_list_null_columns(table)} WHERE 0")
        return
    for difference in find_differences(connection, table):
        findings.add("schema-altered", place, difference, database=database, table=table.name)
    if connection.dialect.name == "sqlite":
        column_names = {column["name"] for column in inspector.get_columns(table.name)}
        _check_values(connection, table, column_names, database, findings)
    if slug := _SINGLE_ROW_SLUGS.get((database, table.name)):
        row_count = connection.execute(select(func.count()).select_from(table)).scalar_one()
        if row_count > 1:
            text = f"it has {row_count} rows, and is a table of one"
            findings.add(slug, place, text, database=database, table=table.name)


def _check_values(
    connection: Connection, table: Table, column_names: set[str], database: str, findings: Findings
) -> None:
    """Report every row with a value that is none of its column's kind, and hide those rows."""
    columns = [column for column in table.columns if column.name in column_names]
    conditions = {column.name: _make_condition(column, database) for column in columns}
    soundness_condition = " AND ".join(conditions.values())
    key_columns = ", ".join(f'hex("{column.name}"), "{column.name}"' for column in table.primary_key)
    flag_columns = ", ".join(conditions.values())
    # names of tables and columns are this program's own
    query = f'SELECT {flag_columns}, {key_columns} FROM main."{table.name}" WHERE NOT coalesce({soundness_condition}, 0)'  # noqa: S608
    unsound_count = 0
    for row in connection.exec_driver_sql(query):
        unsound_count += 1
        wrong_names = [column.name for column, flag in zip(columns, row, strict=False) if not flag]
        place = _name_row(table, row[len(columns) :])
        text = f"{', '.join(wrong_names)}: no value that a node writes there"
        findings.add("value-impossible", place, text, database=database, table=table.name)
    if unsound_count or len(columns) < len(table.columns):
        source = f'FROM main."{table.name}" WHERE {soundness_condition}'
        _replace(connection, table, f"SELECT {_list_columns(table, column_names)} {source}")


def _name_row(table: Table, values: Sequence[object]) -> str:
    """Name a row by its key: numbers and text as they are, bytes in hexadecimal."""
    parts = []
    for column, hex_text, value in zip(table.primary_key, values[::2], values[1::2], strict=True):
        value_text = str(hex_text)[: 2 * _SHOWN_BYTES].lower() if isinstance(value, bytes) else str(value)
        parts.append(f"{column.name} {value_text}")
    return ", ".join(parts)


def _make_condition(column: Column[object], database: str) -> str:
    """Return the condition in SQL that a value of the column is one that a node writes."""
    name = f'"{column.name}"'
    if isinstance(column.type, Boolean):
        condition = f"(typeof({name}) = 'integer' AND {name} IN (0, 1))"
    elif isinstance(column.type, Integer):
        lowest = -_MAX_INTEGER if (database, column.table.name, column.name) in _SIGNED else 0
        condition = (
            f"(typeof({name}) = 'integer' AND {name} BETWEEN {lowest} AND {_find_largest(column, database)})"
        )
    elif isinstance(column.type, LargeBinary):
        condition = f"(typeof({name}) = 'blob')"
    else:
        condition = f"(typeof({name}) = 'text' AND {_IS_TEXT}(CAST({name} AS BLOB)))"
    if allowed_values := _ALLOWED_VALUES.get((database, column.table.name, column.name)):
        condition = f"({condition} AND {name} IN ({allowed_values}))"
    return f"({name} IS NULL OR {condition})" if column.nullable else condition


def _find_largest(column: Column[object], database: str) -> int:
    """Return the largest number that a node writes into a column."""
    table_name = column.table.name
    if column.name in _MOMENTS.get((database, table_name), ()):
        return _LAST_MOMENT
    return _MAX_COUNT if (database, table_name, column.name) in _COUNTERS else _MAX_INTEGER


def _list_columns(table: Table, column_names: set[str]) -> str:
    return ", ".join(
        f'"{column.name}"' if column.name in column_names else f'NULL AS "{column.name}"'
        for column in table.columns
    )


def _list_null_columns(table: Table) -> str:
    return ", ".join(f'NULL AS "{column.name}"' for column in table.columns)


def _replace(connection: Connection, table: Table, query: str) -> None:
    """Let this connection read the query's rows under the name of the table; the database stays as it is."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f'CREATE TEMP VIEW "{table.name}" AS {query}')
