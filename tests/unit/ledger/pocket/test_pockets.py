"""A pocket is believed for where its facts lead, on the word of enough cities."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledger.crypto.keys import generate_key
from ledger.encoding.canonical import decode, encode_canonical
from ledger.errors import LimitExceeded, PocketRefused
from ledger.pocket import pockets
from ledger.pocket.pockets import REFUSAL_REASONS, Pocket, read_pocket
from ledger.proof.paper import encode_paper
from ledger.proof.proof import Proof, decode_proof
from ledger.registry import acts
from ledger.registry.checkpoints import Cosignature, CosignedCheckpoint
from ledger.registry.trust import Trust
from ledger.registry.trust_files import TrustedCosigner, TrustFile
from ledger.verification.report import Report
from ledger.verification.verify import PresentedContent, verify
from tests.cosigning import NAMES, cosigned, node_key, trust_file
from tests.pockets import pocket_of
from tests.scenes import City, Item, readable, scene


@pytest.fixture
def city() -> City:
    return scene(3)[0]


@pytest.fixture
def licence(city: City) -> Item:
    item = city.licence()
    city.register(item)
    return item


def asking(city: City, proof: Proof) -> Callable[[Trust], Report]:
    return lambda trust: verify(PresentedContent(claims=readable(proof)), proof, trust, city.registry.now)


def make(city: City, item: Item, n: int | None = None, **members: Any) -> Pocket:
    return pocket_of(city.registry, asking(city, city.proof(item)), n, **members)


def refusal(pocket: Pocket, trust: TrustFile) -> str:
    with pytest.raises(PocketRefused) as caught:
        read_pocket(decode(encode_canonical(pocket.to_json()))).open(trust)
    assert caught.value.reason in REFUSAL_REASONS
    return caught.value.reason


def judge(city: City, item: Item, pocket: Pocket) -> Report:
    return asking(city, city.proof(item))(pocket.open(trust_file(city.registry)))


def without(pocket: Pocket, kind: str) -> Pocket:
    return replace(pocket, facts=tuple(fact for fact in pocket.facts if fact.name[0] != kind))


def test_a_licence_is_verified_with_a_proof_and_a_trust_file(city: City, licence: Item) -> None:
    proof = replace(city.proof(licence), pocket=make(city, licence).to_json())
    decoded = decode_proof(proof.encode())
    trust = read_pocket(dict(decoded.pocket or {})).open(trust_file(city.registry))
    report = asking(city, decoded)(trust)
    assert (report.verdict, report.reason) == ("valid", "status_valid")
    assert report.status
    assert report.status.source == "pocket: tianmen、wuhan、jingmen"
    assert {fact.name[0] for fact in make(city, licence).facts} == {
        "log", "anchor", "key", "grant", "issuer", "position",
    }  # fmt: skip


def test_on_paper_there_is_no_pocket(city: City, licence: Item) -> None:
    proof = city.proof(licence)
    assert encode_paper(replace(proof, pocket={"type": "x"})) == encode_paper(proof)


def test_a_revoked_one_is_revoked(city: City, licence: Item) -> None:
    city.register(city.follow("revoke", licence))
    assert judge(city, licence, make(city, licence)).reason == "revoked"


@pytest.mark.parametrize("kind", ["log", "anchor", "key", "grant", "issuer", "position"])
def test_attack_a_fact_left_out(city: City, licence: Item, kind: str) -> None:
    """A compromise, a void anchor, a revocation left out: nothing is concluded, and the fact is named."""
    report = judge(city, licence, without(make(city, licence), kind))
    assert (report.verdict, report.reason) == ("unverifiable", "pocket_incomplete")
    assert report.deciding_step.evidence["fact"][0] == kind  # type: ignore[index]


def test_attack_a_void_anchor_called_good(city: City, licence: Item) -> None:
    pocket = make(city, licence)
    facts = [
        replace(fact, leaf=fact.leaf | {"void": True}) if fact.name[0] == "anchor" and fact.leaf else fact
        for fact in pocket.facts
    ]
    assert refusal(replace(pocket, facts=tuple(facts)), trust_file(city.registry)) == "fact_altered"


def test_attack_a_compromise_left_out(city: City, licence: Item) -> None:
    """The key's fact of an earlier checkpoint, which names no compromise, under the newer one."""
    before = make(city, licence)
    key_id = city.proof(licence).entry.statement.key_id
    city.registry.act(acts.KeyCompromised(key_id, 0))
    now = make(city, licence)
    assert judge(city, licence, now).reason == "key_compromised"
    [old_fact] = [fact for fact in before.facts if fact.name[0] == "key"]
    facts = [old_fact if fact.name[0] == "key" else fact for fact in now.facts]
    assert refusal(replace(now, facts=tuple(facts)), trust_file(city.registry)) == "fact_altered"


