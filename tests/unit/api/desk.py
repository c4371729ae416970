"""A desk of a department, with its key and token, and clients that need no network."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from api.cli import main
from api.client.client import NodeClient
from api.key_files import write_key
from tests.unit.api.city import City

if TYPE_CHECKING:
    from fastapi.testclient import TestClient


def client_of(node: "TestClient") -> type[NodeClient]:
    """Return a client whose requests go to this node, whatever its address, and which leaves it open."""

    class Client(NodeClient):
        def __init__(self, url: str, token: str | None = None, *, ca_file: Path | None = None) -> None:
            super().__init__(url, token, ca_file=ca_file)
            self._http_client = node
            if token is not None:
                node.headers["Authorization"] = f"Bearer {token}"

        def __exit__(self, *_: object) -> None:
            pass

    return Client


def client_over(respond: Callable[[httpx.Request], httpx.Response]) -> type[NodeClient]:
    """Return a client of whose every request `respond` is the answer."""

    class Client(NodeClient):
        def __init__(self, url: str, token: str | None = None, *, ca_file: Path | None = None) -> None:
            super().__init__(url, token, ca_file=ca_file)
            transport = httpx.MockTransport(respond)
            self._http_client = httpx.Client(
                base_url=url, headers=self._http_client.headers, transport=transport
            )

    return Client


class Desk:
    """What a clerk of the department types at this desk runs here, by the clock of the city."""

    def __init__(self, city: City, node: "TestClient", folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.city, self.folder, self.client = city, folder, client_of(node)
        write_key(folder / "key.pem", city.key)
        (folder / "token").write_text(city.token("history", "claims"))
        monkeypatch.setattr("time.time", lambda: float(city.now))
        monkeypatch.chdir(folder)

    def run(self, *arguments: str | Path) -> int:
        return main([*map(str, arguments)])
