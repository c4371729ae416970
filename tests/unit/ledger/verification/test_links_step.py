"""Licences that link to their sealing, and that to its seal.

Decided offline, as of the anchor of the sealing.
"""

from dataclasses import replace

import pytest

from ledger.errors import InvalidIdentifier, MalformedInput
from ledger.proof.proof import decode_proof
from ledger.records.claims import SelectiveDisclosure
from ledger.records.records import Link, read_lineage, read_version
from ledger.records.seal_identifiers import SealingIdentifier
from ledger.registry import acts
from ledger.verification.reasons import Verdict
from tests.scenes import DOCUMENT, City, Item, Registry, credit_code, readable
from tests.sealed import PICTURE, Sealed, make_seal, make_signature, scene, sealed_by


@pytest.fixture
def sealed() -> Sealed:
    return scene()


def test_a_licence_that_was_sealed_says_by_whom_and_when(sealed: Sealed) -> None:
    report = sealed.verify()
    assert report.verdict is Verdict.VALID
    step = report.get_step(11)
    assert step.reason == "seals_good"
    seal = {
        "identifier": sealed.seal.record.identifier,
        "holder": sealed.city.issuer,
        "name": "天门市示例局电子证照专用章",
        "declared": "2026-03-01T08:00:00Z",
        "sealed_at": "2026-03-02T01:00:08Z",
    }
    assert step.evidence == {"seals": [seal]}


def test_the_proof_survives_its_encoding(sealed: Sealed) -> None:
    proof = sealed.proof()
    assert decode_proof(proof.encode()) == proof


@pytest.mark.parametrize("item", ["seal", "signature"])
def test_a_seal_or_a_sealing_can_be_presented_by_itself(sealed: Sealed, item: str) -> None:
    proof = sealed.sealing() if item == "signature" else sealed.city.proof(sealed.seal)
    content = DOCUMENT if item == "signature" else PICTURE
    assert sealed.city.verify(proof, documents=[content]).verdict is Verdict.VALID
    assert sealed.city.verify(proof, documents=[b"other"]).reason == "document_mismatch"


def test_a_seal_destroyed_before_the_sealing_was_anchored_is_caught_whatever_time_the_sealing_declares() -> (
    None
):
    """Back-dated sealing: the declared time lies a day before the destruction."""
    destroyed = scene(lambda city, seal: city.register(city.follow("cancel", seal)))
    report = destroyed.verify()
    assert (report.verdict, report.reason) == (Verdict.INVALID, "seal_not_in_force")
    assert report.deciding_step.evidence
    assert report.deciding_step.evidence["status"] == "cancelled"


@pytest.mark.parametrize("action", ["cancel", "suspend", "void"])
def test_what_was_sealed_before_its_seal_ended_stays_good(sealed: Sealed, action: str) -> None:
    sealed.city.register(sealed.city.follow(action, sealed.seal))
    assert sealed.verify().verdict is Verdict.VALID


def test_a_seal_suspended_and_resumed_before_the_sealing_is_good() -> None:
    def pause(city: City, seal: Item) -> None:
        city.register(city.follow("suspend", seal))
        city.register(city.follow("resume", seal))

    assert scene(pause).verify().verdict is Verdict.VALID


def test_a_seal_in_another_citys_log_is_judged_by_the_order_of_the_registry() -> None:
    """The seal is destroyed in its log after the sealing was anchored in the other: only events before that count."""
    city = City(Registry())
    other = City(city.registry, "wuhan")
    seal = make_seal(
        other,
        claims={"CZZTDM": city.issuer},
        identifier=SealingIdentifier.build("seal", other.issuer, "A00000001").text,
    )
    other.register(seal)
    early, late = (
        make_signature(city, seal, identifier=SealingIdentifier.build("signature", city.issuer, serial).text)
        for serial in ("TM000000001", "TM000000002")
    )
    city.register(early)
    other.register(other.follow("cancel", seal))
    city.register(late)
    reasons = []
    for signature in (early, late):
        licence = city.licence(**sealed_by(signature))
        city.register(licence)
        sealing = city.proof(signature, staple=None, linked_proofs=(other.proof(seal, staple=None),))
        reasons.append(
            city.verify(city.proof(licence, linked_proofs=(sealing,)), documents=[DOCUMENT])
            .get_step(11)
            .reason
        )
    assert reasons == ["seals_good", "seal_not_in_force"]


