"""Step 1: a proof that can be read, a record that can be presented, one issuer throughout."""

from dataclasses import replace

from ledger.crypto.suites import SHA256
from ledger.proof.proof import MAX_PROOF_BYTES
from ledger.verification.report import Report
from ledger.verification.verify import PresentedContent, verify
from tests.cosigning import trust_file
from tests.pockets import pocket_of
from tests.scenes import DOCUMENT, City, Registry, readable
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


@case(9, PASS, "status_valid", VALID)
def a_licence_read_against_its_paper() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof.encode())


@case(1, UNKNOWN, "proof_unreadable", UNVERIFIABLE)
def a_file_that_is_no_proof() -> Report:
    city, _, _ = one_licence()
    return city.verify(b"%PDF-1.7")


@case(1, UNKNOWN, "over_limit", UNVERIFIABLE)
def a_proof_too_large() -> Report:
    city, _, _ = one_licence()
    return city.verify(b" " * (MAX_PROOF_BYTES + 1))


@case(1, UNKNOWN, "pocket_incomplete", UNVERIFIABLE)
def a_pocket_that_lacks_a_fact() -> Report:
    city, _, proof = one_licence()
    pocket = replace(pocket_of(city.registry, lambda trust: None), facts=())
    content = PresentedContent(claims=readable(proof))
    return verify(content, proof, pocket.open(trust_file(city.registry)), city.registry.now)


@case(1, UNKNOWN, "fact_unreadable", UNVERIFIABLE)
def a_pocket_whose_fact_is_none() -> Report:
    """Cities derived nonsense and signed it, all alike."""
    city, _, proof = one_licence()
    content = PresentedContent(claims=readable(proof))
    pocket = pocket_of(
        city.registry,
        lambda trust: verify(content, proof, trust, city.registry.now),
        made_up={("log", "tianmen"): {"fact": "log", "log": "tianmen", "suite": "md5"}},
    )
    return verify(content, proof, pocket.open(trust_file(city.registry)), city.registry.now)


@case(1, UNKNOWN, "newer_format", UNVERIFIABLE)
def a_proof_of_a_later_version() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof.encode().replace(b"shunzheng/proof/1", b"shunzheng/proof/2"))


@case(1, FAIL, "not_presentable", INVALID)
def a_revocation_presented_as_a_certificate() -> Report:
    city, licence, _ = one_licence()
    revocation = city.follow("revoke", licence)
    city.register(revocation)
    return city.verify(city.proof(revocation), documents=[DOCUMENT])


@case(1, FAIL, "issuer_mismatch", INVALID)
def a_record_of_another_issuer_in_the_statement() -> Report:
    city, _, _ = one_licence()
    other = City(city.registry, "wuhan")
    foreign = other.licence()
    city.anchor(city.submit(foreign, issuer=city.issuer))
    return city.verify(city.proof(foreign))


@case(1, FAIL, "issuer_mismatch", INVALID)
def an_identifier_that_names_another_issuer() -> Report:
    city, _, _ = one_licence()
    other = City(city.registry, "wuhan")
    licence = city.licence(identifier=other.identifier(7))
    city.anchor(city.submit(licence))
    return city.verify(city.proof(licence))


@case(1, FAIL, "suite_mismatch", INVALID)
def a_record_hashed_with_another_suite() -> Report:
    city, _, _ = one_licence()
    other = City(Registry(), "tianmen", suite=SHA256)
    licence = other.licence()
    other.anchor(other.submit(licence, registry=city.registry.name))
    return city.verify(other.proof(licence))


@case(1, FAIL, "suite_mismatch", INVALID)
def a_record_alone_hashed_with_another_suite() -> Report:
    city, _, _ = one_licence()
    licence = city.licence(suite=SHA256)
    city.anchor(city.submit(licence))
    return city.verify(city.proof(licence))


@case(1, FAIL, "suite_mismatch", INVALID)
def a_statement_alone_hashed_with_another_suite() -> Report:
    city, _, _ = one_licence()
    licence = city.licence()
    city.anchor(city.submit(licence, suite=SHA256))
    return city.verify(city.proof(licence))


@case(1, UNKNOWN, "other_registry", UNVERIFIABLE)
def a_proof_of_another_registry() -> Report:
    _, _, proof = one_licence()
    elsewhere = City(Registry(chain_id=1), "tianmen")
    elsewhere.register(elsewhere.licence())
    return elsewhere.verify(proof)


@case(1, UNKNOWN, "log_unknown", UNVERIFIABLE)
def a_proof_of_a_city_that_was_never_heard_of() -> Report:
    _, _, proof = one_licence()
    return City(Registry(), "wuhan").verify(proof)


@case(9, PASS, "status_valid", VALID)
def an_old_identifier_that_names_the_issuer_by_its_division() -> Report:
    city, _, _ = one_licence()
    licence = city.licence(identifier="1.2.156.3005.2.11100000MB03271699022.429000.000000016.001.9")
    city.register(licence)
    return city.verify(city.proof(licence))
