"""Doubles of other chains: proxies before anvil that speak as other clients and gateways do.

Each is anvil underneath, so what is sent through it is really executed. `KINDS` names them.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from random import Random
from typing import Any, Final

import httpx

from anchoring.chain.accounts import read_transaction
from anchoring.chain.devnet import CHAIN_ID

Call = dict[str, Any]
Answer = dict[str, Any]

_SECONDS: Final = 15.0  # for anvil to answer
_OLDEST: Final = "finalized"
_FINALIZED_DEPTH: Final = 2  # of anvil, as the development chain is started
_OF_TRANSACTIONS: Final = ("eth_getTransactionReceipt", "eth_getTransactionByHash")
_YOUNGER: Final = ("eth_maxPriorityFeePerGas", "eth_feeHistory", "eth_getTransactionByHash")


@dataclass(frozen=True)
class Page:
    """What comes in place of an answer: an HTTP status, headers and a body; no body at all breaks the connection."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


#: From the answer of anvil to what is refused: the words of a kind by the kind of refusal.
Words = Callable[[str], str]


def kind_of_refusal(message: str) -> str:
    """Return what anvil refuses a transaction for."""
    known = {
        "nonce too low": "old nonce",
        "already imported": "known",
        "underpriced": "underpriced",
        "max fee per gas less than block base fee": "underpriced",
        "insufficient funds": "funds",
    }
    return next((kind for words, kind in known.items() if words in message.lower()), "other")


GETH: Final = {
    "old nonce": "nonce too low: next nonce 5, tx nonce 3",
    "known": "already known",
    "underpriced": "replacement transaction underpriced",
    "funds": "insufficient funds for gas * price + value: balance 0, tx cost 1, overshot 1",
}
NETHERMIND: Final = {
    "old nonce": "OldNonce, Current nonce: 5, nonce of rejected tx: 4",
    "known": "AlreadyKnown",
    "underpriced": "FeeTooLowToCompete",
    "funds": "InsufficientFunds, Account balance: 0, cumulative cost: 1",
}
BESU: Final = {
    "old nonce": "Transaction nonce is below sender account nonce",
    "known": "Known transaction",
    "underpriced": "Transaction gas price is too low to replace existing transaction",
    "funds": "Upfront cost exceeds account balance",
}
CHINESE: Final = {
    "old nonce": "交易序号已被使用",
    "known": "交易池中已有该交易",
    "underpriced": "手续费过低，无法替换",
    "funds": "余额不足",
}
FISCO: Final = {
    "old nonce": "NonceCheckFail",
    "known": "AlreadyInTxPool",
    "underpriced": "TxPoolNonceTooLow",
    "funds": "NotEnoughCash",
}


