"""The part of an audit that recomputes every frozen batch from its entries and changes, and compares it with the chain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from anchoring.audit.findings import Findings
from anchoring.register.batches import Batch, OwnLog, batches
from anchoring.register.missing import Missing
from anchoring.register.submissions import FINAL, batch_entries
from anchoring.register.tables import BATCH, CHANGE, SUBMISSION, TRANSACTION
from anchoring.replica.reading import ReplicaView
from ledger.crypto.keys import keccak256
from ledger.crypto.trees import EMPTY_ROOT, CountedTree
from ledger.encoding.canonical import decode
from ledger.encoding.times import format_time
from ledger.errors import MalformedInput
from ledger.limits import MAX_LOG_SIZE
from ledger.records.submissions import Entry, decode_entry
from ledger.registry.acts import Anchored
from ledger.registry.status import Status, StatusTree, decode_changes, encode_changes
from ledger.registry.trust import LogState
from ledger.verification.entries import check_batch

_CHANGES: Final = select(CHANGE.c.position, CHANGE.c.status).where(
    CHANGE.c.record >= bindparam("first"), CHANGE.c.record < bindparam("end")
)
_COUNT: Final = select(func.count()).select_from(BATCH)
_TRANSACTIONS: Final = select(
    TRANSACTION.c.hash, TRANSACTION.c.sequence, TRANSACTION.c.raw, BATCH.c.payload
).select_from(TRANSACTION.outerjoin(BATCH, TRANSACTION.c.sequence == BATCH.c.sequence))
_STRAYS: Final = (
    select(SUBMISSION.c.first, SUBMISSION.c.batch)
    .where(SUBMISSION.c.batch.is_not(None), SUBMISSION.c.batch.not_in(select(BATCH.c.sequence)))
    .order_by(SUBMISSION.c.first)
)


@dataclass(frozen=True, slots=True)
class Books:
    """One consistent state of a register and one of a replica, of which the register's is never the older one."""

    connection: Connection
    reading: ReplicaView
    own: OwnLog
    state: LogState
    missing: Mapping[int, Missing]  # what is not back yet after a restore, by its first position
    now: int

    @property
    def unplaced(self) -> frozenset[int]:
        """Sequences of the batches whose entries are not known."""
        return frozenset(one.batch for one in self.missing.values() if one.root is None)

    @property
    def incomplete(self) -> frozenset[int]:
        """Sequences of the batches of which some records are not here."""
        return frozenset(one.batch for one in self.missing.values())


def audit_batches(books: Books, found: Findings) -> None:
    """Walk through the batches in order; afterwards through the anchors that no batch explains."""
    total = books.connection.execute(_COUNT).scalar_one()
    walk = _Walk(books, found)
    for batch in batches(books.connection):
        walk.take(batch)
        found.look("batches", total)
    for sequence in range(walk.sequence + 1, books.state.sequence + 1):
        walk.miss(sequence)
    for first, sequence in books.connection.execute(_STRAYS):
        found.add("batch-missing", f"position {first}", f"its batch {sequence} is not in the register")
    for hash, sequence, raw, payload in books.connection.execute(_TRANSACTIONS):
        found.look("transactions")
        if keccak256(raw) != hash or payload is None or payload not in raw:
            found.add(
                "transaction-altered",
                f"batch {sequence}",
                "a stored transaction is not the one that was signed for it",
            )


