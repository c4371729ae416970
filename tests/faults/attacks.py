"""What a stranger can do to a node, at small size.

Each attack goes on until its process is ended.

python -m tests.faults.attacks HOST PORT THREADS NAME [STATEMENT]
"""

import base64
import json
import resource
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

Address = tuple[str, int]
#: Is made again when the node ends it.
Attack = Callable[[Address], None]

ROOT: Final = Path(__file__).parents[2]
_PIECE: Final = 2**16
_JSON: Final = "Content-Type: application/json"
_FORM: Final = "Content-Type: application/x-www-form-urlencoded"


@contextmanager
def under(address: Address, threads: int, name: str, *more: str) -> Iterator[None]:
    """Attack while the block runs, from a process of its own: what it works is no load of whoever measures."""
    arguments = [*map(str, address), str(threads), name, *more]
    with subprocess.Popen([sys.executable, "-m", "tests.faults.attacks", *arguments], cwd=ROOT) as attacker:
        try:
            yield
            assert attacker.poll() is None, "the attack ended by itself"
        finally:
            attacker.kill()


def main() -> None:
    host, port, threads, name, *more = sys.argv[1:]
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    attack = published_statement(more[0].encode()) if more else ATTACKS[name]
    for _ in range(int(threads)):
        threading.Thread(target=_go_on, args=(attack, (host, int(port)))).start()


def _go_on(attack: Attack, address: Address) -> None:
    while True:
        with suppress(OSError):
            attack(address)


def connect(address: Address) -> socket.socket:
    return socket.create_connection(address, 5)


def head(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "Host: node", *headers, "", ""]).encode()


def post(address: Address, path: str, media_type: str, body: bytes) -> bytes:
    """Send a whole request and return the beginning of the answer."""
    with connect(address) as client:
        client.settimeout(60)
        with suppress(OSError):
            client.sendall(head(f"POST {path}", media_type, f"Content-Length: {len(body)}") + body)
        return client.recv(2**16)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _send_on(address: Address, request: bytes, piece: bytes) -> None:
    """Send a piece again and again until the node has enough of it."""
    with connect(address) as client:
        client.sendall(request)
        while True:
            client.sendall(piece)


def lineages_body(address: Address) -> None:
    """A body without end to a route that wants a token."""
    request = head("POST /v1/certificates/lineages", _JSON, "Transfer-Encoding: chunked")
    _send_on(address, request, _chunk(b"x" * _PIECE))


def stray_body(address: Address) -> None:
    """A body without end to an address that takes none, and to one that does not exist."""
    for line in ("GET /healthz", "POST /no/such/thing", "PUT /v1/verify"):
        with suppress(OSError):
            _send_on(address, head(line, _JSON, "Content-Length: 1600000000"), b"x" * _PIECE)


def crumbs(address: Address) -> None:
    """Bodies in chunks of one byte, each of which costs as much as one of a thousand."""
    request = head("POST /v1/verify", _JSON, "Transfer-Encoding: chunked")
    _send_on(address, request, b"1\r\nx\r\n" * 40_000)


def verify_bodies(address: Address) -> None:
    """The largest bodies there may be, each of as many small parts as it holds."""
    for path, media_type, body in (
        ("/v1/verify/batch", _JSON, b'{"items":[' + b"1," * (15 * 2**20) + b"1]}"),
        ("/v1/verify", _JSON, b'{"claims":{' + b'"a":1,' * (5 * 2**20) + b'"b":1}}'),
        ("/", _FORM, b"a&" * (15 * 2**20)),
    ):
        post(address, path, media_type, body)


def unfinished_bodies(address: Address) -> None:
    """A hundred bodies of which the beginning comes, and then nothing."""
    request = head("POST /v1/verify", _JSON, "Content-Length: 1000000") + b'{"proof"'
    _hold(address, 100, request)


def slow_headers(address: Address) -> None:
    """A hundred heads that come byte by byte."""
    _hold(address, 100, b"GET / HTTP/1.1\r\nHost: node\r\nX: ", trickle=b"y")


def idle_connections(address: Address) -> None:
    """Five hundred connections on which nothing is said."""
    _hold(address, 500, b"")


def churned_connections(address: Address) -> None:
    """Three hundred connections that are opened together and closed again, five times a second."""
    clients = [connect(address) for _ in range(300)]
    for client in clients:
        client.close()
    time.sleep(0.2)


def _hold(address: Address, number: int, begun: bytes, trickle: bytes = b"") -> None:
    """Open connections, as many as this process may, and keep them."""
    clients: list[socket.socket] = []
    try:
        with suppress(OSError):
            for _ in range(number):
                clients.append(connect(address))
                clients[-1].sendall(begun)
        while True:
            time.sleep(0.5)
            for client in clients:
                with suppress(OSError):
                    client.sendall(trickle)
    finally:
        for client in clients:
            client.close()


def malformed_requests(address: Address) -> None:
    """Requests that are none, as fast as they can be sent."""
    while True:
        with connect(address) as client:
            client.sendall(b"\x16\x03\x01\x02\x00 no request\r\n\r\n")
            client.recv(2**10)


def snapshots(address: Address) -> None:
    """Snapshots from every event on, each another, none of them read to the end."""
    for after in count():
        with connect(address) as client:
            client.sendall(head(f"GET /v1/snapshot?cosigned=1&after={after % 8}"))
            client.recv(100)


def published_statement(line: bytes) -> Attack:
    """Rows without end behind a statement that everybody can read."""

    def attack(address: Address) -> None:
        request = head(
            "POST /v1/submissions", "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked"
        )
        _send_on(address, request + _chunk(line + b"\n"), _chunk(b"x" * _PIECE))

    return attack


def unsaid_statements(address: Address) -> None:
    """Submissions whose first line does not come."""
    request = head("POST /v1/submissions", "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked")
    _hold(address, 20, request)


def documents(address: Address) -> None:
    """PDFs that make their reader work: a cross-reference stream of a million entries in a few kilobytes."""
    entries = zlib.compress(bytes(5 * 2**20), 9)
    stream = b"<</Type/XRef/Size %d/W[1 3 1]/Root 1 0 R/Filter/FlateDecode/Length %d>>" % (
        2**20,
        len(entries),
    )
    pdf = (
        b"%PDF-1.7\n1 0 obj\n" + stream + b"stream\n" + entries + b"\nendstream endobj\nstartxref\n9\n%%EOF\n"
    )
    while True:
        salted = [base64.b64encode(pdf + b"%%%d" % number).decode() for number in range(16)]
        body = json.dumps({"proof": {}, "documents": salted}).encode()
        post(address, "/v1/verify", _JSON, body)


def latency(address: Address, request: bytes) -> tuple[float, int]:
    """Return the seconds that a request takes, and the status of its answer; 0 where there is none."""
    begun, answer = time.monotonic(), b""
    with suppress(OSError), connect(address) as client:
        client.settimeout(30)
        client.sendall(request)
        answer = client.recv(2**16)
    return time.monotonic() - begun, int(answer.split()[1]) if answer else 0


ATTACKS: Final[dict[str, Attack]] = {
    attack.__name__: attack
    for attack in (
        lineages_body,
        stray_body,
        crumbs,
        verify_bodies,
        unfinished_bodies,
        slow_headers,
        idle_connections,
        churned_connections,
        malformed_requests,
        snapshots,
        unsaid_statements,
        documents,
    )
}


if __name__ == "__main__":
    main()
