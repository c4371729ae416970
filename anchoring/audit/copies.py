"""Audit of the copies of other cities' entries, against anchors and what was walked."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

import orjson
from sqlalchemy import RowMapping, select

from anchoring.audit.findings import Findings
from anchoring.audit.places import REPLICA
from anchoring.monitor.copies import EntryCopies
from anchoring.monitor.tables import ANCHOR, ENTRY, LOG, Publication
from anchoring.replica.reading import ReplicaView
from ledger.encoding.canonical import decode
from ledger.records.submissions import Entry, decode_entry
from ledger.registry.trust import Anchor
from ledger.verification.entries import check_batch

_PAGE_ANCHORS: Final = 1_000  # read at a time


def audit_copies(view: ReplicaView, entry_copies: EntryCopies, now: int, findings: Findings) -> None:
    """Check for every log that was walked that no anchor, and no entry of one whose entries came, is gone or altered.

    `view` is of the replica beside which the copies lie: both are of one state.
    """
    connection = view.connection
    state_counts_by_log = entry_copies.count_states(now)
    with view.use_entries(entry_copies):
        for row in connection.execute(select(LOG).order_by(LOG.c.name)).mappings().all():
            with findings.guard(REPLICA, LOG.name, f"log {row['name']}"):
                _check_log(view, row["name"], row["walked"], findings)
    known_logs = {row[0] for row in connection.execute(select(LOG.c.name))}
    for table in (ANCHOR, ENTRY):
        for (log,) in connection.execute(select(table.c.log).distinct()).all():
            if log not in known_logs:
                text = "nothing says how far it was walked"
                findings.add("copies-missing", f"log {log}", text, database=REPLICA, table=LOG.name)
    for log, state_counts in state_counts_by_log.items():
        for state in (Publication.AWAITED, Publication.WITHHELD, Publication.FAULTY):
            if state_counts.get(state):
                text = f"the entries of {state_counts[state]} anchors are {state.value}"
                findings.remark(f"entries-{state.value}", f"log {log}", text)


def _check_log(view: ReplicaView, log: str, walked_sequence: int, findings: Findings) -> None:
    log_state = view.find_log(log)
    if walked_sequence < 1:
        text = "it is said to be walked up to no anchor: a node writes that after the first alone"
        findings.add("copy-altered", f"log {log}", text, database=REPLICA, table=LOG.name)
    if log_state is None or walked_sequence > log_state.sequence:
        text = f"it is said to be walked up to {walked_sequence}, and the chain has no such anchor"
        findings.add("copy-altered", f"log {log}", text, database=REPLICA, table=LOG.name)
        if log_state is None:
            return
    query = select(ANCHOR).where(ANCHOR.c.log == log).order_by(ANCHOR.c.sequence)
    anchor_rows = {row["sequence"]: row for row in view.connection.execute(query).mappings()}
    entry_query = select(ENTRY).where(ENTRY.c.log == log).order_by(ENTRY.c.sequence, ENTRY.c.first)
    entry_rows = view.connection.execute(entry_query, execution_options={"yield_per": _PAGE_ANCHORS})
    rows_by_sequence = groupby(entry_rows.mappings(), key=lambda row: int(row["sequence"]))
    sequence_and_rows = next(rows_by_sequence, None)
    for anchor in _walk_anchors(view, log, walked_sequence):
        while sequence_and_rows is not None and sequence_and_rows[0] < anchor.sequence:
            _report_unanchored(view, log, sequence_and_rows[0], findings)
            sequence_and_rows = next(rows_by_sequence, None)
        rows: list[RowMapping] = []
        if sequence_and_rows is not None and sequence_and_rows[0] == anchor.sequence:
            rows, sequence_and_rows = list(sequence_and_rows[1]), None
        with findings.guard(REPLICA, ENTRY.name, f"anchor {anchor.sequence} of {log}"):
            _check_anchor(view, anchor, anchor_rows.pop(anchor.sequence, None), rows, findings)
        if rows:
            sequence_and_rows = next(rows_by_sequence, None)
    while sequence_and_rows is not None:
        _report_unanchored(view, log, sequence_and_rows[0], findings)
        sequence_and_rows = next(rows_by_sequence, None)
    for sequence in anchor_rows:
        text = f"its log is said to be walked up to {walked_sequence} alone, or it let no log grow"
        place = f"anchor {sequence} of {log}"
        findings.add("copy-altered", place, text, database=REPLICA, table=ANCHOR.name)


def _walk_anchors(view: ReplicaView, log: str, walked_sequence: int) -> Iterator[Anchor]:
    """Walk through the anchors up to a sequence that let the log grow, in their order."""
    for anchor in view.walk_anchors(log, last=walked_sequence):
        if anchor.size > anchor.size_before:
            yield anchor


def _report_unanchored(view: ReplicaView, log: str, sequence: int, findings: Findings) -> None:
    anchor = view.find_anchor(log, sequence)
    text = "its entries are here, the chain has no such anchor"
    if anchor is not None:
        text = "its entries are here, and its log is not said to be walked so far"
    findings.add("copy-unanchored", f"anchor {sequence} of {log}", text)


def _check_anchor(
    view: ReplicaView,
    anchor: Anchor,
    anchor_row: RowMapping | None,
    rows: list[RowMapping],
    findings: Findings,
) -> None:
    place = f"anchor {anchor.sequence} of {anchor.log}"
    if anchor_row is None:
        text = "its log was walked over it, and nothing says what became of its entries"
        findings.add("copies-missing", place, text, database=REPLICA, table=ANCHOR.name)
    elif anchor_row["anchored"] != anchor.time:
        text = "its time is not that of the chain"
        findings.add("copy-altered", place, text, database=REPLICA, table=ANCHOR.name)
    if anchor_row is not None and not _tells_what_was_found(anchor_row):
        text = "what was found at its entries, or when they are asked for next, is none that a node writes, or is gone"
        findings.add("copy-altered", place, text, database=REPLICA, table=ANCHOR.name)
    if not rows:
        if anchor_row is not None and anchor_row["state"] == Publication.PUBLISHED:
            findings.add("copies-missing", place, "its entries are said to be here, and are not")
        return
    if anchor_row is not None and anchor_row["state"] == Publication.AWAITED:
        text = "its entries are here, and are said to be awaited"
        findings.add("copy-altered", place, text, database=REPLICA, table=ANCHOR.name)
    findings.look("copied batches")
    entries = _read_entries(anchor, rows, findings)
    for fault in check_batch(anchor, entries, view):
        is_known = anchor_row is not None and anchor_row["state"] == Publication.FAULTY
        # A key that was stolen later, or a fault that was told when the entries came, is no damage of the copy.
        is_remark = fault.reason == "key_compromised" or (is_known and fault.reason not in _DAMAGE_REASONS)
        report_fault = findings.remark if is_remark else findings.add
        text = f"position {fault.position}: {fault.text}"
        report_fault(fault.reason.replace("_", "-"), place, text, database=REPLICA, table=ENTRY.name)


def _tells_what_was_found(anchor_row: RowMapping) -> bool:
    """Tell whether a row says in words what was found at the entries.

    Those at fault have such words; those that are here and sound have none, and are asked for no more.
    """
    try:
        texts = orjson.loads(anchor_row["findings"])
    except ValueError:
        return False
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return False
    if anchor_row["state"] == Publication.PUBLISHED:
        return not texts and anchor_row["due"] is None
    return bool(texts) or anchor_row["state"] != Publication.FAULTY


#: Faults of entries that are not those of their anchor: such are never kept.
_DAMAGE_REASONS: Final = frozenset({"count_mismatch", "not_in_batch"})


def _read_entries(anchor: Anchor, rows: list[RowMapping], findings: Findings) -> list[Entry]:
    """Return the copied entries of an anchor, after comparing each with its row."""
    entries, position = [], anchor.size_before
    for row in rows:
        entry = decode_entry(decode(row["entry"]))
        if (row["first"], row["root"], row["entry"]) != (position, entry.statement.root, entry.encode()):
            place = f"log {anchor.log}, first {row['first']}"
            findings.add("copy-altered", place, "its row says something else than the entry in it")
        entries.append(entry)
        position += entry.statement.record_count
    return entries
