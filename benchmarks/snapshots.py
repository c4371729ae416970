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
from ledger.crypto.keys import PrivateKey, generate
from ledger.crypto.suites import SM3
from ledger.encoding.canonical import encode as canonical
from ledger.proof.proof import Proof
from ledger.registry import acts
from ledger.registry.acts import Act, Event, head_zero
from ledger.registry.checkpoints import Checkpoint, Cosignature, CosignedCheckpoint
from ledger.registry.knowledge import Fold
from ledger.registry.snapshots import Header, check_snapshot, replay, write_snapshot
from ledger.registry.status import Status, StatusTree, encode_changes
from ledger.registry.trust import Trust
from ledger.registry.trust_files import Cosigner, TrustFile
from ledger.verification.verify import Presented, verify

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
        event = Event(chain.n + 1, act.KIND, chain.block, time, act.encode(), block)
        self.knowledge.apply(event)
        self.events.append(event)


def main() -> None:
    """Print the table."""
    scale = 10 if "--quick" in sys.argv else 1
    positions, anchors = POSITIONS // scale, ANCHORS // scale
    print(
        f"\nSnapshot of a log of {positions:,} positions, {positions // SHARE:,} of them changed, {anchors:,} anchors"
    )
    at = make_city(SM3, "sm2", Year)
    proofs = list(build(at, make_rows(make_documents(PROOFS))))
    grow(at, positions, anchors)
    with tempfile.TemporaryDirectory() as folder:
        measure(at, proofs, Path(folder))


def grow(at: Year, positions: int, anchors: int) -> None:
    """Let the log grow evenly, and some positions change once; those that are verified later stay as they are."""
    random, tree = Random(1), StatusTree(at.suite)
    waiting = sorted(random.sample(range(PROOFS, positions), positions // SHARE), reverse=True)
    for sequence in range(2, anchors + 1):
        size = PROOFS + (positions - PROOFS) * (sequence - 1) // (anchors - 1)
        tree.grow(size)
        due = [waiting.pop() for _ in range(CHANGES) if waiting and waiting[-1] < size]
        for position in due:
            tree.set(position, Status.REVOKED)
        words = encode_changes((position, Status.REVOKED) for position in due)
        at.act(acts.Anchored("tianmen", sequence, size, random.randbytes(32), tree.root(), words))


def measure(at: Year, proofs: list[Proof], folder: Path) -> None:
    keys = [generate("sm2", Random(name).randbytes) for name in "abc"]
    trust = TrustFile(
        at.knowledge.registry, tuple(Cosigner(key.public.id.hex(), key.public) for key in keys), 2
    )
    pinned, directory = folder / "trust.json", folder / "held"
    pinned.write_bytes(canonical(trust.to_json()))
    whole, most, day = (folder / f"{name}.snapshot" for name in ("whole", "most", "day"))
    last, yesterday = len(at.events), len(at.events) - DAY_SECONDS // STEP_SECONDS
    _, seconds = timed(lambda: write(at, keys, 0, last, whole))
    show("bytes", f"{whole.stat().st_size:,}")
    show("written in", f"{seconds:.1f} s")
    write(at, keys, 0, yesterday, most)
    write(at, keys, yesterday, last, day)
    show("a day's delta, bytes", f"{day.stat().st_size:,}")
    show(
        "checked, nothing replayed",
        f"{timed(lambda: check_snapshot(lambda: read_chunks(whole), trust))[1]:.1f} s",
    )
    knowledge, seconds = timed(lambda: replay(read_chunks(whole)))
    show("replayed in memory", f"{seconds:.1f} s")
    verifying("in memory", knowledge, proofs)
    taken("imported by the command line", most, pinned, directory)
    taken("a day's delta imported", day, pinned, directory)
    show("most memory of these", f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:,.0f} MB")
    show("bytes on disk", f"{sum(path.stat().st_size for path in directory.iterdir()):,}")
    imported = ImportedSnapshot(directory)
    with imported.replica.reading() as reading:
        verifying("from the directory", reading, proofs)
    imported.close()
    one_document(proofs[0], pinned, directory, folder)


def write(at: Year, keys: list[PrivateKey], after: int, until: int, path: Path) -> None:
    """Write the snapshot of the events behind event `after` up to event `until`."""
    fold = Fold(head_zero(31337, bytes(20), bytes(32)))
    for event in at.events[:after]:
        fold.extend(event)
    start = fold.n, fold.head, fold.block
    for event in at.events[after:until]:
        fold.extend(event)
    checkpoint = Checkpoint(at.knowledge.registry, fold.n, fold.head, fold.block, bytes(32), fold.time)
    cosigned = CosignedCheckpoint.of(checkpoint, [Cosignature.make(key, checkpoint) for key in keys])
    with path.open("wb") as file:
        for piece in write_snapshot(Header(cosigned, *start), at.events[after:until]):
            file.write(piece)


def verifying(how: str, trust: Trust, proofs: list[Proof]) -> None:
    made = [
        (proof.encode(), Presented(claims=proof.disclosure.values)) for proof in proofs if proof.disclosure
    ]

    def work() -> None:
        for text, presented in made:
            if verify(presented, text, trust, trust.time).verdict != "valid":
                raise SystemExit("a proof of the benchmark does not verify")

    show(f"verified per second, {how}", f"{len(made) / timed(work)[1]:,.0f}")


def taken(what: str, file: Path, pinned: Path, directory: Path) -> None:
    command = [
        str(COMMAND),
        "snapshot",
        "import",
        str(file),
        "--trust",
        str(pinned),
        "--into",
        str(directory),
    ]
    _, seconds = timed(lambda: run(command))
    show(what, f"{seconds:.1f} s")


def one_document(proof: Proof, pinned: Path, directory: Path, folder: Path) -> None:
    """Verify once, as a person does: a new process each time."""
    assert proof.disclosure
    claims, evidence = folder / "claims.json", folder / "proof.json"
    claims.write_bytes(canonical({**proof.disclosure.values}))
    evidence.write_bytes(proof.encode())
    arguments = [
        "--proof",
        str(evidence),
        "--claims",
        str(claims),
        "--snapshot",
        str(directory),
        "--trust",
        str(pinned),
    ]
    command = [str(COMMAND), "verify", *arguments, "--max-age", str(10**9), "--at", "2030-01-01T00:00:00Z"]
    _, seconds = timed(lambda: run(command))
    show("one document by the command line", f"{seconds:.2f} s")


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    start = _processor()
    done = work()
    return done, _processor() - start


def _processor() -> float:
    """Return the seconds that this process and its children have computed."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def show(what: str, value: str) -> None:
    print(f"  {what:<44}{value:>14}")


if __name__ == "__main__":
    main()
