"""Both verifiers at the edges: every number of a page, every transition, check characters."""

import json
from itertools import product
from typing import Any

import pytest

from ledger.encoding.canonical import MAX_INTEGER
from ledger.encoding.times import format_time, parse_time
from ledger.records.seal_identifiers import SealingIdentifier
from ledger.registry import changes
from ledger.registry.status import Status
from tests import sealed
from tests.properties.second_verifier import apply, both, same_facts, second, trust_of
from tests.properties.subjects import Subject
from tests.scenes import DAY, City, Registry


@pytest.mark.parametrize("lead", [0, 599, 600, 601, 602])
def test_statements_of_the_future(lead: int) -> None:
    city = City(Registry())
    licence = city.licence()
    now = city.registry.now
    city.anchor(city.submit(licence, time=now + lead, expires_at=now + DAY))
    assert both(Subject.of("", city, city.proof(licence)))[2] == (
        "statement_postdated" if lead > 601 else "status_valid"
    )


@pytest.mark.parametrize("wait", [3 * DAY - 1, 3 * DAY, 3 * DAY + 1, 1, 0])
def test_how_long_a_statement_may_wait(wait: int) -> None:
    city = City(Registry())
    licence = city.licence()
    city.register(licence)
    proof = Subject.of("", city, city.proof(licence)).proof
    stated = proof["entry"]["statement"]
    stated |= {"expires": format_time(parse_time(stated["time"]) + wait)}
    assert (both(Subject("", city, proof))[2] == "proof_unreadable") == (not 0 < wait <= 3 * DAY)


@pytest.mark.parametrize("value", [0, MAX_INTEGER, MAX_INTEGER + 1, 2**64, -1, 1.0, None])
def test_numbers(value: Any) -> None:
    city = City(Registry())
    licence = city.licence(claims={"N": 0})
    city.register(licence)
    proof = Subject.of("", city, city.proof(licence)).proof
    rows = [["N", value], *proof["disclosure"]["claims"][1:]]
    altered = proof | {"disclosure": proof["disclosure"] | {"claims": rows}}
    fits = type(value) is int and 0 <= value <= MAX_INTEGER
    reasons = {"claims_altered" if value else "status_valid"} if fits else {"proof_unreadable"}
    assert both(Subject("", city, altered))[2] in reasons


def test_identifiers_of_seals_whose_issuer_is_none() -> None:
    scene = sealed.scene()
    proof = Subject.of("", scene.city, scene.city.proof(scene.seal)).proof
    issuer, serial = scene.city.issuer, "42900600000001"
    reached = set()
    for place, letter in product(range(18), "0AIZ5_"):
        other = issuer[:place] + letter + issuer[place + 1 :]
        if "_" in other:
            continue
        check = second.compute_check_character(f"{other}{serial}001")
        record = proof["record"] | {"identifier": f"seal.{other}.{serial}.001.{check}"}
        reached.add(both(Subject("", scene.city, proof | {"record": record}))[2])
    assert reached == {"proof_unreadable", "status_valid"}
    assert SealingIdentifier.build("seal", issuer, serial).text == scene.seal.record.identifier


@pytest.mark.parametrize("count", [0, 2, 4, 6, 8])
def test_walks_through_the_changes_of_a_position(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit of six: of a seal since its use, of a licence that was never reinstated."""
    monkeypatch.setattr(changes, "MAX_CHANGES", 6)
    monkeypatch.setattr(second, "MAX_CHANGES", 6)
    for name, reason in (("seal", "linked_status_unknown"), ("licence", "reinstatement_unproven")):
        scene = sealed.scene()
        position = scene.city.position(getattr(scene, name))
        for place in range(count):
            scene.city.anchor(changes=[(position, (Status.SUSPENDED, Status.VALID)[place % 2])])
        assert both(Subject.of("", scene.city, scene.proof()))[2] == ("status_valid" if count < 6 else reason)


def test_every_transition_of_a_status() -> None:
    city = City(Registry())
    pairs = list(product(range(9), range(9)))
    city.register(*(city.licence() for _ in pairs))
    city.anchor(changes=[(place, 2 if was == 8 else was) for place, (was, _) in enumerate(pairs) if was])
    city.anchor(changes=[(place, 8) for place, (was, _) in enumerate(pairs) if was == 8])
    city.anchor(changes=[(place, status) for place, (_, status) in enumerate(pairs)])
    city.anchor(changes=[(place, 0) for place, _ in enumerate(pairs)])
    assert same_facts(city.registry.knowledge, trust_of(city.registry)) is None


def test_entries_that_are_not_whole_are_not_known() -> None:
    """A page may end in the middle of an anchor, or hold what was not anchored: of that anchor nothing is known then."""
    city = City(Registry())
    licence, other = city.licence(), city.licence()
    repeated = city.submit(licence)
    city.anchor(repeated, city.submit(other))
    city.anchor(repeated)
    proof = json.dumps(city.proof(licence).to_json()).encode()
    city.publish()
    published: Any = city.registry.published
    pages = {page[0]["sequence"]: page for _, page in published}
    altered = [pages[1][0], pages[1][1] | {"first": 7}]
    foreign = [pages[1][0], pages[1][1] | {"entry": pages[1][0]["entry"]}]
    for first, known in (
        (pages[1], True),
        (pages[1][:1], False),
        (altered, False),
        (foreign, False),
        ([], False),
    ):
        trust = second.Trust(city.registry.name)
        for event in city.registry.events:
            apply(trust, event)
        second.take_entries(
            trust, city.name, *(json.dumps({"items": items}).encode() for items in (first, pages[2]))
        )
        steps = second.judge(proof, trust, city.registry.now)
        assert (steps[7] == ("unknown", "entry_repeated")) == known
        assert second.judge_entries(proof, trust) == ("checked" if known else "partly_checked")
