"""Step 9 of a verification: the status of the certificate, as far as the verifier knows it.

The trust's own anchors decide. What a proof brings along (a staple, records of changes) names causes and can cast doubt;
it never makes a status better than the trust knows it.
"""

from collections.abc import Sequence

from ledger.errors import MalformedInput
from ledger.proof.linking import collect_linked_leaves
from ledger.proof.proof import Proof, Staple
from ledger.records.lifecycle import IN_FORCE_STATUSES, STATUS_AFTER
from ledger.registry.changes import find_reinstatement
from ledger.registry.status import Status, compute_staple_root, read_status
from ledger.registry.trust import LogState, PositionStatus, Trust
from ledger.verification.notes import is_good_note
from ledger.verification.origin import Origin, trace_origin
from ledger.verification.reasons import Outcome
from ledger.verification.report import StatusReport, Step


def judge_status(proof: Proof, origin: Origin, trust: Trust) -> tuple[Step, StatusReport | None]:
    """9. Report the newest status of the position where the record was found, and whether it can be relied on."""
    log, anchor, position = origin.log, origin.anchor, origin.position
    if log is None or anchor is None or position is None:
        return Step(9, Outcome.UNKNOWN, "position_unknown"), None
    newest_change = trust.find_status(log.name, position, log.sequence)
    attached_proofs = [
        linked_proof
        for linked_proof in proof.linked_proofs
        if linked_proof.record.hash_leaf() not in collect_linked_leaves(proof)
    ]
    cause_proofs = [
        linked_proof for linked_proof in attached_proofs if explains(linked_proof, proof, position, trust)
    ]
    status_report = StatusReport.of_change(
        log, newest_change, trust.source, _find_cause(newest_change, cause_proofs)
    )
    evidence = status_report.to_evidence()
    reinstatement, is_cut_off = find_reinstatement(trust, log.name, position, log.sequence)
    is_seal_revived = proof.record.kind == "seal" and reinstatement is not None
    if is_seal_revived or (newest_change and newest_change.is_contradictory):
        return Step(9, Outcome.UNKNOWN, "status_contradictory", evidence), status_report
    if status_report.status not in IN_FORCE_STATUSES:
        return Step(9, Outcome.FAIL, status_report.status.name.lower(), evidence), status_report
    doubt = _find_staple_doubt(proof.staple, log, position, trust)
    if doubt is None and not all(
        attached_proof in cause_proofs or is_good_note(attached_proof, proof, trust)
        for attached_proof in attached_proofs
    ):
        doubt = "attached_unproven"
    if doubt is None and (is_cut_off or (reinstatement and not _find_cause(reinstatement, cause_proofs))):
        doubt = "reinstatement_unproven"
    if doubt:
        return Step(9, Outcome.UNKNOWN, doubt, evidence), status_report
    return Step(9, Outcome.PASS, f"status_{status_report.status.name.lower()}", evidence), status_report


def _find_staple_doubt(staple: Staple | None, log: LogState, position: int, trust: Trust) -> str | None:
    """Return why the staple, or its absence, forbids to rely on the trust's own status.

    A log that continues one of another registry needs it: only there is a root that speaks of every status.
    """
    log_doubt = None if log.is_status_known else "predecessor_unknown"
    if staple is None:
        return log_doubt
    stapled_status = read_status(staple.chunk, position)
    if staple.sequence > log.sequence:  # no anchor to check it with
        return "staple_newer" if stapled_status not in IN_FORCE_STATUSES else log_doubt
    staple_anchor = trust.find_anchor(log.name, staple.sequence)
    if staple_anchor is None or staple_anchor.void_reason:
        return "staple_altered"
    try:  # an anchor before the record's own has no such position
        root = compute_staple_root(log.suite, staple_anchor.size, position, staple.chunk, staple.path)
    except MalformedInput:
        return "staple_altered"
    if root != staple_anchor.status_root:
        return "staple_altered"
    if log_doubt:
        change_then = trust.find_status(log.name, position, staple.sequence)
        return (
            None
            if stapled_status == (change_then.status if change_then else Status.VALID)
            else "status_contradictory"
        )
    return None


def explains(linked_proof: Proof, proof: Proof, position: int, trust: Trust) -> bool:
    """Tell whether an attached proof is good and bare, and of a change that its anchor made to this certificate."""
    if linked_proof.disclosure is not None or linked_proof.staple is not None or linked_proof.linked_proofs:
        return False
    change = trust.find_status(proof.entry.statement.log, position, linked_proof.sequence)
    is_cause = (
        change is not None
        and change.sequence == linked_proof.sequence
        and _gives_status(linked_proof, proof, change.status)
    )
    return is_cause and trace_origin(linked_proof, trust, must_present=False).is_proven


def _gives_status(linked_proof: Proof, proof: Proof, status: Status) -> bool:
    """Tell whether the record of `linked_proof` gives this status to the record of `proof`."""
    if _get_identity(linked_proof) != _get_identity(proof):
        return False
    if linked_proof.record.action in ("renew", "amend"):
        return status is Status.SUPERSEDED
    return (
        linked_proof.record.identifier == proof.record.identifier
        and STATUS_AFTER.get(linked_proof.record.action) is status
    )


def _get_identity(proof: Proof) -> tuple[str, ...]:
    record, statement = proof.record, proof.entry.statement
    return record.kind, record.lineage, record.issuer, statement.log


def _find_cause(change: PositionStatus | None, cause_proofs: Sequence[Proof]) -> Proof | None:
    """Return the attached proof of the record that made the change."""
    return next(
        (
            linked_proof
            for linked_proof in cause_proofs
            if change and linked_proof.sequence == change.sequence
        ),
        None,
    )
