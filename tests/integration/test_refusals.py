"""Why a transaction is refused: the chain is asked, whatever an endpoint says."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from anchoring.chain.accounts import Account
from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.jsonrpc import Endpoint
from anchoring.chain.prices import offer_price
from anchoring.chain.protocol import Price
from anchoring.errors import (
    GAS_LIMIT,
    NO_FUNDS,
    NONCE_TOO_HIGH,
    NONCE_TOO_LOW,
    REFUSED,
    UNDERPRICED,
    ChainMisbehaved,
    TransactionRejected,
)
from ledger.crypto.keys import keccak256
from tests.fakes.nets import DoubleNet

pytestmark = pytest.mark.enable_socket

WORDS = Path(__file__).parents[3] / "shared/corpus/field/chain-client-words/words.json"
GAS = 21_000


def vocabularies() -> list[dict[str, str]]:
    """Return what clients say of an old nonce, a known transaction, a low fee and missing funds, and what none says."""
    random = Random(13)
    letters = [chr(number) for number in range(0x20, 0x7F)] + list("余额不足")
    drawn = [
        {
            kind: "".join(random.choices(letters, k=20))
            for kind in ("old nonce", "known", "underpriced", "funds", "other")
        }
        for _ in range(3)
    ]
    # each of them says of one thing what geth says of another
    swapped = {
        "old nonce": "already known",
        "known": "nonce too low",
        "underpriced": "insufficient funds",
        "funds": "replacement transaction underpriced",
    }
    found = json.loads(WORDS.read_text()) if WORDS.exists() else {}
    corpus = [
        {"old nonce": said["nonce_too_low"][-1], "known": said["already_known"][0], "underpriced": words}
        for said in found.values()
        for words in said["underpriced"]
    ]
    return [*drawn, swapped, *corpus]


@pytest.fixture(scope="module", params=vocabularies(), ids=str)
def net(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoubleNet]:
    net = DoubleNet(tmp_path_factory.mktemp("devnet"), "random-words", words=request.param)
    yield net
    net.stop()


def sign(net: DoubleNet, account: Account, nonce: int, price: Price, gas: int = GAS) -> Any:
    return account.sign(
        chain_id=net.chain.fetch_chain_id(), nonce=nonce, to=account.address, data=b"", gas=gas, price=price
    )


def refusal(net: DoubleNet, raw: bytes) -> TransactionRejected:
    with pytest.raises(TransactionRejected) as caught:
        net.chain.send(raw)
    assert "0x" + keccak256(raw).hex() in str(caught.value)
    return caught.value


def test_the_chain_says_why(net: DoubleNet) -> None:
    account, poor = net.account("payer"), Account(keccak256(b"poor"))
    asked = net.chain.fetch_fee_terms()
    price = Price(4 * asked.price_wei, asked.tip_wei)
    first = sign(net, account, net.chain.count_transactions(account.address), price)
    nonce = net.chain.count_transactions(account.address)
    assert (
        net.chain.send(first.raw_bytes) == net.chain.send(first.raw_bytes) == first.hash
    )  # one that waits is no error
    rival = sign(net, account, nonce, Price(price.max_wei, asked.tip_wei), gas=GAS + 1)
    assert refusal(net, rival.raw_bytes).name == UNDERPRICED
    net.mine()
    assert net.chain.send(first.raw_bytes) == first.hash  # nor is one that was mined
    assert refusal(net, rival.raw_bytes).name == NONCE_TOO_LOW
    assert refusal(net, sign(net, poor, 0, price).raw_bytes).name == NO_FUNDS
    huge = sign(net, account, nonce + 1, price, gas=asked.block_gas_units + 1)
    assert refusal(net, huge.raw_bytes).name == GAS_LIMIT


def test_what_the_chain_has_nothing_against_is_tried_again_and_then_named(net: DoubleNet) -> None:
    account = net.account("another")
    asked = net.chain.fetch_fee_terms()
    signed = sign(net, account, 0, Price(4 * asked.price_wei, asked.tip_wei))
    speak = net.double._speak
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            net.double,
            "_speak",
            lambda call: (
                net.double._refuse(call, -32000, "no reason")
                if call["method"] == "eth_sendRawTransaction"
                else speak(call)
            ),
        )
        assert refusal(net, signed.raw_bytes).name == REFUSED
    assert net.chain.send(signed.raw_bytes) == signed.hash


def test_a_number_that_is_not_reached_is_told(net: DoubleNet) -> None:
    account = net.account("early")
    asked = net.chain.fetch_fee_terms()
    signed = sign(net, account, 5, Price(4 * asked.price_wei, asked.tip_wei))
    forward = net.double._forward
    with pytest.MonkeyPatch.context() as patch:  # anvil takes such a transaction, others do not
        patch.setattr(
            net.double,
            "_forward",
            lambda call: (
                net.double._refuse(call, -32000, "gap")
                if call["method"] == "eth_sendRawTransaction"
                else forward(call)
            ),
        )
        assert refusal(net, signed.raw_bytes).name == NONCE_TOO_HIGH


def test_a_chain_with_another_hash_is_named(net: DoubleNet) -> None:
    asked = net.chain.fetch_fee_terms()
    signed = sign(net, net.account("guomi"), 0, Price(4 * asked.price_wei, asked.tip_wei))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            net.double,
            "_forward",
            lambda call: {"jsonrpc": "2.0", "id": call["id"], "result": "0x" + "99" * 32},
        )
        with pytest.raises(ChainMisbehaved, match="国密"):
            net.chain.send(signed.raw_bytes)


def test_a_chain_that_takes_no_transaction_of_type_2_is_handed_the_older_type(net: DoubleNet) -> None:
    net.chain = EthereumChain(Endpoint(net.double.url, wait=lambda _: None))
    asked = net.chain.fetch_fee_terms()
    account = net.account("legacy")
    assert asked.base_fee_wei
    typed = sign(net, account, 0, Price(4 * asked.price_wei, asked.tip_wei))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(net.double, "typed", False)
        assert refusal(net, typed.raw_bytes).name == REFUSED
        price = offer_price(net.chain.fetch_fee_terms())
        assert price.tip_wei is None, "the blocks name a base fee, and the chain takes no tip beside it"
        legacy = sign(net, account, 0, Price(2 * price.max_wei))
        assert net.chain.send(legacy.raw_bytes) == legacy.hash
    net.mine()
    assert net.chain.find_receipt(legacy.hash)


def test_where_waiting_transactions_are_not_counted_the_mined_are(net: DoubleNet) -> None:
    net.chain = EthereumChain(Endpoint(net.double.url, wait=lambda _: None))
    account = net.account("uncounted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(net.double, "pending", False)
        assert net.chain.count_transactions(account.address, pending=True) == 0
        net.double.asked.clear()
        assert net.chain.count_transactions(account.address, pending=True) == 0
    assert not any("pending" in call["params"] for call in net.double.asked), "it is asked that way once"