@dataclass
class Double:
    """One kind of chain before anvil at `upstream`.

    `words` are those of refused transactions by kind, None: drawn at random; `finalized`: it names a final block; `fees`:
    its blocks have a base fee, and gas a price; `cut`: so many blocks of a range are answered, without a word; `range`:
    longer ones are refused; `rate`: so many requests a second; `failing`: each such answer fails; `millis`: blocks count
    in milliseconds; `keyed`: a header that every request must have; `follows`: gas costs what was paid for it last;
    `typed`: it takes transactions of type 2; `pending`: it counts the transactions that wait; `results`: so many logs are
    answered, without a word; `null`: an empty list of logs is null; `decimal`: its chain id is a decimal number; `bare`: it
    has no method that is younger than the first clients, and its gas price is 0 whatever its base fee; `late`: a receipt is
    there at the next look but so many; `behind`: two nodes take turns at random, and one of them is so many blocks behind;
    `nameless`: logs do not name their block by its hash, and stand beside those of a branch that was left.
    """

    upstream: str
    words: dict[str, str] | None
    finalized: bool = True
    fees: bool = True
    cut: int | None = None
    range: int | None = None
    rate: float | None = None
    failing: int | None = None
    millis: bool = False
    keyed: tuple[str, str] | None = None
    follows: bool = False
    typed: bool = True
    pending: bool = True
    results: int | None = None
    null: bool = False
    decimal: bool = False
    bare: bool = False
    late: int = 0
    behind: int = 0
    nameless: bool = False
    random: Random = field(default_factory=lambda: Random(7))

    def __post_init__(self) -> None:
        self.asked: list[Call] = []
        self._looks: Counter[str] = Counter()
        self._last_price = 10**9
        self.lock = threading.Lock()
        self._http = httpx.Client(timeout=_SECONDS, trust_env=False)
        self._counted = count(1)
        self._allowance, self._filled = self.rate or 0.0, time.monotonic()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._http.close()

    def answer(self, body: bytes, headers: dict[str, str]) -> Page:
        call: Call = json.loads(body)
        with self.lock:
            self.asked.append(call)
            number = next(self._counted)
        if self.keyed and headers.get(self.keyed[0].lower()) != self.keyed[1]:
            return Page(401, b"key wanted")
        if self.rate and not self._let_through():
            return self._too_many(call, number)
        if self.failing and number % self.failing == 0:
            return self._failure(call)
        if self.behind and self.random.random() < 0.5:
            return Page(200, json.dumps(self._speak_behind(call)).encode())
        return Page(200, json.dumps(self._speak(call)).encode())

    def _let_through(self) -> bool:
        assert self.rate
        with self.lock:
            now = time.monotonic()
            self._allowance = min(self.rate, self._allowance + (now - self._filled) * self.rate)
            self._filled = now
            if self._allowance < 1:
                return False
            self._allowance -= 1
            return True

    def _too_many(self, call: Call, number: int) -> Page:
        refusal = {"code": -32005, "message": "daily request count exceeded, request rate limited"}
        answer = json.dumps({"jsonrpc": "2.0", "id": None, "error": refusal}).encode()
        if number % 3 == 0:
            return Page(200, json.dumps({"jsonrpc": "2.0", "id": call["id"], "error": refusal}).encode())
        return Page(429, answer if number % 3 == 1 else b"Too Many Requests", {"Retry-After": "1"})

    def _failure(self, call: Call) -> Page:
        """Fail, in some cases after the request took effect."""
        if self.random.random() < 0.5:
            self._forward(call)
        error = {"code": -32603, "message": "Internal error"}
        whole = json.dumps({"jsonrpc": "2.0", "id": call["id"], "error": error}).encode()
        return self.random.choice(
            (
                Page(200, b""),
                Page(502, b"<html>Bad Gateway</html>"),
                Page(200, b"<!DOCTYPE html><html>busy</html>"),
                Page(500, b"<html>Internal Server Error</html>"),
                Page(200, whole),
                Page(200, whole[:-3]),
                Page(503, b""),
                Page(0, b""),
            )
        )

    def _speak(self, call: Call) -> Answer:
        method, parameters = call["method"], call.get("params", [])
        if self.bare and method in _YOUNGER:
            return self._refuse(call, -32601, "the method does not exist/is not available")
        if self.bare and method == "eth_gasPrice":
            return {"jsonrpc": "2.0", "id": call["id"], "result": "0x0"}
        if self.decimal and method == "eth_chainId":
            return {"jsonrpc": "2.0", "id": call["id"], "result": str(CHAIN_ID)}
        if self.late and method == "eth_getTransactionReceipt":
            return self._receipt(call)
        if method == "eth_getBlockByNumber" and parameters[0] == _OLDEST and not self.finalized:
            return self._refuse(call, -39001, "finalized block not found")
        if method in ("eth_maxPriorityFeePerGas", "eth_feeHistory") and not self.fees:
            return self._refuse(call, -32601, "the method does not exist/is not available")
        if method == "eth_gasPrice" and not self.fees:
            price = self._last_price if self.follows else 0
            return {"jsonrpc": "2.0", "id": call["id"], "result": hex(price)}
        if method == "eth_sendRawTransaction" and self.follows:
            self._last_price = read_transaction(bytes.fromhex(parameters[0][2:])).price.max_wei
        if method == "eth_getLogs":
            return self._logs(call)
        if method == "eth_sendRawTransaction" and not self.typed and parameters[0].startswith("0x02"):
            return self._refuse(call, -32000, self._word("typed"))
        if "pending" in parameters and not self.pending:
            return self._refuse(call, -32602, self._word("pending"))
        answer = self._forward(call)
        if method == "eth_sendRawTransaction" and "error" in answer:
            return self._refuse(call, -32000, self._word(answer["error"]["message"]))
        block = answer.get("result")
        if method == "eth_getBlockByNumber" and isinstance(block, dict):
            self._bend(block)
        return answer

    def _speak_behind(self, call: Call) -> Answer:
        """Answer as a node does that has not come to the newest blocks."""
        newest = int(self._forward(call | {"method": "eth_blockNumber", "params": []})["result"], 16)
        height, parameters = max(0, newest - self.behind), list(call.get("params", []))
        tags = {
            "latest": height,
            "pending": height,
            _OLDEST: max(0, height - _FINALIZED_DEPTH),
        }
        match call["method"]:
            case "eth_blockNumber":
                return {"jsonrpc": "2.0", "id": call["id"], "result": hex(height)}
            case "eth_getBlockByNumber":
                number = tags[parameters[0]] if parameters[0] in tags else int(parameters[0], 16)
                if number > height:
                    return {"jsonrpc": "2.0", "id": call["id"], "result": None}
                parameters[0] = hex(number)
            case "eth_call" | "eth_getCode" | "eth_getTransactionCount" | "eth_getBalance":
                number = tags[parameters[1]] if parameters[1] in tags else int(parameters[1], 16)
                if number > height:
                    return self._refuse(call, -32000, "header not found")
                parameters[1] = hex(number)
            case "eth_getLogs":
                wanted = parameters[0]
                if int(wanted["fromBlock"], 16) > height:
                    return {"jsonrpc": "2.0", "id": call["id"], "result": []}
                parameters[0] = wanted | {"toBlock": hex(min(height, int(wanted["toBlock"], 16)))}
        answer = self._speak(call | {"params": parameters})
        result = answer.get("result")
        if call["method"] in _OF_TRANSACTIONS and result and int(result["blockNumber"] or "0x0", 16) > height:
            return answer | {"result": None}
        return answer

    def _receipt(self, call: Call) -> Answer:
        answer, name = self._forward(call), call["params"][0]
        if answer.get("result"):
            self._looks[name] += 1
        return answer | {"result": None} if 0 < self._looks[name] <= self.late else answer

    def _bend(self, block: dict[str, Any]) -> None:
        if not self.fees:
            block.pop("baseFeePerGas", None)
        if self.millis:
            block["timestamp"] = hex(int(block["timestamp"], 16) * 1000)

    def _logs(self, call: Call) -> Answer:
        wanted = dict(call["params"][0])
        first, last = int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16)
        if self.range and last - first >= self.range:
            return self._refuse(call, -32005, "Requested range exceeds maximum RPC range limit")
        if self.cut:
            wanted["toBlock"] = hex(min(last, first + self.cut - 1))
        answer = self._forward(call | {"params": [wanted]})
        if logs := answer.get("result"):
            answer["result"] = logs[: self.results]
        if self.nameless and answer.get("result"):
            for log in answer["result"]:
                del log["blockHash"]
            answer["result"] += [log | {"removed": True} for log in answer["result"]]
        return answer | {"result": None} if self.null and not answer.get("result", [0]) else answer

    def _word(self, message: str) -> str:
        if self.words is None:
            letters = "abcdefghijklmnopqrstuvwxyz "
            return "".join(self.random.choices(letters, k=self.random.randint(1, 40)))
        return self.words.get(kind_of_refusal(message), message)

    def _refuse(self, call: Call, code: int, message: str) -> Answer:
        return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": code, "message": message}}

    def _forward(self, call: Call) -> Answer:
        answer: Answer = self._http.post(self.upstream, json=call).json()
        return answer


