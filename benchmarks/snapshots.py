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
from ledger.encoding.canonical import encode as canonical
from ledger.proof.proof import Proof
from ledger.registry import acts
from ledger.registry.acts import Act, Event, compute_head_zero
from ledger.registry.checkpoints import Checkpoint, Cosignature, CosignedCheckpoint
from ledger.registry.knowledge import Fold
from ledger.registry.snapshots import Header, check_snapshot, replay, write_snapshot
from ledger.registry.status import Status, StatusTree, encode_changes
from ledger.registry.trust import Trust
from ledger.registry.trust_files import Cosigner, TrustFile
from ledger.verification.verify import PresentedContent, verify

T = TypeVar("T")

POSITIONS: Final = 10_000_000
ANCHORS: Final = 50_000
SHARE: Final = 100  # one position in so many changed
CHANGES: Final = 4  # of one anchor, at most
DAY_SECONDS: Final = 86_400
STEP_SECONDS: Final = 365 * DAY_SECONDS // ANCHORS
PROOFS: Final = 1_000
COMMAND: Final = Path(sys.executable).with_name("shunzheng")


@dataclass(frozen=True)
class Year(City):
    """A city whose events are kept, spread over a year."""

    events: list[Event] = field(default_factory=list)

    def act(self, act: Act) -> None:
        chain = self.knowledge.fold
        time, block = max(NOW, chain.time + STEP_SECONDS), chain.block + 1
        event = Event(chain.event_number + 1, act.KIND, chain.block, time, act.encode(), block)
        self.knowledge.apply(event)
        self.events.append(event)


def main() -> None:
    """Print the table."""
    scale = 10 if "--quick" in sys.argv else 1
    position_count, anchor_count = POSITIONS // scale, ANCHORS // scale
    print(
        f"\nSnapshot of a log of {position_count:,} positions, {position_count // SHARE:,} of them changed, "
        f"{anchor_count:,} anchors"
    )
    city = make_city(SM3, "sm2", Year)
    proofs = list(build(city, make_rows(make_documents(PROOFS))))
    grow_log(city, position_count, anchor_count)
    with tempfile.TemporaryDirectory() as folder:
        measure_all(city, proofs, Path(folder))


def grow_log(city: Year, position_count: int, anchor_count: int) -> None:
    """Let the log grow evenly, and some positions change once; those that are verified later stay as they are."""
    random, tree = Random(1), StatusTree(city.suite)
    positions_to_change = sorted(
        random.sample(range(PROOFS, position_count), position_count // SHARE), reverse=True
    )
    for sequence in range(2, anchor_count + 1):
        size = PROOFS + (position_count - PROOFS) * (sequence - 1) // (anchor_count - 1)
        tree.grow(size)
        changed_positions = [
            positions_to_change.pop()
            for _ in range(CHANGES)
            if positions_to_change and positions_to_change[-1] < size
        ]
        for position in changed_positions:
            tree.set(position, Status.REVOKED)
        changes = encode_changes((position, Status.REVOKED) for position in changed_positions)
        city.act(acts.Anchored("tianmen", sequence, size, random.randbytes(32), tree.compute_root(), changes))


def measure_all(city: Year, proofs: list[Proof], folder: Path) -> None:
    keys = [generate_key("sm2", Random(name).randbytes) for name in "abc"]
    trust = TrustFile(
        city.knowledge.registry, tuple(Cosigner(key.public.id.hex(), key.public) for key in keys), 2
    )
    trust_path, directory = folder / "trust.json", folder / "held"
    trust_path.write_bytes(canonical(trust.to_json()))
    whole_path, first_path, delta_path = (folder / f"{name}.snapshot" for name in ("whole", "most", "day"))
    last_n, yesterday_n = len(city.events), len(city.events) - DAY_SECONDS // STEP_SECONDS
    _, seconds = time_work(lambda: write_file(city, keys, 0, last_n, whole_path))
    print_line("bytes", f"{whole_path.stat().st_size:,}")
    print_line("written in", f"{seconds:.1f} s")
    write_file(city, keys, 0, yesterday_n, first_path)
    write_file(city, keys, yesterday_n, last_n, delta_path)
    print_line("a day's delta, bytes", f"{delta_path.stat().st_size:,}")
    print_line(
        "checked, nothing replayed",
        f"{time_work(lambda: check_snapshot(lambda: read_chunks(whole_path), trust))[1]:.1f} s",
    )
    knowledge, seconds = time_work(lambda: replay(read_chunks(whole_path)))
    print_line("replayed in memory", f"{seconds:.1f} s")
    measure_verifying("in memory", knowledge, proofs)
    measure_import("imported by the command line", first_path, trust_path, directory)
    measure_import("a day's delta imported", delta_path, trust_path, directory)
    print_line(
        "most memory of these", f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:,.0f} MB"
    )
    print_line("bytes on disk", f"{sum(path.stat().st_size for path in directory.iterdir()):,}")
    imported_snapshot = ImportedSnapshot(directory)
    with imported_snapshot.replica.reading() as replica_view:
        measure_verifying("from the directory", replica_view, proofs)
    imported_snapshot.close()
    measure_one_document(proofs[0], trust_path, directory, folder)


