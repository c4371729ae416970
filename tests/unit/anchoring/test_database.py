"""The transaction discipline that both databases rely on."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from anchoring.database import open_engine, snapshot, transaction

COUNT = text("SELECT count(*) FROM thing")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = open_engine(f"sqlite:///{tmp_path}/things.db")
    with transaction(engine) as connection:
        connection.execute(text("CREATE TABLE kind (name TEXT PRIMARY KEY)"))
        connection.execute(
            text("CREATE TABLE thing (name TEXT PRIMARY KEY, kind TEXT REFERENCES kind (name))")
        )
    return engine


def put(engine: Engine, name: str) -> None:
    with transaction(engine) as connection:
        connection.execute(text("INSERT INTO thing VALUES (:name, NULL)"), {"name": name})


def test_a_snapshot_sees_one_state_from_first_to_last(engine: Engine) -> None:
    with snapshot(engine) as reading:
        assert reading.execute(COUNT).scalar_one() == 0
        put(engine, "a")
        assert reading.execute(COUNT).scalar_one() == 0
    with snapshot(engine) as reading:
        assert reading.execute(COUNT).scalar_one() == 1


def test_a_transaction_is_kept_whole_or_not_at_all(engine: Engine) -> None:
    def half_way() -> None:
        with transaction(engine) as connection:
            connection.execute(text("INSERT INTO thing VALUES ('a', NULL)"))
            connection.execute(text("CREATE TABLE other (name TEXT)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_way()
    with snapshot(engine) as connection:
        assert connection.execute(COUNT).scalar_one() == 0
        assert (
            connection.execute(text("SELECT count(*) FROM sqlite_master WHERE name = 'other'")).scalar_one()
            == 0
        )


def test_a_writer_waits_for_its_turn_at_the_start(engine: Engine) -> None:
    counted: list[int] = []

    def count_and_put() -> None:
        with transaction(engine) as connection:
            counted.append(connection.execute(COUNT).scalar_one())
            connection.execute(text("INSERT INTO thing VALUES ('b', NULL)"))

    with transaction(engine) as first:
        second = threading.Thread(target=count_and_put)
        second.start()
        second.join(0.2)
        first.execute(text("INSERT INTO thing VALUES ('a', NULL)"))
    second.join(5)
    assert counted == [1]
    with snapshot(engine) as connection:
        assert connection.execute(COUNT).scalar_one() == 2


def test_errors_do_not_show_values(engine: Engine) -> None:
    put(engine, "张三 420100199001011234")
    with pytest.raises(IntegrityError) as caught:
        put(engine, "张三 420100199001011234")
    assert "张三" not in str(caught.value)


def test_references_are_enforced(engine: Engine) -> None:
    with pytest.raises(IntegrityError), transaction(engine) as connection:
        connection.execute(text("INSERT INTO thing VALUES ('a', 'unknown')"))


def test_the_log_is_written_ahead(engine: Engine) -> None:
    with snapshot(engine) as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
