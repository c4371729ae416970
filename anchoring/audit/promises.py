"""Audit beyond the register: receipts that people kept, copies of other cities' entries."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from anchoring.audit.findings import Findings
from anchoring.monitor.copies import Copy, EntryCopies
from anchoring.monitor.entries import EntriesByConnection
from anchoring.monitor.tables import Publication
from anchoring.replica.reading import ReplicaView
from ledger.records.submissions import Entry
from ledger.verification.entries import check_batch
from ledger.verification.receipts import PromiseState, SignedReceipt, judge_promise

_PAGE_COPIES: Final = 1_000  # read at a time
_BROKEN_SLUGS: Final = {
    PromiseState.BROKEN: "promise-broken",
    PromiseState.CONTRADICTED: "promise-contradicted",
}


def audit_receipts(
    receipts: Iterable[SignedReceipt],
    view: ReplicaView,
    entries: EntriesByConnection,
    now: int,
    findings: Findings,
) -> None:
    """Say of every receipt what became of its promise: a broken one is a finding, one that cannot be judged a remark."""
    with view.asking(entries):
        for signed_receipt in receipts:
            findings.look("receipts")
            where = f"receipt {signed_receipt.receipt.root.hex()}"
            judgement = judge_promise(signed_receipt, view, entries, now)
            if judgement.state in _BROKEN_SLUGS:
                findings.add(_BROKEN_SLUGS[judgement.state], where, judgement.text)
            elif judgement.state is not PromiseState.KEPT:
                findings.remark(f"receipt-{judgement.state.value.replace('_', '-')}", where, judgement.text)


def audit_copies(view: ReplicaView, entry_copies: EntryCopies, now: int, findings: Findings) -> None:
    """Check the copies of other cities' entries once more against their anchors."""
    counts = entry_copies.count_states(now)
    with view.asking(entry_copies):
        for log in view.logs():
            state_counts = counts.get(log.name, {})
            copied_anchors = 0
            for sequence, copies in groupby(
                _walk_copies(entry_copies, log.name), key=lambda copy: copy.sequence
            ):
                copied_anchors += 1
                _check_copies(view, log.name, sequence, [copy.entry for copy in copies], findings)
            if copied_anchors < state_counts.get(Publication.PUBLISHED, 0):
                text = f"{state_counts[Publication.PUBLISHED]} anchors are said to have their entries, {copied_anchors} have"
                findings.add("copies-missing", f"log {log.name}", text)
            for state in (Publication.AWAITED, Publication.WITHHELD, Publication.FAULTY):
                if state_counts.get(state):
                    text = f"the entries of {state_counts[state]} anchors are {state.value}"
                    findings.remark(f"entries-{state.value}", f"log {log.name}", text)


def _check_copies(
    view: ReplicaView, log: str, sequence: int, entries: list[Entry], findings: Findings
) -> None:
    findings.look("copied batches")
    where = f"anchor {sequence} of {log}"
    anchor = view.anchor(log, sequence)
    if anchor is None:
        findings.add("copy-unanchored", where, "its entries are here, the chain has no such anchor")
        return
    for fault in check_batch(anchor, entries, view):
        report = findings.remark if fault.reason == "key_compromised" else findings.add
        report(fault.reason.replace("_", "-"), where, f"position {fault.position}: {fault.text}")


def _walk_copies(entry_copies: EntryCopies, log: str) -> Iterator[Copy]:
    position = 0
    while copies := entry_copies.page(log, position, _PAGE_COPIES):
        yield from copies
        position = copies[-1].first + 1
