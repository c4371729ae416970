"""The register of an issuing city: submissions, records, disclosures, lineages, batches and their transactions.

This is the only place with personal data. It is one database of one log; any number of processes may use it, and whoever
assigns positions or freezes a batch holds the row of the log meanwhile. What is mined or final, the replica decides.
"""

import os
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    bindparam,
    delete,
    make_url,
    select,
)

from anchoring.database import file_faults, findable, open_engine, snapshot, transaction
from anchoring.errors import DatabaseDamaged, NotFound, RowError
from anchoring.migrations import bring_up_to_date
from anchoring.register_tables import (
    BATCH,
    CHANGE,
    DISCLOSURE,
    LINEAGE,
    RECORD,
    SUBMISSION,
)
from anchoring.trees import RecentTrees
from ledger.encoding.canonical import decode
from ledger.records.claims import FullDisclosure, SelectiveDisclosure, decode_disclosure
from ledger.records.records import Record, decode_record, lineage_of
from ledger.records.submissions import Entry, decode_entry

#: States of a submission and, but for the first, of a batch.
ACCEPTED: Final = "accepted"
FROZEN: Final = "frozen"
SUBMITTED: Final = "submitted"
MINED: Final = "mined"
FINAL: Final = "final"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What intake promises: the records stand from position `first` on, in the order of the submission.

    `deadline` is the latest block time of their anchor; None where nothing was promised. `signed` are the bytes of the
    signed receipt, once there is one.
    """

    id: str
    log: str
    issuer: str
    count: int
    first: int
    accepted: int
    warnings: tuple[RowError, ...]
    deadline: int | None = None
    signed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission as the register holds it; `sequence` is that of its batch, once frozen."""

    receipt: Receipt
    entry: Entry
    state: str
    sequence: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """A record as the register holds it, with its place; `disclosure` is None where none was sent or it was erased."""

    record: Record
    leaf: bytes
    position: int
    submission: Submission
    disclosure: FullDisclosure | SelectiveDisclosure | None

    @property
    def index(self) -> int:
        """The record's place in its submission."""
        return self.position - self.submission.receipt.first


