"""What the statuses of a large log cost: root, staple, memory, and a node's restart.

    python -m benchmarks.status [--quick]

A log of 10,000,000 positions, of which 100,000 changed, in a replica on disk (SQLite) that was written as the follower
writes it. Seconds of the clock, medians of three passes where a pass changes nothing for the next. `--quick`: a tenth.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Final, TypeVar

from anchoring.chain.protocol import ChainEvent
from anchoring.database.columns import table
from anchoring.replica.refold import refold
from anchoring.replica.status_trees import StatusTrees
from anchoring.replica.store import FoldedEvent, Replica
from anchoring.replica.tables import BlockRow
from ledger.crypto.suites import SM3, Suite
from ledger.limits import MAX_ANCHOR_GROWTH
from ledger.proof.staples import RANGE_POSITIONS, decode_range
from ledger.registry import acts
from ledger.registry.acts import Act, Event, head_zero, registry_name
from ledger.registry.knowledge import Knowledge
from ledger.registry.status import StatusTree, encode_changes

T = TypeVar("T")

POSITIONS: Final = 10_000_000
SHARE: Final = 100  # one position in so many changed
CHANGES: Final = 10_000  # of one anchor
PASSES: Final = 3
STAPLES: Final = 1_000
NOW: Final = 1_772_413_200
ADDRESS: Final = "0x" + "11" * 20
LOG: Final = "tianmen"
NODE: Final = bytes(65)  # as long as what an inner node is hashed from


def main() -> None:
    """Print the table."""
    positions = POSITIONS // 10 if "--quick" in sys.argv else POSITIONS
    print(
        f"\nStatuses of a log of {positions:,} positions, {positions // SHARE:,} of them changed; {SM3.name}"
    )
    in_memory(positions)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "replica.db"
        replica = Replica(f"sqlite:///{path}")
        write(replica, positions)
        restart(replica, positions)
        replica.close()


def in_memory(positions: int) -> None:
    before = resident()
    tree, seconds = timed(lambda: grown(SM3, positions))
    show("first root", f"{seconds:.2f} s")
    show("memory of the tree", f"{(resident() - before) / 1e6:.0f} MB")
    show(
        f"root after {CHANGES:,} changes",
        f"{median(changed_root(tree, seed) for seed in range(PASSES)):.3f} s",
    )
    number = hashes_of(tree)
    show(f"  its {number:,} hashes alone", f"{timed(partial(hash_often, number))[1]:.3f} s")
    paths = [timed(partial(tree.path, place))[1] for place in range(0, positions, positions // STAPLES)]
    show("path of a staple", f"{median(paths) * 1e3:.3f} ms")


def restart(replica: Replica, positions: int) -> None:
    with replica.reading() as reading:
        log = reading.log(LOG)
        assert log
        stored = sum(len(block.content) + len(block.node) for block in reading.status_blocks(LOG))
        show(
            "stored blocks",
            f"{stored / 1e6:.1f} MB in {sum(1 for _ in reading.rows(table(BlockRow))):,} rows",
        )
        for words, ask in (
            ("restart: first staple, from stored blocks", lambda: StatusTrees().staple(reading, LOG, 0)),
            ("restart: first batch, every block checked", lambda: StatusTrees().copy(reading, LOG)),
            ("without stored blocks: from every change", lambda: StatusTrees()._make_anew(reading, log)),
        ):
            show(words, f"{median(timed(ask)[1] for _ in range(PASSES)):.2f} s")
        trees = StatusTrees()
        trees.staple(reading, LOG, 0)
        staples = [timed(partial(trees.staple, reading, LOG, place))[1] for place in range(STAPLES)]
        show("staple", f"{median(staples) * 1e3:.3f} ms")
        first = positions // 2 // RANGE_POSITIONS * RANGE_POSITIONS
        encoded, seconds = timed(lambda: trees.range(reading, LOG, first).encode())
        show("range of 262,144 positions", f"{seconds * 1e3:.0f} ms, {len(encoded) / 1e3:.0f} kB")
        _, seconds = timed(lambda: decode_range(encoded).staple(first))
        show("  and a staple taken from it", f"{seconds * 1e3:.0f} ms")
        show("whole refold, as at start and daily", f"{timed(lambda: refold(reading))[1]:.2f} s")


def grown(suite: Suite, positions: int) -> StatusTree:
    tree = StatusTree(suite)
    tree.grow(positions)
    tree.root()
    return tree


def changed_root(tree: StatusTree, seed: int) -> float:
    for position in Random(seed).sample(range(tree.size), CHANGES):
        tree.set(position, 4)
    return timed(tree.root)[1]


def hashes_of(tree: StatusTree) -> int:
    """Return how many hashes a root after changes takes."""
    inputs = list[bytes]()

    def kept(data: bytes) -> bytes:
        inputs.append(data)
        return SM3.hash(data)

    tree.suite = replace(SM3, hash=kept)
    changed_root(tree, PASSES)
    tree.suite = SM3
    return len(inputs)


def hash_often(times: int) -> None:
    for _ in range(times):
        SM3.hash(NODE)


def write(replica: Replica, positions: int) -> None:
    """Let the replica hold the events of one log, as the follower would have stored them."""
    head = head_zero(31337, bytes(20), bytes(32))
    known = Knowledge(registry_name(31337, bytes(20), head), head)
    replica.prepare(known.registry, head)
    act(replica, known, acts.ProvinceTransferred(ADDRESS))
    act(replica, known, acts.LogAdmitted(LOG, SM3.number, ADDRESS, ("429006",), acts.Predecessor()))
    tree, sequence = StatusTree(SM3), 0
    drawn = Random(1).sample(range(positions), positions // SHARE)
    while tree.size < positions or drawn:
        sequence += 1
        size = min(positions, tree.size + MAX_ANCHOR_GROWTH)
        root = SM3.hash(b"batch") if size > tree.size else bytes(32)
        tree.grow(size)
        words: list[tuple[int, int]] = []
        if size == positions:
            words, drawn = sorted((place, 4) for place in drawn[:CHANGES]), drawn[CHANGES:]
        for position, status in words:
            tree.set(position, status)
        act(replica, known, acts.Anchored(LOG, sequence, size, root, tree.root(), encode_changes(words)))


def act(replica: Replica, known: Knowledge, what: Act) -> None:
    chain = known.fold
    event = Event(chain.n + 1, what.KIND, chain.block, NOW + chain.n, what.encode(), chain.block + 1)
    with replica.reading() as reading:
        before = reading.cursor
    facts = known.apply(event)
    block_hash = SM3.hash(event.block.to_bytes(8, "big"))
    final = {"final_block": event.block, "final_hash": block_hash, "final_time": event.time}
    after = replace(before, n=event.n, head=chain.head, block=event.block, time=event.time, **final)
    taken = FoldedEvent(ChainEvent(event, block_hash, bytes(32)), chain.head, facts)
    replica.store(before, after, [taken], [], known.trees)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    started = perf_counter()
    done = work()
    return done, perf_counter() - started


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def show(words: str, value: str) -> None:
    print(f"  {words:<44}{value:>28}")


if __name__ == "__main__":
    main()
