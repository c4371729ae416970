"""Refuse notes 附注 on what is no certificate of their issuer, or not its current version.

What became of the certificate in this register decides, once the submission is written; the order of the rows does not.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from typing import Final

from sqlalchemy import Connection, RowMapping, select

from anchoring import limits
from anchoring.intake.faults import FIRST_ROW, MAX_ROW_ERRORS, Faults
from anchoring.register.tables import LINEAGE, RECORD
from ledger.encoding.canonical import decode
from ledger.records.claims import decode_disclosure
from ledger.records.notes import NOTE_RELATIONS, NOTED_CLAIM, is_note
from ledger.records.records import CERTIFICATE_KINDS, decode_record

_TARGETS: Final = select(
    RECORD.c.leaf, RECORD.c.position, RECORD.c.body, LINEAGE.c.kind, LINEAGE.c.issuer, LINEAGE.c.identifier,
    LINEAGE.c.position.label("current"),
).join(LINEAGE, LINEAGE.c.first == RECORD.c.lineage)  # fmt: skip


class Notes:
    """The notes of one submission, by the record that each names; on one record as many rows as are reported."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._rows_by_target: dict[bytes, list[tuple[int, str]]] = defaultdict(list)

    def add(self, index: int, links: Iterable[tuple[str, bytes]], disclosure_bytes: bytes | None) -> None:
        """Note what the record at `index` is a note on, if it is one; of what comes back no claim may say so."""
        for rel, target in links:
            if (
                rel in NOTE_RELATIONS
                and disclosure_bytes
                and len(self._rows_by_target[target]) < MAX_ROW_ERRORS
            ):
                values = decode_disclosure(decode(disclosure_bytes)).values
                self._rows_by_target[target].append((index + FIRST_ROW, str(values.get(NOTED_CLAIM, ""))))

    def check(self, connection: Connection) -> None:
        """Check that each is on the current version of a certificate of this issuer. Raises: SubmissionRefused."""
        faults, targets = Faults(), iter(self._rows_by_target)
        while chunk := list(islice(targets, limits.LOOKUP_ROWS)):
            rows = connection.execute(_TARGETS.where(RECORD.c.leaf.in_(chunk))).mappings()
            target_rows = {target_row["leaf"]: target_row for target_row in rows}
            for target in chunk:
                for row_number, identifier in self._rows_by_target[target]:
                    if reason := self._say_why_not(target_rows.get(target), identifier):
                        faults.add(row_number, "note-refused", reason)
        faults.refuse()

    def _say_why_not(self, target_row: RowMapping | None, identifier: str) -> str:
        """Say why a record may not be noted so; empty where it may."""
        if target_row is None:
            return (
                "a note 附注 is registered where its certificate is, and that is not registered here 未登记: "
                "hand it in there"
            )
        if target_row["issuer"] != self._issuer:
            return (
                f"{target_row['identifier']} was issued by {target_row['issuer']}, which alone registers notes on it "
                "须由颁发机构登记: hand the matter to that body"
            )
        if target_row["kind"] not in CERTIFICATE_KINDS or is_note(decode_record(decode(target_row["body"]))):
            return f"{target_row['identifier']} is no certificate, and only certificates have notes"
        if target_row["position"] != target_row["current"] or target_row["identifier"] != identifier:
            return (
                f"a note names the current version 现版本, {target_row['identifier']}, in its link and in {NOTED_CLAIM}: "
                "name that one in both"
            )
        return ""
