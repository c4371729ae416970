"""The machine of the databases vanishes under a whole node, which goes on when it is back.

It vanishes by the network, of which nobody is told, and by its power. Every part must go on by itself.
The databases stand in a network of their own with one link.
"""

import fcntl
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psycopg
import pytest

from api.node.connections import count_connections
from api.node.parts import list_parts, list_reporting_parts
from api.node.settings import Settings
from tests import postgresql_server
from tests.acceptance.cities import Cities, close, found, write_rows
from tests.fakes.namespaces import Namespace, unavailable

#: So long it is away: every session has been given up, and every part calls again.
AWAY_SECONDS: Final = 50
#: What operations.md promises: within a minute of the database's return.
BACK_SECONDS: Final = 60.0
DATABASES: Final = ("register", "replica", "checkpoints")

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


@dataclass(slots=True)
class Server:
    """A PostgreSQL server behind a link. Its socket in `folder` is reached whatever the link does."""

    namespace: Namespace
    folder: Path

    @property
    def socket(self) -> str:
        return f"host={self.folder} user=postgres dbname=postgres"

    def make(self) -> None:
        """Make the databases, open to the machine at the other end of the link."""
        process = postgresql_server.start(self.folder, [])
        with psycopg.connect(self.socket, autocommit=True) as session:
            for name in DATABASES:
                session.execute(f"CREATE DATABASE {name}".encode())
        process.send_signal(signal.SIGQUIT)
        process.wait()
        with (self.folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all all trust\n")

    def start(self) -> None:
        (self.folder / postgresql_server.READY).unlink(missing_ok=True)
        program = [sys.executable, postgresql_server.__file__, str(self.folder), "listen_addresses=*"]
        self.namespace.start(*program, log=sys.stderr.fileno())
        wait_until(lambda: (self.folder / postgresql_server.READY).exists(), 30)

    def lose_power(self) -> None:
        """End at once, with nobody told: the link is down. Nothing of the process is left, as after a power cut."""
        file = self.folder / "data" / "postmaster.pid"
        os.kill(int(file.read_text().split()[0]), signal.SIGKILL)
        for lock in (file, *self.folder.glob(".s.PGSQL.*.lock")):
            lock.unlink()

    def count_sessions(self) -> int:
        with psycopg.connect(self.socket) as session:
            row = session.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = ANY(%s)", [list(DATABASES)]
            ).fetchone()
        assert row
        return int(row[0])


def wait_until(holds: Callable[[], bool], seconds: float) -> float:
    """Wait until something holds; return how many seconds it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() < began + seconds, f"it did not come about within {seconds} s"
        time.sleep(0.2)
    return time.monotonic() - began


@pytest.fixture
def server() -> Iterator[Server]:
    if reason := unavailable():
        pytest.skip(reason)
    namespace = Namespace()
    with tempfile.TemporaryDirectory(prefix="shunzheng-") as folder:
        server = Server(namespace, Path(folder))
        server.make()
        with (server.folder / postgresql_server.USERS).open("ab") as users:
            fcntl.flock(users, fcntl.LOCK_SH)  # as long as it is held, the server's starter waits
            server.start()
            yield server
            namespace.close()


@pytest.fixture
def cities(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cities]:
    monkeypatch.delenv("CHAIN_URL", raising=False)
    url = f"postgresql://postgres@{server.namespace.guest}"
    cities = found(tmp_path / "stage", "\n".join(f'{name}_url = "{url}/{name}"' for name in DATABASES))
    yield cities
    close(cities.stage, cities.tianmen, cities.wuhan)


def is_ready(url: str) -> bool:
    """Ask as a balancer does, with patience for three seconds."""
    try:
        return httpx.get(f"{url}/readyz", timeout=3, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def work_all(cities: Cities) -> bool:
    """Tell whether the node is ready and every part of it was heard of since, with no error."""
    if not is_ready(cities.tianmen.url):
        return False
    answer = httpx.get(f"{cities.tianmen.url}/readyz", timeout=3, trust_env=False).json()
    reports = {process["name"]: process for process in answer["processes"]}
    parts = list_reporting_parts(Settings.load(cities.tianmen.directory))
    return all(reports[part]["seen"] < 10 and not reports[part].get("error") for part in parts)


@pytest.mark.parametrize("way", ["network", "power"])
def test_every_part_is_back_within_a_minute_and_none_is_ready_meanwhile(
    cities: Cities, server: Server, tmp_path: Path, way: str
) -> None:
    assert cities.submit(write_rows(tmp_path / "before", cities.licence()), "--wait", "60").code == 0
    settings = Settings.load(cities.tianmen.directory)
    assert server.count_sessions() <= sum(count_connections(settings, list_parts(settings)).values())

    server.namespace.cut()
    if way == "power":
        server.lose_power()
    ends = time.monotonic() + AWAY_SECONDS
    time.sleep(1)
    while time.monotonic() < ends:
        assert not is_ready(cities.tianmen.url), "ready means that the databases were seen"
        time.sleep(1)
    answer = httpx.get(f"{cities.tianmen.url}/readyz", timeout=30, trust_env=False)
    assert (answer.status_code, answer.json()["detail"]) == (503, "a database does not answer")

    if way == "power":
        server.start()
    server.namespace.mend()
    seconds = wait_until(lambda: work_all(cities), BACK_SECONDS)
    print(f"{way}: back after {seconds:.1f} s")
    assert cities.submit(write_rows(tmp_path / "after", cities.licence()), "--wait", "60").code == 0
    cities.wait_known()
