"""Proofs made from register and replica: complete, narrowed, linked, or refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from anchoring.errors import NotFinal, NotFound, SubmissionRefused
from anchoring.register.proofs import make_proof
from anchoring.register.records import find_current_leaf
from anchoring.register.trees import TreeCache
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof, decode_proof
from ledger.records.claims import SelectiveDisclosure
from ledger.records.seal_identifiers import SealingIdentifier
from ledger.verification.report import Report
from ledger.verification.verify import PresentedContent, verify
from tests.databases import NewDatabase
from tests.fakes.department import ISSUER, change, identifier, licence
from tests.fakes.erasing import erase_content
from tests.fakes.issuing import City


@pytest.fixture
def city(tmp_path: Path, new_database: NewDatabase) -> Iterator[City]:
    made = City(tmp_path, new_database=new_database)
    yield made
    made.stop()


def prove(city: City, serial: int, *, names: list[str] | None = None) -> Proof:
    with city.register.reading() as connection:
        leaf = find_current_leaf(connection, identifier(serial))
    with city.replica.reading() as reading:
        return make_proof(city.register, reading, city.trees, leaf, names=names)


def judge(city: City, proof: Proof) -> Report:
    """Verify as another city does: from the proof's text and a replica, with every disclosed value read from the paper."""
    decoded = decode_proof(proof.encode())
    values = decoded.disclosure.values if decoded.disclosure else {}
    with city.replica.reading() as reading:
        return verify(PresentedContent(claims=values), decoded, reading, city.chain.now)


def test_every_record_of_several_submissions_and_batches_proves_itself(city: City) -> None:
    serial = 0
    for sizes in ((1, 2, 7), (3,), (1, 1, 1, 5)):
        for size in sizes:
            city.submit(*(licence(serial + n) for n in range(size)))
            serial += size
        city.settle(3)
    verdicts = {judge(city, prove(city, number)).verdict.value for number in range(serial)}
    assert verdicts == {"valid"}


def test_nothing_is_proven_before_the_anchor_is_final(city: City) -> None:
    city.submit(licence(1))
    for state in ("accepted", "submitted", "mined"):
        with pytest.raises(NotFinal) as caught:
            prove(city, 1)
        assert caught.value.state == state
        city.anchorer.step()
        if state != "accepted":
            city.mine()
            city.anchorer.step()
        else:
            continue
    city.mine(2)
    assert judge(city, prove(city, 1)).verdict.value == "valid"


def test_a_record_that_is_not_here_is_not_found(city: City) -> None:
    with city.replica.reading() as reading, pytest.raises(NotFound):
        make_proof(city.register, reading, city.trees, b"\x01" * 32)


@pytest.mark.parametrize("action", ["suspend", "cancel", "revoke", "withdraw", "transfer", "void"])
def test_a_changed_status_comes_with_the_record_that_set_it(city: City, action: str) -> None:
    city.submit(licence(1))
    city.settle(3)
    city.submit(change(action, 1))
    city.settle(3)
    proof = prove(city, 1)
    assert [linked.record.action for linked in proof.linked_proofs] == [action]
    report = judge(city, proof)
    assert report.verdict.value == "not_current"
    assert report.status
    assert report.status.cause_proof


def test_a_renewed_certificate_names_its_successor(city: City) -> None:
    city.submit(licence(1))
    city.settle(3)
    with city.register.reading() as connection:
        old = find_current_leaf(connection, identifier(1))
    city.submit(change("renew", 1, 2))
    city.settle(3)
    with city.replica.reading() as reading:
        proof = make_proof(city.register, reading, city.trees, old)
    assert [linked.record.identifier for linked in proof.linked_proofs] == [identifier(1, 2)]
    assert judge(city, proof).verdict.value == "not_current"
    assert judge(city, prove(city, 1)).verdict.value == "valid"


def test_a_reinstated_certificate_carries_the_record_that_reinstates_it(city: City) -> None:
    for row in (licence(1), change("revoke", 1), change("reinstate", 1)):
        city.submit(row)
        city.settle(3)
    proof = prove(city, 1)
    assert [linked.record.action for linked in proof.linked_proofs] == ["reinstate"]
    assert judge(city, proof).verdict.value == "valid"


def test_a_reinstatement_stays_explained_whatever_follows(city: City) -> None:
    for row in (licence(1), *(change(action, 1) for action in ("revoke", "reinstate", "suspend", "resume"))):
        city.submit(row)
        city.settle(3)
    proof = prove(city, 1)
    assert [linked.record.action for linked in proof.linked_proofs] == ["reinstate", "resume"]
    assert judge(city, proof).verdict.value == "valid"


