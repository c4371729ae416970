"""Steps 3 to 5: claims, submission, signature."""

from dataclasses import replace

from ledger.crypto.keys import keccak256
from ledger.encoding.canonical import Json
from ledger.records.claims import FullDisclosure
from ledger.registry import acts
from ledger.verification.report import Report
from tests.scenes import CLAIMS, DAY, START, TYPE
from tests.unit.ledger.verification.steps.cases import (
    FAIL,
    INVALID,
    PASS,
    UNKNOWN,
    UNVERIFIABLE,
    VALID,
    case,
    one_licence,
)


@case(3, FAIL, "claims_altered", INVALID)
def a_claim_altered_in_the_proof_and_on_the_paper() -> Report:
    city, _, proof = one_licence()
    assert isinstance(proof.disclosure, FullDisclosure)
    forged = tuple((name, "无" if name == "KZ_JYFW" else value) for name, value in proof.disclosure.claims)
    return city.verify(replace(proof, disclosure=replace(proof.disclosure, claims=forged)))


@case(3, UNKNOWN, "claims_contradict_record", UNVERIFIABLE)
def a_licence_of_a_restaurant_whose_claims_are_a_driving_licence_of_other_police() -> Report:
    return _claiming(
        ZZMC="机动车驾驶证",
        ZZLXDM="11100000000013338W032",
        ZZBFJGDM="11420100010101011X",
        ZZYXQJZRQ="2099-12-31",
    )


@case(3, UNKNOWN, "claims_contradict_record", UNVERIFIABLE)
def a_licence_that_shows_only_an_end_that_its_record_does_not_have() -> Report:
    return _claiming(shown={"ZZYXQJZRQ"}, ZZYXQJZRQ="2099-12-31")


@case(9, PASS, "status_valid", VALID)
def a_licence_that_withholds_the_end_that_its_record_does_not_have() -> Report:
    return _claiming(shown={"ZZMC"}, ZZYXQJZRQ="2099-12-31")


@case(9, PASS, "status_valid", VALID)
def a_licence_whose_claims_say_the_same_in_other_words() -> Report:
    return _claiming(ZZLXDM=f" {TYPE} ", ZZYXQJZRQ="二〇三一年三月一日", ZZYXQQSRQ="2026/3/2")


@case(3, FAIL, "claims_altered", INVALID)
def a_claim_altered_so_that_it_contradicts_the_record() -> Report:
    city, _, proof = one_licence()
    assert isinstance(proof.disclosure, FullDisclosure)
    forged = tuple(
        (name, "2099-01-01" if name == "ZZBFRQ" else value) for name, value in proof.disclosure.claims
    )
    return city.verify(replace(proof, disclosure=replace(proof.disclosure, claims=forged)))


def _claiming(shown: set[str] | None = None, **claims: Json) -> Report:
    city, _, _ = one_licence()
    licence = city.licence(claims={**CLAIMS, **claims})
    city.register(licence)
    return city.verify(city.proof(licence, shown=shown))


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
    city.anchor(city.submit(licence, key_id=key))
    return city.verify(city.proof(licence))
