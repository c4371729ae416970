"""The audit of a node: register, replica and chain tell the same story, nothing left out.

Everything is derived anew from what is stored, and nothing is taken from the functions that wrote it. What an audit cannot
know of is a record that left no trace; receipts and other cities' copies of the entries are such traces.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, func, select

from anchoring.audit.chain import audit_chain
from anchoring.audit.checkpoints import audit_checkpoints, audit_peers, find_signing_keys
from anchoring.audit.copies import audit_copies
from anchoring.audit.findings import AuditReport, Findings, Progress
from anchoring.audit.places import CHECKPOINTS, REGISTER, REPLICA
from anchoring.audit.promises import audit_receipts
from anchoring.audit.register.access import audit_access
from anchoring.audit.register.batches import audit_batches
from anchoring.audit.register.books import Books
from anchoring.audit.register.erasures import audit_erasures
from anchoring.audit.register.lineages import audit_lineages
from anchoring.audit.register.links import audit_links
from anchoring.audit.register.restored import audit_missing
from anchoring.audit.register.search import audit_search
from anchoring.audit.register.submissions import audit_submissions
from anchoring.audit.register.transactions import audit_transactions
from anchoring.audit.replica import RegistryFold, audit_replica
from anchoring.audit.soundness import audit_file, audit_tables, has_any_table
from anchoring.audit.substitute import Substitute
from anchoring.chain.protocol import Chain
from anchoring.checkpoints.cosigning import CosigningPeer
from anchoring.checkpoints.store import METADATA as CHECKPOINTS_METADATA
from anchoring.monitor.copies import EntryCopies
from anchoring.monitor.entries import EntriesByConnection
from anchoring.monitor.tables import METADATA as COPIES_METADATA
from anchoring.processes.condition import METADATA as CONDITIONS_METADATA
from anchoring.processes.measures import METADATA as MEASURES_METADATA
from anchoring.register.batches import OwnLog, find_own_log
from anchoring.register.missing import list_missing
from anchoring.register.tables import METADATA as REGISTER_METADATA
from anchoring.register.tables import SUBMISSION
from anchoring.replica.reading import ReplicaView
from anchoring.replica.tables import METADATA as REPLICA_METADATA
from ledger.crypto.keys import PublicKey
from ledger.encoding.times import format_time
from ledger.limits import MAX_CLOCK_LEAD_SECONDS
from ledger.records.erasures import SignedErasure
from ledger.registry.trust import LogState
from ledger.verification.audits import Head, Standing
from ledger.verification.receipts import SignedReceipt

#: The tables beside those of the replica: copies of entries, conditions and figures of processes.
_BESIDE_REPLICA: Final = (COPIES_METADATA, CONDITIONS_METADATA, MEASURES_METADATA)
_LAST_END: Final = select(func.max(SUBMISSION.c.first + SUBMISSION.c.count))


@dataclass(frozen=True, slots=True)
class Expected:
    """What a node's settings say it is: the registry that it trusts, its log (None: it issues nothing), its key."""

    registry: str
    log: str | None = None
    key: PublicKey | None = None


@dataclass(frozen=True, slots=True)
class AuditEvidence:
    """What is asked beside the node's databases: the chain (None: not asked), other cities' nodes, receipts and erasures
    that were kept."""

    chain: Chain | None = None
    peers: Sequence[CosigningPeer] = ()
    receipts: Iterable[SignedReceipt] = ()
    erasures: Iterable[SignedErasure] = ()


@dataclass(frozen=True, slots=True)
class Databases:
    """Open connections to a node's databases, each in one read transaction; None where there is none or it is unreadable.

    That of the replica is opened before that of the register, so that the register is never the older one of the two.
    `substitute` stands in for a replica that cannot be read; `is_register_lost`: the register's file is not there.
    `processes` may work on what is many: the report is the same whatever their number.
    """

    replica: Connection | None
    register: Connection | None = None
    checkpoints: Connection | None = None
    copies: EntryCopies | None = None
    substitute: Substitute | None = None
    is_register_lost: bool = False
    processes: int = 1
    findings: Findings = field(default_factory=Findings)


