"""A child that reads a document ends at each of its limits, and says only its report."""

import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from api.limits import MAX_INSPECTION_BYTES
from api.opening import worker
from api.opening.answers import decode_inspection, encode_inspection
from api.opening.frames import Answer, End, Task
from ledger.documents.findings import pass_check
from ledger.documents.inspection import Inspection, Kind, SignatureReport
from ledger.documents.openers import inspect
from ledger.errors import MalformedInput
from tests.papers import sealed

ROOMY = Task(0, 20.0, 20, 2**30, None)


class Output(BytesIO):
    """Standard output as the worker keeps it for its answers."""

    def fileno(self) -> int:
        return os.open(os.devnull, os.O_WRONLY)


def children() -> set[str]:
    """Return the children of this process; other tests have some too."""
    return set(Path(f"/proc/{os.getpid()}/task/{threading.get_native_id()}/children").read_text().split())


def opened(
    task: Task, reading: Callable[..., Inspection], monkeypatch: pytest.MonkeyPatch
) -> tuple[End, bytes]:
    """Open a document in a child whose reader does what the test says."""
    monkeypatch.setattr(worker, "inspect", reading)
    return worker._open_in_child(task, b"%PDF-1.7", Output())


def spin(*_: object) -> Inspection:
    while True:
        pass


def sleep(*_: object) -> Inspection:
    time.sleep(60)
    return Inspection("pdf")


def swell(*_: object) -> Inspection:
    return Inspection("pdf", problem=str(len(bytearray(2**40))))


def crash(*_: object) -> Inspection:
    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV)
    return Inspection("pdf")


def exclaim(*_: object) -> Inspection:
    os.write(1, b"an answer of its own\n")
    os.write(2, b"a line of the log\n")
    return Inspection("pdf")


def ramble(*_: object) -> Inspection:
    return Inspection("pdf", problem="x" * (MAX_INSPECTION_BYTES + 1))


def fail(*_: object) -> Inspection:
    raise RuntimeError("whatever a library raises")


@pytest.mark.parametrize(
    ("reading", "task", "end"),
    [
        (spin, Task(0, 60.0, 1, 2**30, None), End.TIME),
        (sleep, Task(0, 0.3, 20, 2**30, None), End.TIME),
        (swell, ROOMY, End.MEMORY),
        (crash, ROOMY, End.DIED),
        (ramble, ROOMY, End.DIED),
        (fail, ROOMY, End.DIED),
    ],
)
def test_a_reader_that_passes_a_limit_is_ended(
    reading: Callable[..., Inspection], task: Task, end: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, begun = children(), time.monotonic()
    assert opened(task, reading, monkeypatch) == (end, b"")
    assert time.monotonic() - begun < 10
    assert children() <= before  # no zombie is left


def test_a_reader_can_speak_to_nobody_but_through_its_report(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    end, report = opened(ROOMY, exclaim, monkeypatch)
    assert (end, decode_inspection(report)) == (End.READ, Inspection("pdf"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux bounds the memory of a process")
def test_a_document_is_read_in_the_child_as_it_is_read_here() -> None:
    end, report = worker._open_in_child(ROOMY, sealed(), Output())
    assert end is End.READ
    assert decode_inspection(report) == inspect(sealed())


GOOD = Inspection(
    "pdf", (SignatureReport(Kind.PADES, 1, (pass_check("structure"),), signer="张三"),), problem="p"
)


def test_a_report_survives_the_way() -> None:
    assert decode_inspection(encode_inspection(GOOD)) == GOOD


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"structure"', b'"nothing"'),  # a check that there is not
        (b'"reason":"ok"', b'"reason":"better"'),
        (b'"outcome":"pass"', b'"outcome":"PASS"'),
        (b'"version":1', b'"version":"1"'),
        (b'"problem":"p"', b'"problem":"p","proof":null'),  # a proof is not the child's to give
        (b'"problem":"p"', b'"problem":["p"]'),
        (b"}", b""),
    ],
)
def test_what_is_not_a_report_is_not_believed(before: bytes, after: bytes) -> None:
    altered = encode_inspection(GOOD).replace(before, after)
    assert altered != encode_inspection(GOOD)
    with pytest.raises(MalformedInput):
        decode_inspection(altered)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b'{"end":"well","size_bytes":1}',
        b'{"end":"read","size_bytes":-1}',
        b'{"end":"read","size_bytes":100}',
        b"[" * 16_000,
    ],
)
def test_what_is_not_an_answer_is_not_believed(line: bytes) -> None:
    assert Answer.parse(b'{"end":"read","size_bytes":99}', 99) == Answer(End.READ, 99)
    with pytest.raises(MalformedInput):
        Answer.parse(line, 99)
