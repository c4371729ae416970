"""Damage of the schemas of all three databases."""

from typing import Final

from tests.drill.damages.damage import Damage, checkpoints, drop_table, register, replica
from tests.drill.stage import CHECKPOINTS, REGISTER, REPLICA


def remake(table: str, old: str, new: str) -> Damage:
    """Let a register's table be made by other words of SQL than a node's, with the same rows and indexes."""
    words = f"WHERE type = 'table' AND name = '{table}'"
    return register(
        "schema-altered",
        table,
        f"table {table}",
        "PRAGMA writable_schema = 1",
        f"UPDATE sqlite_master SET sql = replace(sql, '{old}', '{new}') {words} AND instr(sql, '{old}')",
    )


def index_otherwise(index: str, columns: str) -> Damage:
    table = columns.partition(" ")[0]
    return register(
        "schema-altered",
        table,
        f"table {table}",
        f"DROP INDEX {index}",
        f"CREATE INDEX {index} ON {columns}",
    )


SCHEMAS: Final = {
    "trigger on submissions": register(
        "schema-altered",
        "submission",
        "trigger t",
        "CREATE TRIGGER t AFTER INSERT ON submission BEGIN DELETE FROM record WHERE position = 0; END",
    ),
    "view beside the tables": register(
        "schema-altered", "v", "view v", "CREATE VIEW v AS SELECT * FROM record"
    ),
    "view in place of a table": register(
        "schema-altered",
        "link",
        "view link",
        "ALTER TABLE link RENAME TO loose",
        "CREATE VIEW link AS SELECT * FROM loose",
    ),
    "table that nobody needs": register(
        "schema-altered", "stray", "table stray", "CREATE TABLE stray (x INTEGER PRIMARY KEY AUTOINCREMENT)"
    ),
    "table that nobody needs, in the replica": replica(
        "schema-altered", "stray", "table stray", "CREATE TABLE stray (x)"
    ),
    "table that nobody needs, in the checkpoints": checkpoints(
        "schema-altered", "stray", "table stray", "CREATE TABLE stray (x)"
    ),
    "column added": register(
        "schema-altered", "record", "table record", "ALTER TABLE record ADD COLUMN x TEXT"
    ),
    "column that is computed": register(
        "schema-altered",
        "record",
        "table record",
        "ALTER TABLE record ADD COLUMN x INTEGER GENERATED ALWAYS AS (position + 1) VIRTUAL",
    ),
    "column of another type": remake("record", "leaf BLOB", "leaf TEXT"),
    "column that may be null": remake("record", "leaf BLOB NOT NULL", "leaf BLOB"),
    "column with a default": remake("submission", "receipt BLOB", "receipt BLOB DEFAULT 7"),
    "column that compares otherwise": remake(
        "lineage", "name VARCHAR NOT NULL", "name VARCHAR NOT NULL COLLATE NOCASE"
    ),
    "key that replaces what stands there": remake(
        "record", "UNIQUE (leaf)", "UNIQUE (leaf) ON CONFLICT REPLACE"
    ),
    "rule that refuses rows": remake("link", "PRIMARY KEY", "CHECK (record < 1000), PRIMARY KEY"),
    "foreign key taken away": remake(
        "look", "FOREIGN KEY(token) REFERENCES token (id)", "CONSTRAINT key_of_none CHECK (1)"
    ),
    "index of some rows alone": index_otherwise("ix_record_lineage", "record (lineage) WHERE position > 100"),
    "index that compares otherwise": index_otherwise(
        "ix_submission_issuer", "submission (issuer COLLATE NOCASE)"
    ),
    "index that refuses rows": register(
        "schema-altered", "batch", "table batch", "CREATE UNIQUE INDEX u ON batch (state, sequence)"
    ),
    "mark of the revision deleted": register(
        "schema-altered", "alembic_version", "table alembic_version", "DELETE FROM alembic_version"
    ),
    "mark of the revision dropped": drop_table(REGISTER, "alembic_version"),
    "mark of another revision beside it": register(
        "schema-altered",
        "alembic_version",
        "table alembic_version",
        "INSERT INTO alembic_version VALUES ('0001')",
    ),
    "mark of the copies deleted": replica(
        "schema-altered", "published_schema", "table published_schema", "DELETE FROM published_schema"
    ),
    "mark of other copies beside it": replica(
        "schema-altered",
        "published_schema",
        "table published_schema",
        "INSERT INTO published_schema VALUES (1)",
    ),
    "index of records dropped": register(
        "schema-altered", "record", "table record", "DROP INDEX ix_record_lineage"
    ),
    "index of submissions dropped": register(
        "schema-altered", "submission", "table submission", "DROP INDEX ix_submission_batch"
    ),
    "link table dropped": drop_table(REGISTER, "link"),
    "lease table dropped": drop_table(REGISTER, "lease"),
    "submission table dropped": drop_table(REGISTER, "submission"),
    "log table dropped": drop_table(REGISTER, "log"),
    "column dropped": register(
        "schema-altered", "submission", "table submission", "ALTER TABLE submission DROP COLUMN warnings"
    ),
    "trigger in the replica": replica(
        "schema-altered",
        "event",
        "trigger t",
        "CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM anchor; END",
    ),
    "index of void anchors dropped": replica(
        "schema-altered", "anchor", "table anchor", "DROP INDEX anchor_void"
    ),
    "anchor table dropped": drop_table(REPLICA, "anchor"),
    "trigger in the checkpoints": checkpoints(
        "schema-altered",
        "cosignature",
        "trigger t",
        "CREATE TRIGGER t AFTER INSERT ON cosignature BEGIN DELETE FROM fork; END",
    ),
    "fork table dropped": drop_table(CHECKPOINTS, "fork"),
}
