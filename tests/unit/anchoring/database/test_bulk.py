"""Rows that come in bulk are the same rows, and their faults are told without quoting them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from anchoring.database.bulk import insert_many, select_many
from anchoring.database.engine import begin_transaction, open_engine, open_snapshot
from anchoring.errors import DatabaseUnavailable
from anchoring.register.tables import DISCLOSURE, LINEAGE, METADATA
from tests.databases import POSTGRESQL, NewDatabase, hang_up

PERSON = "公民身份号码 429006199001010012".encode()


@pytest.fixture
def engine(new_database: NewDatabase) -> Iterator[Engine]:
    engine = open_engine(new_database("register"))
    with begin_transaction(engine) as connection:
        METADATA.create_all(connection)
    yield engine
    engine.dispose()


def test_every_kind_of_value_comes_back(engine: Engine) -> None:
    rows = [
        (0, "天门市", "licence", "", "a\u0001", b"", bytes(range(256)), 2**53 - 1, 8),
        (2**40 - 1, "\\N\t%s'\"", "𠮷", "i", "x" * 4096, b"\\x00", b"\0" * 1000, 0, 0),
    ]
    with begin_transaction(engine) as connection:
        insert_many(connection, LINEAGE, rows)
        insert_many(connection, LINEAGE, [])
    with open_snapshot(engine) as connection:
        assert [tuple(row) for row in connection.execute(select(LINEAGE).order_by(LINEAGE.c.first))] == rows


def test_rows_are_found_by_many_texts_at_once(engine: Engine) -> None:
    names = ["plain", "天门市", "𠮷", "\\N\t%s'\"", "[1]", "1"]
    rows = [(place, name, "licence", "", "", b"", b"", place, 0) for place, name in enumerate(names)]
    asked = [*names[1:], "天门市", "nobody's", *(f"nobody's {number}" for number in range(70_000))]
    with begin_transaction(engine) as connection:
        insert_many(connection, LINEAGE, rows)
        found = select_many(connection, LINEAGE.c.name, asked)
        assert list(select_many(connection, LINEAGE.c.name, [])) == []
    assert sorted((row["first"], row["name"]) for row in found) == list(enumerate(names))[1:]


def test_a_row_that_is_there_already_is_refused_without_its_values(engine: Engine) -> None:
    with pytest.raises(IntegrityError) as caught, begin_transaction(engine) as connection:
        insert_many(connection, DISCLOSURE, [(number, PERSON) for number in (429006, 1, 429006)])
    told = [str(error) for error in (caught.value, caught.value.orig, caught.value.__cause__)]
    assert not any("429006" in text for text in told)
    with open_snapshot(engine) as connection:
        assert connection.execute(select(DISCLOSURE)).first() is None


@pytest.mark.parametrize("new_database", [POSTGRESQL], indirect=True)
def test_a_server_that_goes_away_has_a_name(engine: Engine) -> None:
    def half_way() -> None:
        with begin_transaction(engine) as connection:
            insert_many(connection, DISCLOSURE, [(1, PERSON)])
            hang_up(engine.url)
            insert_many(connection, DISCLOSURE, [(2, PERSON)])

    with pytest.raises(DatabaseUnavailable):
        half_way()
