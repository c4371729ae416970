"""Facts and events come back as they were stored, in exactly the columns of their tables."""

from collections.abc import Callable

import pytest
from sqlalchemy import RowMapping, Table, insert, select

from anchoring.chain.protocol import ChainEvent
from anchoring.database.engine import begin_transaction, open_engine
from anchoring.replica import rows
from anchoring.replica.reading import Cursor, make_cursor_row, read_cursor
from anchoring.replica.tables import (
    BLOCK,
    EVENT,
    EVENT_NODES,
    FACT_BEFORE,
    FACT_ROOT,
    LEAF,
    METADATA,
    PAGE,
    PENDING,
    STATE,
    TABLES,
)
from ledger.crypto.suites import SM3
from ledger.registry.acts import Event
from ledger.registry.event_trees import EventNodes
from ledger.registry.status import Status, StatusBlock
from ledger.registry.trust import (
    Anchor,
    Division,
    Fact,
    Governance,
    Grant,
    IssuerAssignment,
    KeyState,
    LogState,
    PositionStatus,
)
from tests.databases import NewDatabase

# Every field of a fact differs from every other of its type, so that two that change places are noticed.
FACTS: list[tuple[Fact, Callable[[RowMapping], Fact]]] = [
    (Governance("0xaa", "0xbb", "eip155:1"), rows.read_governance),
    (Division("429006", "tianmen"), rows.read_division),
    (LogState("tianmen", SM3, 3, "0xaa", "0xbb", "0xcc", 4, 5, 6, is_status_known=False), rows.read_log),
    (IssuerAssignment("911100000000131000", 7, "tianmen"), rows.read_issuer),
    (KeyState(b"id", b"spki", 2, "tianmen", 3, 4, 5), rows.read_key),
    (KeyState(b"id", b"spki", 2, "tianmen", 3, None, None), rows.read_key),
    (Grant(b"key", "911100000000131000", 3, 4, ("a", "b"), 5, 6), rows.read_grant),
    (Grant(b"key", "911100000000131000", 3, 4, (), 5, 6), rows.read_grant),
    (Anchor("tianmen", 1, 2, 3, 4, 5, 6, b"root", b"status", "too late"), rows.read_anchor),
    (PositionStatus("tianmen", 1, 2, 3, Status.REVOKED, is_contradictory=True), rows.read_position),
]
EVENT_ON_CHAIN = ChainEvent(Event(1, 2, 3, 4, b"payload", 5), b"block", b"transaction")


def stored(url: str, table: Table, row: rows.Row) -> RowMapping:
    """Store a row and return it as the database gives it."""
    assert set(row) == {column.name for column in table.columns}
    engine = open_engine(url)
    try:
        with begin_transaction(engine) as connection:
            METADATA.create_all(connection)
            connection.execute(insert(table), [row])
            return connection.execute(select(table)).mappings().one()
    finally:
        engine.dispose()


@pytest.mark.parametrize(("fact", "read"), FACTS, ids=[str(number) for number in range(len(FACTS))])
def test_a_fact_comes_back(new_database: NewDatabase, fact: Fact, read: Callable[[RowMapping], Fact]) -> None:
    assert read(stored(new_database("replica"), TABLES[type(fact)], rows.make_row(fact))) == fact


def test_every_kind_of_fact_is_tried() -> None:
    assert {type(fact) for fact, _ in FACTS} == set(TABLES)


@pytest.mark.parametrize("table", [EVENT, PENDING], ids=str)
def test_an_event_comes_back(new_database: NewDatabase, table: Table) -> None:
    row = stored(new_database("replica"), table, rows.make_event_row(EVENT_ON_CHAIN, b"head"))
    assert (rows.read_event(row), row["head"]) == (EVENT_ON_CHAIN, b"head")


def test_a_block_of_a_status_tree_comes_back(new_database: NewDatabase) -> None:
    block = StatusBlock(1, b"content", b"node")
    row = stored(new_database("replica"), BLOCK, rows.make_block_row("tianmen", block))
    assert (row["log"], rows.read_block(row)) == ("tianmen", block)


def test_the_nodes_of_an_event_come_back(new_database: NewDatabase) -> None:
    nodes = EventNodes(1, b"sm3", b"sha256")
    row = stored(new_database("replica"), EVENT_NODES, rows.event_nodes_row(nodes))
    assert rows.read_event_nodes(row) == nodes


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (LEAF, rows.leaf_row(b"\x0a" * 32, b"data")),
        (PAGE, rows.page_row("0a", b"content")),
        (FACT_BEFORE, rows.before_row("0a", 7, b"content")),
        (FACT_ROOT, rows.fact_root_row(7, b"root")),
    ],
    ids=str,
)
def test_what_makes_the_tree_over_the_facts_comes_back(
    new_database: NewDatabase, table: Table, row: rows.Row
) -> None:
    assert dict(stored(new_database("replica"), table, row)) == row


def test_a_cursor_comes_back(new_database: NewDatabase) -> None:
    cursor = Cursor(1, b"head", 2, 3, 4, b"hash", 5)
    place = {"id": 1, "schema_number": 3, "registry_name": "eip155:1", "head_zero": b"zero"}
    flags = {"quarantine": "", "caught_up": True}
    assert (
        read_cursor(stored(new_database("replica"), STATE, {**place, **flags, **make_cursor_row(cursor)}))
        == cursor
    )