class _Walk:
    """Where the recomputation stands: the newest sequence, the positions so far, their statuses, the roots seen."""

    def __init__(self, books: Books, found: Findings) -> None:
        self._books, self._found = books, found
        self.sequence, self._size = 0, books.own.start
        self._tree = StatusTree(books.own.suite) if books.state.status_known else None
        self._roots: dict[bytes, int] = {}
        self._unplaced, self._incomplete = books.unplaced, books.incomplete

    def take(self, batch: Batch) -> None:
        """Check one batch:

        1. it follows the one before; 2. its bytes are an anchor of this log; 3. the chain holds those very bytes, or nothing
        yet; 4. its entries make size and root; 5. its changes make the status words and the status root.
        """
        where = f"batch {batch.sequence}"
        # 1
        for sequence in range(self.sequence + 1, batch.sequence):
            self.miss(sequence)
        self.sequence = batch.sequence
        # 2
        try:
            anchor = batch.anchor
        except (MalformedInput, AssertionError) as error:
            self._found.add("batch-altered", where, f"its bytes are no anchor: {error}")
            return
        if (anchor.log, anchor.sequence) != (self._books.own.name, batch.sequence):
            self._found.add(
                "batch-altered", where, f"its bytes are those of anchor {anchor.sequence} of {anchor.log}"
            )
        # 3
        self._compare(batch, where)
        # 4
        self._check_entries(anchor, where)
        # 5
        self._check_changes(anchor, where)
        self._size = anchor.size

    def miss(self, sequence: int) -> None:
        anchor = self._books.reading.anchor(self._books.own.name, sequence)
        said = "and the chain has no such anchor either"
        if anchor:
            said = f"the chain has it since {format_time(anchor.time)}, with {anchor.size - anchor.size_before:,} records"
            self._size = anchor.size
        self._found.add("batch-missing", f"batch {sequence}", f"it is not in the register; {said}")

    def _compare(self, batch: Batch, where: str) -> None:
        name = self._books.own.name
        seen = self._books.reading.sighting(name, batch.sequence)
        if seen is None:
            if batch.state == FINAL and not self._is_known_by_now(batch.sequence):
                self._found.add(
                    "anchor-missing",
                    where,
                    "the register says that it is final, the replica does not know its anchor",
                )
            return
        self._found.look("anchors")
        if seen.act.encode() != batch.payload:
            self._found.add("anchor-differs", where, "the chain holds another anchor under its sequence")
        anchor = self._books.reading.anchor(name, batch.sequence)
        if anchor and anchor.void:
            self._found.add("anchor-void", where, f"its anchor is void: {anchor.void}")

    def _is_known_by_now(self, sequence: int) -> bool:
        """Tell whether the replica knows an anchor: what is audited of the register is newer than what is of the replica."""
        with self._books.reading.newer() as reading:
            return reading.sighting(self._books.own.name, sequence) is not None

    def _check_entries(self, anchor: Anchored, where: str) -> None:
        """Check that the entries stand one after the other, make size and root, and were entitled to be anchored."""
        if anchor.sequence in self._unplaced:
            return
        end, entries = self._size, []
        for first, count, content in batch_entries(self._books.connection, anchor.sequence):
            self._found.look("entries")
            if first != end:
                self._found.add("position-gap", where, f"an entry begins at position {first}, not at {end}")
            end = first + count
            try:
                entries.append(decode_entry(decode(content)))
            except MalformedInput as error:
                self._found.add("entry-altered", f"position {first}", f"its entry cannot be read: {error}")
                return
        if end != anchor.size:
            self._found.add(
                "batch-size", where, f"its entries end at position {end}, its anchor at {anchor.size}"
            )
        root = CountedTree.root_of(self._books.own.suite, [entry.leaf() for entry in entries])
        if root != anchor.root:
            self._found.add("batch-root", where, "its entries do not make the root of its anchor")
        else:
            self._check_entitlement(anchor, entries)
        if anchor.root != EMPTY_ROOT and anchor.root in self._roots:
            self._found.add(
                "anchored-twice", where, f"its root is that of batch {self._roots[anchor.root]} too"
            )
        self._roots[anchor.root] = anchor.sequence

    def _check_entitlement(self, anchor: Anchored, entries: Sequence[Entry]) -> None:
        """Check what the chain's final anchor says of the statements; that a root stands once is asked of the database."""
        books = self._books
        final = books.reading.anchor(books.own.name, anchor.sequence)
        if final is None:
            return
        self._found.checked["signatures"] += len(entries)
        for fault in check_batch(final, entries, books.reading, lambda _: None):
            # A key that was reported stolen later is no contradiction: the records are to be registered anew.
            told = self._found.remark if fault.reason == "key_compromised" else self._found.add
            told(fault.reason.replace("_", "-"), f"position {fault.position}", fault.text)

    def _check_changes(self, anchor: Anchored, where: str) -> None:
        changes = self._changes(anchor)
        if changes is None:
            self._found.add("batch-changes", where, "a stored change of status is none")
            return
        if encode_changes(changes) != anchor.status_changes:
            self._found.add(
                "batch-changes", where, "the register's changes of status are not those of its anchor"
            )
        if self._tree is None or anchor.size < self._tree.size:
            return
        self._tree.grow(anchor.size)
        for position, status in changes:
            if position < anchor.size:
                self._tree.set(position, status)
        if self._tree.root() != anchor.status_root:
            self._found.add(
                "batch-status-root", where, "the changes so far do not make the status root of its anchor"
            )

    def _changes(self, anchor: Anchored) -> list[tuple[int, Status]] | None:
        """Return the batch's changes by position; where records are not back yet, those that the anchor says."""
        if anchor.sequence in self._incomplete:
            return decode_changes(anchor.status_changes, anchor.size)
        rows = self._books.connection.execute(_CHANGES, {"first": self._size, "end": anchor.size}).all()
        self._found.checked["status changes"] += len(rows)
        try:
            changes = sorted((position, Status(status)) for position, status in rows)
        except ValueError:
            return None
        return None if any(not 0 <= position < MAX_LOG_SIZE for position, _ in changes) else changes
