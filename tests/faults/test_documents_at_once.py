"""A real node under hostile documents.

It answers others, its memory stays bounded, and no process outlives it.
"""

import base64
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from anchoring.processes.children import die_with, make_dying_with
from api.limits import MAX_AGE_SECONDS
from ledger.encoding.canonical import Json
from tests.papers import sealed
from tests.unit.api.city import City, identifier

pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc"),
]

HEALTH_SECONDS: Final = 1.0
PROOF_SECONDS: Final = 2.0
MEMORY_BYTES: Final = 2**30
FIELDS: Final = 20
SERIAL: Final = "TM2022A0000000000001"
CLAIMS: Final[dict[str, Json]] = {"ZZMC": "营业执照", "CZZT": "天门市示例餐饮店"}


class Node:
    """The process that answers requests, and its address."""

    def __init__(self, city: City, directory: Path, documents: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        lines = [f'registry = "{city.registry}"', f'listen = "127.0.0.1:{self.port}"', 'name = "武汉市"']
        lines += [f'replica_url = "{city.settings.replica_url}"', "[documents]", documents]
        directory.mkdir()
        (directory / "node.toml").write_text("\n".join(lines) + "\n")
        command = [sys.executable, "-m", "api.cli", "node", str(directory), "--only", "api"]
        self.process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, preexec_fn=make_dying_with(os.getpid())
        )

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {"Content-Type": "application/json"} if body else {}
            connection.request("POST" if body else "GET", path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(orjson.loads(answer.read()))
        finally:
            connection.close()

    def wait(self) -> None:
        for _ in range(300):
            try:
                if self.ask("/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the node does not answer")

    def family(self) -> list[int]:
        """The numbers of the process and of all that descend from it."""
        numbers = [self.process.pid]
        for number in numbers:
            numbers += [child for child, parent in parents().items() if parent == number]
        return numbers

    def memory(self) -> int:
        """The bytes that the processes hold together; what children share with one another counts once."""
        return sum(held(number) for number in self.family())


def parents() -> dict[int, int]:
    found = {}
    for number in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            found[number] = int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    return found


def held(number: int) -> int:
    """Return the proportional set size of a process."""
    try:
        lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    city = City(tmp_path)
    city.submit(city.licence(SERIAL, CLAIMS, sealed()))
    city.anchor()
    yield city
    city.close()


@pytest.fixture
def node(city: City, tmp_path: Path) -> Iterator[Node]:
    node = Node(city, tmp_path / "node", "seconds = 2")
    node.wait()
    yield node
    node.process.kill()
    node.process.wait()


def request(city: City, *documents: bytes, serial: str = SERIAL) -> bytes:
    shown = [base64.b64encode(document).decode() for document in documents]
    proof = city.proof(identifier(serial)).encode().decode()
    return orjson.dumps({"proof": proof, "documents": shown, "max_age": MAX_AGE_SECONDS})


def hungry() -> bytes:
    """Return a small PDF that passes no limit of its reader and takes it longer than this node allows.

    Each of its form fields is one string of four million letters, packed.
    """
    body, entries = b"%PDF-1.7\n", [b"\0\0\0\0\0\0\xff"]

    def add(text: bytes) -> None:
        nonlocal body
        entries.append(b"\1" + len(body).to_bytes(4, "big") + b"\0\0")
        body += b"%d 0 obj\n" % (len(entries) - 1) + text + b"\nendobj\n"

    fields = range(FIELDS + 2, 2 * FIELDS + 2)
    add(b"<< /Type /Catalog /AcroForm << /Fields [%s] >> >>" % b" ".join(b"%d 0 R" % n for n in fields))
    for number in fields:
        packed = zlib.compress((b"%d 0" % number).ljust(8) + b"<< /Note (%s) >>" % (b"x" * 4_000_000), 9)
        about = b"<< /Type /ObjStm /N 1 /First 8 /Length %d /Filter /FlateDecode >>" % len(packed)
        add(about + b"\nstream\n" + packed + b"\nendstream")
    entries += [b"\2" + (stream + 2).to_bytes(4, "big") + b"\0\0" for stream in range(FIELDS)]
    size, table, at = len(entries), b"".join(entries), len(body)
    about = b"<< /Type /XRef /Root 1 0 R /Size %d /W [1 4 2] /Index [0 %d] /Length %d >>" % (
        size + 1,
        size,
        len(table),
    )
    body += b"%d 0 obj\n" % size + about + b"\nstream\n" + table + b"\nendstream\nendobj\n"
    return body + b"startxref\n%d\n%%%%EOF\n" % at


def test_a_document_at_the_limit_is_unverifiable_and_the_registered_bytes_are_compared(
    city: City, node: Node
) -> None:
    slow = "TM2022A0000000000002"
    city.submit(city.licence(slow, CLAIMS, hungry()))
    city.anchor()
    status, report = node.ask("/v1/verify", request(city, hungry(), serial=slow))
    assert (status, report["verdict"], report["compared"]) == (200, "valid", "document")
    (shown,) = report["documents"]
    assert (shown["verdict"], shown["signatures"]) == ("unverifiable", [])
    assert "longer than this node allows" in shown["problem"]
    assert "耗时" in shown["problem"]


def test_sixty_requests_at_once_leave_the_node_to_others(city: City, node: Node) -> None:
    hostile, proof = request(city, hungry()), request(city)
    node.ask("/v1/verify", proof)
    waits: dict[str, list[float]] = {"/healthz": [], "/v1/verify": []}
    memory: list[int] = []
    done = threading.Event()

    def watch(path: str, body: bytes | None) -> None:
        while not done.is_set():
            begun = time.monotonic()
            assert node.ask(path, body)[0] == 200
            waits[path].append(time.monotonic() - begun)
            time.sleep(0.1)

    def weigh() -> None:
        while not done.is_set():
            memory.append(node.memory())
            time.sleep(0.2)

    watchers: list[Callable[[], None]] = [
        lambda: watch("/healthz", None),
        lambda: watch("/v1/verify", proof),
        weigh,
    ]
    with ThreadPoolExecutor(70) as pool:
        watching = [pool.submit(watcher) for watcher in watchers]
        attacks = [pool.submit(node.ask, "/v1/verify", hostile) for _ in range(60)]
        try:
            statuses = [attack.result()[0] for attack in attacks]
        finally:
            done.set()
        for watched in watching:
            watched.result()
    assert set(statuses) == {200, 429}
    assert max(waits["/healthz"]) < HEALTH_SECONDS
    assert max(waits["/v1/verify"]) < PROOF_SECONDS
    assert max(memory) < MEMORY_BYTES
    status, report = node.ask("/v1/verify", request(city, sealed()))
    assert (status, report["documents"][0]["problem"]) == (200, None)


def test_no_process_outlives_the_one_that_answers(city: City, node: Node) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(node.ask, "/v1/verify", request(city, hungry())) for _ in range(2)]
        family: list[int] = []
        for _ in range(200):  # each has a process, and that a child
            family = node.family()
            if len(family) >= 5:
                break
            time.sleep(0.05)
        os.kill(node.process.pid, signal.SIGKILL)
        node.process.wait()
        for answer in asked:
            assert answer.exception() is not None
    assert len(family) >= 5
    left = family
    for _ in range(100):
        left = [number for number in family if number in parents()]
        if not left:
            break
        time.sleep(0.05)
    assert not left


def test_the_command_line_reads_on_until_it_is_interrupted(tmp_path: Path) -> None:
    document = tmp_path / "slow.pdf"
    document.write_bytes(hungry())
    command = [sys.executable, "-m", "api.cli", "inspect", str(document)]
    parent = os.getpid()

    def prepare() -> None:
        die_with(parent)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # who runs the tests in the background has it ignored

    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=prepare)
    time.sleep(3)  # it reads by then, or still loads: either can be interrupted
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode in {130, -signal.SIGINT}
