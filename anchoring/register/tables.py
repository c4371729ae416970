"""The tables of a register: what the issuing city holds, personal data included.

Positions are promised at acceptance and never change, so they name records and changes here. A submission's records stand at
`first` to `first + count - 1`. The tables have metadata of their own, so that a register and a replica never create each
other's.
"""

from typing import Final

from sqlmodel import Field, SQLModel

from anchoring.database.columns import get_table, make_number_column, make_registry, make_small_column


class _Row(SQLModel, registry=make_registry("register")):
    """Base of the register's tables."""


class LogRow(_Row, table=True):
    """The one log of this register. `start`: positions that a predecessor holds; `size`: positions promised so far."""

    __tablename__ = "log"
    name: str = Field(primary_key=True)
    registry_name: str
    suite: int = make_small_column()
    start: int = make_number_column()
    size: int = make_number_column()
    opened: int = make_number_column()


class BatchRow(_Row, table=True):
    """A frozen batch. `payload` is its anchor, kept for ever; `state` is frozen, submitted, mined or final."""

    __tablename__ = "batch"
    sequence: int = make_number_column(key=True)
    payload: bytes
    frozen: int = make_number_column()
    state: str


class SubmissionRow(_Row, table=True):
    """An accepted submission; its first position orders and names it. `changes` counts its changes of status.

    `deadline` is what was promised at acceptance, `receipt` the signed receipt once it was signed: the same for ever.
    """

    __tablename__ = "submission"
    first: int = make_number_column(key=True)
    root: bytes = Field(unique=True)
    entry: bytes
    issuer: str = Field(index=True)
    count: int = make_number_column()
    changes: int = make_number_column()
    accepted: int = make_number_column()
    warnings: str
    deadline: int | None = make_number_column()
    receipt: bytes | None
    batch: int | None = make_number_column(foreign_key="batch.sequence", index=True)


class RecordRow(_Row, table=True):
    """A record by its position: leaf hash, canonical bytes, and its lineage by the position of that one's first record."""

    __tablename__ = "record"
    position: int = make_number_column(key=True)
    leaf: bytes = Field(unique=True)
    lineage: int = make_number_column(index=True)
    body: bytes


class DisclosureRow(_Row, table=True):
    """What the record at `position` discloses, canonical JSON: personal data. Its deletion is erasure."""

    __tablename__ = "disclosure"
    position: int = make_number_column(key=True)
    content: bytes


class ErasureRow(_Row, table=True):
    """What the record of a leaf hash disclosed was erased, as the `number`th of all; `content` is the signed erasure."""

    __tablename__ = "erasure"
    leaf: bytes = Field(primary_key=True)
    number: int = make_number_column()
    content: bytes


class UndisclosedRow(_Row, table=True):
    """`Undisclosed`: how many records of the submission at `first` came without what they claim, and the root over them."""

    __tablename__ = "undisclosed"
    first: int = make_number_column(key=True)
    count: int = make_number_column()
    root: bytes | None
    key: bytes | None
    signature: bytes | None


class LineageRow(_Row, table=True):
    """`ledger.records.lifecycle.Lineage` with the positions of its first and its current record."""

    __tablename__ = "lineage"
    first: int = make_number_column(key=True)
    name: str = Field(unique=True)
    kind: str
    issuer: str
    identifier: str
    tip: bytes
    current: bytes
    position: int = make_number_column()
    status: int = make_small_column()


class ChangeRow(_Row, table=True):
    """The record at `record` gives `position` a status."""

    __tablename__ = "status_change"
    record: int = make_number_column(key=True)
    position: int = make_number_column(index=True)
    status: int = make_small_column()


class LinkRow(_Row, table=True):
    """The record at position `record` links to the record of the leaf hash `target`, in whichever log that is."""

    __tablename__ = "link"
    target: bytes = Field(primary_key=True)
    record: int = make_number_column(key=True)
    rel: str = Field(primary_key=True)


