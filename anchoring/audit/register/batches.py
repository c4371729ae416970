"""Audit of the batches: each is recomputed from its entries and changes.

What results is compared with the anchor that the chain holds.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, func, select

from anchoring.audit.findings import Findings
from anchoring.audit.places import REGISTER
from anchoring.audit.register.books import Books
from anchoring.audit.register.repetitions import Repetitions
from anchoring.register.batches import Batch, walk_batches
from anchoring.register.submissions import FINAL, FROZEN, read_batch_entries
from anchoring.register.tables import BATCH, CHANGE, SUBMISSION
from anchoring.replica.reading import Sighting
from ledger.crypto.trees import CountedTree
from ledger.encoding.canonical import decode
from ledger.encoding.times import format_time
from ledger.errors import MalformedInput
from ledger.limits import MAX_ANCHOR_GROWTH, MAX_CLOCK_LEAD_SECONDS, MAX_LOG_SIZE
from ledger.records.submissions import Entry, decode_entry
from ledger.registry.acts import Anchored, decode_act
from ledger.registry.status import Status, StatusTree, decode_changes, encode_changes
from ledger.registry.trust import Anchor
from ledger.verification.entries import check_batch
from ledger.verification.occurrences import is_signed_by

_CHANGES_BETWEEN: Final = select(CHANGE.c.position, CHANGE.c.status).where(
    CHANGE.c.record >= bindparam("first"), CHANGE.c.record < bindparam("end")
)
_NEWEST_ACCEPTANCE: Final = select(func.max(SUBMISSION.c.accepted)).where(
    SUBMISSION.c.batch == bindparam("batch")
)
_BATCH_COUNT: Final = select(func.count()).select_from(BATCH)
_STRAY_SUBMISSIONS: Final = (
    select(SUBMISSION.c.first, SUBMISSION.c.batch)
    .where(SUBMISSION.c.batch.is_not(None), SUBMISSION.c.batch.not_in(select(BATCH.c.sequence)))
    .order_by(SUBMISSION.c.first)
)


def audit_batches(books: Books, findings: Findings) -> None:
    """Walk through the batches in order; afterwards through the anchors that no batch explains."""
    batch_count = books.connection.execute(_BATCH_COUNT).scalar_one()
    walk = _Walk(books, findings)
    for batch in walk_batches(books.connection):
        with findings.guard(REGISTER, BATCH.name, f"batch {batch.sequence}"):
            walk.check_batch(batch)
        findings.look("batches", batch_count)
    walk.report_gap(books.log_state.sequence + 1)
    for first_position, sequence in books.connection.execute(_STRAY_SUBMISSIONS):
        findings.add(
            "batch-missing", f"position {first_position}", f"its batch {sequence} is not in the register"
        )


class _Walk:
    """Where the recomputation stands: the newest sequence, the positions so far, their statuses, the roots seen."""

    def __init__(self, books: Books, findings: Findings) -> None:
        self._books, self._findings = books, findings
        self.sequence, self._size = 0, books.log.start
        self._tree = StatusTree(books.log.suite) if books.log_state.is_status_known else None
        self._repetitions = Repetitions(books)
        self._state_before, self._frozen_before = "", 0
        self._unplaced_batches, self._incomplete_batches = books.unplaced_batches, books.incomplete_batches

    def check_batch(self, batch: Batch) -> None:
        """Check one batch:

        1. it follows the one before; 2. its bytes are an anchor of this log; 3. the chain holds those very bytes, or nothing
        yet; 4. its entries make size and root; 5. its changes make the status words and the status root.
        """
        place = f"batch {batch.sequence}"
        # 1
        self.report_gap(batch.sequence)
        self._check_freeze(batch, place)
        self.sequence = batch.sequence
        # 2
        try:
            anchor = decode_act(Anchored.KIND, batch.payload)
            assert isinstance(anchor, Anchored)
        except (MalformedInput, AssertionError) as error:
            self._findings.add("batch-altered", place, f"its bytes are no anchor: {error}")
            return
        if (anchor.log, anchor.sequence) != (self._books.log.name, batch.sequence):
            self._findings.add(
                "batch-altered", place, f"its bytes are those of anchor {anchor.sequence} of {anchor.log}"
            )
        # 3
        self._compare(batch, place)
        # 4
        self._check_entries(anchor, place)
        # 5
        self._check_changes(anchor, place)
        self._size = anchor.size

    def _check_freeze(self, batch: Batch, place: str) -> None:
        """Check that the batch before was sent by then, and that this one was frozen in the past, after its entries came."""
        if self._state_before == FROZEN and not self._was_taken_back(batch):
            text = "it is said to be frozen and not sent, and a later one was frozen: a node sends each before the next"
            self._findings.add("batch-altered", f"batch {self.sequence}", text)
        if batch.frozen_at > self._books.now + MAX_CLOCK_LEAD_SECONDS:
            text = f"it is said to be frozen at {format_time(batch.frozen_at)}, which is yet to come"
            self._findings.add("batch-altered", place, text)
        accepted_at = self._books.connection.execute(
            _NEWEST_ACCEPTANCE, {"batch": batch.sequence}
        ).scalar_one()
        if accepted_at is not None and batch.frozen_at < accepted_at - MAX_CLOCK_LEAD_SECONDS:
            text = f"it is said to be frozen at {format_time(batch.frozen_at)}, before its submissions were accepted"
            self._findings.add("batch-altered", place, text)
        if batch.frozen_at < self._frozen_before - MAX_CLOCK_LEAD_SECONDS:
            text = f"it is said to be frozen at {format_time(batch.frozen_at)}, before the batch before it"
            self._findings.add("batch-altered", place, text)
        sighting = self._find_sighting(batch)
        if sighting is not None and batch.frozen_at > sighting.time + MAX_CLOCK_LEAD_SECONDS:
            text = (
                f"it is said to be frozen at {format_time(batch.frozen_at)}, after the chain had its anchor"
            )
            self._findings.add("batch-altered", place, text)
        self._state_before, self._frozen_before = batch.state, batch.frozen_at

    def _find_sighting(self, batch: Batch) -> Sighting | None:
        return self._books.view.find_sighting(self._books.log.name, batch.sequence)

    def _was_taken_back(self, batch: Batch) -> bool:
        """Tell whether a batch came back from the chain after a restore: `anchoring.recovery` writes the anchor's time."""
        sighting = self._find_sighting(batch)
        return sighting is not None and sighting.is_final and batch.frozen_at == sighting.time

    def report_gap(self, end_sequence: int) -> None:
        """Report the batches before `end_sequence` that are not in the register: one by one those that the chain has."""
        next_sequence = self.sequence + 1
        for anchor in self._books.view.walk_anchors(
            self._books.log.name, after=self.sequence, last=end_sequence - 1
        ):
            self._report_unanchored(next_sequence, anchor.sequence)
            self._report_missing(anchor)
            next_sequence = anchor.sequence + 1
        self._report_unanchored(next_sequence, end_sequence)

    def _report_unanchored(self, first_sequence: int, end: int) -> None:
        if first_sequence < end:
            batch_words = (
                f"batches {first_sequence} to {end - 1} are"
                if first_sequence < end - 1
                else f"batch {first_sequence} is"
            )
            text = f"{batch_words} not in the register, and the chain has no such anchor either"
            self._findings.add("batch-missing", f"batch {first_sequence}", text)

    def _report_missing(self, anchor: Anchor) -> None:
        place = f"batch {anchor.sequence}"
        self._size = anchor.size
        if self._report_repetition(anchor, place):
            return
        chain_words = f"since {format_time(anchor.time)}, with {anchor.size - anchor.size_before:,} records"
        self._findings.add(
            "batch-missing", place, f"it is not in the register; the chain has it {chain_words}"
        )

    def _report_repetition(self, anchor: Anchor, place: str) -> bool:
        """Report an anchor that the register did not make, and that anchors once more what it holds already."""
        repetition = self._repetitions.describe(anchor)
        if repetition:
            self._findings.add(
                "entry-repeated",
                place,
                f"the chain has since {format_time(anchor.time)} {repetition} once more, which the register did not anchor: "
                "ask who holds the operator's key",
            )
        return repetition is not None

    def _compare(self, batch: Batch, place: str) -> None:
        log_name = self._books.log.name
        sighting = self._books.view.find_sighting(log_name, batch.sequence)
        if (
            (sighting is None or not sighting.is_final)
            and batch.state == FINAL
            and self._books.is_chain_known
        ):
            self._check_final(batch.sequence, place)
        if sighting is None:
            return
        self._findings.look("anchors")
        if sighting.act.encode() != batch.payload:
            self._findings.add("anchor-differs", place, "the chain holds another anchor under its sequence")
        anchor = self._books.view.find_anchor(log_name, batch.sequence)
        if anchor and sighting.act.encode() != batch.payload:
            self._report_repetition(anchor, place)
        if anchor and anchor.void_reason:
            self._findings.add("anchor-void", place, f"its anchor is void: {anchor.void_reason}")

    def _check_final(self, sequence: int, place: str) -> None:
        """Check that an anchor is final by now: what is audited of the register is newer than what is of the replica."""
        with self._books.view.open_newer() as view:
            if view.find_anchor(self._books.log.name, sequence) is None:
                text = "the register says that it is final, the replica knows no final anchor of it"
                self._findings.add("anchor-missing", place, text)

    def _check_entries(self, anchor: Anchored, place: str) -> None:
        """Check that the entries stand one after the other, make size and root, and were entitled to be anchored."""
        if anchor.sequence in self._unplaced_batches:
            return
        end_position, entries = self._size, []
        for first_position, record_count, entry_bytes in read_batch_entries(
            self._books.connection, anchor.sequence
        ):
            self._findings.look("entries")
            if first_position != end_position:
                self._findings.add(
                    "position-gap",
                    place,
                    f"an entry begins at position {first_position}, not at {end_position}",
                )
            end_position = first_position + record_count
            try:
                entries.append(decode_entry(decode(entry_bytes)))
            except MalformedInput as error:
                self._findings.add(
                    "entry-altered", f"position {first_position}", f"its entry cannot be read: {error}"
                )
                return
        if end_position != anchor.size:
            self._findings.add(
                "batch-size",
                place,
                f"its entries end at position {end_position}, its anchor at {anchor.size}",
            )
        root = CountedTree.compute_root(self._books.log.suite, [entry.hash_leaf() for entry in entries])
        if root != anchor.root:
            self._findings.add("batch-root", place, "its entries do not make the root of its anchor")
            self._name_altered(entries, self._size)
        else:
            self._check_entitlement(anchor, entries)
        if (repeated_batch := self._repetitions.find_batch(anchor.root)) is not None:
            self._findings.add("anchored-twice", place, f"its root is that of batch {repeated_batch} too")
        self._repetitions.remember(anchor.root, anchor.sequence)

    def _name_altered(self, entries: Sequence[Entry], first_position: int) -> None:
        """Name the entries of a batch that nobody signed as they stand: of those that do not make its root."""
        for entry in entries:
            key = self._books.view.find_key(entry.statement.key_id)
            if key is None or not is_signed_by(key.spki, entry.statement.encode(), entry.signature):
                text = "its statement is not what the department signed"
                self._findings.add("entry-altered", f"position {first_position}", text)
            first_position += entry.statement.record_count

    def _check_entitlement(self, anchor: Anchored, entries: Sequence[Entry]) -> None:
        """Check what the chain's final anchor says of the statements; that a root stands once is asked of the database."""
        books = self._books
        final_anchor = books.view.find_anchor(books.log.name, anchor.sequence)
        if final_anchor is None:
            return
        self._findings.checked_counts["signatures"] += len(entries)
        for fault in check_batch(final_anchor, entries, books.view):
            # A key that was reported stolen later is no contradiction: the records are to be registered anew.
            report_fault = self._findings.remark if fault.reason == "key_compromised" else self._findings.add
            report_fault(fault.reason.replace("_", "-"), f"position {fault.position}", fault.text)

    def _check_changes(self, anchor: Anchored, place: str) -> None:
        changes = self._read_changes(anchor)
        if changes is None:
            self._findings.add("batch-changes", place, "a stored change of status is none")
            return
        if encode_changes(changes) != anchor.status_changes:
            self._findings.add(
                "batch-changes", place, "the register's changes of status are not those of its anchor"
            )
        if self._tree is None or not self._tree.size <= anchor.size <= self._tree.size + MAX_ANCHOR_GROWTH:
            return  # said already: no chain takes such an anchor
        self._tree.grow(anchor.size)
        for position, status in changes:
            if position < anchor.size:
                self._tree.set(position, status)
        if self._tree.compute_root() != anchor.status_root:
            self._findings.add(
                "batch-status-root", place, "the changes so far do not make the status root of its anchor"
            )

    def _read_changes(self, anchor: Anchored) -> list[tuple[int, Status]] | None:
        """Return the batch's changes by position; where records are not back yet, those that the anchor says."""
        if anchor.sequence in self._incomplete_batches:
            return decode_changes(anchor.status_changes, anchor.size)
        rows = self._books.connection.execute(
            _CHANGES_BETWEEN, {"first": self._size, "end": anchor.size}
        ).all()
        self._findings.checked_counts["status changes"] += len(rows)
        try:
            changes = sorted((position, Status(status)) for position, status in rows)
        except ValueError:
            return None
        return None if any(not 0 <= position < MAX_LOG_SIZE for position, _ in changes) else changes
