"""The database of a replica: final events, the facts that follow, and what is pending.

The follower alone writes it; verification reads nothing else. It holds nothing that the chain does not say, so it may be
deleted at any time and followed anew. A quarantined replica answers nobody: it contradicts the chain or itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy import Connection, MetaData, delete, insert, inspect, select, update

from anchoring.chain.protocol import ChainEvent, RegistryName
from anchoring.database.engine import begin_transaction, hold_tables, open_engine, open_snapshot
from anchoring.errors import CursorMoved, DatabaseTaken, NotFound, Quarantined, WrongRegistry
from anchoring.limits import SERVER_CONNECTIONS
from anchoring.replica.changes import insert_rows, replace_rows
from anchoring.replica.fact_trees import describe_damage
from anchoring.replica.fact_writing import extend_fact_tree
from anchoring.replica.overlay import NoFacts, Overlay
from anchoring.replica.reading import Cursor, ReplicaView, make_cursor_row
from anchoring.replica.rows import Row, event_nodes_row, make_block_row, make_event_row, make_row
from anchoring.replica.tables import (
    BLOCK,
    COPIES_PREFIX,
    EVENT,
    EVENT_NODES,
    METADATA,
    PENDING,
    REPLACED_KINDS,
    SCHEMA,
    SCHEMAS_BEFORE_TREES,
    STATE,
    TABLES,
    TREE_TABLES,
)
from ledger.errors import LedgerError
from ledger.registry.event_trees import EventTrees
from ledger.registry.fold import derive
from ledger.registry.status import StatusTree
from ledger.registry.trust import Fact

_ROW: Final = 1  # the id of the one row of `state`
#: Tables of the register and of signed checkpoints, which are not to be had again from the chain.
_FOREIGN_TABLES: Final = frozenset({"alembic_version", "submission", "cosignature"})
_READABLE_SCHEMAS: Final = SCHEMAS_BEFORE_TREES | {SCHEMA}
_EVENTS_AT_ONCE: Final = 5_000  # of which trees are made and written together


@dataclass(frozen=True, slots=True)
class FoldedEvent:
    """An event, the registry's head after it, and (for a final one) the facts that follow from it."""

    event: ChainEvent
    head: bytes
    facts: Sequence[Fact] = ()


class Replica:
    """The replica database at a URL. Any number of processes may read it; one follower writes.

    `source` is what reports name: `snapshot` where the events came from a file and no chain was asked. `connections` is how
    many it may open to a server.
    """

    def __init__(self, url: str, source: str = "replica", *, connections: int = SERVER_CONNECTIONS) -> None:
        self._source = source
        # NORMAL: what a power cut takes, the chain still has
        self.engine = open_engine(url, synchronous="NORMAL", connections=connections)
        self._has_tables = False

    def close(self) -> None:
        self.engine.dispose()

    def prepare(self, name: str, head_zero: bytes) -> None:
        """Create the tables where they are missing or of another schema, for the registry `name`.

        Raises: WrongRegistry when this is the replica of another registry.
        """
        if RegistryName.parse(name).head_prefix != head_zero[:8]:
            raise WrongRegistry(f"head 0 of the contract is {head_zero.hex()}, which is not that of {name}")
        with begin_transaction(self.engine) as connection:
            hold_tables(connection)
            schema_number = _read_schema(connection)
            if schema_number in SCHEMAS_BEFORE_TREES:
                _add_trees(connection)
            elif schema_number != SCHEMA:
                _create(connection, name, head_zero)
            state_row = connection.execute(select(STATE)).mappings().one()
            if (state_row["registry_name"], state_row["head_zero"]) != (name, head_zero):
                raise WrongRegistry(
                    f"this replica is of {state_row['registry_name']}, not of {name}: use another file"
                )
        self._has_tables = True

    def check(self, name: str) -> bool:
        """Check, changing nothing, that the database may be the replica of the registry `name`; tell whether it is already.

        Raises: WrongRegistry, DatabaseTaken, DatabaseUnavailable.
        """
        with open_snapshot(self.engine) as connection:
            if _read_schema(connection) not in _READABLE_SCHEMAS:
                _check_free(connection)
                return False
            stored_name = connection.execute(select(STATE.c.registry_name)).scalar_one()
        if stored_name != name:
            raise WrongRegistry(f"this replica is of {stored_name}, not of {name}: use another file")
        return True

    @contextmanager
    def reading(self, *, quarantined: bool = False) -> Iterator[ReplicaView]:
        """Give one consistent state. `quarantined` reads also what must not be relied on, to show it.

        Raises: NotFound before the follower has run for the first time; Quarantined.
        """
        with open_snapshot(self.engine) as connection:
            if not self._has_tables:
                if _read_schema(connection) not in _READABLE_SCHEMAS:
                    raise NotFound(
                        "there is no replica here yet: start the follower (shunzheng node) and wait for it"
                    )
                self._has_tables = True
            view = ReplicaView(connection, self._source)
            if view.quarantine and not quarantined:
                raise Quarantined(view.quarantine)
            try:
                yield view
            finally:
                view.close_results()

    def store(
        self,
        cursor_before: Cursor,
        cursor_after: Cursor,
        folded_events: Sequence[FoldedEvent],
        pending_events: Sequence[FoldedEvent],
        trees: Mapping[str, StatusTree],
        *,
        is_caught_up: bool = False,
    ) -> None:
        """Go from cursor `cursor_before` to `cursor_after`: keep the final events with their facts, replace what is pending.

        `trees` are the status trees after those events, by log; what changed in them is stored.
        `is_caught_up`: `cursor_after` was the newest final block; that it was so once is remembered.

        All in one transaction: a crash leaves the replica at `cursor_before`. The quarantine, if any, is lifted.
        Raises: CursorMoved when the replica is not at `cursor_before`.
        """
        with begin_transaction(self.engine) as connection:
            cursor_conditions = [
                STATE.c[name] == value for name, value in make_cursor_row(cursor_before).items()
            ]
            values = (
                make_cursor_row(cursor_after)
                | {"quarantine": ""}
                | ({"caught_up": True} if is_caught_up else {})
            )
            result = connection.execute(update(STATE).where(*cursor_conditions).values(values))
            if result.rowcount != 1:
                raise CursorMoved("the replica was written by another process: run one follower per replica")
            insert_rows(connection, EVENT, [make_event_row(item.event, item.head) for item in folded_events])
            _extend_event_trees(connection, cursor_before.event_number, folded_events)
            extend_fact_tree(connection, [(item.event.event, item.facts) for item in folded_events])
            _store_facts(connection, [fact for item in folded_events for fact in item.facts])
            for log, tree in trees.items():
                blocks = [make_block_row(log, block) for block in tree.take_changed_blocks()]
                replace_rows(connection, BLOCK, blocks)
            connection.execute(delete(PENDING))
            insert_rows(
                connection, PENDING, [make_event_row(item.event, item.head) for item in pending_events]
            )

    def set_quarantine(self, reason: str) -> None:
        """Stop answering, and say why; an empty reason lifts it."""
        with begin_transaction(self.engine) as connection:
            connection.execute(update(STATE).where(STATE.c.id == _ROW).values(quarantine=reason))