def test_a_link_whose_proof_is_missing_or_of_another_record(sealed: Sealed) -> None:
    assert sealed.verify(linked_proofs=()).reason == "link_missing"
    assert sealed.verify(linked_proofs=(sealed.sealing(linked_proofs=()),)).reason == "link_missing"
    swapped = make_signature(sealed.city, sealed.seal)
    sealed.city.lineages.clear()
    sealed.city.register(swapped)
    other = sealed.city.proof(
        swapped, staple=None, linked_proofs=(sealed.city.proof(sealed.seal, staple=None),)
    )
    assert sealed.verify(linked_proofs=(other,)).reason == "link_missing"


def test_a_linked_proof_that_does_not_hold_is_a_gap_and_no_forgery_of_the_licence(sealed: Sealed) -> None:
    broken = replace(sealed.sealing(), index=5)
    report = sealed.verify(linked_proofs=(broken,))
    assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, "linked_unproven")
    hidden = sealed.sealing(disclosure=None)
    assert sealed.verify(linked_proofs=(hidden,)).reason == "linked_undisclosed"
    stranger = sealed.city.proof(sealed.licence, staple=None)
    crowded = sealed.sealing(linked_proofs=(sealed.city.proof(sealed.seal, staple=None), stranger))
    assert sealed.verify(linked_proofs=(crowded,)).reason == "linked_unproven"


def test_claims_altered_in_a_linked_proof(sealed: Sealed) -> None:
    other = sealed.licence.disclosure
    altered = replace(sealed.city.proof(sealed.seal, staple=None), disclosure=other)
    assert (
        sealed.verify(linked_proofs=(sealed.sealing(linked_proofs=(altered,)),)).reason
        == "linked_undisclosed"
    )


@pytest.mark.parametrize(
    ("which", "shown", "reason"),
    [
        ("seal", {"ZZQZMC"}, "seal_holder_withheld"),
        ("signature", {"document/1"}, "seal_holder_withheld"),
        ("signature", {"KZ_QZRDM"}, "sealed_document_withheld"),
    ],
    ids=["whose seal", "who sealed", "what was sealed"],
)
def test_what_is_withheld_cannot_be_told(sealed: Sealed, which: str, shown: set[str], reason: str) -> None:
    made_with = sealed.city.proof(sealed.seal, staple=None)
    sealing = sealed.sealing()
    if which == "seal":
        sealing = replace(
            sealing, linked_proofs=(replace(made_with, disclosure=_select(sealed, sealed.seal, shown)),)
        )
    else:
        sealing = replace(sealing, disclosure=_select(sealed, sealed.signature, shown))
    report = sealed.verify(linked_proofs=(sealing,))
    assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, reason)


def _select(sealed: Sealed, item: Item, shown: set[str]) -> SelectiveDisclosure:
    assert item.disclosure
    return item.disclosure.select(sealed.city.suite, shown)


def test_a_contradictory_or_reinstated_seal_cannot_be_told() -> None:
    def revive(city: City, seal: Item) -> None:
        city.register(city.follow("cancel", seal))
        city.anchor(changes=[(city.position(seal), 8)])  # no intake takes a record of it

    assert scene(revive).verify().reason == "linked_status_unknown"

    def contradict(city: City, seal: Item) -> None:
        city.anchor(changes=[(city.position(seal), 3)])
        city.anchor(changes=[(city.position(seal), 4)])

    assert scene(contradict).verify().reason == "linked_status_unknown"


def test_the_cause_of_a_change_travels_beside_the_seals(sealed: Sealed) -> None:
    revocation = sealed.city.follow("revoke", sealed.licence)
    sealed.city.register(revocation)
    cause = sealed.city.proof(revocation, disclosure=None, staple=None)
    report = sealed.verify(linked_proofs=(sealed.sealing(), cause))
    assert (report.verdict, report.reason) == (Verdict.NOT_CURRENT, "revoked")
    assert report.status
    assert report.status.cause_proof == cause


def test_a_sealing_that_is_stated_for_another_registry_has_no_moment(sealed: Sealed) -> None:
    """The log of the same name that is known here says nothing of it."""
    sealing = sealed.sealing()
    elsewhere = replace(sealing.entry.statement, registry=Registry(chain_id=5).name)
    report = sealed.city.verify(replace(sealing, entry=replace(sealing.entry, statement=elsewhere)))
    assert (report.get_step(7).reason, report.get_step(11).reason) == ("anchor_unknown", "linked_unproven")


def test_a_sealing_presented_by_itself_names_whose_seal_it_used() -> None:
    foreign = scene(seal={"claims": {"CZZTDM": credit_code("429006", 7)}})
    report = foreign.city.verify(foreign.sealing(), documents=[DOCUMENT])
    assert (report.verdict, report.reason) == (Verdict.INVALID, "seal_of_another")


