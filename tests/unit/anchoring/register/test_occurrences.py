"""An issuing node verifies by its own register that an entry was anchored before.

It does so whoever anchored it again.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from anchoring.errors import DatabaseUnavailable
from anchoring.monitor.copies import EntryCopies
from anchoring.monitor.entries import EntriesByRegister
from anchoring.register.proofs import make_proof
from anchoring.register.records import find_current_leaf
from anchoring.register.store import Register
from anchoring.register.tables import BATCH, MISSING
from ledger.crypto.suites import SM3
from ledger.proof.proof import Proof
from ledger.registry import acts
from ledger.registry.status import StatusTree, encode_changes
from ledger.verification.occurrences import EntriesCheck
from ledger.verification.report import Report
from ledger.verification.verify import PresentedContent, verify
from tests.databases import NewDatabase
from tests.fakes.department import LOG, identifier, licence
from tests.fakes.issuing import City


@pytest.fixture
def city(tmp_path: Path, new_database: NewDatabase) -> Iterator[City]:
    """Return a city with one licence, whose operator's key anchors the same entry again and revokes the first only."""
    made = City(tmp_path, new_database=new_database)
    made.submit(licence(1))
    made.settle()
    yield made
    made.stop()


def proof_of(city: City) -> Proof:
    with city.register.reading() as connection:
        leaf = find_current_leaf(connection, identifier(1))
    with city.replica.reading() as reading:
        return make_proof(city.register, reading, city.trees, leaf)


def anchor_again(city: City) -> None:
    tree = StatusTree(SM3)
    tree.grow(2)
    again = acts.Anchored(LOG, 2, 2, city.anchors()[0].root, tree.compute_root(), b"")
    tree.set(0, 4)
    revoked = acts.Anchored(LOG, 3, 2, bytes(32), tree.compute_root(), encode_changes([(0, 4)]))
    for act in (again, revoked):
        city.act(act, "operator")


def judge(city: City, proof: Proof, register: Register | None) -> Report:
    values = proof.disclosure.values if proof.disclosure else {}
    with city.replica.reading() as reading:
        reading.entries = EntriesByRegister(LOG, register, EntryCopies(city.replica.engine))
        return verify(PresentedContent(claims=values), proof, reading, city.chain.now)


def test_what_was_anchored_once_was_checked(city: City) -> None:
    report = judge(city, proof_of(city), city.register)
    assert (report.verdict.value, report.entries_check) == ("valid", EntriesCheck.CHECKED)


def test_an_entry_that_the_operators_key_anchored_again_does_not_count(city: City) -> None:
    first = proof_of(city)
    again = replace(first, sequence=2, staple=None)
    anchor_again(city)
    assert (judge(city, first, city.register).reason, judge(city, first, city.register).entries_check) == (
        "revoked",
        EntriesCheck.CHECKED,
    )
    report = judge(city, again, city.register)
    assert (report.verdict.value, report.reason, report.position) == ("unverifiable", "entry_repeated", 1)
    unseen = judge(city, again, None)  # a node that has neither register nor copies of that log
    assert (unseen.verdict.value, unseen.entries_check) == ("valid", EntriesCheck.NOT)


def test_a_register_whose_batch_is_not_the_anchored_one_says_nothing(city: City) -> None:
    """A batch that lies here under the sequence of another anchor is no occurrence, and nobody knows what else was."""
    proof = proof_of(city)
    with city.register.writing() as connection:
        other = replace(city.anchors()[0], root=b"\7" * 32).encode()
        connection.execute(update(BATCH).values(payload=other))
    report = judge(city, proof, city.register)
    assert (report.verdict.value, report.entries_check) == ("valid", EntriesCheck.PARTLY)


def test_a_restored_register_that_lacks_entries_does_not_know_all(city: City) -> None:
    proof = proof_of(city)
    with city.register.writing() as connection:
        row = {"first": 0, "count": 1, "batch": 1, "root": None, "issuer": None}
        connection.execute(insert(MISSING), [row])
    assert judge(city, proof, city.register).entries_check is EntriesCheck.PARTLY


def test_verification_waits_for_no_register(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    proof = proof_of(city)

    def unavailable(register: Register) -> None:
        raise DatabaseUnavailable("the database does not answer")

    monkeypatch.setattr(Register, "reading", unavailable)
    report = judge(city, proof, city.register)
    assert (report.verdict.value, report.entries_check) == ("valid", EntriesCheck.NOT)
