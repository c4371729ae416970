"""Extend the stored tree over a replica's facts, and keep what it was at checkpoints.

A checkpoint is some minutes old before enough cities have signed it, and the tree has grown by then. What stood at a place
of the tree is therefore kept, once for each such event, before it is replaced: so facts can be shown as of a checkpoint.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Final

from sqlalchemy import Connection, delete

from anchoring.database.bulk import select_many
from anchoring.database.engine import insert_missing
from anchoring.errors import Quarantined
from anchoring.replica.changes import insert_rows, replace_rows
from anchoring.replica.fact_trees import count_periods, describe_damage, read_leaves, read_pages
from anchoring.replica.rows import before_row, fact_root_row, leaf_row, page_row
from anchoring.replica.tables import FACT_BEFORE, FACT_ROOT, LEAF, PAGE
from ledger.crypto.key_trees import KeyTree
from ledger.errors import MalformedInput
from ledger.registry.acts import Event
from ledger.registry.facts import SUITE, derive_leaves, hash_leaf, list_anchor_keys, list_read_keys
from ledger.registry.trust import Fact

# How many periods between two checkpoints, six hours, a tree at which nodes signed is kept: until the cities that were away
# cosign it, and a few megabytes for a province.
KEPT_PERIODS: Final = 72

_Leaves = dict[bytes, bytes]  # bytes of leaves by their keys
_EventFacts = tuple[Event, Sequence[Fact]]  # an event and what follows from it


def extend_fact_tree(connection: Connection, event_facts: Sequence[_EventFacts]) -> None:
    """Store the leaves that the events make or change, the pages that lead to them, and the root after each event.

    Raises: Quarantined where what is stored of the tree is damaged.
    """
    if not event_facts:
        return
    changed_leaves = _derive_all_leaves(connection, event_facts)
    tree = KeyTree(SUITE, partial(read_pages, connection))
    oldest_period = count_periods(event_facts[-1][0].time) - KEPT_PERIODS
    try:
        tree.load({key for leaves in changed_leaves for key in leaves})
        events_by_period = groupby(
            zip(event_facts, changed_leaves, strict=True),
            key=lambda pair: max(oldest_period, count_periods(pair[0][0].time)),
        )
        for period, pairs in events_by_period:
            _extend_within_period(connection, tree, list(pairs), period)
    except MalformedInput as error:
        raise Quarantined(describe_damage(str(error))) from error
    connection.execute(delete(FACT_BEFORE).where(FACT_BEFORE.c.period <= oldest_period))


def _derive_all_leaves(connection: Connection, event_facts: Sequence[_EventFacts]) -> list[_Leaves]:
    """Return for each event the leaves that it makes or changes."""
    all_facts = [fact for _, facts in event_facts for fact in facts]
    leaves = read_leaves(connection, list_read_keys(all_facts))
    changed_leaves = list[_Leaves]()
    for _, facts in event_facts:
        changed_leaves.append(derive_leaves(facts, leaves))
        leaves |= changed_leaves[-1]
    return changed_leaves


def _extend_within_period(
    connection: Connection,
    tree: KeyTree,
    events_with_leaves: Sequence[tuple[_EventFacts, _Leaves]],
    period: int,
) -> None:
    """Store what the events of one period make."""
    new_leaves, root_rows = _Leaves(), []
    for (event, facts), leaves in events_with_leaves:
        root = tree.update({key: hash_leaf(data) for key, data in leaves.items()})
        root_rows.append(fact_root_row(event.event_number, root))
        anchor_keys = list_anchor_keys(facts)
        new_leaves |= {key: data for key, data in leaves.items() if key not in anchor_keys}
    new_pages = tree.take_changed_pages()
    _keep_before(connection, period, new_leaves, new_pages)
    replace_rows(connection, LEAF, [leaf_row(*leaf) for leaf in new_leaves.items()])
    replace_rows(connection, PAGE, [page_row(*page) for page in new_pages.items()])
    insert_rows(connection, FACT_ROOT, root_rows)


def _keep_before(
    connection: Connection, period: int, new_leaves: Mapping[bytes, bytes], new_pages: Mapping[str, bytes]
) -> None:
    """Keep what stands where leaves and pages will be replaced, unless it was replaced in this period already."""
    leaf_rows = select_many(connection, LEAF.c.key, [key.hex() for key in new_leaves])
    page_rows = select_many(connection, PAGE.c.prefix, list(new_pages))
    rows_before = [before_row(row["key"], period, row["data"]) for row in leaf_rows]
    rows_before += [before_row(row["prefix"], period, row["content"]) for row in page_rows]
    insert_missing(connection, FACT_BEFORE, rows_before)
