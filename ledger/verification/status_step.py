"""Step 9 of a verification: the status of the certificate, as far as the verifier knows it.

The trust's own anchors decide. What a proof brings along (a staple, records of changes) names causes and can cast doubt;
it never makes a status better than the trust knows it.
"""

from collections.abc import Sequence

from ledger.errors import MalformedInput
from ledger.proof.linking import linked_leaves
from ledger.proof.proof import Proof, Staple
from ledger.records.lifecycle import IN_FORCE, STATUS_AFTER
from ledger.registry.status import Status, staple_root, status_in_chunk
from ledger.registry.trust import LogState, PositionStatus, Trust
from ledger.verification.changes import walk_changes
from ledger.verification.origin import Origin, trace_origin
from ledger.verification.reasons import Outcome
from ledger.verification.report import StatusReport, Step


def judge_status(proof: Proof, origin: Origin, trust: Trust) -> tuple[Step, StatusReport | None]:
    """9. Report the newest status of the position where the record was found, and whether it can be relied on."""
    log, anchor, position = origin.log, origin.anchor, origin.position
    if log is None or anchor is None or position is None:
        return Step(9, Outcome.UNKNOWN, "position_unknown"), None
    newest = trust.status(log.name, position, log.sequence)
    attached = [linked for linked in proof.linked if linked.record.leaf() not in linked_leaves(proof)]
    causes = [linked for linked in attached if _explains(linked, proof, position, trust)]
    status = StatusReport.of_change(log, newest, trust.source, _cause(newest, causes))
    evidence = status.evidence()
    if newest and newest.contradictory:
        return Step(9, Outcome.UNKNOWN, "status_contradictory", evidence), status
    if status.status not in IN_FORCE:
        return Step(9, Outcome.FAIL, status.status.name.lower(), evidence), status
    doubt = _stapled_doubt(proof.status, log, position, trust)
    if doubt is None and len(causes) < len(attached):
        doubt = "attached_unproven"
    if doubt is None and not _reinstatement_proven(log, position, causes, trust):
        doubt = "reinstatement_unproven"
    if doubt:
        return Step(9, Outcome.UNKNOWN, doubt, evidence), status
    return Step(9, Outcome.PASS, f"status_{status.status.name.lower()}", evidence), status


def _stapled_doubt(staple: Staple | None, log: LogState, position: int, trust: Trust) -> str | None:
    """Return why the staple, or its absence, forbids to rely on the trust's own status.

    A log that continues one of another registry needs it: only there is a root that speaks of every status.
    """
    missing = None if log.status_known else "predecessor_unknown"
    if staple is None:
        return missing
    stated = status_in_chunk(staple.chunk, position)
    if staple.sequence > log.sequence:  # no anchor to check it with
        return "staple_newer" if stated not in IN_FORCE else missing
    stapled = trust.anchor(log.name, staple.sequence)
    if stapled is None or stapled.void:
        return "staple_altered"
    try:  # an anchor before the record's own has no such position
        root = staple_root(log.suite, stapled.size, position, staple.chunk, staple.path)
    except MalformedInput:
        return "staple_altered"
    if root != stapled.status_root:
        return "staple_altered"
    if missing:
        then = trust.status(log.name, position, staple.sequence)
        return None if stated == (then.status if then else Status.VALID) else "status_contradictory"
    return None


def _explains(linked: Proof, proof: Proof, position: int, trust: Trust) -> bool:
    """Tell whether an attached proof is good and bare, and of a change that its anchor made to this certificate."""
    if linked.disclosure is not None or linked.status is not None or linked.linked:
        return False
    change = trust.status(proof.entry.statement.log, position, linked.sequence)
    made = change is not None and change.sequence == linked.sequence and _makes(linked, proof, change.status)
    return made and trace_origin(linked, trust, must_present=False).proven


def _makes(linked: Proof, proof: Proof, status: Status) -> bool:
    """Tell whether the record of `linked` gives this status to the record of `proof`."""
    if _whose(linked) != _whose(proof):
        return False
    if linked.record.action in ("renew", "amend"):
        return status is Status.SUPERSEDED
    return (
        linked.record.identifier == proof.record.identifier
        and STATUS_AFTER.get(linked.record.action) is status
    )


def _whose(proof: Proof) -> tuple[str, ...]:
    record, statement = proof.record, proof.entry.statement
    return record.kind, record.lineage, record.issuer, statement.log


def _cause(change: PositionStatus | None, causes: Sequence[Proof]) -> Proof | None:
    """Return the attached proof of the record that made the change."""
    return next((linked for linked in causes if change and linked.sequence == change.sequence), None)


def _reinstatement_proven(log: LogState, position: int, causes: Sequence[Proof], trust: Trust) -> bool:
    """Tell whether the newest reinstatement, if any, has its record.

    A suspension that was lifted later does not make up for it: revoked, reinstated, suspended, resumed reads as valid.
    """
    for change in walk_changes(trust, log.name, position, log.sequence):
        if change is None:
            return False
        if change.status is Status.REINSTATED:
            return _cause(change, causes) is not None
    return True
