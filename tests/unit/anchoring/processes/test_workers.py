"""Chunks are worked on by several processes, and what becomes of them comes in their order."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from operator import neg
from pathlib import Path

import pytest

from anchoring.processes.workers import Workers, count_processes, map_in_order

CHUNKS = 40


def end_elsewhere(chunk: tuple[int, int]) -> int:
    """Double a number in the process that is named, and end every other one as a killed process ends."""
    process, number = chunk
    if os.getpid() != process:
        os._exit(9)
    return 2 * number


def tell_process(_: int) -> int:
    return os.getpid()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


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


def test_after_one_was_killed_others_work() -> None:
    with closing(Workers(2)) as workers:
        ends = list(workers.map_in_order(end_elsewhere, [(os.getpid(), 1)]))
        assert ends == [2]
        assert os.getpid() not in set(workers.map_in_order(tell_process, range(CHUNKS)))


def test_closed_ones_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers(2)
    workers.close()
    assert set(workers.map_in_order(tell_process, range(CHUNKS))) == {os.getpid()}


def test_chunks_that_wait_when_they_are_closed_are_worked_on_here() -> None:
    workers = Workers(2)
    outcomes = workers.map_in_order(neg, range(CHUNKS))
    first_outcome = next(outcomes)
    workers.close()
    assert [first_outcome, *outcomes] == [-number for number in range(CHUNKS)]


def test_several_threads_share_the_processes() -> None:
    with closing(Workers(2)) as workers, ThreadPoolExecutor(4) as threads:
        outcomes = threads.map(lambda _: list(workers.map_in_order(neg, range(CHUNKS))), range(8))
        assert list(outcomes) == [[-number for number in range(CHUNKS)]] * 8


def test_the_processes_do_not_outlive_one_that_is_killed() -> None:
    """Nor do they end with the thread that started them."""
    script = (
        "import os, sys, threading\n"
        "from operator import neg\n"
        "from anchoring.processes.workers import Workers\n"
        "from tests.unit.anchoring.processes.test_workers import tell_process\n"
        "if __name__ == '__main__':\n"
        "    workers = Workers(2)\n"
        "    starter = threading.Thread(target=lambda: list(workers.map_in_order(neg, range(4))))\n"
        "    starter.start(); starter.join()\n"
        "    print(*set(workers.map_in_order(tell_process, range(40))), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        worker_ids = [int(number) for number in process.stdout.readline().split()]
        assert worker_ids
        assert process.pid not in worker_ids
        process.kill()
    wait_until(lambda: not any(Path(f"/proc/{number}").exists() for number in worker_ids))


def test_there_are_no_more_processes_than_cores() -> None:
    assert 1 <= count_processes() <= len(os.sched_getaffinity(0))
