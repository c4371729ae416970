"""Walking through the changes of a position.

How many questions a verifier asks of its trust, whatever a city wrote.
"""

from collections.abc import Sequence

import pytest

from ledger.registry.changes import MAX_CHANGES, walk_changes
from ledger.registry.knowledge import Knowledge
from ledger.registry.status import Status
from ledger.registry.trust import Anchor, Grant, KeyState, LogState, Occurrences, PositionStatus
from ledger.verification.past import PastStanding, judge_past
from ledger.verification.verify import PresentedContent, verify
from tests.scenes import DOCUMENT, City, Item
from tests.sealed import scene

WRITTEN = MAX_CHANGES + 76  # changes that the city writes on one position


class CountingTrust:
    """A trust that counts how often it is asked for a status."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge, self.asked = knowledge, 0
        self.registry, self.source, self.time = knowledge.registry, knowledge.source, knowledge.time

    def find_head(self, n: int) -> bytes | None:
        return self.knowledge.find_head(n)

    def find_log(self, name: str) -> LogState | None:
        return self.knowledge.find_log(name)

    def find_anchor(self, log: str, sequence: int) -> Anchor | None:
        return self.knowledge.find_anchor(log, sequence)

    def find_occurrences(self, log: str, root: bytes, sequence: int) -> Occurrences | None:
        return self.knowledge.find_occurrences(log, root, sequence)

    def find_issuer_log(self, issuer: str, n: int) -> str | None:
        return self.knowledge.find_issuer_log(issuer, n)

    def find_key(self, key: bytes) -> KeyState | None:
        return self.knowledge.find_key(key)

    def list_grants(self, key: bytes, issuer: str) -> Sequence[Grant]:
        return self.knowledge.list_grants(key, issuer)

    def find_status(self, log: str, position: int, sequence: int) -> PositionStatus | None:
        self.asked += 1
        return self.knowledge.find_status(log, position, sequence)


def rewrite(city: City, item: Item) -> None:
    """Suspend and resume something over and over again."""
    for place in range(WRITTEN):
        city.anchor(changes=[(city.position(item), (Status.SUSPENDED, Status.VALID)[place % 2])])


@pytest.mark.parametrize(
    ("name", "reason"), [("seal", "linked_status_unknown"), ("licence", "reinstatement_unproven")]
)
def test_a_verification_asks_no_more_than_the_limit(name: str, reason: str) -> None:
    sealed = scene()
    rewrite(sealed.city, getattr(sealed, name))
    trust = CountingTrust(sealed.city.registry.knowledge)
    report = verify(PresentedContent((DOCUMENT,)), sealed.proof(), trust, sealed.city.registry.now)
    assert report.reason == reason
    assert MAX_CHANGES <= trust.asked <= MAX_CHANGES + 4  # the rest for the other positions


def test_a_question_about_the_past_asks_no_more_than_the_limit() -> None:
    sealed = scene()
    moment = sealed.city.registry.now
    rewrite(sealed.city, sealed.licence)
    trust = CountingTrust(sealed.city.registry.knowledge)
    past = judge_past(sealed.proof(), trust, moment)
    assert (past.standing, past.reason, past.until_anchor) == (PastStanding.UNKNOWN, "too_many_changes", None)
    assert trust.asked == MAX_CHANGES


def test_a_walk_ends_with_the_oldest_change_or_says_that_it_was_cut_off() -> None:
    sealed = scene()
    city, position = sealed.city, sealed.city.position(sealed.licence)
    known = city.registry.knowledge
    assert list(walk_changes(known, city.name, position, city.sequence)) == []
    for status in (Status.SUSPENDED, Status.VALID, Status.REVOKED):
        city.anchor(changes=[(position, status)])
    walked = list(walk_changes(known, city.name, position, city.sequence))
    assert [change and change.status for change in walked] == [Status.REVOKED, Status.VALID, Status.SUSPENDED]
    rewrite(city, sealed.licence)
    walked = list(walk_changes(known, city.name, position, city.sequence))
    assert (len(walked), walked[-1]) == (MAX_CHANGES + 1, None)
