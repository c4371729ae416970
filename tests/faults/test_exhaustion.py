"""No stranger uses up a node.

Under each attack it answers, verifies, takes submissions, and stays small.

One real node with its processes and a chain, on this machine. Every attack goes on for some seconds while a checker, a
department and whoever watches the node do their work.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.acceptance.cities import Cities, close, found, write_rows
from tests.faults import attacks
from tests.faults.attacks import Address, head, latency

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1", "::1"])]

HEALTH_SECONDS: Final = 1.0
VERIFY_SECONDS: Final = 2.0
MEMORY_BYTES: Final = 10**9  # of all processes of the node together
LOG_BYTES: Final = 200_000  # that an attack of some seconds may write
ATTACK_SECONDS: Final = 4.0


@dataclass(slots=True)
class Target:
    """A node under attack, and what those who need it find meanwhile."""

    cities: Cities
    folder: Path
    proof: bytes = b""
    statement: bytes = b""
    health: list[float] = field(default_factory=list)
    verifying: list[float] = field(default_factory=list)
    peak_bytes: int = 0

    @property
    def address(self) -> Address:
        parts = urlsplit(self.cities.tianmen.url)
        assert parts.hostname
        assert parts.port
        return parts.hostname, parts.port

    @property
    def log_bytes(self) -> int:
        return (self.cities.tianmen.directory / "node.log").stat().st_size

    def submit(self) -> None:
        """Have a department hand in a licence with its own program."""
        row = self.cities.licence()
        receipt = self.cities.submit(write_rows(self.folder / f"{self.cities.serial}.ndjson", row))
        assert receipt.code == 0, receipt.err

    def prepare(self) -> None:
        """Anchor a licence, so that there is a proof to verify and a statement that everybody can read."""
        row = self.cities.licence()
        records = write_rows(self.folder / "first.ndjson", row)
        receipt = self.cities.submit(records, "--wait", "60")
        assert receipt.code == 0, receipt.err
        self.cities.export(row["identifier"], self.folder / "proof.json")
        body = b'{"proof":' + (self.folder / "proof.json").read_bytes() + b"}"
        sent = head("POST /v1/verify", "Content-Type: application/json", f"Content-Length: {len(body)}")
        self.proof = sent + body
        (submission,) = self.folder.glob("first*.submission")
        self.statement = submission.read_bytes().partition(b"\n")[0]

    def watch(self, stop: threading.Event) -> None:
        while not stop.wait(0.1):
            seconds, status = latency(self.address, head("GET /healthz", "Connection: close"))
            self.health.append(seconds if status == 200 else 60.0)
            self.peak_bytes = max(self.peak_bytes, memory(self.processes()))

    def check(self, stop: threading.Event) -> None:
        while not stop.wait(0.1):
            seconds, status = latency(self.address, self.proof)
            self.verifying.append(seconds if status == 200 else 60.0)

    def processes(self) -> list[int]:
        assert self.cities.tianmen.process
        return descendants(self.cities.tianmen.process.pid)

    def endure(self, threads: int, name: str, *more: str) -> None:
        """Attack, and let everybody do their work meanwhile."""
        self.health.clear()
        self.verifying.clear()
        self.peak_bytes, stop = 0, threading.Event()
        watchers = [threading.Thread(target=work, args=(stop,)) for work in (self.watch, self.check)]
        with attacks.under(self.address, threads, name, *more):
            for watcher in watchers:
                watcher.start()
            time.sleep(ATTACK_SECONDS)
            self.submit()
            stop.set()
            for watcher in watchers:
                watcher.join()


def descendants(pid: int) -> list[int]:
    """Return a process and all that it has started, directly or not."""
    pids = [pid]
    for parent in pids:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):  # a thread may end while it is looked at
                pids += map(int, children.read_text().split())
    return pids


def memory(pids: list[int]) -> int:
    """Return the bytes of memory that processes hold together; what they share counts once."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it has ended
        total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("exhaustion")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CHAIN_URL", raising=False)
        cities = found(folder / "stage")
    try:
        cities.wuhan.stop()
        target = Target(cities, folder)
        target.prepare()
        yield target
    finally:
        close(cities.stage, cities.tianmen)


#: How many threads each attack has; some of them open a hundred connections each.
ATTACKS: Final = {
    "lineages_body": 8,
    "stray_body": 8,
    "crumbs": 4,
    "verify_bodies": 6,
    "unfinished_bodies": 2,
    "slow_headers": 2,
    "idle_connections": 1,
    "churned_connections": 1,
    "malformed_requests": 4,
    "snapshots": 8,
    "unsaid_statements": 1,
    "documents": 8,
}


def test_each_attack_has_its_test() -> None:
    assert ATTACKS.keys() == attacks.ATTACKS.keys()


@pytest.mark.parametrize("name", ATTACKS)
def test_a_node_endures(target: Target, name: str) -> None:
    endure(target, ATTACKS[name], name)


def test_a_node_endures_rows_behind_a_published_statement(target: Target) -> None:
    endure(target, 16, "published_statement", target.statement.decode())


def test_a_node_endures_more_connections_than_there_may_be(target: Target) -> None:
    endure(target, 3, "idle_connections")


def endure(target: Target, threads: int, name: str, *more: str) -> None:
    logged = target.log_bytes
    target.endure(threads, name, *more)
    print(
        f"health {max(target.health):.2f} s, verification {max(target.verifying):.2f} s, "
        f"memory {target.peak_bytes / 10**6:.0f} MB, log {target.log_bytes - logged:,} bytes"
    )
    assert max(target.health) < HEALTH_SECONDS
    assert max(target.verifying) < VERIFY_SECONDS
    assert target.peak_bytes < MEMORY_BYTES
    assert target.log_bytes - logged < LOG_BYTES
