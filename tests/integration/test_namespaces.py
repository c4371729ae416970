"""Cities whose link breaks: one goes on verifying, says how old its knowledge is.

The issuing city works in this process; the nodes that are cut off run in network namespaces of their own.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from anchoring.anchorer.batcher import BatchPolicy
from anchoring.register.proofs import make_proof
from anchoring.register.submissions import list_submissions
from ledger.encoding.times import parse_time
from tests.fakes.department import LOG, change, identifier, licence
from tests.fakes.issuing import AnyCity
from tests.fakes.namespaces import Namespace, unavailable
from tests.fakes.nets import AnvilNet
from tests.torture.endpoint import Endpoint

CALLER = Path(__file__).parent / "caller.py"
STRICT_SECONDS = 6
BEATING = BatchPolicy(urgent_seconds=0, quiet_seconds=0, heartbeat_seconds=1)
PATIENCE_SECONDS = 60.0

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module", autouse=True)
def permitted() -> None:
    if reason := unavailable():
        pytest.skip(reason)


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    made = Namespace()
    yield made
    made.close()


@pytest.fixture
def issuing(tmp_path: Path) -> Iterator[AnyCity]:
    net = AnvilNet(tmp_path / "devnet", block_seconds=0.5)
    (tmp_path / "tianmen").mkdir()
    city = AnyCity(tmp_path / "tianmen", net, policy=BEATING)
    yield city
    city.stop()
    net.stop()


@dataclass(frozen=True, slots=True)
class Node:
    """A node in a namespace, and how to call it from inside."""

    namespace: Namespace
    url: str
    log: Path

    def call(self, method: str, path: str, body: bytes = b"", media_type: str = "application/json") -> Any:
        """Return status and body of an answer, with status 0 where there is none."""
        said = self.namespace.run(
            sys.executable, str(CALLER), method, self.url + path, media_type, stdin=body
        )
        status, _, text = said.partition(" ")
        return int(status), json.loads(text) if text.startswith("{") else text

    def verify(self, request: dict[str, Any], policy: str = "default") -> dict[str, Any]:
        status, answer = self.call("POST", "/v1/verify", json.dumps(request | {"policy": policy}).encode())
        assert status == 200, answer
        report: dict[str, Any] = answer
        return report


def start_node(
    namespace: Namespace, folder: Path, registry: str, listen: str, *only: str, settings: str = ""
) -> Node:
    folder.mkdir(exist_ok=True)
    lines = [f'registry = "{registry}"', f'listen = "{listen}"', settings]
    (folder / "node.toml").write_text("\n".join(lines))
    log = folder / "node.log"
    with log.open("wb") as file:
        namespace.start(sys.executable, "-m", "api.cli", "node", str(folder), *only, log=file)
    return Node(namespace, f"http://{listen}", log)


@pytest.fixture
def wuhan(namespace: Namespace, issuing: AnyCity, tmp_path: Path) -> Iterator[Node]:
    """A verifying city that reaches the chain over its link alone."""
    assert isinstance(issuing.net, AnvilNet)
    chain = issuing.net.devnet.url
    endpoint = Endpoint(chain, chain, Random(1), host=namespace.host)
    settings = f'chain_url = "{endpoint.url}"\n[policies]\nstrict = {STRICT_SECONDS}'
    node = start_node(namespace, tmp_path / "wuhan", issuing.registry, "127.0.0.1:8080", settings=settings)
    work_until(issuing, lambda: node.call("GET", "/readyz")[0] == 200)
    yield node
    endpoint.close()


def work_until(issuing: AnyCity, holds: Callable[[], bool]) -> None:
    """Let the issuing city anchor, heartbeats included, until something holds."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, "it did not come about"
        issuing.anchorer.step()
        issuing.follow()
        time.sleep(0.2)


def work(issuing: AnyCity, seconds: float) -> None:
    until = time.monotonic() + seconds
    work_until(issuing, lambda: time.monotonic() > until)


def request_for(issuing: AnyCity, serial: int) -> dict[str, Any]:
    """Return what a counter sends to have a licence verified."""
    leaf = issuing.newest(identifier(serial))
    assert leaf
    with issuing.replica.reading() as reading:
        proof = make_proof(issuing.register, reading, issuing.trees, leaf)
    return {"proof": proof.encode().decode(), "claims": licence(serial)["claims"]}


