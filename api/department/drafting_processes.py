"""Draft rows on all cores: in order, some chunks at a time, so that memory stays bounded.

A row that needs to know one above it is left for whoever gathers the rows: nearly none does.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Final, TypeAlias

from anchoring.processes.workers import map_in_order
from api.department.row_drafts import DraftedRow, RefusedRow, RowDrafter

#: Rows and bytes of a chunk: large beside what it costs to hand one over, small beside memory.
_CHUNK_ROWS: Final = 500
_CHUNK_BYTES: Final = 2**20
#: Chunks from which processes are worth their start, which takes as long as drafting thousands of rows.
_MIN_CHUNKS: Final = 12

NumberedRow: TypeAlias = tuple[int, bytes]
Chunk: TypeAlias = list[NumberedRow]
#: What became of a row; None where it was not drafted.
Outcome: TypeAlias = DraftedRow | RefusedRow | None


def draft_rows(
    drafter: RowDrafter, rows: Iterable[NumberedRow], process_count: int
) -> Iterator[tuple[int, bytes, Outcome]]:
    """Yield number, line and outcome of each row, in order; few rows, or with one process, are not drafted here."""
    chunks = _cut_rows(iter(rows))
    first_chunks = [*islice(chunks, _MIN_CHUNKS)] if process_count > 1 else []
    all_chunks = chain(first_chunks, chunks)
    if len(first_chunks) < _MIN_CHUNKS:
        yield from ((row_number, line, None) for chunk in all_chunks for row_number, line in chunk)
        return
    chunks_under_way: deque[Chunk] = deque()
    for outcomes in map_in_order(
        partial(_draft_chunk, drafter), _remember(all_chunks, chunks_under_way), process_count
    ):
        for (row_number, line), outcome in zip(chunks_under_way.popleft(), outcomes, strict=True):
            yield row_number, line, outcome


def _remember(chunks: Iterable[Chunk], chunks_under_way: deque[Chunk]) -> Iterator[Chunk]:
    for chunk in chunks:
        chunks_under_way.append(chunk)
        yield chunk


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


# -- In each process --


class _RowAboveNeeded(Exception):
    """A row cannot be drafted without those above it."""


class _NoRowsAbove:
    def find_above(self, identifier: str) -> bytes | None:
        raise _RowAboveNeeded

    find_newest = find_above


_NO_ROWS_ABOVE: Final = _NoRowsAbove()


def _draft_chunk(drafter: RowDrafter, chunk: Chunk) -> list[Outcome]:
    return [_draft_alone(drafter, line) for _, line in chunk]


def _draft_alone(drafter: RowDrafter, line: bytes) -> Outcome:
    try:
        return drafter.draft(line, _NO_ROWS_ABOVE)
    except _RowAboveNeeded:
        return None