def test_a_seal_suspended_when_it_was_used_and_resumed_since() -> None:
    """Its log goes on after the sealing was anchored in another: the change right before that decides."""
    city = City(Registry())
    other = City(city.registry, "wuhan")
    number = SealingIdentifier.build("seal", other.issuer, "A00000001").text
    seal = make_seal(other, claims={"CZZTDM": city.issuer}, identifier=number)
    other.register(seal)
    other.register(other.follow("suspend", seal))
    signature = make_signature(city, seal)
    city.register(signature)
    other.register(other.follow("resume", seal))
    sealing = city.proof(signature, staple=None, linked_proofs=(other.proof(seal, staple=None),))
    assert city.verify(sealing, documents=[DOCUMENT]).reason == "seal_not_in_force"


@pytest.mark.parametrize(
    "words", [(3, 8), (3, 4), (1, 1)], ids=["reinstated", "ended twice", "suspended twice"]
)
def test_a_sealing_whose_own_status_cannot_be_told(sealed: Sealed, words: tuple[int, int]) -> None:
    for word in words:
        sealed.city.anchor(changes=[(sealed.city.position(sealed.signature), word)])
    assert sealed.verify().reason == "linked_status_unknown"


def test_a_contradiction_that_reads_as_valid_cannot_be_told(sealed: Sealed) -> None:
    """0 after 3 is impossible: the newest word says valid, the history says that it cannot be."""
    for word in (3, 0):
        sealed.city.anchor(changes=[(sealed.city.position(sealed.signature), word)])
    assert sealed.verify().reason == "linked_status_unknown"

    def contradict(city: City, seal: Item) -> None:
        for word in (3, 0):
            city.anchor(changes=[(city.position(seal), word)])

    assert scene(contradict).verify().reason == "linked_status_unknown"


def test_a_sealing_with_two_seals_is_more_than_this_program_knows(sealed: Sealed) -> None:
    city = sealed.city
    twice = (Link("made-with", sealed.seal.leaf), Link("made-with", sealed.seal.leaf))
    number = SealingIdentifier.build("signature", city.issuer, "TM000000009").text
    signature = make_signature(city, sealed.seal, links=twice, identifier=number)
    city.register(signature)
    licence = city.licence(**sealed_by(signature))
    city.register(licence)
    assert Sealed(city, sealed.seal, signature, licence).verify().reason == "link_unknown"


def test_a_seal_in_a_log_whose_past_is_not_known_here() -> None:
    city = City(Registry())
    before = acts.Predecessor(
        "eip155:1:0x" + "22" * 20 + ":" + "33" * 8, "wuhan", 9, b"\x01" * 32, 100, b"\x02" * 32
    )
    other = City(city.registry, "wuhan", predecessor=before)
    number = SealingIdentifier.build("seal", other.issuer, "A00000001").text
    seal = make_seal(other, claims={"CZZTDM": city.issuer}, identifier=number)
    other.register(seal)
    signature = make_signature(city, seal)
    city.register(signature)
    sealing = city.proof(signature, staple=None, linked_proofs=(other.proof(seal, staple=None),))
    assert city.verify(sealing, documents=[DOCUMENT]).reason == "linked_status_unknown"


def test_a_licence_that_withholds_one_of_its_documents(sealed: Sealed) -> None:
    """What is withheld may be what was sealed."""
    city = sealed.city
    licence = city.licence(documents=[DOCUMENT, b"annex"], **sealed_by(sealed.signature))
    city.register(licence)
    shown = {*readable(city.proof(licence)), "document/2"}
    proof = city.proof(licence, shown=shown, linked_proofs=(sealed.sealing(),))
    assert city.verify(proof, documents=[b"annex"]).reason == "sealed_document_withheld"


def test_a_sealing_of_nothing() -> None:
    assert scene(signature={"documents": []}).verify().reason == "sealed_document_withheld"


def test_a_seal_whose_key_was_compromised_is_a_gap(sealed: Sealed) -> None:
    other = City(Registry())
    thief = other.new_key()
    other.registry.act(acts.KeyRegistered("tianmen", 1, thief.public.spki))
    other.give(thief, other.issuer)
    seal = make_seal(other)
    other.anchor(other.submit(seal, signer=thief))
    other.registry.act(acts.KeyCompromised(thief.public.id, other.registry.now - 1))
    signature = make_signature(other, seal)
    other.register(signature)
    sealing = other.proof(signature, staple=None, linked_proofs=(other.proof(seal, staple=None),))
    report = other.verify(sealing, documents=[DOCUMENT])
    assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, "linked_unproven")


# -- identifiers --


