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
from api.documents import load_trust_list
from api.limits import MAX_INSPECTION_BYTES
from api.opening.answers import encode_inspection
from api.opening.frames import MAX_LINE_BYTES, Answer, End, Purpose, Task
from api.opening.picture_codes import read_codes
from api.opening.pictures import encode_reading
from ledger.documents.certificates.trust_list import TrustList
from ledger.documents.openers import inspect

#: Exit code of a child that was refused more memory.
_NO_MEMORY_CODE: Final = 3
_CHUNK_BYTES: Final = 2**16
_ENDS_BY_SIGNAL: Final[dict[int, End]] = {signal.SIGALRM: End.TIME, signal.SIGXCPU: End.TIME}


def main() -> None:
    """Answer tasks until the input ends."""
    die_with(int(sys.argv[1]))
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # a terminal sends it to all; whoever started this one decides
    answer_pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    import ledger.documents.pdf.signatures  # noqa: F401 -- loaded here once, and not in each child

    gc.freeze()  # so that children do not copy what they never change
    answer_pipe.write(b"\n")
    answer_pipe.flush()
    while line := sys.stdin.buffer.readline(MAX_LINE_BYTES):
        task = Task.parse(line)
        end, encoded_report = _open_in_child(task, sys.stdin.buffer.read(task.size_bytes), answer_pipe)
        answer_pipe.write(Answer(end, len(encoded_report)).encode() + encoded_report)
        answer_pipe.flush()


def _open_in_child(task: Task, document_bytes: bytes, answer_pipe: BinaryIO) -> tuple[End, bytes]:
    """Read a document in a child and return how that ended, and the report where there is one."""
    trust_list = load_trust_list(task.authorities)
    read_end, write_end = os.pipe()
    worker_id, child_id = os.getpid(), os.fork()
    if not child_id:
        os.close(read_end)
        _read_and_exit(task, document_bytes, trust_list, worker_id, (write_end, answer_pipe.fileno()))
    os.close(write_end)
    encoded_report = _read_report(read_end)
    if encoded_report is None:
        os.kill(child_id, signal.SIGKILL)
    os.close(read_end)
    exit_code = os.waitstatus_to_exitcode(os.waitpid(child_id, 0)[1])
    if exit_code or encoded_report is None:
        return _find_end(exit_code), b""
    return End.READ, encoded_report


def _read_report(descriptor: int) -> bytes | None:
    """Return what a child writes until it ends; None where that is longer than any report."""
    encoded_report = bytearray()
    while chunk := os.read(descriptor, _CHUNK_BYTES):
        encoded_report += chunk
        if len(encoded_report) > MAX_INSPECTION_BYTES:
            return None
    return bytes(encoded_report)


def _find_end(exit_code: int) -> End:
    if exit_code == _NO_MEMORY_CODE:
        return End.MEMORY
    return _ENDS_BY_SIGNAL.get(-exit_code, End.DIED) if exit_code < 0 else End.DIED


def _read_and_exit(
    task: Task,
    document_bytes: bytes,
    trust_list: TrustList | None,
    worker_id: int,
    descriptors: tuple[int, int],
) -> NoReturn:
    """Be the child: read the document within the limits, write the report, end."""
    exit_code = 1
    try:
        write_end, answers_descriptor = descriptors
        die_with(worker_id)
        os.close(answers_descriptor)
        _close_streams()
        _set_limits(task)
        encoded_report = memoryview(_read(task, document_bytes, trust_list))
        while encoded_report:
            encoded_report = encoded_report[os.write(write_end, encoded_report) :]
        exit_code = 0
    except MemoryError:
        exit_code = _NO_MEMORY_CODE
    finally:
        os._exit(exit_code)


def _read(task: Task, document_bytes: bytes, trust_list: TrustList | None) -> bytes:
    match task.purpose:
        case Purpose.INSPECT:
            return encode_inspection(inspect(document_bytes, trust_list))
        case Purpose.CODES:
            return encode_reading(read_codes(document_bytes))


def _close_streams() -> None:
    """Close what the worker speaks through: a hostile file must write neither answers nor lines of the log."""
    null_device = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null_device, descriptor)
    os.close(null_device)


def _set_limits(task: Task) -> None:
    """Let the system end this process at its limits; nothing here can be asked to go on."""
    for signal_number in (signal.SIGALRM, signal.SIGXCPU):
        signal.signal(signal_number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, max(task.clock_seconds, 0.001))
    bounds_by_resource = {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: task.processor_seconds}
    if sys.platform == "linux":  # others refuse to bound the memory of a process, or do not do it
        bounds_by_resource[resource.RLIMIT_AS] = task.memory_bytes
    for resource_number, bound in bounds_by_resource.items():
        hard_bound = resource.getrlimit(resource_number)[1]
        soft_bound = bound if hard_bound == resource.RLIM_INFINITY else min(bound, hard_bound)
        resource.setrlimit(
            resource_number,
            (soft_bound, hard_bound if resource_number == resource.RLIMIT_CPU else soft_bound),
        )


if __name__ == "__main__":
    main()
