"""Damage of the schemas of all three databases."""

from typing import Final

from tests.drill.damages.damage import checkpoints, drop_table, register, replica
from tests.drill.stage import CHECKPOINTS, REGISTER, REPLICA

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