def audit(
    databases: Databases,
    expected: Expected,
    *,
    now: int,
    evidence: AuditEvidence | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Check one state of a node's databases. `now` in seconds since 1970.

    1. The database files are sound, their tables have their shape, and every value is one of its column's kind.
    2. The replica's events fold to its head, and its facts follow from them; the chain and other cities' nodes say the same.
    3. The copies of other cities' entries are those of their anchors, as far as they were walked.
    4. The checkpoints were signed by the keys that they name, and the replica is what they say.
    5. Every batch is recomputed from its entries and changes, and is the chain's anchor; the entries were entitled to be;
       its stored transactions carry it.
    6. Submissions stand one after the other, their records make their roots; what is accepted is anchored or waits, and
       what is said to be missing may be.
    7. Every lineage is replayed; its row, its changes of status and the chain's statuses follow.
    8. The links by which sealings are found are those of the records, and so is all by which certificates are
    found and listed. 9. Tokens and looks are there as they were counted; what is not disclosed came so, or was erased
    on order.
    10. The promises of receipts were kept.

    One thing that cannot be read is one finding; what does not depend on it is checked all the same.
    """
    findings = databases.findings
    findings.progress = progress
    audit_run = _Run(databases, expected, evidence or AuditEvidence(), now, findings)
    audit_run.check_replica()
    audit_run.check_register()
    audit_run.ask_chain()  # last: it folds what the replica does not have yet
    return findings.make_report(audit_run.make_standing())


@dataclass(slots=True)
class _Run:
    """One audit under way: what the replica turned out to say is what the register is compared with."""

    databases: Databases
    expected: Expected
    evidence: AuditEvidence
    now: int
    findings: Findings
    view: ReplicaView | None = None
    registry_fold: RegistryFold | None = None
    is_chain_known: bool = False
    chain_head: Head | None = None

    def check_replica(self) -> None:
        connection, findings = self.databases.replica, self.findings
        if connection is None:
            return
        audit_file(connection, REPLICA, findings)  # 1
        tables = [REPLICA_METADATA]
        with findings.guard(REPLICA, "", "copies"):
            # none before a monitor, or any process at all, has run
            tables += [metadata for metadata in _BESIDE_REPLICA if has_any_table(connection, metadata)]
        audit_tables(connection, tables, REPLICA, findings)
        with findings.guard(REPLICA, "state", "state"):
            self.view = view = ReplicaView(connection)
            with findings.guard(REPLICA, "event", "events"):
                self.registry_fold = audit_replica(view, self.expected.registry, findings)  # 2
                self.is_chain_known = True
            self._check_beside(view)

    def _check_beside(self, view: ReplicaView) -> None:
        databases, findings = self.databases, self.findings
        with findings.guard(REPLICA, "published_log", "copies"):
            if databases.copies and has_any_table(view.connection, COPIES_METADATA):
                audit_copies(view, databases.copies, self.now, findings)  # 3
        keys = find_signing_keys(view, self.expected.key)
        if databases.checkpoints:
            audit_file(databases.checkpoints, CHECKPOINTS, findings)  # 1
            audit_tables(databases.checkpoints, (CHECKPOINTS_METADATA,), CHECKPOINTS, findings)
            with findings.guard(CHECKPOINTS, "cosignature", "checkpoints"):
                own_log = self.expected.log
                own_keys = find_signing_keys(view, self.expected.key, own_log) if own_log else None
                audit_checkpoints(view, databases.checkpoints, keys, findings, own_keys=own_keys)  # 4
        audit_peers(view, self.evidence.peers, keys, findings)  # 2
        if databases.register is None:
            self._check_receipts(view, None, "")

    def check_register(self) -> None:
        connection, findings = self.databases.register, self.findings
        if connection is None:
            if self.databases.is_register_lost:
                self._report_empty()
            return
        audit_file(connection, REGISTER, findings)  # 1
        audit_tables(connection, (REGISTER_METADATA,), REGISTER, findings)
        log: OwnLog | None = None
        if self.view is None:
            self._take_substitute()
        with findings.guard(REGISTER, "log", "log"):
            log = find_own_log(connection)
        with findings.guard(REGISTER, "log", "log"):
            log = log or self._infer_log(connection)
            if books := self._open_books(connection, log):
                self._check_books(books)
        if self.view is not None:
            self._check_receipts(self.view, connection, log.name if log else "")  # 10

    def _take_substitute(self) -> None:
        """Let the register be compared with the chain itself, or with nothing."""
        substitute = self.databases.substitute
        if substitute is None:
            return
        with self.findings.guard(REPLICA, "", "replica"):
            self.view, self.is_chain_known = substitute.open()
            if self.is_chain_known:
                self.registry_fold = audit_replica(self.view, self.expected.registry, self.findings)
            words = (
                "with what the chain itself says"
                if self.is_chain_known
                else "with nothing, since no chain was asked"
            )
            self.findings.leave(
                "replica-unread", REPLICA, f"it cannot be read; the register was compared {words}"
            )

    def ask_chain(self) -> None:
        chain, view, registry_fold = self.evidence.chain, self.view, self.registry_fold
        if view is None or registry_fold is None:
            return
        if chain is None:
            text = "the chain was not asked: what the replica says of it is compared with itself alone"
            self.findings.leave("chain-not-asked", "chain", text)
            return
        with self.findings.guard(REPLICA, "event", "events"):
            self.chain_head = audit_chain(view, registry_fold, chain, self.now, self.findings)

    def make_standing(self) -> Standing | None:
        """Return of which state the report speaks; None where no replica could be read."""
        view = self.view
        if view is None or not self.is_chain_known:
            return None
        cursor, log_state = view.cursor, view.find_log(self.expected.log or "")
        return Standing(
            replica_head=Head(cursor.event_number, cursor.head),
            block_number=cursor.block_number,
            time=cursor.time,
            sequence=log_state.sequence if log_state else 0,
            size=log_state.size if log_state else 0,
            chain_head=self.chain_head,
            checkpoint_heads=self.findings.newest_heads,
        )

    def _check_receipts(self, view: ReplicaView, connection: Connection | None, log: str) -> None:
        entries = EntriesByConnection(log, connection, self.databases.copies)
        log = self.expected.log or log
        with self.findings.guard(REGISTER, "submission", "receipts"):
            audit_receipts(
                self.evidence.receipts, view, entries, self.now, self.findings, log=log, connection=connection
            )

    def _check_books(self, books: Books) -> None:
        findings = self.findings
        trees = self.registry_fold.trees if self.registry_fold is not None else {}
        with findings.guard(REGISTER, "batch", "batches"):
            audit_batches(books, findings)  # 5
        with findings.guard(REGISTER, "signed_transaction", "transactions"):
            audit_transactions(books, findings)
        with findings.guard(REGISTER, "missing", "missing"):
            audit_missing(books, findings)  # 6
        with findings.guard(REGISTER, "submission", "submissions"):
            audit_submissions(books, findings)
        with findings.guard(REGISTER, "record", "lineages"):
            audit_lineages(books, trees, findings, processes=self.databases.processes)  # 7
        with findings.guard(REGISTER, "link", "links"):
            audit_links(books, findings)  # 8
        with findings.guard(REGISTER, "facet", "search"):
            audit_search(books, findings)
        with findings.guard(REGISTER, "token", "tokens"):
            audit_access(books, self._find_node_keys(books), findings)  # 9
        with findings.guard(REGISTER, "disclosure", "erasures"):
            audit_erasures(books, self._find_node_keys(books), self.evidence.erasures, findings)

    def _find_node_keys(self, books: Books) -> dict[bytes, PublicKey]:
        """Return the keys that this city's nodes have or had."""
        return find_signing_keys(books.view, self.expected.key, books.log.name)

    def _open_books(self, connection: Connection, log: OwnLog | None) -> Books | None:
        """Return what the register is compared with; None where it is of nothing that can be compared."""
        view, findings, own_name = self.view, self.findings, self.expected.log
        if log is None:
            self._report_empty()
            return None
        if own_name is not None and log.name != own_name:
            text = f"the node is set to the log {own_name}, the register is of {log.name}: one of the two was changed"
            findings.add("other-log", "node.toml", text)
        if log.registry_name != self.expected.registry:
            text = f"the node is set to {self.expected.registry}, the register is of {log.registry_name}"
            findings.add("other-registry", f"log {log.name}", text, database=REGISTER, table="log")
        if view is None:
            return None
        log_state = view.find_log(log.name)
        if not self.is_chain_known and log_state is None:
            log_state = LogState(log.name, log.suite, 0, "", is_status_known=False)
        if log.registry_name != view.registry or log_state is None:
            text = f"the register is of {log.name} in {log.registry_name}, which the replica does not know"
            findings.add("other-registry", f"log {log.name}", text, database=REGISTER, table="log")
            return None
        return self._make_books(connection, view, log, log_state)

    def _infer_log(self, connection: Connection) -> OwnLog | None:
        """Return the log that the rest of a register shows, where its own row is not to be read; None of an empty one."""
        own_name, view = self.expected.log, self.view
        log_state = view.find_log(own_name) if view is not None and own_name else None
        end_position = connection.execute(_LAST_END).scalar_one()
        if view is None or log_state is None or end_position is None:
            return None
        text = "its one row is not there or cannot be read: the rest of the register was audited without it"
        self.findings.add("log-altered", f"log {log_state.name}", text)
        first_anchor = view.find_anchor(log_state.name, 1)
        start = first_anchor.size_before if first_anchor else log_state.size
        return OwnLog(log_state.name, self.expected.registry, log_state.suite, start, end_position, 0)

    def _report_empty(self) -> None:
        own_name = self.expected.log
        log_state = self.view.find_log(own_name) if self.view is not None and own_name else None
        if log_state and log_state.sequence:
            text = (
                f"the chain holds {log_state.sequence} batches of {log_state.name} with {log_state.size:,} positions, and "
                "the register has none of them: it was emptied or is another. Restore its backup and run `shunzheng recover`"
            )
            self.findings.add("register-empty", f"log {log_state.name}", text)

    def _make_books(
        self, connection: Connection, view: ReplicaView, log: OwnLog, log_state: LogState
    ) -> Books:
        place = f"log {log.name}"
        if log.suite is not log_state.suite:
            text = f"the register hashes with {log.suite.name}, the log with {log_state.suite.name}"
            self.findings.add("log-altered", place, text)
        if log.opened_at > self.now + MAX_CLOCK_LEAD_SECONDS:
            text = f"it is said to be opened at {format_time(log.opened_at)}, which is yet to come"
            self.findings.add("log-altered", place, text)
        first_anchor = view.find_anchor(log.name, 1)
        if first_anchor and log.start != first_anchor.size_before:
            text = f"it is said to start at {log.start}, its first anchor at {first_anchor.size_before}"
            self.findings.add("log-altered", place, text)
        operators: set[str] = (
            self.registry_fold.operators.get(log.name, set()) if self.registry_fold is not None else set()
        )
        missing_by_position = {missing.first_position: missing for missing in list_missing(connection)}
        return Books(
            connection,
            view,
            log,
            log_state,
            missing_by_position,
            self.now,
            operators=frozenset(operators - {""}),
            is_chain_known=self.is_chain_known,
        )
