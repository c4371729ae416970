"""Another city's node over real sockets, and servers that do what they like.

Either way there is an answer, or one error, in bounded time.
"""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from anchoring.errors import PeerFailed, PeerRefused
from api.client.peers import MAX_PEER_PAGE_BYTES, HttpPeer

SECONDS = 1.0
PAGE = b'{"items": []}'

Serve = Callable[[socket.socket], None]


@contextmanager
def server(serve: Serve, *, reads_head: bool = True) -> Iterator[str]:
    """Answer every connection with `serve`, after the request's head was read unless it reads that itself; give the URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        done = threading.Event()

        def run() -> None:
            while not done.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    try:
                        while reads_head and b"\r\n\r\n" not in connection.recv(65536):
                            pass
                        serve(connection)
                    except OSError:
                        pass  # the client broke off

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            done.set()
            thread.join()


def answer(status: str, body: bytes, *headers: str) -> Serve:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return lambda connection: connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def dripping(head: bytes) -> Serve:
    """Send `head`, then a byte now and then, for ever."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    return serve


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")


def silent(connection: socket.socket) -> None:
    while connection.recv(1):
        pass


def test_a_page_is_taken_as_it_is() -> None:
    with server(answer("200 OK", PAGE)) as url:
        assert HttpPeer(url).fetch_entries("tianmen", 0, 10) == PAGE
        assert HttpPeer(url + "/").fetch_entries("tianmen", 0, 10) == PAGE


def test_a_node_that_holds_none_has_an_empty_page() -> None:
    with server(answer("404 Not Found", b"x" * 10_000)) as url:
        assert HttpPeer(url).fetch_entries("tianmen", 0, 10) == PAGE


BOMB = gzip.compress(b" " * 50_000_000)
HOSTILE: dict[str, tuple[Serve, str]] = {
    "an error": (answer("500 Internal Server Error", b""), "answers 500"),
    "a redirect": (answer("302 Found", b"", "Location: http://127.0.0.1:1/"), "answers 302"),
    "a bomb": (answer("200 OK", BOMB, "Content-Encoding: gzip"), "compresses"),
    "too much": (answer("200 OK", b" " * (MAX_PEER_PAGE_BYTES + 1)), "more than"),
    "no end": (endless, "more than"),
    "dripping headers": (dripping(b"HTTP/1.1 200 OK\r\nX: "), "longer than 1 s"),
    "a dripping body": (dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"), "longer than 1 s"),
    "silence": (silent, "longer than 1 s|cannot be reached"),
    "no HTTP": (lambda connection: connection.sendall(b"\x00\x16hello\r\n\r\n"), "cannot be reached"),
    "an end in the middle": (
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
        "cannot be reached",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_server_does_it_ends_in_time(name: str) -> None:
    serve, said = HOSTILE[name]
    with server(serve) as url:
        started = time.monotonic()
        with pytest.raises(PeerFailed, match=said) as failed:
            HttpPeer(url, max_seconds=SECONDS).fetch_entries("tianmen", 0, 10)
        assert time.monotonic() - started < 5 * SECONDS
        assert len(str(failed.value)) < 400
        unanswered = "longer than" in said or "cannot be reached" in said
        assert isinstance(failed.value, PeerRefused) is not unanswered


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "http://nowhere.invalid"):
        with pytest.raises(PeerFailed, match="cannot be reached"):
            HttpPeer(url).fetch_entries("tianmen", 0, 10)


def test_a_checkpoint_is_asked_for_and_may_be_missing() -> None:
    asked = []

    def serve(connection: socket.socket) -> None:
        asked.append(connection)
        answer("200 OK", b"{}")(connection)

    with server(serve) as url:
        assert HttpPeer(url, SECONDS).fetch_checkpoint() == b"{}"
    assert asked
    with server(answer("404 Not Found", b"{}")) as url:
        assert HttpPeer(url, SECONDS).fetch_checkpoint() is None
    with server(answer("500 No", b"")) as url, pytest.raises(PeerFailed):
        HttpPeer(url, SECONDS).fetch_checkpoint()
