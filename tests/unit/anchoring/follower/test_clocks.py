"""The chain's clock is read off blocks that come just now, and of the future."""

import logging

import pytest

from anchoring.chain.protocol import Block
from anchoring.follower.clocks import ChainClock

NOW = 1_790_000_000


class Watch:
    """A clock beside a chain."""

    def __init__(self) -> None:
        self.steady = 100.0
        self.clock = ChainClock(lambda: NOW + self.steady, lambda: self.steady)

    def see(self, number: int, lead: int, *, after: float = 1.0) -> int | None:
        """Look `after` seconds later, at a block whose time is `lead` ahead of the clock then."""
        self.steady += after
        self.clock.look(Block(number, bytes(32), bytes(32), int(NOW + self.steady) + lead))
        return self.clock.lead_seconds


def test_a_block_that_came_just_now_shows_how_the_clocks_differ() -> None:
    watch = Watch()
    assert watch.see(5, -1200) is None, "nobody knows when it came"
    assert watch.see(5, -1201) is None
    assert watch.see(6, -1200) == -1200
    assert watch.see(6, -1201) == -1200
    assert watch.see(7, -2) == -2


def test_a_block_that_nobody_looked_for_says_nothing() -> None:
    watch = Watch()
    watch.see(5, 0)
    assert watch.see(6, -3000, after=3600) is None


def test_a_block_of_the_future_says_enough() -> None:
    watch = Watch()
    assert watch.see(5, 3600) == 3600
    assert watch.see(6, 3599) == 3599
    assert watch.see(7, -1) == -1


def test_times_that_are_no_seconds_say_nothing() -> None:
    watch = Watch()
    watch.clock.look(Block(5, bytes(32), bytes(32), NOW * 1000))
    assert watch.clock.lead_seconds is None


def test_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch()
    with caplog.at_level(logging.WARNING):
        for number in range(5):
            watch.see(number, 3600)
    assert [record.getMessage()[:40] for record in caplog.records] == [
        "the chain's clock is 3600 s ahead of thi"
    ]
