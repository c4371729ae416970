"""The submissions that a register holds, and how far each came."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    bindparam,
    insert,
    select,
    update,
)

from anchoring.database.stored import reading_row
from anchoring.errors import NotFound, RowDamaged, RowError
from anchoring.register.tables import BATCH, RECORD, SUBMISSION, Row
from ledger.encoding.canonical import decode
from ledger.records.submissions import Entry, decode_entry

#: States of a submission and, but for the first, of a batch.
ACCEPTED: Final = "accepted"
FROZEN: Final = "frozen"
SUBMITTED: Final = "submitted"
MINED: Final = "mined"
FINAL: Final = "final"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What intake promises: the records stand from position `first_position` on, in the order of the submission.

    `deadline` is the latest block time of their anchor; None where nothing was promised. `signed_receipt` are the bytes
    of the receipt with its signature, once there is one.
    """

    id: str
    log: str
    issuer: str
    record_count: int
    first_position: int
    accepted_at: int
    warnings: tuple[RowError, ...]
    deadline: int | None = None
    signed_receipt: bytes | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission as the register holds it; `sequence` is that of its batch, once frozen."""

    acceptance: Acceptance
    entry: Entry
    state: str
    sequence: int | None


_SUBMISSIONS: Final = select(SUBMISSION, BATCH.c.state).select_from(
    SUBMISSION.outerjoin(BATCH, SUBMISSION.c.batch == BATCH.c.sequence)
)
_SUBMISSION_OF_ROOT: Final = _SUBMISSIONS.where(SUBMISSION.c.root == bindparam("root"))
_SUBMISSION_AT: Final = (
    _SUBMISSIONS.where(SUBMISSION.c.first <= bindparam("position"))
    .order_by(SUBMISSION.c.first.desc())
    .limit(1)
)
_ENTRY_UP_TO: Final = (
    select(SUBMISSION.c.first, SUBMISSION.c.count, SUBMISSION.c.entry)
    .where(SUBMISSION.c.first <= bindparam("position"))
    .order_by(SUBMISSION.c.first.desc())
    .limit(1)
)
_BATCH_ENTRIES: Final = (
    select(SUBMISSION.c.first, SUBMISSION.c.count, SUBMISSION.c.entry)
    .where(SUBMISSION.c.batch == bindparam("batch"))
    .order_by(SUBMISSION.c.first)
)
_LEAVES: Final = (
    select(RECORD.c.leaf)
    .where(RECORD.c.position >= bindparam("first"), RECORD.c.position < bindparam("end"))
    .order_by(RECORD.c.position)
)
_SUBMISSION_PAGE: Final = (
    _SUBMISSIONS.where(SUBMISSION.c.first > bindparam("after"))
    .order_by(SUBMISSION.c.first)
    .limit(bindparam("limit"))
)


def find_submission(connection: Connection, id: str) -> Submission:
    """Return the submission of a receipt's id, the root in hexadecimal. Raises: NotFound."""
    try:
        root = bytes.fromhex(id)
    except ValueError:
        root = b""
    submission = find_submission_of_root(connection, root)
    if submission is None:
        raise NotFound(f"no submission {id[:64]!r} is registered here: a receipt shows its id")
    return submission


def find_submission_of_root(connection: Connection, root: bytes) -> Submission | None:
    return _find_first(connection, _SUBMISSION_OF_ROOT, root=root)


def find_submission_at(connection: Connection, position: int) -> Submission:
    """Return the submission of which the record at `position`, of this register, is one. Raises: RowDamaged."""
    submission = _find_first(connection, _SUBMISSION_AT, position=position)
    if submission is None:
        raise RowDamaged("register", SUBMISSION.name, f"that of position {position}")
    return submission


def find_entry_at(connection: Connection, position: int) -> tuple[int, Entry] | None:
    """Return the entry whose records include `position`, with its own first position; None where it is not held."""
    row = connection.execute(_ENTRY_UP_TO, {"position": position}).first()
    if row is None or position >= row.first + row.count:
        return None
    return row.first, read_entry(row.first, row.entry)


def insert_submissions(connection: Connection, submissions: Iterable[Submission], change_count: int) -> None:
    """Write new submissions, each of which changes the status of so many positions."""
    connection.execute(
        insert(SUBMISSION), [make_submission_row(submission, change_count) for submission in submissions]
    )


def set_change_count(connection: Connection, first_position: int, change_count: int) -> None:
    """Write how many statuses the submission at position `first_position` changes."""
    connection.execute(
        update(SUBMISSION).where(SUBMISSION.c.first == first_position).values(changes=change_count)
    )


def read_batch_entries(connection: Connection, sequence: int) -> list[tuple[int, int, bytes]]:
    """Return (first position, count, encoded entry) of a batch's submissions, in the order of its tree."""
    return [tuple(row) for row in connection.execute(_BATCH_ENTRIES, {"batch": sequence})]


def list_submissions(connection: Connection, *, after: int = -1, limit: int = 100) -> list[Submission]:
    """Return a page of submissions in the order of acceptance: those whose first position is beyond `after`."""
    return [
        read_submission(row)
        for row in connection.execute(_SUBMISSION_PAGE, {"after": after, "limit": limit}).mappings()
    ]


def read_leaves(connection: Connection, acceptance: Acceptance) -> list[bytes]:
    """Return the leaf hashes of a submission, in its order."""
    parameters = {
        "first": acceptance.first_position,
        "end": acceptance.first_position + acceptance.record_count,
    }
    return list(connection.execute(_LEAVES, parameters).scalars())


def _find_first(
    connection: Connection, query: Select[tuple[object, ...]], **parameters: object
) -> Submission | None:
    row = connection.execute(query, parameters).mappings().first()
    return read_submission(row) if row else None


def read_submission(row: RowMapping) -> Submission:
    """Return the submission of its row and the state of its batch. Raises: RowDamaged."""
    entry = read_entry(row["first"], row["entry"])
    with _reading(row["first"]):
        acceptance = Acceptance(
            id=row["root"].hex(),
            log=entry.statement.log,
            issuer=row["issuer"],
            record_count=row["count"],
            first_position=row["first"],
            accepted_at=row["accepted"],
            warnings=tuple(RowError(row_number, text) for row_number, text in orjson.loads(row["warnings"])),
            deadline=row["deadline"],
            signed_receipt=row["receipt"],
        )
    return Submission(acceptance, entry, row["state"] or ACCEPTED, row["batch"])


def read_entry(first_position: int, entry_bytes: bytes) -> Entry:
    """Return the entry of the submission at a position. Raises: RowDamaged."""
    with _reading(first_position):
        return decode_entry(decode(entry_bytes))


def _reading(first_position: int) -> AbstractContextManager[None]:
    return reading_row(SUBMISSION, f"position {first_position}")


def make_submission_row(submission: Submission, change_count: int) -> Row:
    """Return the row of a submission that changes the status of so many positions."""
    acceptance, entry = submission.acceptance, submission.entry
    return {
        "first": acceptance.first_position,
        "root": entry.statement.root,
        "entry": entry.encode(),
        "issuer": acceptance.issuer,
        "count": acceptance.record_count,
        "changes": change_count,
        "accepted": acceptance.accepted_at,
        "warnings": orjson.dumps(
            [(warning.row_number, warning.message) for warning in acceptance.warnings]
        ).decode(),
        "deadline": acceptance.deadline,
        "receipt": acceptance.signed_receipt,
        "batch": submission.sequence,
    }