def test_a_change_that_is_not_final_is_not_in_the_proof(city: City) -> None:
    city.submit(licence(1))
    city.settle(3)
    city.submit(change("revoke", 1))
    city.anchorer.step()
    city.mine()
    assert prove(city, 1).linked_proofs == ()


def test_some_claims_may_be_shown_alone(city: City) -> None:
    city.submit(licence(1))
    city.settle(3)
    proof = prove(city, 1, names=["ZZMC"])
    assert isinstance(proof.disclosure, SelectiveDisclosure)
    assert proof.disclosure.values == {"ZZMC": "营业执照"}
    assert proof.disclosure.withheld_names == {"CZZT"}
    with pytest.raises(MalformedInput):
        prove(city, 1, names=["unheard-of"])


def test_an_erased_disclosure_leaves_the_proof_of_the_record(city: City) -> None:
    city.submit(licence(1))
    city.settle(3)
    with city.register.writing() as connection:
        erase_content(connection, find_current_leaf(connection, identifier(1)))
    proof = prove(city, 1)
    assert proof.disclosure is None
    assert proof.erasure
    assert judge(city, proof).verdict.value == "unverifiable"


def test_the_staple_is_of_the_newest_final_anchor(city: City) -> None:
    city.submit(licence(1))
    city.settle(3)
    city.submit(licence(2))
    city.settle(3)
    staple = prove(city, 1).staple
    assert staple
    assert staple.sequence == 2


def test_trees_asked_for_longest_ago_are_forgotten_first() -> None:
    recent: TreeCache[str] = TreeCache(max_leaves=10)
    built = []

    def get(name: str, leaves: int) -> str:
        def build() -> tuple[str, int]:
            built.append(name)
            return name.upper(), leaves

        return recent.get(name, build)

    for name in ("a", "b", "a", "c", "a", "b"):  # c pushes b out
        assert get(name, 4) == name.upper()
    assert built == ["a", "b", "c", "b"]
    assert get("huge", 100) == "HUGE"
    assert get("huge", 100) == "HUGE"
    assert built[-1] == "huge"
    assert built.count("huge") == 1


SEAL = SealingIdentifier.build("seal", ISSUER, "42900600000001").text
SEALING = SealingIdentifier.build("signature", ISSUER, "TM000000001").text
PAPERS = {"seal.esl": b"a seal", "licence.ofd": b"a sealed licence"}


def sealed_rows() -> list[dict[str, Any]]:
    """A seal, a sealing and a licence, one after the other, each linked to the one before."""
    made_with = {"links": [{"rel": "made-with", "identifier": SEAL}]}
    sealed_by = {"links": [{"rel": "sealed-by", "identifier": SEALING}]}
    seal = {"CZZT": "天门市示例局", "CZZTDM": ISSUER, "ZZQZMC": "专用章", "KZ_YZZZDW": "制章单位"}
    return [
        licence(kind="seal", identifier=SEAL, claims=seal, documents=["seal.esl"]),
        licence(kind="signature", identifier=SEALING, claims={"KZ_QZRDM": ISSUER}, documents=["licence.ofd"])
        | made_with,
        licence(1, documents=["licence.ofd"]) | sealed_by,
    ]


def test_a_sealed_licence_brings_the_proofs_of_its_sealing_and_its_seal(city: City) -> None:
    with city.replica.reading() as trust:
        rows = sealed_rows()
        city.department.submit(city.register, trust, *rows, now=city.chain.now, read_file=PAPERS.__getitem__)
    city.settle(3)
    proof = decode_proof(prove(city, 1).encode())
    with city.replica.reading() as reading:
        report = verify(PresentedContent((PAPERS["licence.ofd"],)), proof, reading, city.chain.now)
    assert (report.verdict.value, report.get_step(11).reason) == ("valid", "seals_good")
    seal = proof.linked_proofs[0].linked_proofs[0]
    assert seal.disclosure
    assert seal.disclosure.withheld_names == {"KZ_YZZZDW"}, "what nobody needs to see stays withheld"


def test_a_link_to_a_row_that_is_not_above(city: City) -> None:
    rows = sealed_rows()[::-1]
    with (
        pytest.raises(SubmissionRefused) as refused,
        city.department.draft(rows, read_file=PAPERS.__getitem__),
    ):
        pass
    assert refused.value.row_errors[0].message.startswith("no row above is of signature.")
