"""A chain endpoint that fails on demand: an HTTP server between a node and anvil."""

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, Final

import httpx

_SECONDS: Final = 15.0  # for anvil to answer
_LONGEST: Final = 30.0  # that a request is left hanging: beyond the patience of every node
_FINALIZED: Final = 2  # anvil with `--slots-in-an-epoch 1`: so many blocks below the newest

Call = dict[str, Any]


class Endpoint:
    """Forwards to the chain at `upstream`, or fails as `kind` says; `other` is another chain altogether.

    It listens on a free port of `host`, an address of this machine.
    """

    KINDS: Final = ("hangs", "errors", "loses answers", "stale", "other chain")
    #: What may make an honest node quarantine its replica.
    LIES: Final = frozenset({"stale", "other chain"})

    def __init__(self, upstream: str, other: str, random: Random, *, host: str = "127.0.0.1") -> None:
        self._upstream, self._other, self._random = upstream, other, random
        self._http = httpx.Client(timeout=_SECONDS, trust_env=False)
        self._server = _Server((host, 0), _handler(self))
        self._height = 0
        self.kind = ""
        self.mended = threading.Event()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def fail(self, kind: str) -> None:
        """Fail in one way until it is mended."""
        if kind == "stale":
            self._height = int(self._forward(self._upstream, _call("eth_blockNumber"))["result"], 16)
        self.mended.clear()
        self.kind = kind

    def mend(self) -> None:
        self.kind = ""
        self.mended.set()

    def close(self) -> None:
        self.mend()
        self._server.shutdown()
        self._server.server_close()
        self._http.close()

    def answer(self, body: bytes) -> bytes | None:
        """Return what is sent back, None for a connection that breaks."""
        kind, call = self.kind, json.loads(body)
        if kind == "hangs":
            self.mended.wait(_LONGEST)
            return None
        if kind == "errors":
            return self._error(call)
        if kind == "stale":
            return _encode(self._stale(call))
        done = self._forward(self._other if kind == "other chain" else self._upstream, call)
        return None if kind == "loses answers" else _encode(done)

    def _forward(self, url: str, call: Call) -> Call:
        answer: Call = self._http.post(url, json=call).json()
        return answer

    def _error(self, call: Call) -> bytes | None:
        whole = _encode(self._forward(self._upstream, call))
        refusal = {"code": -32000, "message": "the node is busy"}
        return self._random.choice(
            (None, b"", b"<html>502</html>", whole[:-2], _encode(_answer(call) | {"error": refusal}))
        )

    def _stale(self, call: Call) -> Call:
        """Answer as when the newest block was the one at which this began."""
        now, parameters = hex(self._height), list(call["params"])
        match call["method"]:
            case "eth_blockNumber":
                return _answer(call, now)
            case "eth_call" | "eth_getTransactionCount" | "eth_getCode":
                parameters[1] = now
            case "eth_getBlockByNumber":
                tags = {"latest": now, "finalized": hex(max(0, self._height - _FINALIZED))}
                parameters[0] = tags.get(parameters[0], parameters[0])
                if int(parameters[0], 16) > self._height:
                    return _answer(call, None)
            case "eth_getLogs":
                wanted = parameters[0]
                if int(wanted["fromBlock"], 16) > self._height:
                    return _answer(call, [])
                parameters[0] = wanted | {"toBlock": hex(min(self._height, int(wanted["toBlock"], 16)))}
        done = self._forward(self._upstream, call | {"params": parameters})
        receipt = done.get("result")
        if call["method"] == "eth_getTransactionReceipt" and isinstance(receipt, Mapping):
            return _answer(call, None) if int(receipt["blockNumber"], 16) > self._height else done
        return done


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


def _handler(endpoint: Endpoint) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                answer = endpoint.answer(body)
            except (
                httpx.HTTPError,
                ValueError,
            ):  # anvil is gone, or whoever asked was killed in the middle of it
                answer = None
            if answer is None:
                self.close_connection = True
                return
            self.send_response(200 if answer.startswith(b"{") else 502)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:  # the node was killed
                self.close_connection = True

    return Handler


def _call(method: str) -> Call:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": []}


def _answer(call: Call, *result: Any) -> Call:
    answer = {"jsonrpc": "2.0", "id": call["id"]}
    return answer | {"result": result[0]} if result else answer


def _encode(answer: Call) -> bytes:
    return json.dumps(answer).encode()
