"""The tables of a replica: facts, events, blocks of status trees, and its state.

They have metadata of their own, so that a replica and a register never create each other's. Their rows are made and read
in `anchoring.replica.rows`.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Index, LargeBinary, Table, text
from sqlmodel import Field, SQLModel

from anchoring.database.columns import get_table, make_number_column, make_registry, make_small_column
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

#: Raised with any change below. A replica of another number is dropped and followed anew.
SCHEMA: Final = 5
#: Those of replicas without all trees: they are read, and the follower makes the trees of the events that they hold.
SCHEMAS_BEFORE_TREES: Final = frozenset({3, 4})
#: Of the copies of other logs' entries, which a replica of another schema leaves alone (`anchoring.monitor.tables`).
COPIES_PREFIX: Final = "published_"
#: The few anchors that are void; spelled out, since a bound value would not find their index.
IS_VOID: Final = text("void <> ''")


class _Row(SQLModel, registry=make_registry("replica")):
    """Base of the replica's tables."""


class StateRow(_Row, table=True):
    """The one row that says how far the replica is; every write of the replica changes it or changes nothing."""

    __tablename__ = "state"
    id: int = Field(primary_key=True)
    schema_number: int
    registry_name: str
    head_zero: bytes
    n: int = make_number_column()
    head: bytes
    block: int = make_number_column()
    time: int = make_number_column()
    final_block: int = make_number_column()
    final_hash: bytes
    final_time: int = make_number_column()
    quarantine: str = ""
    caught_up: bool = False


class _EventFields(SQLModel):
    n: int = make_number_column(key=True)
    kind: int = make_small_column()
    previous_block: int = make_number_column()
    time: int = make_number_column()
    payload: bytes
    block: int = make_number_column()
    block_hash: bytes
    transaction: bytes = Field(sa_type=LargeBinary, sa_column_kwargs={"name": "transaction_hash"})
    head: bytes


class EventRow(_Row, _EventFields, table=True):
    """A final event, with the head that it makes."""

    __tablename__ = "event"


class EventNodesRow(_Row, table=True):
    """`ledger.registry.event_trees.EventNodes` of a final event."""

    __tablename__ = "event_node"
    n: int = make_number_column(key=True)
    sm3: bytes
    sha256: bytes


class PendingRow(_Row, _EventFields, table=True):
    """An event that is on the chain but not final; replaced whenever the chain changes its mind."""

    __tablename__ = "pending_event"


class GovernanceRow(_Row, table=True):
    """`ledger.registry.trust.Governance`; one row."""

    __tablename__ = "governance"
    id: int = Field(default=1, primary_key=True)
    province: str
    pending_province: str
    successor: str


class DivisionRow(_Row, table=True):
    """`ledger.registry.trust.Division`."""

    __tablename__ = "division"
    division: str = Field(primary_key=True)
    log: str


class LogRow(_Row, table=True):
    """`ledger.registry.trust.LogState`."""

    __tablename__ = "log"
    name: str = Field(primary_key=True)
    suite: int = make_small_column()
    n: int = make_number_column()
    admin: str
    pending_admin: str
    operator: str
    sequence: int = make_number_column()
    size: int = make_number_column()
    anchored_at: int = make_number_column()
    status_known: bool


class IssuerRow(_Row, table=True):
    """`ledger.registry.trust.IssuerAssignment`."""

    __tablename__ = "issuer_assignment"
    issuer: str = Field(primary_key=True)
    n: int = make_number_column(key=True)
    log: str


class KeyRow(_Row, table=True):
    """`ledger.registry.trust.KeyState`."""

    __tablename__ = "registered_key"
    id: bytes = Field(primary_key=True)
    spki: bytes
    purpose: int = make_small_column()
    log: str
    n: int = make_number_column()
    retired_at: int | None = make_number_column()
    compromised_since: int | None = make_number_column()


class GrantRow(_Row, table=True):
    """`ledger.registry.trust.Grant`; `types` is a JSON array."""

    __tablename__ = "key_grant"
    key: bytes = Field(primary_key=True)
    issuer: str = Field(primary_key=True)
    n: int = make_number_column(key=True)
    kinds: int = make_small_column()
    types: str
    not_before: int = make_number_column()
    not_after: int = make_number_column()


