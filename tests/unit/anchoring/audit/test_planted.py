"""The audit names all damage that is planted in a register or a replica."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from anchoring.register.submissions import list_submissions
from anchoring.register.tables import SUBMISSION
from anchoring.replica.store import Replica
from tests.auditing import audit
from tests.fakes.issuing import City
from tests.unit.anchoring.audit.planting import audited, copy_database, planted


def replaced(table: str, column: str, old: str, new: str, where: str) -> str:
    return f"UPDATE {table} SET {column} = CAST(replace(CAST({column} AS TEXT), '{old}', '{new}') AS BLOB) WHERE {where}"


#: What is done to the register, as SQL, and the slugs that this must give at least.
PLANTS: dict[str, tuple[str, set[str]]] = {
    "batch lost": ("DELETE FROM batch WHERE sequence = 2", {"batch-missing"}),
    "newest batch lost": ("DELETE FROM batch WHERE sequence = 3", {"batch-missing"}),
    "payload cut": (
        "UPDATE batch SET payload = substr(payload, 1, 100) WHERE sequence = 2",
        {"batch-altered"},
    ),
    "payloads swapped": (
        "UPDATE batch SET payload = (SELECT payload FROM batch WHERE sequence = 1) WHERE sequence = 2",
        {"batch-altered", "anchor-differs"},
    ),
    "final before anchored": (
        "INSERT INTO batch SELECT 4, payload, frozen, 'final' FROM batch WHERE sequence = 3",
        {"anchor-missing", "batch-altered"},
    ),
    "submission put into another batch": (
        "UPDATE submission SET batch = 3 WHERE first = 10",
        {"position-gap", "batch-size", "batch-root"},
    ),
    "submission put into no batch": ("UPDATE submission SET batch = NULL WHERE first = 10", {"batch-root"}),
    "submission put into a batch that is not there": (
        "UPDATE submission SET batch = 9 WHERE first = 10",
        {"batch-missing", "batch-root"},
    ),
    "waiting submission said to be anchored": (
        "UPDATE submission SET batch = 3 WHERE first = 13",
        {"batch-size", "batch-root"},
    ),
    "submission lost": (
        "DELETE FROM submission WHERE first = 6",
        {"position-gap", "record-stray", "batch-root"},
    ),
    "waiting submission lost": ("DELETE FROM submission WHERE first = 13", {"log-size", "record-stray"}),
    "entry altered": (
        replaced("submission", "entry", 'Z"', '0"', "first = 6"),
        {"entry-altered"},
    ),
    "entry of another second": (
        replaced("submission", "entry", '"accepted":"2026', '"accepted":"2025', "first = 6"),
        {"entry-altered", "batch-root"},
    ),
    "signature of another statement": (
        replaced("submission", "entry", '"signature":"', '"signature":"A', "first = 13"),
        {"entry-altered"},
    ),
    "count altered": (
        "UPDATE submission SET count = 3 WHERE first = 13",
        {"entry-altered", "log-size", "record-missing"},
    ),
    "root altered": (
        "UPDATE submission SET root = zeroblob(32) WHERE first = 6",
        {"entry-altered", "submission-root"},
    ),
    "record lost": (
        "DELETE FROM record WHERE position = 3",
        {"record-missing", "submission-root", "lineage-stray"},
    ),
    "record where none belongs": (
        "INSERT INTO record SELECT 99, zeroblob(32), lineage, body FROM record WHERE position = 3",
        {"record-stray", "record-altered"},
    ),
    "record altered": (
        replaced("record", "body", "2022-03-28", "2022-03-29", "position = 3"),
        {"record-altered"},
    ),
    "record of another issuer": (
        replaced("record", "body", "11429006012345671T", "11429006012345672R", "position = 3"),
        {"record-altered", "issuer-mismatch"},
    ),
    "record that is none": ("UPDATE record SET body = x'7b' WHERE position = 3", {"record-altered"}),
    "leaf altered": (
        "UPDATE record SET leaf = zeroblob(32) WHERE position = 3",
        {"record-order", "record-altered", "submission-root"},
    ),
    "record in another lineage": (
        "UPDATE record SET lineage = (SELECT lineage FROM record WHERE position = 1) WHERE position = 0",
        {"lineage-broken"},
    ),
    "disclosure altered": (
        replaced("disclosure", "content", "营业", "经营", "position = 3"),
        {"disclosure-altered"},
    ),
    "disclosure that is none": (
        "UPDATE disclosure SET content = x'7b' WHERE position = 3",
        {"disclosure-altered"},
    ),
    "disclosure of nothing": (
        "INSERT INTO disclosure SELECT 99, content FROM disclosure WHERE position = 3",
        {"disclosure-stray"},
    ),
    "lineage lost": ("DELETE FROM lineage WHERE first = 3", {"lineage-altered"}),
    "lineage altered": ("UPDATE lineage SET status = 1 WHERE first = 3", {"lineage-altered"}),
    "lineage of nothing": (
        "INSERT INTO lineage SELECT 99, 'x', kind, issuer, identifier, tip, current, position, 0 FROM lineage LIMIT 1",
        {"lineage-stray"},
    ),
    "tip altered": ("UPDATE lineage SET tip = zeroblob(32) WHERE first = 3", {"lineage-altered"}),
    "change lost": (
        "DELETE FROM status_change WHERE record = (SELECT min(record) FROM status_change)",
        {"change-altered", "batch-changes", "batch-status-root"},
    ),
    "change altered": (
        "UPDATE status_change SET status = 7 WHERE record = (SELECT min(record) FROM status_change)",
        {"change-altered", "batch-changes", "batch-status-root"},
    ),
    "change to no status": (
        "UPDATE status_change SET status = 77 WHERE record = (SELECT min(record) FROM status_change)",
        {"change-altered", "batch-changes"},
    ),
    "change by nothing": ("INSERT INTO status_change VALUES (99, 3, 1)", {"change-stray"}),
    "change by an issue": ("INSERT INTO status_change VALUES (14, 3, 1)", {"change-stray"}),
    "log of another size": ("UPDATE log SET size = 14", {"log-size"}),
    "log of another suite": ("UPDATE log SET suite = 2", {"log-altered"}),
    "log of another registry": ("UPDATE log SET registry_name = 'eip155:1:0x00:00'", {"other-registry"}),
    "transaction altered": (
        "UPDATE signed_transaction SET raw = x'00' WHERE sequence = 2",
        {"transaction-altered"},
    ),
    "transaction of another batch": (
        "UPDATE signed_transaction SET sequence = 1 WHERE sequence = 2",
        {"transaction-altered"},
    ),
    "number of changes altered": ("UPDATE submission SET changes = 7 WHERE first = 6", {"changes-altered"}),
    "text where a number belongs": (
        "UPDATE submission SET count = 'x' WHERE first = 6",
        {"value-impossible"},
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_planted_is_found(city: City, plant: str, tmp_path: Path) -> None:
    statement, expected = PLANTS[plant]
    with planted(city, tmp_path, statement) as register:
        report = audited(city, register)
    assert expected <= {finding.slug for finding in report.findings}, report.findings


def without_uniqueness(table: str) -> list[str]:
    return [
        f"CREATE TABLE loose AS SELECT * FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE loose RENAME TO {table}",
    ]


def test_what_stands_twice_is_found_even_where_the_database_let_it_pass(city: City, tmp_path: Path) -> None:
    loose = [step for table in ("submission", "record", "lineage") for step in without_uniqueness(table)]
    same = "UPDATE {0} SET {1} = (SELECT {1} FROM {0} WHERE {2} = 14) WHERE {2} = 13"
    copies = [same.format(*of) for of in (("record", "leaf", "position"), ("lineage", "name", "first"))]
    copies.append(
        "UPDATE submission SET root = (SELECT root FROM submission WHERE first = 11) WHERE first = 13"
    )
    with planted(city, tmp_path, *loose, *copies) as register:
        found = {finding.slug for finding in audited(city, register).findings}
    assert {"root-twice", "record-twice", "lineage-twice"} <= found


def test_a_history_that_was_rolled_back_in_all_its_tables_is_found_by_the_chain(
    city: City, tmp_path: Path
) -> None:
    """Licence 1 was suspended and resumed: the register forgets the second, the chain does not."""
    with planted(
        city,
        tmp_path,
        "DELETE FROM record WHERE position = (SELECT max(record) FROM status_change)",
        "UPDATE lineage SET status = 1, tip = (SELECT leaf FROM record WHERE position = (SELECT min(record) FROM "
        "status_change AS c WHERE c.position = lineage.position)) WHERE position = (SELECT position FROM status_change "
        "ORDER BY record DESC LIMIT 1)",
        "DELETE FROM status_change WHERE record = (SELECT max(record) FROM status_change)",
    ) as register:
        found = {finding.slug for finding in audited(city, register).findings}
    assert {"status-differs", "batch-changes", "record-missing"} <= found
    assert "lineage-altered" not in found


def test_a_signature_of_nobody_is_found_before_it_is_anchored(city: City, tmp_path: Path) -> None:
    with planted(city, tmp_path) as register:
        with register.writing() as connection:
            held = list_submissions(connection, after=12)[0]
            forged = replace(held.entry, signature=bytes(63) + b"\1")
            connection.execute(
                update(SUBMISSION).where(SUBMISSION.c.first == 13).values(entry=forged.encode())
            )
        found = {finding.slug for finding in audited(city, register).findings}
    assert found == {"signature-bad"}


def test_what_waits_for_a_turn_outside_of_its_window_is_found(city: City, tmp_path: Path) -> None:
    with planted(city, tmp_path, "UPDATE batch SET sequence = 500 WHERE sequence = 3") as register:
        found = [finding for finding in audited(city, register).findings if finding.slug == "outside-window"]
    assert "for the sequences 4 to 260, its turn is 501" in found[0].text


def test_a_damaged_replica_is_found(city: City, tmp_path: Path) -> None:
    copy = tmp_path / "replica.db"
    copy_database(city.replica.engine, copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE anchor SET size = size + 1 WHERE sequence = 1")
        connection.execute("UPDATE state SET quarantine = 'a reason'")
    replica = Replica(f"sqlite:///{copy}")
    with replica.reading(quarantined=True) as reading:
        report = audit(reading, city.register, now=city.chain.now)
    found = [(finding.slug, finding.place) for finding in report.findings]
    assert found[:2] == [("quarantined", "state"), ("fact-altered", "log tianmen, sequence 1")]
    assert report.checked_counts["records"] == 15, "damage of the replica does not hide the register"
    replica.close()
