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
from anchoring.database.columns import get_table
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

POSITION_COUNT: Final = 10_000_000
POSITIONS_PER_CHANGE: Final = 100  # one position in so many changed
CHANGE_COUNT: Final = 10_000  # of one anchor
PASS_COUNT: Final = 3
STAPLE_COUNT: Final = 1_000
NOW: Final = 1_772_413_200
ADDRESS: Final = "0x" + "11" * 20
LOG_NAME: Final = "tianmen"
NODE_BYTES: Final = bytes(65)  # as long as what an inner node is hashed from


def main() -> None:
    """Print the table."""
    position_count = POSITION_COUNT // 10 if "--quick" in sys.argv else POSITION_COUNT
    print(
        f"\nStatuses of a log of {position_count:,} positions, {position_count // POSITIONS_PER_CHANGE:,} "
        f"of them changed; {SM3.name}"
    )
    measure_memory(position_count)
    with tempfile.TemporaryDirectory() as folder_name:
        database_path = Path(folder_name) / "replica.db"
        replica = Replica(f"sqlite:///{database_path}")
        write_replica(replica, position_count)
        measure_restart(replica, position_count)
        replica.close()


def measure_memory(position_count: int) -> None:
    bytes_before = measure_memory_bytes()
    tree, elapsed_seconds = time_work(lambda: make_tree(SM3, position_count))
    print_line("first root", f"{elapsed_seconds:.2f} s")
    print_line("memory of the tree", f"{(measure_memory_bytes() - bytes_before) / 1e6:.0f} MB")
    print_line(
        f"root after {CHANGE_COUNT:,} changes",
        f"{median(change_root(tree, seed) for seed in range(PASS_COUNT)):.3f} s",
    )
    hash_count = count_hashes(tree)
    print_line(f"  its {hash_count:,} hashes alone", f"{time_work(partial(hash_often, hash_count))[1]:.3f} s")
    path_seconds = [
        time_work(partial(tree.find_path, position))[1]
        for position in range(0, position_count, position_count // STAPLE_COUNT)
    ]
    print_line("path of a staple", f"{median(path_seconds) * 1e3:.3f} ms")


def measure_restart(replica: Replica, position_count: int) -> None:
    with replica.reading() as replica_view:
        log_state = replica_view.find_log(LOG_NAME)
        assert log_state
        stored_bytes = sum(
            len(block.content) + len(block.node) for block in replica_view.walk_status_blocks(LOG_NAME)
        )
        print_line(
            "stored blocks",
            f"{stored_bytes / 1e6:.1f} MB in {sum(1 for _ in replica_view.walk_rows(get_table(BlockRow))):,} rows",
        )
        for description, work in (
            (
                "restart: first staple, from stored blocks",
                lambda: StatusTrees().make_staple(replica_view, LOG_NAME, 0),
            ),
            ("restart: first batch, every block checked", lambda: StatusTrees().copy(replica_view, LOG_NAME)),
            (
                "without stored blocks: from every change",
                lambda: StatusTrees()._make_anew(replica_view, log_state),
            ),
        ):
            print_line(description, f"{median(time_work(work)[1] for _ in range(PASS_COUNT)):.2f} s")
        status_trees = StatusTrees()
        status_trees.make_staple(replica_view, LOG_NAME, 0)
        staple_seconds = [
            time_work(partial(status_trees.make_staple, replica_view, LOG_NAME, position))[1]
            for position in range(STAPLE_COUNT)
        ]
        print_line("staple", f"{median(staple_seconds) * 1e3:.3f} ms")
        range_position = position_count // 2 // RANGE_POSITIONS * RANGE_POSITIONS
        encoded_range, elapsed_seconds = time_work(
            lambda: status_trees.make_range(replica_view, LOG_NAME, range_position).encode()
        )
        print_line(
            "range of 262,144 positions", f"{elapsed_seconds * 1e3:.0f} ms, {len(encoded_range) / 1e3:.0f} kB"
        )
        _, elapsed_seconds = time_work(lambda: decode_range(encoded_range).make_staple(range_position))
        print_line("  and a staple taken from it", f"{elapsed_seconds * 1e3:.0f} ms")
        print_line(
            "whole refold, as at start and daily", f"{time_work(lambda: refold(replica_view))[1]:.2f} s"
        )


def make_tree(suite: Suite, position_count: int) -> StatusTree:
    tree = StatusTree(suite)
    tree.grow(position_count)
    tree.compute_root()
    return tree


def change_root(tree: StatusTree, seed: int) -> float:
    for position in Random(seed).sample(range(tree.size), CHANGE_COUNT):
        tree.set(position, 4)
    return time_work(tree.compute_root)[1]


def count_hashes(tree: StatusTree) -> int:
    """Return how many hashes a root after changes takes."""
    hash_inputs = list[bytes]()

    def hash_and_keep(hash_input: bytes) -> bytes:
        hash_inputs.append(hash_input)
        return SM3.hash(hash_input)

    tree.suite = replace(SM3, hash=hash_and_keep)
    change_root(tree, PASS_COUNT)
    tree.suite = SM3
    return len(hash_inputs)


def hash_often(repeat_count: int) -> None:
    for _ in range(repeat_count):
        SM3.hash(NODE_BYTES)


def write_replica(replica: Replica, position_count: int) -> None:
    """Let the replica hold the events of one log, as the follower would have stored them."""
    first_head = compute_head_zero(31337, bytes(20), bytes(32))
    knowledge = Knowledge(build_registry_name(31337, bytes(20), first_head), first_head)
    replica.prepare(knowledge.registry, first_head)
    record_act(replica, knowledge, acts.ProvinceTransferred(ADDRESS))
    record_act(
        replica, knowledge, acts.LogAdmitted(LOG_NAME, SM3.number, ADDRESS, ("429006",), acts.Predecessor())
    )
    tree, sequence = StatusTree(SM3), 0
    positions_to_change = Random(1).sample(range(position_count), position_count // POSITIONS_PER_CHANGE)
    while tree.size < position_count or positions_to_change:
        sequence += 1
        log_size = min(position_count, tree.size + MAX_ANCHOR_GROWTH)
        batch_root = SM3.hash(b"batch") if log_size > tree.size else bytes(32)
        tree.grow(log_size)
        changes: list[tuple[int, int]] = []
        if log_size == position_count:
            changes = sorted((position, 4) for position in positions_to_change[:CHANGE_COUNT])
            positions_to_change = positions_to_change[CHANGE_COUNT:]
        for position, status in changes:
            tree.set(position, status)
        record_act(
            replica,
            knowledge,
            acts.Anchored(
                LOG_NAME, sequence, log_size, batch_root, tree.compute_root(), encode_changes(changes)
            ),
        )


def record_act(replica: Replica, knowledge: Knowledge, act: Act) -> None:
    fold = knowledge.fold
    event = Event(
        fold.event_number + 1,
        act.KIND,
        fold.block_number,
        NOW + fold.event_number,
        act.encode(),
        fold.block_number + 1,
    )
    with replica.reading() as replica_view:
        cursor_before = replica_view.cursor
    facts = knowledge.apply(event)
    block_hash = SM3.hash(event.block_number.to_bytes(8, "big"))
    cursor_after = Cursor(
        event_number=event.event_number,
        head=fold.head,
        block_number=event.block_number,
        time=event.time,
        final_block_number=event.block_number,
        final_hash=block_hash,
        final_time=event.time,
    )
    folded_event = FoldedEvent(ChainEvent(event, block_hash, bytes(32)), fold.head, facts)
    replica.store(cursor_before, cursor_after, [folded_event], [], knowledge.trees)


def time_work(work: Callable[[], T]) -> tuple[T, float]:
    start_seconds = perf_counter()
    result = work()
    return result, perf_counter() - start_seconds


def measure_memory_bytes() -> int:
    """Return the bytes of memory that this process holds."""
    page_count = int(Path("/proc/self/statm").read_text().split()[1])
    return page_count * os.sysconf("SC_PAGE_SIZE")


def print_line(description: str, value: str) -> None:
    print(f"  {description:<44}{value:>28}")


if __name__ == "__main__":
    main()
