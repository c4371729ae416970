"""Verify without a node, from a snapshot or a directory of imported ones. Opens no socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from anchoring.checkpoints.files import SeenFile, load, take_pocket
from api import files
from api.words import write_clock
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof
from ledger.registry.checkpoints import MAX_TRUST_BYTES, CosignedCheckpoint
from ledger.registry.trust import Trust
from ledger.registry.trust_files import TrustFile, read_trust_file

SEEN_SUFFIX: Final = ".seen"  # the newest checkpoint that was ever seen is remembered beside the trust file


def read_trust(path: Path) -> TrustFile:
    """Read a trust file. Raises: MalformedInput."""
    return files.read_decoded(path, "trust", read_trust_file)


def find_seen_file(trust_path: Path) -> SeenFile:
    """Return what remembers the newest checkpoint for whoever pins this trust file."""
    return SeenFile(trust_path.with_name(trust_path.name + SEEN_SUFFIX))


def open_pocket(proof: Proof, trust_path: Path) -> Trust:
    """Give what the pocket inside a proof says. Raises: PocketRefused; MalformedInput where there is none."""
    if proof.pocket is None:
        raise MalformedInput(
            "the proof carries no pocket 随身凭据: a city puts one in (shunzheng checkpoint pocket); or name --node or "
            "--snapshot"
        )
    return take_pocket(dict(proof.pocket), read_trust(trust_path), find_seen_file(trust_path))


@contextmanager
def open_snapshot(snapshot_path: Path, trust_path: Path) -> Iterator[Trust]:
    """Give what a snapshot file says, or what was imported into a directory. Raises: SnapshotRefused, NotFound."""
    trust_file, seen_file = read_trust(trust_path), find_seen_file(trust_path)
    if not snapshot_path.is_dir():
        with files.naming(snapshot_path), snapshot_path.open("rb") as file:
            files.refuse_other(file.read(MAX_TRUST_BYTES), "snapshot")
        yield load(snapshot_path, trust_file, seen_file)
        return
    from anchoring.checkpoints.snapshots import ImportedSnapshot  # loads the libraries of databases

    imported_snapshot = ImportedSnapshot(snapshot_path)
    try:
        imported_snapshot.check(trust_file, seen_file)
        with imported_snapshot.replica.reading() as replica_view:
            yield replica_view
    finally:
        imported_snapshot.close()


def describe_checkpoint(cosigned_checkpoint: CosignedCheckpoint, signer_names: tuple[str, ...]) -> list[str]:
    """Return a checkpoint in words; `signer_names` are those of the trust file's cosigners that signed it."""
    checkpoint = cosigned_checkpoint.checkpoint
    signer_text = (
        ", ".join(signer_names)
        if signer_names
        else f"{len(cosigned_checkpoint.cosignatures)} keys, not checked (--trust)"
    )
    return [
        f"registry   {checkpoint.registry}",
        f"event      {checkpoint.event_number}, block {checkpoint.block_number} (0x{checkpoint.block_hash.hex()})",
        f"head       0x{checkpoint.head.hex()}",
        f"time       {write_clock(checkpoint.time)}",
        f"signed by  {signer_text}",
    ]
