"""Start processes of nodes quickly: one that has loaded everything forks itself for each.

Loading the program takes a second or two of a core; a process that is killed every few seconds would do little else. What
runs is the same as below `shunzheng node DIRECTORY --only KIND`, and dies like it.
"""

import json
import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from anchoring.processes.children import make_dying_with
from api import processes
from api.node.settings import Settings


class Forked:
    """A process that is no child of this one; what is used of `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle: int | None = None
        with suppress(ProcessLookupError):  # it has ended already
            self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return 0 once it has ended, however it did."""
        return 0 if self._ends_within(0.0) else None

    def wait(self, timeout: float | None = None) -> int:
        if not self._ends_within(timeout):
            raise subprocess.TimeoutExpired("", timeout or 0.0)
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        return 0

    def send_signal(self, number: int) -> None:
        if self._handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ends_within(self, seconds: float | None) -> bool:
        return self._handle is None or bool(select.select([self._handle], [], [], seconds)[0])


class Starter:
    """The process that forks. Everything that it started dies with it, and it with the thread that made it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.starter"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=make_dying_with(os.getpid()),
        )

    def start(self, directory: Path, kind: str, log: Path, environment: Mapping[str, str]) -> Forked:
        assert self._process.stdin
        assert self._process.stdout
        wanted = [str(directory), kind, str(log), dict(environment)]
        self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
        self._process.stdin.flush()
        return Forked(int(self._process.stdout.readline()))

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


def _serve() -> None:
    """Fork for every line of standard input, and answer with the number of the process."""
    import uvicorn  # noqa: F401  these are what the processes load

    import api.http.app  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    die = make_dying_with(os.getpid())
    for line in sys.stdin:
        directory, kind, log, environment = json.loads(line)
        pid = os.fork()
        if pid == 0:
            if die:
                die()
            _become(Path(directory), kind, Path(log), environment)
        print(pid, flush=True)


def _become(directory: Path, kind: str, log: Path, environment: Mapping[str, str]) -> None:
    """Be a process of a node until it ends."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(descriptor, stream.fileno())
        os.environ.update(environment)
        processes.run(kind, Settings.load(directory))
        code = 0
    except Exception:
        logging.exception("%s ended", kind)
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
