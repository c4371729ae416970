"""Untouched copies and working nodes give no finding; what a killed node left is read."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from anchoring.audit.findings import AuditReport
from anchoring.checkpoints.store import Checkpoints
from tests.drill.stage import CHECKPOINTS, REGISTER, REPLICA, Copy, Stage, list_slugs
from tests.fakes.department import licence
from tests.fakes.issuing import City

ALWAYS_REMARKED: Final = {"waiting", "not-final", "receipt-pending"}


AUDITS: Final = 20


def audit_untouched(stage: Stage, folder: Path) -> tuple[Copy, AuditReport]:
    copy = stage.copy(folder)
    copy.peers, copy.receipts = stage.peers, stage.receipts
    return copy, copy.audit()


def test_an_untouched_copy_gives_nothing_and_stays_as_it_is(stage: Stage, tmp_path: Path) -> None:
    copy, report = audit_untouched(stage, tmp_path)
    assert (report.findings, report.unchecked_findings) == ((), ())
    assert list_slugs(report.remarks) == ALWAYS_REMARKED
    assert copy.contents() == stage.copy(tmp_path).contents()


def test_a_promise_without_a_stored_receipt_is_remarked(stage: Stage, tmp_path: Path) -> None:
    copy = stage.copy(tmp_path)
    copy.execute(REGISTER, "UPDATE submission SET receipt = NULL WHERE first = 6")
    remarks = {remark.slug: remark for remark in copy.audit().remarks}
    assert remarks["receipt-unsigned"].place == "position 6"
    assert remarks["receipt-unsigned"].table == "submission"


def test_a_read_only_medium_is_audited(stage: Stage, tmp_path: Path) -> None:
    copy = stage.copy(tmp_path)
    for file in tmp_path.iterdir():
        file.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert copy.audit().findings == ()
    finally:
        tmp_path.chmod(0o755)
    assert sorted(copy.contents()) == [CHECKPOINTS, REGISTER, REPLICA]


@pytest.mark.parametrize("with_index", [False, True])
def test_a_copy_taken_with_its_write_ahead_log_is_read_to_its_end(
    stage: Stage, tmp_path: Path, with_index: bool
) -> None:
    """A node that was killed leaves what it wrote last in the log: without it a record more would be missing."""
    (tmp_path / "working").mkdir()
    (tmp_path / "copied").mkdir()
    copy = stage.copy(tmp_path / "working")
    connection = sqlite3.connect(copy.folder / REGISTER)
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("UPDATE record SET leaf = zeroblob(32) WHERE position = 3")
    connection.commit()
    for file in (REGISTER, f"{REGISTER}-wal", REPLICA, CHECKPOINTS):
        shutil.copyfile(copy.folder / file, tmp_path / "copied" / file)
    copied = replace(copy, folder=tmp_path / "copied")
    if with_index:
        shutil.copyfile(copy.folder / f"{REGISTER}-shm", tmp_path / "copied" / f"{REGISTER}-shm")
    contents = copied.contents()
    assert "record-altered" in list_slugs(copied.audit().findings)
    assert copied.contents() == contents
    connection.close()


def test_a_journal_left_beside_is_played_back_in_a_copy(stage: Stage, tmp_path: Path) -> None:
    """A journal takes back what was committed as soon as somebody opens the file to write: the node would."""
    copy = stage.copy(tmp_path)
    file, journal = copy.folder / REGISTER, copy.folder / f"{REGISTER}-journal"
    sound_content = file.read_bytes()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for setting in ("journal_mode = DELETE", "cache_size = 1"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("UPDATE record SET leaf = zeroblob(32) WHERE position = 3")
        connection.execute("BEGIN")
        connection.execute("UPDATE record SET body = body, leaf = randomblob(32)")
        connection.execute("UPDATE disclosure SET content = content")
        journal_content = journal.read_bytes()
        connection.execute("ROLLBACK")
    file.write_bytes(sound_content)
    journal.write_bytes(journal_content)
    contents = copy.contents()
    assert "record-altered" in list_slugs(copy.audit().findings)
    assert copy.contents() == contents
    journal.write_bytes(b"text, not a journal" * 99)
    assert copy.audit().findings == ()


def test_a_deleted_replica_is_replaced_by_what_the_chain_says(stage: Stage, tmp_path: Path) -> None:
    copy = stage.copy(tmp_path)
    (tmp_path / REPLICA).unlink()
    report = copy.audit()
    assert report.findings == ()
    assert report.checked_counts["statuses"] == 13
    copy.execute(REGISTER, "DELETE FROM batch WHERE sequence = 3")
    assert "batch-missing" in list_slugs(copy.audit().findings)


def test_an_older_schema_is_told_and_left_as_it_is(stage: Stage, tmp_path: Path) -> None:
    copy = stage.copy(tmp_path)
    copy.execute(REGISTER, "UPDATE alembic_version SET version_num = '0003'")
    contents = copy.contents()
    report = copy.audit()
    assert [(unchecked.slug, unchecked.place) for unchecked in report.unchecked_findings] == [
        ("schema-other", "register")
    ]
    assert copy.contents() == contents


def test_a_working_node_gives_no_finding(tmp_path: Path) -> None:
    """Twenty audits while the node takes in, anchors and follows."""
    from anchoring.audit.audit import AuditEvidence, Expected
    from anchoring.audit.node import DatabaseUrls, audit_node

    city = City(tmp_path)
    checkpoints = Checkpoints(f"sqlite:///{tmp_path / CHECKPOINTS}")
    places = DatabaseUrls(city.urls[1], f"sqlite:///{tmp_path / CHECKPOINTS}", city.urls[0])
    expected = Expected(city.registry, "tianmen")
    for number in range(AUDITS):
        city.submit(licence(number))
        city.anchorer.step()
        city.chain.mine(1)
        if number % 3:
            city.follow()
        report = audit_node(places, expected, now=city.chain.now, evidence=AuditEvidence(city.chain))
        assert report.findings == (), report.findings
    checkpoints.close()
    city.stop()
