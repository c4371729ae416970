"""Step 11: linked seals and signatures."""

from dataclasses import replace
from datetime import date
from typing import Any

from ledger.records.records import Link
from ledger.registry.changes import MAX_CHANGES
from ledger.registry.status import Status
from ledger.verification.report import Report
from tests.scenes import DAY, DOCUMENT, City, Item, Registry, credit_code
from tests.sealed import Sealed, make_seal, make_signature, scene, sealed_by
from tests.unit.ledger.verification.steps.cases import (
    FAIL,
    INVALID,
    NOT_CURRENT,
    PASS,
    UNKNOWN,
    UNVERIFIABLE,
    VALID,
    case,
    one_licence,
)
from tests.unit.ledger.verification.steps.dates import dated

OTHER = credit_code("429006", 7)


@case(9, PASS, "status_valid", VALID)
def a_licence_that_was_sealed() -> Report:
    return scene().verify()


@case(11, UNKNOWN, "link_missing", UNVERIFIABLE)
def a_link_whose_proof_is_not_there() -> Report:
    return dated(links=(Link("sealed-by", b"\x01" * 32),))


@case(11, UNKNOWN, "linked_unproven", UNVERIFIABLE)
def a_linked_proof_that_does_not_hold() -> Report:
    """A gap, and no forgery of the licence: whoever presents it may have spoilt it."""
    sealed = scene()
    return sealed.verify(linked_proofs=(replace(sealed.sealing(), index=5),))


@case(11, UNKNOWN, "linked_undisclosed", UNVERIFIABLE)
def a_sealing_that_does_not_show_its_claims() -> Report:
    sealed = scene()
    return sealed.verify(linked_proofs=(sealed.sealing(disclosure=None),))


@case(11, UNKNOWN, "sealed_document_withheld", UNVERIFIABLE)
def a_sealing_that_does_not_show_what_was_sealed() -> Report:
    sealed = scene()
    assert sealed.signature.disclosure
    shown = sealed.signature.disclosure.select(sealed.city.suite, {"KZ_QZRDM"})
    return sealed.verify(linked_proofs=(sealed.sealing(disclosure=shown),))


@case(11, UNKNOWN, "seal_holder_withheld", UNVERIFIABLE)
def a_sealing_that_does_not_show_who_sealed() -> Report:
    sealed = scene()
    assert sealed.signature.disclosure
    shown = sealed.signature.disclosure.select(sealed.city.suite, {"document/1"})
    return sealed.verify(linked_proofs=(sealed.sealing(disclosure=shown),))


@case(11, UNKNOWN, "linked_status_unknown", UNVERIFIABLE)
def a_seal_that_was_reinstated_before_its_use() -> Report:
    def revive(city: City, seal: Item) -> None:
        city.register(city.follow("cancel", seal))
        city.anchor(changes=[(city.position(seal), 8)])  # no intake takes a record of it

    return scene(revive).verify()


@case(11, UNKNOWN, "linked_status_unknown", UNVERIFIABLE)
def a_seal_whose_status_contradicts_itself() -> Report:
    def contradict(city: City, seal: Item) -> None:
        city.anchor(changes=[(city.position(seal), 3)])
        city.anchor(changes=[(city.position(seal), 4)])

    return scene(contradict).verify()


