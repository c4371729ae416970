"""A certificate that moves to another city: where it went, and what the new one continues."""

from typing import Any

import pytest

from ledger.proof.linking import attach_proofs, find_missing_links
from ledger.proof.proof import Proof
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.records import Link
from ledger.verification.report import Report
from tests.scenes import City, Item, Registry
from tests.sealed import make_seal, make_signature, sealed_by

BASIS = "示例条例 第七条"


class Move:
    """A licence of Tianmen that goes to Wuhan, or to `destination`."""

    def __init__(self, destination: str = "；转往 wuhan", action: str = "transfer") -> None:
        self.old_city = City(Registry())
        self.new_city = City(self.old_city.registry, "wuhan")
        self.old = self.old_city.licence()
        self.old_city.register(self.old)
        self.transfer = self.old_city.follow(action, self.old, basis=BASIS + destination)
        self.old_city.register(self.transfer)

    def receive(self, **members: Any) -> Item:
        received = self.new_city.licence(**{"links": (Link("continues", self.transfer.leaf),)} | members)
        self.new_city.register(received)
        return received

    def transfer_proof(self, **altered: Any) -> Proof:
        return self.old_city.proof(self.transfer, **{"disclosure": None, "staple": None} | altered)

    def verify(self, received: Item, *linked: Proof) -> Report:
        return self.new_city.verify(self.new_city.proof(received, linked_proofs=linked))


def test_the_old_certificate_says_where_it_went() -> None:
    move = Move()
    report = move.old_city.verify(move.old_city.proof(move.old, move.transfer))
    assert (report.verdict.value, report.reason) == ("not_current", "transferred")
    body: Any = report.to_json()
    assert body["status"]["moved_to"] == "wuhan"


def test_without_the_record_nobody_knows_where_it_went() -> None:
    move = Move()
    body: Any = move.old_city.verify(move.old_city.proof(move.old)).to_json()
    assert "moved_to" not in body["status"]


def test_a_transfer_out_of_the_registry_names_no_log() -> None:
    move = Move(destination="")
    body: Any = move.old_city.verify(move.old_city.proof(move.old, move.transfer)).to_json()
    assert "moved_to" not in body["status"]


def test_the_new_certificate_is_valid_and_shows_what_it_continues() -> None:
    move = Move()
    received = move.receive()
    report = move.verify(received, move.transfer_proof())
    assert report.verdict.value == "valid"
    step = report.get_step(11)
    assert step.reason == "no_links"
    evidence: Any = step.evidence
    (predecessor,) = evidence["continues"]
    assert (predecessor["log"], predecessor["identifier"]) == ("tianmen", move.old.record.identifier)


def test_where_the_transfer_is_not_attached_the_new_certificate_is_valid_too() -> None:
    move = Move()
    report = move.verify(move.receive())
    assert report.verdict.value == "valid"
    assert "identifier" not in str(report.get_step(11).evidence)


def test_the_proof_of_the_old_certificate_brings_the_transfer_along() -> None:
    move = Move()
    bare = move.new_city.proof(move.receive())
    assert [link.rel for link in find_missing_links(bare)] == ["continues"]
    whole = attach_proofs(bare, move.old_city.proof(move.old, move.transfer))
    assert [proof.record for proof in whole.linked_proofs] == [move.transfer.record]
    assert move.new_city.verify(whole).verdict.value == "valid"


def test_a_new_certificate_may_be_sealed_too() -> None:
    move = Move()
    seal = make_seal(move.new_city)
    sealing = make_signature(move.new_city, seal)
    members = sealed_by(sealing)
    members["links"] = (*members["links"], Link("continues", move.transfer.leaf))
    received = move.new_city.licence(**members)
    for item in (seal, sealing, received):
        move.new_city.register(item)
    sealing_proof = move.new_city.proof(
        sealing, staple=None, linked_proofs=(move.new_city.proof(seal, staple=None),)
    )
    report = move.verify(received, sealing_proof, move.transfer_proof())
    assert (report.verdict.value, report.get_step(11).reason) == ("valid", "seals_good")


def test_attack_a_certificate_that_went_to_another_city_is_claimed() -> None:
    move = Move(destination="；转往 xiantao")
    report = move.verify(move.receive(), move.transfer_proof())
    assert (report.verdict.value, report.reason) == ("unverifiable", "moved_elsewhere")


@pytest.mark.parametrize("action", ["revoke", "cancel"])
def test_attack_a_certificate_that_ended_otherwise_is_continued(action: str) -> None:
    move = Move(action=action)
    report = move.verify(move.receive(), move.transfer_proof())
    assert (report.verdict.value, report.reason) == ("invalid", "link_of_another_kind")


def test_attack_a_certificate_of_another_type_is_continued() -> None:
    move = Move()
    identifier = CertificateIdentifier.build("11100000MB03271699001", move.new_city.issuer, "WH0000001", 1)
    report = move.verify(move.receive(identifier=identifier.text), move.transfer_proof())
    assert report.reason == "link_of_another_kind"


def test_attack_a_transfer_that_is_not_proven_is_attached() -> None:
    move = Move()
    received = move.receive()
    for altered in ({"index": 5}, {"staple": move.old_city.staple(move.old)}):
        report = move.verify(received, move.transfer_proof(**altered))
        assert (report.verdict.value, report.reason) == ("unverifiable", "linked_unproven")
