"""Twenty cities on one chain pay what is asked, and leave the price where it was."""

from collections.abc import Iterator
from typing import Any

import pytest

from anchoring.chain.prices import offer_price
from tests.fakes.nets import AnvilNet, DoubleNet

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

CITIES, ROUNDS = 20, 25
_GAS = 30_000


@pytest.fixture(params=["anvil", "oracle"])
def net(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnvilNet]:
    """A chain whose base fee is asked beside a tip that follows what was paid, and one that knows the last price alone."""
    directory = tmp_path_factory.mktemp("devnet")
    options: dict[str, Any] = {"fees": False, "finalized": False, "follows": True}
    net = AnvilNet(directory) if request.param == "anvil" else DoubleNet(directory, "random-words", **options)
    yield net
    net.stop()


def test_five_hundred_acts_bid_against_nobody(net: AnvilNet) -> None:
    net.mine()
    chain, cities = net.chain, [net.account(f"city {number}") for number in range(CITIES)]
    asked, chain_id = chain.fetch_fee_terms(), net.chain.fetch_chain_id()
    for nonce in range(ROUNDS):
        for city in cities:
            price = offer_price(chain.fetch_fee_terms())
            signed = city.sign(
                chain_id=chain_id, nonce=nonce, to=city.address, data=b"", gas=_GAS, price=price
            )
            chain.send(signed.raw_bytes)
        net.mine()
    assert [chain.count_transactions(city.address) for city in cities] == [ROUNDS] * CITIES
    assert chain.fetch_fee_terms().tip_wei <= asked.tip_wei
    assert chain.fetch_fee_terms().price_wei <= asked.price_wei
