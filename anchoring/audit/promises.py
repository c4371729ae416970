"""Audit beyond the register: receipts that people kept, copies of other cities' entries."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from anchoring.audit.findings import Findings
from anchoring.monitor.copies import Copy, Published
from anchoring.monitor.entries import HeldEntries
from anchoring.monitor.tables import Publication
from anchoring.replica.reading import ReplicaView
from ledger.records.submissions import Entry
from ledger.verification.entries import check_batch
from ledger.verification.receipts import PromiseState, SignedReceipt, judge_promise

_PAGE_COPIES: Final = 1_000  # read at a time
_BROKEN: Final = {PromiseState.BROKEN: "promise-broken", PromiseState.CONTRADICTED: "promise-contradicted"}


def audit_receipts(
    receipts: Iterable[SignedReceipt],
    reading: ReplicaView,
    entries: HeldEntries,
    now: int,
    findings: Findings,
) -> None:
    """Say of every receipt what became of its promise: a broken one is a finding, one that cannot be judged a remark."""
    with reading.asking(entries):
        for signed in receipts:
            findings.look("receipts")
            where = f"receipt {signed.receipt.root.hex()}"
            judged = judge_promise(signed, reading, entries, now)
            if judged.state in _BROKEN:
                findings.add(_BROKEN[judged.state], where, judged.text)
            elif judged.state is not PromiseState.KEPT:
                findings.remark(f"receipt-{judged.state.value.replace('_', '-')}", where, judged.text)


def audit_copies(reading: ReplicaView, published: Published, now: int, findings: Findings) -> None:
    """Check the copies of other cities' entries once more against their anchors."""
    counts = published.counts(now)
    with reading.asking(published):
        for log in reading.logs():
            states = counts.get(log.name, {})
            kept = 0
            for sequence, copies in groupby(_copies(published, log.name), key=lambda copy: copy.sequence):
                kept += 1
                _check_copies(reading, log.name, sequence, [copy.entry for copy in copies], findings)
            if kept < states.get(Publication.PUBLISHED, 0):
                text = f"{states[Publication.PUBLISHED]} anchors are said to have their entries, {kept} have"
                findings.add("copies-missing", f"log {log.name}", text)
            for state in (Publication.AWAITED, Publication.WITHHELD, Publication.FAULTY):
                if states.get(state):
                    text = f"the entries of {states[state]} anchors are {state.value}"
                    findings.remark(f"entries-{state.value}", f"log {log.name}", text)


def _check_copies(
    reading: ReplicaView, log: str, sequence: int, entries: list[Entry], findings: Findings
) -> None:
    findings.look("copied batches")
    where = f"anchor {sequence} of {log}"
    anchor = reading.anchor(log, sequence)
    if anchor is None:
        findings.add("copy-unanchored", where, "its entries are here, the chain has no such anchor")
        return
    for fault in check_batch(anchor, entries, reading):
        told = findings.remark if fault.reason == "key_compromised" else findings.add
        told(fault.reason.replace("_", "-"), where, f"position {fault.position}: {fault.text}")


def _copies(published: Published, log: str) -> Iterator[Copy]:
    position = 0
    while copies := published.page(log, position, _PAGE_COPIES):
        yield from copies
        position = copies[-1].first + 1
