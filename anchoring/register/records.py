"""Find records in the register, with the claims that were disclosed with them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    Connection,
    RowMapping,
    bindparam,
    select,
)

from anchoring.database.engine import make_findable
from anchoring.database.stored import reading_row
from anchoring.errors import NotFound
from anchoring.register.submissions import Submission, find_submission_at
from anchoring.register.tables import CHANGE, DISCLOSURE, LINEAGE, RECORD
from ledger.encoding.canonical import decode
from ledger.records.claims import Disclosure, decode_disclosure
from ledger.records.records import Record, decode_record, read_lineage


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the register holds it, with its place; `disclosure` is None where none was sent or it was erased."""

    record: Record
    leaf: bytes
    position: int
    submission: Submission
    disclosure: Disclosure | None

    @property
    def index(self) -> int:
        """The record's place in its submission."""
        return self.position - self.submission.acceptance.first_position


_RECORDS: Final = select(RECORD, DISCLOSURE.c.content).select_from(
    RECORD.outerjoin(DISCLOSURE, RECORD.c.position == DISCLOSURE.c.position)
)
_BY_LEAF: Final = _RECORDS.where(RECORD.c.leaf == bindparam("leaf"))
_BY_LINEAGE: Final = _RECORDS.where(RECORD.c.lineage == bindparam("first")).order_by(RECORD.c.position)
_LINEAGE: Final = select(LINEAGE).where(LINEAGE.c.name == bindparam("name"))
_CAUSES: Final = (
    select(RECORD.c.leaf)
    .select_from(CHANGE.join(RECORD, CHANGE.c.record == RECORD.c.position))
    .where(CHANGE.c.position == bindparam("position"))
    .order_by(CHANGE.c.record)
)


def find_record(connection: Connection, leaf: bytes) -> StoredRecord:
    """Return the record of a leaf hash. Raises: NotFound."""
    row = connection.execute(_BY_LEAF, {"leaf": leaf}).mappings().first()
    if row is None:
        raise NotFound(f"no record {leaf.hex()[:64]!r} is registered here")
    return _read_stored_record(connection, row)


def find_records(connection: Connection, identifier: str) -> list[StoredRecord]:
    """Return every record of the lineage of `identifier`, in the order of positions. Raises: NotFound."""
    row = _find_lineage_row(connection, identifier)
    rows = connection.execute(_BY_LINEAGE, {"first": row["first"]}).mappings().all()
    return [_read_stored_record(connection, record_row) for record_row in rows]


def find_current_leaf(connection: Connection, identifier: str) -> bytes:
    """Return the leaf hash of the record that is current in the lineage of `identifier`. Raises: NotFound."""
    leaf: bytes = _find_lineage_row(connection, identifier)["current"]
    return leaf


def find_newest_leaf(connection: Connection, identifier: str) -> bytes:
    """Return the leaf hash of the newest record, of any action: what the next one states as `previous`. Raises: NotFound."""
    leaf: bytes = _find_lineage_row(connection, identifier)["tip"]
    return leaf


def find_causes(connection: Connection, position: int) -> list[bytes]:
    """Return the leaf hashes of the records that changed the status of `position`, oldest first."""
    return list(connection.execute(_CAUSES, {"position": position}).scalars())


def read_contents(
    connection: Connection, leaves: Sequence[bytes]
) -> Iterator[tuple[bytes, Record, Disclosure | None]]:
    """Yield leaf hash, record and disclosure of those records that are registered; at most `LOOKUP_ROWS` leaves."""
    for row in connection.execute(_RECORDS.where(RECORD.c.leaf.in_(leaves))).mappings():
        position, content = row["position"], row["content"]
        disclosure = None if content is None else read_disclosure(position, content)
        yield row["leaf"], read_body(position, row["body"]), disclosure


def _find_lineage_row(connection: Connection, identifier: str) -> RowMapping:
    row = connection.execute(_LINEAGE, {"name": make_findable(read_lineage(identifier))}).mappings().first()
    if row is None:
        raise NotFound(f"{identifier[:100]} is not registered here")
    return row


def _read_stored_record(connection: Connection, row: RowMapping) -> StoredRecord:
    return StoredRecord(
        record=read_body(row["position"], row["body"]),
        leaf=row["leaf"],
        position=row["position"],
        submission=find_submission_at(connection, row["position"]),
        disclosure=None if row["content"] is None else read_disclosure(row["position"], row["content"]),
    )


def read_body(position: int, body: bytes) -> Record:
    """Return the record that stands at a position. Raises: RowDamaged."""
    with reading_row(RECORD, f"position {position}"):
        return decode_record(decode(body))


def read_disclosure(position: int, content: bytes) -> Disclosure:
    """Return what the record at a position discloses. Raises: RowDamaged."""
    with reading_row(DISCLOSURE, f"position {position}"):
        return decode_disclosure(decode(content))
