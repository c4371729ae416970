"""A sealing is taken only while its seal is in force: else it could never be valid."""

from typing import Any

import pytest

from anchoring.errors import SubmissionRefused
from anchoring.register.records import find_current_leaf, find_newest_leaf
from anchoring.register.store import Register
from ledger.crypto.suites import SM3
from ledger.records.seal_identifiers import SealingIdentifier
from tests.fakes.department import ISSUER, NOW, World, change, identifier, licence
from tests.unit.anchoring.intake.submitting import refusal

SEAL = SealingIdentifier.build("seal", ISSUER, "42900600000001")
BEFORE = "2022-03-28T08:00:00Z"  # long before anything here


def seal(version: int = 1, **members: Any) -> dict[str, Any]:
    return (
        licence(kind="seal", identifier=SEAL.with_version(version).text, claims={"CZZTDM": ISSUER}) | members
    )


def sealing(number: int, leaf: bytes, **members: Any) -> dict[str, Any]:
    """Return a sealing that states a time long before."""
    text = SealingIdentifier.build("signature", ISSUER, f"TM{number:09d}").text
    links = [{"rel": "made-with", "record": SM3.format(leaf)}]
    return (
        licence(kind="signature", identifier=text, claims={"KZ_QZRDM": ISSUER}, links=links, time=BEFORE)
        | members
    )


def change_seal(action: str, version: int = 1) -> dict[str, Any]:
    return change(action, kind="seal", identifier=SEAL.with_version(version).text)


class Office:
    """A department with a register, which hands in at a moment."""

    def __init__(self, world: World, register: Register) -> None:
        self.world, self.register, self.now = world, register, NOW

    def hand_in(self, *rows: dict[str, Any]) -> None:
        self.now += 1
        submit = self.world.department.submit
        submit(self.register, self.world.trust, *rows, now=self.now, find_newest_leaf=self.leaf)

    def leaf(self, of: str = SEAL.text) -> bytes:
        """Return the leaf hash of the newest record."""
        with self.register.reading() as connection:
            return find_newest_leaf(connection, of)

    def seal(self) -> bytes:
        with self.register.reading() as connection:
            return find_current_leaf(connection, SEAL.text)

    def refused(self, *rows: dict[str, Any]) -> SubmissionRefused:
        lines = self.world.department.lines(rows, self.now, find_newest_leaf=self.leaf)
        return refusal(self.world, self.register, lines, self.now)


@pytest.fixture
def office(world: World, register: Register) -> Office:
    office = Office(world, register)
    office.hand_in(seal())
    return office


def test_while_a_seal_is_in_force_sealings_are_taken(office: Office) -> None:
    office.hand_in(sealing(1, office.seal()), sealing(2, office.seal()))
    office.hand_in(change_seal("suspend"))
    office.hand_in(change_seal("resume"))
    office.hand_in(sealing(3, office.seal()))


@pytest.mark.parametrize("action", ["cancel", "revoke", "withdraw", "void", "transfer", "suspend"])
def test_once_a_seal_is_not_in_force_nothing_sealed_with_it_is_taken(office: Office, action: str) -> None:
    office.hand_in(change_seal(action))
    refused = office.refused(licence(7), sealing(1, office.seal()))
    assert (refused.problem, len(refused.row_errors)) == ("seal-not-in-force", 1)
    assert SEAL.text in refused.row_errors[0].message
    assert "a sealing counts from its anchor, whatever time it states" in refused.row_errors[0].message


def test_a_seal_is_not_destroyed_and_used_in_one_submission(office: Office) -> None:
    """Both would have one anchor, and what a seal seals then is not valid."""
    leaf = office.seal()
    for number in range(8):  # the order of leaf hashes is random: both orders occur
        rows = (sealing(number, leaf), change_seal("cancel"))
        assert office.refused(*rows).problem == "seal-not-in-force"


def test_a_seal_may_be_registered_and_used_in_one_submission(world: World, register: Register) -> None:
    links = [{"rel": "made-with", "identifier": SEAL.text}]
    Office(world, register).hand_in(seal(), sealing(1, bytes(32)) | {"links": links})


def test_an_older_version_of_a_seal_seals_nothing_more(office: Office) -> None:
    first = office.seal()
    office.hand_in(seal(2, action="renew"))
    refused = office.refused(sealing(1, first))
    assert SEAL.with_version(2).text in refused.row_errors[0].message
    office.hand_in(sealing(2, office.seal()))


@pytest.mark.parametrize(
    "dates", [{"valid_until": "2026-11-22"}, {"valid_from": "2026-11-24", "valid_until": "2027-11-24"}]
)
def test_outside_of_its_dates_a_seal_seals_nothing(
    world: World, register: Register, dates: dict[str, Any]
) -> None:
    office = Office(world, register)
    office.hand_in(seal(**dates))
    refused = office.refused(sealing(1, office.seal()))
    assert (refused.problem, "today is 2026-11-23" in str(refused)) == ("seal-not-in-force", True)


def test_on_the_last_day_of_a_seal_it_seals(world: World, register: Register) -> None:
    office = Office(world, register)
    office.hand_in(seal(valid_from="2026-11-23", valid_until="2026-11-23"))
    office.hand_in(sealing(1, office.seal()))


def test_what_is_no_seal_seals_nothing(office: Office) -> None:
    office.hand_in(licence(5))
    assert "which is no seal" in str(office.refused(sealing(1, office.leaf(identifier(5)))))
    office.hand_in(change_seal("suspend"))
    change_leaf = office.leaf()
    office.hand_in(change_seal("resume"))
    assert office.refused(sealing(1, change_leaf)).problem == "seal-not-in-force"


def test_of_the_seal_of_another_city_nothing_is_known(office: Office) -> None:
    office.hand_in(sealing(1, bytes(range(32))))


def test_an_amended_sealing_is_judged_like_a_new_one(office: Office) -> None:
    office.hand_in(sealing(1, office.seal()))
    first = sealing(1, office.seal())
    office.hand_in(change_seal("cancel"))
    raised = SealingIdentifier.parse(first["identifier"]).with_version(2).text
    amended = first | {"action": "amend", "identifier": raised}
    assert office.refused(amended).problem == "seal-not-in-force"


def test_every_row_with_an_ended_seal_is_named_up_to_a_hundred(office: Office) -> None:
    office.hand_in(change_seal("cancel"))
    refused = office.refused(*(sealing(number, office.seal()) for number in range(120)))
    assert [row.row_number for row in refused.row_errors] == list(range(2, 102))


def test_a_destroyed_seal_is_not_reinstated(office: Office) -> None:
    office.hand_in(change_seal("cancel"))
    refused = office.refused(change_seal("reinstate"))
    assert refused.problem == "transition-refused"
    assert "stays ended, make and register another" in str(refused)
