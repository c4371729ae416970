"""Facets: what the records of a register are listed and counted by, a row for each record."""

from typing import NamedTuple

from ledger.records.notes import find_note_link
from ledger.records.records import CERTIFICATE_KINDS, Record


class Facets(NamedTuple):
    """What a record itself says: the type of its certificate, or its kind where that has no types; action, issue day, basis.

    Of a note 附注, which is no certificate, the type is the relation to what it notes, `annotates` or `disputes`.

    `issued` is `YYYY-MM-DD`, None where the record names no day.
    """

    type: str
    action: str
    issued: str | None
    basis: str | None


def make_facets(record: Record) -> Facets:
    """Return the facets of a record."""
    note_link = find_note_link(record)
    type_ = record.certificate.type if record.kind in CERTIFICATE_KINDS else record.kind
    return Facets(
        note_link.rel if note_link else type_,
        record.action,
        record.issued.isoformat() if record.issued else None,
        record.basis,
    )
