"""Deploying and acting where the chain does not play along."""

import time
from dataclasses import replace

import pytest

from anchoring.chain import calls
from anchoring.chain.deployment import Patience, deploy, execute
from anchoring.chain.protocol import Block, FeeTerms, RegistryName, TransactionReceipt
from anchoring.errors import (
    GAS_LIMIT,
    NONCE_TOO_LOW,
    UNDERPRICED,
    ChainUnavailable,
    ReorgDetected,
    TransactionRejected,
    WrongRegistry,
)
from api.governance.words import add_advice
from ledger.registry import acts
from tests.fakes.fake_chain import FakeChain
from tests.fakes.nets import FakeNet, act_on, deploy_on


def test_a_transaction_that_is_never_mined_is_told_apart_from_one_that_failed() -> None:
    net = FakeNet()
    province = net.account("province")
    with pytest.raises(ChainUnavailable, match="not mined within 1 s"):
        deploy(net.chain, province, province.address, patience=Patience(1, wait=lambda _: None))
    with pytest.raises(TransactionRejected, match="refused"):
        deploy(net.chain, province, "0x" + "0" * 40, patience=Patience(wait=lambda _: net.mine()))


def test_an_act_that_the_contract_refuses_is_not_sent() -> None:
    net = FakeNet()
    province = net.account("province")
    contract = RegistryName.parse(deploy_on(net, province)).contract
    with pytest.raises(TransactionRejected) as caught:
        act_on(net, province, contract, calls.encode_call(acts.OperatorSet("tianmen", province.address)))
    assert caught.value.name == "UnknownLog"
    assert not net.chain.waiting


def test_an_act_that_another_forestalls_is_mined_and_refused() -> None:
    net = FakeNet()
    province, heir = net.account("province"), net.account("heir")
    contract = RegistryName.parse(deploy_on(net, province)).contract
    act_on(net, province, contract, calls.encode_call(acts.ProvinceTransferStarted(heir.address)))

    def forestall(_: float) -> None:
        if not net.chain.delayed:
            (waiting,) = net.chain.waiting
            net.chain.delay(waiting, 1)
            net.chain.submit(heir.address, contract, calls.encode_accept_province())
        net.mine()

    with pytest.raises(TransactionRejected, match="refused"):
        execute(
            net.chain,
            province,
            contract,
            calls.encode_call(acts.ProvinceTransferStarted(province.address)),
            patience=Patience(wait=forestall),
        )


def test_a_head_0_that_does_not_follow_is_refused() -> None:
    class Lying(FakeChain):
        def find_block(self, number: int) -> Block | None:
            found = super().find_block(number)
            return found and replace(found, hash=b"\x05" * 32)

    net = FakeNet(Lying())
    with pytest.raises(WrongRegistry, match="head 0"):
        deploy_on(net, net.account("province"))


def test_a_deployment_that_a_reorganisation_moves_meanwhile_is_to_be_made_again() -> None:
    class Moving(FakeChain):
        def fetch_head_zero(self, contract: str) -> bytes:
            found = super().fetch_head_zero(contract)
            self.reorg(1)
            return found

    net = FakeNet(Moving())
    with pytest.raises(ReorgDetected, match="deploy it again"):
        deploy_on(net, net.account("province"))


def test_an_answer_that_got_lost_loses_nothing() -> None:
    net = FakeNet()
    province = net.account("province")
    net.chain.refuse("send", ChainUnavailable("timed out"), persisted=True)
    name = deploy_on(net, province)
    contract = RegistryName.parse(name).contract
    net.chain.refuse("find_receipt", ChainUnavailable("429"), times=3)
    net.chain.refuse("send", ChainUnavailable("timed out"))  # this one never arrived
    act_on(net, province, contract, calls.encode_call(acts.ProvinceTransferStarted(province.address)))
    assert net.chain.fetch_head(contract).event_number == 2


def test_what_is_not_mined_in_time_is_named() -> None:
    net = FakeNet()
    province = net.account("province")
    net.chain.refuse("find_receipt", ChainUnavailable("HTTP status 429"), times=1_000)
    with pytest.raises(ChainUnavailable, match=r"0x[0-9a-f]{64} .*look for it.*") as caught:
        deploy(net.chain, province, province.address, patience=Patience(1, wait=lambda _: None))
    [waiting] = net.chain.waiting
    assert "0x" + waiting.hex() in str(caught.value)
    assert "HTTP status 429" in str(caught.value)