class Register:
    """The register database at a URL; opening it brings its tables up to date. Raises: RegisterTooNew."""

    def __init__(self, url: str) -> None:
        _make_private(url)
        self.engine = open_engine(url)
        self.trees = RecentTrees()
        bring_up_to_date(self.engine)

    def check(self) -> None:
        """Let SQLite check its own pages, as whoever anchors does at start. Raises: DatabaseDamaged."""
        with self.reading() as connection:
            faults = file_faults(connection, quick=True)
        if faults:
            raise DatabaseDamaged(
                f"the register's file is damaged ({faults[0]}): restore it from its backup and run `shunzheng recover`"
            )

    def close(self) -> None:
        self.engine.dispose()

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees one consistent state."""
        return snapshot(self.engine)

    def writing(self) -> AbstractContextManager[Connection]:
        """Give a connection whose writes are kept together or not at all."""
        return transaction(self.engine)


def _make_private(url: str) -> None:
    """Create SQLite's file for its owner alone: it holds personal data. Its companions inherit the mode."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return
    # An existing file is never opened here: closing it again would drop every lock that this process holds on it (POSIX),
    # and another process would then take the write-ahead log away from under an open register.
    with suppress(FileExistsError):
        os.close(os.open(parsed.database, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


# -- Submissions --

_SUBMISSIONS: Final = select(SUBMISSION, BATCH.c.state).select_from(
    SUBMISSION.outerjoin(BATCH, SUBMISSION.c.batch == BATCH.c.sequence)
)
_BY_ROOT: Final = _SUBMISSIONS.where(SUBMISSION.c.root == bindparam("root"))
_OF_POSITION: Final = (
    _SUBMISSIONS.where(SUBMISSION.c.first <= bindparam("position"))
    .order_by(SUBMISSION.c.first.desc())
    .limit(1)
)
_ENTRIES: Final = (
    select(SUBMISSION.c.first, SUBMISSION.c.count, SUBMISSION.c.entry)
    .where(SUBMISSION.c.batch == bindparam("batch"))
    .order_by(SUBMISSION.c.first)
)
_PAGE: Final = (
    _SUBMISSIONS.where(SUBMISSION.c.first > bindparam("after"))
    .order_by(SUBMISSION.c.first)
    .limit(bindparam("most"))
)


def submission(connection: Connection, id: str) -> Submission:
    """Return the submission of a receipt's id, the root in hexadecimal. Raises: NotFound."""
    try:
        root = bytes.fromhex(id)
    except ValueError:
        root = b""
    found = submission_of_root(connection, root)
    if found is None:
        raise NotFound(f"no submission {id[:64]!r} is registered here: a receipt shows its id")
    return found


def submission_of_root(connection: Connection, root: bytes) -> Submission | None:
    return _first_submission(connection, _BY_ROOT, root=root)


def batch_entries(connection: Connection, sequence: int) -> list[tuple[int, int, bytes]]:
    """Return (first position, count, encoded entry) of a batch's submissions, in the order of its tree."""
    return [tuple(row) for row in connection.execute(_ENTRIES, {"batch": sequence})]


def submissions(connection: Connection, *, after: int = -1, most: int = 100) -> list[Submission]:
    """Return a page of submissions in the order of acceptance: those whose first position is beyond `after`."""
    return [_submission(row) for row in connection.execute(_PAGE, {"after": after, "most": most}).mappings()]


def _first_submission(connection: Connection, wanted: Select[Any], **sought: object) -> Submission | None:
    row = connection.execute(wanted, sought).mappings().first()
    return _submission(row) if row else None


def _submission(row: RowMapping) -> Submission:
    entry = decode_entry(decode(row["entry"]))
    receipt = Receipt(
        id=row["root"].hex(),
        log=entry.statement.log,
        issuer=row["issuer"],
        count=row["count"],
        first=row["first"],
        accepted=row["accepted"],
        warnings=tuple(RowError(number, text) for number, text in orjson.loads(row["warnings"])),
        deadline=row["deadline"],
        signed=row["receipt"],
    )
    return Submission(receipt, entry, row["state"] or ACCEPTED, row["batch"])


# -- Records --

_RECORDS: Final = select(RECORD, DISCLOSURE.c.content).select_from(
    RECORD.outerjoin(DISCLOSURE, RECORD.c.position == DISCLOSURE.c.position)
)
_BY_LEAF: Final = _RECORDS.where(RECORD.c.leaf == bindparam("leaf"))
_BY_LINEAGE: Final = _RECORDS.where(RECORD.c.lineage == bindparam("first")).order_by(RECORD.c.position)
_LINEAGE: Final = select(LINEAGE).where(LINEAGE.c.name == bindparam("name"))
_LEAVES: Final = (
    select(RECORD.c.leaf)
    .where(RECORD.c.position >= bindparam("first"), RECORD.c.position < bindparam("end"))
    .order_by(RECORD.c.position)
)
_CAUSE: Final = (
    select(RECORD.c.leaf)
    .select_from(CHANGE.join(RECORD, CHANGE.c.record == RECORD.c.position))
    .where(CHANGE.c.position == bindparam("position"))
    .order_by(CHANGE.c.record)
)


def record(connection: Connection, leaf: bytes) -> Held:
    """Return the record of a leaf hash. Raises: NotFound."""
    row = connection.execute(_BY_LEAF, {"leaf": leaf}).mappings().first()
    if row is None:
        raise NotFound(f"no record {leaf.hex()[:64]!r} is registered here")
    return _held(connection, row)


def records_of(connection: Connection, identifier: str) -> list[Held]:
    """Return every record of the lineage of `identifier`, in the order of positions. Raises: NotFound."""
    row = _lineage_row(connection, identifier)
    rows = connection.execute(_BY_LINEAGE, {"first": row["first"]}).mappings().all()
    return [_held(connection, found) for found in rows]


def current_leaf(connection: Connection, identifier: str) -> bytes:
    """Return the leaf hash of the record that is current in the lineage of `identifier`. Raises: NotFound."""
    leaf: bytes = _lineage_row(connection, identifier)["current"]
    return leaf


def newest_leaf(connection: Connection, identifier: str) -> bytes:
    """Return the leaf hash of the newest record, of any action: what the next one states as `previous`. Raises: NotFound."""
    leaf: bytes = _lineage_row(connection, identifier)["tip"]
    return leaf


def leaves(connection: Connection, receipt: Receipt) -> list[bytes]:
    """Return the leaf hashes of a submission, in its order."""
    sought = {"first": receipt.first, "end": receipt.first + receipt.count}
    return list(connection.execute(_LEAVES, sought).scalars())


def causes(connection: Connection, position: int) -> list[bytes]:
    """Return the leaf hashes of the records that changed the status of `position`, oldest first."""
    return list(connection.execute(_CAUSE, {"position": position}).scalars())


def erase(connection: Connection, leaf: bytes) -> None:
    """Destroy what a record discloses: without master and claims its digests say nothing. Raises: NotFound."""
    held = record(connection, leaf)
    connection.execute(delete(DISCLOSURE).where(DISCLOSURE.c.position == held.position))


def _lineage_row(connection: Connection, identifier: str) -> RowMapping:
    row = connection.execute(_LINEAGE, {"name": findable(lineage_of(identifier))}).mappings().first()
    if row is None:
        raise NotFound(f"{identifier[:100]} is not registered here")
    return row


def _held(connection: Connection, row: RowMapping) -> Held:
    submitted = _first_submission(connection, _OF_POSITION, position=row["position"])
    assert submitted is not None
    return Held(
        record=decode_record(decode(row["body"])),
        leaf=row["leaf"],
        position=row["position"],
        submission=submitted,
        disclosure=decode_disclosure(decode(row["content"])) if row["content"] is not None else None,
    )