class FacetRow(_Row, table=True):
    """What the record at `position` is listed by: its lineage and its submission, each by its first position, the key that
    signed it, and `anchoring.register.search.facets.Facets`.
    """

    __tablename__ = "facet"
    position: int = make_number_column(key=True)
    lineage: int = make_number_column()
    submission: int = make_number_column()
    key: bytes
    type: str
    action: str
    issued: str | None
    basis: str | None


class TermRow(_Row, table=True):
    """A term by which the record at `position` is found, of what it discloses: personal data, erased with that."""

    __tablename__ = "term"
    __table_args__ = {"sqlite_with_rowid": False}
    term: int = make_number_column(key=True)
    position: int = make_number_column(key=True)


class MissingRow(_Row, table=True):
    """Positions that the chain counts and whose records are not back yet after a restore.

    One row a submission; without root and issuer where not even the entries of `batch` are known.
    """

    __tablename__ = "missing"
    first: int = make_number_column(key=True)
    count: int = make_number_column()
    batch: int = make_number_column(foreign_key="batch.sequence", index=True)
    root: bytes | None
    issuer: str | None = Field(index=True)


class TransactionRow(_Row, table=True):
    """A signed transaction of a batch, stored before it is sent; `sent` is when it was handed in last."""

    __tablename__ = "signed_transaction"
    hash: bytes = Field(primary_key=True)
    sequence: int = make_number_column(foreign_key="batch.sequence", index=True)
    nonce: int = make_number_column()
    gas_price: int = make_number_column()
    raw: bytes
    signed: int = make_number_column()
    sent: int | None = make_number_column()


class LeaseRow(_Row, table=True):
    """Who anchors the log: each holder has an `epoch` of its own, and counts its `renewals`; no `holder` means free."""

    __tablename__ = "lease"
    log: str = Field(primary_key=True)
    holder: str
    epoch: int = make_number_column()
    renewals: int = make_number_column()


class TokenRow(_Row, table=True):
    """A bearer token, known by its hash alone; `scopes` separated by spaces."""

    __tablename__ = "token"
    id: str = Field(primary_key=True)
    digest: bytes = Field(unique=True)
    label: str
    scopes: str
    created: int = make_number_column()
    expires: int | None = make_number_column()
    revoked: int | None = make_number_column()


class LookRow(_Row, table=True):
    """`Look`: the looks of a token are counted without a gap; the oldest are taken away."""

    __tablename__ = "look"
    token: str = Field(primary_key=True, foreign_key="token.id")
    ordinal: int = make_number_column(key=True)
    at: int = make_number_column(index=True)
    purpose: str
    identifier: str
    outcome: str
    reason: str | None


class TallyRow(_Row, table=True):
    """`Tally`: how many there ever were of what `name` says, and up to which number they were taken away."""

    __tablename__ = "tally"
    name: str = Field(primary_key=True)
    total: int = make_number_column()
    removed: int = make_number_column()
    key: bytes | None
    signature: bytes | None


Row = dict[str, object]  # of a table, by the names of its columns
METADATA: Final = _Row.metadata
LOG: Final = get_table(LogRow)
BATCH: Final = get_table(BatchRow)
SUBMISSION: Final = get_table(SubmissionRow)
RECORD: Final = get_table(RecordRow)
DISCLOSURE: Final = get_table(DisclosureRow)
ERASURE: Final = get_table(ErasureRow)
UNDISCLOSED: Final = get_table(UndisclosedRow)
LINEAGE: Final = get_table(LineageRow)
CHANGE: Final = get_table(ChangeRow)
LINK: Final = get_table(LinkRow)
FACET: Final = get_table(FacetRow)
TERM: Final = get_table(TermRow)
MISSING: Final = get_table(MissingRow)
TRANSACTION: Final = get_table(TransactionRow)
LEASE: Final = get_table(LeaseRow)
TOKEN: Final = get_table(TokenRow)
LOOK: Final = get_table(LookRow)
TALLY: Final = get_table(TallyRow)
