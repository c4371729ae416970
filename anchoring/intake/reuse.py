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
from anchoring.register.records import read_bodies
from ledger.encoding.canonical import decode
from ledger.records.claims import FullDisclosure, decode_disclosure
from ledger.records.records import decode_record


def check_not_reused(connection: Connection, following_rows: Sequence[Row]) -> None:
    """Check the records that do not begin a lineage against those that they follow. Raises: SubmissionRefused."""
    faults = Faults()
    rows = iter(following_rows)
    while rows_by_previous := {row.record.previous: row for row in islice(rows, limits.LOOKUP_ROWS)}:
        leaves = [leaf for leaf in rows_by_previous if leaf is not None]
        for leaf, body, content in read_bodies(connection, leaves):
            row = rows_by_previous[leaf]
            if set(_read_randomness(body, content)) & set(_read_randomness(row.body, row.disclosure)):
                faults.add(
                    row.index + FIRST_ROW,
                    "salt-reused",
                    f"the record that {row.record.identifier} follows has the same salt or master: draw new ones",
                )
    faults.refuse()


def _read_randomness(body: bytes, disclosure_bytes: bytes | None) -> Iterator[bytes]:
    """Yield the salt of a record, and the master of its claims where it is known."""
    yield decode_record(decode(body)).salt
    if disclosure_bytes is not None:
        disclosure = decode_disclosure(decode(disclosure_bytes))
        if isinstance(disclosure, FullDisclosure):
            yield disclosure.master
