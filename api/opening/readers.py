"""Have documents opened by processes that can be killed, few at once.

Everything here runs in the event loop and waits there: the threads that answer other requests are not held. A document at
a limit is neither altered nor good: its inspection has a `problem`, which makes it unverifiable. What is compared with
the register are the bytes as they were presented, and those need no opening.
"""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from api import limits
from api.documents import authorities
from api.node.sections import Opening
from api.opening.errors import TooManyDocuments
from api.opening.frames import End, Task
from api.opening.reader import Reader
from api.opening.words import say_unread
from ledger.documents.inspection import Inspection
from ledger.documents.kinds import FileKind, tell_kind

_LEAST_PROCESSES: Final = 2
_MEGABYTE: Final = 2**20
#: By the clock, of the seconds that a document may take of the processor: other processes work too.
_CLOCK_FACTOR: Final = 2


class DocumentReaders:
    """The processes that open documents for one process that answers requests; for its event loop."""

    def __init__(self, rules: Opening, trust_list: Path | None) -> None:
        self._rules = rules
        self._trust_list = trust_list
        self._most = rules.processes or max(_LEAST_PROCESSES, os.cpu_count() or 1)
        self._free = asyncio.Semaphore(self._most)
        self._idle = [Reader() for _ in range(self._most)]
        self._waiting = self._bytes = 0

    async def inspect(self, documents: Iterable[bytes]) -> tuple[Inspection | None, ...]:
        """Return what each document shows by itself, None for a kind that is not opened here.

        All of them share one time, and one that is there twice is read once. Raises: TooManyDocuments, SettingsError.
        """
        ordered = list(documents)
        opened = {document: kind for document in ordered if (kind := tell_kind(document)) is not None}
        if not opened:
            return (None,) * len(ordered)
        authorities(self._trust_list)  # says what is wrong with it where something is
        with self._room(sum(map(len, opened))):
            async with self._reader() as reader:
                inspections = await self._read(reader, opened)
        return tuple(inspections.get(document) for document in ordered)

    async def close(self) -> None:
        """End every process."""
        for reader in self._idle:
            await reader.stop()

    async def _read(self, reader: Reader, documents: Mapping[bytes, FileKind]) -> dict[bytes, Inspection]:
        until = _now() + _CLOCK_FACTOR * self._rules.seconds
        inspections = {}
        for document, kind in documents.items():
            left = until - _now()
            if left > 0:
                inspections[document] = await reader.read(document, kind, self._task(document, left))
            else:
                inspections[document] = Inspection(kind.value, problem=say_unread(End.TIME))
        return inspections

    def _task(self, document: bytes, left: float) -> Task:
        return Task(
            size=len(document),
            clock_seconds=left,
            processor_seconds=min(self._rules.seconds, math.ceil(left)),
            memory=self._rules.memory_mb * _MEGABYTE,
            trust_list=str(self._trust_list) if self._trust_list else None,
        )

    @contextmanager
    def _room(self, size: int) -> Iterator[None]:
        """Count the bytes of documents that wait or are being opened. Raises: TooManyDocuments."""
        if self._bytes and self._bytes + size > limits.MAX_OPENING_BYTES:
            raise TooManyDocuments("the documents that are being opened fill the room that there is for them")
        self._bytes += size
        try:
            yield
        finally:
            self._bytes -= size

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[Reader]:
        """Give a process that is free, or wait a while for one. Raises: TooManyDocuments."""
        if self._free.locked() and self._waiting >= limits.MAX_WAITING_FOR_OPENING * self._most:
            raise TooManyDocuments(
                f"{self._most} requests have their documents opened, and as many wait as may"
            )
        self._waiting += 1
        try:
            async with asyncio.timeout(limits.WAIT_FOR_OPENING_SECONDS):
                await self._free.acquire()
        except TimeoutError as error:
            raise TooManyDocuments(
                f"{self._most} requests have their documents opened, and none was done soon"
            ) from error
        finally:
            self._waiting -= 1
        reader = self._idle.pop()
        try:
            yield reader
        finally:
            self._idle.append(reader)  # the one used last is used next: others may never have to start
            self._free.release()


def _now() -> float:
    return asyncio.get_running_loop().time()
