"""Steps 3 to 5: claims, submission, signature."""

from dataclasses import replace

from ledger.crypto.keys import keccak256
from ledger.records.claims import FullDisclosure
from ledger.registry import acts
from ledger.verification.report import Report
from tests.scenes import DAY, START
from tests.unit.ledger.verification.steps.cases import FAIL, INVALID, case, one_licence


@case(3, FAIL, "claims_altered", INVALID)
def a_claim_altered_in_the_proof_and_on_the_paper() -> Report:
    city, _, proof = one_licence()
    assert isinstance(proof.disclosure, FullDisclosure)
    forged = tuple((name, "无" if name == "KZ_JYFW" else value) for name, value in proof.disclosure.claims)
    return city.verify(replace(proof, disclosure=replace(proof.disclosure, claims=forged)))


@case(4, FAIL, "not_in_submission", INVALID)
def a_record_altered_in_the_proof() -> Report:
    city, _, proof = one_licence()
    return city.verify(replace(proof, record=replace(proof.record, valid_until=None)))


@case(4, FAIL, "not_in_submission", INVALID)
def a_path_that_does_not_fit_the_count() -> Report:
    city, _, proof = one_licence()
    return city.verify(replace(proof, path=proof.path[:-1]))


@case(5, FAIL, "signature_bad", INVALID)
def a_signature_of_another_key() -> Report:
    city, _, proof = one_licence()
    signed = city.new_key().sign(proof.entry.statement.encode())
    return city.verify(replace(proof, entry=replace(proof.entry, signature=signed)))


@case(5, FAIL, "signature_bad", INVALID)
def a_registered_key_that_is_no_key() -> Report:
    city, _, _ = one_licence()
    city.registry.act(acts.KeyRegistered(city.name, 1, b"\x30\x00"))
    key = keccak256(b"\x30\x00")
    city.registry.act(acts.KeyGranted(city.name, key, city.issuer, 15, (), 0, START + DAY))
    licence = city.licence()
    city.anchor(city.submit(licence, key=key))
    return city.verify(city.proof(licence))
