"""Have documents opened by processes that can be killed, few at once.

Everything here runs in the event loop and waits there: the threads that answer other requests are not held. A document at
a limit is neither altered nor good: its inspection has a `problem`, which makes it unverifiable. What is compared with
the register are the bytes as they were presented, and those need no opening.
"""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, TypeVar

from api import limits
from api.documents import load_trust_list
from api.node.sections import Opening
from api.opening.answers import decode_inspection
from api.opening.errors import TooManyDocuments
from api.opening.frames import End, Purpose, Task
from api.opening.pictures import PictureReading, decode_reading
from api.opening.reader import Reader
from api.opening.words import say_unread
from ledger.documents.inspection import Inspection
from ledger.documents.kinds import tell_kind

T = TypeVar("T")

_MIN_PROCESSES: Final = 2
_MEGABYTE_BYTES: Final = 2**20
#: By the clock, of the seconds that a document may take of the processor: other processes work too.
_CLOCK_FACTOR: Final = 2
#: A picture whose pixels do not fit is too large for this node, whatever their number.
_PICTURE_PROBLEMS: Final = {End.MEMORY: "too_large"}


class DocumentReaders:
    """The processes that open documents for one process that answers requests; for its event loop."""

    def __init__(self, opening_rules: Opening, trust_list_path: Path | None) -> None:
        self._opening_rules = opening_rules
        self._trust_list_path = trust_list_path
        self._reader_count = opening_rules.processes or max(_MIN_PROCESSES, os.cpu_count() or 1)
        self._free_readers = asyncio.Semaphore(self._reader_count)
        self._idle_readers = [Reader() for _ in range(self._reader_count)]
        self._waiting_count = self._bytes_under_way = 0

    async def inspect(self, documents: Iterable[bytes]) -> tuple[Inspection | None, ...]:
        """Return what each document shows by itself, None for a kind that is not opened here.

        All of them share one time, and one that is there twice is read once. Raises: TooManyDocuments, SettingsError.
        """
        documents_in_order = list(documents)
        kinds_by_document = {
            document: kind for document in documents_in_order if (kind := tell_kind(document)) is not None
        }
        if kinds_by_document:
            load_trust_list(self._trust_list_path)  # says what is wrong with it where something is
        results = await self._read(kinds_by_document, Purpose.INSPECT, decode_inspection)
        inspections = {
            document: Inspection(kinds_by_document[document].value, problem=say_unread(result))
            if isinstance(result, End)
            else result
            for document, result in results.items()
        }
        return tuple(inspections.get(document) for document in documents_in_order)

    async def read_codes(self, pictures: Iterable[bytes]) -> tuple[PictureReading, ...]:
        """Return the codes in each picture; they share one time. Raises: TooManyDocuments."""
        pictures_in_order = list(pictures)
        results = await self._read(dict.fromkeys(pictures_in_order), Purpose.CODES, decode_reading)
        return tuple(
            PictureReading(problem=_PICTURE_PROBLEMS.get(result, result.value))
            if isinstance(result, End)
            else result
            for result in (results[picture] for picture in pictures_in_order)
        )

    async def close(self) -> None:
        """End every process."""
        for reader in self._idle_readers:
            await reader.stop()

    async def _read(
        self, contents: Collection[bytes], purpose: Purpose, decode: Callable[[bytes], T]
    ) -> dict[bytes, T | End]:
        """Have one process read all contents, one after another, or say of each how its reading ended."""
        results: dict[bytes, T | End] = {}
        if not contents:
            return results
        with self._reserve_room(sum(map(len, contents))):
            async with self._lend_reader() as reader:
                deadline = _now() + _CLOCK_FACTOR * self._opening_rules.seconds
                for content in contents:
                    seconds_left = deadline - _now()
                    task = self._make_task(content, seconds_left, purpose)
                    results[content] = (
                        await reader.read(content, task, decode) if seconds_left > 0 else End.TIME
                    )
        return results

    def _make_task(self, content: bytes, seconds_left: float, purpose: Purpose) -> Task:
        return Task(
            size_bytes=len(content),
            clock_seconds=seconds_left,
            processor_seconds=min(self._opening_rules.seconds, math.ceil(seconds_left)),
            memory_bytes=self._opening_rules.memory_mb * _MEGABYTE_BYTES,
            trust_list=str(self._trust_list_path) if self._trust_list_path else None,
            purpose=purpose,
        )

    @contextmanager
    def _reserve_room(self, byte_count: int) -> Iterator[None]:
        """Count the bytes of documents that wait or are being opened. Raises: TooManyDocuments."""
        if self._bytes_under_way and self._bytes_under_way + byte_count > limits.MAX_OPENING_BYTES:
            raise TooManyDocuments("the documents that are being opened fill the room that there is for them")
        self._bytes_under_way += byte_count
        try:
            yield
        finally:
            self._bytes_under_way -= byte_count

    @asynccontextmanager
    async def _lend_reader(self) -> AsyncIterator[Reader]:
        """Give a process that is free, or wait a while for one. Raises: TooManyDocuments."""
        if (
            self._free_readers.locked()
            and self._waiting_count >= limits.MAX_WAITING_FOR_OPENING * self._reader_count
        ):
            raise TooManyDocuments(
                f"{self._reader_count} requests have their documents opened, and as many wait as may"
            )
        self._waiting_count += 1
        try:
            async with asyncio.timeout(limits.WAIT_FOR_OPENING_SECONDS):
                await self._free_readers.acquire()
        except TimeoutError as error:
            raise TooManyDocuments(
                f"{self._reader_count} requests have their documents opened, and none was done soon"
            ) from error
        finally:
            self._waiting_count -= 1
        reader = self._idle_readers.pop()
        try:
            yield reader
        finally:
            self._idle_readers.append(
                reader
            )  # the one used last is used next: others may never have to start
            self._free_readers.release()


def _now() -> float:
    return asyncio.get_running_loop().time()
