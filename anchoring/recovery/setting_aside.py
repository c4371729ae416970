"""Set a submission aside: out of the register, into a file as a department sends it.

After a restore, the chain may hold something else at the positions that were promised to it. Nothing that a department
signed is thrown away for that: the file can be handed in again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from anchoring.database.files import replace_file
from anchoring.register.lineages import StoredLineage, set_lineages
from anchoring.register.records import read_body
from anchoring.register.tables import (
    CHANGE,
    DISCLOSURE,
    FACET,
    LINEAGE,
    LINK,
    RECORD,
    SUBMISSION,
    TERM,
    UNDISCLOSED,
)
from ledger.encoding.canonical import encode_canonical
from ledger.encoding.signed_files import join_signature
from ledger.records.lifecycle import Lineage, follow
from ledger.records.records import Record, read_lineage
from ledger.records.submissions import Entry

FILE_SUFFIX: Final = ".submission"
_PAGE_ROWS: Final = 2_000  # rows fetched at a time

_RECORDS_IN: Final = (
    select(RECORD.c.body, DISCLOSURE.c.content)
    .select_from(RECORD.outerjoin(DISCLOSURE, RECORD.c.position == DISCLOSURE.c.position))
    .where(RECORD.c.position >= bindparam("first"), RECORD.c.position < bindparam("end"))
    .order_by(RECORD.c.position)
)
_TOUCHED_LINEAGES: Final = (
    select(RECORD.c.lineage)
    .where(
        RECORD.c.position >= bindparam("first"),
        RECORD.c.position < bindparam("end"),
        RECORD.c.lineage < bindparam("first"),
    )
    .distinct()
)
_LINEAGE_RECORDS: Final = select(RECORD.c.position, RECORD.c.leaf, RECORD.c.body).where(
    RECORD.c.lineage == bindparam("lineage")
)


@dataclass(frozen=True, slots=True)
class LocalSubmission:
    """A submission of the register that no batch of the chain is known to hold."""

    first_position: int
    entry: Entry

    @property
    def end_position(self) -> int:
        return self.first_position + self.entry.statement.record_count


def write_aside(connection: Connection, submission: LocalSubmission, directory: Path) -> Path:
    """Write the submission as a private file, whole or not at all, and return where it is."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"{submission.entry.statement.root.hex()}{FILE_SUFFIX}"
    replace_file(path, _make_lines(connection, submission))
    return path


def discard(file: Path, directory: Path) -> None:
    """Remove a file that was set aside in `directory` and is in the register again; departments' files are theirs."""
    if file.parent.resolve() == directory.resolve():
        file.unlink()


def _make_lines(connection: Connection, submission: LocalSubmission) -> Iterator[bytes]:
    entry = submission.entry
    yield encode_canonical(join_signature("statement", entry.statement.to_json(), entry.signature)) + b"\n"
    options = {"yield_per": _PAGE_ROWS}
    for row in connection.execute(
        _RECORDS_IN,
        {"first": submission.first_position, "end": submission.end_position},
        execution_options=options,
    ):
        disclosure = b'"disclosure":' + row.content + b"," if row.content is not None else b""
        yield b"{" + disclosure + b'"record":' + row.body + b"}\n"


def remove(connection: Connection, submission: LocalSubmission) -> None:
    """Take the submission out of the register, the newest of several first: lineages go back to where they stood before."""
    parameters = {"first": submission.first_position, "end": submission.end_position}
    touched_lineages = list(connection.execute(_TOUCHED_LINEAGES, parameters).scalars())
    for table, column in (
        (DISCLOSURE, DISCLOSURE.c.position),
        (CHANGE, CHANGE.c.record),
        (LINK, LINK.c.record),
        (FACET, FACET.c.position),
        (TERM, TERM.c.position),
        (RECORD, RECORD.c.position),
        (LINEAGE, LINEAGE.c.first),
        (UNDISCLOSED, UNDISCLOSED.c.first),
        (SUBMISSION, SUBMISSION.c.first),
    ):
        connection.execute(
            delete(table).where(column >= submission.first_position, column < submission.end_position)
        )
    for first_position in touched_lineages:
        _rewind(connection, first_position)


def _rewind(connection: Connection, first_position: int) -> None:
    """Let a lineage stand where the records that are left lead."""
    records_by_previous: dict[bytes | None, tuple[int, bytes, Record]] = {}
    for position, leaf, body in connection.execute(_LINEAGE_RECORDS, {"lineage": first_position}):
        record = read_body(position, body)
        records_by_previous[record.previous] = (position, leaf, record)
    lineage: Lineage | None = None
    current_position = first_position
    while next_record := records_by_previous.pop(lineage.newest_leaf if lineage else None, None):
        position, leaf, record = next_record
        lineage, _ = follow(lineage, record, leaf)
        current_position = position if lineage.current_leaf == leaf else current_position
    assert lineage is not None, "its first record stands before what was removed"
    set_lineages(
        connection,
        [StoredLineage(lineage, read_lineage(lineage.identifier), first_position, current_position)],
    )
