"""Work on chunks in several processes, with outcomes in the order of the chunks.

The processes get values and give values: they open no database. One that is killed costs time and no outcome.
"""

import logging
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Lock, Thread
from typing import Final, TypeAlias, TypeVar

from anchoring.catalogue.chosen import choose_catalogue, find_city_folder

Chunk = TypeVar("Chunk")
Outcome = TypeVar("Outcome")

_Handed: TypeAlias = tuple[ProcessPoolExecutor, Future[Outcome]]
_Waiting: TypeAlias = deque[tuple[Chunk, _Handed[Outcome] | None]]

_WAITING_CHUNKS: Final = 2  # of each process: the next is there when one is done, and memory is bounded
_MAX_PROCESSES: Final = (
    4  # beyond, whoever gathers the outcomes, which is one process, is what takes the time
)
logger = logging.getLogger(__name__)


def count_processes() -> int:
    """Return as many processes as this one may use cores, within what helps."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MAX_PROCESSES)


class Workers:
    """So many processes that work for this one, also for several of its threads at once.

    They start with the first chunk, work with the catalogue that is chosen then, and end with `close` or with this
    process, however it ends. Where there is but one, no other is started and chunks are worked on here.
    """

    def __init__(self, process_count: int) -> None:
        self._process_count = process_count
        self._pool: ProcessPoolExecutor | None = None
        self._is_closed = False
        self._lock = Lock()

    def map_in_order(
        self, work: Callable[[Chunk], Outcome], chunks: Iterable[Chunk]
    ) -> Generator[Outcome, None, None]:
        """Yield what `work`, a function of a module, makes of each chunk; where the chunks fail, after those before it."""
        if self._process_count < 2:
            yield from map(work, chunks)
            return
        waiting: _Waiting[Chunk, Outcome] = deque()
        try:
            for chunk in chunks:
                waiting.append((chunk, self._submit(work, chunk)))
                if len(waiting) > self._process_count * _WAITING_CHUNKS:
                    yield self._take(work, *waiting.popleft())
            yield from self._empty(work, waiting)
        except Exception:
            yield from self._empty(work, waiting)
            raise
        finally:
            for _, handed in waiting:
                if handed:
                    handed[1].cancel()

    def close(self) -> None:
        """End the processes, and start no others; a chunk that one works on is finished first."""
        with self._lock:
            pool, self._pool, self._is_closed = self._pool, None, True
        if pool:
            pool.shutdown(cancel_futures=True)

    def _submit(self, work: Callable[[Chunk], Outcome], chunk: Chunk) -> _Handed[Outcome] | None:
        """Hand a chunk to the processes there are; None where none is left to take it."""
        with self._lock:
            if self._is_closed:
                return None
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    self._process_count, get_context("spawn"), _begin, (find_city_folder(),)
                )
            try:
                return self._pool, self._pool.submit(work, chunk)
            except BrokenExecutor:
                return None

    def _empty(
        self, work: Callable[[Chunk], Outcome], waiting: _Waiting[Chunk, Outcome]
    ) -> Iterator[Outcome]:
        while waiting:
            yield self._take(work, *waiting.popleft())

    def _take(
        self, work: Callable[[Chunk], Outcome], chunk: Chunk, handed: _Handed[Outcome] | None
    ) -> Outcome:
        """Return the outcome of a chunk; that of a process that was killed, or was told to end, is made here."""
        if handed:
            pool, future = handed
            try:
                return future.result()
            except CancelledError:
                pass
            except BrokenExecutor:
                self._forget(pool)
        return work(chunk)

    def _forget(self, broken_pool: ProcessPoolExecutor) -> None:
        """Let the next chunk start other processes, unless some were started since."""
        with self._lock:
            if self._pool is not broken_pool:
                return
            self._pool = None
        logger.warning("a process that worked for this one was ended from outside: is there memory left?")
        broken_pool.shutdown(wait=False)


def map_in_order(
    work: Callable[[Chunk], Outcome], chunks: Iterable[Chunk], process_count: int
) -> Iterator[Outcome]:
    """Yield the same by processes that end with the last chunk."""
    with closing(Workers(process_count)) as workers:
        yield from workers.map_in_order(work, chunks)


def _begin(city_folder: Path | None) -> None:
    """End with the process that is worked for; what is typed at its terminal is for it alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    if city_folder:
        choose_catalogue(city_folder)


def _end_with_parent() -> None:
    """Wait for the end of the parent. A signal of the kernel would come with the end of the thread that started us."""
    parent = parent_process()
    assert parent
    parent.join()
    os._exit(1)
