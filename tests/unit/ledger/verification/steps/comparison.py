"""Step 2: what was presented is what was registered."""

from dataclasses import replace
from random import Random
from typing import Any

from ledger.crypto.keys import generate_key
from ledger.encoding.canonical import Json
from ledger.proof.proof import Proof
from ledger.records.erasures import Erasure, sign_erasure
from ledger.registry import acts
from ledger.registry.trust import NODE
from ledger.verification.report import Report
from ledger.verification.verify import PresentedContent, verify
from tests.scenes import CLAIMS, DOCUMENT, City
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


@case(9, PASS, "status_valid", VALID)
def a_document_beside_its_proof() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, documents=[DOCUMENT])


@case(2, FAIL, "document_mismatch", INVALID)
def a_document_with_one_byte_changed() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, documents=[DOCUMENT[:-1] + b" "])


def _presenting(content: bytes, **opened: Any) -> Report:
    city, _, proof = one_licence()
    return verify(PresentedContent((content,), **opened), proof, city.registry.knowledge, city.registry.now)


@case(2, FAIL, "document_altered", INVALID)
def a_document_whose_own_seal_shows_that_it_was_altered() -> Report:
    return _presenting(DOCUMENT[:-1] + b" ", broken_indexes=frozenset({0}))


@case(2, FAIL, "registered_broken", INVALID)
def a_document_that_was_registered_with_a_seal_that_fails() -> Report:
    return _presenting(DOCUMENT, broken_indexes=frozenset({0}))


@case(2, UNKNOWN, "carrier_altered", UNVERIFIABLE)
def a_document_whose_inner_proof_was_put_there_otherwise() -> Report:
    return _presenting(DOCUMENT, is_carrier_altered=True)


def _extending(original: bytes, presented: bytes, **opened: Any) -> Report:
    city, _, _ = one_licence()
    licence = city.licence(documents=[original])
    city.register(licence)
    proof = city.proof(licence)
    if not opened:
        return city.verify(proof, documents=[presented])
    return verify(PresentedContent((presented,), **opened), proof, city.registry.knowledge, city.registry.now)


#: As much of a signed PDF as tells what its signature covers: 70 bytes in front of the value, 6 behind it.
SIGNED_PDF = b"%PDF-1.7\n<< /ByteRange [0 70 76 6] /Contents ".ljust(70) + b"<00ff>" + b"\n%%EOF"


@case(2, UNKNOWN, "document_extended", UNVERIFIABLE)
def a_signed_pdf_with_more_behind_it() -> Report:
    return _extending(SIGNED_PDF, SIGNED_PDF + b"\n%more")


@case(2, FAIL, "document_altered", INVALID)
def a_signed_pdf_with_more_behind_it_that_alters_it() -> Report:
    return _extending(SIGNED_PDF, SIGNED_PDF + b"\n%more", broken_indexes=frozenset({0}))


@case(2, FAIL, "document_mismatch", INVALID)
def a_pdf_with_more_behind_it_of_which_a_part_was_signed() -> Report:
    original = SIGNED_PDF + b"\n"
    return _extending(original, original + b"%more")


@case(2, FAIL, "document_mismatch", INVALID)
def a_pdf_whose_signature_leaves_out_more_than_its_value() -> Report:
    original = SIGNED_PDF.replace(b"<00ff>", b"<0 0f>")
    return _extending(original, original + b"%more")


@case(2, FAIL, "document_mismatch", INVALID)
def an_unsigned_pdf_that_what_is_behind_it_calls_signed() -> Report:
    original = SIGNED_PDF.replace(b"/ByteRange", b"/Something")
    return _extending(original, original + b" /ByteRange [0 70 76 6]")


@case(2, FAIL, "document_mismatch", INVALID)
def a_text_with_more_behind_it() -> Report:
    return _extending(DOCUMENT, DOCUMENT + SIGNED_PDF)


@case(2, FAIL, "document_mismatch", INVALID)
def a_document_that_was_altered_and_its_inner_proof_too() -> Report:
    """Spoiling the carrier does not turn a forgery into something that nobody can tell."""
    return _presenting(DOCUMENT[:-1] + b" ", is_carrier_altered=True)


@case(2, FAIL, "claim_mismatch", INVALID)
def a_paper_with_another_scope() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, claims={**CLAIMS, "KZ_JYFW": "危险化学品"})


@case(2, FAIL, "claim_mismatch", INVALID)
def a_paper_with_a_line_that_was_never_registered() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, claims={**CLAIMS, "KZ_FDDBR": "张三"})


def _stating(registered: Json, presented: Json) -> Report:
    city, _, _ = one_licence()
    licence = city.licence(claims={"KZ": registered})
    city.register(licence)
    return city.verify(city.proof(licence), claims={"KZ": presented})


