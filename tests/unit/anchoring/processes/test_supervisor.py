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
from typing import Any

import pytest

from anchoring.processes.board import VARIABLE, read_board, show_life
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


def name_of(process: subprocess.Popen[bytes]) -> str:
    """Return the last word of its command."""
    assert isinstance(process.args, list)
    return str(process.args[-1])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Every process that is started, in order."""
    processes: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            processes.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    return processes


@pytest.fixture
def supervised(clock: Clock, started: list[subprocess.Popen[bytes]]) -> Iterator[Supervisor]:
    supervisor = Supervisor({"one": [*SLEEPS, "one"], "two": [*SLEEPS, "two"]}, clock)
    supervisor.tick()
    yield supervisor
    supervisor.stop()


@pytest.mark.usefixtures("supervised")
def test_every_child_runs(started: list[subprocess.Popen[bytes]]) -> None:
    assert {name_of(process): runs(process.pid) for process in started} == {"one": True, "two": True}


def test_a_killed_child_is_started_again_after_a_pause(
    supervised: Supervisor, clock: Clock, started: list[subprocess.Popen[bytes]]
) -> None:
    one, two = started
    one.kill()
    until(lambda: not runs(one.pid))
    supervised.tick()
    assert len(started) == 2
    clock.now += 0.5
    supervised.tick()
    assert [name_of(process) for process in started] == ["one", "two", "one"]
    assert runs(started[-1].pid)
    assert runs(two.pid)


def test_a_child_that_ends_at_once_is_started_ever_more_rarely(
    clock: Clock, started: list[subprocess.Popen[bytes]]
) -> None:
    supervisor = Supervisor({"broken": ENDS}, clock)
    supervisor.tick()
    pauses = []
    for _ in range(4):
        pid, starts = started[-1].pid, len(started)
        until(lambda pid=pid: not runs(pid))  # type: ignore[misc]
        supervisor.tick()
        ended = clock.now
        while len(started) == starts:
            clock.now += 0.25
            supervisor.tick()
        pauses.append(clock.now - ended)
    supervisor.stop()
    assert pauses == sorted(pauses)
    assert pauses[-1] > pauses[0]


def test_a_child_that_keeps_dying_stands_on_the_board_until_it_has_run_for_a_minute(
    clock: Clock, tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    told, broken = tmp_path / "told", tmp_path / "broken"
    broken.touch()
    reads = (
        "import pathlib, time\nfrom anchoring.processes.board import read_board\n"
        f"while True: pathlib.Path({str(told)!r}).write_text(' '.join(read_board()) + '.'); time.sleep(0.01)"
    )
    dies = f"import pathlib, time\nwhile not pathlib.Path({str(broken)!r}).exists(): time.sleep(0.01)"
    supervisor = Supervisor(
        {"api": [sys.executable, "-c", reads], "follower": [sys.executable, "-c", dies]}, clock
    )

    def board() -> str:
        return told.read_text() if told.exists() else ""

    try:
        for _ in range(3):
            clock.now += 30
            supervisor.tick()
            until(lambda: board() == ".")
            until(lambda: not runs(started[-1].pid))
            supervisor.tick()
        until(lambda: board() == "follower.")
        broken.unlink()
        clock.now += 30
        supervisor.tick()
        assert len(started) == 5
        clock.now += 59
        supervisor.tick()
        time.sleep(0.1)
        until(lambda: board() == "follower.")
        clock.now += 1
        supervisor.tick()
        until(lambda: board() == ".")
    finally:
        supervisor.stop()


SHOWS_LIFE = (
    "import pathlib, time\nfrom anchoring.processes.board import show_life\n"
    "while True: show_life(); pathlib.Path({!r}).touch(); time.sleep(0.01)"
)


def test_a_child_that_hangs_is_killed_and_started_again(
    tmp_path: Path, clock: Clock, started: list[subprocess.Popen[bytes]]
) -> None:
    shown = tmp_path / "shown"
    command = [sys.executable, "-c", SHOWS_LIFE.format(str(shown))]
    supervisor = Supervisor(
        {"api": command, "quiet": SLEEPS}, clock, silence_seconds={"api": 0.5, "quiet": 0.0}
    )
    try:
        supervisor.tick()
        hanging, quiet = started
        until(shown.exists)
        supervisor.tick()
        assert runs(hanging.pid)
        os.kill(hanging.pid, signal.SIGSTOP)
        time.sleep(0.6)
        supervisor.tick()
        until(lambda: not runs(hanging.pid))
        supervisor.tick()
        clock.now += 0.5
        shown.unlink()
        supervisor.tick()
        until(shown.exists)
        assert name_of(started[-1]) == command[-1]
        assert runs(quiet.pid), "a child that never showed signs is not judged by them"
    finally:
        supervisor.stop()


def test_a_process_without_a_supervisor_shows_its_life_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    show_life()


def test_a_process_without_a_supervisor_has_an_empty_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert read_board() == ()


def test_stopping_ends_every_child(supervised: Supervisor, started: list[subprocess.Popen[bytes]]) -> None:
    supervised.stop()
    assert len(started) == 2
    assert not any(runs(process.pid) for process in started)


@pytest.mark.parametrize("hang", ["deaf", "stopped"])
def test_a_child_that_hangs_when_asked_to_stop_is_killed(
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    started: list[subprocess.Popen[bytes]],
    hang: str,
) -> None:
    monkeypatch.setattr("anchoring.processes.supervisor._STOP_SECONDS", 0.3)
    ready = tmp_path / "ready"
    deaf = f"import pathlib, signal, time; signal.signal(15, lambda *_: None); pathlib.Path({str(ready)!r}).touch()"
    supervisor = Supervisor(
        {"deaf": [sys.executable, "-c", f"{deaf}; time.sleep(600); time.sleep(600)"]}, clock
    )
    supervisor.tick()
    pid = started[0].pid
    until(ready.exists)
    if hang == "stopped":
        os.kill(pid, signal.SIGSTOP)
    begun = time.monotonic()
    supervisor.stop()
    assert not runs(pid)
    assert time.monotonic() - begun >= 0.3


@pytest.mark.skipif(sys.platform != "linux", reason="the parent's death is signalled on Linux only")
def test_a_killed_supervisor_leaves_no_children() -> None:
    says_who = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"]
    program = (
        "from anchoring.processes.supervisor import Supervisor; import time\n"
        f"Supervisor({{'one': {says_who!r}}}).tick(); time.sleep(600)"
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