@case(11, UNKNOWN, "linked_status_unknown", UNVERIFIABLE)
def a_seal_with_more_changes_since_its_use_than_anybody_reads() -> Report:
    sealed = scene()
    position = sealed.city.position(sealed.seal)
    for _ in range(MAX_CHANGES // 2):
        sealed.city.anchor(changes=[(position, Status.SUSPENDED)])
        sealed.city.anchor(changes=[(position, Status.VALID)])
    return sealed.verify()


@case(11, UNKNOWN, "link_unknown", UNVERIFIABLE)
def a_link_of_a_kind_that_nobody_defined() -> Report:
    return dated(links=(Link("replaces", b"\x01" * 32),))


@case(11, FAIL, "link_of_another_kind", INVALID)
def a_link_to_a_licence_instead_of_a_sealing() -> Report:
    city = City(Registry())
    paper = city.licence()
    city.register(paper)
    licence = city.licence(links=(Link("sealed-by", paper.leaf),))
    city.register(licence)
    proof = city.proof(licence, linked_proofs=(city.proof(paper, staple=None),))
    return city.verify(proof, documents=[DOCUMENT])


@case(11, FAIL, "linked_not_entitled", INVALID)
def a_seal_registered_by_a_key_that_has_no_grant_for_seals() -> Report:
    city = City(Registry(), grant=False)
    city.give(city.key, city.issuer, kinds=1 | 4)
    return _registered(city, make_seal(city))


@case(11, FAIL, "sealed_other_document", INVALID)
def a_sealing_of_another_document() -> Report:
    return scene(signature={"documents": [b"another paper"]}).verify()


@case(11, FAIL, "seal_of_another", INVALID)
def a_seal_of_another_body_than_the_one_that_sealed() -> Report:
    return scene(seal={"claims": {"CZZTDM": OTHER}}).verify()


@case(11, FAIL, "seal_of_another", INVALID)
def a_licence_sealed_only_by_another_body_than_its_issuer() -> Report:
    return scene(seal={"claims": {"CZZTDM": OTHER}}, signature={"claims": {"KZ_QZRDM": OTHER}}).verify()


@case(11, FAIL, "seal_registered_later", INVALID)
def a_seal_registered_after_its_use() -> Report:
    city = City(Registry())
    seal = make_seal(city)
    signature = make_signature(city, seal)
    city.register(signature)
    city.register(seal)
    licence = city.licence(**sealed_by(signature))
    city.register(licence)
    return Sealed(city, seal, signature, licence).verify()


@case(11, FAIL, "seal_not_in_force", INVALID)
def a_sealing_dated_back_to_before_its_seal_was_destroyed() -> Report:
    """The declared time lies a day before the destruction; what counts is the anchor of the sealing."""
    return scene(lambda city, seal: city.register(city.follow("cancel", seal))).verify()


@case(11, FAIL, "seal_out_of_dates", INVALID)
def a_seal_used_before_its_first_day() -> Report:
    return scene(seal={"valid_from": date(2026, 3, 3)}).verify()


@case(11, FAIL, "seal_out_of_dates", INVALID)
def a_seal_used_after_its_last_day() -> Report:
    return scene(lambda city, _: city.registry.wait(DAY), seal={"valid_until": date(2026, 3, 2)}).verify()


@case(11, FAIL, "signature_ended", NOT_CURRENT)
def a_sealing_declared_void_since() -> Report:
    sealed = scene()
    sealed.city.register(sealed.city.follow("void", sealed.signature))
    return sealed.verify()


def _registered(city: City, seal: Item, **signature: Any) -> Report:
    city.register(seal)
    made = make_signature(city, seal, **signature)
    city.register(made)
    licence = city.licence(**sealed_by(made))
    city.register(licence)
    return Sealed(city, seal, made, licence).verify()


@case(11, UNKNOWN, "note_alone", UNVERIFIABLE)
def a_note_that_is_presented_as_a_certificate() -> Report:
    city, licence, _ = one_licence()
    note = city.note(licence)
    city.register(note)
    return city.verify(city.proof(note))


@case(11, UNKNOWN, "moved_elsewhere", UNVERIFIABLE)
def a_licence_that_continues_one_which_went_elsewhere() -> Report:
    city, old, _ = one_licence()
    other = City(city.registry, "wuhan")
    transfer = city.follow("transfer", old, basis="示例条例；转往 xiantao")
    city.register(transfer)
    received = other.licence(links=(Link("continues", transfer.leaf),))
    other.register(received)
    transfer_proof = city.proof(transfer, disclosure=None, staple=None)
    return other.verify(other.proof(received, linked_proofs=(transfer_proof,)))
