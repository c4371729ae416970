"""Processes that use one register or one replica at the same moment, on both databases.

SQLite lets one writer in at a time; PostgreSQL lets them all in, and only what each of them holds keeps them apart. So every
test sets two of them against each other, with the first in the middle of its transaction.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import func, select

from anchoring.errors import CursorMoved, SubmissionRefused
from anchoring.intake.intake import accept
from anchoring.intake.writing import RecordWriter
from anchoring.register.batches import hold_log
from anchoring.register.migrations import NEWEST_REVISION
from anchoring.register.store import Register
from anchoring.register.submissions import Acceptance, find_submission, read_leaves
from anchoring.register.tables import SUBMISSION
from anchoring.replica.store import Replica
from ledger.registry.acts import build_registry_name, compute_head_zero
from tests.databases import NewDatabase
from tests.fakes.department import NOW, SETTINGS, World, change, licence
from tests.fakes.issuing import City

T = TypeVar("T")
MOMENT = 0.1  # seconds after which a thread that could go on would have gone on


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


@contextmanager
def first_in(register: Register, world: World) -> Iterator[None]:
    """Hold the log, as an intake or a freezing batch does that began earlier."""
    state = world.trust.find_log("tianmen")
    assert state
    with register.writing() as connection:
        hold_log(connection, state, world.trust, NOW)
        yield


def waiting(started: Future[T]) -> Future[T]:
    """Check that a thread waits for its turn."""
    with pytest.raises(TimeoutError):
        started.result(MOMENT)
    return started


def take(register: Register, world: World, lines: list[bytes]) -> Callable[[], Acceptance]:
    return lambda: accept(register, world.trust, lines, NOW, SETTINGS)


def test_two_processes_make_one_register(new_database: NewDatabase, threads: ThreadPoolExecutor) -> None:
    url = new_database("register")
    for register in threads.map(lambda _: Register(url), range(4)):
        with register.reading() as connection:
            marks = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
        assert marks == [NEWEST_REVISION]
        register.close()


def test_two_first_submissions(register: Register, world: World, threads: ThreadPoolExecutor) -> None:
    lines = [world.department.lines([licence(n)]) for n in range(3)]
    with first_in(register, world):
        others = [waiting(threads.submit(take(register, world, each))) for each in lines]
    assert sorted(other.result().first_position for other in others) == [0, 1, 2]


def test_one_submission_twice_at_once(register: Register, world: World, threads: ThreadPoolExecutor) -> None:
    lines = world.department.lines([licence(1), licence(2)])
    with first_in(register, world):
        both = [waiting(threads.submit(take(register, world, lines))) for _ in range(2)]
    first, second = (one.result() for one in both)
    assert first == second
    with register.reading() as connection:
        assert connection.execute(select(func.count()).select_from(SUBMISSION)).scalar_one() == 1


def test_one_certificate_in_two_submissions_at_once(
    register: Register, world: World, threads: ThreadPoolExecutor
) -> None:
    lines = [world.department.lines([licence(1)]) for _ in range(2)]
    with first_in(register, world):
        both = [waiting(threads.submit(take(register, world, each))) for each in lines]
    assert [type(one.exception()) for one in both].count(SubmissionRefused) == 1


def test_two_changes_of_one_status_at_once(
    register: Register, world: World, threads: ThreadPoolExecutor
) -> None:
    issued = world.department.submit(register, world.trust, licence(1))
    with register.reading() as connection:
        (issue,) = read_leaves(connection, issued)
    lines = [
        world.department.lines([change(action, 1)], find_newest_leaf=lambda _: issue)
        for action in ("revoke", "cancel")
    ]
    with first_in(register, world):
        both = [waiting(threads.submit(take(register, world, each))) for each in lines]
    assert [type(one.exception()) for one in both].count(SubmissionRefused) == 1


def test_a_batch_waits_for_a_submission_that_is_being_written(
    tmp_path: Path, new_database: NewDatabase, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = City(tmp_path, new_database=new_database)
    city.submit(licence(1))
    writes, may_write = threading.Event(), threading.Event()
    write_issues = RecordWriter.write_issues

    def slowly(*arguments: object) -> None:
        writes.set()
        assert may_write.wait(10)
        write_issues(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(RecordWriter, "write_issues", slowly)
        intake = threads.submit(city.submit, licence(2))
        assert writes.wait(10)
        freezing = waiting(threads.submit(city.anchorer.step))
        may_write.set()
        acceptance = intake.result()
        freezing.result()
    with city.register.reading() as connection:
        assert find_submission(connection, acceptance.id).sequence == 1
    city.settle()
    assert [anchor.size for anchor in city.anchors()] == [2]
    city.stop()


def test_two_followers_make_one_replica(new_database: NewDatabase, threads: ThreadPoolExecutor) -> None:
    url, zero = new_database("replica"), compute_head_zero(1, bytes(20), bytes(32))
    name = build_registry_name(1, bytes(20), zero)
    replicas = [Replica(url) for _ in range(4)]
    for done in [threads.submit(replica.prepare, name, zero) for replica in replicas]:
        done.result()
    for replica in replicas:
        with replica.reading() as reading:
            assert reading.registry == name
        replica.close()


def test_of_two_followers_at_one_cursor_one_writes(
    new_database: NewDatabase, threads: ThreadPoolExecutor
) -> None:
    zero = compute_head_zero(1, bytes(20), bytes(32))
    replica = Replica(new_database("replica"))
    replica.prepare(build_registry_name(1, bytes(20), zero), zero)
    with replica.reading() as reading:
        before = reading.cursor
    after = replace(before, event_number=1)
    stored = [threads.submit(replica.store, before, after, [], [], {}) for _ in range(4)]
    errors = [type(each.exception()) for each in stored]
    assert errors.count(CursorMoved) == 3
    replica.close()
