"""What a process says of itself, kept beside the replica at little cost.

It never stands in the way of the process.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event

from anchoring.database.engine import open_engine, open_snapshot
from anchoring.errors import ChainBehind, ChainUnavailable
from anchoring.processes.condition import REPORT_SECONDS, Condition, Reporter, read_conditions
from tests.databases import NewDatabase


@pytest.fixture
def engine(new_database: NewDatabase) -> Iterator[Engine]:
    made = open_engine(new_database("replica"))
    yield made
    made.dispose()


class Clock:
    """A clock that the test turns."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def told(engine: Engine) -> list[Condition]:
    with open_snapshot(engine) as connection:
        return list(read_conditions(connection))


def test_nothing_is_known_before_anybody_spoke(engine: Engine) -> None:
    assert told(engine) == []


def test_an_error_has_lasted_since_it_was_first_of_its_kind(engine: Engine) -> None:
    clock = Clock()
    reporter = Reporter(engine, "follower", clock)
    expected = []
    for now, error in (
        (1000, None),
        (1001, ChainUnavailable("one")),
        (1002, ChainUnavailable("two")),
        (1003, ChainBehind("late")),
        (1004, None),
        (1005, ChainUnavailable("three")),
    ):
        clock.now = now
        reporter.tell(error)
        [said] = told(engine)
        expected.append((said.kind, said.error, said.since))
    assert expected == [
        ("", "", None),
        ("ChainUnavailable", "one", 1001),
        ("ChainUnavailable", "two", 1001),
        ("ChainBehind", "late", 1003),
        ("", "", None),
        ("ChainUnavailable", "three", 1005),
    ]


def test_what_lasts_outlives_a_restart(engine: Engine) -> None:
    Reporter(engine, "follower", lambda: 1000).tell(ChainUnavailable("no answer"))
    Reporter(engine, "follower", lambda: 1100).tell(ChainUnavailable("no answer"))
    [said] = told(engine)
    assert (said.since, said.seen) == (1000, 1100)


def test_what_says_nothing_new_is_written_seldom(engine: Engine) -> None:
    writes: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT"):
            writes.append(statement)

    clock = Clock()
    reporter = Reporter(engine, "follower", clock)
    for _ in range(40):
        reporter.tell(activity="following", progress=(7, 7))
        clock.now += 0.5
    assert len(writes) == 20 / REPORT_SECONDS
    clock.now -= 3600
    reporter.tell(activity="following", progress=(7, 7))
    assert told(engine)[0].seen == int(clock.now), "a clock that was set back is believed"


def test_processes_do_not_disturb_one_another(engine: Engine) -> None:
    for name in ("follower", "anchorer"):
        Reporter(engine, name, lambda: 1000).tell()
    assert [said.name for said in told(engine)] == ["anchorer", "follower"]


def test_a_report_that_cannot_be_written_is_left_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('x') / 'no' / 'replica.db'}")
    Reporter(engine, "follower").tell(ChainUnavailable("no answer"))


def test_what_an_endpoint_sent_can_be_kept(engine: Engine) -> None:
    Reporter(engine, "follower").tell(ChainUnavailable("said \0\ud800 顺"))
    assert told(engine)[0].error == "said ? 顺"


def test_a_long_error_is_cut(engine: Engine) -> None:
    Reporter(engine, "follower").tell(ChainUnavailable("x" * 10**6))
    assert len(told(engine)[0].error) == 1000