@case(9, PASS, "status_valid", VALID)
def a_paper_with_a_number_and_a_list() -> Report:
    return _stating([1, {"a": True}], [1, {"a": True}])


@case(2, FAIL, "claim_mismatch", INVALID)
def a_paper_with_yes_for_one() -> Report:
    return _stating(1, True)


@case(2, UNKNOWN, "spelled_otherwise", UNVERIFIABLE)
def a_paper_with_text_for_a_number() -> Report:
    return _stating(1, "1")


@case(9, PASS, "status_valid", VALID)
def a_paper_with_a_letter_and_its_accent_apart() -> Report:
    return _stating("café", "cafe\u0301")


@case(2, UNKNOWN, "spelled_otherwise", UNVERIFIABLE)
def a_paper_with_a_small_x() -> Report:
    return _stating("42900619850204999X", "42900619850204999x")


@case(2, FAIL, "claim_mismatch", INVALID)
def a_paper_with_a_letter_that_looks_alike() -> Report:
    return _stating("42900619850204999X", "42900619850204999\u0425")


@case(2, FAIL, "claim_mismatch", INVALID)
def a_paper_that_differs_beside_what_is_spelled_otherwise() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, claims={**CLAIMS, "ZZMC": f" {CLAIMS['ZZMC']}", "CZZT": "别家公司"})


@case(2, FAIL, "claim_mismatch", INVALID)
def a_paper_that_differs_beside_what_is_withheld() -> Report:
    city, licence, _ = one_licence()
    proof = city.proof(licence, shown={"ZZMC"})
    return city.verify(proof, claims={"CZZT": CLAIMS["CZZT"], "ZZMC": "别的证"})


def _erased(city: City, proof: Proof, *, log: str = "tianmen", **altered: Any) -> Proof:
    """Return the proof as its node gives it once it has erased what was disclosed."""
    key = generate_key("p256", Random(47).randbytes)
    registry = city.registry
    if registry.knowledge.find_key(key.public.id) is None:
        registry.act(acts.KeyRegistered(log, NODE, key.public.spki))
    erasure = Erasure(
        registry=registry.name,
        log=city.name,
        suite=proof.record.suite,
        leaf=proof.record.hash_leaf(),
        order="天网信删〔2026〕3号",
        basis="个人信息保护法 第四十七条",
        time=registry.now,
        key_id=key.public.id,
    )
    return replace(proof, disclosure=None, erasure=sign_erasure(key, replace(erasure, **altered)))


@case(2, UNKNOWN, "content_erased", UNVERIFIABLE)
def an_erased_licence_beside_its_document() -> Report:
    city, _, proof = one_licence()
    return city.verify(_erased(city, proof), documents=[DOCUMENT])


@case(2, UNKNOWN, "content_erased", UNVERIFIABLE)
def the_code_alone_of_an_erased_licence() -> Report:
    city, _, proof = one_licence()
    return city.verify(_erased(city, proof), claims={})


@case(9, FAIL, "revoked", NOT_CURRENT)
def an_erased_licence_that_was_revoked() -> Report:
    city, licence, _ = one_licence()
    city.register(city.follow("revoke", licence))
    return city.verify(_erased(city, city.proof(licence)), claims=CLAIMS)


@case(9, PASS, "status_valid", VALID)
def a_proof_that_the_holder_kept_of_an_erased_licence() -> Report:
    city, _, proof = one_licence()
    kept = replace(proof, erasure=_erased(city, proof).erasure)
    return city.verify(kept, documents=[DOCUMENT])


@case(2, UNKNOWN, "nothing_disclosed", UNVERIFIABLE)
def an_erasure_of_another_record() -> Report:
    city, _, proof = one_licence()
    return city.verify(_erased(city, proof, leaf=bytes(32)), documents=[DOCUMENT])


@case(2, UNKNOWN, "nothing_disclosed", UNVERIFIABLE)
def an_erasure_of_another_log() -> Report:
    city, _, proof = one_licence()
    return city.verify(_erased(city, proof, log="wuhan"), documents=[DOCUMENT])


@case(2, UNKNOWN, "nothing_disclosed", UNVERIFIABLE)
def an_erasure_that_the_department_signed() -> Report:
    city, _, proof = one_licence()
    signed = _erased(city, proof).erasure
    assert signed
    erasure = replace(signed.erasure, key_id=city.key.public.id)
    return city.verify(
        replace(proof, disclosure=None, erasure=sign_erasure(city.key, erasure)), documents=[DOCUMENT]
    )


@case(2, UNKNOWN, "nothing_presented", UNVERIFIABLE)
def a_proof_alone() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, claims={})


