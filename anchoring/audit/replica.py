"""Audit of the replica: its events folded anew, and its facts compared row by row.

The daily refold of a node stops at the first difference. An audit names each, and goes on from what is stored.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import RowMapping, Table

from anchoring.audit.event_trees import audit_event_trees
from anchoring.audit.findings import Findings
from anchoring.audit.places import REPLICA
from anchoring.chain.protocol import ChainEvent, RegistryName
from anchoring.replica.fact_trees import ExpectedFacts
from anchoring.replica.overlay import NoFacts, Overlay
from anchoring.replica.reading import ReplicaView
from anchoring.replica.rows import Row, make_block_row, make_row
from anchoring.replica.tables import BLOCK, EVENT, EVENT_NODES, LEAF, PENDING, REPLACED_KINDS, STATE, TABLES
from ledger.crypto.keys import keccak256
from ledger.errors import LedgerError, MalformedInput
from ledger.registry.fold import derive
from ledger.registry.knowledge import Fold
from ledger.registry.status import StatusTree
from ledger.registry.trust import Fact, IssuerAssignment, LogState

_HASH_BYTES: Final = (
    8  # of a row, where single rows are compared: damage is no adversary that finds collisions
)

#: The key of a row, and what it holds, as a number.
_RowHash = tuple[tuple[object, ...], int]


@dataclass(slots=True)
class RegistryFold:
    """What the events so far make: the head, the newest facts, the status trees, and who operated each log at any time."""

    fold: Fold
    overlay: Overlay = field(default_factory=lambda: Overlay(NoFacts()))
    trees: dict[str, StatusTree] = field(default_factory=dict)
    issuers: dict[str, IssuerAssignment] = field(default_factory=dict)
    operators: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    expected_facts: ExpectedFacts | None = None

    def take(self, event: ChainEvent) -> list[Fact]:
        """Fold an event and return its facts. Raises: LedgerError."""
        self.fold.extend(event.event)
        facts = derive(self.overlay, self.trees, event.event)
        if self.expected_facts:
            self.expected_facts.take(facts)
        for fact in facts:
            self.overlay.keep_fact(fact)
            if isinstance(fact, LogState):
                self.operators[fact.name].add(fact.operator)
            elif isinstance(fact, IssuerAssignment):
                self.issuers[fact.issuer] = fact
        return facts

    def list_newest_facts(self) -> Iterator[Fact]:
        """Walk through the newest facts of governance, logs, keys, divisions and issuers."""
        yield from self.overlay.list_newest()
        yield from self.issuers.values()


def audit_replica(view: ReplicaView, registry: str, findings: Findings) -> RegistryFold:
    """Fold the events of a replica, which is to be one of `registry`, and compare head, facts and pending events."""
    if view.registry != registry:
        text = f"the node is set to {registry}, the replica is of {view.registry}: one of the two was changed"
        findings.add("other-registry", "node.toml", text)
    _check_head_zero(view, findings)
    if view.quarantine:
        findings.add("quarantined", "state", view.quarantine)
    registry_fold = RegistryFold(Fold(view.head_zero))
    hash_sums: dict[str, int] = defaultdict(int)
    expected_facts = registry_fold.expected_facts = ExpectedFacts()
    for fact in _fold_events(view, registry_fold, findings):
        if type(fact) not in REPLACED_KINDS:
            _add_fact_hash(hash_sums, fact)
    for fact in registry_fold.overlay.list_newest():
        _add_fact_hash(hash_sums, fact)
    for table, row in _list_blocks(registry_fold):
        hash_sums[table.name] += _hash_row(table, row)
    _check_state(view, registry_fold.fold, findings)
    for table in (*TABLES.values(), BLOCK):
        with findings.guard(REPLICA, table.name, f"table {table.name}"):
            stored_sum = sum(_hash_row(table, row) for row in view.walk_rows(table))
            if stored_sum != hash_sums[table.name]:
                _name_differences(view, table, findings)
    _audit_trees(view, expected_facts, findings)
    with findings.guard(REPLICA, PENDING.name, f"table {PENDING.name}"):
        _check_pending(view, registry_fold.fold, findings)
    findings.checked_counts["logs"] += len(view.list_logs())
    return registry_fold


def _audit_trees(view: ReplicaView, expected_facts: ExpectedFacts, findings: Findings) -> None:
    if not view.has_trees:
        text = "the replica is from before the trees over events and facts: start its node once, which makes them"
        findings.leave("schema-other", "replica", text)
        return
    with findings.guard(REPLICA, EVENT_NODES.name, f"table {EVENT_NODES.name}"):
        audit_event_trees(view, findings)
    with findings.guard(REPLICA, LEAF.name, f"table {LEAF.name}"):
        for table_name, place, text in expected_facts.find_faults(view):
            findings.add("fact-altered", place, text, database=REPLICA, table=table_name)


def _check_head_zero(view: ReplicaView, findings: Findings) -> None:
    try:
        is_named = RegistryName.parse(view.registry).head_prefix == view.head_zero[:8]
    except MalformedInput:
        is_named = False
    if not is_named:
        text = f"its head 0 is {view.head_zero.hex()}, which is not that of {view.registry}"
        findings.add("state-altered", "head_zero", text, database=REPLICA, table=STATE.name)


def _fold_events(view: ReplicaView, registry_fold: RegistryFold, findings: Findings) -> Iterator[Fact]:
    """Yield the facts of all events; behind an event that does not fit go on from what is stored of it."""
    fold, event_count = registry_fold.fold, view.cursor.event_number
    for event, head in view.walk_headed_events():
        findings.look("events", event_count)
        place = f"event {event.event.event_number}"
        try:
            facts = registry_fold.take(event)
        except LedgerError as error:
            findings.add("event-altered", place, str(error), database=REPLICA, table=EVENT.name)
            facts = []
        if fold.head != head and facts:
            text = "what it says does not make the head that is stored with it"
            findings.add("event-altered", place, text, database=REPLICA, table=EVENT.name)
        fold.head, fold.event_number, fold.block_number, fold.time = (
            head,
            event.event.event_number,
            event.event.block_number,
            event.event.time,
        )
        yield from facts


def _list_blocks(registry_fold: RegistryFold) -> list[tuple[Table, Row]]:
    blocks = [
        (log, block) for log, tree in registry_fold.trees.items() for block in tree.take_changed_blocks()
    ]
    return [(BLOCK, make_block_row(log, block)) for log, block in blocks]


def _check_state(view: ReplicaView, fold: Fold, findings: Findings) -> None:
    cursor = view.cursor
    if (fold.event_number, fold.head, fold.block_number, fold.time) != cursor.event:
        text = (
            f"its events end at {fold.event_number} in block {fold.block_number}, it says {cursor.event_number} "
            f"in block {cursor.block_number}"
        )
        findings.add("state-altered", "cursor", text, database=REPLICA, table=STATE.name)
    if cursor.final_block_number < cursor.block_number or cursor.final_time < cursor.time:
        text = f"block {cursor.final_block_number} is said to be final, an event is final in block {cursor.block_number}"
        findings.add("state-altered", "final block", text, database=REPLICA, table=STATE.name)


def _check_pending(view: ReplicaView, final_fold: Fold, findings: Findings) -> None:
    """Check that the pending events follow the final ones and make the heads that are stored with them."""
    fold = Fold(final_fold.head, final_fold.event_number, final_fold.block_number, final_fold.time)
    for event, head in view.walk_headed_pending():
        findings.look("pending events")
        place = f"event {event.event.event_number}"
        try:
            fold.extend(event.event)
        except LedgerError as error:
            findings.add("pending-altered", place, str(error))
            return
        if fold.head != head:
            text = "what it says does not make the head that is stored with it"
            findings.add("pending-altered", place, text)
            fold.head = head


def _add_fact_hash(hash_sums: dict[str, int], fact: Fact) -> None:
    table = TABLES[type(fact)]
    hash_sums[table.name] += _hash_row(table, make_row(fact))


def _hash_row(table: Table, row: Row | RowMapping) -> int:
    row_text = repr([row[column.name] for column in table.columns])
    return int.from_bytes(keccak256(row_text.encode(errors="surrogateescape")), "big")


def _name_differences(view: ReplicaView, table: Table, findings: Findings) -> None:
    """Name each row of a table that does not follow from the events: fold once more, with that table's rows at hand."""
    expected_rows = dict(_derive_rows(view, table))
    for row in view.walk_rows(table):
        key, row_hash = _hash_with_key(table, row)
        expected_hash = expected_rows.pop(key, None)
        if expected_hash != row_hash:
            text = "no event makes it" if expected_hash is None else "it is not what the events make"
            findings.add("fact-altered", _name_row(table, key), text, database=REPLICA, table=table.name)
    for key in expected_rows:
        findings.add(
            "fact-missing",
            _name_row(table, key),
            "the events make it, and it is not there",
            database=REPLICA,
            table=table.name,
        )


def _derive_rows(view: ReplicaView, table: Table) -> Iterator[_RowHash]:
    registry_fold = RegistryFold(Fold(view.head_zero))
    for fact in _fold_events(view, registry_fold, Findings()):
        if TABLES[type(fact)] is table and type(fact) not in REPLACED_KINDS:
            yield _hash_with_key(table, make_row(fact))
    for fact in registry_fold.overlay.list_newest():
        if TABLES[type(fact)] is table:
            yield _hash_with_key(table, make_row(fact))
    for block_table, row in _list_blocks(registry_fold):
        if block_table is table:
            yield _hash_with_key(table, row)


def _hash_with_key(table: Table, row: Row | RowMapping) -> _RowHash:
    key = tuple(row[column.name] for column in table.primary_key)
    return key, _hash_row(table, row) % 256**_HASH_BYTES


def _name_row(table: Table, key: tuple[object, ...]) -> str:
    return ", ".join(
        f"{column.name} {value.hex() if isinstance(value, bytes) else value}"
        for column, value in zip(table.primary_key, key, strict=True)
    )
