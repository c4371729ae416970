"""Which records link to which: written at intake, filled in for older registers, audited.

It tells what a seal sealed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from anchoring.audit.findings import AuditReport
from anchoring.database.engine import begin_transaction, open_engine
from anchoring.errors import NotFound
from anchoring.register.migrations import upgrade
from anchoring.register.records import find_current_leaf
from anchoring.register.store import Register
from anchoring.register.tables import LINEAGE, LINK, RECORD
from anchoring.register.uses import SealUse, find_uses
from ledger.crypto.suites import SM3
from ledger.records.seal_identifiers import SealingIdentifier
from tests.auditing import audit
from tests.databases import NewDatabase
from tests.fakes.department import ISSUER, change, identifier, licence
from tests.fakes.issuing import City

SEAL = SealingIdentifier.build("seal", ISSUER, "42900600000001")
OTHER = SealingIdentifier.build("seal", ISSUER, "42900600000002")
BEFORE_LINKS = "0004"


def sealing(number: int) -> str:
    return SealingIdentifier.build("signature", ISSUER, f"TM{number:09d}").text


def seal(of: SealingIdentifier = SEAL, **members: Any) -> dict[str, Any]:
    return licence(kind="seal", identifier=of.text, claims={"CZZTDM": ISSUER}, **members)


def sealed(number: int, seal: bytes, *more: bytes) -> list[dict[str, Any]]:
    """Return a sealing with these seals, and a licence that carries it."""
    made_with = [{"rel": "made-with", "record": SM3.format(leaf)} for leaf in (seal, *more)]
    sealed_by = [{"rel": "sealed-by", "identifier": sealing(number)}]
    return [
        licence(kind="signature", identifier=sealing(number), claims={"KZ_QZRDM": ISSUER}, links=made_with),
        licence(number, links=sealed_by),
    ]


def leaf(city: City, identifier: str) -> bytes:
    with city.register.reading() as connection:
        return find_current_leaf(connection, identifier)


@pytest.fixture
def city(tmp_path: Path, new_database: NewDatabase) -> Iterator[City]:
    """A city with two seals, of which one was renewed; four sealings, one of them with the other seal."""
    made = City(tmp_path, new_database=new_database)
    made.submit(seal(), seal(OTHER))
    first = leaf(made, SEAL.text)
    made.submit(*sealed(1, first, first), *sealed(2, leaf(made, OTHER.text)))
    made.settle(3)
    made.submit(seal(SEAL.with_version(2), action="renew"))
    made.submit(*sealed(3, leaf(made, SEAL.text)))
    linked = [{"rel": "sealed-by", "record": SM3.format(leaf(made, sealing(1)))}]
    made.submit(change("amend", 2, 2, links=linked))
    made.submit(*sealed(4, leaf(made, SEAL.text)))
    yield made
    made.stop()


def used(register: Register, **bounds: int) -> list[SealUse]:
    with register.reading() as connection:
        return find_uses(connection, SEAL.text, **bounds)


def told(found: list[SealUse]) -> list[tuple[str, tuple[str, ...]]]:
    return [(use.sealing.record.identifier, use.certificates) for use in found]


def test_uses_of_every_version_of_a_seal_are_found_with_what_they_sealed(city: City) -> None:
    assert told(used(city.register)) == [
        (sealing(1), (identifier(1), identifier(2, 2))),
        (sealing(3), (identifier(3),)),
        (sealing(4), (identifier(4),)),
    ]


def test_uses_are_found_page_by_page_and_between_positions(city: City) -> None:
    every = used(city.register)
    at = [use.sealing.position for use in every]
    assert used(city.register, limit=2) == every[:2]
    assert used(city.register, first_position=at[1] + 1) == every[2:]
    assert used(city.register, end_position=at[1]) == every[:1]


def test_a_seal_that_is_not_here_is_not_found(city: City) -> None:
    with city.register.reading() as connection, pytest.raises(NotFound):
        find_uses(connection, SealingIdentifier.build("seal", ISSUER, "42900600000009").text)


def test_a_moment_divides_the_log_by_the_anchors_of_blocks(city: City) -> None:
    city.settle(3)
    with city.replica.reading() as reading:
        newest, *_, oldest = reading.list_anchors("tianmen")
        assert newest.time > oldest.time
        assert reading.find_size_before("tianmen", oldest.time) == 0
        assert reading.find_size_before("tianmen", oldest.time + 1) == oldest.size
        assert reading.find_size_before("tianmen", newest.time + 1) == newest.size
        assert reading.find_size_before("wuhan", newest.time + 1) == 0


def test_a_register_from_before_gets_the_links_of_its_records(city: City, new_database: NewDatabase) -> None:
    engine = open_engine(url := new_database("old"))
    with city.register.reading() as reading, begin_transaction(engine) as connection:
        upgrade(connection, BEFORE_LINKS)
        for table in (RECORD, LINEAGE):
            connection.execute(
                insert(table), [dict(row) for row in reading.execute(select(table)).mappings()]
            )
        links = set(reading.execute(select(LINK)).all())
    engine.dispose()
    old = Register(url)
    with old.reading() as connection:
        assert set(connection.execute(select(LINK)).all()) == links
    assert len(links) == 9
    old.close()


def audited(city: City) -> AuditReport:
    with city.replica.reading() as reading:
        return audit(reading, city.register, now=city.chain.now)


def test_links_that_are_not_those_of_the_records_are_found(city: City) -> None:
    """Lost, added where a record links and where none does, altered, and moved to a position beyond all others."""
    report = audited(city)
    assert (report.findings, report.checked_counts["links"]) == ((), 9)
    with city.register.reading() as connection:
        links = [dict(row) for row in connection.execute(select(LINK).order_by(LINK.c.record)).mappings()]
    first, last = links[0]["record"], links[-1]["record"]
    at = LINK.c.record == first
    for plant, found in (
        (delete(LINK).where(at), [("link-missing", first)]),
        (insert(LINK).values(target=bytes(32), record=first, rel="sealed-by"), [("link-stray", first)]),
        (insert(LINK).values(target=bytes(32), record=0, rel="sealed-by"), [("link-stray", 0)]),
        (update(LINK).where(at).values(target=bytes(32)), [("link-altered", first)]),
        (update(LINK).where(at).values(rel="sealed-by"), [("link-altered", first)]),
        (update(LINK).where(LINK.c.record == last).values(record=99), [("link-missing", last), ("link-stray", 99)]),
        (delete(LINK), [("link-missing", link["record"]) for link in links]),
    ):  # fmt: skip
        with city.register.writing() as connection:
            connection.execute(plant)
        expected = [(slug, f"position {position}") for slug, position in found]
        assert [(finding.slug, finding.place) for finding in audited(city).findings] == expected
        with city.register.writing() as connection:
            connection.execute(delete(LINK))
            connection.execute(insert(LINK), links)


def test_links_of_a_record_that_cannot_be_read_are_not_judged(city: City) -> None:
    with city.register.writing() as connection:
        linking = select(LINK.c.record).order_by(LINK.c.record).limit(1).scalar_subquery()
        connection.execute(update(RECORD).where(RECORD.c.position == linking).values(body=b'{"links":['))
    assert {finding.slug for finding in audited(city).findings} == {"record-altered"}
