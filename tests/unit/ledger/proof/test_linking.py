"""Proofs that come separately are attached where a link names their record.

They open no more than they must.
"""

from dataclasses import replace

import pytest

from ledger.errors import LimitExceeded, MalformedInput
from ledger.proof.linking import attach_proofs, find_missing_links
from ledger.proof.proof import decode_proof
from ledger.records.claims import FullDisclosure, SelectiveDisclosure
from ledger.records.records import Link
from ledger.records.seal_identifiers import SealingIdentifier
from ledger.verification.reasons import Verdict
from tests.scenes import DOCUMENT, City, Registry
from tests.sealed import Sealed, make_seal, make_signature, scene, sealed_by


@pytest.fixture
def sealed() -> Sealed:
    return scene()


def test_the_proof_of_a_seal_of_another_city_is_attached_where_the_link_names_it() -> None:
    city = City(Registry())
    other = City(city.registry, "wuhan")
    seal = make_seal(
        other,
        claims={"CZZTDM": city.issuer, "KZ_YZZZDW": "制章单位"},
        identifier=SealingIdentifier.build("seal", other.issuer, "A00000001").text,
    )
    signature = make_signature(city, seal)
    licence = city.licence(**sealed_by(signature))
    for registrar, item in ((other, seal), (city, signature), (city, licence)):
        registrar.register(item)
    bare = city.proof(licence, linked_proofs=(city.proof(signature, staple=None),))
    assert city.verify(bare, documents=[DOCUMENT]).reason == "link_missing"
    assert list(find_missing_links(bare)) == list(signature.record.links)
    suspension = other.follow("suspend", seal)
    other.register(suspension)
    whole = attach_proofs(
        bare, other.proof(seal, linked_proofs=(other.proof(suspension, disclosure=None, staple=None),))
    )
    assert city.verify(whole, documents=[DOCUMENT]).get_step(11).reason == "seals_good"
    assert list(find_missing_links(whole)) == []
    attached = whole.linked_proofs[0].linked_proofs[0]
    assert (attached.staple, attached.linked_proofs) == (None, ()), "what nobody needs there stays away"
    assert isinstance(attached.disclosure, SelectiveDisclosure)
    assert attached.disclosure.withheld_names == {"KZ_YZZZDW"}
    assert attach_proofs(whole, other.proof(seal)) == whole, "it takes the place of the one that was there"
    assert (
        attach_proofs(replace(bare, linked_proofs=()), bare.linked_proofs[0]).linked_proofs[0].linked_proofs
        == ()
    ), "a sealing by itself too"


def test_what_is_given_may_lead_to_what_else_is_given_in_any_order(sealed: Sealed) -> None:
    bare, sealing, seal = (
        sealed.proof(linked_proofs=()),
        sealed.sealing(linked_proofs=()),
        sealed.city.proof(sealed.seal),
    )
    whole = attach_proofs(bare, sealing, seal)
    assert sealed.city.verify(whole, documents=[DOCUMENT]).verdict is Verdict.VALID
    assert attach_proofs(bare, seal, sealing) == whole
    assert attach_proofs(attach_proofs(bare, sealing), seal) == whole


def test_a_given_proof_keeps_what_was_attached_to_the_one_that_it_replaces(sealed: Sealed) -> None:
    whole = attach_proofs(sealed.proof(), sealed.sealing(linked_proofs=()))
    assert whole == attach_proofs(sealed.proof(), sealed.sealing())
    assert list(find_missing_links(whole)) == []
    change = sealed.city.follow("suspend", sealed.licence)
    sealed.city.register(change)
    cause = sealed.city.proof(change, disclosure=None, staple=None)
    whole = attach_proofs(sealed.proof(linked_proofs=(cause,)), sealed.sealing())
    assert whole.linked_proofs[1:] == (cause,), "and the proof of a change of status stays"


def test_what_travels_inside_opens_no_more_than_it_must_at_any_depth(sealed: Sealed) -> None:
    """A sealing is given as its node exports it, with all that the seal's maker registered."""
    seal = sealed.city.proof(sealed.seal)
    assert isinstance(seal.disclosure, FullDisclosure)
    assert seal.staple is not None
    whole = attach_proofs(sealed.proof(linked_proofs=()), sealed.sealing(linked_proofs=(seal,)))
    inner = whole.linked_proofs[0].linked_proofs[0]
    assert isinstance(inner.disclosure, SelectiveDisclosure)
    assert inner.staple is None
    assert seal.disclosure.master.hex().encode() not in whole.encode()


def test_no_more_is_attached_than_can_be_read_again() -> None:
    """A licence with a seal of each of nine bodies has eighteen linked proofs."""
    city = City(Registry())
    signatures, proofs = [], []
    for number in range(9):
        serial = SealingIdentifier.build("seal", city.issuer, f"4290060000000{number}").text
        seal = make_seal(city, identifier=serial)
        serial = SealingIdentifier.build("signature", city.issuer, f"TM00000000{number}").text
        signature = make_signature(city, seal, identifier=serial)
        for item in (seal, signature):
            city.register(item)
        signatures.append(signature)
        proofs += [city.proof(seal), city.proof(signature)]
    licence = city.licence(links=tuple(Link("sealed-by", one.leaf) for one in signatures))
    city.register(licence)
    whole = attach_proofs(city.proof(licence), *proofs)
    with pytest.raises(LimitExceeded, match="18 proofs are linked, at most 16"):
        whole.encode()
    whole = attach_proofs(city.proof(licence), *proofs[2:])
    assert decode_proof(whole.encode()) == whole


def test_a_chain_of_links_ends_where_no_reader_follows(sealed: Sealed) -> None:
    city, items = sealed.city, [sealed.seal]
    for number in range(4):
        serial = SealingIdentifier.build("signature", city.issuer, f"TM00000001{number}").text
        items.append(make_signature(city, items[-1], identifier=serial))
        city.register(items[-1])
    proofs = [city.proof(item) for item in items]
    whole = attach_proofs(proofs[3], *proofs[:3])
    assert decode_proof(whole.encode()) == whole
    with pytest.raises(LimitExceeded, match="3 deep"):
        attach_proofs(proofs[4], *proofs[:4])


def test_only_the_very_record_that_a_link_names_is_attached(sealed: Sealed) -> None:
    stranger = make_seal(sealed.city, claims={"CZZTDM": sealed.city.issuer})
    sealed.city.lineages.clear()
    sealed.city.register(stranger)
    for proof in (sealed.city.proof(stranger), sealed.proof()):
        with pytest.raises(MalformedInput, match="nothing in the proof links to this record"):
            attach_proofs(sealed.proof(), proof)
    beside = sealed.city.proof(sealed.seal, linked_proofs=(sealed.proof(linked_proofs=()),))
    with pytest.raises(MalformedInput, match="nothing in the proof links to this record"):
        attach_proofs(beside, sealed.sealing())
