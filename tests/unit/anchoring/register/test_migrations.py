"""A register of any age becomes one of today with everything that it holds."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, inspect, select, text
from sqlalchemy.exc import DBAPIError

from anchoring.database.engine import begin_transaction, open_engine, open_snapshot
from anchoring.errors import DatabaseDamaged, DatabaseTaken, RegisterTooNew
from anchoring.register import migrations
from anchoring.register.access.looks import LookRules, Purpose, log_looks
from anchoring.register.access.tokens import create_token
from anchoring.register.migrations import FIRST_REVISION, NEWEST_REVISION, REVISIONS, upgrade
from anchoring.register.proofs import make_proof
from anchoring.register.store import Register
from anchoring.register.submissions import list_submissions
from anchoring.register.tables import METADATA, RECORD, TALLY
from anchoring.replica.store import Replica
from ledger.verification.verify import PresentedContent, verify
from tests.databases import NewDatabase
from tests.fakes.department import NOW, change, licence
from tests.fakes.histories import History
from tests.fakes.issuing import City
from tests.unit.api.city import draws

VERSION = text("SELECT version_num FROM alembic_version")


@pytest.fixture
def city(tmp_path: Path, new_database: NewDatabase) -> Iterator[City]:
    """A city whose register has something in every state and of every kind."""
    made = City(tmp_path, new_database=new_database)
    made.submit(*(licence(n) for n in range(5)))
    made.settle()
    made.submit(change("revoke", 2), change("renew", 3, 2))
    made.settle()
    made.submit(licence(9))
    yield made
    made.stop()


def old(url: str, revision: str = FIRST_REVISION) -> str:
    """Make the tables of a revision."""
    engine = open_engine(url)
    with begin_transaction(engine) as connection:
        upgrade(connection, revision)
    engine.dispose()
    return url


def copy(source: Register, url: str) -> None:
    """Copy what a register holds into one of older tables, as far as they can hold it."""
    engine = open_engine(url)
    with source.reading() as reading, begin_transaction(engine) as connection:
        found = MetaData()
        found.reflect(connection)
        for table in found.sorted_tables:
            if table.name in METADATA.tables:
                columns = [METADATA.tables[table.name].c[column.name] for column in table.c]
                rows = [dict(row) for row in reading.execute(select(*columns)).mappings()]
                if rows:
                    connection.execute(table.insert(), rows)
    engine.dispose()


def revision_of(register: Register) -> str:
    with register.reading() as connection:
        return str(connection.execute(VERSION).scalar_one())


def test_revisions_are_numbered_without_a_gap() -> None:
    assert [int(revision) for revision in REVISIONS] == list(range(1, len(REVISIONS) + 1))


def test_the_revisions_lead_to_the_tables_that_the_program_knows(new_database: NewDatabase) -> None:
    engine = open_engine(old(new_database("register"), NEWEST_REVISION))
    with begin_transaction(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "before-there-were-revisions"])
def test_an_old_register_keeps_everything(city: City, new_database: NewDatabase, marked: bool) -> None:
    url = old(new_database("old"))
    copy(city.register, url)
    if not marked:
        engine = open_engine(url)
        with begin_transaction(engine) as connection:
            connection.execute(text("DROP TABLE alembic_version"))
        engine.dispose()
    with city.register.reading() as connection:
        before = list_submissions(connection)
    city.stop()
    city.urls[0] = url
    city.start()
    assert revision_of(city.register) == NEWEST_REVISION
    with city.register.reading() as connection:
        after = list_submissions(connection)
        held = connection.execute(select(RECORD.c.leaf).order_by(RECORD.c.position)).scalars().all()
    assert [each.entry for each in after] == [each.entry for each in before]
    assert len(held) == 8
    city.settle()
    with city.replica.reading() as reading:
        for leaf in held:
            proof = make_proof(city.register, reading, city.trees, leaf)
            if proof.disclosure:
                report = verify(
                    PresentedContent(claims=proof.disclosure.values), proof, reading, city.net.now
                )
                assert report.verdict.value in ("valid", "not_current"), report.deciding_step


def test_several_processes_bring_an_old_register_up_to_date_once(
    city: City, new_database: NewDatabase
) -> None:
    url = old(new_database("old"))
    copy(city.register, url)
    with ThreadPoolExecutor() as threads:
        for register in threads.map(lambda _: Register(url), range(4)):
            assert revision_of(register) == NEWEST_REVISION
            with register.reading() as connection:
                assert len(list_submissions(connection)) == 3
            register.close()


def test_a_register_of_a_newer_release_is_refused(new_database: NewDatabase) -> None:
    url = new_database("register")
    register = Register(url)
    with register.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    register.close()
    with pytest.raises(RegisterTooNew, match=r"9999.*run that one"):
        Register(url)


def test_a_mark_that_somebody_added_stops_a_node_with_one_line(new_database: NewDatabase) -> None:
    url = new_database("register")
    Register(url).close()
    engine = open_engine(url)
    with begin_transaction(engine) as connection:
        connection.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
    engine.dispose()
    with pytest.raises(DatabaseDamaged, match=f"alembic_version says 0001 and {NEWEST_REVISION}, .* one row"):
        Register(url)


def test_register_and_replica_do_not_take_each_others_database(new_database: NewDatabase) -> None:
    history = History(1)
    head = history.chain.fetch_head_zero(history.contract)
    for url, first, second in (
        (new_database("one"), "register", "replica"),
        (new_database("two"), "replica", "register"),
    ):
        use(first, url, history.name, head)
        with pytest.raises(DatabaseTaken, match=f"give the {second} a database of its own"):
            use(second, url, history.name, head)
        use(first, url, history.name, head)


def use(what: str, url: str, name: str, head: bytes) -> None:
    if what == "register":
        Register(url).close()
        return
    replica = Replica(url)
    try:
        replica.prepare(name, head)
    finally:
        replica.close()


def test_an_upgrade_that_fails_leaves_the_register_as_it_was(new_database: NewDatabase) -> None:
    url = old(new_database("register"))
    engine = open_engine(url)
    with begin_transaction(engine) as connection:
        connection.execute(text("CREATE TABLE missing (unexpected INTEGER)"))  # as revision 0004 will want to
    with pytest.raises(DBAPIError, match="missing"):
        Register(url)
    with open_snapshot(engine) as connection:
        assert connection.execute(VERSION).scalar_one() == FIRST_REVISION
        assert not inspect(connection).has_table("lease")
    engine.dispose()


def test_a_register_that_is_up_to_date_is_opened_beside_a_writer(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database("register")
    register = Register(url)

    def no_change(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(migrations, "begin_transaction", no_change)
    with register.writing() as connection:
        connection.execute(text("DELETE FROM token"))
        Register(url).close()
    register.close()


def test_tokens_and_looks_that_are_there_begin_their_count(city: City, new_database: NewDatabase) -> None:
    rules, tokens = LookRules(days=1, daily=9), []
    with city.register.writing() as connection:
        for number in range(2):
            token, _ = create_token(
                connection, draws(str(number)), label="a", scopes=["proofs"], now=NOW, ends_at=None
            )
            tokens.append(token.id)
        for moment in (NOW, NOW + 3 * 86_400):  # the second takes the first away
            log_looks(connection, tokens[0], Purpose.PROOF, {"a": "shown", "b": "shown"}, moment, rules)
        tallies_before = connection.execute(select(TALLY).order_by(TALLY.c.name)).all()
    url = old(new_database("old"), "0007")
    copy(city.register, url)
    register = Register(url)
    with register.reading() as connection:
        assert connection.execute(select(TALLY).order_by(TALLY.c.name)).all() == tallies_before
    register.close()


def test_no_token_is_no_tally(new_database: NewDatabase) -> None:
    register = Register(old(new_database("old"), "0007"))
    with register.reading() as connection:
        assert connection.execute(select(TALLY)).all() == []
    register.close()
