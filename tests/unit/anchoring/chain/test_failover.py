"""Several endpoints of one chain: down, slow, lagging, of another chain, and back again."""

from itertools import count
from typing import Any

import pytest

from anchoring.chain.failover import Failover
from anchoring.chain.protocol import Price
from anchoring.errors import (
    NONCE_TOO_LOW,
    REFUSED,
    UNDERPRICED,
    ChainMisbehaved,
    ChainUnavailable,
    NotAChain,
    TransactionRejected,
    WrongRegistry,
)
from tests.fakes.chain_behaviour import ChainBehaviour
from tests.fakes.fake_chain import CHAIN_ID, FakeChain
from tests.fakes.follower_behaviour import FollowerBehaviour
from tests.fakes.nets import FakeNet
from tests.unit.anchoring.chain.endpoints import DOWN, Pair, View

# -- Failing over --


def test_the_first_endpoint_answers_while_it_works(pair: Pair) -> None:
    assert pair.both.fetch_latest_block() == pair.both.fetch_latest_block() == pair.chain.fetch_latest_block()
    assert (pair.a.asked, pair.b.asked) == (
        ["fetch_chain_id", "fetch_latest_block", "fetch_latest_block"],
        [],
    )


def test_the_next_answers_for_one_that_is_down_and_it_is_left_alone_for_a_while(pair: Pair) -> None:
    pair.a.fail()
    for _ in range(5):
        assert pair.both.fetch_latest_block() == pair.chain.fetch_latest_block()
    assert pair.a.asked == ["fetch_chain_id"]
    assert pair.b.asked.count("fetch_latest_block") == 5


def test_one_that_comes_back_is_preferred_again_after_its_pause(pair: Pair) -> None:
    pair.a.fail()
    pair.both.fetch_latest_block()
    pair.a.fail(None)
    pair.a.asked.clear()
    pair.both.fetch_latest_block()
    assert pair.a.asked == []
    pair.now += 1.0
    pair.both.fetch_latest_block()
    assert pair.a.asked == ["fetch_chain_id", "fetch_latest_block"]


def test_pauses_grow_to_a_bound_and_start_anew_after_a_long_time_of_health(pair: Pair) -> None:
    pair.a.fail()

    def attempts(seconds: int) -> int:
        before = len(pair.a.asked)
        for _ in range(seconds):
            pair.now += 1.0
            pair.both.fetch_latest_block()
        return len(pair.a.asked) - before

    assert 4 <= attempts(60) <= 8
    attempts(300)
    assert 10 <= attempts(1_200) <= 21  # every 60 to 120 seconds
    pair.a.fail(None)
    attempts(1_000)
    pair.a.fail()
    pair.both.fetch_latest_block()
    pair.now += 1.0
    pair.a.fail(None)
    pair.a.asked.clear()
    pair.both.fetch_latest_block()
    assert "fetch_latest_block" in pair.a.asked


def test_a_slow_endpoint_costs_its_timeout_once_in_a_pause(pair: Pair) -> None:
    def hang(method: str) -> Exception | None:
        pair.now += 20.0
        return ChainUnavailable("it took too long")

    pair.a.error = hang
    for _ in range(1_000):
        pair.both.fetch_latest_block()
        pair.now += 1.0
    assert pair.now < 1_000 + 20 * (1_000 / 60 + 12)


def test_an_endpoint_that_fails_in_the_middle_is_no_matter(pair: Pair) -> None:
    assert pair.both.fetch_final_block() == pair.chain.fetch_final_block()
    pair.a.error = lambda method: ChainMisbehaved("not JSON") if method == "fetch_fee_terms" else None
    assert pair.both.fetch_fee_terms() == pair.chain.terms_asked


def test_where_none_answers_every_reason_is_said(pair: Pair) -> None:
    pair.a.fail()
    pair.b.fail(ChainUnavailable("HTTP status 502"))
    with pytest.raises(ChainUnavailable, match="a: connection refused; b: HTTP status 502") as caught:
        pair.both.fetch_latest_block()
    assert type(caught.value) is ChainUnavailable
    pair.b.fail(None)
    for _ in range(2):  # all pause: one is asked all the same, the one whose pause ends first
        try:
            assert pair.both.fetch_latest_block() == pair.chain.fetch_latest_block()
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
            pair.both.fetch_latest_block()
    assert len(pair.a.asked) + len(pair.b.asked) == 2 + 9


