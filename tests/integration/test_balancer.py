"""The chain adapter over two nodes behind one address, of which one is five blocks behind."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from anchoring.chain import calls
from anchoring.chain.answers import EndpointError
from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.events import read_events
from anchoring.chain.jsonrpc import Endpoint, RequestRefused
from anchoring.chain.newest import GIVEN_UP_AFTER_SECONDS, NewestBlock
from anchoring.chain.protocol import RegistryName
from anchoring.errors import ChainUnavailable, TransactionRejected
from ledger.registry import acts
from tests.fakes.chain_behaviour import admitted
from tests.fakes.nets import DoubleNet, act_on, deploy_on

pytestmark = pytest.mark.enable_socket
#: Of each question: where half of the answers are old, none of so many is by chance.
_TIMES: Final = 12


@pytest.fixture
def net(tmp_path: Path) -> Iterator[DoubleNet]:
    net = DoubleNet(tmp_path, "balancer")
    net.chain = EthereumChain(Endpoint(net.double.url, wait=lambda _: None))
    net.mine(10)
    yield net
    net.stop()


def test_what_was_shown_is_never_said_to_be_absent(net: DoubleNet) -> None:
    province = net.account("province")
    contract = RegistryName.parse(deploy_on(net, province)).contract
    call = calls.encode_call(admitted("tianmen", province.address))
    block = act_on(net, province, contract, call).block_number
    for _ in range(_TIMES):
        assert net.chain.fetch_latest_block().number >= block
        assert net.chain.find_block(block)
        assert net.chain.fetch_code(contract)
        assert net.chain.fetch_head(contract).event_number == 2
        assert net.chain.count_transactions(province.address, pending=True) == 2
        with pytest.raises(TransactionRejected) as refusal:
            net.chain.simulate(province.address, contract, call)
        assert refusal.value.name == "LogExists"


def test_a_process_that_has_seen_nothing_yet_looks_around(net: DoubleNet) -> None:
    """Each command of `shunzheng chain` is a process of its own, and follows on what the one before has sent."""
    province = net.account("province")
    contract = RegistryName.parse(deploy_on(net, province)).contract
    act_on(net, province, contract, calls.encode_call(admitted("tianmen", province.address)))
    call = calls.encode_call(acts.OperatorSet("tianmen", province.address))
    for _ in range(_TIMES):
        chain = EthereumChain(Endpoint(net.double.url, wait=lambda _: None))
        assert chain.fetch_code(contract)
        assert chain.count_transactions(province.address, pending=True) == 2
        assert chain.simulate(province.address, contract, call) == b""
        assert len(read_events(chain, contract)) == 2


class Speaker(Endpoint):
    """An endpoint whose newest block is `height`; it keeps the states of so many blocks below, and makes blocks fast."""

    def __init__(self, height: int, kept_states: int, *, grows: bool = False) -> None:
        super().__init__("http://127.0.0.1:1", wait=lambda _: None)
        self.height, self.kept_states, self.grows = height, kept_states, grows
        self.asked: list[str] = []

    def request(self, method: str, *parameters: object) -> object:
        self.asked.append(method)
        tag = str(parameters[0] if method == "eth_getBlockByNumber" else parameters[1])
        number = self.height if tag == "latest" else int(tag, 16)
        if method == "eth_getBlockByNumber":
            self.height += self.grows
            word = f"0x{number:064x}"
            block = {"number": hex(number), "hash": word, "parentHash": word, "timestamp": "0x1"}
            return block if number <= self.height else None
        if not self.height - self.kept_states <= number <= self.height:
            raise RequestRefused(method, EndpointError(-32000, "missing trie node", b""))
        return hex(number)


def test_a_chain_that_was_set_back_is_believed_after_a_minute() -> None:
    now, speaker = [0.0], Speaker(100, kept_states=128)
    newest = NewestBlock(speaker, lambda: now[0])
    assert newest.ask().number == 100
    speaker.height = 90
    questions: list[Callable[[], object]] = [
        newest.ask,
        lambda: newest.ask_block(100),
        lambda: newest.ask_state("eth_getBalance", "0x"),
    ]
    for ask in questions:
        with pytest.raises(ChainUnavailable, match="has shown block 100, and answers as if"):
            ask()
    assert newest.ask_block(20), "what both have is answered"
    now[0] += GIVEN_UP_AFTER_SECONDS + 1
    assert newest.ask().number == 90
    assert newest.ask_state("eth_getBalance", "0x") == hex(90)
    assert newest.ask_block(100) is None


def test_an_endpoint_that_keeps_the_newest_state_alone_is_asked_for_that() -> None:
    speaker = Speaker(100, kept_states=0, grows=True)
    newest = NewestBlock(speaker)
    assert newest.ask_state("eth_getBalance", "0x") == hex(speaker.height)
    speaker.asked.clear()
    assert newest.ask_state("eth_getBalance", "0x") == hex(speaker.height)
    assert speaker.asked == ["eth_getBalance"], "what it keeps is learned once"
