"""What it costs to verify without a node: a snapshot's size, taking it, a day's delta.

And verifying with it.

    python -m benchmarks.snapshots [--quick]

One log for a year: 10,000,000 positions, one in a hundred changed, 50,000 anchors. Imported by the command line, as an
inspector does it. Seconds are those of the processor, so that other work on the machine counts little. `--quick`: a tenth.
"""

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, TypeVar

from anchoring.checkpoints.files import read_chunks
from anchoring.checkpoints.snapshots import ImportedSnapshot
from benchmarks.core import NOW, City, build, make_city, make_documents, make_rows
from ledger.crypto.keys import PrivateKey, generate_key
from ledger.crypto.suites import SM3
from ledger.encoding.canonical import encode_canonical
from ledger.proof.proof import Proof
from ledger.registry import acts
from ledger.registry.acts import Act, Event, compute_head_zero
from ledger.registry.checkpoints import Checkpoint, Cosignature, CosignedCheckpoint, Roots
from ledger.registry.knowledge import Fold
from ledger.registry.snapshots import Header, check_snapshot, replay, write_snapshot
from ledger.registry.status import Status, StatusTree, encode_changes
from ledger.registry.trust import Trust
from ledger.registry.trust_files import TrustedCosigner, TrustFile
from ledger.verification.verify import PresentedContent, verify

T = TypeVar("T")

POSITION_COUNT: Final = 10_000_000
ANCHOR_COUNT: Final = 50_000
POSITIONS_PER_CHANGE: Final = 100  # one position in so many changed
MAX_CHANGES: Final = 4  # of one anchor, at most
DAY_SECONDS: Final = 86_400
STEP_SECONDS: Final = 365 * DAY_SECONDS // ANCHOR_COUNT
PROOF_COUNT: Final = 1_000
COMMAND_PATH: Final = Path(sys.executable).with_name("shunzheng")
# of checkpoints whose trees nobody looks into
_ROOTS: Final = Roots(bytes(32), bytes(32), bytes(32), rules=1)


@dataclass(frozen=True)
class Year(City):
    """A city whose events are kept, spread over a year."""

    events: list[Event] = field(default_factory=list)

    def act(self, act: Act) -> None:
        fold = self.knowledge.fold
        block_time, block_number = max(NOW, fold.time + STEP_SECONDS), fold.block_number + 1
        event = Event(
            fold.event_number + 1, act.KIND, fold.block_number, block_time, act.encode(), block_number
        )
        self.knowledge.apply(event)
        self.events.append(event)


def main() -> None:
    """Print the table."""
    divisor = 10 if "--quick" in sys.argv else 1
    position_count, anchor_count = POSITION_COUNT // divisor, ANCHOR_COUNT // divisor
    print(
        f"\nSnapshot of a log of {position_count:,} positions, {position_count // POSITIONS_PER_CHANGE:,} of them changed, "
        f"{anchor_count:,} anchors"
    )
    city = make_city(SM3, "sm2", Year)
    proofs = list(build(city, make_rows(make_documents(PROOF_COUNT))))
    grow_log(city, position_count, anchor_count)
    with tempfile.TemporaryDirectory() as folder_name:
        measure_all(city, proofs, Path(folder_name))


def grow_log(city: Year, position_count: int, anchor_count: int) -> None:
    """Let the log grow evenly, and some positions change once; those that are verified later stay as they are."""
    random, tree = Random(1), StatusTree(city.suite)
    positions_to_change = sorted(
        random.sample(range(PROOF_COUNT, position_count), position_count // POSITIONS_PER_CHANGE),
        reverse=True,
    )
    for sequence in range(2, anchor_count + 1):
        log_size = PROOF_COUNT + (position_count - PROOF_COUNT) * (sequence - 1) // (anchor_count - 1)
        tree.grow(log_size)
        changed_positions = [
            positions_to_change.pop()
            for _ in range(MAX_CHANGES)
            if positions_to_change and positions_to_change[-1] < log_size
        ]
        for position in changed_positions:
            tree.set(position, Status.REVOKED)
        changes = encode_changes((position, Status.REVOKED) for position in changed_positions)
        city.act(
            acts.Anchored("tianmen", sequence, log_size, random.randbytes(32), tree.compute_root(), changes)
        )


def measure_all(city: Year, proofs: list[Proof], folder: Path) -> None:
    private_keys = [generate_key("sm2", Random(name).randbytes) for name in "abc"]
    trust_file = TrustFile(
        city.knowledge.registry,
        tuple(
            TrustedCosigner(private_key.public.id.hex(), private_key.public) for private_key in private_keys
        ),
        2,
    )
    trust_path, imported_folder = folder / "trust.json", folder / "held"
    trust_path.write_bytes(encode_canonical(trust_file.to_json()))
    whole_path, first_path, delta_path = (folder / f"{name}.snapshot" for name in ("whole", "most", "day"))
    last_n, yesterday_n = len(city.events), len(city.events) - DAY_SECONDS // STEP_SECONDS
    _, elapsed_seconds = time_work(lambda: write_file(city, private_keys, 0, last_n, whole_path))
    print_line("bytes", f"{whole_path.stat().st_size:,}")
    print_line("written in", f"{elapsed_seconds:.1f} s")
    write_file(city, private_keys, 0, yesterday_n, first_path)
    write_file(city, private_keys, yesterday_n, last_n, delta_path)
    print_line("a day's delta, bytes", f"{delta_path.stat().st_size:,}")
    print_line(
        "checked, nothing replayed",
        f"{time_work(lambda: check_snapshot(lambda: read_chunks(whole_path), trust_file))[1]:.1f} s",
    )
    knowledge, elapsed_seconds = time_work(lambda: replay(read_chunks(whole_path)))
    print_line("replayed in memory", f"{elapsed_seconds:.1f} s")
    measure_verifying("in memory", knowledge, proofs)
    measure_import("imported by the command line", first_path, trust_path, imported_folder)
    measure_import("a day's delta imported", delta_path, trust_path, imported_folder)
    print_line(
        "most memory of these", f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:,.0f} MB"
    )
    print_line("bytes on disk", f"{sum(path.stat().st_size for path in imported_folder.iterdir()):,}")
    imported_snapshot = ImportedSnapshot(imported_folder)
    with imported_snapshot.replica.reading() as replica_view:
        measure_verifying("from the directory", replica_view, proofs)
    imported_snapshot.close()
    measure_one_document(proofs[0], trust_path, imported_folder, folder)


