"""A registry that is not on the chain: wrong for ever, or not there yet."""

import pytest

from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.jsonrpc import Endpoint
from anchoring.chain.presence import check_registry
from anchoring.errors import ChainMisbehaved, RegistryAbsent, WrongRegistry
from tests.fakes.fake_chain import CHAIN_ID, FakeChain

NAME = f"eip155:{CHAIN_ID}:0x{'77' * 20}:{'00' * 8}"
LATER = 10**6


def chain_with_blocks() -> FakeChain:
    chain = FakeChain()
    chain.mine()
    return chain


def test_a_wrong_contract_is_not_waited_for_however_old_the_blocks_are() -> None:
    chain = chain_with_blocks()
    for seconds in (0, LATER):
        with pytest.raises(WrongRegistry, match="the contract or the chain is another") as refusal:
            check_registry(chain, NAME, chain.fetch_latest_block().time + seconds)
        assert not isinstance(refusal.value, RegistryAbsent)


def test_an_endpoint_that_is_synchronising_or_has_nothing_yet_is_waited_for() -> None:
    empty, busy = FakeChain(), chain_with_blocks()
    busy.synchronising = True
    for chain in (empty, busy):
        with pytest.raises(RegistryAbsent, match="synchronising"):
            check_registry(chain, NAME, chain.fetch_latest_block().time + LATER)


def test_a_contract_that_is_no_registry_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = chain_with_blocks()
    monkeypatch.setattr(chain, "fetch_code", lambda contract: b"\x60")
    chain.refuse("fetch_head_zero", ChainMisbehaved("headZero() answered 0 bytes instead of 32"))
    monkeypatch.setattr(chain, "_registry", lambda contract: None)
    with pytest.raises(WrongRegistry, match="is no registry"):
        check_registry(chain, NAME, chain.fetch_latest_block().time)


@pytest.mark.parametrize(("answer", "told"), [(False, False), ({"currentBlock": "0x1"}, True), (True, True)])
def test_what_an_endpoint_says_of_itself(monkeypatch: pytest.MonkeyPatch, answer: object, told: bool) -> None:
    monkeypatch.setattr(Endpoint, "request", lambda endpoint, method: answer)
    assert EthereumChain(Endpoint("http://127.0.0.1:1")).is_synchronising() is told
