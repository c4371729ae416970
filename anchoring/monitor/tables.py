"""The tables of the copies of other logs' entries, in the database of a replica.

They have metadata and a schema number of their own: a replica that is followed anew keeps its copies, which another
city may no longer be there to give again.
"""

from enum import StrEnum
from typing import Final

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from anchoring.database.columns import get_table, make_number_column, make_registry
from anchoring.replica.tables import COPIES_PREFIX

SCHEMA: Final = 3  # raised with any change below: copies of another number are dropped and fetched anew


class Publication(StrEnum):
    """What became of the entries of an anchor: they are here; not yet; not in time; here or given, but at fault."""

    PUBLISHED = "published"
    AWAITED = "awaited"
    WITHHELD = "withheld"
    FAULTY = "faulty"


class _Row(SQLModel, registry=make_registry("replica")):
    """Base of these tables."""


class SchemaRow(_Row, table=True):
    """The schema number of these tables."""

    __tablename__ = COPIES_PREFIX + "schema"
    number: int = Field(primary_key=True)


class LogRow(_Row, table=True):
    """How far the anchors of a log were walked."""

    __tablename__ = COPIES_PREFIX + "log"
    name: str = Field(primary_key=True)
    walked: int = make_number_column()


class AnchorRow(_Row, table=True):
    """An anchor that let its log grow, at the block time `anchored`.

    `due` is when its entries are asked for next, null when that is settled; `asked`, when a node of its city was last asked
    for them in vain; `answered`, when one last answered without them. That they are withheld follows from that
    (`anchoring.monitor.copies`).
    """

    __tablename__ = COPIES_PREFIX + "anchor"
    __table_args__ = (
        Index("published_anchor_by_state", "log", "state"),
        Index("published_anchor_by_due", "log", "due"),
    )
    log: str = Field(primary_key=True)
    sequence: int = make_number_column(key=True)
    anchored: int = make_number_column()
    state: str
    attempts: int = make_number_column(default=0)
    due: int | None = make_number_column(default=None)
    asked: int | None = make_number_column(default=None)
    answered: int | None = make_number_column(default=None)
    late: int = make_number_column(default=0)
    findings: str = "[]"


class EntryRow(_Row, table=True):
    """An entry that is in the batch of its anchor, and the node that it came from."""

    __tablename__ = COPIES_PREFIX + "entry"
    __table_args__ = (Index("published_entry_by_root", "log", "root"),)
    log: str = Field(primary_key=True)
    first: int = make_number_column(key=True)
    sequence: int = make_number_column()
    root: bytes
    source: str
    entry: bytes


METADATA: Final = _Row.metadata
SCHEMA_NUMBER: Final = get_table(SchemaRow)
LOG: Final = get_table(LogRow)
ANCHOR: Final = get_table(AnchorRow)
ENTRY: Final = get_table(EntryRow)
