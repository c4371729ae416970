"""One process that opens documents, started when it is needed and again when it was killed."""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from api import limits
from api.opening.frames import Answer, End, Task
from ledger.errors import MalformedInput

#: Seconds by which an answer may be late: the child is ended by its own limits first, and only then from outside.
_GRACE_SECONDS: Final = 3.0
_WORKER_MODULE: Final = "api.opening.worker"

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Reader:
    """Gives one document after another to a process of its own. For one task of the event loop at a time."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._killed_process: Process | None = None

    async def read(self, content: bytes, task: Task, decode: Callable[[bytes], T]) -> T | End:
        """Return what `decode` makes of the report on a file, or how else its reading ended."""
        was_running = self._process is not None
        end, encoded_report = await self._attempt(content, task)
        if end is End.DIED and was_running:  # the process may have been killed before, by whom or what ever
            end, encoded_report = await self._attempt(content, task)
        if end is End.READ:
            try:
                return decode(encoded_report)
            except MalformedInput:
                end = End.DIED
                self.kill()
        logger.warning("a document was not read to its end: %s", end.value)
        return end

    async def _attempt(self, content: bytes, task: Task) -> tuple[End, bytes]:
        """Return how the reading ended, with the report. A process that did not answer as it should is killed."""
        try:
            process = await self._start_if_needed()
            async with asyncio.timeout(task.clock_seconds + _GRACE_SECONDS):
                return await _ask(process, task, content)
        except TimeoutError:
            self.kill()
            return End.TIME, b""
        except (MalformedInput, OSError, EOFError, asyncio.LimitOverrunError):
            self.kill()
            return End.DIED, b""
        except BaseException:  # whoever asked has gone: so has what was read for them
            self.kill()
            raise

    def kill(self) -> None:
        """End the process at once, with the child that reads for it; the next document starts another."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            self._killed_process, self._process = self._process, None

    async def _start_if_needed(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            await self.stop()
            command = (sys.executable, "-m", _WORKER_MODULE, str(os.getpid()))
            self._process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
            async with asyncio.timeout(limits.LOAD_SECONDS):
                await _take_pipes(self._process)[1].readexactly(1)  # it has loaded what reads documents
        return self._process

    async def stop(self) -> None:
        """End the process and wait until it has ended."""
        self.kill()
        if self._killed_process is not None:
            await self._killed_process.wait()


async def _ask(process: Process, task: Task, content: bytes) -> tuple[End, bytes]:
    """Hand over a document and return how its reading ended, with the report. Raises: MalformedInput, OSError, EOFError."""
    task_pipe, answer_pipe = _take_pipes(process)
    task_pipe.write(task.encode())
    task_pipe.write(content)
    await task_pipe.drain()
    answer = Answer.parse(await answer_pipe.readuntil(b"\n"), limits.MAX_INSPECTION_BYTES)
    return answer.end, await answer_pipe.readexactly(answer.size_bytes)


def _take_pipes(process: Process) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    assert process.stdin, "it was started with both"
    assert process.stdout, "it was started with both"
    return process.stdin, process.stdout
