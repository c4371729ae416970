"""Make pockets 随身凭据 from a replica: the facts of a checkpoint that a proof needs."""

from collections.abc import Callable
from typing import cast

from anchoring.errors import CheckpointRefused
from anchoring.replica.fact_trees import FactProver
from anchoring.replica.reading import ReplicaView
from ledger.crypto.key_trees import KeyProof
from ledger.encoding.canonical import decode_canonical
from ledger.pocket.pockets import Pocket
from ledger.registry.checkpoints import CosignedCheckpoint
from ledger.registry.facts import RULES_VERSION, Leaf, Name
from ledger.registry.trust import Trust


def make_pocket(
    view: ReplicaView, cosigned_checkpoint: CosignedCheckpoint, ask: Callable[[Trust], object]
) -> Pocket:
    """Return the pocket with the facts for which `ask`, a verification, asks.

    Raises: CheckpointRefused where this replica holds other facts there, NotFound where it does not keep them any more,
    LimitExceeded, Quarantined.
    """
    checkpoint = cosigned_checkpoint.checkpoint
    prover, roots = FactProver(view, checkpoint.event_number), checkpoint.roots
    if roots is None or (roots.rules, roots.facts) != (RULES_VERSION, prover.root):
        raise CheckpointRefused(
            f"the checkpoint at event {checkpoint.event_number} names other facts than this replica holds: take a newer one"
        )

    def prove_fact(name: Name) -> tuple[Leaf | None, KeyProof]:
        data, proof = prover.prove(name)
        return None if data is None else cast(Leaf, decode_canonical(data)), proof

    return Pocket.make(cosigned_checkpoint, prove_fact, ask)