def write_file(city: Year, private_keys: list[PrivateKey], first_n: int, last_n: int, path: Path) -> None:
    """Write the snapshot of the events behind event `first_n` up to event `last_n`."""
    fold = Fold(compute_head_zero(31337, bytes(20), bytes(32)))
    for event in city.events[:first_n]:
        fold.extend(event)
    first_point = fold.event_number, fold.head, fold.block_number
    for event in city.events[first_n:last_n]:
        fold.extend(event)
    checkpoint = Checkpoint(
        city.knowledge.registry, fold.event_number, fold.head, fold.block_number, bytes(32), fold.time, _ROOTS
    )
    cosigned_checkpoint = CosignedCheckpoint.of(
        checkpoint, [Cosignature.make(private_key, checkpoint) for private_key in private_keys]
    )
    with path.open("wb") as file:
        for piece in write_snapshot(Header(cosigned_checkpoint, *first_point), city.events[first_n:last_n]):
            file.write(piece)


def measure_verifying(description: str, trust: Trust, proofs: list[Proof]) -> None:
    presentations = [
        (proof.encode(), PresentedContent(claims=proof.disclosure.values))
        for proof in proofs
        if proof.disclosure
    ]

    def work() -> None:
        for proof_bytes, presented_content in presentations:
            if verify(presented_content, proof_bytes, trust, trust.time).verdict != "valid":
                raise SystemExit("a proof of the benchmark does not verify")

    print_line(f"verified per second, {description}", f"{len(presentations) / time_work(work)[1]:,.0f}")


def measure_import(description: str, snapshot_path: Path, trust_path: Path, imported_folder: Path) -> None:
    command = [
        str(COMMAND_PATH),
        "snapshot",
        "import",
        str(snapshot_path),
        "--trust",
        str(trust_path),
        "--into",
        str(imported_folder),
    ]
    _, elapsed_seconds = time_work(lambda: run_command(command))
    print_line(description, f"{elapsed_seconds:.1f} s")


def measure_one_document(proof: Proof, trust_path: Path, imported_folder: Path, folder: Path) -> None:
    """Verify once, as a person does: a new process each time."""
    assert proof.disclosure
    claims_path, proof_path = folder / "claims.json", folder / "proof.json"
    claims_path.write_bytes(encode_canonical({**proof.disclosure.values}))
    proof_path.write_bytes(proof.encode())
    arguments = [
        "--proof",
        str(proof_path),
        "--claims",
        str(claims_path),
        "--snapshot",
        str(imported_folder),
        "--trust",
        str(trust_path),
    ]
    command = [
        str(COMMAND_PATH),
        "verify",
        *arguments,
        "--max-age",
        str(10**9),
        "--at",
        "2030-01-01T00:00:00Z",
    ]
    _, elapsed_seconds = time_work(lambda: run_command(command))
    print_line("one document by the command line", f"{elapsed_seconds:.2f} s")


def run_command(command: list[str]) -> None:
    completed_process = subprocess.run(command, capture_output=True, text=True, check=False)
    if completed_process.returncode:
        raise SystemExit(f"{' '.join(command)}: {completed_process.stderr}")


def time_work(work: Callable[[], T]) -> tuple[T, float]:
    start_seconds = _measure_processor()
    result = work()
    return result, _measure_processor() - start_seconds


def _measure_processor() -> float:
    """Return the seconds that this process and its children have computed."""
    resource_usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in resource_usages)


def print_line(description: str, value: str) -> None:
    print(f"  {description:<44}{value:>14}")


if __name__ == "__main__":
    main()