def test_identifiers_are_taken_apart_and_put_together() -> None:
    made = SealingIdentifier.build("seal", "11429006012345671T", "42900600000001")
    assert made.text == "seal.11429006012345671T.42900600000001.001.E"
    assert SealingIdentifier.parse(made.text) == made
    second = made.with_version(2)
    assert read_lineage(second.text) == read_lineage(made.text) == "seal.11429006012345671T.42900600000001"
    assert read_version(second.text) == 2


@pytest.mark.parametrize(
    "text",
    [
        "seal.11429006012345671T.42900600000001.001.F",
        "seal.11429006012345671X.42900600000001.001.E",
        "seal.11429006012345671T.4290.001.E",
        "seal.11429006012345671T.42900600000001.000.E",
        "picture.11429006012345671T.42900600000001.001.E",
        "seal.11429006012345671T.42900600000001.001.E\n",
        "",
    ],
)
def test_what_is_no_identifier_of_a_seal_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        SealingIdentifier.parse(text)


def test_kind_and_identifier_must_agree() -> None:
    city = City(Registry())
    seal = make_seal(city)
    with pytest.raises(MalformedInput, match=r"begins with `signature\.`"):
        replace(seal.record, kind="signature")
    with pytest.raises(MalformedInput):
        replace(seal.record, kind="licence")
    other = replace(seal.record, issuer=credit_code("429006", 9))
    assert seal.record.names_issuer
    assert not other.names_issuer


def test_a_renewed_seal_raises_its_version() -> None:
    city = City(Registry())
    seal = make_seal(city)
    city.register(seal)
    raised = SealingIdentifier.parse(seal.record.identifier).with_version(2).text
    renewed = make_seal(city, action="renew", identifier=raised, previous=seal.leaf)
    city.register(renewed)
    assert city.verify(city.proof(seal), documents=[PICTURE]).reason == "superseded"
    assert city.verify(city.proof(renewed), documents=[PICTURE]).verdict is Verdict.VALID


# A seal that has ended never comes back, whatever the chain says


def revive(city: City, seal: Item, *, hide: bool = False) -> Item:
    """Destroy a seal; then the department signs and the operator anchors what no intake takes."""
    city.register(city.follow("cancel", seal))
    reinstated = city.follow("reinstate", seal)
    city.anchor(city.submit(reinstated), changes=[(city.position(seal), 8)])
    for status in (1, 0) if hide else ():
        city.anchor(changes=[(city.position(seal), status)])
    return reinstated


@pytest.mark.parametrize("hide", [False, True], ids=["reinstated", "suspended and resumed since"])
def test_what_a_revived_seal_seals_cannot_be_confirmed(hide: bool) -> None:
    def end_and_revive(city: City, seal: Item) -> None:
        revive(city, seal, hide=hide)

    report = scene(end_and_revive).verify()
    assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, "linked_status_unknown")


@pytest.mark.parametrize("hide", [False, True], ids=["reinstated", "suspended and resumed since"])
def test_a_revived_seal_contradicts_itself_also_with_the_record_of_its_reinstatement(
    sealed: Sealed, hide: bool
) -> None:
    city = sealed.city
    cause = city.proof(revive(city, sealed.seal, hide=hide), disclosure=None, staple=None)
    for linked in ((), (cause,)):
        report = city.verify(city.proof(sealed.seal, linked_proofs=linked), documents=[PICTURE])
        assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, "status_contradictory")


def test_what_was_sealed_before_a_seal_was_destroyed_stays_sealed_though_it_was_revived(
    sealed: Sealed,
) -> None:
    revive(sealed.city, sealed.seal)
    assert sealed.verify().verdict is Verdict.VALID


def test_a_revived_seal_that_was_destroyed_again_still_contradicts_itself(sealed: Sealed) -> None:
    revive(sealed.city, sealed.seal)
    sealed.city.anchor(changes=[(sealed.city.position(sealed.seal), 3)])
    report = sealed.city.verify(sealed.city.proof(sealed.seal), documents=[PICTURE])
    assert report.reason == "status_contradictory"


def test_a_sealing_may_be_reinstated_by_its_record(sealed: Sealed) -> None:
    """Only seals end for good: what was sealed can be declared void by mistake."""
    city = sealed.city
    city.register(city.follow("void", sealed.signature))
    reinstated = city.follow("reinstate", sealed.signature)
    city.register(reinstated)
    cause = city.proof(reinstated, disclosure=None, staple=None)
    made_with = city.proof(sealed.seal, staple=None)
    report = city.verify(city.proof(sealed.signature, linked_proofs=(made_with, cause)), documents=[DOCUMENT])
    assert (report.verdict, report.reason) == (Verdict.VALID, "status_reinstated")
