"""The chain adapter against endpoints that answer nonsense, too much, too slowly, nothing."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.jsonrpc import ATTEMPTS, Endpoint, read_retry_after
from anchoring.errors import (
    ChainMisbehaved,
    ChainUnavailable,
    NotAChain,
    TransactionRejected,
)

pytestmark = pytest.mark.enable_socket

CONTRACT = "0x" + "ab" * 20


class Server:
    """An endpoint that answers what a test tells it to; `answer` is bytes, or a function of the request."""

    def __init__(self) -> None:
        owner = self
        self.answer: Any = b""
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked: list[Any] = []
        self.seen_headers: list[dict[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                owner.asked.append(request)
                owner.seen_headers.append({name.lower(): value for name, value in self.headers.items()})
                answer = owner.answer(request) if callable(owner.answer) else owner.answer
                self.send_response(owner.status)
                if owner.status == 307:
                    self.send_header("Location", "http://127.0.0.1:1/")
                for name, value in owner.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for piece in [answer] if isinstance(answer, bytes) else answer:
                    try:
                        self.wfile.write(piece)
                    except OSError:
                        return

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def says(self, result: Any) -> None:
        self.answer = lambda request: json.dumps(
            {"jsonrpc": "2.0", "id": request["id"], "result": result}
        ).encode()

    def refuses(self, message: str, data: Any = None) -> None:
        error = {"code": -32000, "message": message, "data": data}
        self.answer = lambda request: json.dumps(
            {"jsonrpc": "2.0", "id": request["id"], "error": error}
        ).encode()


def slowly(_: object) -> bytes:
    time.sleep(1)
    return b""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def chain(server: Server) -> EthereumChain:
    return EthereumChain(Endpoint(server.url, timeout=0.5, max_bytes=100_000, wait=lambda _: None))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b"{}",
        b'{"jsonrpc": "2.0", "id": 0}',
        b'{"jsonrpc": "2.0", "id": 999999, "result": "0x1"}',
        b'{"jsonrpc": "2.0", "id": null, "result": "0x1"}',
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"result":' * 5_000,
        b'{"result": 1' + b"0" * 5_000 + b"}",
        b'{"result": "0x1", "error": {"message": ["odd"], "data": {"data": 5}}}',
        b'{"result": "0x1", "error": "odd"}',
        b"x" * 100_001,
    ],
)
def test_nonsense_is_an_endpoint_that_is_not_available(
    server: Server, chain: EthereumChain, answer: bytes
) -> None:
    server.answer = answer
    with pytest.raises(ChainUnavailable):
        chain.fetch_chain_id()


def test_an_answer_that_never_ends_is_cut_off(server: Server, chain: EthereumChain) -> None:
    def drip(_: object) -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.05)
            yield b" "

    server.answer = drip
    began = time.monotonic()
    with pytest.raises(ChainUnavailable):
        chain.fetch_chain_id()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("begin", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\n\r\n{", b""])
def test_an_answer_that_comes_byte_by_byte_ends_in_time(begin: bytes) -> None:
    """Each byte comes within the time-out of a socket, in a header as in the body, and the answer takes for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(65_536)
                connection.sendall(begin)
                while True:
                    time.sleep(0.05)
                    connection.sendall(b" " if begin.endswith(b"{") else b"H")

        threading.Thread(target=drip, daemon=True).start()
        start_time = time.monotonic()
        endpoint = Endpoint(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=0.5, wait=lambda _: None)
        with pytest.raises(ChainUnavailable, match="too long"):
            endpoint.request("eth_chainId")
        assert time.monotonic() - start_time < 3


def test_silence_and_absence_are_told_without_the_urls_secrets(server: Server) -> None:
    silent = Endpoint(server.url.replace("//", "//user:secret@") + "/v3/apikey", timeout=0.2)
    server.answer = slowly
    with pytest.raises(ChainUnavailable, match="too long") as caught:
        silent.request("eth_chainId")
    absent = Endpoint("http://user:secret@127.0.0.1:1/v3/apikey")
    with pytest.raises(ChainUnavailable) as refused:
        absent.request("eth_chainId")
    for error in (caught.value, refused.value):
        assert "secret" not in str(error)
        assert "apikey" not in str(error)


