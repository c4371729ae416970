"""An audit says the same, byte for byte, whether one process works on it or several."""

from dataclasses import replace
from pathlib import Path

import pytest

from anchoring.audit.register import lineages
from ledger.encoding.canonical import encode_canonical
from ledger.verification.audits import AuditStatement
from tests.drill.stage import REGISTER, Copy, Stage

#: Damage of every sort that the replay of lineages finds, in lineages far from one another.
STATEMENTS = (
    "UPDATE record SET leaf = zeroblob(32) WHERE position = 2",
    "UPDATE record SET body = x'00' WHERE position = 5",
    "UPDATE disclosure SET content = CAST('{}' AS BLOB) WHERE position = 3",
    "UPDATE lineage SET status = 4 WHERE first = 0",
    "DELETE FROM lineage WHERE first = 9",
    "CREATE TABLE stray AS SELECT * FROM lineage WHERE first = 0",
    "UPDATE stray SET first = 77, name = 'none'",
    "INSERT INTO lineage SELECT * FROM stray",
    "DROP TABLE stray",
    "UPDATE status_change SET status = 5 WHERE record = (SELECT min(record) FROM status_change)",
)


@pytest.fixture
def damaged_copy(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Copy:
    monkeypatch.setattr(lineages, "MIN_PARALLEL_RECORDS", 0)
    monkeypatch.setattr(lineages, "_CHUNK_RECORDS", 2)
    copy = stage.copy(tmp_path)
    copy.execute(REGISTER, *STATEMENTS)
    return copy


def write_report(copy: Copy, processes: int) -> bytes:
    """Return what the audit's signature covers."""
    report = replace(copy, processes=processes).audit()
    statement = AuditStatement(
        copy.expected.registry,
        copy.expected.log or "",
        copy.stage.now,
        report.standing,
        report.checked_counts,
        report.findings,
        report.remarks,
        report.unchecked_findings,
        report.unlisted_count,
        copy.stage.own_key.public.spki,
    )
    return encode_canonical(statement.to_json()) + repr(list(report.checked_counts.items())).encode()


def test_several_processes_say_what_one_says(damaged_copy: Copy) -> None:
    report_of_one = write_report(damaged_copy, 1)
    assert report_of_one.count(b'"slug"') > len(STATEMENTS)
    assert write_report(damaged_copy, 3) == report_of_one
