"""What an endpoint leaves out without a word is found, and a new city asks little."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from anchoring.chain.events import read_events
from anchoring.chain.protocol import ChainEvent
from anchoring.errors import ChainMisbehaved
from anchoring.follower import gathering
from anchoring.follower.follower import Follower
from anchoring.replica.store import Replica
from tests.databases import NewDatabase
from tests.fakes.histories import History
from tests.fakes.sparse_chain import SparseChain
from tests.unit.anchoring.follower.followed import Town

CUT = 10  # blocks of a range that FISCO BCOS 3.16 answers
PATIENCE = 60  # steps that no follower needs
BLOCKS, ACTS, MOST_REQUESTS = 5_000_000, 21, 60


class Counting:
    """A chain whose endpoint answers the first `cut` blocks of a range, and counts what it is asked."""

    def __init__(self, chain: Any, cut: int | None = None) -> None:
        self.chain, self.cut = chain, cut
        self.asked = Counter[str]()

    def fetch_events(self, contract: str, first: int, last: int) -> Sequence[ChainEvent]:
        """Ask as `EthereumChain` does: in pieces of the span."""
        found: list[ChainEvent] = []
        while first <= last:
            end = min(last, first + self.chain.get_event_span() - 1)
            self.asked["fetch_events"] += 1
            shown = end if self.cut is None else min(end, first + self.cut - 1)
            found += self.chain.fetch_events(contract, first, shown)
            first = end + 1
        return found

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.chain, name)
        if not callable(value):
            return value

        def ask(*arguments: Any) -> Any:
            self.asked[name] += 1
            return value(*arguments)

        return ask


def catch_up(follower: Follower) -> int:
    """Step until nothing is left, over failures that a loop goes on after; return how many those were."""
    failures = 0
    follower.start()
    for _ in range(PATIENCE):
        try:
            follower.step()
        except ChainMisbehaved:
            failures += 1
        if follower.is_caught_up:
            return failures
    raise AssertionError("it never catches up")


@pytest.mark.parametrize("blocks", [0, 5, 300, 3_000])
def test_a_cut_range_is_completed_from_act_to_act(town: Town, blocks: int) -> None:
    town.history.grow(30)
    town.chain.mine(blocks)
    town.history.grow(10)
    chain = Counting(town.chain, CUT)
    assert catch_up(town.another(chain)) == 0
    assert town.n() == town.final_n()
    # at most so many as the first act that was left out lies behind the beginning of the range
    assert town.chain.get_event_span() <= 3 * CUT or blocks > 1_000
    for _ in range(5):
        town.history.grow(3)
        follower = town.another(chain)
        catch_up(follower)
        assert town.n() == town.final_n()


def test_too_many_acts_to_walk_come_in_shorter_windows(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MAX_WALKED_ACTS", 5)
    town.history.grow(120)
    failures = catch_up(town.another(Counting(town.chain, CUT)))
    assert 0 < failures < 12
    assert town.n() == town.final_n()
    assert town.chain.get_event_span() <= CUT


def test_an_endpoint_whose_events_come_late_is_not_taken_for_one_that_cuts(town: Town) -> None:
    """Of a gateway with several nodes one may lack the newest block; asked again, it has it."""
    town.follower.step()
    town.history.grow(8)
    late = [True]

    class Late(Counting):
        def fetch_events(self, contract: str, first: int, last: int) -> Sequence[ChainEvent]:
            found = super().fetch_events(contract, first, last)
            return found[:-1] if late.pop() is True and len(found) > 1 else found

    late[:] = [False] * 200 + [True]
    catch_up(town.another(Late(town.chain)))
    assert town.n() == town.final_n()
    assert town.chain.get_event_span() == 1_000


@pytest.mark.parametrize("seed", range(5))
def test_a_node_that_is_behind_is_not_taken_for_one_that_cuts(town: Town, seed: int) -> None:
    """Two nodes take turns behind one address, and one shows no act of the newest five blocks."""
    random = Random(seed)

    class Balancer(Counting):
        def fetch_events(self, contract: str, first: int, last: int) -> Sequence[ChainEvent]:
            height = self.chain.fetch_latest_block().number - random.choice((0, 5))
            return super().fetch_events(contract, first, min(last, height)) if first <= height else []

    follower = town.another(Balancer(town.chain))
    follower.start()
    for _ in range(30):
        town.history.grow(2)
        town.chain.mine(random.choice((0, 1, 7)))
        follower.step()
        assert follower.is_caught_up
    assert town.n() == town.final_n()
    assert town.chain.get_event_span() == 1_000


def test_a_new_city_asks_as_often_as_there_are_acts(town: Town) -> None:
    """21 acts in 60,000 blocks here, in 5,000,000 on a provincial chain: blocks alone cost nothing."""
    while town.chain.fetch_head(town.history.contract).event_number < 15:
        town.history.grow(1)
    for _ in range(3):
        town.chain.mine(20_000)
        town.history.grow(2)
    acts = town.chain.fetch_head(town.history.contract).event_number
    chain = Counting(town.chain)
    follower = town.another(chain)
    catch_up(follower)
    assert town.n() == town.final_n()
    assert chain.asked.total() <= acts + 20, chain.asked


def test_five_million_blocks_with_21_acts_take_some_sixty_requests(new_database: NewDatabase) -> None:
    """As on a provincial chain whose blocks come every second for two months; windows took 1,527."""
    chain = SparseChain()
    history = History(3, chain)
    while (act_count := chain.fetch_head(history.contract).event_number) < ACTS:
        history.grow(1)
        chain.skip(BLOCKS // ACTS)
    chain.skip(BLOCKS - len(chain.mined))
    counting = Counting(chain)
    follower = Follower(counting, Replica(new_database("replica")), history.name)
    catch_up(follower)
    assert follower.progress == (act_count, act_count)
    assert counting.asked.total() <= MOST_REQUESTS, counting.asked
    counting.asked.clear()
    assert len(read_events(counting, history.contract)) == act_count
    assert counting.asked.total() <= MOST_REQUESTS, counting.asked


def test_governance_reads_a_cut_registry(town: Town) -> None:
    town.history.grow(30)
    everything = town.chain.fetch_events(town.history.contract, 0, town.chain.fetch_latest_block().number)
    assert list(read_events(Counting(town.chain, CUT), town.history.contract)) == list(everything)