@pytest.mark.parametrize("status", [307, 429, 500, 503])
def test_http_errors_and_redirects_are_not_followed(
    server: Server, chain: EthereumChain, status: int
) -> None:
    server.status, server.answer = status, b"busy"
    with pytest.raises(ChainUnavailable, match=str(status)):
        chain.fetch_chain_id()


def test_a_range_that_is_too_large_for_the_endpoint_is_halved(server: Server, chain: EthereumChain) -> None:
    def answer(request: Any) -> bytes:
        wanted = request["params"][0]
        if int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) >= 100:
            return json.dumps(
                {"id": request["id"], "error": {"code": -32005, "message": "too many blocks"}}
            ).encode()
        return json.dumps({"id": request["id"], "result": []}).encode()

    server.answer = answer
    assert chain.fetch_events(CONTRACT, 0, 799) == []
    ranges = [(r["params"][0]["fromBlock"], r["params"][0]["toBlock"]) for r in server.asked]
    assert len(ranges) == 3 + 8
    chain.fetch_events(CONTRACT, 0, 799)
    assert len(server.asked) == 3 + 8 + 8, "the endpoint is known now"
    server.asked.clear()
    server.refuses("no logs today")
    with pytest.raises(ChainUnavailable, match="no logs today"):
        chain.fetch_events(CONTRACT, 0, 799)
    assert len(server.asked) == 3 * ATTEMPTS, "this range, one block of it, and whether that is kept"


@pytest.mark.parametrize(
    "data", [None, "0x", "0x01020304", {"data": "0x01020304"}, {"data": 5}, "odd", [], 7]
)
def test_a_revert_with_odd_data_is_still_a_rejection(server: Server, chain: EthereumChain, data: Any) -> None:
    server.refuses("execution reverted", data)
    with pytest.raises(TransactionRejected):
        chain.simulate("0x" + "11" * 20, CONTRACT, b"")


@pytest.mark.parametrize("depth", [20, 400, 900])
def test_an_answer_too_deep_to_be_shown_is_none(server: Server, chain: EthereumChain, depth: int) -> None:
    """Whatever reads or shows an answer goes down it by recursion."""
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    server.says(value)
    with pytest.raises(ChainMisbehaved, match="nests deeper"):
        chain.fetch_chain_id()
    server.refuses("execution reverted", {"data": value})
    with pytest.raises(ChainMisbehaved, match="nests deeper"):
        chain.simulate("0x" + "11" * 20, CONTRACT, b"")


def test_another_block_than_the_one_asked_for_is_refused(server: Server, chain: EthereumChain) -> None:
    block = {"number": "0x10", "hash": "0x" + "01" * 32, "parentHash": "0x" + "02" * 32, "timestamp": "0x60"}
    server.says(block)
    assert chain.fetch_latest_block().number == 16
    with pytest.raises(ChainMisbehaved):
        chain.find_block(17)
    deep = EthereumChain(Endpoint(server.url), final_depth=0)
    assert deep.fetch_final_block() == chain.fetch_latest_block()


def test_a_chain_without_the_finalized_tag_says_what_to_set(server: Server, chain: EthereumChain) -> None:
    server.says(None)
    with pytest.raises(ChainUnavailable, match="final_depth"):
        chain.fetch_final_block()
    server.refuses("unknown block tag")
    with pytest.raises(ChainUnavailable, match="final_depth"):
        chain.fetch_final_block()


