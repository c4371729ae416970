"""Cities that cosign checkpoints of a registry in memory, trust files and snapshots."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from ledger.crypto.keys import PrivateKey, generate_key
from ledger.encoding.canonical import encode_canonical
from ledger.registry.acts import Event
from ledger.registry.checkpoints import Checkpoint, Cosignature, CosignedCheckpoint, Roots
from ledger.registry.facts import RULES_VERSION
from ledger.registry.knowledge import Fold
from ledger.registry.snapshots import Header, Point, read_header, write_snapshot
from ledger.registry.trust_files import TrustedCosigner, TrustFile, read_trust_file
from tests.scenes import Registry

NAMES: Final = ("tianmen", "wuhan", "jingmen")
#: Of checkpoints whose trees nobody looks into.
ROOTS: Final = Roots(b"\x01" * 32, b"\x02" * 32, b"\x03" * 32, RULES_VERSION)


def node_key(name: str) -> PrivateKey:
    """Return the key of a city's node: P-256, because it signs faster."""
    return generate_key("p256", Random(name).randbytes)


def fold_of(registry: Registry, n: int | None = None, more: Iterable[Event] = ()) -> Fold:
    """Return where the registry stands after event `n`, the newest by default, and `more` events."""
    fold = Fold(registry.head_zero)
    for event in (*registry.events[:n], *more):
        fold.extend(event)
    return fold


def checkpoint_of(registry: Registry, n: int | None = None, more: Iterable[Event] = ()) -> Checkpoint:
    """Return the checkpoint there."""
    fold = fold_of(registry, n, more)
    block_hash = fold.block_number.to_bytes(32, "big")
    return Checkpoint(
        registry.name, fold.event_number, fold.head, fold.block_number, block_hash, fold.time, ROOTS
    )


def cosigned(checkpoint: Checkpoint, names: Iterable[str] = NAMES) -> CosignedCheckpoint:
    return CosignedCheckpoint.of(checkpoint, [Cosignature.make(node_key(name), checkpoint) for name in names])


def trust_file(registry: Registry, names: Sequence[str] = NAMES, threshold: int = 2) -> TrustFile:
    cosigners = tuple(TrustedCosigner(name, node_key(name).public) for name in names)
    return TrustFile(registry.name, cosigners, threshold)


def snapshot(
    registry: Registry,
    n: int | None = None,
    *,
    after: int = 0,
    names: Iterable[str] = NAMES,
    events: Sequence[Event] | None = None,
    checkpoint: Checkpoint | None = None,
) -> bytes:
    """Return the snapshot of an honest exporter, or one with other `events` or another `checkpoint`."""
    begin = fold_of(registry, after)
    header = Header(
        cosigned(checkpoint or checkpoint_of(registry, n), names), after, begin.head, begin.block_number
    )
    return b"".join(write_snapshot(header, registry.events[after:n] if events is None else events))


def sign_anew(file: bytes, trust: bytes) -> tuple[bytes, bytes]:
    """Return a snapshot of a checkpoint of version 1 as of today's, cosigned by the same cities with other keys."""
    header, trust_file = read_header([file]), read_trust_file(trust)
    new_trust_file = replace(
        trust_file,
        cosigners=tuple(
            TrustedCosigner(cosigner.name, node_key(cosigner.name).public)
            for cosigner in trust_file.cosigners
        ),
    )
    signer_ids = {cosignature.key_id for cosignature in header.cosigned_checkpoint.cosignatures}
    names = [cosigner.name for cosigner in trust_file.cosigners if cosigner.key.id in signer_ids]
    new_header = replace(header, cosigned_checkpoint=cosigned(replace(header.checkpoint, roots=ROOTS), names))
    return new_header.encode() + file.partition(b"\n")[2], encode_canonical(new_trust_file.to_json())


@dataclass(frozen=True)
class Seen:
    """What somebody holds who saw these points, the newest last."""

    points: tuple[Point, ...]

    def find_newest(self) -> Point | None:
        return self.points[-1] if self.points else None

    def find_point(self, n: int) -> Point | None:
        return next((point for point in self.points if point.event_number == n), None)
