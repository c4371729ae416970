"""Step 9: the status at the position."""

from dataclasses import replace
from typing import Any

from ledger.registry import acts
from ledger.registry.changes import MAX_CHANGES
from ledger.registry.status import Status
from ledger.verification.report import Report
from tests.scenes import City, Item, Registry, scene
from tests.unit.ledger.verification.steps.cases import (
    FAIL,
    NOT_CURRENT,
    PASS,
    UNKNOWN,
    UNVERIFIABLE,
    VALID,
    case,
    one_licence,
)


def after(*actions: str, attached: bool = True) -> tuple[City, Item, Report]:
    """A licence after `actions`, verified with the records of its changes or without."""
    city, licence, _ = one_licence()
    changes = []
    for action in actions:
        changes.append(city.follow(action, licence))
        city.register(changes[-1])
    linked = changes[-8:] if attached else []
    return city, licence, city.verify(city.proof(licence, *linked))


@case(9, FAIL, "suspended", NOT_CURRENT)
def a_suspended_licence() -> Report:
    return after("suspend")[2]


@case(9, FAIL, "superseded", NOT_CURRENT)
def a_renewed_licence() -> Report:
    return after("renew", attached=False)[2]


@case(9, FAIL, "cancelled", NOT_CURRENT)
def a_cancelled_licence() -> Report:
    return after("cancel")[2]


@case(9, FAIL, "revoked", NOT_CURRENT)
def a_revoked_licence() -> Report:
    return after("revoke", attached=False)[2]


@case(9, FAIL, "revoked", NOT_CURRENT)
def a_suspension_recorded_and_a_revocation_anchored() -> Report:
    city, licence, _ = one_licence()
    suspension = city.follow("suspend", licence)
    city.anchor(city.submit(suspension), changes=[(city.position(licence), Status.REVOKED)])
    return city.verify(city.proof(licence, suspension))


@case(9, FAIL, "withdrawn", NOT_CURRENT)
def a_withdrawn_licence() -> Report:
    return after("suspend", "withdraw")[2]


@case(9, FAIL, "transferred", NOT_CURRENT)
def a_transferred_licence() -> Report:
    return after("transfer")[2]


@case(9, FAIL, "void", NOT_CURRENT)
def a_void_licence() -> Report:
    return after("void")[2]


@case(9, PASS, "status_valid", VALID)
def a_licence_suspended_and_resumed() -> Report:
    return after("suspend", "resume", attached=False)[2]


@case(9, PASS, "status_reinstated", VALID)
def a_licence_reinstated_with_its_record() -> Report:
    return after("revoke", "reinstate")[2]


@case(9, UNKNOWN, "reinstatement_unproven", UNVERIFIABLE)
def a_licence_reinstated_without_its_record() -> Report:
    return after("revoke", "reinstate", attached=False)[2]


@case(9, UNKNOWN, "reinstatement_unproven", UNVERIFIABLE)
def a_revoked_licence_laundered_by_a_suspension() -> Report:
    city, licence, _ = one_licence()
    position = city.position(licence)
    for status in (Status.REVOKED, Status.REINSTATED, Status.SUSPENDED, Status.VALID):
        city.anchor(changes=[(position, status)])
    return city.verify(city.proof(licence))


@case(9, PASS, "status_valid", VALID)
def a_licence_reinstated_then_suspended_and_resumed() -> Report:
    return after("revoke", "reinstate", "suspend", "resume")[2]


