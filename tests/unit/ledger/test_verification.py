"""Every row of the table of reasons, reached by a scene; and how the rows of one report make its verdict.

A scene is a function that returns a report; its name says what was done. Its decorator says which row decides, and
the verdict. A row of `reasons.TABLE` that no scene reaches fails a test, so a new reason needs a new scene.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import product
from typing import Any

import pytest

from ledger import registry as acts
from ledger.canonical import Json
from ledger.claims import FullDisclosure
from ledger.keys import keccak256
from ledger.limits import MAX_PROOF_BYTES, MAX_STATUS_CHANGES
from ledger.proof import Proof
from ledger.reasons import STEP_WORDS, TABLE, VERDICT_WORDS, Key, Outcome, Verdict, decide
from ledger.records import Link, Record
from ledger.report import Compared, Report
from ledger.status import Status
from ledger.suites import SHA256
from ledger.verification import Policy
from tests.scenes import CLAIMS, DAY, DOCUMENT, START, City, Item, Registry, readable, scene

PASS, FAIL, UNKNOWN, SKIPPED = Outcome
VALID, NOT_CURRENT, INVALID, UNVERIFIABLE = Verdict

SCENES: dict[str, tuple[Key, Verdict, Callable[[], Report]]] = {}


def case(
    step: int, outcome: Outcome, reason: str, verdict: Verdict
) -> Callable[[Callable[[], Report]], Callable[[], Report]]:
    """The scene below leads to `verdict` because of this row."""

    def keep(build: Callable[[], Report]) -> Callable[[], Report]:
        assert build.__name__ not in SCENES
        SCENES[build.__name__] = ((step, outcome, reason), verdict, build)
        return build

    return keep


def one() -> tuple[City, Item, Proof]:
    """A city, a licence that it registered, and its proof."""
    city, items = scene()
    return city, items[1], city.proof(items[1])


# -- 1: form, and who speaks --


@case(9, PASS, "status_valid", VALID)
def a_licence_read_against_its_paper() -> Report:
    city, _, proof = one()
    return city.verify(proof.encode())


@case(1, UNKNOWN, "proof_unreadable", UNVERIFIABLE)
def a_file_that_is_no_proof() -> Report:
    city, _, _ = one()
    return city.verify(b"%PDF-1.7")


@case(1, UNKNOWN, "over_limit", UNVERIFIABLE)
def a_proof_too_large() -> Report:
    city, _, _ = one()
    return city.verify(b" " * (MAX_PROOF_BYTES + 1))


@case(1, UNKNOWN, "newer_format", UNVERIFIABLE)
def a_proof_of_a_later_version() -> Report:
    city, _, proof = one()
    return city.verify(proof.encode().replace(b"shunzheng/proof/1", b"shunzheng/proof/2"))


@case(1, FAIL, "not_presentable", INVALID)
def a_revocation_presented_as_a_certificate() -> Report:
    city, licence, _ = one()
    revocation = city.follow("revoke", licence)
    city.register(revocation)
    return city.verify(city.proof(revocation), documents=[DOCUMENT])


@case(1, FAIL, "issuer_mismatch", INVALID)
def a_record_of_another_issuer_in_the_statement() -> Report:
    city, _, _ = one()
    other = City(city.registry, "wuhan")
    foreign = other.licence()
    city.anchor(city.submit(foreign, issuer=city.issuer))
    return city.verify(city.proof(foreign))


@case(1, FAIL, "issuer_mismatch", INVALID)
def an_identifier_that_names_another_issuer() -> Report:
    city, _, _ = one()
    other = City(city.registry, "wuhan")
    licence = city.licence(identifier=other.identifier(7))
    city.anchor(city.submit(licence))
    return city.verify(city.proof(licence))


@case(1, FAIL, "suite_mismatch", INVALID)
def a_record_hashed_with_another_suite() -> Report:
    city, _, _ = one()
    other = City(Registry(), "tianmen", suite=SHA256)
    licence = other.licence()
    other.anchor(other.submit(licence, registry=city.registry.name))
    return city.verify(other.proof(licence))


@case(1, FAIL, "suite_mismatch", INVALID)
def a_record_alone_hashed_with_another_suite() -> Report:
    city, _, _ = one()
    licence = city.licence(suite=SHA256)
    city.anchor(city.submit(licence))
    return city.verify(city.proof(licence))


@case(1, FAIL, "suite_mismatch", INVALID)
def a_statement_alone_hashed_with_another_suite() -> Report:
    city, _, _ = one()
    licence = city.licence()
    city.anchor(city.submit(licence, suite=SHA256))
    return city.verify(city.proof(licence))


@case(1, UNKNOWN, "kind_not_supported", UNVERIFIABLE)
def a_seal() -> Report:
    city, _, _ = one()
    seal = city.licence(kind="seal", identifier="4290060000001")
    city.register(seal)
    return city.verify(city.proof(seal))


@case(1, UNKNOWN, "other_registry", UNVERIFIABLE)
def a_proof_of_another_registry() -> Report:
    _, _, proof = one()
    elsewhere = City(Registry(chain_id=1), "tianmen")
    elsewhere.register(elsewhere.licence())
    return elsewhere.verify(proof)


@case(1, UNKNOWN, "log_unknown", UNVERIFIABLE)
def a_proof_of_a_city_that_was_never_heard_of() -> Report:
    _, _, proof = one()
    return City(Registry(), "wuhan").verify(proof)


@case(9, PASS, "status_valid", VALID)
def an_old_identifier_that_names_the_issuer_by_its_division() -> Report:
    city, _, _ = one()
    licence = city.licence(identifier="1.2.156.3005.2.11100000MB03271699022.429000.000000016.001.9")
    city.register(licence)
    return city.verify(city.proof(licence))


# -- 2: what was presented --


@case(9, PASS, "status_valid", VALID)
def a_document_beside_its_proof() -> Report:
    city, _, proof = one()
    return city.verify(proof, documents=[DOCUMENT])


@case(2, FAIL, "document_mismatch", INVALID)
def a_document_with_one_byte_changed() -> Report:
    city, _, proof = one()
    return city.verify(proof, documents=[DOCUMENT[:-1] + b" "])


@case(2, FAIL, "claim_mismatch", INVALID)
def a_paper_with_another_scope() -> Report:
    city, _, proof = one()
    return city.verify(proof, claims={**CLAIMS, "KZ_JYFW": "危险化学品"})


@case(2, FAIL, "claim_mismatch", INVALID)
def a_paper_with_a_line_that_was_never_registered() -> Report:
    city, _, proof = one()
    return city.verify(proof, claims={**CLAIMS, "KZ_FDDBR": "张三"})


def _stating(registered: Json, presented: Json) -> Report:
    city, _, _ = one()
    licence = city.licence(claims={"KZ": registered})
    city.register(licence)
    return city.verify(city.proof(licence), claims={"KZ": presented})


@case(9, PASS, "status_valid", VALID)
def a_paper_with_a_number_and_a_list() -> Report:
    return _stating([1, {"a": True}], [1, {"a": True}])


@case(2, FAIL, "claim_mismatch", INVALID)
def a_paper_with_yes_for_one() -> Report:
    return _stating(1, True)


@case(2, FAIL, "claim_mismatch", INVALID)
def a_paper_with_text_for_a_number() -> Report:
    return _stating(1, "1")


@case(2, FAIL, "claim_mismatch", INVALID)
def a_paper_that_differs_beside_what_is_withheld() -> Report:
    city, licence, _ = one()
    proof = city.proof(licence, shown={"ZZMC"})
    return city.verify(proof, claims={"CZZT": CLAIMS["CZZT"], "ZZMC": "别的证"})


@case(2, UNKNOWN, "nothing_presented", UNVERIFIABLE)
def a_proof_alone() -> Report:
    city, _, proof = one()
    return city.verify(proof, claims={})


@case(2, UNKNOWN, "nothing_presented", UNVERIFIABLE)
def a_fingerprint_instead_of_a_document() -> Report:
    city, _, proof = one()
    assert proof.disclosure
    return city.verify(proof, claims={"document/1": proof.disclosure.values["document/1"]})


@case(2, UNKNOWN, "claims_incomplete", UNVERIFIABLE)
def a_paper_read_by_halves() -> Report:
    city, _, proof = one()
    return city.verify(proof, claims={"ZZMC": "营业执照"})


@case(2, UNKNOWN, "document_not_registered", UNVERIFIABLE)
def a_document_where_none_was_registered() -> Report:
    city, _, _ = one()
    licence = city.licence(documents=[])
    city.register(licence)
    return city.verify(city.proof(licence), documents=[DOCUMENT])


@case(2, UNKNOWN, "document_not_registered", UNVERIFIABLE)
def a_registered_fingerprint_that_nobody_can_read() -> Report:
    city, _, _ = one()
    licence = city.licence(claims={"document/2": "sm3"})
    city.register(licence)
    return city.verify(city.proof(licence), documents=[b"something else"])


@case(2, UNKNOWN, "document_withheld", UNVERIFIABLE)
def a_document_whose_fingerprint_is_withheld() -> Report:
    city, licence, _ = one()
    return city.verify(city.proof(licence, shown={"ZZMC"}), documents=[DOCUMENT])


@case(2, UNKNOWN, "claim_withheld", UNVERIFIABLE)
def a_value_that_the_proof_withholds() -> Report:
    city, licence, _ = one()
    return city.verify(city.proof(licence, shown={"ZZMC"}), claims=CLAIMS)


@case(2, UNKNOWN, "nothing_disclosed", UNVERIFIABLE)
def a_proof_without_claims() -> Report:
    city, licence, _ = one()
    return city.verify(city.proof(licence, disclosure=None), documents=[DOCUMENT])


@case(2, UNKNOWN, "claims_unreadable", UNVERIFIABLE)
def a_presented_value_outside_the_profile() -> Report:
    city, _, proof = one()
    return city.verify(proof, claims={**CLAIMS, "ZZMC": 1.5})  # type: ignore[dict-item]


@case(9, PASS, "status_valid", VALID)
def some_claims_shown_and_read() -> Report:
    city, licence, _ = one()
    return city.verify(city.proof(licence, shown={"ZZMC", "CZZT"}))


@case(9, PASS, "status_valid", VALID)
def one_document_of_two_with_the_other_withheld() -> Report:
    city, _, _ = one()
    licence = city.licence(documents=[b"front", b"back"])
    city.register(licence)
    return city.verify(city.proof(licence, shown={"document/2"}), documents=[b"back"])


# -- 3 to 5: claims, submission, signature --


@case(3, FAIL, "claims_altered", INVALID)
def a_claim_altered_in_the_proof_and_on_the_paper() -> Report:
    city, _, proof = one()
    assert isinstance(proof.disclosure, FullDisclosure)
    forged = tuple((name, "无" if name == "KZ_JYFW" else value) for name, value in proof.disclosure.claims)
    return city.verify(replace(proof, disclosure=replace(proof.disclosure, claims=forged)))


@case(4, FAIL, "not_in_submission", INVALID)
def a_record_altered_in_the_proof() -> Report:
    city, _, proof = one()
    return city.verify(replace(proof, record=replace(proof.record, valid_until=None)))


@case(4, FAIL, "not_in_submission", INVALID)
def a_path_that_does_not_fit_the_count() -> Report:
    city, _, proof = one()
    return city.verify(replace(proof, path=proof.path[:-1]))


@case(5, FAIL, "signature_bad", INVALID)
def a_signature_of_another_key() -> Report:
    city, _, proof = one()
    signed = city.new_key().sign(proof.entry.statement.encode())
    return city.verify(replace(proof, entry=replace(proof.entry, signature=signed)))


@case(5, FAIL, "signature_bad", INVALID)
def a_registered_key_that_is_no_key() -> Report:
    city, _, _ = one()
    city.registry.act(acts.KeyRegistered(city.name, 1, b"\x30\x00"))
    key = keccak256(b"\x30\x00")
    city.registry.act(acts.KeyGranted(city.name, key, city.issuer, 15, (), 0, START + DAY))
    licence = city.licence()
    city.anchor(city.submit(licence, key=key))
    return city.verify(city.proof(licence))


# -- 6 and 7: batch and anchor --


@case(6, FAIL, "not_in_batch", INVALID)
def an_entry_of_another_batch() -> Report:
    city, _, proof = one()
    city.register(city.licence())
    return city.verify(replace(proof, sequence=2))


@case(6, FAIL, "not_in_batch", INVALID)
def a_batch_path_with_impossible_counts() -> Report:
    city, _, proof = one()
    city.register(city.licence(), city.licence())
    first, second = city.licence(), city.licence()
    city.anchor(city.submit(first), city.submit(second))
    proof = city.proof(first)
    return city.verify(replace(proof, batch=(replace(proof.batch[0], count=2**41),)))


@case(6, FAIL, "count_mismatch", INVALID)
def a_batch_that_counts_more_than_the_log_grew() -> Report:
    city, _, _ = one()
    licence, other = city.licence(), city.licence()
    city.anchor(city.submit(licence, other), size=4)
    return city.verify(city.proof(licence))


@case(6, UNKNOWN, "anchor_unknown", UNVERIFIABLE)
def an_anchor_that_has_not_arrived() -> Report:
    _, _, proof = one()
    behind = City(Registry(), "tianmen")  # of the same seed: the same keys, and no anchor yet
    return behind.verify(proof)


@case(7, FAIL, "statement_expired", INVALID)
def a_statement_anchored_after_it_expired() -> Report:
    city, _, _ = one()
    licence = city.licence()
    late = city.submit(licence)
    city.registry.wait(DAY + 1)
    city.anchor(late)
    return city.verify(city.proof(licence))


@case(7, FAIL, "statement_postdated", INVALID)
def a_statement_dated_after_its_anchor() -> Report:
    city, _, _ = one()
    licence, later = city.licence(), city.registry.now + 3600
    city.anchor(city.submit(licence, time=later, expires=later + DAY))
    return city.verify(city.proof(licence))


@case(9, PASS, "status_valid", VALID)
def a_statement_anchored_in_its_last_second() -> Report:
    city, _, _ = one()
    licence = city.licence()
    city.anchor(city.submit(licence, expires=city.registry.now + 1))
    return city.verify(city.proof(licence))


@case(9, PASS, "status_valid", VALID)
def a_statement_of_a_clock_that_is_ten_minutes_ahead() -> Report:
    city, _, _ = one()
    licence, later = city.licence(), city.registry.now + 601
    city.anchor(city.submit(licence, time=later, expires=later + DAY))
    return city.verify(city.proof(licence))


@case(7, UNKNOWN, "anchor_void", UNVERIFIABLE)
def an_anchor_whose_status_root_does_not_follow() -> Report:
    city, _, _ = one()
    licence = city.licence()
    city.anchor(city.submit(licence), status_root=b"\x07" * 32)
    city.anchor()
    return city.verify(city.proof(licence))


# -- 8: entitlement --


@case(8, FAIL, "issuer_not_in_log", INVALID)
def an_issuer_of_another_city() -> Report:
    city, _, _ = one()
    other = City(city.registry, "wuhan")
    licence = city.licence()
    stolen = other.submit(licence, signer=city.key)
    other.anchor(stolen)
    return other.verify(other.proof(licence))


@case(8, FAIL, "key_not_registered", INVALID)
def a_key_registered_after_the_anchor() -> Report:
    city, _, _ = one()
    key, licence = city.new_key(), city.licence()
    city.anchor(city.submit(licence, signer=key))
    city.registry.act(acts.KeyRegistered(city.name, 1, key.public.spki))
    city.give(key, city.issuer)
    return city.verify(city.proof(licence))


@case(8, FAIL, "key_not_registered", INVALID)
def a_key_that_was_never_registered() -> Report:
    city, _, _ = one()
    licence = city.licence()
    city.anchor(city.submit(licence, signer=city.new_key()))
    return city.verify(city.proof(licence))


def _with_grant(**altered: Any) -> Report:
    city = City(Registry(), "tianmen", grant=False)
    city.give(city.key, city.issuer, **altered)
    licence = city.licence()
    city.register(licence)
    return city.verify(city.proof(licence))


@case(8, FAIL, "not_entitled", INVALID)
def a_key_without_a_grant() -> Report:
    city = City(Registry(), "tianmen", grant=False)
    licence = city.licence()
    city.register(licence)
    city.give(city.key, city.issuer)  # too late
    return city.verify(city.proof(licence))


@case(8, FAIL, "not_entitled", INVALID)
def a_grant_of_other_kinds() -> Report:
    return _with_grant(kinds=2 | 4 | 8)


@case(8, FAIL, "not_entitled", INVALID)
def a_grant_of_other_types() -> Report:
    return _with_grant(types=("11100000MB03271699022",))


@case(8, FAIL, "not_entitled", INVALID)
def a_grant_that_has_not_begun() -> Report:
    return _with_grant(not_before=START + DAY)


@case(8, FAIL, "not_entitled", INVALID)
def a_grant_that_has_ended() -> Report:
    return _with_grant(not_before=0, not_after=START)


@case(9, PASS, "status_valid", VALID)
def a_grant_of_the_second_of_the_anchor() -> Report:
    anchored = START + 7  # six acts stand before it, a second each
    report = _with_grant(not_before=anchored, not_after=anchored)
    assert report.anchor
    assert report.anchor.time == anchored
    return report


@case(9, PASS, "status_valid", VALID)
def a_grant_of_this_type_alone() -> Report:
    return _with_grant(types=("11100000MB0143028R001",), kinds=1)


@case(8, FAIL, "not_entitled", INVALID)
def a_node_key_that_signs_a_statement() -> Report:
    city, _, _ = one()
    node, licence = city.new_key(), city.licence()
    city.registry.act(acts.KeyRegistered(city.name, 2, node.public.spki))
    city.give(node, city.issuer)
    city.anchor(city.submit(licence, signer=node))
    return city.verify(city.proof(licence))


@case(8, FAIL, "not_entitled", INVALID)
def a_key_of_the_log_that_the_issuer_has_left() -> Report:
    city, _, _ = one()
    other = City(city.registry, "wuhan")
    city.registry.act(acts.IssuerAssigned(other.name, city.issuer))
    licence = city.licence()
    other.anchor(other.submit(licence, signer=city.key))
    return other.verify(other.proof(licence))


@case(8, FAIL, "key_retired", INVALID)
def a_key_retired_before_the_anchor() -> Report:
    city, _, _ = one()
    city.registry.act(acts.KeyRetired(city.key.public.id, city.registry.now))
    licence = city.licence()
    city.register(licence)
    return city.verify(city.proof(licence))


@case(8, FAIL, "key_retired", INVALID)
def a_key_retired_in_the_second_of_the_anchor() -> Report:
    city, _, _ = one()
    city.registry.act(acts.KeyRetired(city.key.public.id, city.registry.now + 2))
    licence = city.licence()
    city.register(licence)
    return city.verify(city.proof(licence))


@case(9, PASS, "status_valid", VALID)
def a_key_retired_a_second_after_the_anchor() -> Report:
    city, _, _ = one()
    city.registry.act(acts.KeyRetired(city.key.public.id, city.registry.now + 3))
    licence = city.licence()
    city.register(licence)
    return city.verify(city.proof(licence))


@case(8, UNKNOWN, "key_compromised", UNVERIFIABLE)
def a_key_compromised_before_the_anchor() -> Report:
    city, _, proof = one()
    city.registry.act(acts.KeyCompromised(city.key.public.id, START))
    return city.verify(proof)


@case(9, PASS, "status_valid", VALID)
def a_key_compromised_and_retired_after_the_anchor() -> Report:
    city, _, proof = one()
    city.registry.wait(60)
    city.registry.act(acts.KeyCompromised(city.key.public.id, city.registry.now))
    city.registry.act(acts.KeyRetired(city.key.public.id, city.registry.now))
    return city.verify(proof)


# -- 9: status --


def _after(*actions: str, attached: bool = True) -> tuple[City, Item, Report]:
    """A licence after `actions`, verified with the records of its changes or without."""
    city, licence, _ = one()
    changes = []
    for action in actions:
        changes.append(city.follow(action, licence))
        city.register(changes[-1])
    linked = changes[-8:] if attached else []
    return city, licence, city.verify(city.proof(licence, *linked))


@case(9, FAIL, "suspended", NOT_CURRENT)
def a_suspended_licence() -> Report:
    return _after("suspend")[2]


@case(9, FAIL, "superseded", NOT_CURRENT)
def a_renewed_licence() -> Report:
    return _after("renew", attached=False)[2]


@case(9, FAIL, "cancelled", NOT_CURRENT)
def a_cancelled_licence() -> Report:
    return _after("cancel")[2]


@case(9, FAIL, "revoked", NOT_CURRENT)
def a_revoked_licence() -> Report:
    return _after("revoke", attached=False)[2]


@case(9, FAIL, "revoked", NOT_CURRENT)
def a_suspension_recorded_and_a_revocation_anchored() -> Report:
    city, licence, _ = one()
    suspension = city.follow("suspend", licence)
    city.anchor(city.submit(suspension), changes=[(city.position(licence), Status.REVOKED)])
    return city.verify(city.proof(licence, suspension))


@case(9, FAIL, "withdrawn", NOT_CURRENT)
def a_withdrawn_licence() -> Report:
    return _after("suspend", "withdraw")[2]


@case(9, FAIL, "transferred", NOT_CURRENT)
def a_transferred_licence() -> Report:
    return _after("transfer")[2]


@case(9, FAIL, "void", NOT_CURRENT)
def a_void_licence() -> Report:
    return _after("void")[2]


@case(9, PASS, "status_valid", VALID)
def a_licence_suspended_and_resumed() -> Report:
    return _after("suspend", "resume", attached=False)[2]


@case(9, PASS, "status_reinstated", VALID)
def a_licence_reinstated_with_its_record() -> Report:
    return _after("revoke", "reinstate")[2]


@case(9, UNKNOWN, "reinstatement_unproven", UNVERIFIABLE)
def a_licence_reinstated_without_its_record() -> Report:
    return _after("revoke", "reinstate", attached=False)[2]


@case(9, UNKNOWN, "reinstatement_unproven", UNVERIFIABLE)
def a_revoked_licence_laundered_by_a_suspension() -> Report:
    city, licence, _ = one()
    position = city.position(licence)
    for status in (Status.REVOKED, Status.REINSTATED, Status.SUSPENDED, Status.VALID):
        city.anchor(changes=[(position, status)])
    return city.verify(city.proof(licence))


@case(9, PASS, "status_valid", VALID)
def a_licence_reinstated_then_suspended_and_resumed() -> Report:
    return _after("revoke", "reinstate", "suspend", "resume")[2]


@case(9, UNKNOWN, "reinstatement_unproven", UNVERIFIABLE)
def a_licence_with_more_changes_than_anybody_reads() -> Report:
    city, licence, _ = one()
    position = city.position(licence)
    for _ in range(MAX_STATUS_CHANGES // 2):
        city.anchor(changes=[(position, Status.SUSPENDED)])
        city.anchor(changes=[(position, Status.VALID)])
    return city.verify(city.proof(licence))


@case(9, UNKNOWN, "status_contradictory", UNVERIFIABLE)
def a_revoked_licence_set_back_to_valid() -> Report:
    city, licence, _ = one()
    position = city.position(licence)
    city.anchor(changes=[(position, Status.REVOKED)])
    city.anchor(changes=[(position, Status.VALID)])
    return city.verify(city.proof(licence))


@case(9, UNKNOWN, "staple_altered", UNVERIFIABLE)
def a_staple_that_does_not_fit_its_anchor() -> Report:
    city, _, proof = one()
    assert proof.status
    chunk = b"\x44" * 32
    return city.verify(replace(proof, status=replace(proof.status, chunk=chunk)))


@case(9, UNKNOWN, "staple_altered", UNVERIFIABLE)
def a_staple_with_a_path_too_long() -> Report:
    city, _, proof = one()
    assert proof.status
    return city.verify(replace(proof, status=replace(proof.status, path=(bytes(32),))))


@case(9, UNKNOWN, "staple_altered", UNVERIFIABLE)
def a_staple_from_before_the_record() -> Report:
    city, _, before = one()
    licence = city.licence()
    city.register(licence)
    return city.verify(city.proof(licence, status=before.status))


@case(9, UNKNOWN, "staple_altered", UNVERIFIABLE)
def a_staple_to_a_void_anchor() -> Report:
    city, licence, _ = one()
    city.anchor(status_changes=b"\0")  # the root is that of before, and the words are none
    return city.verify(city.proof(licence))


@case(9, UNKNOWN, "staple_newer", UNVERIFIABLE)
def a_staple_from_ahead_that_says_revoked() -> Report:
    city, _, proof = one()
    assert proof.status
    return city.verify(replace(proof, status=replace(proof.status, sequence=9, chunk=b"\x44" * 32)))


@case(9, PASS, "status_valid", VALID)
def a_staple_from_ahead_that_says_nothing_new() -> Report:
    city, _, proof = one()
    assert proof.status
    return city.verify(replace(proof, status=replace(proof.status, sequence=9)))


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def a_revocation_attached_that_has_not_arrived() -> Report:
    city, licence, proof = one()
    revocation = city.follow("revoke", licence)
    ahead = replace(city.proof(licence, disclosure=None, status=None), record=revocation.record, sequence=2)
    return city.verify(replace(proof, linked=(ahead,)))


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def a_proof_of_another_certificate_attached() -> Report:
    city, items = scene()
    return city.verify(city.proof(items[0], items[1]))


def _dressed(**altered: Any) -> Report:
    """A licence suspended and resumed, with the proof of the latter attached, `altered`."""
    city, licence, _ = one()
    city.register(city.follow("suspend", licence))
    resumed = city.follow("resume", licence)
    city.register(resumed)
    bare = city.proof(resumed, disclosure=None, status=None)
    altered = {name: make(city, licence) for name, make in altered.items()}
    return city.verify(city.proof(licence, linked=(replace(bare, **altered),)))


@case(9, PASS, "status_valid", VALID)
def a_record_of_a_change_attached() -> Report:
    return _dressed()


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def an_attached_record_with_claims_of_its_own() -> Report:
    return _dressed(disclosure=lambda city, licence: licence.disclosure)


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def an_attached_record_with_a_staple_of_its_own() -> Report:
    return _dressed(status=lambda city, licence: city.staple(licence))


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def an_attached_record_with_more_attached() -> Report:
    return _dressed(linked=lambda city, licence: (city.proof(licence, disclosure=None, status=None),))


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def an_attached_record_with_a_signature_of_nobody() -> Report:
    return _dressed(entry=lambda city, licence: city.submit(licence, signer=city.new_key()).entry)


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def a_revocation_attached_that_the_city_kept_off_the_chain() -> Report:
    city, licence, _ = one()
    revocation = city.follow("revoke", licence)
    city.anchor(city.submit(revocation))  # recorded and anchored, but its word was left out
    return city.verify(city.proof(licence, revocation))


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def a_revocation_attached_where_the_city_wrote_another_change() -> Report:
    city, licence, _ = one()
    revocation = city.follow("revoke", licence)
    city.anchor(city.submit(revocation), changes=[(city.position(licence), Status.SUSPENDED)])
    city.anchor(changes=[(city.position(licence), Status.VALID)])
    return city.verify(city.proof(licence, revocation))


@case(9, UNKNOWN, "attached_unproven", UNVERIFIABLE)
def a_suspension_attached_that_came_after_its_word() -> Report:
    city, licence, _ = one()
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
    return city.verify(city.proof(licence, status=None))


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
    assert proof.status
    return city.verify(replace(proof, status=replace(proof.status, sequence=9)))


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
    city, _, proof = one()
    return city.verify(replace(proof, sequence=2))


# -- 10 to 12: dates, links, age --


def _dated(**members: Any) -> Report:
    city, _, _ = one()
    licence = city.licence(**members)
    city.register(licence)
    return city.verify(city.proof(licence))


@case(9, PASS, "status_valid", VALID)
def a_licence_without_end() -> Report:
    return _dated(valid_until=None)


@case(9, PASS, "status_valid", VALID)
def the_last_day_of_a_licence() -> Report:
    return _dated(valid_until=date(2026, 3, 2))


@case(10, FAIL, "expired", NOT_CURRENT)
def the_day_after_the_last() -> Report:
    return _dated(valid_from=date(2026, 3, 1), valid_until=date(2026, 3, 1))


@case(10, FAIL, "not_yet_valid", NOT_CURRENT)
def the_day_before_the_first() -> Report:
    return _dated(valid_from=date(2026, 3, 3))


@case(10, UNKNOWN, "clock_behind", UNVERIFIABLE)
def a_clock_so_wrong_that_the_licence_seems_to_lie_ahead() -> Report:
    city, _, _ = one()
    licence = city.licence(valid_from=date(2026, 3, 3))
    city.register(licence)
    return city.verify(city.proof(licence), now=START - DAY)


@case(11, UNKNOWN, "links_not_supported", UNVERIFIABLE)
def a_licence_with_a_seal() -> Report:
    return _dated(links=(Link("sealed-by", b"\x01" * 32),))


@case(12, UNKNOWN, "knowledge_stale", UNVERIFIABLE)
def a_replica_that_is_behind() -> Report:
    city, _, proof = one()
    return city.verify(proof, now=city.registry.now + 3601)


@case(9, PASS, "status_valid", VALID)
def a_policy_that_bears_old_knowledge() -> Report:
    city, _, proof = one()
    return city.verify(proof, now=city.registry.now + 30 * DAY, policy=Policy(max_age=31 * DAY))


@case(12, UNKNOWN, "clock_behind", UNVERIFIABLE)
def a_clock_behind_the_chain() -> Report:
    city, _, proof = one()
    return city.verify(proof, now=city.registry.now - 121)


@case(12, UNKNOWN, "clock_behind", UNVERIFIABLE)
def a_block_beyond_every_calendar() -> Report:
    city, _, _ = one()
    licence = city.licence(valid_until=None)
    city.register(licence)
    proof, now = city.proof(licence), city.registry.now
    city.registry.knowledge.see(now * 1000)
    return city.verify(proof, now=now)


@case(9, PASS, "status_valid", VALID)
def a_clock_a_little_behind_the_chain() -> Report:
    city, _, proof = one()
    return city.verify(proof, now=city.registry.now - 120)


@case(12, UNKNOWN, "knowledge_stale", UNVERIFIABLE)
def a_log_that_anchors_nothing_but_void() -> Report:
    city, _, proof = one()
    city.registry.wait(4000)
    city.anchor(status_root=b"\x07" * 32)
    return city.verify(proof)


# -- the table --


@cache
def report_of(name: str) -> Report:
    return SCENES[name][2]()


@pytest.mark.parametrize("name", SCENES)
def test_scene(name: str) -> None:
    key, verdict, _ = SCENES[name]
    report = report_of(name)
    assert (report.deciding.key, report.verdict) == (key, verdict)
    assert [step.number for step in report.steps] == list(range(1, 13))
    assert report.to_json()["verdict"] == verdict


def test_every_row_is_reached_by_a_scene() -> None:
    reached = {step.key for name in SCENES for step in report_of(name).steps}
    assert set(TABLE) - reached == set(), "rows without a scene"
    assert reached - set(TABLE) == set(), "steps without a row"


def test_no_row_with_unknown_or_fail_leads_to_valid() -> None:
    for (_, outcome, _), row in TABLE.items():
        assert (row.verdict is VALID) == (outcome in (PASS, SKIPPED))
        assert (row.verdict is UNVERIFIABLE) == (outcome is UNKNOWN)


def test_every_row_that_is_not_valid_says_what_to_do() -> None:
    for key, row in TABLE.items():
        assert row.zh, key
        assert row.en, key
        assert bool(row.advice_zh and row.advice_en) == (row.verdict is not VALID), key
    assert set(STEP_WORDS) == {step for step, _, _ in TABLE} == set(range(1, 13))
    assert set(VERDICT_WORDS) == set(Verdict)


def test_valid_needs_every_step() -> None:
    for name, (_, verdict, _) in SCENES.items():
        outcomes = {step.outcome for step in report_of(name).steps}
        assert (verdict is VALID) == (outcomes <= {PASS, SKIPPED}), name
        assert (report_of(name).compared is Compared.NOTHING) <= (verdict is not VALID), name


GOOD = [step.key for step in SCENES["a_licence_read_against_its_paper"][2]().steps]
RANK = {INVALID: 0, UNVERIFIABLE: 1, NOT_CURRENT: 2}


@pytest.mark.parametrize("wrong", [key for key, row in TABLE.items() if row.verdict is not VALID])
def test_a_single_wrong_step_decides(wrong: Key) -> None:
    keys = [wrong if key[0] == wrong[0] else key for key in GOOD]
    assert decide(keys) == (TABLE[wrong].verdict, wrong)


def test_order_of_decision() -> None:
    """Evidence against it, gaps in its origin, what ended it, gaps in its present state; within each the first step."""
    wrong = [key for key, row in TABLE.items() if row.verdict is not VALID]
    for left, right in product(wrong, wrong):
        if left[0] == right[0]:
            continue
        keys = [left if key[0] == left[0] else right if key[0] == right[0] else key for key in GOOD]
        assert decide(keys)[1] == min(left, right, key=_rank)


def _rank(key: Key) -> tuple[int, int]:
    verdict = TABLE[key].verdict
    present = verdict is UNVERIFIABLE and key[0] in (9, 10, 12)
    return 3 if present else RANK[verdict], key[0]


# -- the report --


def test_report_names_the_cause_only_with_its_proof() -> None:
    _, _, proven = _after("suspend", "revoke")
    _, _, bare = _after("revoke", attached=False)
    assert proven.status
    assert proven.status.cause
    evidence = proven.status.evidence()
    assert (evidence["action"], evidence["basis"]) == ("revoke", "示例条例 第七条")
    assert bare.status
    assert bare.status.cause is None
    other = report_of("a_suspension_recorded_and_a_revocation_anchored").status
    assert other
    assert other.cause is None
    assert set(bare.status.evidence()) == {"status", "source", "sequence", "known_at", "since"}


def test_report_names_the_successor_of_a_renewed_licence() -> None:
    city, licence, _ = one()
    renewal = city.follow("renew", licence)
    city.register(renewal)
    report = city.verify(city.proof(licence, renewal))
    assert report.reason == "superseded"
    assert report.status
    assert report.status.evidence()["identifier"] == renewal.record.identifier
    assert city.verify(city.proof(renewal)).verdict is VALID


def test_report_names_no_successor_of_another_licence() -> None:
    city, (licence, other, _) = scene()
    renewals = [city.follow("renew", licence), city.follow("renew", other)]
    city.register(*renewals)
    for renewal, item in zip(renewals, (licence, other), strict=True):
        assert _cause_of(city.verify(city.proof(item, renewal))) == renewal.record
    assert _cause_of(city.verify(city.proof(licence, renewals[1]))) is None


def _cause_of(report: Report) -> Record | None:
    assert report.status
    return report.status.cause.record if report.status.cause else None


def test_report_repeats_no_claims_of_a_forgery() -> None:
    assert "claims" not in report_of("a_claim_altered_in_the_proof_and_on_the_paper").to_json()
    assert "claims" not in report_of("a_signature_of_another_key").to_json()
    assert "claims" in report_of("a_paper_with_another_scope").to_json()


def test_report_shows_what_is_withheld() -> None:
    body = report_of("some_claims_shown_and_read").to_json()
    assert body["claims"] == {"CZZT": CLAIMS["CZZT"], "ZZMC": CLAIMS["ZZMC"]}
    assert body["withheld"] == ["KZ_JYFW", "ZZBFRQ", "document/1"]
    assert report_of("some_claims_shown_and_read").compared is Compared.CLAIMS
    assert report_of("a_document_beside_its_proof").compared is Compared.DOCUMENT


def test_report_names_the_document_that_differs() -> None:
    city, _, proof = one()
    evidence = city.verify(proof, documents=[DOCUMENT, b"other"]).step(2).evidence
    assert evidence == {"document": 2, "size": 5}


def test_positions_are_counted_through_batches_and_entries() -> None:
    city, _ = scene(count=5)
    batches = [[city.licence() for _ in range(size)] for size in (3, 1, 4)]
    city.anchor(*(city.submit(*batch) for batch in batches))
    found = {}
    for batch in batches:
        for item in batch:
            report = city.verify(city.proof(item))
            assert (report.verdict, report.position) == (VALID, city.position(item))
            found[report.position] = item
    assert set(found) == set(range(5, 13))


def test_report_finds_its_steps_by_number() -> None:
    report = report_of("a_licence_read_against_its_paper")
    assert [report.step(number).number for number in range(1, 13)] == list(range(1, 13))
    assert report.reason == report.deciding.reason


def test_both_suites_and_both_algorithms() -> None:
    for algorithm in ("p256", "sm2"):
        for changes in ({}, {"suite": SHA256}):
            city, items = scene(count=5, algorithm=algorithm, **changes)
            for item in items:
                proof = city.proof(item)
                assert city.verify(proof.encode(), claims=readable(proof)).verdict is VALID
