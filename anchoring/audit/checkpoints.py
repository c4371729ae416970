"""Audit of the checkpoints: their signatures, the replica beside them, forks, and peers."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from sqlalchemy import Connection, RowMapping, select

from anchoring.audit.findings import Findings
from anchoring.audit.places import CHECKPOINTS
from anchoring.checkpoints.cities import find_declared_node_keys
from anchoring.checkpoints.cosigning import CosigningPeer
from anchoring.checkpoints.store import COSIGNATURES, FORKS, make_checkpoint
from anchoring.errors import AnchoringError, CheckpointRefused, NotFound
from anchoring.replica.reading import ReplicaView
from ledger.crypto.keys import PublicKey, decode_public_key
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput
from ledger.registry.checkpoints import (
    Checkpoint,
    CosignedCheckpoint,
    decode_checkpoint,
    decode_fork,
    find_contradiction,
    read_cosigned,
)
from ledger.verification.audits import Head

_Keys = Mapping[bytes, PublicKey]


def find_signing_keys(
    view: ReplicaView, own_key: PublicKey | None, log: str | None = None
) -> dict[bytes, PublicKey]:
    """Return this node's key and every key of a node, whatever became of it; of the nodes of one city's `log`, or of all."""
    keys = {} if own_key is None else {own_key.id: own_key}
    for key in find_declared_node_keys(view):
        if log is not None and key.log != log:
            continue
        with suppress(MalformedInput):
            keys[key.id] = decode_public_key(key.spki)
    return keys


def audit_checkpoints(
    view: ReplicaView,
    connection: Connection,
    keys: _Keys,
    findings: Findings,
    *,
    own_keys: _Keys | None = None,
) -> None:
    """Check every stored signature and compare every checkpoint with the replica; then the evidence of forks.

    `own_keys` are those that this city's nodes have or had; None where the node is of no city.
    """
    order_columns = (COSIGNATURES.c.n, COSIGNATURES.c.key, COSIGNATURES.c.checkpoint)
    checkpoint_before: tuple[bytes, Checkpoint | None] = (b"", None)
    for row in connection.execute(select(COSIGNATURES).order_by(*order_columns)).mappings():
        with findings.guard(CHECKPOINTS, COSIGNATURES.name, f"event {row['n']}"):
            _check_cosignature(row, keys, findings)
            if row["own"] and row["key"] in keys and own_keys is not None and row["key"] not in own_keys:
                text = "it is said to be this node's own, and the key is that of another city's node"
                findings.add("checkpoint-altered", f"event {row['n']}, key 0x{row['key'].hex()}", text)
            if row["checkpoint"] != checkpoint_before[0]:
                checkpoint = decode_checkpoint(decode(row["checkpoint"]))
                checkpoint_before = row["checkpoint"], checkpoint
                _compare(view, checkpoint, findings)
    for number, evidence in enumerate(connection.execute(select(FORKS.c.evidence)).scalars(), 1):
        with findings.guard(CHECKPOINTS, FORKS.name, f"fork {number}"):
            _check_fork(evidence, f"fork {number}", view, keys, findings)


def _check_cosignature(row: RowMapping, keys: _Keys, findings: Findings) -> None:
    findings.look("cosignatures")
    key_id, checkpoint_bytes = row["key"], row["checkpoint"]
    place = f"event {row['n']}, key 0x{key_id.hex()}"
    checkpoint = decode_checkpoint(decode(checkpoint_bytes))
    if checkpoint.event_number != row["n"] or checkpoint.encode() != checkpoint_bytes:
        findings.add("checkpoint-altered", place, "its row says another event than its text")
    key = keys.get(key_id)
    if key is None:
        if row["own"]:
            findings.leave("key-unknown", place, "the registry does not know the key that signed it here")
            return
        findings.add("checkpoint-forged", place, "the registry knows no such key of a node")
    elif not key.verify(checkpoint_bytes, row["signature"]):
        findings.add("checkpoint-forged", place, "the signature is not that of its key")


def _compare(view: ReplicaView, checkpoint: Checkpoint, findings: Findings) -> None:
    findings.look("checkpoints")
    place = f"event {checkpoint.event_number}"
    if checkpoint.registry != view.registry:
        findings.add("checkpoint-contradicted", place, f"it is of the registry {checkpoint.registry}")
        return
    findings.checkpoint_heads.add(Head(checkpoint.event_number, checkpoint.head))
    if difference := _find_difference(view, checkpoint):
        findings.add("checkpoint-contradicted", place, difference)


def _find_difference(view: ReplicaView, checkpoint: Checkpoint) -> str | None:
    if checkpoint.event_number > view.cursor.event_number:
        return None
    try:
        return find_contradiction(checkpoint, make_checkpoint(view, checkpoint.event_number))
    except (CheckpointRefused, NotFound) as error:
        return str(error)


def _check_fork(evidence: bytes, place: str, view: ReplicaView, keys: _Keys, findings: Findings) -> None:
    """Report a fork as what its signatures prove: who signed the other history, or that somebody forged it."""
    findings.look("forks")
    fork = decode_fork(decode(evidence))
    first_checkpoint, second_checkpoint = fork.first_checkpoint.checkpoint, fork.second_checkpoint.checkpoint
    if not fork.second_checkpoint.cosignatures or not all(
        _are_genuine(cosigned_checkpoint, keys)
        for cosigned_checkpoint in (fork.first_checkpoint, fork.second_checkpoint)
    ):
        text = "its signatures are not those of nodes' keys: it proves nothing against anybody"
        findings.add("fork-forged", place, text)
        return
    if first_checkpoint.registry != view.registry:
        findings.add("fork-altered", place, f"it is of the registry {first_checkpoint.registry}")
        return
    findings.add(
        "registry-forked",
        f"event {first_checkpoint.event_number}",
        find_contradiction(first_checkpoint, second_checkpoint) or "",
    )


def _are_genuine(cosigned_checkpoint: CosignedCheckpoint, keys: _Keys) -> bool:
    return cosigned_checkpoint.keep_proven(keys) == cosigned_checkpoint


def audit_peers(view: ReplicaView, peers: Sequence[CosigningPeer], keys: _Keys, findings: Findings) -> None:
    """Ask the nodes of other cities for their newest checkpoint, and compare it with the replica."""
    for peer in peers:
        try:
            cosigned_bytes = peer.fetch_checkpoint()
            if cosigned_bytes is None:
                findings.leave("peer-unchecked", peer.name, "it has signed no checkpoint yet")
                continue
            _compare_peer(view, peer.name, read_cosigned(cosigned_bytes).keep_proven(keys), findings)
        except (AnchoringError, MalformedInput) as error:
            findings.leave("peer-unchecked", peer.name, str(error))


def _compare_peer(
    view: ReplicaView, name: str, cosigned_checkpoint: CosignedCheckpoint, findings: Findings
) -> None:
    checkpoint = cosigned_checkpoint.checkpoint
    signer_names = ", ".join(
        f"0x{cosignature.key_id.hex()[:16]}" for cosignature in cosigned_checkpoint.cosignatures
    )
    if (
        not signer_names
        or checkpoint.registry != view.registry
        or checkpoint.event_number > view.cursor.event_number
    ):
        text = (
            f"its checkpoint of event {checkpoint.event_number} tells nothing here: it is unsigned, of "
            "another registry, or newer"
        )
        findings.leave("peer-unchecked", name, text)
        return
    findings.look("peers' checkpoints")
    findings.checkpoint_heads.add(Head(checkpoint.event_number, checkpoint.head))
    if difference := _find_difference(view, checkpoint):
        text = f"event {checkpoint.event_number} with head 0x{checkpoint.head.hex()}, signed by {signer_names}: {difference}"
        findings.add("peer-contradicts", name, text)
