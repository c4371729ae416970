"""What enough cities signed is read as a fact, or named as none; never an error."""

from typing import Any

import pytest

from ledger.crypto.keys import keccak256
from ledger.pocket.pockets import Pocket
from ledger.proof.proof import Proof
from ledger.registry import acts
from ledger.registry.facts import Leaf, Name
from ledger.verification.report import Report
from ledger.verification.verify import PresentedContent, verify
from tests.cosigning import trust_file
from tests.pockets import pocket_of
from tests.scenes import City, readable, scene


@pytest.fixture
def city() -> City:
    return scene(3)[0]


def register(city: City, *, is_revoked: bool = False) -> Proof:
    licence = city.licence()
    city.register(licence)
    if is_revoked:
        city.register(city.follow("revoke", licence))
    return city.proof(licence)


def judge(city: City, proof: Proof, made_up: dict[Name, Leaf]) -> tuple[Pocket, Report]:
    content, now = PresentedContent(claims=readable(proof)), city.registry.now
    pocket = pocket_of(city.registry, lambda trust: verify(content, proof, trust, now), made_up=made_up)
    return pocket, verify(content, proof, pocket.open(trust_file(city.registry)), now)


def leaf_of(pocket: Pocket, kind: str) -> tuple[Name, Leaf]:
    for fact in pocket.facts:
        if fact.name[0] == kind and fact.leaf is not None:
            return fact.name, fact.leaf
    raise AssertionError(kind)


@pytest.mark.parametrize(
    ("kind", "nonsense"),
    [
        ("log", {"suite": "md5"}),
        ("log", {"log": "wuhan"}),
        ("log", {"fact": "anchor"}),
        ("log", {"anchored_at": "yesterday"}),
        ("anchor", {"root": "00"}),
        ("anchor", {"void": "no"}),
        ("anchor", {"sequence": 99}),
        ("anchor", {"size": "3"}),
        ("key", {"spki": "3059 "}),
        ("key", {"retired_at": 5}),
        ("key", {"key": "0x" + "00" * 32}),
        ("key", {"compromised_since": "9" * 5000}),
        ("grant", {"types": [{}]}),
        ("grant", {"not_after": "-1"}),
        ("grant", {"issuer": "another"}),
        ("grant", {"number": "1"}),
        ("issuer", {"log": 1}),
        ("issuer", {"issuer": "another"}),
        ("position", {"status": "splendid"}),
        ("position", {"position": 9}),
        ("position", {"since": "2022-02-30T00:00:00Z"}),
    ],
)
def test_attack_a_signed_fact_that_is_none(city: City, kind: str, nonsense: dict[str, Any]) -> None:
    proof = register(city, is_revoked=kind == "position")
    name, leaf = leaf_of(judge(city, proof, {})[0], kind)
    report = judge(city, proof, {name: leaf | nonsense})[1]
    assert (report.verdict, report.reason) == ("unverifiable", "fact_unreadable")
    assert (report.deciding_step.evidence or {})["fact"] == list(name)


@pytest.mark.parametrize("number", [0, 2, 3])
def test_attack_an_earlier_fact_that_is_another(city: City, number: int) -> None:
    """The first grant stands as number 1 under the newest: there, it says the number itself."""
    proof = register(city)
    name, leaf = leaf_of(judge(city, proof, {})[0], "grant")
    made_up: dict[Name, Leaf] = {name: leaf | {"number": 2}, (*name, "1"): leaf | {"number": number}}
    report = judge(city, proof, made_up)[1]
    assert (report.reason, (report.deciding_step.evidence or {})["fact"]) == ("fact_unreadable", [*name, "1"])
    assert judge(city, proof, made_up | {(*name, "1"): leaf})[1].verdict == "valid"


def test_attack_an_earlier_fact_shown_to_be_absent(city: City) -> None:
    proof = register(city)
    name, leaf = leaf_of(judge(city, proof, {})[0], "grant")
    report = judge(city, proof, {name: leaf | {"number": 2}})[1]
    assert (report.reason, (report.deciding_step.evidence or {})["fact"]) == ("fact_unreadable", list(name))


@pytest.mark.parametrize("size", [1, 2049, 4096])
def test_any_bytes_that_the_registry_took_for_a_key_are_read(city: City, size: int) -> None:
    """The contract takes 4,096 bytes and looks into none; a statement that names them is judged as by a node."""
    spki = b"\x30" * size
    city.registry.act(acts.KeyRegistered("tianmen", 1, spki))
    pocket = pocket_of(city.registry, lambda trust: trust.find_key(keccak256(spki)))
    trust = pocket.open(trust_file(city.registry))
    assert trust.find_key(keccak256(spki)) == city.registry.knowledge.find_key(keccak256(spki))
