"""Check a replica against itself: fold its events anew and compare head and facts.

The facts are compared as sums of hashes, so that the check walks through the tables once and holds only what the fold
needs: keys, logs, status trees, and the newest status of each position that ever had one.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Generator
from typing import Final

from sqlalchemy import RowMapping, Table

from anchoring.errors import Quarantined
from anchoring.processes.progress import Progress
from anchoring.replica.fact_trees import ExpectedFacts, describe_damage
from anchoring.replica.overlay import NoFacts, Overlay
from anchoring.replica.reading import ReplicaView
from anchoring.replica.rows import Row, event_nodes_row, make_block_row, make_row
from anchoring.replica.store import Replica
from anchoring.replica.tables import BLOCK, EVENT_NODES, REPLACED_KINDS, TABLES
from ledger.crypto.keys import keccak256
from ledger.errors import LedgerError
from ledger.registry.event_trees import EventTrees
from ledger.registry.fold import derive
from ledger.registry.knowledge import Fold
from ledger.registry.status import StatusTree
from ledger.registry.trust import Fact

REFOLDING: Final = "refolding"
REFOLD_SECONDS: Final = 86_400.0  # stored events are refolded at start and daily
PROGRESS_EVENTS: Final = 10_000  # how often the progress of a refold is told
# of a daily refold at a time: so much later, at most, is a new block noticed meanwhile
_SLICE_SECONDS: Final = 0.5
# … and a look at the clock this often: an anchor of many changes takes milliseconds
_SLICE_EVENTS: Final = 100
_SLICE_ROWS: Final = 1_000


def refold(view: ReplicaView, progress: Callable[[int, int], None] | None = None) -> dict[str, StatusTree]:
    """Return the status trees that the stored events lead to, after checking everything that is stored against them.

    `progress` is told (events done, events in all). Raises: Quarantined, naming what does not fit.
    """
    refold_slices = refold_in_slices(view)
    while True:
        try:
            done_and_total = next(refold_slices)
        except StopIteration as finish:
            trees: dict[str, StatusTree] = finish.value
            return trees
        if progress and done_and_total[0] % PROGRESS_EVENTS == 0:
            progress(*done_and_total)


def refold_in_slices(view: ReplicaView) -> Generator[tuple[int, int], None, dict[str, StatusTree]]:
    """Refold slice by slice: yield (events done, events in all) after each, return the status trees. Raises: Quarantined."""
    event_count = view.cursor.event_number
    fold, overlay = Fold(view.head_zero), Overlay(NoFacts())
    trees: dict[str, StatusTree] = {}
    event_trees, expected_facts = EventTrees(), ExpectedFacts()
    hash_sums: dict[str, int] = defaultdict(int)
    try:
        for event, head in view.walk_headed_events():
            fold.extend(event.event)
            if fold.head != head:
                raise _make_damage_error(
                    f"the head stored with event {fold.event_number} is not the one that the events make"
                )
            hash_sums[EVENT_NODES.name] += _hash_row(
                EVENT_NODES, event_nodes_row(event_trees.append(event.event))
            )
            event_facts = derive(overlay, trees, event.event)
            expected_facts.take(event_facts)
            for fact in event_facts:
                overlay.keep_fact(fact)
                if type(fact) not in REPLACED_KINDS:
                    _add_fact_hash(hash_sums, fact)
            if fold.event_number % _SLICE_EVENTS == 0:
                yield fold.event_number, event_count
    except LedgerError as error:
        raise _make_damage_error(str(error)) from error
    if (fold.event_number, fold.head, fold.block_number, fold.time) != view.cursor.event:
        raise _make_damage_error(
            f"its events end at {fold.event_number}, where it says {view.cursor.event_number}"
        )
    for fact in overlay.list_newest():
        _add_fact_hash(hash_sums, fact)
    for log, tree in trees.items():
        for block in tree.take_changed_blocks():
            hash_sums[BLOCK.name] += _hash_row(BLOCK, make_block_row(log, block))
    for table in (*TABLES.values(), BLOCK, EVENT_NODES):
        stored_sum = 0
        for number, row in enumerate(view.walk_rows(table)):
            stored_sum += _hash_row(table, row)
            if number % _SLICE_ROWS == 0:
                yield event_count, event_count
        if hash_sums[table.name] != stored_sum:
            raise _make_damage_error(f"its table {table.name!r} does not follow from its events")
    for table_name, place, fault in expected_facts.find_faults(view):
        raise _make_damage_error(f"its table {table_name!r}, {place}: {fault}")
    return trees


class DailyRefold:
    """Refolds a replica once a day, in slices beside the follower that goes on writing it: a slice reads one state of it.

    `check` takes a last look at that state, and raises Quarantined where it is not to be believed. `damaged`: the last
    refold found damage; until one finds none, nothing may be written on top.
    """

    def __init__(
        self, replica: Replica, check: Callable[[ReplicaView], None], clock: Callable[[], float]
    ) -> None:
        self._replica, self._check, self._clock = replica, check, clock
        self._done_at = clock()
        self._slices: Generator[tuple[int, int], None, None] | None = None
        self._progress = Progress(clock)
        self.is_damaged = False

    def go_on(self) -> None:
        """Do a slice of what is due; all of it after damage was found. Raises: Quarantined, which the replica then is."""
        if self._slices is None:
            if self._clock() - self._done_at <= REFOLD_SECONDS:
                return
            self._slices = self._refold_and_check()
        deadline = math.inf if self.is_damaged else self._clock() + _SLICE_SECONDS
        try:
            for done_count, event_count in self._slices:
                self._progress.tell(REFOLDING, done_count, event_count)
                if self._clock() >= deadline:
                    return
        except Quarantined as error:
            self._slices, self.is_damaged = None, True
            self._replica.set_quarantine(str(error))
            raise
        self._progress.end()
        self._slices, self.is_damaged, self._done_at = None, False, self._clock()

    def _refold_and_check(self) -> Generator[tuple[int, int], None, None]:
        with self._replica.reading(quarantined=True) as view:
            yield from refold_in_slices(view)
            self._check(view)

    def close(self) -> None:
        """Leave off."""
        if self._slices:
            self._slices.close()
            self._slices = None


def _add_fact_hash(hash_sums: dict[str, int], fact: Fact) -> None:
    table = TABLES[type(fact)]
    hash_sums[table.name] += _hash_row(table, make_row(fact))


def _hash_row(table: Table, row: Row | RowMapping) -> int:
    row_text = repr([row[column.name] for column in table.columns])
    return int.from_bytes(keccak256(row_text.encode()), "big")


def _make_damage_error(fault: str) -> Quarantined:
    return Quarantined(describe_damage(fault))
