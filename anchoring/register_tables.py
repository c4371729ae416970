"""The tables of a register: what the issuing city holds, personal data included.

Positions are promised at acceptance and never change, so they name records and changes here. A submission's records stand at
`first` to `first + count - 1`. The tables have metadata of their own, so that a register and a replica never create each
other's.
"""

from typing import Any, Final, cast

from sqlalchemy import BigInteger, Integer, SmallInteger, Table
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

_BIG = BigInteger().with_variant(
    Integer(), "sqlite"
)  # SQLite's INTEGER holds 64 bits and makes the key the row itself


def _number(*, key: bool = False, **options: Any) -> Any:
    return Field(sa_type=_BIG, primary_key=key, sa_column_kwargs={"autoincrement": False}, **options)


def _small() -> Any:
    return Field(sa_type=SmallInteger)


class _Row(SQLModel, registry=registry()):
    """Base of the register's tables."""


class LogRow(_Row, table=True):
    """The one log of this register. `start`: positions that a predecessor holds; `size`: positions promised so far."""

    __tablename__ = "log"
    name: str = Field(primary_key=True)
    registry_name: str
    suite: int = _small()
    start: int = _number()
    size: int = _number()
    opened: int = _number()


class BatchRow(_Row, table=True):
    """A frozen batch. `payload` is its anchor, kept for ever; `state` is frozen, submitted, mined or final."""

    __tablename__ = "batch"
    sequence: int = _number(key=True)
    payload: bytes
    frozen: int = _number()
    state: str


class SubmissionRow(_Row, table=True):
    """An accepted submission; its first position orders and names it. `changes` counts its changes of status.

    `deadline` is what was promised at acceptance, `receipt` the signed receipt once it was signed: the same for ever.
    """

    __tablename__ = "submission"
    first: int = _number(key=True)
    root: bytes = Field(unique=True)
    entry: bytes
    issuer: str = Field(index=True)
    count: int = _number()
    changes: int = _number()
    accepted: int = _number()
    warnings: str
    deadline: int | None = _number()
    receipt: bytes | None
    batch: int | None = _number(foreign_key="batch.sequence", index=True)


class RecordRow(_Row, table=True):
    """A record by its position: leaf hash, canonical bytes, and its lineage by the position of that one's first record."""

    __tablename__ = "record"
    position: int = _number(key=True)
    leaf: bytes = Field(unique=True)
    lineage: int = _number(index=True)
    body: bytes


class DisclosureRow(_Row, table=True):
    """What the record at `position` discloses, canonical JSON: personal data. Its deletion is erasure."""

    __tablename__ = "disclosure"
    position: int = _number(key=True)
    content: bytes


class LineageRow(_Row, table=True):
    """`ledger.records.lifecycle.Lineage` with the positions of its first and its current record."""

    __tablename__ = "lineage"
    first: int = _number(key=True)
    name: str = Field(unique=True)
    kind: str
    issuer: str
    identifier: str
    tip: bytes
    current: bytes
    position: int = _number()
    status: int = _small()


class ChangeRow(_Row, table=True):
    """The record at `record` gives `position` a status."""

    __tablename__ = "status_change"
    record: int = _number(key=True)
    position: int = _number(index=True)
    status: int = _small()


class LinkRow(_Row, table=True):
    """The record at position `record` links to the record of the leaf hash `target`, in whichever log that is."""

    __tablename__ = "link"
    target: bytes = Field(primary_key=True)
    record: int = _number(key=True)
    rel: str = Field(primary_key=True)


class MissingRow(_Row, table=True):
    """Positions that the chain counts and whose records are not back yet after a restore.

    One row a submission; without root and issuer where not even the entries of `batch` are known.
    """

    __tablename__ = "missing"
    first: int = _number(key=True)
    count: int = _number()
    batch: int = _number(foreign_key="batch.sequence", index=True)
    root: bytes | None
    issuer: str | None = Field(index=True)


class TransactionRow(_Row, table=True):
    """A signed transaction of a batch, stored before it is sent; `sent` is when it was handed in last."""

    __tablename__ = "signed_transaction"
    hash: bytes = Field(primary_key=True)
    sequence: int = _number(foreign_key="batch.sequence", index=True)
    nonce: int = _number()
    gas_price: int = _number()
    raw: bytes
    signed: int = _number()
    sent: int | None = _number()


class LeaseRow(_Row, table=True):
    """Who anchors the log: each holder has an `epoch` of its own, and counts its `renewals`; no `holder` means free."""

    __tablename__ = "lease"
    log: str = Field(primary_key=True)
    holder: str
    epoch: int = _number()
    renewals: int = _number()


class TokenRow(_Row, table=True):
    """A bearer token, known by its hash alone; `scopes` separated by spaces."""

    __tablename__ = "token"
    id: str = Field(primary_key=True)
    digest: bytes = Field(unique=True)
    label: str
    scopes: str
    created: int = _number()
    expires: int | None = _number()
    revoked: int | None = _number()


def _table(row: type[SQLModel]) -> Table:
    return cast(Table, row.__table__)  # type: ignore[attr-defined]


METADATA: Final = _Row.metadata
LOG: Final = _table(LogRow)
BATCH: Final = _table(BatchRow)
SUBMISSION: Final = _table(SubmissionRow)
RECORD: Final = _table(RecordRow)
DISCLOSURE: Final = _table(DisclosureRow)
LINEAGE: Final = _table(LineageRow)
CHANGE: Final = _table(ChangeRow)
LINK: Final = _table(LinkRow)
MISSING: Final = _table(MissingRow)
TRANSACTION: Final = _table(TransactionRow)
LEASE: Final = _table(LeaseRow)
TOKEN: Final = _table(TokenRow)