class AnchorRow(_Row, table=True):
    """`ledger.registry.trust.Anchor`."""

    __tablename__ = "anchor"
    __table_args__ = (Index("anchor_void", "log", sqlite_where=IS_VOID, postgresql_where=IS_VOID),)
    log: str = Field(primary_key=True)
    sequence: int = make_number_column(key=True)
    n: int = make_number_column()
    block: int = make_number_column()
    time: int = make_number_column()
    size_before: int = make_number_column()
    size: int = make_number_column()
    root: bytes
    status_root: bytes
    void: str


class PositionRow(_Row, table=True):
    """`ledger.registry.trust.PositionStatus`."""

    __tablename__ = "position_status"
    __table_args__ = (Index("position_status_by_anchor", "log", "sequence"),)
    log: str = Field(primary_key=True)
    position: int = make_number_column(key=True)
    sequence: int = make_number_column(key=True)
    since: int = make_number_column()
    status: int = make_small_column()
    contradictory: bool


class BlockRow(_Row, table=True):
    """`ledger.registry.status.StatusBlock`: the status tree of a log as of its newest final anchor."""

    __tablename__ = "status_block"
    log: str = Field(primary_key=True)
    number: int = make_number_column(key=True)
    content: bytes
    node: bytes


class LeafRow(_Row, table=True):
    """A leaf of `ledger.registry.facts`, those of anchors left out; `key` is hexadecimal."""

    __tablename__ = "fact_leaf"
    key: str = Field(primary_key=True)
    data: bytes


class PageRow(_Row, table=True):
    """A page of the tree over the facts after the newest event (`ledger.crypto.key_trees`)."""

    __tablename__ = "fact_page"
    prefix: str = Field(primary_key=True)
    content: bytes


class FactBeforeRow(_Row, table=True):
    """What stood at a place of the tree over the facts before the events of a period replaced it.

    A place is the prefix of a page or the key of a leaf; periods last from checkpoint to checkpoint, counted since 1970.
    """

    __tablename__ = "fact_before"
    __table_args__ = (Index("fact_before_by_period", "period"),)
    place: str = Field(primary_key=True)
    period: int = make_number_column(key=True)
    content: bytes


class FactRootRow(_Row, table=True):
    """The root of the tree over the facts after each final event."""

    __tablename__ = "fact_root"
    n: int = make_number_column(key=True)
    root: bytes


METADATA: Final = _Row.metadata

STATE: Final = get_table(StateRow)
EVENT: Final = get_table(EventRow)
EVENT_NODES: Final = get_table(EventNodesRow)
PENDING: Final = get_table(PendingRow)
BLOCK: Final = get_table(BlockRow)
LEAF: Final = get_table(LeafRow)
PAGE: Final = get_table(PageRow)
FACT_BEFORE: Final = get_table(FactBeforeRow)
FACT_ROOT: Final = get_table(FactRootRow)
#: What trees over events and facts are made of.
TREE_TABLES: Final = (EVENT_NODES, LEAF, PAGE, FACT_BEFORE, FACT_ROOT)
GOVERNANCE: Final = get_table(GovernanceRow)
DIVISION: Final = get_table(DivisionRow)
LOG: Final = get_table(LogRow)
ISSUER: Final = get_table(IssuerRow)
KEY: Final = get_table(KeyRow)
GRANT: Final = get_table(GrantRow)
ANCHOR: Final = get_table(AnchorRow)
POSITION: Final = get_table(PositionRow)

#: The table of each kind of fact.
TABLES: Final[Mapping[type[Fact], Table]] = {
    Governance: GOVERNANCE,
    Division: DIVISION,
    LogState: LOG,
    IssuerAssignment: ISSUER,
    KeyState: KEY,
    Grant: GRANT,
    Anchor: ANCHOR,
    PositionStatus: POSITION,
}
#: The kinds of which a newer fact takes the place of an older one.
REPLACED_KINDS: Final = frozenset({Governance, Division, LogState, KeyState})
