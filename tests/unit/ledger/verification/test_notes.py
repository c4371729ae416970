"""Notes on certificates: shown beside the verdict, made by whom, and whether they stand."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ledger.proof.proof import Proof
from ledger.records.claims import FullDisclosure
from ledger.records.records import Link
from ledger.registry import acts
from ledger.verification.report import NotesKnown, Report
from ledger.verification.verify import PresentedContent, verify
from tests.scenes import DAY, City, Item, Registry, credit_code, readable

STRANGER = credit_code("429006", 7)


def verify_noted(city: City, licence: Item, *notes: Proof) -> Report:
    return city.verify(city.proof(licence, linked_proofs=notes))


def note_proof(city: City, note: Item, **altered: Any) -> Proof:
    return city.proof(note, staple=None, **altered)


@pytest.fixture
def city() -> City:
    return City(Registry())


@pytest.fixture
def licence(city: City) -> Item:
    licence = city.licence()
    city.register(licence)
    return licence


def test_notes_are_shown_and_change_nothing(city: City, licence: Item) -> None:
    check, dispute = city.note(licence), city.note(licence, "disputes", basis="示例条例 第九条")
    city.register(check)
    city.register(dispute)
    report = verify_noted(city, licence, note_proof(city, dispute), note_proof(city, check))
    assert (report.verdict.value, report.reason) == ("valid", "status_valid")
    assert [(note.note.relation, note.state.value) for note in report.notes] == [
        ("annotates", "standing"),
        ("disputes", "standing"),
    ]
    body: Any = report.to_json()
    assert body["notes_known"] == "attached"
    notes = body["notes"]
    assert notes[1] == {
        "relation": "disputes",
        "state": "standing",
        "words": {"zh": "异议处理中", "en": "dispute that is open"},
        "title": "年审",
        "text": "合格",
        "identifier": dispute.record.identifier,
        "of": licence.record.identifier,
        "this_version": True,
        "issuer": city.issuer,
        "anchored": notes[1]["anchored"],
        "until": "2027-03-01",
        "basis": "示例条例 第九条",
    }


def test_without_notes_the_report_says_what_is_not_known(city: City, licence: Item) -> None:
    body = city.verify(city.proof(licence)).to_json()
    assert (body["notes"], body["notes_known"]) == ([], "attached")
    assert "其余此处未知" in str(body["notes_words"])


def test_a_register_of_ones_own_shows_what_the_proof_does_not_carry(city: City, licence: Item) -> None:
    dispute = city.note(licence, "disputes")
    city.register(dispute)
    proof = city.proof(licence)
    report = verify(
        PresentedContent((), readable(proof)),
        proof,
        city.registry.knowledge,
        city.registry.now,
        registered_notes=[note_proof(city, dispute)],
    )
    assert (report.verdict.value, report.notes_known) == ("valid", NotesKnown.REGISTER)
    assert [note.record for note in report.notes] == [dispute.record]


def test_a_settled_dispute_says_so(city: City, licence: Item) -> None:
    dispute = city.note(licence, "disputes")
    city.register(dispute)
    city.register(city.follow("cancel", dispute))
    (note,) = verify_noted(city, licence, note_proof(city, dispute)).notes
    assert (note.state.value, note.words.zh) == ("settled", "异议已办结")


def test_past_its_deadline_a_dispute_is_not_settled(city: City, licence: Item) -> None:
    dispute = city.note(licence, "disputes", valid_until=date(2026, 3, 3))
    city.register(dispute)
    city.registry.wait(2 * DAY)
    (note,) = verify_noted(city, licence, note_proof(city, dispute)).notes
    assert (note.state.value, note.words.zh) == ("lapsed", "异议逾期未结")


def test_a_note_that_was_replaced_says_so(city: City, licence: Item) -> None:
    check = city.note(licence)
    city.register(check)
    again = city.follow(
        "amend", check, kind="material", links=check.record.links, valid_from=None, valid_until=None
    )
    city.register(again)
    (note,) = verify_noted(city, licence, note_proof(city, check)).notes
    assert note.state.value == "superseded"


def test_a_dispute_of_an_earlier_version_is_shown_with_the_newest(city: City, licence: Item) -> None:
    """Else a department would take a dispute off a certificate by amending something else."""
    dispute = city.note(licence, "disputes")
    city.register(dispute)
    amended = city.follow("amend", licence)
    city.register(amended)
    report = verify_noted(city, amended, note_proof(city, dispute))
    assert report.verdict.value == "valid"
    assert [note.is_of_this_version for note in report.notes] == [False]


def refused(city: City, licence: Item, note: Item, **altered: Any) -> None:
    """Check that a note counts for nothing, and that a proof with it cannot be confirmed."""
    report = verify_noted(city, licence, note_proof(city, note, **altered))
    assert (report.verdict.value, report.reason, report.notes) == ("unverifiable", "attached_unproven", ())


def test_attack_a_dispute_by_a_stranger_counts_for_nothing(city: City, licence: Item) -> None:
    """A body of the same city, with a key and a grant of its own, disputes a certificate of another."""
    key = city.new_key()
    city.registry.act(acts.IssuerAdded(city.name, STRANGER))
    city.registry.act(acts.KeyRegistered(city.name, 1, key.public.spki))
    city.give(key, STRANGER)
    dispute = city.note(licence, "disputes")
    identifier = dispute.record.certificate
    dispute = replace(
        dispute,
        record=replace(
            dispute.record,
            issuer=STRANGER,
            identifier=identifier.build(identifier.type, STRANGER, identifier.serial, 1).text,
        ),
    )
    city.anchor(city.submit(dispute, signer=key))
    assert city.verify(city.proof(dispute)).reason == "note_alone"  # it is theirs, and anchored
    refused(city, licence, dispute)


def test_attack_a_dispute_in_another_city_counts_for_nothing(city: City, licence: Item) -> None:
    elsewhere = City(city.registry, "wuhan")
    dispute = elsewhere.note(licence, "disputes")
    identifier = dispute.record.certificate
    dispute = replace(
        dispute,
        record=replace(
            dispute.record,
            issuer=elsewhere.issuer,
            identifier=identifier.build(identifier.type, elsewhere.issuer, identifier.serial, 1).text,
        ),
    )
    elsewhere.register(dispute)
    report = verify_noted(city, licence, note_proof(elsewhere, dispute))
    assert (report.reason, report.notes) == ("attached_unproven", ())


def test_attack_a_note_on_one_certificate_is_none_on_another(city: City, licence: Item) -> None:
    other = city.licence()
    note = city.note(other)
    city.register(other, note)
    refused(city, licence, note)


def test_attack_a_key_without_a_grant_for_materials_notes_nothing() -> None:
    city = City(Registry(), grant=False)
    city.give(city.key, city.issuer, kinds=1)
    licence = city.licence()
    city.register(licence)
    note = city.note(licence)
    city.register(note)
    refused(city, licence, note)


def test_attack_altered_words_of_a_note_count_for_nothing(city: City, licence: Item) -> None:
    dispute = city.note(licence, "disputes")
    city.register(dispute)
    assert dispute.disclosure
    claims = tuple((name, "撤回" if name == "KZ_NR" else value) for name, value in dispute.disclosure.claims)
    refused(city, licence, dispute, disclosure=FullDisclosure(dispute.disclosure.master, claims))
    shown = dispute.disclosure.select(city.suite, {"KZ_ZZBS", "ZZMC"})
    refused(city, licence, dispute, disclosure=shown)


@pytest.mark.parametrize(
    "altered",
    [
        {"kind": "licence"},
        {"links": (Link("annotates", b"\1" * 32), Link("disputes", b"\1" * 32))},
        {"claims": {"ZZMC": "年审"}},
        {"claims": {"KZ_ZZBS": "1.2.3", "ZZMC": "年审"}},
        {"claims": {"KZ_ZZBS": "", "ZZMC": "年审", "CZZT": "张三"}},
        {"claims": {"KZ_ZZBS": "", "ZZMC": 7}},
        {"claims": {"KZ_ZZBS": "", "ZZMC": "年审", "KZ_NR": "长" * 1_001}},
    ],
)
def test_what_is_no_note_by_its_form_is_none(city: City, licence: Item, altered: dict[str, Any]) -> None:
    claims = altered.get("claims")
    if claims and claims.get("KZ_ZZBS") == "":
        altered = {"claims": claims | {"KZ_ZZBS": licence.record.identifier}}
    note = city.note(licence, **altered)
    city.register(note)
    refused(city, licence, note)


def test_a_dispute_without_a_deadline_is_none(city: City, licence: Item) -> None:
    note = city.note(licence, "disputes", valid_until=None)
    city.register(note)
    refused(city, licence, note)


def test_a_note_has_no_notes(city: City, licence: Item) -> None:
    note = city.note(licence)
    on_note = city.note(note)
    city.register(note, on_note)
    assert verify_noted(city, note, note_proof(city, on_note)).notes == ()
