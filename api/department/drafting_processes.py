"""Draft rows on all cores: in order, some chunks at a time, so that memory stays bounded.

A row that needs to know one above it is left for whoever gathers the rows: nearly none does.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Final, TypeAlias

from anchoring.catalogue.chosen import choose_catalogue, find_city_folder
from anchoring.errors import SubmissionRefused
from api.department.row_drafts import DraftedRow, RefusedRow, RowDrafter

#: Rows and bytes of a chunk: large beside what it costs to hand one over, small beside memory.
_CHUNK_ROWS: Final = 500
_CHUNK_BYTES: Final = 2**20
#: Chunks from which processes are worth their start, which takes as long as drafting thousands of rows.
_MIN_CHUNKS: Final = 12
#: Chunks under way for each process: one in work, one that waits for it.
_CHUNKS_OF_PROCESS: Final = 2

NumberedRow: TypeAlias = tuple[int, bytes]
Chunk: TypeAlias = list[NumberedRow]
#: What became of a row; None where it was not drafted.
Outcome: TypeAlias = DraftedRow | RefusedRow | None


def count_cores() -> int:
    """Return on how many cores this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def draft_rows(
    drafter: RowDrafter, rows: Iterable[NumberedRow], process_count: int
) -> Iterator[tuple[int, bytes, Outcome]]:
    """Yield number, line and outcome of each row, in order; few rows, or one process, are not drafted here.

    Raises: SubmissionRefused where a process is ended from outside.
    """
    chunks = _cut_rows(iter(rows))
    first_chunks = [*islice(chunks, _MIN_CHUNKS)] if process_count > 1 else []
    all_chunks = chain(first_chunks, chunks)
    if len(first_chunks) < _MIN_CHUNKS:
        yield from ((row_number, line, None) for chunk in all_chunks for row_number, line in chunk)
        return
    pool = ProcessPoolExecutor(
        process_count,
        mp_context=get_context("spawn"),
        initializer=_prepare_process,
        initargs=(drafter, find_city_folder()),
    )
    try:
        yield from _draft_chunks(pool, all_chunks, process_count * _CHUNKS_OF_PROCESS)
    except BrokenProcessPool as error:
        raise SubmissionRefused(
            "drafting-ended",
            "a process that drafted rows was ended from outside, nothing was signed: is there memory left? Run it again",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _cut_rows(rows: Iterator[NumberedRow]) -> Iterator[Chunk]:
    chunk: Chunk = []
    byte_count = 0
    for row_number, line in rows:
        chunk.append((row_number, line))
        byte_count += len(line)
        if len(chunk) == _CHUNK_ROWS or byte_count >= _CHUNK_BYTES:
            yield chunk
            chunk, byte_count = [], 0
    if chunk:
        yield chunk


def _draft_chunks(
    pool: ProcessPoolExecutor, chunks: Iterable[Chunk], max_pending: int
) -> Iterator[tuple[int, bytes, Outcome]]:
    pending_chunks: deque[tuple[Chunk, Future[list[Outcome]]]] = deque()
    for chunk in chunks:
        pending_chunks.append((chunk, pool.submit(_draft_chunk, chunk)))
        if len(pending_chunks) == max_pending:
            yield from _take_chunk(*pending_chunks.popleft())
    while pending_chunks:
        yield from _take_chunk(*pending_chunks.popleft())


def _take_chunk(chunk: Chunk, future: "Future[list[Outcome]]") -> Iterator[tuple[int, bytes, Outcome]]:
    for (row_number, line), outcome in zip(chunk, future.result(), strict=True):
        yield row_number, line, outcome


# -- In each process --


class _RowAboveNeeded(Exception):
    """A row cannot be drafted without those above it."""


class _NoRowsAbove:
    def find_above(self, identifier: str) -> bytes | None:
        raise _RowAboveNeeded

    find_newest = find_above


_NO_ROWS_ABOVE: Final = _NoRowsAbove()
_drafters: list[RowDrafter] = []


def _prepare_process(drafter: RowDrafter, city_folder: Path | None) -> None:
    if city_folder:
        choose_catalogue(city_folder)
    _drafters.append(drafter)


def _draft_chunk(chunk: Chunk) -> list[Outcome]:
    return [_draft_alone(_drafters[0], line) for _, line in chunk]


def _draft_alone(drafter: RowDrafter, line: bytes) -> Outcome:
    try:
        return drafter.draft(line, _NO_ROWS_ABOVE)
    except _RowAboveNeeded:
        return None