def write_file(city: Year, keys: list[PrivateKey], after: int, last_number: int, path: Path) -> None:
    """Write the snapshot of the events behind event `after` up to event `last_number`."""
    fold = Fold(compute_head_zero(31337, bytes(20), bytes(32)))
    for event in city.events[:after]:
        fold.extend(event)
    start_point = fold.event_number, fold.head, fold.block
    for event in city.events[after:last_number]:
        fold.extend(event)
    checkpoint = Checkpoint(
        city.knowledge.registry, fold.event_number, fold.head, fold.block, bytes(32), fold.time
    )
    cosigned = CosignedCheckpoint.of(checkpoint, [Cosignature.make(key, checkpoint) for key in keys])
    with path.open("wb") as file:
        for piece in write_snapshot(Header(cosigned, *start_point), city.events[after:last_number]):
            file.write(piece)


def measure_verifying(description: str, trust: Trust, proofs: list[Proof]) -> None:
    presentations = [
        (proof.encode(), PresentedContent(claims=proof.disclosure.values))
        for proof in proofs
        if proof.disclosure
    ]

    def work() -> None:
        for text, presented in presentations:
            if verify(presented, text, trust, trust.time).verdict != "valid":
                raise SystemExit("a proof of the benchmark does not verify")

    print_line(f"verified per second, {description}", f"{len(presentations) / time_work(work)[1]:,.0f}")


def measure_import(description: str, file: Path, trust_path: Path, directory: Path) -> None:
    command = [
        str(COMMAND),
        "snapshot",
        "import",
        str(file),
        "--trust",
        str(trust_path),
        "--into",
        str(directory),
    ]
    _, seconds = time_work(lambda: run_command(command))
    print_line(description, f"{seconds:.1f} s")


def measure_one_document(proof: Proof, trust_path: Path, directory: Path, folder: Path) -> None:
    """Verify once, as a person does: a new process each time."""
    assert proof.disclosure
    claims_path, proof_path = folder / "claims.json", folder / "proof.json"
    claims_path.write_bytes(canonical({**proof.disclosure.values}))
    proof_path.write_bytes(proof.encode())
    arguments = [
        "--proof",
        str(proof_path),
        "--claims",
        str(claims_path),
        "--snapshot",
        str(directory),
        "--trust",
        str(trust_path),
    ]
    command = [str(COMMAND), "verify", *arguments, "--max-age", str(10**9), "--at", "2030-01-01T00:00:00Z"]
    _, seconds = time_work(lambda: run_command(command))
    print_line("one document by the command line", f"{seconds:.2f} s")


def run_command(command: list[str]) -> None:
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: {process.stderr}")


def time_work(work: Callable[[], T]) -> tuple[T, float]:
    start = _measure_processor()
    result = work()
    return result, _measure_processor() - start


def _measure_processor() -> float:
    """Return the seconds that this process and its children have computed."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def print_line(description: str, value: str) -> None:
    print(f"  {description:<44}{value:>14}")


if __name__ == "__main__":
    main()