def test_threads_may_share_an_adapter(server: Server, chain: EthereumChain) -> None:
    server.says("0x5")
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.extend(chain.fetch_chain_id() for _ in range(20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [5] * 80


@pytest.mark.parametrize(
    "failure",
    [
        b"",
        b"<html>",
        b'{"jsonrpc": "2.0"',
        b'{"jsonrpc": "2.0", "id": null, "error": {"code": -32005, "message": "limit"}}',
        b'{"jsonrpc": "2.0", "id": null, "error": {"code": -32603, "message": "Internal error"}}',
    ],
)
def test_a_request_that_fails_is_made_again(server: Server, chain: EthereumChain, failure: bytes) -> None:
    def answer(request: Any) -> bytes:
        good = {"jsonrpc": "2.0", "id": request["id"], "result": "0x5"}
        return failure if len(server.asked) < ATTEMPTS else json.dumps(good).encode()

    server.answer = answer
    assert chain.fetch_chain_id() == 5
    assert len(server.asked) == ATTEMPTS


def test_an_error_that_names_no_request_keeps_its_words(server: Server, chain: EthereumChain) -> None:
    server.answer = (
        b'{"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": "Invalid Request 7"}}'
    )
    with pytest.raises(ChainUnavailable, match="Invalid Request 7"):
        chain.fetch_chain_id()


def test_what_a_gateway_asks_to_wait_is_waited(server: Server) -> None:
    pauses: list[float] = []
    server.status, server.answer, server.headers = 429, b"slower", {"Retry-After": "7"}
    patient = EthereumChain(Endpoint(server.url, wait=pauses.append))
    with pytest.raises(ChainUnavailable, match="429"):
        patient.fetch_chain_id()
    assert pauses == [7.0] * (ATTEMPTS - 1)
    server.headers = {"Retry-After": "3600"}
    pauses.clear()
    with pytest.raises(ChainUnavailable, match="429"):
        patient.fetch_chain_id()
    assert pauses == [], "so long a wait is for the loop that asks"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("12", 12.0),
        ("Wed, 21 Oct 2015 07:28:10 GMT", 10.0),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read(text: str | None, seconds: float | None) -> None:
    assert read_retry_after(text, now=1_445_412_480) == seconds


PAGE = b"\n<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head></html>"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, PAGE),
        (404, PAGE),
        (404, b"404 page not found"),
        (405, b""),
        (400, PAGE),
        (302, PAGE),
        (200, b'\xef\xbb\xbf<?xml version="1.0"?>'),
        (200, b'{"title": "Not Found", "status": 404}'),
        (404, b'{"detail": "Not Found"}'),
    ],
)
def test_what_is_no_endpoint_of_a_chain_is_named_and_not_repeated(
    server: Server, chain: EthereumChain, status: int, answer: bytes
) -> None:
    server.status, server.answer = status, answer
    with pytest.raises(NotAChain, match="no JSON-RPC endpoint of a chain") as caught:
        chain.fetch_chain_id()
    assert "chain_url" in str(caught.value)
    assert not any(words in str(caught.value) for words in ("<", "nginx", "Not Found", "not found"))
    assert len(server.asked) == ATTEMPTS, "a gateway may show a page for a moment"


@pytest.mark.parametrize("status", [408, 429, 502, 503])
def test_a_page_of_a_gateway_that_is_busy_passes(server: Server, chain: EthereumChain, status: int) -> None:
    server.status, server.answer = status, PAGE
    with pytest.raises(ChainUnavailable, match=str(status)) as caught:
        chain.fetch_chain_id()
    assert not isinstance(caught.value, NotAChain)
    assert "<" not in str(caught.value)


def test_a_gateway_without_its_key_is_told_what_to_set(server: Server, chain: EthereumChain) -> None:
    server.status, server.answer = 401, b'{"error": "no key"}'
    with pytest.raises(ChainUnavailable, match="chain_headers_file"):
        chain.fetch_chain_id()


def test_nobody_and_silence_are_not_asked_again(server: Server) -> None:
    absent = Endpoint("http://127.0.0.1:1", wait=lambda _: pytest.fail("nobody is there"))
    with pytest.raises(ChainUnavailable):
        absent.request("eth_chainId")


def test_headers_go_with_every_request(server: Server) -> None:
    keyed = EthereumChain(Endpoint(server.url, headers={"X-Api-Key": "k"}))
    server.says("0x5")
    assert keyed.fetch_chain_id() == 5
    assert server.seen_headers[-1]["x-api-key"] == "k"


def test_an_endpoint_that_keeps_no_old_blocks_is_named(server: Server, chain: EthereumChain) -> None:
    def answer(request: Any) -> bytes:
        error = {"code": -32000, "message": "no such thing"}
        missing = request["method"] == "eth_getBlockByNumber"
        return json.dumps(
            {"id": request["id"]} | ({"result": None} if missing else {"error": error})
        ).encode()

    server.answer = answer
    with pytest.raises(ChainUnavailable, match="does not keep block 7"):
        chain.fetch_events(CONTRACT, 7, 9)
