"""A note is taken on the current version of a certificate of its issuer, and on no other."""

from typing import Any

import pytest

from anchoring.errors import SubmissionRefused
from anchoring.intake.notes import Notes
from anchoring.register.records import find_current_leaf, find_newest_leaf
from anchoring.register.search.listing import Criteria, count_records
from anchoring.register.store import Register
from ledger.crypto.suites import SM3
from ledger.encoding.canonical import encode_canonical
from ledger.records.claims import MASTER_BYTES, FullDisclosure
from ledger.records.identifiers import CertificateIdentifier
from tests.fakes.department import ISSUER, NOW, World, change, identifier, licence
from tests.unit.anchoring.intake.submitting import refusal

LICENCE = identifier(1)


def note(number: int, leaf: bytes | None, on: str = LICENCE, **members: Any) -> dict[str, Any]:
    """Return the row of a note on a licence; without a leaf its link names the row above."""
    parsed = CertificateIdentifier.parse(on)
    text = CertificateIdentifier.build(parsed.type, ISSUER, f"NOTE{number:09d}", 1).text
    link = {"rel": "annotates"} | ({"record": SM3.format(leaf)} if leaf else {"identifier": on})
    claims = {"KZ_ZZBS": on, "ZZMC": "年审"}
    row = licence(kind="material", identifier=text, claims=claims, links=[link]) | members
    return {name: value for name, value in row.items() if value is not None}


class Office:
    """A department with a register, which hands in at a moment."""

    def __init__(self, world: World, register: Register) -> None:
        self.world, self.register, self.now = world, register, NOW

    def hand_in(self, *rows: dict[str, Any]) -> None:
        self.now += 1
        submit = self.world.department.submit
        submit(self.register, self.world.trust, *rows, now=self.now, find_newest_leaf=self.leaf)

    def leaf(self, of: str = LICENCE) -> bytes:
        with self.register.reading() as connection:
            return find_newest_leaf(connection, of)

    def current(self, of: str = LICENCE) -> bytes:
        with self.register.reading() as connection:
            return find_current_leaf(connection, of)

    def refused(self, *rows: dict[str, Any]) -> SubmissionRefused:
        lines = self.world.department.lines(rows, self.now, find_newest_leaf=self.leaf)
        return refusal(self.world, self.register, lines, self.now)


@pytest.fixture
def office(world: World, register: Register) -> Office:
    office = Office(world, register)
    office.hand_in(licence(1), licence(2))
    return office


def test_notes_are_taken_and_settled(office: Office) -> None:
    office.hand_in(note(1, office.current()), note(2, office.current()))
    settled = note(1, None)["identifier"]
    office.hand_in(change("cancel", kind="material", identifier=settled))


def test_a_certificate_may_be_issued_and_noted_in_one_submission(office: Office) -> None:
    office.hand_in(licence(3), note(1, None, on=identifier(3)))


def test_a_note_on_what_is_not_registered_here_is_refused(office: Office) -> None:
    refused = office.refused(note(1, b"\1" * 32))
    assert refused.problem == "note-refused"
    assert "not registered here 未登记" in refused.row_errors[0].message


def test_a_note_names_one_certificate_in_its_link_and_its_claim(office: Office) -> None:
    refused = office.refused(note(1, office.current(identifier(2))))
    assert (refused.problem, identifier(2) in str(refused)) == ("note-refused", True)


def test_an_older_version_gets_no_notes(office: Office) -> None:
    first = office.current()
    renewed = CertificateIdentifier.parse(LICENCE).with_version(2).text
    office.hand_in(change("renew", identifier=renewed) | {"claims": {"ZZMC": "营业执照"}})
    refused = office.refused(note(1, first))
    assert (refused.problem, renewed in str(refused)) == ("note-refused", True)
    office.hand_in(note(2, office.current(), on=renewed))


def test_a_note_has_no_notes(office: Office) -> None:
    office.hand_in(note(1, office.current()))
    noted = note(1, None)["identifier"]
    refused = office.refused(note(2, office.current(noted), on=noted))
    assert "only certificates have notes" in str(refused)


@pytest.mark.parametrize(
    "members",
    [
        {"claims": {"ZZMC": "年审"}},
        {"claims": {"KZ_ZZBS": LICENCE, "ZZMC": "年审", "CZZT": "张三"}},
        {"claims": {"KZ_ZZBS": LICENCE, "ZZMC": 7}},
        {"kind": "licence"},
    ],
)
def test_what_is_no_note_by_its_form_is_refused(office: Office, members: dict[str, Any]) -> None:
    row = note(1, office.current(), **members)
    with pytest.raises(SubmissionRefused) as refused:
        office.hand_in(row)
    assert refused.value.problem == "malformed-note"


def test_a_dispute_needs_a_deadline(office: Office) -> None:
    links = [{"rel": "disputes", "record": SM3.format(office.current())}]
    with pytest.raises(SubmissionRefused, match="has a deadline"):
        office.hand_in(note(1, None, links=links, valid_until=None))
    office.hand_in(note(1, None, links=links, valid_until="2027-01-01"))


def test_notes_are_not_counted_as_certificates(office: Office) -> None:
    office.hand_in(note(1, office.current()))
    type_ = CertificateIdentifier.parse(LICENCE).type
    with office.register.reading() as connection:
        figures = count_records(connection, Criteria())
    assert {figure.type: figure.count for figure in figures} == {type_: 2, "annotates": 1}


def test_a_record_of_before_there_were_notes_comes_back_as_it_is() -> None:
    """What was registered before has links of that name and other claims, and is not judged again."""
    disclosure = FullDisclosure(b"\2" * MASTER_BYTES, (("ZZMC", "年审"),))
    Notes(ISSUER).add(0, [("annotates", b"\1" * 32)], encode_canonical(disclosure.to_json()))
