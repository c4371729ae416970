"""Work on chunks in several processes, with outcomes in the order of the chunks.

The processes get values and give values: they open no database. One that is killed costs time and no outcome.
"""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final, TypeAlias, TypeVar

from anchoring.processes.children import die_with

Chunk = TypeVar("Chunk")
Outcome = TypeVar("Outcome")

_Waiting: TypeAlias = deque[tuple[Chunk, Future[Outcome] | None]]

_WAITING_CHUNKS: Final = 2  # of each process: the next is there when one is done, and memory is bounded
_MAX_PROCESSES: Final = 4  # beyond, the reading of the rows, which is one process, is what takes the time


def count_processes() -> int:
    """Return as many processes as this one may use cores, within what helps."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MAX_PROCESSES)


def map_in_order(
    work: Callable[[Chunk], Outcome], chunks: Iterable[Chunk], processes: int
) -> Iterator[Outcome]:
    """Yield what `work`, a function of a module, makes of each chunk; where the chunks fail, after those before it."""
    if processes < 2:
        yield from map(work, chunks)
        return
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _begin, (os.getpid(),))
    waiting: _Waiting[Chunk, Outcome] = deque()
    try:
        for chunk in chunks:
            waiting.append((chunk, _submit(pool, work, chunk)))
            if len(waiting) > processes * _WAITING_CHUNKS:
                yield _take(work, *waiting.popleft())
        yield from _empty(work, waiting)
    except Exception:
        yield from _empty(work, waiting)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(parent: int) -> None:
    """End with the audit, however that ends; what is typed at its terminal is for the audit alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(parent)


def _empty(work: Callable[[Chunk], Outcome], waiting: _Waiting[Chunk, Outcome]) -> Iterator[Outcome]:
    while waiting:
        yield _take(work, *waiting.popleft())


def _submit(
    pool: ProcessPoolExecutor, work: Callable[[Chunk], Outcome], chunk: Chunk
) -> Future[Outcome] | None:
    try:
        return pool.submit(work, chunk)
    except BrokenExecutor:
        return None


def _take(work: Callable[[Chunk], Outcome], chunk: Chunk, future: Future[Outcome] | None) -> Outcome:
    """Return the outcome of a chunk; that of a process that was killed is made here."""
    try:
        return future.result() if future else work(chunk)
    except BrokenExecutor:
        return work(chunk)
