"""The transaction discipline that both databases rely on."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, ForeignKey, MetaData, Table, Text, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from anchoring.database.engine import (
    BUSY_SECONDS,
    begin_transaction,
    insert_missing,
    make_findable,
    open_engine,
    open_snapshot,
)
from anchoring.errors import AnchoringError, DatabaseUnavailable
from tests.databases import POSTGRESQL, SQLITE, NewDatabase, hang_up

COUNT = text("SELECT count(*) FROM thing")
PUT = text("INSERT INTO thing VALUES (:name, NULL)")
CHANGE = text("UPDATE thing SET kind = NULL WHERE name = :name")
PERSON = "张三 420100199001011234"

METADATA = MetaData()
KIND = Table("kind", METADATA, Column("name", Text, primary_key=True))
THING = Table(
    "thing",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("kind", Text, ForeignKey("kind.name")),
)

on_sqlite = pytest.mark.parametrize("new_database", [SQLITE], indirect=True)
on_postgresql = pytest.mark.parametrize("new_database", [POSTGRESQL], indirect=True)


@pytest.fixture
def engine(new_database: NewDatabase) -> Iterator[Engine]:
    engine = open_engine(new_database("things"))
    with begin_transaction(engine) as connection:
        METADATA.create_all(connection)
    yield engine
    engine.dispose()


def put(engine: Engine, *names: str) -> None:
    with begin_transaction(engine) as connection:
        connection.execute(PUT, [{"name": name} for name in names])


def count(engine: Engine) -> int:
    with open_snapshot(engine) as connection:
        return int(connection.execute(COUNT).scalar_one())


# -- Transactions --


def test_a_snapshot_sees_one_state_from_first_to_last(engine: Engine) -> None:
    with open_snapshot(engine) as reading:
        assert reading.execute(COUNT).scalar_one() == 0
        put(engine, "a")
        assert reading.execute(COUNT).scalar_one() == 0
    assert count(engine) == 1


def test_a_transaction_is_kept_whole_or_not_at_all(engine: Engine) -> None:
    def half_way() -> None:
        with begin_transaction(engine) as connection:
            connection.execute(PUT, {"name": "a"})
            connection.execute(text("CREATE TABLE other (name TEXT)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_way()
    assert count(engine) == 0
    with open_snapshot(engine) as connection:
        assert not inspect(connection).has_table("other")


@on_sqlite
def test_a_writer_waits_for_its_turn_at_the_start(engine: Engine) -> None:
    counted: list[int] = []

    def count_and_put() -> None:
        with begin_transaction(engine) as connection:
            counted.append(connection.execute(COUNT).scalar_one())
            connection.execute(PUT, {"name": "b"})

    with begin_transaction(engine) as first:
        second = threading.Thread(target=count_and_put)
        second.start()
        second.join(0.2)
        first.execute(PUT, {"name": "a"})
    second.join(5)
    assert counted == [1]
    assert count(engine) == 2


@on_postgresql
def test_writers_run_beside_each_other_and_see_what_was_committed(engine: Engine) -> None:
    with begin_transaction(engine) as first:
        assert first.execute(COUNT).scalar_one() == 0
        put(engine, "a")
        assert first.execute(COUNT).scalar_one() == 1


@on_postgresql
def test_a_snapshot_writes_nothing(engine: Engine) -> None:
    with pytest.raises(DBAPIError, match="read-only"), open_snapshot(engine) as connection:
        connection.execute(PUT, {"name": "a"})
    put(engine, "b")  # the same connection writes again
    assert count(engine) == 1


def test_references_are_enforced(engine: Engine) -> None:
    with pytest.raises(IntegrityError), begin_transaction(engine) as connection:
        connection.execute(text("INSERT INTO thing VALUES ('a', 'unknown')"))


def test_of_two_who_insert_the_same_the_second_finds_it(engine: Engine) -> None:
    def insert() -> None:
        with begin_transaction(engine) as connection:
            insert_missing(connection, KIND, [{"name": "a"}, {"name": "b"}])

    with ThreadPoolExecutor() as threads:
        with begin_transaction(engine) as connection:
            insert_missing(connection, KIND, [{"name": "a"}])
            second = threads.submit(insert)
            with pytest.raises(TimeoutError):
                second.result(0.1)
        second.result()
    with open_snapshot(engine) as connection:
        assert connection.execute(KIND.select().order_by(KIND.c.name)).scalars().all() == ["a", "b"]


@on_sqlite
def test_the_log_is_written_ahead(engine: Engine) -> None:
    with open_snapshot(engine) as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2


# -- Values --


def test_values_come_back_as_they_went_in(engine: Engine) -> None:
    names = ["天门市", "𠮷野家", "é", "e\u0301", "\u0001", "'; DROP TABLE thing", "%s :name", "  ", "\ufffd"]
    put(engine, *names)
    with open_snapshot(engine) as connection:
        for name in names:
            found = connection.execute(THING.select().where(THING.c.name == name)).scalars().all()
            assert found == [name]


@pytest.mark.parametrize("name", ["a\0b", "\0", "\ud800", "a\udfff"])
def test_what_no_database_holds_is_looked_up_and_not_found(engine: Engine, name: str) -> None:
    put(engine, "a", "ab")
    with open_snapshot(engine) as connection:
        assert connection.execute(THING.select().where(THING.c.name == make_findable(name))).first() is None
    assert make_findable("天门市") == "天门市"


def test_errors_do_not_show_values(engine: Engine) -> None:
    put(engine, PERSON)
    with pytest.raises(IntegrityError) as caught:
        put(engine, PERSON)
    told = [str(error) for error in (caught.value, caught.value.orig, caught.value.__cause__)]
    assert not any("张三" in text or "4201" in text for text in told)


# -- Failures --


def test_a_database_of_another_kind_is_refused() -> None:
    with pytest.raises(AnchoringError, match="sqlite:///… or postgresql://…, not mysql"):
        open_engine("mysql://localhost/register")


def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/none/things.db", f"postgresql:///things?host={tmp_path}"):
        with pytest.raises(DatabaseUnavailable, match="the database failed, try again"):
            count(open_engine(url))


def test_a_wrong_statement_is_no_failure_of_the_database(engine: Engine) -> None:
    with pytest.raises(DBAPIError, match="nowhere"), open_snapshot(engine) as connection:
        connection.execute(text("SELECT nothing FROM nowhere"))


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_any_name_of_postgresql_will_do(scheme: str) -> None:
    engine = open_engine(f"{scheme}://city:secret@db.example/register?options=-c%20search_path%3Dcity")
    assert engine.url.render_as_string(hide_password=False).startswith("postgresql+psycopg://city:secret@")
    options = str(engine.url.query["options"])
    assert options.startswith("-c search_path=city -c ")
    assert f"lock_timeout={BUSY_SECONDS}s" in options


def test_a_lock_that_is_held_too_long_has_a_name(engine: Engine) -> None:
    put(engine, "a")
    patience = {"sqlite": "PRAGMA busy_timeout = 50", "postgresql": "SET lock_timeout = '50ms'"}
    with begin_transaction(engine) as first:
        first.execute(CHANGE, {"name": "a"})
        second = engine.connect()
        second.exec_driver_sql(patience[engine.dialect.name])
        second.commit()
        second.close()  # the pool gives it out again next
        with (
            pytest.raises(DatabaseUnavailable, match=r"lock(ed| timeout)"),
            begin_transaction(engine) as connection,
        ):
            connection.execute(CHANGE, {"name": "a"})


@on_postgresql
def test_a_deadlock_has_a_name_and_one_of_the_two_goes_on(engine: Engine) -> None:
    put(engine, "a", "b")
    both_hold = threading.Barrier(2)

    def change(first: str, second: str) -> None:
        with begin_transaction(engine) as connection:
            connection.execute(CHANGE, {"name": first})
            both_hold.wait(10)
            connection.execute(CHANGE, {"name": second})

    with ThreadPoolExecutor() as threads:
        done = [threads.submit(change, *names) for names in (("a", "b"), ("b", "a"))]
        errors = [error for error in (each.exception() for each in done) if error]
    assert [str(error) for error in errors] == ["the database failed, try again: deadlock detected"]
    assert isinstance(errors[0], DatabaseUnavailable)


@on_postgresql
def test_a_server_that_was_restarted_is_noticed_before_it_is_relied_on(engine: Engine) -> None:
    put(engine, "a")
    hang_up(engine.url)
    assert count(engine) == 1


@on_postgresql
def test_a_server_that_is_restarted_in_the_middle_keeps_nothing_of_it(engine: Engine) -> None:
    def half_way() -> None:
        with begin_transaction(engine) as connection:
            connection.execute(PUT, {"name": "a"})
            hang_up(engine.url)
            connection.execute(PUT, {"name": "b"})

    with pytest.raises(DatabaseUnavailable):
        half_way()
    assert count(engine) == 0
    put(engine, "a")
    assert count(engine) == 1