#: The options of each kind. Words are those of the client, else drawn at random.
KINDS: Final[dict[str, dict[str, Any]]] = {
    "geth-poa": {"words": GETH, "finalized": False, "range": 5_000},
    "nethermind": {"words": NETHERMIND},
    "besu": {"words": BESU, "finalized": False, "fees": False, "range": 100},
    "quorum": {"words": GETH, "finalized": False, "fees": False},
    "old-gateway": {"words": None, "finalized": False, "typed": False, "pending": False},
    "fisco": {"words": FISCO, "finalized": False, "fees": False, "cut": 10},
    "rate-limited": {"words": None, "rate": 5.0},
    "flaky": {"words": None, "failing": 6},
    "random-words": {"words": None},
    "nameless-logs": {"words": None, "nameless": True},
    "few-results": {"words": CHINESE, "results": 2, "null": True, "decimal": True},
    "bare": {"words": CHINESE, "finalized": False, "bare": True},
}
#: Kinds whose answers come late: no test that looks once can be held to them, a story can.
LATE_KINDS: Final[dict[str, dict[str, Any]]] = {
    "late-receipts": {"words": GETH, "late": 12},
    "balancer": {"words": GETH, "behind": 5},
}
ALL_KINDS: Final = KINDS | LATE_KINDS


@contextmanager
def double(kind: str, upstream: str, **options: Any) -> Iterator[Double]:
    """Give a double of a kind before the chain at `upstream`."""
    made = Double(upstream, **(ALL_KINDS[kind] | options))
    try:
        yield made
    finally:
        made.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


def _handler(double: Double) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer, written in two pieces, takes 40 ms

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                page = double.answer(body, {name.lower(): value for name, value in self.headers.items()})
            except (httpx.HTTPError, ValueError):  # anvil is gone
                page = Page(0, b"")
            if not page.status:
                self.close_connection = True
                return
            self.send_response(page.status)
            for name, value in (page.headers | {"Content-Length": str(len(page.body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:  # whoever asked is gone
                self.close_connection = True

    return Handler