def known_at(report: dict[str, Any]) -> int:
    return parse_time(report["status"]["known_at"])


@pytest.mark.parametrize("way", ["both", pytest.param("replies", marks=pytest.mark.slow)])
def test_a_city_that_is_cut_off_goes_on_and_catches_up_by_itself(
    issuing: AnyCity, wuhan: Node, way: str
) -> None:
    link = wuhan.namespace
    cut, mend = (link.cut, link.mend) if way == "both" else (link.lose_replies, link.find_replies)
    issuing.submit(licence(1))
    issuing.settle()
    request = request_for(issuing, 1)
    work_until(issuing, lambda: wuhan.verify(request, "strict")["verdict"] == "valid")
    before = known_at(wuhan.verify(request))

    # The link breaks; Tianmen revokes, and Wuhan cannot know.
    cut()
    issuing.submit(change("revoke", 1))
    work(issuing, STRICT_SECONDS + 2)
    blind = wuhan.verify(request)
    assert blind["verdict"] == "valid", "it verifies by what it knows"
    assert before <= known_at(blind) <= time.time() - STRICT_SECONDS, "and says how old that is"
    strict = wuhan.verify(request, "strict")
    assert (strict["verdict"], strict["reason"]) == ("unverifiable", "knowledge_stale")
    status, said = wuhan.call("GET", "/readyz")
    assert status == 200, "a cut takes no node out of service"
    assert said["lag_seconds"] >= STRICT_SECONDS

    # The link is back, and nobody does anything.
    mend()
    work_until(issuing, lambda: wuhan.verify(request, "strict")["reason"] == "revoked")
    assert known_at(wuhan.verify(request)) > known_at(blind)


@pytest.fixture
def tianmen(issuing: AnyCity, namespace: Namespace, tmp_path: Path) -> Iterator[Node]:
    """The API of the issuing city, on this machine, called by a department from behind its link."""
    folder = tmp_path / "tianmen"
    port = 20_000 + int(namespace.host.rpartition(".")[2])
    lines = [f'registry = "{issuing.registry}"', f'listen = "{namespace.host}:{port}"', f'log = "{LOG}"']
    (folder / "node.toml").write_text("\n".join(lines))
    with (folder / "node.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "node", str(folder), "--only", "api"], stdout=log, stderr=log
        )
    node = Node(namespace, f"http://{namespace.host}:{port}", folder / "node.log")
    # its follower is the test itself and reports nothing, so the node is never ready; it answers all the same
    work_until(issuing, lambda: node.call("GET", "/v1/logs")[0] == 200)
    yield node
    process.kill()
    process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["both", "replies"])
def test_an_upload_that_is_cut_off_leaves_nothing_or_the_same_receipt(
    issuing: AnyCity, tianmen: Node, way: str
) -> None:
    """Cut both ways in the middle, the node has nothing; where only the reply is lost, it has it all, and says so again."""
    link = tianmen.namespace
    body = b"".join(
        line + b"\n" for line in issuing.department.lines([licence(n) for n in range(20)], issuing.net.now)
    )
    url = f"{tianmen.url}/v1/submissions"
    upload = link.start(
        sys.executable, str(CALLER), "POST", url, "application/x-ndjson", "1.5",
        log=subprocess.PIPE, stdin=subprocess.PIPE,
    )  # fmt: skip
    assert upload.stdin
    assert upload.stdout
    upload.stdin.write(body)
    upload.stdin.close()
    while upload.stdout.readline() != b"half\n":
        assert upload.poll() is None
    time.sleep(0.3)
    (link.cut if way == "both" else link.lose_replies)()
    assert upload.stdout.read().startswith(b"0 "), "the department has no answer"
    with issuing.register.reading() as connection:
        count = len(list_submissions(connection))
    assert count == (0 if way == "both" else 1)
    (link.mend if way == "both" else link.find_replies)()
    status, receipt = tianmen.call("POST", "/v1/submissions", body, "application/x-ndjson")
    assert (status, receipt["first"], receipt["count"]) == (201 if way == "both" else 200, 0, 20)
    issuing.settle()
    with issuing.register.reading() as connection:
        assert [one.state for one in list_submissions(connection)] == ["final"]
