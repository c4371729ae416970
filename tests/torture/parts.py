"""The processes of the cities: started, killed, paused and started again.

As an administrator's machine would.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

from anchoring.processes.children import make_dying_with
from tests.torture.starter import Forked, Starter

_AGAIN_SECONDS: Final = (0.0, 1.0)  # between an end and the next start


class Part:
    """One process of a city; `kind` is what `--only` calls it, or `node` for the supervisor with all of them."""

    def __init__(
        self,
        city: str,
        kind: str,
        directory: Path,
        starter: Starter,
        environment: Mapping[str, str] | None = None,
        *,
        settles: float = 2.0,
    ) -> None:
        """`settles`: seconds that it takes until it does its work, once it was started."""
        self.city, self.kind, self.settles = city, kind, settles
        self._directory, self._environment = directory, dict(environment or {})
        self._starter = starter
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self.wanted = True
        self.due = 0.0
        self._started = 0.0
        self.held_until = 0.0

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def ended(self) -> bool:
        """It ended without being told to."""
        return self._process is not None and self._process.poll() is not None

    @property
    def settled(self) -> bool:
        return self.runs and time.monotonic() - self._started >= self.settles

    def start(self) -> None:
        """Start it; from the main thread, with whose end it ends."""
        self._started = time.monotonic()
        path = self._directory / f"{self.kind}.log"
        if self.kind != "node":
            self._process = self._starter.start(self._directory, self.kind, path, self._environment)
            return
        with path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "api.cli", "node", str(self._directory)],
                stdout=log,
                stderr=log,
                preexec_fn=make_dying_with(os.getpid()),
            )

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
        self.held_until = 0.0

    def ask_to_end(self) -> None:
        """Ask it to end, as an administrator does."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()

    def hold(self, seconds: float) -> None:
        """Stop it in its tracks for a while, as a machine does that is out of memory or asleep."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP)
            self.held_until = time.monotonic() + seconds

    def release(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGCONT)
        self.held_until = 0.0

    def children(self) -> dict[str, int]:
        """Return the processes under a supervisor, by kind."""
        return children(self._process.pid) if self._process and self.runs else {}


def children(supervisor: int) -> dict[str, int]:
    """Return the numbers of the processes that a node's supervisor has started, by kind."""
    numbers: dict[str, int] = {}
    with suppress(OSError):  # it, or one of them, ends meanwhile
        for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
            words = Path(f"/proc/{child}/cmdline").read_text().split("\0")
            if "--only" in words:
                numbers[words[words.index("--only") + 1]] = int(child)
    return numbers


class Parts:
    """All of them. `tick` starts what should run, and lets go what was held for long enough."""

    def __init__(self, parts: Sequence[Part], random: Random) -> None:
        self.all, self._random = parts, random
        self.ended: Counter[str] = Counter()

    def tick(self) -> None:
        now = time.monotonic()
        for part in self.all:
            if part.held_until and part.held_until <= now:
                part.release()
            if part.ended:
                if part.wanted:
                    self.ended[part.kind] += 1
                self.kill(part)
            if part.wanted and not part.runs and part.due <= now:
                part.start()

    def kill(self, part: Part) -> None:
        """Kill it; it is started again in a moment, unless it is no longer wanted."""
        part.kill()
        part.due = time.monotonic() + self._random.uniform(*_AGAIN_SECONDS)

    def running(self, kind: str = "", *, settled: bool = False) -> list[Part]:
        """Return those that run, of one kind where it is named, and only those at work where that is asked for."""
        return [
            part
            for part in self.all
            if part.runs and kind in ("", part.kind) and (part.settled or not settled)
        ]

    def stop(self) -> None:
        for part in self.all:
            part.wanted = False
            part.kill()
