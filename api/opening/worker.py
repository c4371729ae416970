"""Open documents for another process, each in a child that is ended when it passes a limit.

    python -m api.opening.worker <number of the process that started it>

The libraries that read documents are loaded once; a child is forked for each document, with limits on its memory, its
processor time and the clock, and is gone with all that a hostile file left in it. Tasks come on standard input and answers
leave on standard output (`frames`), one after the other, until the input ends.
"""

import gc
import os
import resource
import signal
import sys
from typing import BinaryIO, Final, NoReturn

from anchoring.processes.children import die_with
from api.documents import authorities
from api.limits import MAX_INSPECTION_BYTES
from api.opening.answers import encode_inspection
from api.opening.frames import MAX_LINE_BYTES, Answer, End, Task
from ledger.documents.certificates.trust_list import TrustList
from ledger.documents.openers import inspect

#: Exit code of a child that was refused more memory.
_NO_MEMORY: Final = 3
_CHUNK_BYTES: Final = 2**16
_AT_A_LIMIT: Final[dict[int, End]] = {signal.SIGALRM: End.TIME, signal.SIGXCPU: End.TIME}


def main() -> None:
    """Answer tasks until the input ends."""
    die_with(int(sys.argv[1]))
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # a terminal sends it to all; whoever started this one decides
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    import ledger.documents.pdf.signatures  # noqa: F401 -- loaded here once, and not in each child

    gc.freeze()  # so that children do not copy what they never change
    answers.write(b"\n")
    answers.flush()
    while line := sys.stdin.buffer.readline(MAX_LINE_BYTES):
        task = Task.parse(line)
        end, report = _open_apart(task, sys.stdin.buffer.read(task.size), answers)
        answers.write(Answer(end, len(report)).encode() + report)
        answers.flush()


def _open_apart(task: Task, document: bytes, answers: BinaryIO) -> tuple[End, bytes]:
    """Read a document in a child and return how that ended, and the report where there is one."""
    trust = authorities(task.authorities)
    reading, writing = os.pipe()
    worker, child = os.getpid(), os.fork()
    if not child:
        os.close(reading)
        _read_and_exit(task, document, trust, worker, (writing, answers.fileno()))
    os.close(writing)
    report = _take_all(reading)
    if report is None:
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code or report is None:
        return _end_of(code), b""
    return End.READ, report


def _take_all(pipe: int) -> bytes | None:
    """Return what a child writes until it ends; None where that is longer than any report."""
    taken = bytearray()
    while chunk := os.read(pipe, _CHUNK_BYTES):
        taken += chunk
        if len(taken) > MAX_INSPECTION_BYTES:
            return None
    return bytes(taken)


def _end_of(code: int) -> End:
    if code == _NO_MEMORY:
        return End.MEMORY
    return _AT_A_LIMIT.get(-code, End.DIED) if code < 0 else End.DIED


def _read_and_exit(
    task: Task, document: bytes, trust: TrustList | None, worker: int, pipes: tuple[int, int]
) -> NoReturn:
    """Be the child: read the document within the limits, write the report, end."""
    code = 1
    try:
        writing, answers = pipes
        die_with(worker)
        os.close(answers)
        _silence()
        _limit(task)
        report = memoryview(encode_inspection(inspect(document, trust)))
        while report:
            report = report[os.write(writing, report) :]
        code = 0
    except MemoryError:
        code = _NO_MEMORY
    finally:
        os._exit(code)


def _silence() -> None:
    """Close what the worker speaks through: a hostile file must write neither answers nor lines of the log."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _limit(task: Task) -> None:
    """Let the system end this process at its limits; nothing here can be asked to go on."""
    for number in (signal.SIGALRM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, max(task.clock_seconds, 0.001))
    most_of = {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: task.processor_seconds}
    if sys.platform == "linux":  # others refuse to bound the memory of a process, or do not do it
        most_of[resource.RLIMIT_AS] = task.memory
    for kind, most in most_of.items():
        hard = resource.getrlimit(kind)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, hard if kind == resource.RLIMIT_CPU else allowed))


if __name__ == "__main__":
    main()
