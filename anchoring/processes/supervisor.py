"""Keep a node's processes running: start them, start again what dies, stop them together.

A child that dies at once is started again after a pause that doubles, so that a fault that lasts does not spin. One that
ends with `NEEDS_PERSON` said what a person has to do: then all of them are stopped. One that showed signs of life on the
board and shows none any more hangs: it is killed, and started again. Who keeps dying stands on the board. Nothing here
knows what the children do.
"""

import logging
import math
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType, MappingProxyType
from typing import Final

from anchoring.processes.board import Board
from anchoring.processes.children import make_dying_with
from anchoring.processes.loops import Backoff

#: Of a child that died: the first time it is back before anybody notices; nobody else waits for the same thing.
RESTART_BACKOFF: Final = Backoff(first_seconds=0.5, longest_seconds=30.0, is_spread=False)
_STEADY_SECONDS: Final = 60.0  # a child that ran this long has no failures any more
_KEEPS_DYING: Final = 3  # failures in a row: one or two are mishaps, after which a child is back in a second
_STOP_SECONDS: Final = 15.0  # for a child to end by itself once asked; a batch is frozen in far less
_TICK_SECONDS: Final = 0.2
#: Silence after which a child hangs, unless it is told otherwise: a batch of a million records is frozen in a tenth of that.
SILENCE_SECONDS: Final = 600.0
#: Exit code of a child that nobody but a person can help: starting it again would say the same for ever.
NEEDS_PERSON: Final = 4

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Child:
    name: str
    command: Sequence[str]
    child_number: int
    silence_seconds: float
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failure_count: int = 0
    due_at: float = 0.0


class Supervisor:
    """Runs commands by name until it is told to stop.

    `silence_seconds` says of a child by its name after which silence it hangs; of others `SILENCE_SECONDS`.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        clock: Callable[[], float] = time.monotonic,
        silence_seconds: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self._children = [
            _Child(name, command, child_number, silence_seconds.get(name, SILENCE_SECONDS))
            for child_number, (name, command) in enumerate(commands.items())
        ]
        self._clock, self._board = clock, Board()
        self._is_stopping = False
        self._helpless_child: str | None = None

    def run(self) -> str | None:
        """Keep the children running until SIGTERM or SIGINT, then stop them all.

        Return the name of the child that only a person can help, where one ended the rest; None where it was a signal.
        """
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, self._on_signal)
        try:
            while not self._is_stopping and self._helpless_child is None:
                self.tick()
                time.sleep(_TICK_SECONDS)
        finally:
            self.stop()
        return self._helpless_child

    def tick(self) -> None:
        """Start what is due and notice what has ended."""
        now = self._clock()
        for child in self._children:
            if child.process is None:
                if now >= child.due_at:
                    child.process, child.started_at = self._start(child), now
                continue
            exit_code = child.process.poll()
            if now - child.started_at >= _STEADY_SECONDS:
                child.failure_count = 0
            if exit_code is None:
                self._end_silent(child, child.process)
                continue
            if exit_code == NEEDS_PERSON:
                child.process, child.due_at, self._helpless_child = None, math.inf, child.name
                continue
            child.failure_count += 1
            pause_seconds = RESTART_BACKOFF.choose_pause(child.failure_count)
            logger.warning("%s ended with %s (starts again in %.1f s)", child.name, exit_code, pause_seconds)
            child.process, child.due_at = None, now + pause_seconds
        self._board.write(child.name for child in self._children if child.failure_count >= _KEEPS_DYING)

    def _end_silent(self, child: _Child, process: subprocess.Popen[bytes]) -> None:
        """Kill a child that hangs; what hangs does not heed a request to end."""
        seen_at = self._board.read_sign(child.child_number)
        if seen_at is None or time.monotonic() - seen_at < child.silence_seconds:
            return
        logger.error(
            "%s has shown no sign of life for %.0f s: it is killed", child.name, child.silence_seconds
        )
        process.kill()
        self._board.clear_sign(child.child_number)

    def _start(self, child: _Child) -> subprocess.Popen[bytes]:
        self._board.clear_sign(child.child_number)
        return subprocess.Popen(
            child.command,
            preexec_fn=make_dying_with(os.getpid()),
            pass_fds=[self._board.descriptor],
            env=self._board.make_environment(child.child_number),
        )

    def stop(self) -> None:
        """Ask every child to end, and end by force what does not."""
        processes = [child.process for child in self._children if child.process is not None]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for child in self._children:
            child.process = None

    def _on_signal(self, signal_number: int, frame: FrameType | None) -> None:
        self._is_stopping = True
