"""No body is read without bound: neither before the token, nor beyond a limit, nor for ever."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import BaseModel
from starlette.routing import BaseRoute
from starlette.types import Message

from api import limits
from api.http.app import create_app
from api.http.bounds.body_bounds import BodyBounds, Memory, find_max_bytes
from tests.unit.api.city import City

JSON = {"content-type": "application/json"}
LINEAGES = "/v1/certificates/lineages"
PIECE = b"x" * 2**16


def routes(routed: Any) -> Iterator[BaseRoute]:
    """Yield every route of an application, also those of the routers that it includes."""
    for route in routed.routes:
        included = getattr(route, "original_router", None)
        yield from routes(included) if included else [route]


def read_by_the_framework(app: FastAPI) -> list[str]:
    """Return the routes whose body FastAPI would read by itself: before the token, and all of it."""
    return [route.path for route in routes(app) if isinstance(route, APIRoute) and route.body_field]


def test_no_route_lets_the_framework_read_its_body(city: City) -> None:
    app = create_app(city.settings, city.clock)
    assert {route.path for route in routes(app) if isinstance(route, APIRoute)} >= {
        LINEAGES,
        "/v1/verify",
        "/",
    }
    assert read_by_the_framework(app) == []


def test_the_walk_sees_a_route_that_does() -> None:
    class Shape(BaseModel):
        identifiers: list[str]

    app = FastAPI()

    @app.post("/declared")
    def declared(asked: Shape) -> None: ...

    assert read_by_the_framework(app) == ["/declared"]


class Sender:
    """Sends a request to an application piece by piece, without end, and counts what was asked for."""

    def __init__(self, app: Any, pieces: int = 10_000, pause: float = 0.0) -> None:
        self.app, self.pieces, self.pause = app, pieces, pause
        self.sent_bytes = 0
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""

    async def receive(self) -> Message:
        await asyncio.sleep(self.pause)
        self.pieces -= 1
        self.sent_bytes += len(PIECE)
        return {"type": "http.request", "body": PIECE, "more_body": self.pieces > 0}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message.get("body", b"")

    def ask(self, method: str, path: str, headers: Mapping[str, str] = JSON) -> int:
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
        }
        more = {
            "headers": raw,
            "http_version": "1.1",
            "scheme": "http",
            "root_path": "",
            "server": ("node", 80),
        }
        asyncio.run(self.app(scope | more, self.receive, self.send))
        return self.status

    @property
    def problem(self) -> str:
        return str(json.loads(self.body)["type"])


def endless(node: TestClient, method: str, path: str, headers: Mapping[str, str] = JSON) -> Sender:
    sender = Sender(node.app)
    sender.ask(method, path, headers)
    return sender


@pytest.mark.parametrize("length", [{}, {"transfer-encoding": "chunked"}], ids=["none", "chunked"])
def test_nothing_is_read_before_the_token(tianmen: TestClient, length: dict[str, str]) -> None:
    sender = endless(tianmen, "POST", LINEAGES, JSON | length)
    assert (sender.status, sender.problem) == (401, "/problems/token-required")
    assert sender.sent_bytes == 0


def test_nothing_is_read_beyond_the_limit_with_a_token(city: City, tianmen: TestClient) -> None:
    sender = endless(tianmen, "POST", LINEAGES, JSON | {"authorization": f"Bearer {city.token('history')}"})
    assert (sender.status, sender.problem) == (413, "/problems/body-too-large")
    assert sender.sent_bytes <= limits.MAX_SMALL_BYTES + len(PIECE)


def test_no_address_and_no_method_reads_more_than_its_limit(city: City, tianmen: TestClient) -> None:
    """Also those that exist for nobody, and bodies that no method asks for."""
    declared = [route for route in routes(tianmen.app) if isinstance(route, APIRoute)]
    asked = [(method, route.path) for route in declared for method in route.methods or ()]
    strange = [
        (method, path)
        for method in ("GET", "PUT", "TRACE", "POST", "DELETE")
        for path in ("/", "/no", "/static/x")
    ]
    for method, path in asked + strange:
        for media_type in ("application/json", "multipart/form-data; boundary=x", "application/x-ndjson"):
            if path == "/v1/submissions":
                continue  # two gigabytes on the disk: the next test
            sender = endless(tianmen, method, path, {"content-type": media_type})
            assert sender.status >= 400 or sender.sent_bytes == 0, (method, path)
            assert sender.sent_bytes <= find_max_bytes(method, path) + len(PIECE), (method, path)


@pytest.mark.parametrize(
    ("method", "path", "length"),
    [
        ("POST", LINEAGES, limits.MAX_SMALL_BYTES + 1),
        ("POST", "/v1/receipts/check", limits.MAX_SMALL_BYTES + 1),
        ("POST", "/v1/verify", limits.MAX_VERIFY_BYTES + 1),
        ("POST", "/", limits.MAX_VERIFY_BYTES + 1),
        ("POST", "/v1/submissions", limits.MAX_SUBMISSION_BYTES + 1),
        ("POST", "/there/is/no/such/thing", 10**18),
        ("GET", "/healthz", 1),
        ("PUT", "/v1/verify", 1),
    ],
)
def test_a_declared_length_is_refused_from_the_headers_alone(
    tianmen: TestClient, method: str, path: str, length: int
) -> None:
    sender = endless(tianmen, method, path, JSON | {"content-length": str(length)})
    assert (sender.status, sender.problem) == (413, "/problems/body-too-large")
    assert sender.sent_bytes == 0
    assert b"x-content-type-options" in sender.headers


def test_a_body_of_no_bytes_is_no_body(tianmen: TestClient) -> None:
    assert tianmen.request("GET", "/healthz", headers={"Content-Length": "0"}).status_code == 200


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Read everything, as a route would that knows no limit."""
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_a_body_that_does_not_come_is_given_up(tianmen: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_WINDOW_SECONDS", 0.05)
    sender = Sender(tianmen.app, pause=10)
    assert (sender.ask("POST", "/v1/verify"), sender.problem) == (408, "/problems/body-too-slow")


def test_a_body_that_trickles_is_given_up(tianmen: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece comes in time, and all of them together too slowly."""
    monkeypatch.setattr(limits, "BODY_WINDOW_SECONDS", 0.1)
    monkeypatch.setattr(limits, "LEAST_BODY_RATE", 10**9)
    sender = Sender(tianmen.app, pause=0.02)
    assert (sender.ask("POST", "/v1/verify"), sender.problem) == (408, "/problems/body-too-slow")
    assert sender.sent_bytes < 10 * len(PIECE)


def test_a_body_in_memory_has_a_deadline_however_steadily_it_comes(
    tianmen: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.1)
    sender = Sender(tianmen.app, pause=0.02)
    assert (sender.ask("POST", "/v1/verify"), sender.problem) == (408, "/problems/body-too-slow")


def test_all_bodies_together_have_a_limit_and_small_ones_always_find_room(
    tianmen: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_BYTES_UNDER_WAY", 2**20)
    sender = Sender(tianmen.app)
    assert (sender.ask("POST", "/v1/verify"), sender.problem) == (503, "/problems/node-busy")
    assert sender.headers[b"retry-after"] == b"2"
    assert sender.sent_bytes <= 2**20 + limits.FREE_BODY_BYTES + len(PIECE)


def test_what_a_request_held_is_given_back_however_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    bounded = BodyBounds(echo, memory)
    assert Sender(bounded, pieces=20).ask("POST", "/v1/verify") == 200
    assert memory.held_bytes == 0

    async def fall(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(5):
            await receive()
        assert memory.held_bytes == 4 * len(PIECE)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        Sender(BodyBounds(fall, memory)).ask("POST", "/v1/verify")
    assert memory.held_bytes == 0
    memory.take(limits.MAX_BYTES_UNDER_WAY)
    assert Sender(bounded, pieces=1).ask("POST", "/v1/verify") == 200  # a bare proof finds room


def test_a_submission_goes_to_the_disk_and_counts_as_no_memory() -> None:
    memory = Memory()
    memory.take(limits.MAX_BYTES_UNDER_WAY)
    assert Sender(BodyBounds(echo, memory), pieces=20).ask("POST", "/v1/submissions") == 200
