"""The tables of the copies of other logs' entries, in the database of a replica.

They have metadata and a schema number of their own: a replica that is followed anew keeps its copies, which another city may
no longer be there to give again.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from anchoring.facts import table

SCHEMA: Final = 3  # raised with any change below: copies of another number are dropped and fetched anew
PREFIX: Final = "published_"  # of the tables, which a replica of another schema leaves alone

_BIG = BigInteger().with_variant(Integer(), "sqlite")


def _number(*, key: bool = False, **options: Any) -> Any:
    return Field(sa_type=_BIG, primary_key=key, sa_column_kwargs={"autoincrement": False}, **options)


class _Row(SQLModel, registry=registry()):
    """Base of these tables."""


class SchemaRow(_Row, table=True):
    """The schema number of these tables."""

    __tablename__ = PREFIX + "schema"
    number: int = Field(primary_key=True)


class LogRow(_Row, table=True):
    """How far the anchors of a log were walked."""

    __tablename__ = PREFIX + "log"
    name: str = Field(primary_key=True)
    walked: int = _number()


class AnchorRow(_Row, table=True):
    """An anchor that let its log grow, at the block time `anchored`.

    `due` is when its entries are asked for next, null when that is settled; `asked`, when a node of its city was last asked
    for them in vain; `answered`, when one last answered without them. That they are withheld follows from that
    (`anchoring.published`).
    """

    __tablename__ = PREFIX + "anchor"
    __table_args__ = (
        Index("published_anchor_by_state", "log", "state"),
        Index("published_anchor_by_due", "log", "due"),
    )
    log: str = Field(primary_key=True)
    sequence: int = _number(key=True)
    anchored: int = _number()
    state: str
    attempts: int = _number(default=0)
    due: int | None = _number(default=None)
    asked: int | None = _number(default=None)
    answered: int | None = _number(default=None)
    late: int = _number(default=0)
    findings: str = "[]"


class EntryRow(_Row, table=True):
    """An entry that is in the batch of its anchor, and the node that it came from."""

    __tablename__ = PREFIX + "entry"
    __table_args__ = (Index("published_entry_by_root", "log", "root"),)
    log: str = Field(primary_key=True)
    first: int = _number(key=True)
    sequence: int = _number()
    root: bytes
    source: str
    entry: bytes


METADATA: Final = _Row.metadata
SCHEMA_NUMBER: Final = table(SchemaRow)
LOG: Final = table(LogRow)
ANCHOR: Final = table(AnchorRow)
ENTRY: Final = table(EntryRow)