def _read_schema(connection: Connection) -> int | None:
    """Return the schema number of the tables, None where there are none."""
    if not inspect(connection).has_table(STATE.name):
        return None
    return connection.execute(select(STATE.c.schema_number)).scalar_one_or_none()


def _create(connection: Connection, name: str, head_zero: bytes) -> None:
    _check_free(connection)
    old_tables = MetaData()
    old_tables.reflect(connection, only=lambda name, _: not name.startswith(COPIES_PREFIX))
    old_tables.drop_all(connection)  # a replica of another schema number; it is followed anew
    METADATA.create_all(connection)
    cursor = Cursor(
        event_number=0,
        head=head_zero,
        block_number=0,
        time=0,
        final_block_number=0,
        final_hash=b"",
        final_time=0,
    )
    row: Row = {
        "id": _ROW,
        "schema_number": SCHEMA,
        "registry_name": name,
        "head_zero": head_zero,
        "quarantine": "",
        "caught_up": False,
    }
    connection.execute(insert(STATE), [row | make_cursor_row(cursor)])


def _check_free(connection: Connection) -> None:
    """Leave alone what cannot be had again from the chain. Raises: DatabaseTaken."""
    if foreign_tables := _FOREIGN_TABLES & set(inspect(connection).get_table_names()):
        raise DatabaseTaken(
            f"the replica's database holds {', '.join(sorted(foreign_tables))}: give the replica a database of its own"
        )


def _extend_event_trees(connection: Connection, n: int, folded_events: Sequence[FoldedEvent]) -> None:
    """Store what the events after event `n` complete in the trees over all events."""
    if folded_events:
        event_trees = EventTrees(n, ReplicaView(connection).event_nodes)
        completed_nodes = [event_trees.append(item.event.event) for item in folded_events]
        insert_rows(connection, EVENT_NODES, [event_nodes_row(nodes) for nodes in completed_nodes])


def _add_trees(connection: Connection) -> None:
    """Make the trees that a replica from before them lacks, of the events that it holds. Raises: Quarantined."""
    METADATA.drop_all(connection, TREE_TABLES)
    METADATA.create_all(connection, TREE_TABLES)
    folded_events, event_count = _fold_anew(ReplicaView(connection)), 0
    while some_events := list(islice(folded_events, _EVENTS_AT_ONCE)):
        _extend_event_trees(connection, event_count, some_events)
        extend_fact_tree(connection, [(item.event.event, item.facts) for item in some_events])
        event_count += len(some_events)
    connection.execute(update(STATE).where(STATE.c.id == _ROW).values(schema_number=SCHEMA))


def _fold_anew(view: ReplicaView) -> Iterator[FoldedEvent]:
    """Walk through the stored events, each with the facts that follow from it."""
    overlay, trees = Overlay(NoFacts()), dict[str, StatusTree]()
    for event, head in view.walk_headed_events():
        try:
            facts = derive(overlay, trees, event.event)
        except LedgerError as error:
            raise Quarantined(describe_damage(str(error))) from error
        for fact in facts:
            overlay.keep_fact(fact)
        yield FoldedEvent(event, head, facts)


def _store_facts(connection: Connection, new_facts: Sequence[Fact]) -> None:
    for fact_type, table in TABLES.items():
        rows = [make_row(fact) for fact in new_facts if type(fact) is fact_type]
        if fact_type in REPLACED_KINDS:
            replace_rows(connection, table, rows)
        else:
            insert_rows(connection, table, rows)
