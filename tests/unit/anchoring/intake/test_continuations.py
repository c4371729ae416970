"""A transfer of another log is continued by one certificate, of whichever versions."""

from typing import Any

import pytest

from anchoring.errors import SubmissionRefused
from anchoring.register.records import find_newest_leaf
from anchoring.register.store import Register
from ledger.crypto.suites import SM3
from tests.fakes.department import NOW, World, change, identifier, licence

TRANSFER = SM3.format(b"\7" * 32)


def received(serial: int) -> dict[str, Any]:
    return licence(serial, links=[{"rel": "continues", "record": TRANSFER}])


class Office:
    def __init__(self, world: World, register: Register) -> None:
        self.world, self.register, self.now = world, register, NOW

    def hand_in(self, *rows: dict[str, Any]) -> None:
        self.now += 1
        submit = self.world.department.submit
        submit(self.register, self.world.trust, *rows, now=self.now, find_newest_leaf=self.leaf)

    def leaf(self, of: str) -> bytes:
        with self.register.reading() as connection:
            return find_newest_leaf(connection, of)


@pytest.fixture
def office(world: World, register: Register) -> Office:
    return Office(world, register)


def test_one_certificate_continues_a_transfer_in_every_version(office: Office) -> None:
    office.hand_in(received(1))
    renewal = change("renew", 1, version=2)
    office.hand_in(renewal | {"links": received(1)["links"]})


def test_a_second_certificate_for_one_transfer_is_refused(office: Office) -> None:
    office.hand_in(received(1))
    with pytest.raises(SubmissionRefused) as refusal:
        office.hand_in(received(2))
    assert (refusal.value.problem, identifier(1) in str(refusal.value)) == ("continued-already", True)


def test_nor_are_two_taken_in_one_submission(office: Office) -> None:
    with pytest.raises(SubmissionRefused) as refusal:
        office.hand_in(received(1), received(2), licence(3))
    assert (refusal.value.problem, len(refusal.value.row_errors)) == ("continued-already", 2)
