"""The faults of `make torture` are what they say, and its count finds every loss and double."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from random import Random

import pytest
from sqlalchemy import text

from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.jsonrpc import Endpoint as Client
from anchoring.chain.prices import offer_price
from anchoring.chain.protocol import Chain
from anchoring.errors import ChainUnavailable, DatabaseUnavailable
from anchoring.register.store import Register
from tests.databases import hang_up, schemas, server
from tests.fakes.nets import AnvilNet
from tests.torture.cities import beside
from tests.torture.departments import Accepted, Journal
from tests.torture.endpoint import Endpoint
from tests.torture.reckoning import Reckoning, _check_positions

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnvilNet]:
    net = AnvilNet(tmp_path_factory.mktemp("one"))
    yield net
    net.stop()


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnvilNet]:
    net = AnvilNet(tmp_path_factory.mktemp("other"))
    net.mine(7)
    yield net
    net.stop()


@pytest.fixture
def endpoint(net: AnvilNet, other: AnvilNet) -> Iterator[Endpoint]:
    made = Endpoint(net.devnet.url, other.devnet.url, Random(1))
    yield made
    made.close()


def through(endpoint: Endpoint) -> Chain:
    return EthereumChain(Client(endpoint.url, timeout=1.0, wait=lambda _: None))


@pytest.mark.parametrize("kind", ["hangs", "errors", "loses answers"])
def test_it_gives_no_usable_answer_until_it_is_mended(net: AnvilNet, endpoint: Endpoint, kind: str) -> None:
    endpoint.fail(kind)
    for _ in range(2 if kind == "hangs" else 10):
        with pytest.raises(ChainUnavailable):
            through(endpoint).fetch_latest_block()
    endpoint.mend()
    assert through(endpoint).fetch_latest_block() == net.chain.fetch_latest_block()


def test_a_lost_answer_is_of_something_that_happened(net: AnvilNet, endpoint: Endpoint) -> None:
    payer = net.account("payer")
    price = offer_price(net.chain.fetch_fee_terms())
    signed = payer.sign(
        chain_id=net.chain.fetch_chain_id(), nonce=0, to=payer.address, data=b"", gas=21_000, price=price
    )
    endpoint.fail("loses answers")
    with pytest.raises(ChainUnavailable):
        through(endpoint).send(signed.raw_bytes)
    net.mine()
    assert net.chain.find_receipt(signed.hash)


def test_it_lags(net: AnvilNet, endpoint: Endpoint) -> None:
    net.mine(3)
    before, final = net.chain.fetch_latest_block(), net.chain.fetch_final_block()
    endpoint.fail("stale")
    net.mine(5)
    late = through(endpoint)
    assert (late.fetch_latest_block(), late.fetch_final_block()) == (before, final)
    assert late.find_block(before.number + 1) is None
    assert late.fetch_events("0x" + "11" * 20, before.number + 1, before.number + 5) == []
    assert late.count_transactions("0x" + "11" * 20) == 0
    endpoint.mend()
    assert through(endpoint).fetch_latest_block() == net.chain.fetch_latest_block()


def test_it_shows_another_chain(net: AnvilNet, other: AnvilNet, endpoint: Endpoint) -> None:
    endpoint.fail("other chain")
    assert (
        through(endpoint).fetch_latest_block()
        == other.chain.fetch_latest_block()
        != net.chain.fetch_latest_block()
    )


def read_while_hung_up(register: Register) -> None:
    with register.reading() as reading:
        assert hang_up(register.engine.url, share=0.0) == 0
        assert hang_up(register.engine.url) >= 1
        reading.execute(text("SELECT 1"))


def test_the_server_hangs_up_on_a_process_and_not_on_whoever_watches() -> None:
    with schemas(server()) as new_database, ExitStack() as stack:
        url = new_database("register")
        register, watched = (stack.enter_context(closing(Register(one))) for one in (url, beside(url)))
        watching = stack.enter_context(watched.reading())
        with pytest.raises(DatabaseUnavailable):
            read_while_hung_up(register)
        assert watching.execute(text("SELECT 1")).scalar_one() == 1


@pytest.mark.parametrize(
    ("firsts", "doubled", "faults"),
    [([0, 5, 10], 0, 0), ([0, 5, 9], 1, 1), ([0, 5, 5], 5, 1), ([0, 6, 11], 0, 1)],
)
def test_positions_promised_twice_or_left_out_are_found(firsts: list[int], doubled: int, faults: int) -> None:
    journal = Journal([Accepted({"first": first}, [bytes(32)] * 5) for first in reversed(firsts)])
    reckoning = Reckoning()
    _check_positions(reckoning, journal)
    assert (reckoning.doubled, len(reckoning.faults)) == (doubled, faults)
