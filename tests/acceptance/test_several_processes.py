"""A node with several processes on one port: what is killed comes back, and nothing stays."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

REGISTRY = "eip155:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3:1f0c2d9a8b7e6f50"
LISTENING = "0A"
API_PROCESSES = 2


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a node that only verifies, whose chain is out of reach: enough for its processes to live."""
    settings = {
        "registry": REGISTRY,
        "chain_url": "http://127.0.0.1:1",
        "listen": f"127.0.0.1:{free_port()}",
    }
    lines = [f'{name} = "{value}"\n' for name, value in settings.items()]
    (tmp_path / "node.toml").write_text("".join(lines) + f"api_processes = {API_PROCESSES}\n")
    return tmp_path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def node(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (directory / "log").open("w") as log:
        command = [sys.executable, "-m", "api.cli", "node", str(directory)]
        process = subprocess.Popen(command, stderr=log)
        yield process
        process.kill()
        process.wait()


def port_of(directory: Path) -> int:
    setting = re.search(r'127.0.0.1:(\d+)"\napi', (directory / "node.toml").read_text())
    assert setting
    return int(setting[1])


def children(process: subprocess.Popen[bytes]) -> dict[int, str]:
    """Return the part that each child of the supervisor runs, by process number."""
    parts = {}
    for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        try:
            parts[int(pid)] = Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").rsplit("\0", 1)[-1]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return parts


def listeners(process: subprocess.Popen[bytes], port: int) -> set[int]:
    """Return the children that listen on the port, each with a socket of its own."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {row[9] for row in rows if row[3] == LISTENING and row[1].endswith(f":{port:04X}")}
    listening = set()
    for pid in children(process):
        try:
            links = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
        except (FileNotFoundError, PermissionError):
            continue
        if any(f"socket:[{inode}]" in links for inode in sockets):
            listening.add(pid)
    return listening


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_every_process_listens_and_comes_back(directory: Path, node: subprocess.Popen[bytes]) -> None:
    port = port_of(directory)
    until(lambda: len(listeners(node, port)) == API_PROCESSES)
    assert sorted(children(node).values()) == ["api"] * API_PROCESSES + ["follower"]
    before = children(node)
    [follower] = [pid for pid, part in before.items() if part == "follower"]
    victims = {min(listeners(node, port)), follower}
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not victims & set(children(node)))
    assert ask(port) == {200}, "the other goes on answering"
    until(lambda: len(listeners(node, port)) == API_PROCESSES and len(children(node)) == len(before))
    assert ask(port) == {200}
    pids = children(node)
    node.terminate()
    node.wait(30)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def ask(port: int) -> set[int]:
    """Ask on some new connections, which the kernel spreads over the processes."""
    return {httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code for _ in range(8)}
