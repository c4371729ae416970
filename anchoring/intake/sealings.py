"""Refuse sealings 签章 made with a seal that is not in force: none could ever be valid.

A sealing counts from its anchor, and what this register accepted before is anchored with it or before it. So what became
of the seal here decides, and neither the time that a sealing states nor the order of the rows. Of a seal that another city
registered nothing is known here, and its sealings are taken.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from typing import Final

from sqlalchemy import Connection, RowMapping, select

from anchoring import limits
from anchoring.intake.faults import FIRST_ROW, MAX_ROW_ERRORS, Faults
from anchoring.register.records import read_body
from anchoring.register.tables import LINEAGE, RECORD
from ledger.encoding.times import find_civil_date
from ledger.records.seal_claims import MADE_WITH
from ledger.registry.status import Status

_SEALS: Final = select(
    RECORD.c.leaf, RECORD.c.position, RECORD.c.body, LINEAGE.c.kind, LINEAGE.c.identifier,
    LINEAGE.c.position.label("current"), LINEAGE.c.status,
).join(LINEAGE, LINEAGE.c.first == RECORD.c.lineage)  # fmt: skip
_COUNTS: Final = "a sealing counts from its anchor, whatever time it states 签章自上链起算"


class Sealings:
    """The sealings of one submission, by the seal that each names; of one seal as many rows as are reported."""

    def __init__(self) -> None:
        self._row_numbers_by_seal: dict[bytes, list[int]] = defaultdict(list)

    def add(self, index: int, kind: str, links: Iterable[tuple[str, bytes]]) -> None:
        """Note the seals to which the record at `index` links, where it is a sealing."""
        for rel, target in links if kind == "signature" else ():
            if rel == MADE_WITH and len(self._row_numbers_by_seal[target]) < MAX_ROW_ERRORS:
                self._row_numbers_by_seal[target].append(index + FIRST_ROW)

    def check(self, connection: Connection, now: int) -> None:
        """Check that each seal that is registered here is in force, once the submission is written.

        Raises: SubmissionRefused.
        """
        faults, leaves = Faults(), iter(self._row_numbers_by_seal)
        while leaf_chunk := list(islice(leaves, limits.LOOKUP_ROWS)):
            for seal_row in connection.execute(_SEALS.where(RECORD.c.leaf.in_(leaf_chunk))).mappings():
                if reason := _explain_not_in_force(seal_row, now):
                    for row_number in self._row_numbers_by_seal[seal_row["leaf"]]:
                        faults.add(row_number, "seal-not-in-force", reason)
        faults.refuse()


def _explain_not_in_force(seal_row: RowMapping, now: int) -> str:
    """Say why nothing may be sealed any more, or yet, with a registered record; empty where it may."""
    record, identifier, status = (
        read_body(seal_row["position"], seal_row["body"]),
        seal_row["identifier"],
        Status(seal_row["status"]),
    )
    if seal_row["kind"] != "seal":
        return f"`made-with` names a record of {identifier}, which is no seal: name the record of the seal"
    if seal_row["position"] != seal_row["current"]:
        return (
            f"`made-with` names another record than that of the current version, {identifier}: name that one"
        )
    if status is not Status.VALID:
        state_text = f"the seal {identifier} is {status.name.lower()} 印章已不在有效状态"
        return f"{state_text}: {_COUNTS}. Seal with one that is in force"
    today, first_day, last_day = find_civil_date(now), record.valid_from, record.valid_until
    if (first_day and today < first_day) or (last_day and today > last_day):
        return (
            f"the seal {identifier} is in force from {first_day or '…'} to {last_day or '…'} and today is {today} "
            f"不在印章有效期内: {_COUNTS}. Seal with one that is in force"
        )
    return ""