@pytest.mark.parametrize("kind", ["log", "position"])
def test_attack_an_older_fact_under_a_newer_checkpoint(city: City, licence: Item, kind: str) -> None:
    """The newest anchor of a log replaced by an older one; a status from before the revocation."""
    before = make(city, licence)
    city.register(city.follow("revoke", licence))
    now = make(city, licence)
    old_facts = {fact.name: fact for fact in before.facts if fact.name[0] == kind}
    facts = tuple(old_facts.get(fact.name, fact) for fact in now.facts)
    assert facts != now.facts
    assert refusal(replace(now, facts=facts), trust_file(city.registry)) == "fact_altered"
    whole = replace(now, facts=before.facts)
    assert refusal(whole, trust_file(city.registry)) == "fact_altered"


def test_attack_a_threshold_of_one_citys_two_keys(city: City, licence: Item) -> None:
    second_key = generate_key("p256", lambda length: b"\x05" * length)
    checkpoint = make(city, licence).checkpoint
    pocket = replace(
        make(city, licence),
        cosigned_checkpoint=CosignedCheckpoint.of(
            checkpoint, [Cosignature.make(key, checkpoint) for key in (node_key("wuhan"), second_key)]
        ),
    )
    trust = trust_file(city.registry)
    two_keys = replace(trust, cosigners=(*trust.cosigners, TrustedCosigner("wuhan", second_key.public)))
    assert refusal(pocket, two_keys) == "below_threshold"


def test_attack_a_cosigner_whose_key_was_stolen(city: City, licence: Item) -> None:
    """Its thief's history would leave the theft out: whoever verifies takes the key out of the trust file."""
    pocket = make(city, licence, names=NAMES[:2])
    assert pocket.open(trust_file(city.registry)).find_log("tianmen")
    assert refusal(pocket, trust_file(city.registry, NAMES[1:])) == "below_threshold"


def test_what_is_refused_by_name(city: City, licence: Item) -> None:
    pocket, trust = make(city, licence), trust_file(city.registry)
    checkpoint, roots = pocket.checkpoint, pocket.checkpoint.roots
    assert roots
    assert refusal(replace(pocket, cosigned_checkpoint=cosigned(checkpoint, NAMES[:1])), trust) == (
        "below_threshold"
    )
    for altered, reason in (
        ({"registry": "eip155:1:0x" + "00" * 20 + ":" + "00" * 8}, "other_registry"),
        ({"roots": None}, "older_format"),
        ({"roots": replace(roots, rules=2)}, "newer_format"),
        ({"roots": replace(roots, facts=bytes(32))}, "fact_altered"),
    ):
        other: Any = replace(checkpoint, **altered)
        assert refusal(replace(pocket, cosigned_checkpoint=cosigned(other)), trust) == reason
    forged = CosignedCheckpoint(replace(checkpoint, time=1), pocket.cosigned_checkpoint.cosignatures)
    assert refusal(replace(pocket, cosigned_checkpoint=forged), trust) == "cosignature_bad"


@pytest.mark.parametrize(
    "damage",
    [
        {"type": "shunzheng/pocket/2"},
        {"more": 1},
        {"facts": {}},
        {"facts": [{"name": ["log"], "path": "A"}]},
        {"facts": [{"name": [1], "path": ""}]},
        {"facts": [{"name": ["log"], "path": "", "other": "AA"}]},
        {"facts": [{"name": ["log"], "path": "", "fact": []}]},
        {"facts": [{"name": ["log"], "path": ""}] * 2},
        {"facts": [{"name": ["log"], "path": ""}] * 257},
    ],
)
def test_what_is_no_pocket_is_refused(city: City, licence: Item, damage: Any) -> None:
    with pytest.raises(PocketRefused) as caught:
        read_pocket(make(city, licence).to_json() | damage)
    assert caught.value.reason == ("newer_format" if "type" in damage else "malformed")


def test_a_proof_that_needs_more_facts_than_a_pocket_holds(
    city: City, licence: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pockets, "MAX_FACTS", 3)
    with pytest.raises(LimitExceeded, match="at most"):
        make(city, licence)
