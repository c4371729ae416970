"""The notes 附注 that a register has on a certificate, of whichever version they name."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, bindparam, select

from anchoring.register.records import StoredRecord, find_record
from anchoring.register.tables import LINEAGE, LINK, RECORD
from ledger.records.notes import NOTE_RELATIONS
from ledger.registry.status import Status

# Of one certificate that are shown. One is checked every year, and disputes are few; each is a proof to make and to check at
# every verification.
MAX_NOTES: Final = 8

#: Statuses of a note of which none settled it.
STANDING_STATUSES: Final = (Status.VALID, Status.SUSPENDED, Status.REINSTATED)
_NOTED: Final = RECORD.alias("noted")
_NOTE: Final = RECORD.alias("note")
#: The newest version of each note. Disputes that are open come first: nobody hides one behind annotations.
_NOTES: Final = (
    select(_NOTE.c.leaf)
    .select_from(
        _NOTED.join(LINK, LINK.c.target == _NOTED.c.leaf)
        .join(_NOTE, _NOTE.c.position == LINK.c.record)
        .join(LINEAGE, LINEAGE.c.position == _NOTE.c.position)
    )
    .where(
        LINK.c.rel.in_(NOTE_RELATIONS),
        _NOTED.c.lineage == bindparam("lineage"),
        LINEAGE.c.status.in_(bindparam("statuses", expanding=True)),
    )
    .order_by(LINK.c.rel.desc(), _NOTE.c.position.desc())
    .limit(MAX_NOTES)
)
_LINEAGE_OF_LEAF: Final = select(RECORD.c.lineage).where(RECORD.c.leaf == bindparam("leaf"))


def find_notes(connection: Connection, leaf: bytes) -> list[StoredRecord] | None:
    """Return the notes on the certificate of a record that nothing settled, at most `MAX_NOTES`, disputes first.

    None where the record is not registered here: then nothing is known of its notes either.
    """
    return _find_notes(connection, leaf, STANDING_STATUSES)


def find_settled_notes(connection: Connection, leaf: bytes) -> list[StoredRecord]:
    """Return the newest of those that were settled, at most as many."""
    return _find_notes(connection, leaf, set(Status) - {*STANDING_STATUSES, Status.SUPERSEDED}) or []


def _find_notes(connection: Connection, leaf: bytes, statuses: Iterable[Status]) -> list[StoredRecord] | None:
    lineage = connection.execute(_LINEAGE_OF_LEAF, {"leaf": leaf}).scalar()
    if lineage is None:
        return None
    parameters = {"lineage": lineage, "statuses": sorted(map(int, statuses))}
    note_leaves = connection.execute(_NOTES, parameters).scalars().all()
    return [find_record(connection, note_leaf) for note_leaf in note_leaves]
