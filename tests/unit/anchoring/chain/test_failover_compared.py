"""Several endpoints of one chain are compared.

What one of them lies about is neither taken over nor followed.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from anchoring.chain.endpoints import ENDPOINT_BACKOFF
from anchoring.chain.failover import STANDSTILL_SECONDS, Failover
from anchoring.errors import (
    ChainBehind,
    ChainUnavailable,
    EndpointsDisagree,
)
from tests.databases import sqlite
from tests.fakes.fake_chain import CHAIN_ID
from tests.unit.anchoring.chain.endpoints import DOWN, Pair
from tests.unit.anchoring.follower.followed import Town

# -- Comparing --


def test_a_final_block_is_compared_once(pair: Pair) -> None:
    for _ in range(5):
        final = pair.both.fetch_final_block()
        pair.both.find_block(final.number)
    assert pair.b.asked == ["fetch_chain_id", "find_block"]
    pair.chain.mine()
    pair.both.fetch_final_block()
    assert pair.b.asked == ["fetch_chain_id", "find_block", "find_block"]


def test_a_disagreement_names_both_until_they_agree_again(pair: Pair) -> None:
    height = pair.chain.fetch_final_block().number
    pair.b.lies.add(height)
    for _ in range(3):
        with pytest.raises(EndpointsDisagree, match=rf"final block {height} is .* by a and 0x0{{64}} by b"):
            pair.both.fetch_final_block()
    pair.b.lies.clear()
    assert pair.both.fetch_final_block().number == height


def test_it_does_not_matter_which_of_them_lies(pair: Pair) -> None:
    pair.a.lies.add(pair.chain.fetch_final_block().number)
    with pytest.raises(EndpointsDisagree) as caught:
        pair.both.fetch_final_block()
    assert caught.value.first_claim == ("a", bytes(32))
    assert caught.value.second_claim == ("b", pair.chain.fetch_final_block().hash)


def test_older_final_blocks_are_compared_when_asked_for_and_newer_blocks_are_not(pair: Pair) -> None:
    final = pair.both.fetch_final_block().number
    pair.b.lies |= {5, final + 1}
    pair.both.find_block(final + 1)
    pair.both.find_block(4)
    for _ in range(2):
        with pytest.raises(EndpointsDisagree, match="final block 5 "):
            pair.both.find_block(5)


def test_one_that_is_always_a_little_late_is_compared_where_it_stands(pair: Pair) -> None:
    pair.b.lag = 5
    pair.both.fetch_final_block()
    assert pair.b.asked == ["fetch_chain_id", "find_block", "fetch_final_block"]
    pair.b.lies.add(pair.chain.fetch_final_block().number - 4)
    pair.chain.mine()
    with pytest.raises(EndpointsDisagree, match="final block 14 "):
        pair.both.fetch_final_block()


def test_a_lie_that_is_taken_back_is_not_held_against_the_honest(pair: Pair) -> None:
    pair.b.lag = 5
    pair.a.lies.add(pair.chain.fetch_final_block().number)
    pair.both.fetch_final_block()
    pair.b.lag = 0
    with pytest.raises(EndpointsDisagree):
        pair.both.find_block(pair.chain.fetch_final_block().number)
    pair.a.lies.clear()
    assert pair.both.fetch_final_block() == pair.chain.fetch_final_block()


def test_a_false_branch_does_not_pass_for_progress(pair: Pair) -> None:
    """While the honest endpoint is down the other shows blocks that do not exist; once it is back they are compared."""
    pair.both.fetch_final_block()
    pair.a.fail()
    pair.chain.mine(5)
    pair.b.lies |= set(range(19, 30))
    assert pair.both.fetch_final_block().hash == bytes(32)
    pair.a.fail(None)
    pair.a.lag = 3
    pair.later()
    with pytest.raises(EndpointsDisagree, match="final block 20 "):
        pair.both.fetch_latest_block()


def test_an_endpoint_that_fails_to_compare_holds_nothing_up(pair: Pair) -> None:
    pair.b.fail()
    for _ in range(5):
        pair.chain.mine()
        assert pair.both.fetch_final_block() == pair.chain.fetch_final_block()
    assert pair.b.asked == ["fetch_chain_id"]


# -- Taking over --


def test_one_that_lags_behind_the_final_block_does_not_take_over(pair: Pair) -> None:
    pair.both.fetch_final_block()
    pair.b.lag = 10
    pair.a.fail()
    with pytest.raises(ChainBehind, match="does not reach block 18, which was final by a"):
        pair.both.fetch_latest_block()
    pair.b.lag = 2
    pair.later()
    assert pair.both.fetch_latest_block().number == 18


def test_one_that_holds_another_final_block_does_not_take_over(pair: Pair) -> None:
    pair.both.fetch_final_block()
    pair.b.lies.add(18)
    pair.a.fail()
    with pytest.raises(EndpointsDisagree):
        pair.both.fetch_latest_block()


def test_one_that_was_set_back_gives_way_to_one_that_was_not(pair: Pair) -> None:
    pair.both.fetch_final_block()
    pair.a.lag = 10
    assert pair.both.fetch_final_block() == pair.chain.fetch_final_block()
    assert pair.both.fetch_latest_block() == pair.chain.fetch_latest_block()


def test_one_that_stands_still_gives_way_after_a_while(pair: Pair) -> None:
    pair.both.fetch_final_block()
    pair.chain.mine(30)
    pair.a.lag = 30
    assert pair.both.fetch_final_block().number == 18
    pair.now += STANDSTILL_SECONDS
    assert pair.both.fetch_final_block() == pair.chain.fetch_final_block()
    pair.later()
    assert pair.both.fetch_latest_block() == pair.chain.fetch_latest_block()
    pair.a.lag = 0
    pair.later()
    pair.a.asked.clear()
    assert pair.both.fetch_latest_block() == pair.chain.fetch_latest_block()
    assert "fetch_latest_block" in pair.a.asked


def test_a_quiet_chain_is_looked_at_now_and_then(pair: Pair) -> None:
    pair.both.fetch_final_block()
    for _ in range(600):
        pair.now += 1.0
        pair.both.fetch_final_block()
    assert pair.b.asked.count("fetch_final_block") == 600 / STANDSTILL_SECONDS
    pair.b.fail()
    pair.now += STANDSTILL_SECONDS
    assert pair.both.fetch_final_block() == pair.chain.fetch_final_block()


def test_one_that_fails_while_it_vouches_for_a_late_one_pauses(pair: Pair) -> None:
    pair.both.fetch_final_block()
    pair.chain.mine()
    pair.b.lag = 5
    pair.a.error = lambda method: DOWN if method == "find_block" else None
    assert pair.both.fetch_final_block() == pair.chain.fetch_final_block()
    pair.a.asked.clear()
    with pytest.raises(ChainBehind):
        pair.both.fetch_latest_block()
    assert pair.a.asked == []


def test_nothing_is_final_where_nobody_answers_or_two_disagree(pair: Pair) -> None:
    pair.both.fetch_final_block()
    pair.a.fail()
    pair.b.lies.add(18)
    with pytest.raises(EndpointsDisagree):
        pair.both.fetch_final_block()
    pair.b.fail()
    pair.later()
    with pytest.raises(ChainUnavailable):
        pair.both.fetch_final_block()


def test_where_all_were_set_back_the_newest_is_what_there_is(pair: Pair) -> None:
    pair.both.fetch_final_block()
    pair.a.lag, pair.b.lag = 10, 2
    assert pair.both.fetch_final_block().number == 16
    alone = Failover([("a", pair.b)], CHAIN_ID)
    assert alone.fetch_final_block().number == 16
    pair.b.lag = 3
    assert alone.fetch_final_block().number == 15


# -- The follower on top --


class PairedTown(Town):
    """A town whose follower sees the chain through two endpoints."""

    def __init__(self, folder: Path) -> None:
        super().__init__(sqlite(folder))
        self.pair = Pair(self.chain)
        self.history.grow(10)
        self.follower = self.another(self.pair.both)
        self.follower.start()
        while not self.follower.is_caught_up:
            self.follower.step()

    def wait(self, seconds: float) -> None:
        self.pair.now += seconds
        self.now = self.pair.now


def test_the_follower_takes_nothing_while_endpoints_disagree(tmp_path: Path) -> None:
    town = PairedTown(tmp_path)
    before = town.n()
    town.history.grow(10)
    town.pair.b.lies.add(town.chain.fetch_final_block().number)
    for _ in range(3):
        with pytest.raises(EndpointsDisagree):
            town.follower.step()
    assert town.n() == before
    town.pair.b.lies.clear()
    assert town.follower.step() > 0
    assert town.n() > before


def test_the_follower_goes_on_while_one_of_two_is_down_lagging_or_back(tmp_path: Path) -> None:
    town = PairedTown(tmp_path)
    states: list[Callable[[], object]] = [
        lambda: town.pair.a.fail(),
        lambda: town.pair.a.fail(None),
        lambda: setattr(town.pair.a, "lag", 12),
        lambda: setattr(town.pair.a, "lag", 0),
        lambda: town.pair.b.fail(),
    ]
    for change in states:
        change()
        town.history.grow(10)
        town.wait(ENDPOINT_BACKOFF.longest_seconds)
        before = town.n()
        for _ in range(3):
            try:
                town.follower.step()
            except ChainUnavailable:  # answers of two heights: the next step has one of them
                town.wait(0.5)
        assert town.n() > before
