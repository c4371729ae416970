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
from anchoring.register.tables import CHANGE, DISCLOSURE, LINEAGE, LINK, RECORD, SUBMISSION
from ledger.crypto.keys import encode_signature
from ledger.encoding.canonical import decode
from ledger.encoding.canonical import encode as canonical
from ledger.records.lifecycle import Lineage, follow
from ledger.records.records import Record, decode_record, lineage_of
from ledger.records.submissions import Entry

SUFFIX: Final = ".submission"
_PAGE_ROWS: Final = 2_000  # rows fetched at a time

_ROWS: Final = (
    select(RECORD.c.body, DISCLOSURE.c.content)
    .select_from(RECORD.outerjoin(DISCLOSURE, RECORD.c.position == DISCLOSURE.c.position))
    .where(RECORD.c.position >= bindparam("first"), RECORD.c.position < bindparam("end"))
    .order_by(RECORD.c.position)
)
_TOUCHED: Final = (
    select(RECORD.c.lineage)
    .where(
        RECORD.c.position >= bindparam("first"),
        RECORD.c.position < bindparam("end"),
        RECORD.c.lineage < bindparam("first"),
    )
    .distinct()
)
_LINEAGE: Final = select(RECORD.c.position, RECORD.c.leaf, RECORD.c.body).where(
    RECORD.c.lineage == bindparam("of")
)


@dataclass(frozen=True, slots=True)
class Local:
    """A submission of the register that no batch of the chain is known to hold."""

    first: int
    entry: Entry

    @property
    def end(self) -> int:
        return self.first + self.entry.statement.count


def write_aside(connection: Connection, local: Local, directory: Path) -> Path:
    """Write the submission as a private file, whole or not at all, and return where it is."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"{local.entry.statement.root.hex()}{SUFFIX}"
    replace_file(path, _lines(connection, local), mode=0o600)
    return path


def discard(file: Path, directory: Path) -> None:
    """Remove a file that was set aside in `directory` and is in the register again; departments' files are theirs."""
    if file.parent.resolve() == directory.resolve():
        file.unlink()


def _lines(connection: Connection, local: Local) -> Iterator[bytes]:
    entry = local.entry
    yield (
        canonical({"statement": entry.statement.to_json(), "signature": encode_signature(entry.signature)})
        + b"\n"
    )
    paged = {"yield_per": _PAGE_ROWS}
    for row in connection.execute(_ROWS, {"first": local.first, "end": local.end}, execution_options=paged):
        disclosure = b'"disclosure":' + row.content + b"," if row.content is not None else b""
        yield b"{" + disclosure + b'"record":' + row.body + b"}\n"


def remove(connection: Connection, local: Local) -> None:
    """Take the submission out of the register, the newest of several first: lineages go back to where they stood before."""
    sought = {"first": local.first, "end": local.end}
    touched = list(connection.execute(_TOUCHED, sought).scalars())
    for table, column in (
        (DISCLOSURE, DISCLOSURE.c.position),
        (CHANGE, CHANGE.c.record),
        (LINK, LINK.c.record),
        (RECORD, RECORD.c.position),
        (LINEAGE, LINEAGE.c.first),
        (SUBMISSION, SUBMISSION.c.first),
    ):
        connection.execute(delete(table).where(column >= local.first, column < local.end))
    for first in touched:
        _rewind(connection, first)


def _rewind(connection: Connection, first: int) -> None:
    """Let a lineage stand where the records that are left lead."""
    following: dict[bytes | None, tuple[int, bytes, Record]] = {}
    for position, leaf, body in connection.execute(_LINEAGE, {"of": first}):
        record = decode_record(decode(body))
        following[record.previous] = (position, leaf, record)
    lineage: Lineage | None = None
    current = first
    while placed := following.pop(lineage.tip if lineage else None, None):
        position, leaf, record = placed
        lineage, _ = follow(lineage, record, leaf)
        current = position if lineage.current == leaf else current
    assert lineage is not None, "its first record stands before what was removed"
    set_lineages(connection, [StoredLineage(lineage, lineage_of(lineage.identifier), first, current)])
