"""Whatever the whole registry says of a proof, the pocket of the same checkpoint says too."""

import json
from typing import Any

import pytest

from ledger.encoding.canonical import decode, encode_canonical
from ledger.errors import MalformedInput
from ledger.pocket.pockets import read_pocket
from ledger.proof.proof import Proof, decode_proof
from ledger.registry.knowledge import Knowledge
from ledger.verification.report import Report
from ledger.verification.verify import PresentedContent, verify
from tests.cosigning import trust_file
from tests.pockets import pocket_of
from tests.properties.second_verifier import BothVerifiers, told
from tests.properties.subjects import paper, subjects
from tests.properties.test_second_verifier import OPENED
from tests.scenes import City, readable
from tests.unit.ledger.verification.steps.cases import SCENES


class WithPocket:
    """Stands in for `City.verify`: asks the registry, the second verifier and a pocket, and demands one answer."""

    def __init__(self) -> None:
        self.both, self.asked = BothVerifiers(), 0

    def verify(self, city: City, proof: Proof | bytes, **presented: Any) -> Report:
        report = self.both.verify(city, proof, **presented)
        try:
            decoded_proof = decode_proof(proof) if isinstance(proof, bytes) else proof
        except MalformedInput:
            return report
        documents = tuple(presented.get("documents") or ())
        claims = presented.get("claims")
        claims = claims if claims is not None else {} if documents else readable(decoded_proof)
        content, now = PresentedContent(documents, claims), presented.get("now")
        registry = city.registry
        now = registry.now if now is None else now
        pocket = pocket_of(
            registry,
            lambda trust: verify(PresentedContent(), decoded_proof, trust, now),
            time=registry.knowledge.time,
        )
        trust = read_pocket(decode(encode_canonical(pocket.to_json()))).open(trust_file(registry))
        found = told(verify(content, decoded_proof, trust, now, presented.get("policy")))
        assert found == told(report), f"the pocket says {found}, the registry {told(report)}"
        self.asked += 1
        return report


@pytest.fixture
def with_pocket(monkeypatch: pytest.MonkeyPatch) -> WithPocket:
    """Entries are no facts: the registry is asked without any, and so is the second verifier."""
    voices = WithPocket()
    monkeypatch.setattr(Knowledge, "keep_entries", lambda *_: None)
    monkeypatch.setattr("tests.properties.second_verifier.second.take_entries", lambda *_: None)
    monkeypatch.setattr(
        City, "verify", lambda city, proof, **presented: voices.verify(city, proof, **presented)
    )
    return voices


#: Scenes of which no pocket is made: more facts than one holds, a time that no checkpoint can say.
WITHOUT_POCKET = {
    "a_licence_with_more_changes_than_anybody_reads",
    "a_seal_with_more_changes_since_its_use_than_anybody_reads",
    "a_block_beyond_every_calendar",
}


@pytest.mark.parametrize("name", [name for name in SCENES if name not in OPENED.keys() | WITHOUT_POCKET])
def test_every_scene(name: str, with_pocket: WithPocket) -> None:
    SCENES[name][2]()


def test_random_histories(with_pocket: WithPocket) -> None:
    for subject in subjects():
        proof = decode_proof(json.dumps(subject.proof).encode())
        subject.city.verify(proof, claims=paper(subject.proof))
    assert with_pocket.asked > 20
