"""Audit an open city, as tests hold it: by a view of its replica and its register."""

from collections.abc import Iterable
from contextlib import ExitStack, suppress

from anchoring.audit.audit import AuditEvidence, Databases, Expected
from anchoring.audit.audit import audit as audit_databases
from anchoring.audit.findings import AuditReport, Progress
from anchoring.checkpoints.store import Checkpoints
from anchoring.database.engine import open_snapshot
from anchoring.errors import DatabaseDamaged
from anchoring.monitor.copies import EntryCopies
from anchoring.register.store import Register
from anchoring.replica.reading import ReplicaView
from ledger.verification.receipts import SignedReceipt


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
    """Audit what is open; the view was opened before the register is."""
    stack = ExitStack()
    try:
        databases = Databases(
            view.connection,
            stack.enter_context(register.reading()) if register else None,
            stack.enter_context(open_snapshot(checkpoints.engine)) if checkpoints else None,
            entry_copies,
        )
        evidence = AuditEvidence(receipts=receipts)
        return audit_databases(
            databases, Expected(view.registry), now=now, evidence=evidence, progress=progress
        )
    finally:
        with suppress(DatabaseDamaged):  # a damaged file fails at its closing too
            stack.close()
