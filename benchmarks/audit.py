"""How long an audit of a large node takes, and a trace of one certificate at it.

    python -m benchmarks audit [--quick]

A node of one log: 1,000,000 records of two claims each, one in a hundred a change of status, in batches of 100,000, made by
the intake, anchorer and follower of production on a chain in memory. The audit is the command from start to end, which
asks no chain; the memory is that of all its processes, each shared page counted once, and is looked at ten times a second.
Seconds of the clock, and those of all processors. Beside it, what a node does to trace one of its certificates: find its
records, make their proofs and sign the history; milliseconds, median of many. `--quick`: a tenth of the records.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from time import perf_counter, sleep
from typing import Any, Final

from anchoring.checkpoints.store import Checkpoints, make_checkpoint
from anchoring.register.histories import make_history
from anchoring.register.records import find_records
from anchoring.register.store import Register
from anchoring.replica.store import Replica
from ledger.crypto.keys import generate_key
from ledger.registry.acts import KeyRegistered
from ledger.registry.trust import NODE
from tests.fakes.department import LOG, NOW, change, identifier, licence
from tests.fakes.issuing import City

RECORD_COUNT: Final = 1_000_000
RECORDS_PER_SUBMISSION: Final = 10_000
SUBMISSIONS_PER_BATCH: Final = 10
RECORDS_PER_CHANGE: Final = 100  # one record in so many changes a status
TRACED_INDEX: Final = 5_001  # of a submission: a licence that is suspended with the next one
LOOK_INTERVAL_SECONDS: Final = 0.1
COMMAND_PATH: Final = Path(sys.executable).with_name("shunzheng")


def main() -> None:
    """Print the table."""
    record_count = RECORD_COUNT // 10 if "--quick" in sys.argv else RECORD_COUNT
    print(f"\nA node of {record_count:,} records: its audit, and traces at it", flush=True)
    with tempfile.TemporaryDirectory(prefix="shunzheng-") as folder_name:
        folder = Path(folder_name)
        build_node(folder, record_count)
        measure_audit(folder)
        measure_traces(folder, record_count)


def build_node(folder: Path, record_count: int) -> None:
    """Let a city take in and anchor so many records, and leave its node stopped."""
    city = City(folder)
    node_key = generate_key("p256", lambda count: bytes(range(1, count + 1)))
    city.act(KeyRegistered(LOG, NODE, node_key.public.spki))
    for submission_index in range(record_count // RECORDS_PER_SUBMISSION):
        city.submit(*make_rows(submission_index))
        if submission_index % SUBMISSIONS_PER_BATCH == SUBMISSIONS_PER_BATCH - 1:
            city.settle()
    city.settle()
    checkpoints = Checkpoints(f"sqlite:///{folder / 'checkpoints.db'}")
    with city.replica.reading() as replica_view:
        checkpoint = make_checkpoint(replica_view, replica_view.cursor.event_number)
    checkpoints.sign(node_key, checkpoint)
    checkpoints.close()
    city.stop()
    (folder / "node.toml").write_text(f'registry = "{city.registry}"\nlog = "tianmen"\n')


def make_rows(submission_index: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of a submission: changes of licences of the one before, and new licences."""
    change_count = RECORDS_PER_SUBMISSION // RECORDS_PER_CHANGE if submission_index else 0
    first_serial = submission_index * RECORDS_PER_SUBMISSION
    for index in range(change_count):
        yield change("suspend", first_serial - RECORDS_PER_SUBMISSION // 2 + index)
    for serial in range(first_serial, first_serial + RECORDS_PER_SUBMISSION - change_count):
        yield licence(serial)


@dataclass
class CommandRun:
    """What a command took: seconds of the clock and of all processors, bytes at most of all its processes."""

    clock_seconds: float
    processor_seconds: float
    memory_bytes: int


def measure_audit(folder: Path) -> None:
    command_run = run_measured([str(COMMAND_PATH), "audit", str(folder), "--no-chain"])
    print(f"  {'seconds':<50}{command_run.clock_seconds:>12.1f}")
    print(f"  {'seconds of all processors':<50}{command_run.processor_seconds:>12.1f}")
    print(f"  {'megabytes at most':<50}{command_run.memory_bytes / 1e6:>12.0f}", flush=True)


def measure_traces(folder: Path, record_count: int) -> None:
    """Trace certificates from all over the register, as the node does that is asked for a history."""
    register = Register(f"sqlite:///{folder / 'register.db'}")
    replica = Replica(f"sqlite:///{folder / 'replica.db'}")
    key = generate_key("sm2", lambda count: bytes(range(1, count + 1)))
    millisecond_counts = []
    for submission_index in range(record_count // RECORDS_PER_SUBMISSION):
        certificate = identifier(submission_index * RECORDS_PER_SUBMISSION + TRACED_INDEX)
        start_seconds = perf_counter()
        with replica.reading() as view, register.reading() as connection:
            signed_history = make_history(
                register, connection, view, find_records(connection, certificate), key, NOW
            )
        millisecond_counts.append((perf_counter() - start_seconds) * 1_000)
        assert signed_history.history.proofs
    print(
        f"  {'milliseconds of a trace':<50}{median(millisecond_counts):>12.1f}  (at most {max(millisecond_counts):,.1f})",
        flush=True,
    )
    register.close()
    replica.close()


def run_measured(command: list[str]) -> CommandRun:
    """Run a command that must find nothing, and watch the memory of its processes."""
    usage_before, start_seconds, memory_bytes = getrusage(RUSAGE_CHILDREN), perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            memory_bytes = max(memory_bytes, sum(measure_memory_bytes(pid) for pid in list_pids(process.pid)))
            sleep(LOOK_INTERVAL_SECONDS)
        seconds = perf_counter() - start_seconds
        output = process.stdout.read() if process.stdout else b""
    if process.returncode:
        raise SystemExit(f"the audit of the benchmark has code {process.returncode}: {output.decode()}")
    usage_after = getrusage(RUSAGE_CHILDREN)
    processor_seconds = (
        usage_after.ru_utime + usage_after.ru_stime - usage_before.ru_utime - usage_before.ru_stime
    )
    return CommandRun(seconds, processor_seconds, memory_bytes)


def list_pids(pid: int) -> list[int]:
    """Return a process and those that it started."""
    try:
        child_pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it ended meanwhile
        return []
    return [
        pid,
        *(descendant_pid for child_pid in child_pids for descendant_pid in list_pids(int(child_pid))),
    ]


def measure_memory_bytes(pid: int) -> int:
    """Return the bytes that a process holds, of shared pages its part (Linux: `smaps_rollup`)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    main()
