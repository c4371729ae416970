"""The supervisor starts its children, starts again what dies, and leaves nothing behind.

It waits longer each time.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from anchoring.processes.supervisor import NEEDS_PERSON, Supervisor

SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]
ENDS = [sys.executable, "-c", "raise SystemExit(3)"]
SECONDS = 20.0


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def supervised(clock: Clock) -> Iterator[Supervisor]:
    supervisor = Supervisor({"one": SLEEPS, "two": SLEEPS}, clock)
    supervisor.tick()
    yield supervisor
    supervisor.stop()


def test_every_child_runs(supervised: Supervisor) -> None:
    assert {name: runs(pid) for name, pid in supervised.processes().items()} == {"one": True, "two": True}


def test_a_killed_child_is_started_again_after_a_pause(supervised: Supervisor, clock: Clock) -> None:
    before = supervised.processes()
    os.kill(before["one"], signal.SIGKILL)
    until(lambda: not runs(before["one"]))
    supervised.tick()
    assert set(supervised.processes()) == {"two"}
    clock.now += 0.5
    supervised.tick()
    after = supervised.processes()
    assert after["one"] != before["one"]
    assert after["two"] == before["two"]


def test_a_child_that_ends_at_once_is_started_ever_more_rarely(clock: Clock) -> None:
    supervisor = Supervisor({"broken": ENDS}, clock)
    supervisor.tick()
    pauses = []
    for _ in range(4):
        pid = supervisor.processes()["broken"]
        until(lambda pid=pid: not runs(pid))  # type: ignore[misc]
        supervisor.tick()
        ended = clock.now
        while not supervisor.processes():
            clock.now += 0.25
            supervisor.tick()
        pauses.append(clock.now - ended)
    supervisor.stop()
    assert pauses == sorted(pauses)
    assert pauses[-1] > pauses[0]


def test_stopping_ends_every_child(supervised: Supervisor) -> None:
    processes = supervised.processes()
    supervised.stop()
    assert not supervised.processes()
    assert not any(runs(pid) for pid in processes.values())


@pytest.mark.parametrize("hang", ["deaf", "stopped"])
def test_a_child_that_hangs_when_asked_to_stop_is_killed(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hang: str
) -> None:
    monkeypatch.setattr("anchoring.processes.supervisor._STOP_SECONDS", 0.3)
    ready = tmp_path / "ready"
    deaf = f"import pathlib, signal, time; signal.signal(15, lambda *_: None); pathlib.Path({str(ready)!r}).touch()"
    supervisor = Supervisor(
        {"deaf": [sys.executable, "-c", f"{deaf}; time.sleep(600); time.sleep(600)"]}, clock
    )
    supervisor.tick()
    [pid] = supervisor.processes().values()
    until(ready.exists)
    if hang == "stopped":
        os.kill(pid, signal.SIGSTOP)
    begun = time.monotonic()
    supervisor.stop()
    assert not runs(pid)
    assert time.monotonic() - begun >= 0.3


@pytest.mark.skipif(sys.platform != "linux", reason="the parent's death is signalled on Linux only")
def test_a_killed_supervisor_leaves_no_children() -> None:
    program = (
        "from anchoring.processes.supervisor import Supervisor; import sys, time\n"
        f"s = Supervisor({{'one': {SLEEPS!r}}}); s.tick(); print(s.processes()['one'], flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert runs(child)
        parent.kill()
    until(lambda: not runs(child))


def test_a_child_that_only_a_person_can_help_ends_the_rest() -> None:
    helpless = [sys.executable, "-c", f"raise SystemExit({NEEDS_PERSON})"]
    assert Supervisor({"anchorer": helpless, "follower": SLEEPS}).run() == "anchorer"
