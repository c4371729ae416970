"""Chunks are worked on by several processes, and what becomes of them comes in their order."""

import os
from collections.abc import Iterator
from itertools import islice
from operator import neg

import pytest

from anchoring.audit.workers import count_processes, map_in_order

CHUNKS = 40


def end_elsewhere(chunk: tuple[int, int]) -> int:
    """Double a number in the process that is named, and end every other one as a killed process ends."""
    process, number = chunk
    if os.getpid() != process:
        os._exit(9)
    return 2 * number


def fail_after(count: int) -> Iterator[int]:
    yield from range(count)
    raise LookupError("the rest cannot be read")


@pytest.mark.parametrize("processes", [1, 2])
def test_outcomes_come_in_the_order_of_the_chunks(processes: int) -> None:
    assert list(map_in_order(neg, range(CHUNKS), processes)) == [-number for number in range(CHUNKS)]


@pytest.mark.parametrize("processes", [1, 2])
def test_what_came_before_chunks_that_fail_is_done(processes: int) -> None:
    iterator = map_in_order(neg, fail_after(CHUNKS), processes)
    assert list(islice(iterator, CHUNKS)) == [-number for number in range(CHUNKS)]
    with pytest.raises(LookupError):
        next(iterator)


def test_a_process_that_is_killed_costs_no_outcome() -> None:
    chunks = [(os.getpid(), number) for number in range(CHUNKS)]
    assert list(map_in_order(end_elsewhere, chunks, 2)) == [2 * number for number in range(CHUNKS)]


def test_there_are_no_more_processes_than_cores() -> None:
    assert 1 <= count_processes() <= len(os.sched_getaffinity(0))
