"""The tables of a replica: facts, events, blocks of status trees, and its state.

They have metadata of their own, so that a replica and a register never create each other's. Their rows are made and read
in `anchoring.replica.rows`.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Index, LargeBinary, Table, text
from sqlmodel import Field, SQLModel

from anchoring.database.columns import make_registry, number, small, table
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
    n: int = number()
    head: bytes
    block: int = number()
    time: int = number()
    final_block: int = number()
    final_hash: bytes
    final_time: int = number()
    quarantine: str = ""
    caught_up: bool = False


class _EventFields(SQLModel):
    n: int = number(key=True)
    kind: int = small()
    previous_block: int = number()
    time: int = number()
    payload: bytes
    block: int = number()
    block_hash: bytes
    transaction: bytes = Field(sa_type=LargeBinary, sa_column_kwargs={"name": "transaction_hash"})
    head: bytes


class EventRow(_Row, _EventFields, table=True):
    """A final event, with the head that it makes."""

    __tablename__ = "event"


class EventNodesRow(_Row, table=True):
    """`ledger.registry.event_trees.EventNodes` of a final event."""

    __tablename__ = "event_node"
    n: int = number(key=True)
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
    suite: int = small()
    n: int = number()
    admin: str
    pending_admin: str
    operator: str
    sequence: int = number()
    size: int = number()
    anchored_at: int = number()
    status_known: bool


class IssuerRow(_Row, table=True):
    """`ledger.registry.trust.IssuerAssignment`."""

    __tablename__ = "issuer_assignment"
    issuer: str = Field(primary_key=True)
    n: int = number(key=True)
    log: str


class KeyRow(_Row, table=True):
    """`ledger.registry.trust.KeyState`."""

    __tablename__ = "registered_key"
    id: bytes = Field(primary_key=True)
    spki: bytes
    purpose: int = small()
    log: str
    n: int = number()
    retired_at: int | None = number()
    compromised_since: int | None = number()


class GrantRow(_Row, table=True):
    """`ledger.registry.trust.Grant`; `types` is a JSON array."""

    __tablename__ = "key_grant"
    key: bytes = Field(primary_key=True)
    issuer: str = Field(primary_key=True)
    n: int = number(key=True)
    kinds: int = small()
    types: str
    not_before: int = number()
    not_after: int = number()


class AnchorRow(_Row, table=True):
    """`ledger.registry.trust.Anchor`."""

    __tablename__ = "anchor"
    __table_args__ = (Index("anchor_void", "log", sqlite_where=IS_VOID, postgresql_where=IS_VOID),)
    log: str = Field(primary_key=True)
    sequence: int = number(key=True)
    n: int = number()
    block: int = number()
    time: int = number()
    size_before: int = number()
    size: int = number()
    root: bytes
    status_root: bytes
    void: str


class PositionRow(_Row, table=True):
    """`ledger.registry.trust.PositionStatus`."""

    __tablename__ = "position_status"
    __table_args__ = (Index("position_status_by_anchor", "log", "sequence"),)
    log: str = Field(primary_key=True)
    position: int = number(key=True)
    sequence: int = number(key=True)
    since: int = number()
    status: int = small()
    contradictory: bool


class BlockRow(_Row, table=True):
    """`ledger.registry.status.StatusBlock`: the status tree of a log as of its newest final anchor."""

    __tablename__ = "status_block"
    log: str = Field(primary_key=True)
    number: int = number(key=True)
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
    period: int = number(key=True)
    content: bytes


class FactRootRow(_Row, table=True):
    """The root of the tree over the facts after each final event."""

    __tablename__ = "fact_root"
    n: int = number(key=True)
    root: bytes


METADATA: Final = _Row.metadata

STATE: Final = table(StateRow)
EVENT: Final = table(EventRow)
EVENT_NODES: Final = table(EventNodesRow)
PENDING: Final = table(PendingRow)
BLOCK: Final = table(BlockRow)
LEAF: Final = table(LeafRow)
PAGE: Final = table(PageRow)
FACT_BEFORE: Final = table(FactBeforeRow)
FACT_ROOT: Final = table(FactRootRow)
#: What trees over events and facts are made of.
TREE_TABLES: Final = (EVENT_NODES, LEAF, PAGE, FACT_BEFORE, FACT_ROOT)
GOVERNANCE: Final = table(GovernanceRow)
DIVISION: Final = table(DivisionRow)
LOG: Final = table(LogRow)
ISSUER: Final = table(IssuerRow)
KEY: Final = table(KeyRow)
GRANT: Final = table(GrantRow)
ANCHOR: Final = table(AnchorRow)
POSITION: Final = table(PositionRow)

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
