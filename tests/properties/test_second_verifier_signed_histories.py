"""Signed histories: both verifiers find what is left out of one, for the same reason."""

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ledger.encoding.canonical import encode_canonical
from ledger.errors import MalformedInput, NewerFormat
from ledger.proof.histories import SignedHistory, decode_signed_history
from ledger.registry import acts
from ledger.registry.status import Status
from ledger.registry.trust import NODE
from ledger.verification.history import judge_signed_history
from tests.histories import LIFE, lived, tell
from tests.properties.second_verifier import MUTATIONS, SEED, second, trust_of
from tests.scenes import City, Item, Registry
from tests.sealed import make_seal

Judged = tuple[str, str]


def ours(text: bytes, city: City) -> Judged:
    try:
        judged = judge_signed_history(decode_signed_history(text), city.registry.knowledge)
    except NewerFormat:
        return "unverifiable", "newer_format"
    except MalformedInput:
        return "unverifiable", "malformed"
    finding = judged.deciding_finding
    return judged.completeness.value, finding.reason if finding else ""


def both(signed_history: SignedHistory | bytes, city: City) -> Judged:
    """Return what both say, which must be the same."""
    text = signed_history if isinstance(signed_history, bytes) else signed_history.encode()
    one, other = ours(text, city), second.judge_history(text, trust_of(city.registry))
    assert one == tuple(other), f"ours {one}, the second verifier {other}"
    return one


def test_a_whole_history_is_complete() -> None:
    city, items, key = lived()
    assert both(tell(city, items, key), city) == ("complete", "")
    assert both(tell(city, list(reversed(items)), key), city) == ("complete", "")


def test_what_waits_follows_what_is_anchored() -> None:
    city, items, key = lived()
    suspension = city.follow("suspend", items[3])
    assert both(tell(city, items, key, suspension), city) == ("complete", "")
    stranger = city.follow("suspend", items[3], previous=items[0].leaf)
    assert both(tell(city, items, key, stranger), city) == ("contradicted", "record_missing")


@pytest.mark.parametrize("left_out", range(len(LIFE) + 1))
def test_no_record_can_be_left_out(left_out: int) -> None:
    city, items, key = lived()
    rest = [item for place, item in enumerate(items) if place != left_out]
    reason = "word_unexplained" if left_out == len(LIFE) else "record_missing"
    assert both(tell(city, rest, key), city) == ("contradicted", reason)


@pytest.mark.parametrize("count", [2, 3, 5], ids=["a pair", "a version and a pair", "all but the first"])
def test_the_newest_records_cannot_be_left_out(count: int) -> None:
    city, items, key = lived()
    assert both(tell(city, items[:-count], key), city) == ("contradicted", "word_unexplained")


def test_a_pair_in_the_middle_cannot_be_left_out() -> None:
    city, items, key = lived()
    assert both(tell(city, [items[0], *items[3:]], key), city) == ("contradicted", "record_missing")


def test_an_older_checkpoint_is_complete_up_to_it_and_outdated() -> None:
    city, items, key = lived("suspend")
    older = tell(city, items, key)
    assert both(older, city) == ("complete", "")
    city.register(city.follow("resume", items[0]))
    assert both(older, city) == ("outdated", "changed_since")
    cut = replace(older.history, event_number=older.history.event_number + 1)
    assert both(SignedHistory(cut, key.sign(cut.encode())), city) == ("contradicted", "checkpoint_differs")


def test_the_checkpoint_bounds_what_it_holds() -> None:
    city, items, key = lived()
    before = city.registry.knowledge.fold.event_number - 1
    head = city.registry.knowledge.find_head(before)
    assert head
    assert both(tell(city, items, key, event_number=before, head=head), city) == (
        "contradicted",
        "record_later",
    )
    assert both(tell(city, items, key, event_number=before + 9), city) == (
        "unverifiable",
        "checkpoint_unknown",
    )


def test_whose_signature_counts() -> None:
    city, items, key = lived()
    other_key = city.new_key()
    assert both(tell(city, items, other_key), city) == ("unverifiable", "key_unknown")
    assert both(tell(city, items, city.key), city) == ("not_genuine", "key_of_another")
    forged = tell(city, items, other_key, key_id=key.public.id)
    assert both(forged, city) == ("not_genuine", "signature_bad")
    wuhan = City(city.registry, "wuhan")
    wuhan.registry.act(acts.KeyRegistered("wuhan", NODE, other_key.public.spki))
    assert both(tell(city, items, other_key), city) == ("not_genuine", "key_of_another")
    city.registry.act(acts.KeyRetired(key.public.id, city.registry.now + 60))
    assert both(tell(city, items, key), city) == ("complete", "")
    city.registry.wait(61)
    assert both(tell(city, items, key), city) == ("not_genuine", "key_retired")
    city.registry.act(acts.KeyCompromised(key.public.id, city.registry.now))
    early = tell(city, items, key, time=city.registry.now - 600)
    assert both(early, city) == ("unverifiable", "key_compromised")


def test_of_which_registry_and_log() -> None:
    city, items, key = lived()
    assert both(tell(city, items, key, registry=Registry(chain_id=1).name), city)[1] == "other_registry"
    assert both(tell(city, items, key, log="nowhere"), city)[1] == "log_unknown"
    assert both(tell(city, [], key, items[0]), city) == ("unverifiable", "nothing_anchored")


