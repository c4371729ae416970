"""Compares the shape of stored tables with that which a node gives them.

A database takes what a node never makes: triggers, views, tables and columns of others, keys that are gone, rules that
refuse or replace rows. Each changes what is read or written, now or later.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

from sqlalchemy import Connection, Inspector, Table, UniqueConstraint, inspect, text
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedIndex
from sqlalchemy.types import NullType

#: Words of SQLite in the making of a table or an index that change what it takes, or how it compares.
_RULES: Final = frozenset({"AUTOINCREMENT", "CHECK", "COLLATE", "CONFLICT", "DESC", "GENERATED", "STRICT"})
#: The table of the program that changes tables, which stands beside those of a register.
_UNREAD: Final = frozenset({"alembic_version"})
_SQLITE_PARTS: Final = text(
    "SELECT type, name, tbl_name FROM main.sqlite_master WHERE type != 'index' AND name NOT LIKE 'sqlite@_%' ESCAPE '@'"
)
_SQLITE_MAKING: Final = text("SELECT sql FROM main.sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL")
#: Of the tables of one schema: other programs may have tables in it.
_POSTGRESQL_PARTS: Final = text(
    "SELECT 'trigger', trigger_name, event_object_table FROM information_schema.triggers"
    " WHERE event_object_schema = current_schema()"
    " UNION SELECT 'rule', rulename, tablename FROM pg_rules WHERE schemaname = current_schema() AND rulename != '_RETURN'"
    " UNION SELECT 'view', viewname, viewname FROM pg_views WHERE schemaname = current_schema()"
)
_Part = tuple[str, str, str]


def list_strange_parts(connection: Connection, table_names: Collection[str]) -> Iterator[_Part]:
    """Yield kind, name and table of every trigger, rule, view and table that no node makes."""
    is_sqlite = connection.dialect.name == "sqlite"
    for kind, name, table_name in connection.execute(_SQLITE_PARTS if is_sqlite else _POSTGRESQL_PARTS):
        is_known_table = kind == "table" and (name in table_names or name in _UNREAD)
        if not is_known_table and (is_sqlite or table_name in table_names):
            yield kind, name, table_name


def find_differences(connection: Connection, table: Table) -> list[str]:
    """Say what a stored table lacks of its shape, and what it has beyond it."""
    stored_parts, expected_parts = (
        _describe_stored(connection, table.name),
        _describe_expected(connection, table),
    )
    lost = [f"its {part} is not there" for part in sorted(expected_parts - stored_parts)]
    return lost + [f"its {part} is none that a node makes" for part in sorted(stored_parts - expected_parts)]


def _describe_expected(connection: Connection, table: Table) -> set[str]:
    parts = {
        _describe_column(
            column.name, column.type.compile(connection.dialect), is_nullable=bool(column.nullable)
        )
        for column in table.columns
    }
    parts.add(f"primary key of {_list_names(column.name for column in table.primary_key)}")
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            parts.add(f"unique index of {_list_names(column.name for column in constraint.columns)}")
    for index in table.indexes:
        where = index.dialect_options[connection.dialect.name]["where"]
        names = [column.name for column in index.columns]
        parts.add(_describe_index(names, is_unique=bool(index.unique), is_partial=where is not None))
    for key in table.foreign_key_constraints:
        parts.add(f"foreign key of {_list_names(key.column_keys)} to {key.referred_table.name}")
    return parts


def _describe_stored(connection: Connection, name: str) -> set[str]:
    inspector = inspect(connection)
    parts = {_describe_stored_column(connection, column) for column in inspector.get_columns(name)}
    parts.add(f"primary key of {_list_names(inspector.get_pk_constraint(name)['constrained_columns'])}")
    parts |= set(_describe_stored_indexes(connection, inspector, name))
    for key in inspector.get_foreign_keys(name):
        parts.add(f"foreign key of {_list_names(key['constrained_columns'])} to {key['referred_table']}")
    if connection.dialect.name == "sqlite":
        makings = connection.execute(_SQLITE_MAKING, {"table": name}).scalars()
        parts |= {
            f"rule {word}" for making in makings for word in _RULES & set(re.findall(r"\w+", making.upper()))
        }
    else:
        parts |= {f"rule {check['name']}" for check in inspector.get_check_constraints(name)}
    return parts


def _describe_stored_column(connection: Connection, column: ReflectedColumn) -> str:
    default = column.get("default") or ""
    ending = "" if default.startswith("nextval(") else default
    if "computed" in column:
        ending = "generated"
    is_typed = not isinstance(column["type"], NullType)
    type_text = column["type"].compile(connection.dialect) if is_typed else "of no type"
    return _describe_column(column["name"], type_text, is_nullable=column["nullable"], ending=ending)


def _describe_stored_indexes(connection: Connection, inspector: Inspector, name: str) -> Iterator[str]:
    for constraint in inspector.get_unique_constraints(name):
        yield f"unique index of {_list_names(constraint['column_names'])}"
    for index in inspector.get_indexes(name):
        yield _describe_index(
            [column or "an expression" for column in index["column_names"]],
            is_unique=bool(index["unique"]),
            is_partial=_is_partial(connection, index),
        )


def _is_partial(connection: Connection, index: ReflectedIndex) -> bool:
    return index.get("dialect_options", {}).get(f"{connection.dialect.name}_where") is not None


def _describe_column(name: str, type_text: str, *, is_nullable: bool, ending: str = "") -> str:
    words = ["column", name, type_text, "" if is_nullable else "NOT NULL", ending and f"with {ending}"]
    return " ".join(word for word in words if word)


def _describe_index(names: Collection[str], *, is_unique: bool, is_partial: bool) -> str:
    start = "unique index" if is_unique else "index"
    return f"{start} of {_list_names(names)}" + (" for some rows" if is_partial else "")


def _list_names(names: Collection[str] | Iterator[str]) -> str:
    return ", ".join(names)
