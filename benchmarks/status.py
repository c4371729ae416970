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
from anchoring.replica.reading import Cursor
from anchoring.replica.refold import refold
from anchoring.replica.status_trees import StatusTrees
from anchoring.replica.store import FoldedEvent, Replica
from anchoring.replica.tables import BlockRow
from ledger.crypto.suites import SM3, Suite
from ledger.limits import MAX_ANCHOR_GROWTH
from ledger.proof.staples import RANGE_POSITIONS, decode_range
from ledger.registry import acts
from ledger.registry.acts import Act, Event, build_registry_name, compute_head_zero
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
    position_count = POSITIONS // 10 if "--quick" in sys.argv else POSITIONS
    print(
        f"\nStatuses of a log of {position_count:,} positions, {position_count // SHARE:,} of them changed; {SM3.name}"
    )
    measure_memory(position_count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "replica.db"
        replica = Replica(f"sqlite:///{path}")
        write_replica(replica, position_count)
        measure_restart(replica, position_count)
        replica.close()


def measure_memory(position_count: int) -> None:
    bytes_before = measure_memory_bytes()
    tree, seconds = time_work(lambda: make_tree(SM3, position_count))
    print_line("first root", f"{seconds:.2f} s")
    print_line("memory of the tree", f"{(measure_memory_bytes() - bytes_before) / 1e6:.0f} MB")
    print_line(
        f"root after {CHANGES:,} changes",
        f"{median(change_root(tree, seed) for seed in range(PASSES)):.3f} s",
    )
    hash_count = count_hashes(tree)
    print_line(f"  its {hash_count:,} hashes alone", f"{time_work(partial(hash_often, hash_count))[1]:.3f} s")
    path_seconds = [
        time_work(partial(tree.find_path, place))[1]
        for place in range(0, position_count, position_count // STAPLES)
    ]
    print_line("path of a staple", f"{median(path_seconds) * 1e3:.3f} ms")


def measure_restart(replica: Replica, position_count: int) -> None:
    with replica.reading() as replica_view:
        log = replica_view.find_log(LOG)
        assert log
        stored_bytes = sum(len(block.content) + len(block.node) for block in replica_view.status_blocks(LOG))
        print_line(
            "stored blocks",
            f"{stored_bytes / 1e6:.1f} MB in {sum(1 for _ in replica_view.rows(table(BlockRow))):,} rows",
        )
        for description, work in (
            ("restart: first staple, from stored blocks", lambda: StatusTrees().staple(replica_view, LOG, 0)),
            ("restart: first batch, every block checked", lambda: StatusTrees().copy(replica_view, LOG)),
            ("without stored blocks: from every change", lambda: StatusTrees()._make_anew(replica_view, log)),
        ):
            print_line(description, f"{median(time_work(work)[1] for _ in range(PASSES)):.2f} s")
        trees = StatusTrees()
        trees.staple(replica_view, LOG, 0)
        staple_seconds = [
            time_work(partial(trees.staple, replica_view, LOG, place))[1] for place in range(STAPLES)
        ]
        print_line("staple", f"{median(staple_seconds) * 1e3:.3f} ms")
        first = position_count // 2 // RANGE_POSITIONS * RANGE_POSITIONS
        encoded, seconds = time_work(lambda: trees.range(replica_view, LOG, first).encode())
        print_line("range of 262,144 positions", f"{seconds * 1e3:.0f} ms, {len(encoded) / 1e3:.0f} kB")
        _, seconds = time_work(lambda: decode_range(encoded).make_staple(first))
        print_line("  and a staple taken from it", f"{seconds * 1e3:.0f} ms")
        print_line(
            "whole refold, as at start and daily", f"{time_work(lambda: refold(replica_view))[1]:.2f} s"
        )


def make_tree(suite: Suite, position_count: int) -> StatusTree:
    tree = StatusTree(suite)
    tree.grow(position_count)
    tree.compute_root()
    return tree


def change_root(tree: StatusTree, seed: int) -> float:
    for position in Random(seed).sample(range(tree.size), CHANGES):
        tree.set(position, 4)
    return time_work(tree.compute_root)[1]


def count_hashes(tree: StatusTree) -> int:
    """Return how many hashes a root after changes takes."""
    inputs = list[bytes]()

    def hash_and_keep(data: bytes) -> bytes:
        inputs.append(data)
        return SM3.hash(data)

    tree.suite = replace(SM3, hash=hash_and_keep)
    change_root(tree, PASSES)
    tree.suite = SM3
    return len(inputs)


def hash_often(repeat_count: int) -> None:
    for _ in range(repeat_count):
        SM3.hash(NODE)


def write_replica(replica: Replica, position_count: int) -> None:
    """Let the replica hold the events of one log, as the follower would have stored them."""
    head = compute_head_zero(31337, bytes(20), bytes(32))
    knowledge = Knowledge(build_registry_name(31337, bytes(20), head), head)
    replica.prepare(knowledge.registry, head)
    record_act(replica, knowledge, acts.ProvinceTransferred(ADDRESS))
    record_act(
        replica, knowledge, acts.LogAdmitted(LOG, SM3.number, ADDRESS, ("429006",), acts.Predecessor())
    )
    tree, sequence = StatusTree(SM3), 0
    positions_to_change = Random(1).sample(range(position_count), position_count // SHARE)
    while tree.size < position_count or positions_to_change:
        sequence += 1
        size = min(position_count, tree.size + MAX_ANCHOR_GROWTH)
        root = SM3.hash(b"batch") if size > tree.size else bytes(32)
        tree.grow(size)
        changes: list[tuple[int, int]] = []
        if size == position_count:
            changes = sorted((position, 4) for position in positions_to_change[:CHANGES])
            positions_to_change = positions_to_change[CHANGES:]
        for position, status in changes:
            tree.set(position, status)
        record_act(
            replica,
            knowledge,
            acts.Anchored(LOG, sequence, size, root, tree.compute_root(), encode_changes(changes)),
        )


def record_act(replica: Replica, knowledge: Knowledge, act: Act) -> None:
    chain = knowledge.fold
    event = Event(
        chain.event_number + 1, act.KIND, chain.block, NOW + chain.event_number, act.encode(), chain.block + 1
    )
    with replica.reading() as replica_view:
        cursor_before = replica_view.cursor
    facts = knowledge.apply(event)
    block_hash = SM3.hash(event.block.to_bytes(8, "big"))
    cursor_after = Cursor(
        event_number=event.event_number,
        head=chain.head,
        block=event.block,
        time=event.time,
        final_block=event.block,
        final_hash=block_hash,
        final_time=event.time,
    )
    folded_event = FoldedEvent(ChainEvent(event, block_hash, bytes(32)), chain.head, facts)
    replica.store(cursor_before, cursor_after, [folded_event], [], knowledge.trees)


def time_work(work: Callable[[], T]) -> tuple[T, float]:
    start = perf_counter()
    result = work()
    return result, perf_counter() - start


def measure_memory_bytes() -> int:
    """Return the bytes of memory that this process holds."""
    page_count = int(Path("/proc/self/statm").read_text().split()[1])
    return page_count * os.sysconf("SC_PAGE_SIZE")


def print_line(description: str, value: str) -> None:
    print(f"  {description:<44}{value:>28}")


if __name__ == "__main__":
    main()
