"""Several endpoints of one chain: down, slow, lying, lagging, of another chain, and back again."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from anchoring.chain import Block
from anchoring.errors import (
    NONCE_TOO_LOW,
    REFUSED,
    UNDERPRICED,
    ChainBehind,
    ChainMisbehaved,
    ChainUnavailable,
    EndpointsDisagree,
    TransactionRejected,
    WrongRegistry,
)
from anchoring.failover import LONGEST_PAUSE_SECONDS, STANDSTILL_SECONDS, Failover
from anchoring.follower import Follower
from anchoring.replica import Replica
from tests.fakes.chain_behaviour import ChainBehaviour
from tests.fakes.fake_chain import CHAIN_ID, FakeChain
from tests.fakes.follower_behaviour import FollowerBehaviour
from tests.fakes.histories import History
from tests.fakes.nets import FakeNet

DOWN = ChainUnavailable("connection refused")


class View:
    """One endpoint of a chain: `error` makes it fail, `lag` hides the newest blocks, `lies` replaces block hashes."""

    def __init__(self, chain: FakeChain) -> None:
        self.chain = chain
        self.id = CHAIN_ID
        self.lag = 0
        self.lies: set[int] = set()
        self.error: Callable[[str], Exception | None] = lambda method: None
        self.asked: list[str] = []

    def fail(self, error: Exception | None = DOWN) -> None:
        self.error = lambda method: error

    def chain_id(self) -> int:
        self._ask("chain_id")
        return self.id

    def latest(self) -> Block:
        self._ask("latest")
        return self._seen(self.chain.mined[-1 - self.lag].block)

    def final(self) -> Block:
        self._ask("final")
        return self._seen(self.chain.mined[max(0, len(self.chain.mined) - 3 - self.lag)].block)

    def block(self, number: int) -> Block | None:
        self._ask("block")
        found = self.chain.block(number) if number < len(self.chain.mined) - self.lag else None
        return found and self._seen(found)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def ask(*arguments: Any, **options: Any) -> Any:
            self._ask(method)
            return getattr(self.chain, method)(*arguments, **options)

        return ask

    def _ask(self, method: str) -> None:
        self.asked.append(method)
        if error := self.error(method):
            raise error

    def _seen(self, block: Block) -> Block:
        return replace(block, hash=bytes(32)) if block.number in self.lies else block


class Pair:
    """Two endpoints of one chain of twenty blocks, and a clock."""

    def __init__(self, chain: FakeChain | None = None) -> None:
        self.chain = chain or FakeChain()
        self.chain.mine(20)
        self.a, self.b = View(self.chain), View(self.chain)
        self.now = 0.0
        self.both = Failover([("a", self.a), ("b", self.b)], CHAIN_ID, clock=lambda: self.now)

    def later(self) -> None:
        self.now += LONGEST_PAUSE_SECONDS


@pytest.fixture
def pair() -> Pair:
    return Pair()


# -- Failing over --


def test_the_first_endpoint_answers_while_it_works(pair: Pair) -> None:
    assert pair.both.latest() == pair.both.latest() == pair.chain.latest()
    assert (pair.a.asked, pair.b.asked) == (["chain_id", "latest", "latest"], [])


def test_the_next_answers_for_one_that_is_down_and_it_is_left_alone_for_a_while(pair: Pair) -> None:
    pair.a.fail()
    for _ in range(5):
        assert pair.both.latest() == pair.chain.latest()
    assert pair.a.asked == ["chain_id"]
    assert pair.b.asked.count("latest") == 5


def test_one_that_comes_back_is_preferred_again_after_its_pause(pair: Pair) -> None:
    pair.a.fail()
    pair.both.latest()
    pair.a.fail(None)
    pair.a.asked.clear()
    pair.both.latest()
    assert pair.a.asked == []
    pair.now += 1.0
    pair.both.latest()
    assert pair.a.asked == ["chain_id", "latest"]


def test_pauses_grow_to_a_bound_and_start_anew_after_a_long_time_of_health(pair: Pair) -> None:
    pair.a.fail()

    def attempts(seconds: int) -> int:
        before = len(pair.a.asked)
        for _ in range(seconds):
            pair.now += 1.0
            pair.both.latest()
        return len(pair.a.asked) - before

    assert 4 <= attempts(60) <= 8
    attempts(300)
    assert 10 <= attempts(1_200) <= 21  # every 60 to 120 seconds
    pair.a.fail(None)
    attempts(1_000)
    pair.a.fail()
    pair.both.latest()
    pair.now += 1.0
    pair.a.fail(None)
    pair.a.asked.clear()
    pair.both.latest()
    assert "latest" in pair.a.asked


def test_a_slow_endpoint_costs_its_timeout_once_in_a_pause(pair: Pair) -> None:
    def hang(method: str) -> Exception | None:
        pair.now += 20.0
        return ChainUnavailable("it took too long")

    pair.a.error = hang
    for _ in range(1_000):
        pair.both.latest()
        pair.now += 1.0
    assert pair.now < 1_000 + 20 * (1_000 / 60 + 12)


def test_an_endpoint_that_fails_in_the_middle_is_no_matter(pair: Pair) -> None:
    assert pair.both.final() == pair.chain.final()
    pair.a.error = lambda method: ChainMisbehaved("not JSON") if method == "gas_price" else None
    assert pair.both.gas_price() == 10


def test_where_none_answers_every_reason_is_said(pair: Pair) -> None:
    pair.a.fail()
    pair.b.fail(ChainUnavailable("HTTP status 502"))
    with pytest.raises(ChainUnavailable, match="a: connection refused; b: HTTP status 502") as caught:
        pair.both.latest()
    assert type(caught.value) is ChainUnavailable
    pair.b.fail(None)
    for _ in range(2):  # all pause: one is asked all the same, the one whose pause ends first
        try:
            assert pair.both.latest() == pair.chain.latest()
        except ChainUnavailable:
            continue
        break
    else:
        pytest.fail("the endpoint that works was not asked")


def test_while_all_pause_a_question_costs_one_request(pair: Pair) -> None:
    pair.a.fail()
    pair.b.fail()
    for _ in range(10):
        with pytest.raises(ChainUnavailable):
            pair.both.latest()
    assert len(pair.a.asked) + len(pair.b.asked) == 2 + 9


def test_the_error_is_of_the_kind_that_matters(pair: Pair) -> None:
    pair.a.fail()
    pair.b.fail(ChainMisbehaved("not JSON"))
    with pytest.raises(ChainMisbehaved):
        pair.both.latest()


def test_a_single_endpoint_fails_in_its_own_words() -> None:
    view = View(FakeChain())
    alone = Failover([("a", view)], CHAIN_ID)
    view.fail()
    with pytest.raises(ChainUnavailable) as caught:
        alone.latest()
    assert caught.value is DOWN
    view.fail(None)
    assert alone.latest() == view.chain.latest()


# -- Another chain --


def test_an_endpoint_of_another_chain_is_refused_by_name_and_not_used(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    pair.a.id = 1
    assert pair.both.chain_id() == CHAIN_ID
    for _ in range(10):
        pair.chain.mine()
        pair.both.final()
        pair.later()
    assert set(pair.a.asked) == {"chain_id"}
    assert f"a serves chain 1, not chain {CHAIN_ID}" in caplog.text


def test_where_all_serve_another_chain_a_person_is_needed(pair: Pair) -> None:
    pair.a.id = 1
    pair.b.fail()
    with pytest.raises(ChainUnavailable):
        pair.both.latest()
    pair.b.fail(None)
    pair.b.id = 2
    pair.later()
    with pytest.raises(WrongRegistry, match=r"a serves chain 1, .*b serves chain 2"):
        pair.both.latest()


def test_an_endpoint_that_comes_back_with_another_chain_is_refused(pair: Pair) -> None:
    pair.both.latest()
    pair.a.fail()
    pair.both.latest()
    pair.a.fail(None)
    pair.a.id = 1
    pair.later()
    pair.a.asked.clear()
    pair.both.latest()
    assert pair.a.asked == ["chain_id"]


# -- Comparing --


def test_a_final_block_is_compared_once(pair: Pair) -> None:
    for _ in range(5):
        final = pair.both.final()
        pair.both.block(final.number)
    assert pair.b.asked == ["chain_id", "block"]
    pair.chain.mine()
    pair.both.final()
    assert pair.b.asked == ["chain_id", "block", "block"]


def test_a_disagreement_names_both_until_they_agree_again(pair: Pair) -> None:
    height = pair.chain.final().number
    pair.b.lies.add(height)
    for _ in range(3):
        with pytest.raises(EndpointsDisagree, match=rf"final block {height} is .* by a and 0x0{{64}} by b"):
            pair.both.final()
    pair.b.lies.clear()
    assert pair.both.final().number == height


def test_it_does_not_matter_which_of_them_lies(pair: Pair) -> None:
    pair.a.lies.add(pair.chain.final().number)
    with pytest.raises(EndpointsDisagree) as caught:
        pair.both.final()
    assert caught.value.first == ("a", bytes(32))
    assert caught.value.second == ("b", pair.chain.final().hash)


def test_older_final_blocks_are_compared_when_asked_for_and_newer_blocks_are_not(pair: Pair) -> None:
    final = pair.both.final().number
    pair.b.lies |= {5, final + 1}
    pair.both.block(final + 1)
    pair.both.block(4)
    for _ in range(2):
        with pytest.raises(EndpointsDisagree, match="final block 5 "):
            pair.both.block(5)


def test_one_that_is_always_a_little_late_is_compared_where_it_stands(pair: Pair) -> None:
    pair.b.lag = 5
    pair.both.final()
    assert pair.b.asked == ["chain_id", "block", "final"]
    pair.b.lies.add(pair.chain.final().number - 4)
    pair.chain.mine()
    with pytest.raises(EndpointsDisagree, match="final block 14 "):
        pair.both.final()


def test_a_lie_that_is_taken_back_is_not_held_against_the_honest(pair: Pair) -> None:
    pair.b.lag = 5
    pair.a.lies.add(pair.chain.final().number)
    pair.both.final()
    pair.b.lag = 0
    with pytest.raises(EndpointsDisagree):
        pair.both.block(pair.chain.final().number)
    pair.a.lies.clear()
    assert pair.both.final() == pair.chain.final()


def test_a_false_branch_does_not_pass_for_progress(pair: Pair) -> None:
    """While the honest endpoint is down the other shows blocks that do not exist; once it is back they are compared."""
    pair.both.final()
    pair.a.fail()
    pair.chain.mine(5)
    pair.b.lies |= set(range(19, 30))
    assert pair.both.final().hash == bytes(32)
    pair.a.fail(None)
    pair.a.lag = 3
    pair.later()
    with pytest.raises(EndpointsDisagree, match="final block 20 "):
        pair.both.latest()


def test_an_endpoint_that_fails_to_compare_holds_nothing_up(pair: Pair) -> None:
    pair.b.fail()
    for _ in range(5):
        pair.chain.mine()
        assert pair.both.final() == pair.chain.final()
    assert pair.b.asked == ["chain_id"]


# -- Taking over --


def test_one_that_lags_behind_the_final_block_does_not_take_over(pair: Pair) -> None:
    pair.both.final()
    pair.b.lag = 10
    pair.a.fail()
    with pytest.raises(ChainBehind, match="does not reach block 18, which was final by a"):
        pair.both.latest()
    pair.b.lag = 2
    pair.later()
    assert pair.both.latest().number == 18


def test_one_that_holds_another_final_block_does_not_take_over(pair: Pair) -> None:
    pair.both.final()
    pair.b.lies.add(18)
    pair.a.fail()
    with pytest.raises(EndpointsDisagree):
        pair.both.latest()


def test_one_that_was_set_back_gives_way_to_one_that_was_not(pair: Pair) -> None:
    pair.both.final()
    pair.a.lag = 10
    assert pair.both.final() == pair.chain.final()
    assert pair.both.latest() == pair.chain.latest()


def test_one_that_stands_still_gives_way_after_a_while(pair: Pair) -> None:
    pair.both.final()
    pair.chain.mine(30)
    pair.a.lag = 30
    assert pair.both.final().number == 18
    pair.now += STANDSTILL_SECONDS
    assert pair.both.final() == pair.chain.final()
    pair.later()
    assert pair.both.latest() == pair.chain.latest()
    pair.a.lag = 0
    pair.later()
    pair.a.asked.clear()
    assert pair.both.latest() == pair.chain.latest()
    assert "latest" in pair.a.asked


def test_a_quiet_chain_is_looked_at_now_and_then(pair: Pair) -> None:
    pair.both.final()
    for _ in range(600):
        pair.now += 1.0
        pair.both.final()
    assert pair.b.asked.count("final") == 600 / STANDSTILL_SECONDS
    pair.b.fail()
    pair.now += STANDSTILL_SECONDS
    assert pair.both.final() == pair.chain.final()


def test_one_that_fails_while_it_vouches_for_a_late_one_pauses(pair: Pair) -> None:
    pair.both.final()
    pair.chain.mine()
    pair.b.lag = 5
    pair.a.error = lambda method: DOWN if method == "block" else None
    assert pair.both.final() == pair.chain.final()
    pair.a.asked.clear()
    with pytest.raises(ChainBehind):
        pair.both.latest()
    assert pair.a.asked == []


def test_nothing_is_final_where_nobody_answers_or_two_disagree(pair: Pair) -> None:
    pair.both.final()
    pair.a.fail()
    pair.b.lies.add(18)
    with pytest.raises(EndpointsDisagree):
        pair.both.final()
    pair.b.fail()
    pair.later()
    with pytest.raises(ChainUnavailable):
        pair.both.final()


def test_where_all_were_set_back_the_newest_is_what_there_is(pair: Pair) -> None:
    pair.both.final()
    pair.a.lag, pair.b.lag = 10, 2
    assert pair.both.final().number == 16
    alone = Failover([("a", pair.b)], CHAIN_ID)
    assert alone.final().number == 16
    pair.b.lag = 3
    assert alone.final().number == 15


# -- Sending --


def sending(pair: Pair, a: str | None, b: str | None) -> bytes:
    """Hand in a transaction to two endpoints that refuse it with these names, or take it."""
    for view, name in ((pair.a, a), (pair.b, b)):
        error = TransactionRejected(name) if name else None
        view.error = lambda method, error=error: error if method == "send" else None  # type: ignore[misc]
    account = FakeNet().account("sender")
    options: dict[str, Any] = {
        "nonce": 0,
        "to": "0x" + "11" * 20,
        "data": b"",
        "gas": 21_000,
        "gas_price": 20,
    }
    return pair.both.send(account.sign(chain_id=CHAIN_ID, **options).raw)


def test_a_transaction_goes_to_the_first_that_takes_it(pair: Pair) -> None:
    assert sending(pair, REFUSED, None) in pair.chain.waiting
    sending(pair, None, None)
    assert pair.b.asked.count("send") == 1


def test_one_that_is_down_does_not_keep_a_transaction(pair: Pair) -> None:
    pair.a.fail()
    account = FakeNet().account("sender")
    signed = account.sign(chain_id=CHAIN_ID, nonce=0, to="0x" + "11" * 20, data=b"", gas=21_000, gas_price=20)
    assert pair.both.send(signed.raw) == signed.hash


def test_where_none_takes_it_the_first_reason_is_told(pair: Pair) -> None:
    with pytest.raises(TransactionRejected, match=UNDERPRICED):
        sending(pair, UNDERPRICED, REFUSED)
    pair.later()
    assert pair.both.latest() == pair.chain.latest()  # a refusal is an answer: nobody pauses for it


def test_a_used_nonce_is_not_tried_elsewhere(pair: Pair) -> None:
    with pytest.raises(TransactionRejected, match=NONCE_TOO_LOW):
        sending(pair, NONCE_TOO_LOW, None)
    assert "send" not in pair.b.asked


# -- The follower on top --


class Town(Pair):
    def __init__(self, folder: Path) -> None:
        self.history = History(3)
        super().__init__(self.history.chain)
        self.history.grow(10)
        self.replica = Replica(f"sqlite:///{folder}/replica.db")
        self.follower = Follower(self.both, self.replica, self.history.name, clock=lambda: self.now)
        self.follower.start()
        while not self.follower.caught_up:
            self.follower.step()

    def n(self) -> int:
        with self.replica.reading() as reading:
            return reading.cursor.n


def test_the_follower_takes_nothing_while_endpoints_disagree(tmp_path: Path) -> None:
    town = Town(tmp_path)
    before = town.n()
    town.history.grow(10)
    town.b.lies.add(town.chain.final().number)
    for _ in range(3):
        with pytest.raises(EndpointsDisagree):
            town.follower.step()
    assert town.n() == before
    town.b.lies.clear()
    assert town.follower.step() > 0
    assert town.n() > before


def test_the_follower_goes_on_while_one_of_two_is_down_lagging_or_back(tmp_path: Path) -> None:
    town = Town(tmp_path)
    states: list[Callable[[], object]] = [
        lambda: town.a.fail(),
        lambda: town.a.fail(None),
        lambda: setattr(town.a, "lag", 12),
        lambda: setattr(town.a, "lag", 0),
        lambda: town.b.fail(),
    ]
    for change in states:
        change()
        town.history.grow(10)
        town.later()
        before = town.n()
        for _ in range(3):
            try:
                town.follower.step()
            except ChainUnavailable:  # answers of two heights: the next step has one of them
                town.now += 0.5
        assert town.n() > before


# -- What every chain does --


class FailoverNet:
    """`views` endpoints of one fake chain, of which the first fails every third time if it has a deputy."""

    def __init__(self, views: int) -> None:
        fake = FakeNet()
        self.account, self.mine, self.reorg = fake.account, fake.mine, fake.reorg
        made = [View(fake.chain) for _ in range(views)]
        turn, time = count(1), count()
        if views > 1:
            made[0].error = lambda method: DOWN if next(turn) % 3 == 0 else None
        named = [(f"endpoint {number}", view) for number, view in enumerate(made)]
        self.chain = Failover(named, CHAIN_ID, clock=lambda: float(next(time)))


@pytest.fixture(params=[1, 2])
def net(request: pytest.FixtureRequest) -> FailoverNet:
    return FailoverNet(request.param)


class TestFailover(ChainBehaviour):
    """Deploying, acting, waiting, replacing and reorganising, over one endpoint and over two."""


class TestFollowingAFailover(FollowerBehaviour):
    """A log from admission to a revocation, over one endpoint and over two."""
