"""A submission that several processes judge in small chunks has the end that it has in one."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from anchoring.errors import SubmissionRefused
from anchoring.intake import chunks
from anchoring.intake.intake import accept
from anchoring.processes.workers import Workers
from anchoring.register.store import Register
from anchoring.register.tables import CHANGE, METADATA, RECORD
from tests.databases import sqlite
from tests.fakes.department import NOW, SETTINGS, World, change, licence
from tests.unit.anchoring.intake.submitting import decoded, signed

ROWS = 7
Mend = Callable[[list[dict[str, Any]]], None]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with closing(Workers(2)) as workers:
        yield workers


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_CHUNK_ROWS", 2)
    monkeypatch.setattr(chunks, "MIN_PARALLEL_ROWS", 1)


def tell_end(folder: Path, world: World, submissions: list[list[bytes]], workers: Workers | None) -> object:
    """Return everything that a new register holds after some submissions, or why the last one is refused."""
    register = Register(sqlite(folder)(f"register-{workers is None}"))
    rules = replace(SETTINGS, workers=workers)
    try:
        for lines in submissions:
            accept(register, world.trust, lines, NOW, rules)
        with register.reading() as connection:
            return {
                table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
                for table in METADATA.sorted_tables
            }
    except SubmissionRefused as refusal:
        return refusal.problem, str(refusal), refusal.row_errors
    finally:
        register.close()


@pytest.mark.usefixtures("small_chunks")
def test_the_same_is_registered(tmp_path: Path, world: World, workers: Workers) -> None:
    first = world.department.lines(licence(number) for number in range(ROWS))
    ends = [tell_end(tmp_path, world, [first], judging) for judging in (None, workers)]
    assert ends[0] == ends[1]
    assert isinstance(ends[0], dict)
    assert len(ends[0][RECORD.name]) == ROWS


@pytest.mark.usefixtures("small_chunks")
def test_records_that_follow_others_come_through_processes_too(
    tmp_path: Path, world: World, workers: Workers
) -> None:
    rows = decoded(world, *(licence(number) for number in range(ROWS)))
    previous = {row["record"]["identifier"]: "sm3:" + row["leaf"] for row in rows}
    revocations = [
        change("revoke", number, previous=previous[licence(number)["identifier"]]) for number in range(ROWS)
    ]
    submissions = [signed(world, rows), world.department.lines(revocations)]
    ends = [tell_end(tmp_path, world, submissions, judging) for judging in (None, workers)]
    assert ends[0] == ends[1]
    assert isinstance(ends[0], dict)
    assert len(ends[0][CHANGE.name]) == ROWS


def reverse(rows: list[dict[str, Any]]) -> None:
    rows.reverse()


def exchange(rows: list[dict[str, Any]]) -> None:
    """Put the second row and the third into wrong order: they stand in different chunks."""
    rows[1], rows[2] = rows[2], rows[1]


def double(rows: list[dict[str, Any]]) -> None:
    """Let the same record stand at the end of one chunk and the beginning of the next."""
    rows[2] = json.loads(json.dumps(rows[1]))


def spoil_one(rows: list[dict[str, Any]]) -> None:
    rows[3]["record"]["kind"] = "permit"


def spoil_all(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        row["record"]["colour"] = "red"


FAULTS: dict[str, tuple[Mend, str]] = {
    "reversed": (reverse, "wrong-order"),
    "exchanged": (exchange, "wrong-order"),
    "doubled": (double, "record-twice"),
    "one row": (spoil_one, "malformed-row"),
    "every row": (spoil_all, "malformed-row"),
}


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("row_count", [ROWS, 130])
def test_the_same_is_refused(
    tmp_path: Path, world: World, workers: Workers, name: str, row_count: int
) -> None:
    mend, problem = FAULTS[name]
    rows = decoded(world, *(licence(number) for number in range(row_count)))
    mend(rows)
    lines = signed(world, rows)
    ends = [tell_end(tmp_path, world, [lines], judging) for judging in (None, workers)]
    assert ends[0] == ends[1]
    assert ends[0][0] == problem  # type: ignore[index]


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("line_count", [1, 3, 5, ROWS, ROWS + 2, ROWS + 3])
def test_other_numbers_of_rows_than_were_signed(
    tmp_path: Path, world: World, workers: Workers, line_count: int
) -> None:
    lines = world.department.lines(licence(number) for number in range(ROWS))
    more_lines = [*lines, b"not a row", b""]
    ends = [tell_end(tmp_path, world, [more_lines[:line_count]], judging) for judging in (None, workers)]
    assert ends[0] == ends[1]
    assert ends[0][0] == "wrong-count"  # type: ignore[index]


@pytest.mark.usefixtures("small_chunks")
def test_a_salt_that_two_chunks_share(tmp_path: Path, world: World, workers: Workers) -> None:
    drawn_values = iter([bytes([number]) * 3 + world.department.random(13) for number in range(1, 40)])
    values = [next(drawn_values) for _ in range(2 * ROWS)]
    values[3] = values[13]
    random = iter(values)
    world.department.random = lambda count: next(random) if count == 16 else bytes(count)
    lines = world.department.lines(licence(number) for number in range(ROWS))
    ends = [tell_end(tmp_path, world, [lines], judging) for judging in (None, workers)]
    assert ends[0] == ends[1]
    assert ends[0][0] == "salt-reused"  # type: ignore[index]
