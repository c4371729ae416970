"""The public entries of an anchor.

Each way in which a city could anchor what it may not, and what is said of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ledger.crypto.suites import SHA256, SM3
from ledger.crypto.trees import EMPTY_ROOT, CountedTree
from ledger.limits import MAX_CLOCK_LEAD_SECONDS
from ledger.records.submissions import Entry
from ledger.registry import acts
from ledger.verification.entries import check_batch, check_fold, list_occurrences
from tests.scenes import DAY, City, Registry, Submission


@dataclass
class Scene:
    """A city that anchors submissions, and the entries of the anchor that it checks."""

    city: City = field(default_factory=lambda: City(Registry()))
    entries: list[Entry] = field(default_factory=list)

    def submit(self, **altered: Any) -> Submission:
        return self.city.submit(self.city.licence(), self.city.licence(), **altered)

    def anchor(self, *submissions: Submission, **altered: Any) -> None:
        self.city.anchor(*submissions, **altered)
        self.entries = [submission.entry for submission in submissions]

    def publish(self) -> None:
        """Let the entries of the newest anchor be known."""
        trust = self.city.registry.knowledge
        anchor = trust.find_anchor(self.city.name, self.city.sequence)
        assert anchor
        trust.keep_entries(anchor, list_occurrences(anchor, self.entries))

    def faults(self, entries: Sequence[Entry] | None = None) -> list[tuple[str, int]]:
        trust = self.city.registry.knowledge
        anchor = trust.find_anchor(self.city.name, self.city.sequence)
        assert anchor
        faults = check_batch(anchor, self.entries if entries is None else entries, trust)
        return [(fault.reason, fault.position) for fault in faults]


def test_what_an_honest_city_publishes_has_no_fault() -> None:
    scene = Scene()
    scene.anchor(scene.submit(), scene.submit())
    assert scene.faults() == []
    scene.anchor(scene.submit())
    assert scene.faults() == []


def test_a_heartbeat_has_no_entries() -> None:
    scene = Scene()
    entry = scene.submit().entry
    scene.anchor()
    assert scene.faults() == []
    assert scene.faults([entry]) == [("count_mismatch", 0)]


def test_other_entries_than_the_anchored_are_not_looked_at_further() -> None:
    scene = Scene()
    scene.anchor(scene.submit(), scene.submit())
    first, second = scene.entries
    assert scene.faults([first]) == [("count_mismatch", 0)]
    assert scene.faults([]) == [("count_mismatch", 0)]
    assert scene.faults([second, first]) == [("not_in_batch", 0)]
    assert scene.faults([first, replace(second, accepted_at=second.accepted_at + 1)]) == [("not_in_batch", 0)]
    forged = replace(second, signature=bytes(64))
    assert scene.faults([first, forged]) == [("not_in_batch", 0)]


def _twice(scene: Scene) -> None:
    submission = scene.submit()
    scene.anchor(submission, submission)


def _again(scene: Scene) -> None:
    submission = scene.submit()
    scene.anchor(submission)
    scene.publish()
    scene.anchor(submission)


def _badly_signed(scene: Scene) -> None:
    submission = scene.submit()
    entry = replace(submission.entry, signature=bytes([1]) * 64)
    scene.anchor(scene.submit(), replace(submission, entry=entry))


def _by_another_key(scene: Scene) -> None:
    """A key that signs well, but that nobody registered."""
    scene.anchor(scene.submit(), scene.submit(signer=scene.city.new_key()))


def _registered_later(scene: Scene) -> None:
    key = scene.city.new_key()
    scene.anchor(scene.submit(), scene.submit(signer=key))
    scene.city.registry.act(acts.KeyRegistered(scene.city.name, 1, key.public.spki))
    scene.city.give(key, scene.city.issuer)


def _not_granted(scene: Scene) -> None:
    key = scene.city.new_key()
    scene.city.registry.act(acts.KeyRegistered(scene.city.name, 1, key.public.spki))
    scene.anchor(scene.submit(), scene.submit(signer=key))


def _granted_later(scene: Scene) -> None:
    _not_granted(scene)
    key = scene.city.registry.knowledge.find_key(scene.entries[1].statement.key_id)
    assert key
    grant = acts.KeyGranted(scene.city.name, key.id, scene.city.issuer, 15, (), 0, acts.NO_END)
    scene.city.registry.act(grant)


def _by_a_nodes_key(scene: Scene) -> None:
    key = scene.city.new_key()
    scene.city.registry.act(acts.KeyRegistered(scene.city.name, 2, key.public.spki))
    scene.city.give(key, scene.city.issuer)
    scene.anchor(scene.submit(), scene.submit(signer=key))


def _by_a_key_of_another_log(scene: Scene) -> None:
    wuhan = City(scene.city.registry, "wuhan")
    scene.city.give(wuhan.key, scene.city.issuer)
    scene.anchor(scene.submit(), scene.submit(signer=wuhan.key))


def _retired(scene: Scene) -> None:
    registry = scene.city.registry
    registry.act(acts.KeyRetired(scene.city.key.public.id, registry.now + 2))
    registry.wait(2)
    scene.anchor(scene.submit(), scene.submit())


def _stolen(scene: Scene) -> None:
    scene.anchor(scene.submit(), scene.submit())
    registry = scene.city.registry
    registry.act(acts.KeyCompromised(scene.city.key.public.id, registry.now - 1))


def _for_another_city(scene: Scene) -> None:
    """The issuer is of another city's log, whatever the statement says."""
    wuhan = City(scene.city.registry, "wuhan")
    scene.anchor(scene.submit(), scene.submit(issuer=wuhan.issuer))


