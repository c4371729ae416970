"""What is erased on order is gone from the register and its files; the record stays."""

import json
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from anchoring.audit.audit import AuditEvidence, Databases, Expected, audit
from anchoring.database.purging import purge
from anchoring.intake.admission import IntakeRules
from anchoring.intake.intake import accept
from anchoring.register.content.erasing import (
    Order,
    _destroy,
    erase,
    find_content_of_certificate,
    find_content_of_holder,
    find_erasure,
    list_undone,
    sign_erasures,
)
from anchoring.register.records import find_newest_leaf, find_record
from anchoring.register.store import Register
from anchoring.register.tables import DISCLOSURE, ERASURE, TERM, UNDISCLOSED
from ledger.errors import MalformedInput
from ledger.records.erasures import sign_erasure
from tests.fakes.backups import KeptCopies, back_up
from tests.fakes.department import LOG, NOW, World, change, identifier, licence
from tests.fakes.erasing import KEY, ORDER, erase_content
from tests.fakes.issuing import City
from tests.fakes.restored import Story

PERSON, OTHER = "429006199001010012", "429006195603151244"
SECRET = "天门市某路八号之七"


def register_person(world: World, register: Register) -> None:
    """Two certificates of a person, one of which names another too; one of another person of the same name."""
    rows = [
        licence(1, claims={"CZZT": "张三", "CZZTDM": PERSON, "KZ_ZS": SECRET}),
        licence(2, claims={"CZZT": ["张三", "李四"], "CZZTDM": [PERSON, OTHER], "KZ_ZS": SECRET}),
        licence(3, claims={"CZZT": "张三", "CZZTDM": OTHER}),
    ]
    world.department.submit(register, world.trust, *rows)


def test_a_person_is_found_by_the_code_alone(world: World, register: Register) -> None:
    register_person(world, register)
    with register.reading() as connection:
        records = find_content_of_holder(connection, PERSON.lower())
        assert {record.record.identifier for record in records} == {identifier(1), identifier(2)}
        assert find_content_of_holder(connection, "张三") == []


def test_every_version_of_a_certificate_is_found(world: World, register: Register) -> None:
    world.department.submit(register, world.trust, licence(1))
    world.department.submit(
        register,
        world.trust,
        change("renew", 1, 2),
        change("revoke", 1, 2),
        find_newest_leaf=lambda text: leaf_of(register, text),
    )
    with register.reading() as connection:
        records = find_content_of_certificate(connection, identifier(1))
    assert [record.record.action for record in records] == ["issue", "renew"]


def leaf_of(register: Register, text: str) -> bytes:
    with register.reading() as connection:
        return find_newest_leaf(connection, text)


def test_what_is_erased_is_gone_the_record_stays_and_the_act_is_known(
    world: World, register: Register
) -> None:
    register_person(world, register)
    leaf = leaf_of(register, identifier(1))
    with register.writing() as connection:
        (signed,) = erase_content(connection, leaf)
    with register.reading() as connection:
        record = find_record(connection, leaf)
        assert record.disclosure is None
        assert find_erasure(connection, leaf) == signed
        assert find_content_of_holder(connection, PERSON)[0].record.identifier == identifier(2)
        held = connection.execute(select(TERM.c.position).where(TERM.c.position == record.position)).all()
        assert held == []
    assert KEY.public.verify(signed.erasure.encode(), signed.signature)


def test_an_erasure_said_again_is_one(world: World, register: Register) -> None:
    register_person(world, register)
    leaf = leaf_of(register, identifier(1))
    for _ in range(2):
        with register.writing() as connection:
            erase_content(connection, leaf)
    with register.reading() as connection:
        assert len(connection.execute(select(ERASURE)).all()) == 1


def test_erased_bytes_are_nowhere_in_the_files(world: World, tmp_path: Path) -> None:
    register = Register(f"sqlite:///{tmp_path / 'register.db'}")
    register_person(world, register)
    leaves = [leaf_of(register, identifier(serial)) for serial in (1, 2)]
    with register.reading() as connection:
        found = [find_record(connection, leaf) for leaf in leaves]
        contents = (
            connection.execute(select(DISCLOSURE.c.content).order_by(DISCLOSURE.c.position)).scalars().all()
        )
    secrets = [SECRET.encode(), PERSON.encode()]
    secrets += [record.disclosure.to_json()["master"].encode() for record in found if record.disclosure]  # type: ignore[union-attr]
    assert all(any(secret in content for content in contents) for secret in secrets)
    assert any(SECRET.encode() in file.read_bytes() for file in tmp_path.iterdir())
    with register.writing() as connection:
        erase_content(connection, *leaves)
    assert purge(register.engine, DISCLOSURE, TERM)
    for file in tmp_path.iterdir():  # while the register is open: the log of SQLite is there too
        assert not [secret for secret in secrets if secret in file.read_bytes()], file.name
    register.close()


