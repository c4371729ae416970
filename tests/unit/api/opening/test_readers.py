"""Few documents are opened at once, each within limits, and no process is left behind."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from api import limits
from api.node.sections import Opening
from api.opening import reader as one_reader
from api.opening.errors import TooManyDocuments
from api.opening.frames import End
from api.opening.readers import DocumentReaders
from api.opening.words import say_unread
from ledger.documents.inspection import Inspection
from ledger.verification.reasons import Verdict
from tests.papers import sealed

QUICK = Opening(processes=1, seconds=1, memory_mb=192)
GOOD = b"%PDF-good"


def run(
    rules: Opening, story: Callable[[DocumentReaders], Awaitable[None]], trust_list: Path | None = None
) -> None:
    async def told() -> None:
        readers = DocumentReaders(rules, trust_list)
        try:
            await story(readers)
        finally:
            await readers.close()

    asyncio.run(told())


@pytest.fixture
def stubborn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_reader, "_WORKER_MODULE", "tests.fakes.stubborn_worker")
    monkeypatch.setattr(one_reader, "_GRACE_SECONDS", 0.1)


def test_only_what_can_be_opened_costs_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_reader, "_WORKER_MODULE", "no.such.module")

    async def story(readers: DocumentReaders) -> None:
        assert await readers.inspect([]) == ()
        assert await readers.inspect([b"<html>", b"text"]) == (None, None)

    run(QUICK, story)


def test_documents_come_back_in_their_order_and_are_read_once_each() -> None:
    async def story(readers: DocumentReaders) -> None:
        spoilt = sealed()[:-1]
        first, text, second, again = await readers.inspect([sealed(), b"text", spoilt, sealed()])
        assert first
        assert first.signatures
        assert text is None
        assert second
        assert second.problem
        assert again is first

    run(Opening(), story)


@pytest.mark.usefixtures("stubborn")
@pytest.mark.parametrize(
    ("document", "end"),
    [
        (b"%PDF-hang", End.TIME),
        (b"%PDF-end", End.DIED),
        (b"%PDF-lie", End.DIED),
        (b"%PDF-boast", End.DIED),
    ],
)
def test_a_process_that_fails_is_replaced_and_nothing_is_held_against_the_document(
    document: bytes, end: End
) -> None:
    async def story(readers: DocumentReaders) -> None:
        (failed,) = await readers.inspect([document])
        assert failed == Inspection("pdf", problem=say_unread(end))
        assert failed.verdict is Verdict.UNVERIFIABLE
        assert await readers.inspect([GOOD]) == (Inspection("pdf"),)

    run(QUICK, story)


@pytest.mark.usefixtures("stubborn")
def test_the_documents_of_one_request_share_one_time() -> None:
    async def story(readers: DocumentReaders) -> None:
        begun = time.monotonic()
        failed = await readers.inspect([b"%PDF-hang" + bytes([number]) for number in range(30)])
        assert time.monotonic() - begun < 10
        assert {inspection and inspection.problem for inspection in failed} == {say_unread(End.TIME)}

    run(QUICK, story)


@pytest.mark.usefixtures("stubborn")
def test_a_request_waits_a_while_and_no_more_wait_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_WAITING_FOR_OPENING", 2)
    monkeypatch.setattr(limits, "WAIT_FOR_OPENING_SECONDS", 0.3)

    async def story(readers: DocumentReaders) -> None:
        requests = [asyncio.create_task(readers.inspect([b"%PDF-hang"])) for _ in range(5)]
        answers = await asyncio.gather(*requests, return_exceptions=True)
        assert [type(answer) for answer in answers] == [tuple] + [TooManyDocuments] * 4
        assert await readers.inspect([GOOD]) == (Inspection("pdf"),)

    run(QUICK, story)


@pytest.mark.usefixtures("stubborn")
def test_the_bytes_of_documents_under_way_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_OPENING_BYTES", 100)

    async def story(readers: DocumentReaders) -> None:
        large = asyncio.create_task(readers.inspect([b"%PDF-hang" + bytes(200)]))  # alone, it may
        await asyncio.sleep(0)
        with pytest.raises(TooManyDocuments):
            await readers.inspect([GOOD])
        await large
        assert await readers.inspect([GOOD]) == (Inspection("pdf"),)

    run(QUICK, story)


@pytest.mark.usefixtures("stubborn")
def test_whoever_goes_away_takes_the_reading_along() -> None:
    async def story(readers: DocumentReaders) -> None:
        asked = asyncio.create_task(readers.inspect([b"%PDF-hang"]))
        process = await started(readers)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await ended(process)
        assert await readers.inspect([GOOD]) == (Inspection("pdf"),)

    run(QUICK, story)


def test_no_process_is_left_when_the_node_stops() -> None:
    processes = []

    async def story(readers: DocumentReaders) -> None:
        await readers.inspect([sealed()])
        processes.append(await started(readers))

    run(QUICK, story)
    with pytest.raises(ProcessLookupError):
        os.kill(processes[0], 0)


def test_a_process_that_was_killed_while_idle_is_started_again() -> None:
    async def story(readers: DocumentReaders) -> None:
        before = await readers.inspect([sealed()])
        process = await started(readers)
        os.kill(process, signal.SIGKILL)
        await ended(process)
        assert await readers.inspect([sealed()]) == before

    run(Opening(processes=1), story)


async def started(readers: DocumentReaders) -> int:
    """Return the number of the one process, once it runs."""
    await asyncio.sleep(0.05)
    (number,) = [int(name) for name in os.listdir("/proc") if name.isdigit() and is_mine(int(name))]
    return number


def is_mine(process: int) -> bool:
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
    return f"\0{os.getpid()}\0".encode() in command and b"worker" in command


async def ended(process: int) -> None:
    for _ in range(100):
        if not is_mine(process):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the process runs still")