def test_the_error_is_of_the_kind_that_matters(pair: Pair) -> None:
    pair.a.fail()
    pair.b.fail(ChainMisbehaved("not JSON"))
    with pytest.raises(ChainMisbehaved):
        pair.both.fetch_latest_block()


def test_a_single_endpoint_fails_in_its_own_words() -> None:
    view = View(FakeChain())
    alone = Failover([("a", view)], CHAIN_ID)
    view.fail()
    with pytest.raises(ChainUnavailable) as caught:
        alone.fetch_latest_block()
    assert caught.value is DOWN
    view.fail(None)
    assert alone.fetch_latest_block() == view.chain.fetch_latest_block()


# -- Another chain --


def test_an_endpoint_of_another_chain_is_refused_by_name_and_not_used(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    pair.a.id = 1
    assert pair.both.fetch_chain_id() == CHAIN_ID
    for _ in range(10):
        pair.chain.mine()
        pair.both.fetch_final_block()
        pair.later()
    assert set(pair.a.asked) == {"fetch_chain_id"}
    assert f"a serves chain 1, not chain {CHAIN_ID}" in caplog.text


def test_where_all_serve_another_chain_a_person_is_needed(pair: Pair) -> None:
    pair.a.id = 1
    pair.b.fail()
    with pytest.raises(ChainUnavailable):
        pair.both.fetch_latest_block()
    pair.b.fail(None)
    pair.b.id = 2
    pair.later()
    with pytest.raises(WrongRegistry, match=r"a serves chain 1, .*b serves chain 2"):
        pair.both.fetch_latest_block()


def test_where_all_are_no_endpoints_of_a_chain_a_person_is_needed(pair: Pair) -> None:
    pair.a.fail(NotAChain("a page"))
    pair.b.fail()
    with pytest.raises(ChainUnavailable) as caught:
        pair.both.fetch_latest_block()
    assert not isinstance(caught.value, NotAChain), "the other may come back"
    pair.b.fail(None)
    pair.b.id = 2
    pair.later()
    with pytest.raises(NotAChain, match=r"a: a page; b: .*serves chain 2"):
        pair.both.fetch_latest_block()


def test_an_endpoint_that_comes_back_with_another_chain_is_refused(pair: Pair) -> None:
    pair.both.fetch_latest_block()
    pair.a.fail()
    pair.both.fetch_latest_block()
    pair.a.fail(None)
    pair.a.id = 1
    pair.later()
    pair.a.asked.clear()
    pair.both.fetch_latest_block()
    assert pair.a.asked == ["fetch_chain_id"]


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
        "price": Price(20),
    }
    return pair.both.send(account.sign(chain_id=CHAIN_ID, **options).raw_bytes)


def test_a_transaction_goes_to_the_first_that_takes_it(pair: Pair) -> None:
    assert sending(pair, REFUSED, None) in pair.chain.waiting
    sending(pair, None, None)
    assert pair.b.asked.count("send") == 1


def test_one_that_is_down_does_not_keep_a_transaction(pair: Pair) -> None:
    pair.a.fail()
    account = FakeNet().account("sender")
    signed = account.sign(
        chain_id=CHAIN_ID, nonce=0, to="0x" + "11" * 20, data=b"", gas=21_000, price=Price(20)
    )
    assert pair.both.send(signed.raw_bytes) == signed.hash


def test_where_none_takes_it_the_first_reason_is_told(pair: Pair) -> None:
    with pytest.raises(TransactionRejected, match=UNDERPRICED):
        sending(pair, UNDERPRICED, REFUSED)
    pair.later()
    assert (
        pair.both.fetch_latest_block() == pair.chain.fetch_latest_block()
    )  # a refusal is an answer: nobody pauses for it


def test_a_used_nonce_is_not_tried_elsewhere(pair: Pair) -> None:
    with pytest.raises(TransactionRejected, match=NONCE_TOO_LOW):
        sending(pair, NONCE_TOO_LOW, None)
    assert "send" not in pair.b.asked


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
