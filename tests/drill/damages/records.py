"""Damage of a register's records, lineages, changes, disclosures and links."""

from typing import Final

from tests.drill.damages.damage import Row, double, register, swap
from tests.drill.stage import REGISTER

RECORD = Row(REGISTER, "record", "position = 3", "position 3", "position 3")
LINEAGE = Row(REGISTER, "lineage", "first = 3", "lineage", "first 3")
CHANGE = Row(REGISTER, "status_change", "record = 6", "position 6", "record 6")
DISCLOSURE = Row(REGISTER, "disclosure", "position = 3", "position 3", "position 3")
LINK = Row(REGISTER, "link", "record = 14", "position 14", "record 14")

RECORDS: Final = {
    "record deleted": RECORD.delete("record-missing"),
    "newest record deleted": register(
        "record-missing", "record", "position 19", "DELETE FROM record WHERE position = 19"
    ),
    "all records deleted": register("record-missing", "record", "position 0", "DELETE FROM record"),
    "record doubled": register("record-twice", "record", "record", *double("record", "*", "position = 3")),
    "record beyond all": register(
        "record-stray",
        "record",
        "position 99",
        "INSERT INTO record SELECT 99, zeroblob(32), lineage, body FROM record WHERE position = 3",
    ),
    "records swapped": register("record-order", "record", "position", *swap("record", "position", 2, 3)),
    "record changed": RECORD.replace("record-altered", "body", "2022-03-28", "2022-03-29"),
    "record of another issuer": RECORD.replace(
        "issuer-mismatch", "body", "11429006012345671T", "11429006012345672R"
    ),
    "record unreadable": RECORD.set("record-altered", "body = x'7b'"),
    "record emptied": RECORD.set("record-altered", "body = x''"),
    "record as text": RECORD.set_impossible("body = 'x'"),
    "leaf changed": RECORD.set("record-altered", "leaf = zeroblob(32)"),
    "leaf as text": RECORD.set_impossible("leaf = 'x'"),
    "record in another lineage": register(
        "lineage-broken", "record", "lineage", "UPDATE record SET lineage = 1 WHERE position = 0"
    ),
    "record in no lineage": register(
        "lineage-altered", "lineage", "lineage", "UPDATE record SET lineage = 98 WHERE position = 3"
    ),
    "record with text for a lineage": RECORD.set_impossible("lineage = 'x'"),
}

LINEAGES: Final = {
    "lineage deleted": LINEAGE.delete("lineage-altered"),
    "lineage invented": register(
        "lineage-stray",
        "lineage",
        "lineage x",
        "INSERT INTO lineage SELECT 99, 'x', kind, issuer, identifier, tip, current, position, 0 FROM lineage LIMIT 1",
    ),
    "lineage doubled": register("lineage-twice", "lineage", "lineage", *double("lineage", "*", "first = 3")),
    "lineage of another name": LINEAGE.set("lineage-altered", "name = 'y'"),
    "lineage of another kind": LINEAGE.set("lineage-altered", "kind = 'seal'"),
    "lineage of another issuer": LINEAGE.set("lineage-altered", "issuer = 'x'"),
    "lineage's identifier changed": LINEAGE.set("lineage-altered", "identifier = 'x'"),
    "lineage's tip changed": LINEAGE.set("lineage-altered", "tip = zeroblob(32)"),
    "lineage's current changed": LINEAGE.set("lineage-altered", "current = zeroblob(32)"),
    "lineage's position changed": LINEAGE.set("lineage-altered", "position = 4"),
    "lineage's status changed": LINEAGE.set("lineage-altered", "status = 1"),
    "lineage of an impossible status": LINEAGE.set_impossible("status = 77"),
    "lineage with text for a tip": LINEAGE.set_impossible("tip = 'x'"),
}

CHANGES: Final = {
    "change deleted": CHANGE.delete("change-altered"),
    "change pair deleted": register(
        "change-altered", "status_change", "position 6", "DELETE FROM status_change WHERE record IN (6, 11)"
    ),
    "suspend and resume deleted with their records": register(
        "record-missing",
        "record",
        "position 6",
        "DELETE FROM status_change WHERE record IN (6, 11)",
        "DELETE FROM record WHERE position IN (6, 11)",
    ),
    "all changes deleted": register(
        "change-altered", "status_change", "position 8", "DELETE FROM status_change"
    ),
    "change to another status": CHANGE.set("change-altered", "status = 4"),
    "change of another position": CHANGE.set("change-altered", "position = 5"),
    "change to an impossible status": CHANGE.set("change-altered", "status = 77"),
    "change by no record": register(
        "change-stray", "status_change", "position 99", "INSERT INTO status_change VALUES (99, 3, 1)"
    ),
    "change by an issue": register(
        "change-stray", "status_change", "", "INSERT INTO status_change VALUES (10, 3, 1)"
    ),
    "changes swapped": register(
        "change-altered", "status_change", "position 6", *swap("status_change", "record", 6, 7)
    ),
}

DISCLOSURES: Final = {
    "disclosure changed": DISCLOSURE.replace("disclosure-altered", "content", "营业", "经营"),
    "disclosure unreadable": DISCLOSURE.set("disclosure-altered", "content = x'7b'"),
    "disclosure as text": DISCLOSURE.set_impossible("content = '{}'"),
    "disclosure of nothing": register(
        "disclosure-stray",
        "disclosure",
        "position 99",
        "INSERT INTO disclosure SELECT 99, content FROM disclosure WHERE position = 3",
    ),
    "disclosures swapped": register(
        "disclosure-altered", "disclosure", "position 2", *swap("disclosure", "position", 2, 3)
    ),
}

LINKS: Final = {
    "links deleted": register("link-missing", "link", "position 14", "DELETE FROM link"),
    "link of another relation": LINK.set("link-altered", "rel = 'x'"),
    "link to another record": LINK.set("link-altered", "target = zeroblob(32)"),
    "link by another record": LINK.set("link-stray", "record = 3", place="position 3"),
    "link invented": register(
        "link-stray", "link", "position 0", "INSERT INTO link VALUES (zeroblob(32), 0, 'made-with')"
    ),
    "link to text": LINK.set_impossible("target = 'x'"),
}