def test_a_reader_of_an_older_state_is_told_of(world: World, tmp_path: Path) -> None:
    register = Register(f"sqlite:///{tmp_path / 'register.db'}")
    register_person(world, register)
    with register.reading() as reading:
        reading.execute(select(DISCLOSURE)).all()
        with register.writing() as connection:
            erase_content(connection, leaf_of(register, identifier(1)))
        assert not purge(register.engine, DISCLOSURE, TERM)
    register.close()


def test_a_backup_that_knows_of_no_erasure_is_told_of(
    world: World, register: Register, tmp_path: Path
) -> None:
    register_person(world, register)
    restored = Register(f"sqlite:///{tmp_path / 'restored.db'}")
    leaf = leaf_of(register, identifier(1))
    with register.writing() as connection:
        signed = erase_content(connection, leaf)
    with register.reading() as connection:
        assert list(list_undone(connection, signed)) == []
    with restored.reading() as connection:
        assert list(list_undone(connection, signed)) == []  # it has no such record
    restored.close()


@pytest.mark.parametrize("is_stripped", [False, True], ids=["with its claims", "without them"])
def test_what_was_erased_does_not_come_back_after_a_restore(tmp_path: Path, is_stripped: bool) -> None:
    """The department may have destroyed its own copy too; neither is a fault, and nothing is there again at any time."""
    city = City(tmp_path)
    story = Story(city)
    story.submit("first", licence(1))
    city.settle()
    backup = back_up(city.register)
    story.submit("second", licence(2), licence(3))
    city.settle()
    copies, leaf = KeptCopies(city.register), city.newest(identifier(2))
    assert leaf is not None
    with city.register.writing() as connection:
        kept = erase_content(connection, leaf)
    story.lose(backup)
    story.recover(tmp_path / "aside", copies)
    with city.register.writing() as connection:
        undone = list(list_undone(connection, kept))
        assert undone == kept
        erase(connection, undone, KEY)
    lines = [json.loads(line) for line in story.sent["second"]]
    for line in lines[1:] if is_stripped else ():
        if line["record"]["identifier"] == identifier(2):
            line.pop("disclosure")
    with city.replica.reading() as trust:
        accept(city.register, trust, map(orjson.dumps, lines), city.chain.now, IntakeRules(LOG, key=KEY))
    with city.register.reading() as connection:
        assert find_record(connection, leaf).disclosure is None
        assert find_erasure(connection, leaf) == kept[0]
        assert connection.execute(select(UNDISCLOSED)).all() == []
    with city.replica.reading() as view, city.register.reading() as connection:
        databases = Databases(view.connection, connection)
        expected, evidence = Expected(city.registry, key=KEY.public), AuditEvidence(erasures=kept)
        report = audit(databases, expected, now=city.chain.now, evidence=evidence)
    assert report.findings == ()
    city.stop()


def test_an_erasure_of_another_log_is_none_of_this_register(world: World, register: Register) -> None:
    register_person(world, register)
    leaf = leaf_of(register, identifier(1))
    with register.reading() as connection:
        (signed,) = sign_erasures([find_record(connection, leaf)], ORDER, KEY)
        for erasure in (replace(signed.erasure, log="wuhan"), replace(signed.erasure, registry="another")):
            assert list(list_undone(connection, [sign_erasure(KEY, erasure)])) == []
        assert list(list_undone(connection, [signed])) == [signed]


def test_records_without_their_claims_are_signed_for(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1), licence(2)])
    bare = [lines[0], *(json.dumps({"record": json.loads(line)["record"]}).encode() for line in lines[1:])]
    accept(register, world.trust, bare, NOW, IntakeRules(LOG, key=KEY))
    with register.reading() as connection:
        (row,) = connection.execute(select(UNDISCLOSED)).mappings()
    assert row["count"] == 2
    assert row["key"] == KEY.public.id
    assert row["signature"]


@pytest.mark.parametrize("words", ["", " ", "第1号\n第2号", "x" * 401, "号\u200b"])
def test_an_order_is_what_people_can_read(words: str) -> None:
    with pytest.raises(MalformedInput):
        Order(words, "依据", NOW)
    with pytest.raises(MalformedInput):
        Order("文号", words, NOW)


def test_any_number_of_records_is_erased_at_once(register: Register) -> None:
    """More than a database takes as parameters of one statement: 32,767 here, 65,535 in PostgreSQL."""
    with register.writing() as connection:
        _destroy(connection, range(70_000))
