"""Refusals in the words of other clients: what the chain knows decides, as with geth's."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from anchoring.chain.accounts import Account
from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.jsonrpc import Endpoint
from anchoring.chain.protocol import Price, SignedTransaction
from anchoring.errors import NONCE_TOO_LOW, UNDERPRICED, TransactionRejected

FIELD: Final = Path(__file__).parents[3] / "shared" / "corpus" / "field" / "chain-client-words"
pytestmark = pytest.mark.skipif(not FIELD.is_dir(), reason=f"needs the outside test data of {FIELD}")

NUMBER: Final = 4
PRICE: Final = 100
RICH: Final = 10**18
BLOCK: Final = {
    "number": "0x7",
    "hash": "0x" + 64 * "7",
    "parentHash": "0x" + 64 * "6",
    "timestamp": "0x65000000",
    "gasLimit": hex(30_000_000),
}
#: By the kind of refusal: the words of geth, and what the chain answers of the transaction, its sender and its price.
GETH: Final = {
    "nonce_too_low": "nonce too low: next nonce 5, tx nonce 4",
    "already_known": "already known",
    "underpriced": "replacement transaction underpriced",
}
KNOWN: Final[dict[str, dict[str, Any]]] = {
    "nonce_too_low": {"eth_getTransactionCount": hex(NUMBER + 1)},
    "already_known": {"eth_getTransactionByHash": {}},
    "underpriced": {"eth_gasPrice": hex(2 * PRICE)},
}
#: What sending comes to: a name in `anchoring.errors`, or None where nothing is wrong.
ANSWERS: Final = {"nonce_too_low": NONCE_TOO_LOW, "already_known": None, "underpriced": UNDERPRICED}


class Client:
    """Stands behind an endpoint, refuses each transaction in some words, and answers what it is asked besides."""

    def __init__(self, kind: str, words: str) -> None:
        self.words = words
        self.answers: dict[str, Any] = {
            "eth_getTransactionByHash": None,
            "eth_getTransactionReceipt": None,
            "eth_getTransactionCount": hex(NUMBER),
            "eth_getBalance": hex(RICH),
            "eth_gasPrice": hex(PRICE),
            "eth_getBlockByNumber": BLOCK,
        } | KNOWN[kind]

    def ask(self, method: str, parameters: Sequence[object]) -> dict[str, Any]:
        if method == "eth_sendRawTransaction":
            return {"error": {"code": -32010, "message": self.words}}
        return {"result": self.answers[method]}


def cases() -> list[tuple[str, str]]:
    """Return each kind of refusal with the words of geth and with those of every client in the corpus."""
    pairs = [*GETH.items()]
    if FIELD.is_dir():
        for kinds in json.loads((FIELD / "words.json").read_text("utf-8")).values():
            pairs += [(kind, words) for kind, all_words in kinds.items() for words in all_words]
    return pairs


def sign() -> SignedTransaction:
    account = Account(bytes(31) + b"\x01")
    return account.sign(chain_id=1, nonce=NUMBER, to=None, data=b"", gas=10**6, price=Price(PRICE))


@pytest.mark.parametrize(("kind", "words"), cases())
def test_words_decide_nothing(kind: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint, transaction = Endpoint("http://chain.example", wait=lambda _: None), sign()
    monkeypatch.setattr(endpoint, "_provider", Client(kind, words))
    chain = EthereumChain(endpoint)
    if ANSWERS[kind] is None:
        assert chain.send(transaction.raw_bytes) == transaction.hash
        return
    with pytest.raises(TransactionRejected) as rejection:
        chain.send(transaction.raw_bytes)
    assert rejection.value.name == ANSWERS[kind]
