"""Check a replica against itself: fold its events anew, and compare the head and every fact with what is stored.

The facts are compared as sums of hashes, so that the check walks through the tables once and holds only what the fold needs:
keys, logs, status trees, and the newest status of each position that ever had one.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import RowMapping, Table

from anchoring.errors import Quarantined
from anchoring.facts import REPLACED, TABLES, row_of
from anchoring.overlay import Nothing, Overlay
from anchoring.reading import Reading
from ledger.errors import LedgerError
from ledger.fold import derive
from ledger.keys import keccak256
from ledger.knowledge import Chain as Fold
from ledger.status import StatusTree
from ledger.trust import Fact

PROGRESS_EVENTS: Final = 10_000  # how often the progress of a refold is told


def refold(reading: Reading, progress: Callable[[int, int], None] | None = None) -> dict[str, StatusTree]:
    """Return the status trees that the stored events lead to, after checking everything that is stored against them.

    `progress` is told (events done, events in all). Raises: Quarantined, naming what does not fit.
    """
    fold, overlay = Fold(reading.head_zero), Overlay(Nothing())
    trees: dict[str, StatusTree] = {}
    sums: dict[str, int] = defaultdict(int)
    try:
        for found, head in reading.headed_events():
            fold.extend(found.event)
            if fold.head != head:
                raise _damage(f"the head stored with event {fold.n} is not the one that the events make")
            for fact in derive(overlay, trees, found.event):
                overlay.keep(fact)
                if type(fact) not in REPLACED:
                    _add(sums, fact)
            if progress and fold.n % PROGRESS_EVENTS == 0:
                progress(fold.n, reading.cursor.n)
    except LedgerError as error:
        raise _damage(str(error)) from error
    if (fold.n, fold.head, fold.block, fold.time) != reading.cursor.event:
        raise _damage(f"its events end at {fold.n}, where it says {reading.cursor.n}")
    for fact in overlay.newest():
        _add(sums, fact)
    for table in TABLES.values():
        if sums[table.name] != sum(_mark(table, row) for row in reading.rows(table)):
            raise _damage(f"its table {table.name!r} does not follow from its events")
    return trees


def _add(sums: dict[str, int], fact: Fact) -> None:
    table = TABLES[type(fact)]
    sums[table.name] += _mark(table, row_of(fact))


def _mark(table: Table, row: Mapping[str, Any] | RowMapping) -> int:
    spelled = repr([row[column.name] for column in table.columns])
    return int.from_bytes(keccak256(spelled.encode()), "big")


def _damage(what: str) -> Quarantined:
    return Quarantined(
        f"the replica is damaged: {what}. Stop the node, delete the replica and start again: it is followed anew"
    )
