"""Audit of the checkpoints: the replica is what was signed, and nobody signed otherwise."""

from anchoring.audit.findings import Findings
from anchoring.checkpoints.store import Checkpoints, compare
from anchoring.replica.reading import ReplicaView
from ledger.registry.checkpoints import find_contradiction


def audit_checkpoints(view: ReplicaView, checkpoints: Checkpoints, findings: Findings) -> None:
    """Compare the replica with the newest checkpoint, and report the evidence of forks that was met."""
    newest_cosigned = checkpoints.newest()
    if newest_cosigned is not None:
        findings.look("checkpoints")
        if difference := compare(view, checkpoints):
            findings.add("checkpoint-contradicted", f"event {newest_cosigned.checkpoint.n}", difference)
    for fork in checkpoints.forks():
        findings.look("forks")
        first, second = fork.first.checkpoint, fork.second.checkpoint
        findings.add("registry-forked", f"event {first.n}", find_contradiction(first, second) or "")