def _expired(scene: Scene) -> None:
    submission = scene.submit(expires_at=scene.city.registry.now + 60)
    scene.city.registry.wait(120)
    scene.anchor(scene.submit(), submission)


def _postdated(scene: Scene) -> None:
    later = scene.city.registry.now + MAX_CLOCK_LEAD_SECONDS + 10
    scene.anchor(scene.submit(), scene.submit(time=later, expires_at=later + DAY))


def _accepted_later(scene: Scene) -> None:
    submission = scene.submit()
    entry = replace(submission.entry, accepted_at=submission.entry.accepted_at + MAX_CLOCK_LEAD_SECONDS + 10)
    scene.anchor(scene.submit(), replace(submission, entry=entry))


UNENTITLED = ["not_entitled"]
FAULTS: dict[str, tuple[Callable[[Scene], None], list[str]]] = {
    "one submission anchored twice in a batch": (_twice, ["entry_repeated"]),
    "a submission that was anchored before": (_again, ["entry_repeated"]),
    "a bad signature": (_badly_signed, ["signature_bad"]),
    "a key that is not registered": (_by_another_key, ["key_not_registered"]),
    "a key that was registered later": (_registered_later, ["key_not_registered"]),
    "a key without a grant": (_not_granted, UNENTITLED),
    "a grant that came later": (_granted_later, UNENTITLED),
    "the key of a node": (_by_a_nodes_key, UNENTITLED),
    "a key of another log": (_by_a_key_of_another_log, UNENTITLED),
    "an issuer of another log": (_for_another_city, ["issuer_not_in_log", "not_entitled"]),
    "another log": (lambda s: s.anchor(s.submit(), s.submit(log="wuhan")), ["other_log"]),
    "another registry": (lambda s: s.anchor(s.submit(), s.submit(registry="eip155:1")), ["other_registry"]),
    "a statement that had expired": (_expired, ["statement_expired"]),
    "a statement of the future": (_postdated, ["statement_postdated"]),
    "an acceptance in the future": (_accepted_later, ["acceptance_postdated"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_named_with_its_position(name: str) -> None:
    scene = Scene()
    happen, reasons = FAULTS[name]
    happen(scene)
    assert scene.faults() == [(reason, 2) for reason in reasons]


@pytest.mark.parametrize(("happen", "reason"), [(_retired, "key_retired"), (_stolen, "key_compromised")])
def test_a_key_that_was_not_in_force(happen: Callable[[Scene], None], reason: str) -> None:
    scene = Scene()
    happen(scene)
    assert scene.faults() == [(reason, 0), (reason, 2)]


def test_what_was_anchored_before_a_key_ended_stays_good() -> None:
    scene = Scene()
    scene.anchor(scene.submit())
    registry = scene.city.registry
    registry.act(acts.KeyRetired(scene.city.key.public.id, registry.now + 1))
    registry.wait(5)
    registry.act(acts.KeyCompromised(scene.city.key.public.id, registry.now - 1))
    assert scene.faults() == []


def test_an_issuer_that_moved_away_later_was_the_logs_then() -> None:
    scene = Scene()
    scene.anchor(scene.submit())
    City(scene.city.registry, "wuhan")
    scene.city.registry.act(acts.IssuerAssigned("wuhan", scene.city.issuer))
    assert scene.faults() == []


def test_a_suite_that_is_not_the_logs() -> None:
    scene = Scene()
    submission = scene.submit()
    statement = replace(submission.entry.statement, suite=SHA256)
    foreign = replace(submission.entry, statement=statement)
    root = CountedTree(SHA256, [foreign.hash_leaf()]).root
    scene.anchor(submission, root=root)
    assert scene.faults([foreign]) == [("not_in_batch", 0)]


def test_an_empty_root_is_no_excuse_for_records_that_nobody_shows() -> None:
    """Recovery took the root zero for a heartbeat, whatever the log grew by."""
    scene = Scene()
    scene.anchor(scene.submit(), root=EMPTY_ROOT)
    anchor = scene.city.registry.knowledge.find_anchor(scene.city.name, 1)
    assert anchor
    fault = check_fold(anchor, [], SM3)
    assert fault is not None
    assert fault.reason == "count_mismatch"


def test_the_suite_is_that_of_the_log_and_not_that_of_the_first_entry() -> None:
    """Recovery believed the entry."""
    scene = Scene()
    entry = scene.submit().entry
    foreign = replace(entry, statement=replace(entry.statement, suite=SHA256))
    scene.anchor(scene.submit(), root=CountedTree.compute_root(SHA256, [foreign.hash_leaf()]))
    anchor = scene.city.registry.knowledge.find_anchor(scene.city.name, 1)
    assert anchor
    assert check_fold(anchor, [foreign], SM3)
    assert check_fold(anchor, [foreign], SHA256) is None


def test_what_a_fault_says_of_hostile_text_is_short_and_printable() -> None:
    scene = Scene()
    scene.anchor(scene.submit(registry="\x1b[2J" + "x" * 4000))
    trust = scene.city.registry.knowledge
    anchor = trust.find_anchor(scene.city.name, 1)
    assert anchor
    (fault,) = check_batch(anchor, scene.entries, trust)
    assert fault.text.isprintable()
    assert len(fault.text) < 300


def test_a_log_that_is_not_known_here() -> None:
    scene = Scene()
    scene.anchor(scene.submit())
    anchor = scene.city.registry.knowledge.find_anchor(scene.city.name, 1)
    assert anchor
    other = Registry()
    assert [fault.reason for fault in check_batch(anchor, scene.entries, other.knowledge)] == ["log_unknown"]
