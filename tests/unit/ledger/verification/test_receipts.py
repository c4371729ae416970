"""Receipts: what is signed, what is refused, and every end that a promise can come to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ledger.crypto.keys import PrivateKey
from ledger.encoding.canonical import Json, encode_canonical
from ledger.errors import LimitExceeded, MalformedInput, NewerFormat
from ledger.records.submissions import Entry, Window
from ledger.registry import acts
from ledger.registry.trust import NODE
from ledger.verification.receipts import (
    MAX_BYTES,
    PromiseState,
    Receipt,
    SignedReceipt,
    decode_signed_receipt,
    find_anchor,
    judge_promise,
    sign_receipt,
)
from tests.scenes import City, Registry, Submission

PROMISE = 3600


@dataclass
class Scene:
    """A city whose node promises; `public` are the entries that somebody holds, by first position."""

    city: City = field(default_factory=lambda: City(Registry()))
    public: dict[int, Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.registry = self.city.registry
        self.node = self.city.new_key("sm2")
        self.registry.act(acts.KeyRegistered(self.city.name, NODE, self.node.public.spki))

    def submit(self, **altered: Any) -> Submission:
        return self.city.submit(self.city.licence(), self.city.licence(), **altered)

    def promise(
        self,
        submission: Submission,
        first: int | None = None,
        *,
        key: PrivateKey | None = None,
        **altered: Any,
    ) -> SignedReceipt:
        """Return the receipt that the node gives now."""
        key, statement = key or self.node, submission.entry.statement
        receipt = Receipt(
            registry=statement.registry,
            log=statement.log,
            suite=statement.suite,
            root=statement.root,
            record_count=statement.record_count,
            first_position=self.city.statuses.size if first is None else first,
            accepted_at=self.registry.now,
            deadline=self.registry.now + PROMISE,
            key_id=key.public.id,
        )
        return sign_receipt(key, replace(receipt, **altered))

    def anchor(self, *submissions: Submission, publish: bool = True, **altered: Any) -> None:
        first = self.city.statuses.size
        self.city.anchor(*submissions, **altered)
        for submission in submissions:
            if publish:
                self.public[first] = submission.entry
            first += submission.entry.statement.record_count

    def find_entry(self, log: str, position: int) -> tuple[int, Entry] | None:
        for first, entry in self.public.items():
            if log == self.city.name and first <= position < first + entry.statement.record_count:
                return first, entry
        return None

    def judge(self, signed: SignedReceipt, now: int | None = None) -> tuple[PromiseState, str]:
        judgement = judge_promise(signed, self.registry.knowledge, self, now or self.registry.now)
        assert judgement.text
        return judgement.state, judgement.reason


def test_a_receipt_is_signed_as_its_canonical_bytes() -> None:
    scene = Scene()
    signed = scene.promise(scene.submit())
    assert scene.node.public.verify(encode_canonical(signed.receipt.to_json()), signed.signature)
    assert decode_signed_receipt(signed.encode()) == signed
    assert set(signed.receipt.to_json()) == {
        "type", "registry", "log", "submission", "count", "first", "accepted", "deadline", "key",
    }  # fmt: skip
    with pytest.raises(MalformedInput, match="names another key"):
        sign_receipt(scene.city.key, signed.receipt)


def whole() -> dict[str, Any]:
    scene = Scene()
    body: dict[str, Any] = json.loads(scene.promise(scene.submit()).encode())
    return body


ALTERED: Mapping[str, Json] = {
    "count": 0,
    "first": 2**40,
    "deadline": "2026-01-01T00:00:00Z",
    "accepted": "2026-03-02 01:00:00",
    "submission": "md5:00",
    "key": "12",
    "log": "",
    "type": "shunzheng/entry/1",
    "more": 1,
}


@pytest.mark.parametrize("name", ALTERED)
def test_what_is_no_receipt_is_refused(name: str) -> None:
    value = whole()
    value["receipt"][name] = ALTERED[name]
    with pytest.raises(MalformedInput):
        decode_signed_receipt(encode_canonical(value))


@pytest.mark.parametrize("name", ["receipt", "signature"])
def test_neither_part_may_be_missing(name: str) -> None:
    value = whole()
    del value[name]
    with pytest.raises(MalformedInput, match="lacks"):
        decode_signed_receipt(encode_canonical(value))


def test_a_newer_receipt_is_not_judged_and_a_long_one_not_read() -> None:
    value = whole()
    value["receipt"]["type"] = "shunzheng/receipt/2"
    with pytest.raises(NewerFormat):
        decode_signed_receipt(encode_canonical(value))
    with pytest.raises(LimitExceeded):
        decode_signed_receipt(b" " * (MAX_BYTES + 1))


# -- What became of the promise --


def test_kept() -> None:
    scene = Scene()
    first, second = scene.submit(), scene.submit()
    promises = [scene.promise(first), scene.promise(second, scene.city.statuses.size + 2)]
    scene.anchor(first, second)
    assert [scene.judge(promise) for promise in promises] == [(PromiseState.KEPT, "anchored")] * 2


def test_not_due_until_the_chain_passes_the_deadline() -> None:
    scene = Scene()
    promise = scene.promise(scene.submit())
    scene.registry.wait(PROMISE)
    assert scene.registry.knowledge.time == promise.receipt.deadline
    assert scene.judge(promise) == (PromiseState.PENDING, "not_due")
    scene.registry.wait(1)
    assert scene.judge(promise) == (PromiseState.BROKEN, "not_anchored")


def test_old_knowledge_accuses_nobody() -> None:
    scene = Scene()
    promise = scene.promise(scene.submit())
    later = promise.receipt.deadline + 1
    assert scene.judge(promise, now=later) == (PromiseState.UNKNOWN, "knowledge_old")


def test_anchored_too_late() -> None:
    scene = Scene()
    submission = scene.submit()
    promise = scene.promise(submission)
    scene.registry.wait(PROMISE + 1)
    scene.anchor(submission)
    assert scene.judge(promise) == (PromiseState.BROKEN, "anchored_late")


def test_anchored_by_a_void_anchor() -> None:
    scene = Scene()
    submission = scene.submit()
    promise = scene.promise(submission)
    scene.anchor(submission, status_root=bytes(32))
    assert scene.judge(promise) == (PromiseState.BROKEN, "anchor_void")


def test_the_position_went_to_another_and_both_are_shown() -> None:
    scene = Scene()
    submission, other = scene.submit(), scene.submit()
    promise = scene.promise(submission)
    scene.anchor(other)
    assert scene.judge(promise) == (PromiseState.CONTRADICTED, "other_submission")
    text = judge_promise(promise, scene.registry.knowledge, scene, 0).text
    for entry in (submission.entry, other.entry):
        assert entry.statement.root.hex() in text


def test_anchored_at_another_position_contradicts_too() -> None:
    scene = Scene()
    submission, other = scene.submit(), scene.submit()
    promise = scene.promise(submission)
    scene.anchor(other, submission)
    assert scene.judge(promise) == (PromiseState.CONTRADICTED, "other_submission")


@pytest.mark.parametrize(
    "altered", [{"record_count": 3}, {"record_count": 1}, {"first_position": 1, "record_count": 1}]
)
def test_the_same_root_with_other_positions_contradicts(altered: dict[str, Any]) -> None:
    scene = Scene()
    submission = scene.submit()
    promise = scene.promise(submission, **altered)
    scene.anchor(submission)
    assert scene.judge(promise) == (PromiseState.CONTRADICTED, "other_submission")


def test_withheld_entries_leave_it_open() -> None:
    scene = Scene()
    submission = scene.submit()
    promise = scene.promise(submission)
    scene.anchor(submission, publish=False)
    assert scene.judge(promise) == (PromiseState.UNKNOWN, "entries_missing")


def test_what_no_node_of_the_log_signed_is_no_receipt() -> None:
    scene = Scene()
    submission = scene.submit()
    wuhan = City(scene.registry, "wuhan")
    stranger = wuhan.new_key()
    scene.registry.act(acts.KeyRegistered("wuhan", NODE, stranger.public.spki))
    good = scene.promise(submission)
    scene.anchor(submission)
    assert scene.judge(replace(good, signature=bytes(64))) == (PromiseState.NOT_GENUINE, "signature_bad")
    moved = replace(good, receipt=replace(good.receipt, first_position=7))
    assert scene.judge(moved) == (PromiseState.NOT_GENUINE, "signature_bad")
    for key in (scene.city.key, stranger):
        assert scene.judge(scene.promise(submission, key=key)) == (PromiseState.NOT_GENUINE, "key_of_another")


def test_what_cannot_be_told_here() -> None:
    scene = Scene()
    submission = scene.submit()
    unknown = scene.promise(submission, key=scene.city.new_key())
    assert scene.judge(unknown) == (PromiseState.UNKNOWN, "key_unknown")
    elsewhere = scene.promise(submission, registry="eip155:1:0x00:00")
    assert scene.judge(elsewhere) == (PromiseState.UNKNOWN, "other_registry")


def test_a_retired_key_promised_nothing_afterwards() -> None:
    scene = Scene()
    submission = scene.submit()
    before = scene.promise(submission)
    scene.registry.act(acts.KeyRetired(scene.node.public.id, scene.registry.now + 2))
    scene.registry.wait(5)
    after = scene.promise(submission)
    scene.anchor(submission)
    assert scene.judge(before) == (PromiseState.KEPT, "anchored")
    assert scene.judge(after) == (PromiseState.NOT_GENUINE, "key_retired")


def test_a_stolen_key_is_evidence_of_nothing() -> None:
    """Whoever stole it can date a receipt as they like, so that also older ones accuse nobody."""
    scene = Scene()
    promise = scene.promise(scene.submit())
    scene.registry.wait(PROMISE + 1)
    scene.registry.act(acts.KeyCompromised(scene.node.public.id, scene.registry.now))
    assert scene.judge(promise) == (PromiseState.UNKNOWN, "key_compromised")


def test_the_anchor_of_every_position_is_found() -> None:
    scene = Scene()
    expected = []
    for number in range(1, 8):
        scene.anchor()  # heartbeats in between do not grow the log
        scene.anchor(*[scene.submit() for _ in range(number % 3)])
        expected += [scene.city.sequence] * (2 * (number % 3))
    trust, log = scene.registry.knowledge, scene.city.name
    anchors = [find_anchor(trust, log, position) for position in range(len(expected))]
    assert [anchor.sequence for anchor in anchors if anchor] == expected
    assert find_anchor(trust, log, len(expected)) is None
    assert find_anchor(trust, "nowhere", 0) is None


def test_positions_of_a_predecessor_are_not_known_here() -> None:
    before = acts.Predecessor(
        "eip155:1:0x" + "11" * 20 + ":" + "00" * 8, "tianmen", 9, bytes(32), 10, bytes([1]) * 32
    )
    scene = Scene(City(Registry(), predecessor=before))
    submission = scene.submit()
    promise = scene.promise(submission, first=4)
    scene.anchor(submission)
    assert scene.judge(promise) == (PromiseState.UNKNOWN, "anchor_unknown")
    assert find_anchor(scene.registry.knowledge, scene.city.name, 10)


def test_an_entry_outside_of_its_window_keeps_no_promise() -> None:
    scene = Scene()
    submission = scene.submit(window=Window(2, 3))
    promise = scene.promise(submission)
    scene.anchor(submission)
    assert scene.judge(promise) == (PromiseState.BROKEN, "outside_window")


def test_an_entry_that_was_anchored_before_keeps_no_promise() -> None:
    """The operator anchors it where nobody was promised it, and then where it was promised."""
    scene = Scene()
    submission = scene.submit()
    scene.anchor(submission)
    promise = scene.promise(submission)
    scene.anchor(submission)
    assert scene.judge(promise) == (PromiseState.KEPT, "anchored")  # as far as is known without the entries
    scene.city.publish()
    assert scene.judge(promise) == (PromiseState.BROKEN, "entry_repeated")