def test_who_waits_is_told_what_for_and_how_long() -> None:
    net, lines = FakeNet(), list[str]()
    province = net.account("province")
    patience = Patience(60, tell=lines.append, wait=lambda _: None)
    with pytest.raises(ChainUnavailable, match=r"not mined within 60 s.*--patience"):
        deploy(net.chain, province, province.address, patience=patience)
    [waiting] = net.chain.waiting
    assert len(lines) == 3
    assert all("0x" + waiting.hex() in line and "of 60 s" in line for line in lines)


def test_a_contract_that_an_endpoint_does_not_show_yet_is_waited_for() -> None:
    class Behind(FakeChain):
        looks = 0

        def find_block(self, number: int) -> Block | None:
            self.looks += 1
            return None if self.looks < 3 else super().find_block(number)

        def find_receipt(self, transaction: bytes) -> TransactionReceipt | None:
            return None if self.looks == 1 else super().find_receipt(transaction)

    net = FakeNet(Behind())
    assert deploy_on(net, net.account("province")).startswith("eip155:")


def test_a_count_of_transactions_from_a_node_that_is_behind_is_asked_for_again() -> None:
    class Behind(FakeChain):
        is_behind = False

        def count_transactions(self, address: str, *, pending: bool = False) -> int:
            is_behind, self.is_behind = self.is_behind, False
            return super().count_transactions(address, pending=pending) - is_behind

    chain = Behind()
    net = FakeNet(chain)
    province = net.account("province")
    contract = RegistryName.parse(deploy_on(net, province)).contract
    chain.is_behind = True
    act_on(net, province, contract, calls.encode_call(acts.ProvinceTransferStarted(province.address)))
    assert chain.fetch_head(contract).event_number == 2


def test_a_receipt_that_is_written_late_is_waited_for() -> None:
    class Late(FakeChain):
        looks = 0

        def find_receipt(self, transaction: bytes) -> TransactionReceipt | None:
            self.looks += 1
            return super().find_receipt(transaction) if self.looks > 40 else None

        def send(self, raw: bytes) -> bytes:
            if self.looks:
                raise TransactionRejected(NONCE_TOO_LOW)
            return super().send(raw)

    net = FakeNet(Late())
    assert deploy_on(net, net.account("province")).startswith("eip155:")


def test_a_slow_answer_is_part_of_what_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    net, now = FakeNet(), [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    class Slow(FakeChain):
        def find_receipt(self, transaction: bytes) -> TransactionReceipt | None:
            now[0] += 20.0
            return super().find_receipt(transaction)

    net = FakeNet(Slow())
    with pytest.raises(ChainUnavailable, match="not mined within 60 s"):
        deploy(net.chain, net.account("a"), "0x" + "7" * 40, patience=Patience(60, wait=lambda _: None))
    assert now[0] == 60.0


@pytest.mark.parametrize("unit", [1_000, 10**9], ids=["milliseconds", "nanoseconds"])
def test_block_times_that_are_no_seconds_are_refused_before_anything_is_sent(unit: int) -> None:
    net = FakeNet(FakeChain(time=1_700_000_000 * unit))
    province = net.account("province")
    with pytest.raises(TransactionRejected, match="has the time") as caught:
        deploy_on(net, province)
    assert "switch it to seconds" in str(add_advice(caught.value))
    assert not net.chain.waiting


def test_a_chain_whose_blocks_hold_too_little_gas_is_named() -> None:
    class Narrow(FakeChain):
        def simulate(
            self, sender: str, contract: str | None, data: bytes, *, gas: int | None = None
        ) -> bytes:
            if gas is not None:
                raise TransactionRejected("Reverted", (), "out of gas")
            return super().simulate(sender, contract, data)

    net = FakeNet(Narrow())
    net.chain.terms_asked = FeeTerms(8, 2, block_gas_units=100_000)
    with pytest.raises(TransactionRejected, match="holds 100,000 gas") as caught:
        deploy_on(net, net.account("province"))
    assert caught.value.name == GAS_LIMIT
    assert not net.chain.waiting


def test_a_transaction_whose_answer_was_lost_is_waited_for_where_waiting_ones_are_not_shown() -> None:
    """As EthereumJS has it: handed in again, it is refused for itself, and found by its hash only once it is mined."""

    class Forgetful(FakeChain):
        def send(self, raw: bytes) -> bytes:
            super().send(raw)
            raise TransactionRejected(UNDERPRICED)

    net = FakeNet(Forgetful())
    deploy_on(net, net.account("province"))
    net = FakeNet()
    net.chain.refuse(
        "send", TransactionRejected(UNDERPRICED)
    )  # nothing waits: it is the price that is refused
    with pytest.raises(TransactionRejected) as caught:
        deploy_on(net, net.account("heir"))
    assert caught.value.name == UNDERPRICED