def test_a_record_of_another_certificate() -> None:
    city, items, key = lived()
    other = city.licence()
    city.register(other)
    assert both(tell(city, [*items, other], key), city) == ("contradicted", "record_of_another")


def test_an_altered_record() -> None:
    city, items, key = lived()
    signed_history = tell(city, items, key)
    proofs = signed_history.history.proofs
    altered = replace(proofs[1], record=replace(proofs[1].record, basis="另有依据"))
    history = replace(signed_history.history, proofs=(proofs[0], altered, *proofs[2:]))
    judged = both(SignedHistory(history, key.sign(history.encode())), city)
    assert judged == ("contradicted", "record_refuted")


def test_a_word_that_no_record_explains_and_one_that_is_missing() -> None:
    city, items, key = lived("revoke")
    city.anchor(changes=[(city.position(items[0]), Status.REINSTATED)])
    assert both(tell(city, items, key), city) == ("contradicted", "word_unexplained")
    city, items, key = lived("suspend")
    resumption = city.follow("resume", items[0])
    city.anchor(city.submit(resumption), changes=[(city.position(items[0]), Status.REVOKED)])
    assert both(tell(city, [*items, resumption], key), city) == ("contradicted", "word_differs")
    city, items, key = lived("suspend")
    resumption = city.follow("resume", items[0])
    city.anchor(city.submit(resumption))
    assert both(tell(city, [*items, resumption], key), city) == ("contradicted", "word_missing")


def test_statuses_that_contradict_each_other() -> None:
    city, items, key = lived("revoke")
    city.anchor(changes=[(city.position(items[0]), Status.VALID)])
    assert both(tell(city, items, key), city) == ("unverifiable", "status_contradictory")


def test_a_status_that_changed_too_often() -> None:
    city, items, key = lived("suspend")
    for place in range(second.MAX_CHANGES):
        city.anchor(changes=[(city.position(items[0]), (Status.VALID, Status.SUSPENDED)[place % 2])])
    assert both(tell(city, items, key), city)[0] == "contradicted"


def test_records_out_of_their_order() -> None:
    city, (licence, *_), key = lived("suspend")
    suspension = city.follow("suspend", licence, previous=licence.leaf)
    resumption = city.follow("resume", licence, previous=suspension.leaf)
    for item in (resumption, suspension):
        city.anchor(city.submit(item))
    judged = both(tell(city, [licence, suspension, resumption], key), city)
    assert judged == ("contradicted", "records_unordered")


@pytest.mark.parametrize("action", ["resume", "reinstate", "issue"])
def test_an_impossible_record(action: str) -> None:
    city, (licence, *_), key = lived("suspend", "resume")
    item = city.follow(action, licence) if action != "issue" else city.licence(1)
    city.anchor(city.submit(item))
    assert both(tell(city, [licence, item], key), city)[0] == "contradicted"


def test_a_seal_that_ended_never_comes_back() -> None:
    city, _, key = lived("suspend")
    seal = make_seal(city)
    revocation = city.follow("revoke", seal, previous=seal.leaf)
    reinstatement = city.follow("reinstate", seal, previous=revocation.leaf)
    city.register(seal)
    position = city.position(seal)
    city.anchor(city.submit(revocation), changes=[(position, Status.REVOKED)])
    assert both(tell(city, [seal, revocation], key), city) == ("complete", "")
    city.anchor(city.submit(reinstatement), changes=[(position, Status.REINSTATED)])
    judged = both(tell(city, [seal, revocation, reinstatement], key), city)
    assert judged == ("contradicted", "transition_refused")


def _strip(body: dict[str, Any]) -> None:
    del body["history"]["waiting"]


def _empty(body: dict[str, Any]) -> None:
    body["history"]["proofs"] = []


def _age(body: dict[str, Any]) -> None:
    body["history"]["type"] = "shunzheng/history/2"


def _shorten(body: dict[str, Any]) -> None:
    body["signature"] = body["signature"][:-1]


@pytest.mark.parametrize("spoil", [_strip, _empty, _age, _shorten])
def test_what_is_no_history(spoil: Callable[[dict[str, Any]], None]) -> None:
    city, items, key = lived("suspend")
    body = json.loads(tell(city, items, key).encode())
    spoil(body)
    reason = "newer_format" if spoil is _age else "malformed"
    assert both(encode_canonical(body), city) == ("unverifiable", reason)


@pytest.mark.parametrize("seed", range(SEED, SEED + max(20, MUTATIONS // 50)))
def test_random_lives_and_what_is_left_out(seed: int) -> None:
    """Whatever is left out, doubled or exchanged, both verifiers say the same; the whole alone is complete."""
    random = Random(seed)
    city, items, key = lived(*_draw_life(random))
    assert both(tell(city, items, key), city) == ("complete", "")
    chosen: list[Item] = [item for item in items if random.random() < 0.7] or items[:1]
    waiting = [item for item in items if item not in chosen and random.random() < 0.3]
    is_complete = both(tell(city, chosen, key, *waiting), city) == ("complete", "")
    assert is_complete is (chosen == items)


def _draw_life(random: Random) -> list[str]:
    life: list[str] = []
    status = "valid"
    possible = {
        "valid": {"suspend": "suspended", "renew": "valid", "revoke": "ended", "amend": "valid"},
        "suspended": {"resume": "valid", "cancel": "ended"},
        "ended": {"reinstate": "valid"},
    }
    for _ in range(random.randrange(1, 8)):
        action = random.choice([*possible[status]])
        life.append(action)
        status = possible[status][action]
    return life
