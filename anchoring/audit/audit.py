"""The audit of a node: register, replica and chain tell the same story, nothing left out.

Everything is derived anew from what is stored, and nothing is taken from the functions that wrote it. What an audit cannot
know of is a record that left no trace; receipts and other cities' copies of the entries are such traces.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from anchoring.audit.batches import audit_batches
from anchoring.audit.books import Books
from anchoring.audit.checkpoints import audit_checkpoints
from anchoring.audit.findings import AuditReport, Findings, Progress
from anchoring.audit.lineages import audit_lineages
from anchoring.audit.links import audit_links
from anchoring.audit.promises import audit_copies, audit_receipts
from anchoring.audit.submissions import audit_submissions
from anchoring.checkpoints.store import Checkpoints
from anchoring.database.engine import find_file_faults
from anchoring.errors import DatabaseDamaged, Quarantined
from anchoring.monitor.copies import EntryCopies
from anchoring.monitor.entries import EntriesByConnection
from anchoring.register.batches import OwnLog, find_own_log
from anchoring.register.missing import list_missing
from anchoring.register.store import Register
from anchoring.replica.reading import ReplicaView
from anchoring.replica.refold import refold
from ledger.registry.status import StatusTree
from ledger.verification.receipts import SignedReceipt

_DAMAGED_SLUG: Final = "database-damaged"


def audit(
    view: ReplicaView,
    register: Register | None = None,
    entry_copies: EntryCopies | None = None,
    *,
    now: int,
    receipts: Iterable[SignedReceipt] = (),
    checkpoints: Checkpoints | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Check one state of a replica and, where the node issues, of its register. `now` in seconds since 1970.

    1. The database files are sound, as far as the database can tell.
    2. The replica's events fold to its head, and its facts follow from them.
    3. Every batch is recomputed from its entries and changes, and is the chain's anchor; the entries were entitled to be.
    4. Submissions stand one after the other, their records make their roots; what is accepted is anchored or waits.
    5. Every lineage is replayed; its row, its changes of status and the chain's statuses follow.
    6. The links by which sealings are found are those of the records.
    7. The copies of other cities' entries are those of their anchors; the promises of `receipts` were kept.
    8. The replica is what this node and others signed, and nobody signed two histories.

    `view` is to be opened before this is called, so that the register is never the older one of the two.
    """
    findings = Findings(progress=progress)
    if view.quarantine:
        findings.add("quarantined", "replica", view.quarantine)
    with _report_damage(findings, "replica"):
        _report_file(view.file_faults(), "replica", findings)  # 1
        trees = _refold(view, findings)  # 2
        if trees is None:
            return findings.report()
        if entry_copies is not None:
            audit_copies(view, entry_copies, now, findings)  # 7
        if checkpoints is not None:
            audit_checkpoints(view, checkpoints, findings)  # 8
        if register is None:
            audit_receipts(receipts, view, EntriesByConnection("", None, entry_copies), now, findings)  # 7
    if register is not None:
        with _report_damage(findings, "register"), register.reading() as connection:
            _report_file(find_file_faults(connection), "register", findings)  # 1
            log = find_own_log(connection)
            if books := log and _open_books(connection, view, log, now, findings):
                audit_batches(books, findings)  # 3
                audit_submissions(books, findings)  # 4
                audit_lineages(books, trees, findings)  # 5
                audit_links(books, findings)  # 6
            entries = EntriesByConnection(log.name if log else "", connection, entry_copies)
            audit_receipts(receipts, view, entries, now, findings)  # 7
    return findings.report()


def _refold(view: ReplicaView, findings: Findings) -> dict[str, StatusTree] | None:
    def tell_progress(done: int, total: int) -> None:
        if findings.progress:
            findings.progress("events", done, total)

    try:
        trees = refold(view, tell_progress)
    except Quarantined as error:
        findings.add("replica-damaged", "replica", str(error))
        return None
    findings.checked["events"] += view.cursor.n
    findings.checked["logs"] += len(view.logs())
    return trees


def _open_books(
    connection: Connection, view: ReplicaView, log: OwnLog, now: int, findings: Findings
) -> Books | None:
    log_state = view.log(log.name)
    where = f"log {log.name}"
    if log.registry_name != view.registry or log_state is None:
        findings.add(
            "other-registry",
            where,
            f"the register is of {log.registry_name}, the replica of {view.registry}",
        )
        return None
    if log.suite is not log_state.suite:
        findings.add(
            "log-altered",
            where,
            f"the register hashes with {log.suite.name}, the log with {log_state.suite.name}",
        )
        return None
    return Books(
        connection,
        view,
        log,
        log_state,
        {missing.first: missing for missing in list_missing(connection)},
        now,
    )


def _report_file(faults: list[str], database_name: str, findings: Findings) -> None:
    findings.checked["databases"] += 1
    for fault in faults:
        findings.add(_DAMAGED_SLUG, database_name, fault)


@contextmanager
def _report_damage(findings: Findings, database_name: str) -> Iterator[None]:
    """Take it as a finding when a database cannot read its own file, or a row holds what its column never may."""
    try:
        yield
    except DatabaseDamaged as error:
        findings.add(_DAMAGED_SLUG, database_name, str(error))
    except DatabaseError as error:
        findings.add(
            _DAMAGED_SLUG,
            database_name,
            f"{error.orig}: restore it from a backup, or delete it where it is the replica",
        )
    except (TypeError, ValueError, ArithmeticError) as error:
        findings.add(
            _DAMAGED_SLUG,
            database_name,
            f"a row holds a value of another type than its column: {type(error).__name__}",
        )