@case(2, UNKNOWN, "nothing_presented", UNVERIFIABLE)
def a_fingerprint_instead_of_a_document() -> Report:
    city, _, proof = one_licence()
    assert proof.disclosure
    return city.verify(proof, claims={"document/1": proof.disclosure.values["document/1"]})


@case(2, FAIL, "claim_mismatch", INVALID)
def a_fingerprint_of_another_document_beside_the_paper() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, claims={**CLAIMS, "document/1": {"size": 1}})


@case(2, UNKNOWN, "claims_incomplete", UNVERIFIABLE)
def a_paper_read_by_halves() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, claims={"ZZMC": "营业执照"})


def _revoked() -> tuple[City, Proof]:
    city, licence, _ = one_licence()
    city.register(city.follow("revoke", licence))
    return city, city.proof(licence)


@case(9, FAIL, "revoked", NOT_CURRENT)
def a_code_alone_of_a_revoked_licence() -> Report:
    city, proof = _revoked()
    return city.verify(proof, claims={})


@case(9, FAIL, "revoked", NOT_CURRENT)
def a_paper_of_a_revoked_licence_read_by_halves() -> Report:
    city, proof = _revoked()
    return city.verify(proof, claims={"ZZMC": "营业执照"})


@case(9, FAIL, "revoked", NOT_CURRENT)
def a_paper_of_a_revoked_licence_that_spells_it_otherwise() -> Report:
    city, proof = _revoked()
    return city.verify(proof, claims={**CLAIMS, "ZZMC": f" {CLAIMS['ZZMC']}"})


@case(2, UNKNOWN, "carrier_altered", UNVERIFIABLE)
def a_document_of_a_revoked_licence_whose_inner_proof_was_put_there_otherwise() -> Report:
    city, proof = _revoked()
    presented = PresentedContent((DOCUMENT,), is_carrier_altered=True)
    return verify(presented, proof, city.registry.knowledge, city.registry.now)


@case(2, UNKNOWN, "document_withheld", UNVERIFIABLE)
def a_document_of_a_revoked_licence_that_the_proof_withholds() -> Report:
    city, licence, _ = one_licence()
    city.register(city.follow("revoke", licence))
    return city.verify(city.proof(licence, shown={"ZZMC"}), documents=[DOCUMENT])


@case(2, UNKNOWN, "nothing_presented", UNVERIFIABLE)
def a_code_alone_whose_status_is_known_of_long_ago() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, claims={}, now=city.registry.now + 7200)


@case(2, UNKNOWN, "document_not_registered", UNVERIFIABLE)
def a_document_where_none_was_registered() -> Report:
    city, _, _ = one_licence()
    licence = city.licence(documents=[])
    city.register(licence)
    return city.verify(city.proof(licence), documents=[DOCUMENT])


@case(2, UNKNOWN, "document_not_registered", UNVERIFIABLE)
def a_registered_fingerprint_that_nobody_can_read() -> Report:
    city, _, _ = one_licence()
    licence = city.licence(claims={"document/2": "sm3"})
    city.register(licence)
    return city.verify(city.proof(licence), documents=[b"something else"])


@case(2, UNKNOWN, "document_withheld", UNVERIFIABLE)
def a_document_whose_fingerprint_is_withheld() -> Report:
    city, licence, _ = one_licence()
    return city.verify(city.proof(licence, shown={"ZZMC"}), documents=[DOCUMENT])


@case(2, UNKNOWN, "claim_withheld", UNVERIFIABLE)
def a_value_that_the_proof_withholds() -> Report:
    city, licence, _ = one_licence()
    return city.verify(city.proof(licence, shown={"ZZMC"}), claims=CLAIMS)


@case(2, UNKNOWN, "nothing_disclosed", UNVERIFIABLE)
def a_proof_without_claims() -> Report:
    city, licence, _ = one_licence()
    return city.verify(city.proof(licence, disclosure=None), documents=[DOCUMENT])


@case(2, UNKNOWN, "claims_unreadable", UNVERIFIABLE)
def a_presented_value_outside_the_profile() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, claims={**CLAIMS, "ZZMC": 1.5})  # type: ignore[dict-item]


@case(2, UNKNOWN, "claims_unreadable", UNVERIFIABLE)
def a_presented_text_with_half_a_character() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, claims={**CLAIMS, "ZZMC": "\ud800"})


@case(9, PASS, "status_valid", VALID)
def some_claims_shown_and_read() -> Report:
    city, licence, _ = one_licence()
    return city.verify(city.proof(licence, shown={"ZZMC", "CZZT"}))


@case(9, PASS, "status_valid", VALID)
def one_document_of_two_with_the_other_withheld() -> Report:
    city, _, _ = one_licence()
    licence = city.licence(documents=[b"front", b"back"])
    city.register(licence)
    return city.verify(city.proof(licence, shown={"document/2"}), documents=[b"back"])
