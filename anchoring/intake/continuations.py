"""Refuse a second certificate that continues 承接 one of another log: a transfer leads to one.

The register knows nothing of the other log; what it took itself decides, once the submission is written.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from typing import Final

from sqlalchemy import Connection, select

from anchoring import limits
from anchoring.intake.faults import FIRST_ROW, MAX_ROW_ERRORS, Faults
from anchoring.register.tables import LINEAGE, LINK, RECORD
from ledger.records.transfers import CONTINUES

_CONTINUING: Final = (
    select(LINK.c.target, LINEAGE.c.identifier, LINEAGE.c.first)
    .select_from(
        LINK.join(RECORD, RECORD.c.position == LINK.c.record).join(
            LINEAGE, LINEAGE.c.first == RECORD.c.lineage
        )
    )
    .where(LINK.c.rel == CONTINUES)
    .order_by(LINEAGE.c.first)
    .distinct()
)


class Continuations:
    """The certificates of one submission that continue others, by the transfer that each names."""

    def __init__(self) -> None:
        self._rows_by_transfer: dict[bytes, list[int]] = defaultdict(list)

    def add(self, index: int, links: Iterable[tuple[str, bytes]]) -> None:
        """Note the transfers to which the record at `index` links."""
        for rel, target in links:
            if rel == CONTINUES and len(self._rows_by_transfer[target]) < MAX_ROW_ERRORS:
                self._rows_by_transfer[target].append(index + FIRST_ROW)

    def check(self, connection: Connection) -> None:
        """Check that one certificate alone, of whichever versions, continues each. Raises: SubmissionRefused."""
        faults, transfers = Faults(), iter(self._rows_by_transfer)
        while chunk := list(islice(transfers, limits.LOOKUP_ROWS)):
            identifiers_by_transfer: dict[bytes, list[str]] = defaultdict(list)
            for target, identifier, _ in connection.execute(_CONTINUING.where(LINK.c.target.in_(chunk))):
                identifiers_by_transfer[target].append(identifier)
            for transfer, identifiers in identifiers_by_transfer.items():
                if len(identifiers) > 1:
                    for row in self._rows_by_transfer[transfer]:
                        faults.add(
                            row,
                            "continued-already",
                            f"{identifiers[0]} continues this transfer already 已转入: a certificate is taken over once",
                        )
        faults.refuse()
