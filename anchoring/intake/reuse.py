"""Refuse salts and masters that were used for the very record that a new one follows.

The register keeps no index of salts, so others are not found: this is the habit of a program that keeps one for each
certificate. What follows a record of the same submission was judged with its rows.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import Connection

from anchoring import limits
from anchoring.intake.faults import FIRST_ROW, Faults
from anchoring.intake.rows import Row
from anchoring.register.records import read_contents
from ledger.encoding.canonical import decode
from ledger.records.claims import Disclosure, FullDisclosure, decode_disclosure
from ledger.records.records import Record


def check_not_reused(connection: Connection, following_rows: Sequence[Row]) -> None:
    """Check the records that do not begin a lineage against those that they follow. Raises: SubmissionRefused."""
    faults = Faults()
    rows = iter(following_rows)
    while rows_by_previous := {row.record.previous: row for row in islice(rows, limits.LOOKUP_ROWS)}:
        leaves = [leaf for leaf in rows_by_previous if leaf is not None]
        for leaf, record, disclosure in read_contents(connection, leaves):
            row = rows_by_previous[leaf]
            new_disclosure = None if row.disclosure is None else decode_disclosure(decode(row.disclosure))
            new_values = set(_list_randomness(row.record, new_disclosure))
            if new_values.intersection(_list_randomness(record, disclosure)):
                faults.add(
                    row.index + FIRST_ROW,
                    "salt-reused",
                    f"the record that {row.record.identifier} follows has the same salt or master: draw new ones",
                )
    faults.refuse()


def _list_randomness(record: Record, disclosure: Disclosure | None) -> Iterator[bytes]:
    """Yield the salt of a record, and the master of its claims where it is known."""
    yield record.salt
    if isinstance(disclosure, FullDisclosure):
        yield disclosure.master
