"""No connection keeps the process waiting for ever, and none too many are open.

No head has two meanings.
"""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import limits
from api.http.bounds.connections import Connections
from api.http.bounds.refusals import Refusals
from api.http.bounds.serving import Server, configure

GET = b"GET / HTTP/1.1\r\nHost: node\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: node\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"
LARGE = 2**23


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the length of the body; `/large` with more than a socket holds, `/deaf` having read nothing.

    `/busy` keeps the whole node from anything else for a while.
    """
    if scope["path"] == "/busy":
        time.sleep(1)  # noqa: ASYNC251 - nothing else shall run
    length = 0
    while scope["type"] == "http" and scope["path"] != "/deaf":
        message = await receive()
        length += len(message.get("body", b""))
        if not message.get("more_body", False):
            break
    content = bytes(LARGE) if scope["path"] == "/large" else b"%d" % length
    headers = [(b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


class Served:
    """An application behind a socket of this machine's file system, served as a node is."""

    def __init__(self, path: Path, clients: ExitStack) -> None:
        self.path, self._clients = path, clients
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        self._server = Server(configure(application, Refusals(), lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, args=([listener],))
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def close(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(5)
        client.connect(str(self.path))
        return self._clients.enter_context(client)

    def ask(self, *sent: bytes) -> bytes:
        """Return all that the node answers to these bytes until it closes the connection, or waits for more."""
        client = self.connect()
        for piece in sent:
            with suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(piece)
        return read_all(client)


def read_all(client: socket.socket, seconds: float = 1.0) -> bytes:
    """Return what comes until the end, or until nothing comes for so long."""
    client.settimeout(seconds)
    taken = b""
    try:
        while piece := client.recv(2**16):
            taken += piece
    except (TimeoutError, ConnectionResetError):
        pass
    return taken


def is_closed(client: socket.socket, within: float = 3.0) -> bool:
    """Say whether the other side has ended the connection, after whatever it still had to say."""
    client.settimeout(within)
    try:
        while client.recv(2**16):
            pass
    except TimeoutError:
        return False
    except ConnectionResetError:
        pass
    return True


def send_until_closed(client: socket.socket, piece: bytes, most: int, pause: float = 0.0) -> int:
    """Send a piece again and again; return how often until the other side had ended the connection, at most `most`."""
    for count in range(most):
        try:
            client.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            return count
        time.sleep(pause)
    return most


def trickle(client: socket.socket) -> None:
    """Send a byte twenty times a second, for five seconds at most."""
    send_until_closed(client, b"a", 100, 0.05)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with ExitStack() as clients:
        node = Served(tmp_path / "s", clients)
        yield node
        node.close()


def status(answer: bytes) -> int:
    return int(answer.split()[1]) if answer else 0


def test_ordinary_requests_are_answered_one_after_another(served: Served) -> None:
    client = served.connect()
    for _ in range(3):
        client.sendall(GET)
        assert status(read_all(client, 0.3)) == 200
    client.sendall(POST + b"Content-Length: 3\r\n\r\nabc" + GET)
    assert read_all(client).count(b"200 OK") == 2


@pytest.mark.parametrize(
    "begun", [b"", b"GET / HTTP/1.1\r\nHost: no", GET + b"GET / HT"], ids=["none", "first", "second"]
)
def test_headers_that_do_not_end_are_given_up(
    served: Served, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.2)
    client = served.connect()
    client.sendall(begun)
    assert is_closed(client)


def test_headers_that_trickle_are_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte comes soon after the one before; that starts no clock anew."""
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.3)
    client, begun = served.connect(), time.monotonic()
    trickle(client)
    assert time.monotonic() - begun < 3


def test_a_connection_that_idles_between_requests_is_closed(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "KEEP_ALIVE_SECONDS", 0.2)
    client = served.connect()
    client.sendall(GET)
    assert is_closed(client)


def test_a_client_that_reads_nothing_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "READING_SECONDS", 0.3)
    client = served.connect()
    client.sendall(b"GET /large HTTP/1.1\r\nHost: node\r\n\r\n")
    time.sleep(1.5)
    assert len(read_all(client)) < LARGE


@pytest.mark.parametrize("length", [b"Content-Length: 900000000\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_what_is_sent_on_after_the_answer_is_bounded(served: Served, length: bytes) -> None:
    """The client may go on for a while, so that it comes to read the answer."""
    client = served.connect()
    client.sendall(b"POST /deaf HTTP/1.1\r\nHost: node\r\n" + length + b"\r\n")
    assert status(client.recv(2**16)) == 200
    piece = b"10000\r\n" + bytes(2**16) + b"\r\n" if b"chunked" in length else bytes(2**16)
    sent = len(piece) * send_until_closed(client, piece, 2**28 // len(piece))
    assert limits.REST_BYTES / 2 < sent < 2**23


@pytest.mark.parametrize("pieces", [4, 400])
def test_who_is_answered_early_reads_the_answer(served: Served, pieces: int) -> None:
    """As a department that sends a known submission again: the answer is there although the rest is not read."""
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(served.path))) as client:
        answer = client.post("http://node/deaf", content=(bytes(2**16) for _ in range(pieces)))
    assert (answer.status_code, answer.content) == (200, b"0")


def test_what_trickles_after_the_answer_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REST_SECONDS", 0.3)
    client, begun = served.connect(), time.monotonic()
    client.sendall(b"POST /deaf HTTP/1.1\r\nHost: node\r\nContent-Length: 900000\r\n\r\n")
    trickle(client)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HTTP/1.1\r\n", GET, POST + b"Content-Length: 9\r\n\r\n1"],
    ids=["none", "head", "idle", "body"],
)
def test_idle_connections_make_room(served: Served, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    """The oldest of those that have brought nothing goes, and whoever comes is served."""
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 8)
    idle = [served.connect() for _ in range(20)]
    for client in idle:
        try:
            client.sendall(begun)
        except BrokenPipeError:
            continue
    for _ in range(10):
        assert status(served.ask(LAST)) == 200
    assert sum(is_closed(client, 0.05) for client in idle) >= 12


def test_requests_under_way_are_not_dropped_for_others(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 2)
    monkeypatch.setattr(limits, "FREE_BODY_BYTES", 100)
    busy = [served.connect() for _ in range(2)]
    for client in busy:
        client.sendall(POST + b"Content-Length: 300\r\n\r\n")
        time.sleep(0.1)
        client.sendall(bytes(200))
    time.sleep(0.2)
    refused = served.ask(GET)
    assert (status(refused), b"Retry-After: 2" in refused) == (503, True)
    for client in busy:
        client.sendall(bytes(100))
        assert read_all(client, 0.3).endswith(b"300")


def test_a_connection_is_heard_before_it_is_dropped_for_newer_ones(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many wait when the node finds time for them, and the one among them that says something is answered."""
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 400)
    served.connect().sendall(GET.replace(b"/", b"/busy", 1))
    silent = [served.connect() for _ in range(600)]
    speaker = served.connect()
    speaker.sendall(LAST)
    silent += [served.connect() for _ in range(600)]
    assert status(read_all(speaker, 5)) == 200


def test_a_connection_that_comes_while_the_node_ends_is_closed(served: Served) -> None:
    served.connect().sendall(GET.replace(b"/", b"/busy", 1))
    time.sleep(0.2)
    late_clients = [served.connect() for _ in range(50)]
    served.close()
    for client in late_clients:
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""


def test_a_machine_that_allows_few_files_has_fewer_connections() -> None:
    assert Connections(Refusals(), max_files=1_024).max_connections == 1_024 - limits.FILES_BESIDE_CONNECTIONS
    assert Connections(Refusals(), max_files=limits.OPEN_FILES).max_connections == limits.MAX_CONNECTIONS
    assert Connections(Refusals(), max_files=64).max_connections == 1


#: Heads that a proxy may read otherwise than the node would; h11 alone takes many of them.
TWO_MEANINGS = {
    "length and coding": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "equal lengths": POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    "folded": POST + b"X: y\r\n Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    "folded length": POST + b"Content-Length:\r\n 1\r\n\r\nx",
    "line feed": POST + b"X: y\nContent-Length: 1\r\n\r\nx",
    "line feed ends the head": POST + b"Content-Length: 1\r\n\nx",
    "line feeds alone": b"GET / HTTP/1.1\nHost: node\n\n",
    "coding in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "line feed in trailers": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n",
    "length in trailers and twice": POST
    + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
    "different lengths": POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "two codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "another coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "space before the colon": POST + b"Content-Length : 1\r\n\r\nx",
    "carriage return alone": POST + b"X: y\rContent-Length: 1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "signed length": POST + b"Content-Length: +1\r\n\r\nx",
    "thousands of headers": POST + b"a:b\r\n" * 2_000 + b"\r\n",
    "list of lengths": POST + b"Content-Length: 1, 1\r\n\r\nx",
}


@pytest.mark.parametrize("name", TWO_MEANINGS)
def test_a_head_with_two_meanings_is_refused(served: Served, name: str) -> None:
    """Nothing behind it is read as a second request either."""
    answer = served.ask(TWO_MEANINGS[name] + GET)
    assert (status(answer), answer.count(b"HTTP/1.1 ")) == (400, 1)


def test_a_body_in_crumbs_is_refused_before_it_costs_much(served: Served) -> None:
    """And one in chunks of the size of a row, or in a few small ones, is taken."""
    chunked = POST + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert status(served.ask(chunked + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n")) == 400
    assert served.ask(chunked + b"1\r\nx\r\n" * 900 + b"0\r\n\r\n").endswith(b"900")
    assert served.ask(chunked + (b"c8\r\n" + bytes(200) + b"\r\n") * 5_000 + b"0\r\n\r\n").endswith(
        b"1000000"
    )


def test_no_other_protocol_is_spoken(served: Served) -> None:
    upgrade = b"GET / HTTP/1.1\r\nHost: node\r\nConnection: upgrade\r\nUpgrade: %s\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    for name in (b"websocket", b"h2c"):
        assert status(served.ask(upgrade % name + key)) == 200


def test_a_malformed_body_ends_the_request(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Before the answer, and after it: with nothing in the log but the count."""
    chunked = b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n"
    assert status(served.ask(POST + chunked)) == 400
    assert served.ask(b"POST /deaf HTTP/1.1\r\nHost: node\r\n" + chunked).count(b"HTTP/1.1 ") == 1
    assert {record.name for record in caplog.records} <= {"api.http.bounds.refusals"}


def test_a_flood_of_malformed_requests_is_one_line(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for _ in range(20):
            assert status(served.ask(b"\x16\x03\x01 no request\r\n\r\n")) == 400
    lines = [record for record in caplog.records if record.levelno >= logging.INFO]
    assert [line.getMessage() for line in lines] == [
        "counted since the last such line: 1 × malformed requests"
    ]


def test_refusals_are_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    refusals = Refusals(lambda: now)
    for _ in range(1000):
        refusals.count("slow headers")
        refusals.count("malformed requests")
        now += 0.1
    now += 60
    refusals.tell()
    told = [record.getMessage().partition(": ")[2] for record in caplog.records]
    assert len(told) == 3
    assert told[0] == "1 × slow headers"
    assert sum(int(line.split("× slow")[0].split(", ")[-1]) for line in told) == 1000


def test_requests_write_so_many_lines_a_minute_and_are_counted_then(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LINES_A_MINUTE", 10)
    now = 0.0
    refusals = Refusals(lambda: now)
    assert [refusals.may_log() for _ in range(12)] == [True] * 10 + [False] * 2
    now = 60.0
    assert refusals.may_log()
    refusals.tell()
    assert sum("requests without a line" in record.getMessage() for record in caplog.records) == 2
