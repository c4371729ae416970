"""What a client takes of whoever answers at a node's address, and where its token goes."""

import gzip
import zlib
from collections.abc import Callable, Iterator

import httpx
import pytest

from api.client.client import NodeClient
from api.client.node_error import NodeError
from ledger.proof.staples import MAX_RANGE_BYTES
from tests.unit.api.desk import client_over

NODE = "https://tianmen.example:8443/node"
SEAL = "seal.11429006012345671T.42900600000001.001.E"
USES = f"/v1/certificates/{SEAL}/uses"
BOMB = b'{"registry": "eip155:1", "items": [' + b" " * 2**26 + b"]}"

Ask = Callable[[NodeClient], object]
QUESTIONS: dict[str, Ask] = {
    "logs": lambda node: node.fetch_logs(),
    "verify": lambda node: node.verify(b"{}"),
    "verify_batch": lambda node: node.verify_batch(b"{}"),
    "certificate_proof": lambda node: node.fetch_certificate_proof(SEAL),
    "history": lambda node: node.fetch_history(SEAL),
    "lineages": lambda node: node.fetch_lineages([SEAL]),
    "uses": lambda node: list(node.fetch_uses(SEAL, None, None)),
    "status_range": lambda node: node.fetch_status_range("tianmen", 0),
    "submit": lambda node: node.submit([b"{}\n"]),
    "snapshot": lambda node: list(node.fetch_snapshot()),
}


def ask(question: Ask, respond: Callable[[httpx.Request], httpx.Response]) -> object:
    with client_over(respond)(NODE) as node:
        return question(node)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    ("coding", "body"), [("gzip", gzip.compress(BOMB)), ("deflate", zlib.compress(BOMB))]
)
def test_a_compressed_answer_is_not_inflated(question: Ask, status: int, coding: str, body: bytes) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return httpx.Response(status, headers={"Content-Encoding": coding}, stream=httpx.ByteStream(body))

    with pytest.raises(NodeError, match="compresses its answer"):
        ask(question, respond)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_web_page_is_no_answer(question: Ask) -> None:
    """Networks that ask for a login answer every address with one."""
    with pytest.raises(NodeError, match="a web page"):
        ask(question, lambda _: httpx.Response(200, html="<html>login</html>"))


class Endless(httpx.SyncByteStream):
    """A body that has no end; how much of it was read."""

    def __init__(self) -> None:
        self.read = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.read += 2**20
            yield b" " * 2**20


@pytest.mark.parametrize("question", list(QUESTIONS.values())[:-1], ids=list(QUESTIONS)[:-1])
@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_without_end_is_read_up_to_a_limit(question: Ask, status: int) -> None:
    body = Endless()
    with pytest.raises(NodeError, match="answers with more than"):
        ask(question, lambda _: httpx.Response(status, stream=body))
    assert body.read <= 2**26


def test_an_answer_that_says_how_long_it_is_is_refused_unread() -> None:
    body = Endless()
    headers = {"Content-Length": str(MAX_RANGE_BYTES + 1)}
    with pytest.raises(NodeError, match="answers with more than"):
        ask(QUESTIONS["status_range"], lambda _: httpx.Response(200, headers=headers, stream=body))
    assert body.read == 0


@pytest.mark.parametrize("depth", [20, 900, 10**6])
def test_json_too_deep_to_be_read_is_no_answer(depth: int) -> None:
    body = b'{"registry": "r", "items": [], "more": ' + b"[" * depth + b"]" * depth + b"}"
    with pytest.raises(NodeError, match="does not answer as a node does"):
        ask(QUESTIONS["logs"], lambda _: httpx.Response(200, content=body))
    with pytest.raises(NodeError, match="not as a node does"):
        ask(QUESTIONS["logs"], lambda _: httpx.Response(500, content=b'{"type": "a", "rows": ' + body + b"}"))


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.example/v1/logs",
        "https://tianmen.example/v1/logs",
        "http://tianmen.example:8443/v1/logs",
        "/v1/other",
    ],
)
def test_a_redirect_is_not_followed(question: Ask, status: int, location: str) -> None:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, headers={"Location": location})

    with pytest.raises(NodeError, match="is not followed"):
        ask(question, respond)
    assert len(asked) == 1


def pages(*following: str | None) -> tuple[list[httpx.URL], Callable[[httpx.Request], httpx.Response]]:
    """Return a node that names these addresses for the next page, one after the other, and what it is asked."""
    asked: list[httpx.URL] = []

    def respond(request: httpx.Request) -> httpx.Response:
        address = following[len(asked)]
        asked.append(request.url)
        return httpx.Response(200, json={"items": [], "next": address})

    return asked, respond


@pytest.mark.parametrize(
    "address",
    [
        f"https://elsewhere.example{USES}?position=100",
        f"http://tianmen.example:8443{USES}?position=100",
        f"https://tianmen.example{USES}?position=100",
        f"https://tianmen.example:8443{USES}?position=100",
        f"//elsewhere.example{USES}?position=100",
        f"\\\\elsewhere.example{USES}?position=100",
        f"{USES}/../../../other?position=100",
        "/v1/logs?position=100",
        f"{USES}?position=0",
        f"{USES}?position=-1",
        f"{USES}?position=1&position=2",
        f"{USES}?position=" + "9" * 5000,
        f"{USES}?position=٣",
        f"{USES}?limit=100",
        USES,
        "@elsewhere.example/",
    ],
)
def test_a_list_goes_on_where_it_was_asked_or_not_at_all(address: str) -> None:
    asked, respond = pages(address, None)
    with pytest.raises(NodeError, match="was not asked"):
        ask(QUESTIONS["uses"], respond)
    assert len(asked) == 1


def test_pages_of_a_list_are_asked_at_the_address_of_the_node() -> None:
    asked, respond = pages(f"{USES}?after=x&position=100&limit=100", f"{USES}?position=200", None)
    with client_over(respond)(NODE) as node:
        assert list(node.fetch_uses(SEAL, "2026-01-01T00:00:00Z", None)) == []
    assert [url.params["position"] for url in asked] == ["0", "100", "200"]
    assert {(url.scheme, url.host, url.port, url.path) for url in asked} == {
        ("https", "tianmen.example", 8443, f"/node{USES}")
    }
    assert {url.params["after"] for url in asked} == {"2026-01-01T00:00:00Z"}


def test_a_list_that_never_moves_on_ends() -> None:
    asked, respond = pages(f"{USES}?position=100", f"{USES}?position=100")
    with pytest.raises(NodeError):
        ask(QUESTIONS["uses"], respond)
    assert len(asked) == 2