@case(9, UNKNOWN, "reinstatement_unproven", UNVERIFIABLE)
def a_licence_with_more_changes_than_anybody_reads() -> Report:
    city, licence, _ = one_licence()
    position = city.position(licence)
    for _ in range(MAX_CHANGES // 2):
        city.anchor(changes=[(position, Status.SUSPENDED)])
        city.anchor(changes=[(position, Status.VALID)])
    return city.verify(city.proof(licence))


@case(9, UNKNOWN, "status_contradictory", UNVERIFIABLE)
def a_revoked_licence_set_back_to_valid() -> Report:
    city, licence, _ = one_licence()
    position = city.position(licence)
    city.anchor(changes=[(position, Status.REVOKED)])
    city.anchor(changes=[(position, Status.VALID)])
    return city.verify(city.proof(licence))


@case(9, UNKNOWN, "staple_altered", UNVERIFIABLE)
def a_staple_that_does_not_fit_its_anchor() -> Report:
    city, _, proof = one_licence()
    assert proof.staple
    chunk = b"\x44" * 32
    return city.verify(replace(proof, staple=replace(proof.staple, chunk=chunk)))


@case(9, UNKNOWN, "staple_altered", UNVERIFIABLE)
def a_staple_with_a_path_too_long() -> Report:
    city, _, proof = one_licence()
    assert proof.staple
    return city.verify(replace(proof, staple=replace(proof.staple, path=(bytes(32),))))


@case(9, UNKNOWN, "staple_altered", UNVERIFIABLE)
def a_staple_from_before_the_record() -> Report:
    city, _, before = one_licence()
    licence = city.licence()
    city.register(licence)
    return city.verify(city.proof(licence, staple=before.staple))


@case(9, UNKNOWN, "staple_altered", UNVERIFIABLE)
def a_staple_to_a_void_anchor() -> Report:
    city, licence, _ = one_licence()
    city.anchor(status_changes=b"\0")  # the root is that of before, and the words are none
    return city.verify(city.proof(licence))


@case(9, UNKNOWN, "staple_newer", UNVERIFIABLE)
def a_staple_from_ahead_that_says_revoked() -> Report:
    city, _, proof = one_licence()
    assert proof.staple
    return city.verify(replace(proof, staple=replace(proof.staple, sequence=9, chunk=b"\x44" * 32)))


@case(9, PASS, "status_valid", VALID)
def a_staple_from_ahead_that_says_nothing_new() -> Report:
    city, _, proof = one_licence()
    assert proof.staple
    return city.verify(replace(proof, staple=replace(proof.staple, sequence=9)))


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def a_revocation_attached_that_has_not_arrived() -> Report:
    city, licence, proof = one_licence()
    revocation = city.follow("revoke", licence)
    ahead = replace(city.proof(licence, disclosure=None, staple=None), record=revocation.record, sequence=2)
    return city.verify(replace(proof, linked_proofs=(ahead,)))


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def a_proof_of_another_certificate_attached() -> Report:
    city, items = scene()
    return city.verify(city.proof(items[0], items[1]))


def _dressed(**altered: Any) -> Report:
    """A licence suspended and resumed, with the proof of the latter attached, `altered`."""
    city, licence, _ = one_licence()
    city.register(city.follow("suspend", licence))
    resumed = city.follow("resume", licence)
    city.register(resumed)
    bare = city.proof(resumed, disclosure=None, staple=None)
    altered = {name: make(city, licence) for name, make in altered.items()}
    return city.verify(city.proof(licence, linked_proofs=(replace(bare, **altered),)))


@case(9, PASS, "status_valid", VALID)
def a_record_of_a_change_attached() -> Report:
    return _dressed()


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def an_attached_record_with_claims_of_its_own() -> Report:
    return _dressed(disclosure=lambda city, licence: licence.disclosure)


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def an_attached_record_with_a_staple_of_its_own() -> Report:
    return _dressed(staple=lambda city, licence: city.staple(licence))


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def an_attached_record_with_more_attached() -> Report:
    return _dressed(linked_proofs=lambda city, licence: (city.proof(licence, disclosure=None, staple=None),))


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def an_attached_record_with_a_signature_of_nobody() -> Report:
    return _dressed(entry=lambda city, licence: city.submit(licence, signer=city.new_key()).entry)


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def a_revocation_attached_that_the_city_kept_off_the_chain() -> Report:
    city, licence, _ = one_licence()
    revocation = city.follow("revoke", licence)
    city.anchor(city.submit(revocation))  # recorded and anchored, but its word was left out
    return city.verify(city.proof(licence, revocation))


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def a_revocation_attached_where_the_city_wrote_another_change() -> Report:
    city, licence, _ = one_licence()
    revocation = city.follow("revoke", licence)
    city.anchor(city.submit(revocation), changes=[(city.position(licence), Status.SUSPENDED)])
    city.anchor(changes=[(city.position(licence), Status.VALID)])
    return city.verify(city.proof(licence, revocation))


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def a_suspension_attached_that_came_after_its_word() -> Report:
    city, licence, _ = one_licence()
    suspension = city.follow("suspend", licence)
    city.anchor(changes=[(city.position(licence), Status.SUSPENDED)])
    city.anchor(city.submit(suspension))
    city.anchor(changes=[(city.position(licence), Status.VALID)])
    return city.verify(city.proof(licence, suspension))


def _continued() -> tuple[City, Item]:
    """A licence of a log that continues one of another registry, of 100 records."""
    before = acts.Predecessor("eip155:1:0x00:00", "tianmen", 7, b"\x01" * 32, 100, b"\x02" * 32)
    city = City(Registry(), "tianmen", predecessor=before)
    licence = city.licence()
    city.register(licence)
    return city, licence


@case(9, UNKNOWN, "predecessor_unknown", UNVERIFIABLE)
def a_log_whose_earlier_statuses_are_not_known() -> Report:
    city, licence = _continued()
    return city.verify(city.proof(licence, staple=None))


@case(9, PASS, "status_valid", VALID)
def a_continued_log_with_a_staple() -> Report:
    city, licence = _continued()
    return city.verify(city.proof(licence))


@case(9, PASS, "status_reinstated", VALID)
def a_continued_log_with_a_staple_of_a_reinstatement() -> Report:
    city, licence = _continued()
    city.register(city.follow("revoke", licence))
    reinstated = city.follow("reinstate", licence)
    city.register(reinstated)
    return city.verify(city.proof(licence, reinstated))


@case(9, UNKNOWN, "predecessor_unknown", UNVERIFIABLE)
def a_continued_log_with_a_staple_from_ahead() -> Report:
    city, licence = _continued()
    proof = city.proof(licence)
    assert proof.staple
    return city.verify(replace(proof, staple=replace(proof.staple, sequence=9)))


@case(9, FAIL, "revoked", NOT_CURRENT)
def a_continued_log_with_a_staple_older_than_its_words() -> Report:
    city, licence = _continued()
    old = city.proof(licence)
    city.register(city.follow("revoke", licence))
    return city.verify(old)


@case(9, UNKNOWN, "status_contradictory", UNVERIFIABLE)
def a_continued_log_whose_root_says_other_than_its_words() -> Report:
    city, licence = _continued()
    city.statuses.set(city.position(licence), Status.REVOKED)  # into the root, but not into the words
    city.anchor()
    return city.verify(city.proof(licence))


@case(6, UNKNOWN, "anchor_unknown", UNVERIFIABLE)
def a_position_that_is_not_known() -> Report:
    city, _, proof = one_licence()
    return city.verify(replace(proof, sequence=2))


@case(9, PASS, "status_valid", VALID)
def a_licence_with_a_dispute() -> Report:
    """It is shown beside the verdict, and changes nothing."""
    city, licence, _ = one_licence()
    dispute = city.note(licence, "disputes")
    city.register(dispute)
    return city.verify(city.proof(licence, linked_proofs=(city.proof(dispute, staple=None),)))


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def a_note_that_does_not_show_its_claims() -> Report:
    city, licence, _ = one_licence()
    note = city.note(licence)
    city.register(note)
    return city.verify(city.proof(licence, note))
