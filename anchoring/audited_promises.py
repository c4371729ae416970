"""The part of an audit that looks beyond the register: receipts that people kept, and copies of other cities' entries."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from sqlalchemy import Connection, bindparam, select

from anchoring.findings import Findings
from anchoring.published import Copy, Publication, Published
from anchoring.reading import Reading
from anchoring.register_tables import SUBMISSION
from ledger.encoding.canonical import decode
from ledger.records.submissions import Entry, decode_entry
from ledger.verification.entries import check_batch
from ledger.verification.receipts import SignedReceipt, Standing, judge

_PAGE_COPIES: Final = 1_000  # read at a time
_AT: Final = (
    select(SUBMISSION.c.first, SUBMISSION.c.count, SUBMISSION.c.entry)
    .where(SUBMISSION.c.first <= bindparam("position"))
    .order_by(SUBMISSION.c.first.desc())
    .limit(1)
)
_BROKEN: Final = {Standing.BROKEN: "promise-broken", Standing.CONTRADICTED: "promise-contradicted"}


class HeldEntries:
    """A `ledger.verification.receipts.Entries`: those of the own log from the register, of the others from the copies."""

    def __init__(self, log: str, connection: Connection | None, published: Published | None) -> None:
        self._log, self._connection, self._published = log, connection, published

    def entry_at(self, log: str, position: int) -> tuple[int, Entry] | None:
        """Return the entry whose records include `position`, with its own first position; None where it is not held."""
        if log != self._log or self._connection is None:
            return self._published.entry_at(log, position) if self._published else None
        row = self._connection.execute(_AT, {"position": position}).first()
        if row is None or position >= row.first + row.count:
            return None
        return row.first, decode_entry(decode(row.entry))


def audit_receipts(
    receipts: Iterable[SignedReceipt], reading: Reading, entries: HeldEntries, now: int, found: Findings
) -> None:
    """Say of every receipt what became of its promise: a broken one is a finding, one that cannot be judged a remark."""
    for signed in receipts:
        found.look("receipts")
        where = f"receipt {signed.receipt.root.hex()}"
        judged = judge(signed, reading, entries, now)
        if judged.standing in _BROKEN:
            found.add(_BROKEN[judged.standing], where, judged.text)
        elif judged.standing is not Standing.KEPT:
            found.remark(f"receipt-{judged.standing.value.replace('_', '-')}", where, judged.text)


def audit_copies(reading: Reading, published: Published, now: int, found: Findings) -> None:
    """Check the copies of other cities' entries once more against their anchors."""
    counts = published.counts(now)
    for log in reading.logs():
        states = counts.get(log.name, {})
        kept = 0
        for sequence, copies in groupby(_copies(published, log.name), key=lambda copy: copy.sequence):
            kept += 1
            _check_copies(reading, log.name, sequence, [copy.entry for copy in copies], found)
        if kept < states.get(Publication.PUBLISHED, 0):
            text = f"{states[Publication.PUBLISHED]} anchors are said to have their entries, {kept} have"
            found.add("copies-missing", f"log {log.name}", text)
        for state in (Publication.AWAITED, Publication.WITHHELD, Publication.FAULTY):
            if states.get(state):
                text = f"the entries of {states[state]} anchors are {state.value}"
                found.remark(f"entries-{state.value}", f"log {log.name}", text)


def _check_copies(reading: Reading, log: str, sequence: int, entries: list[Entry], found: Findings) -> None:
    found.look("copied batches")
    where = f"anchor {sequence} of {log}"
    anchor = reading.anchor(log, sequence)
    if anchor is None:
        found.add("copy-unanchored", where, "its entries are here, the chain has no such anchor")
        return
    for fault in check_batch(anchor, entries, reading, lambda _: None):
        told = found.remark if fault.reason == "key_compromised" else found.add
        told(fault.reason.replace("_", "-"), where, f"position {fault.position}: {fault.text}")


def _copies(published: Published, log: str) -> Iterator[Copy]:
    position = 0
    while copies := published.page(log, position, _PAGE_COPIES):
        yield from copies
        position = copies[-1].first + 1
