"""The worked checkpoint, its fork, trust file and snapshot, from the events of the story."""

import json
from collections.abc import Callable
from dataclasses import replace

from ledger.crypto.keys import PrivateKey, decode_signature, encode_signature, generate_key, keccak256
from ledger.encoding.canonical import Json
from ledger.registry.acts import Event
from ledger.registry.checkpoints import Checkpoint, Cosignature, CosignedCheckpoint, Fork, Roots
from ledger.registry.knowledge import Fold
from ledger.registry.snapshots import Header, check_snapshot, replay, write_snapshot
from ledger.registry.trust_files import TrustedCosigner, TrustFile

NODE_SECRETS = {"天门": ("sm2", b"\x01" * 32), "武汉": ("p256", b"\x02" * 32), "荆门": ("sm2", b"\x03" * 32)}
COSIGNATURES = {
    "天门": "qV35-TUc65KlIZ3JNgs3sZXOlzXNavkMgI00MyQCIhthczC4W41ne48Q86ETwKfe4gwDX3ILbgTWL7OiUjoklw",
    "武汉": "76uCGx_D1wAk0VaI61xTvh50FDo_8C-NwWJjs-mS8nBIZpc-GXEH_2njlezGfBXEC5aWc3ZasSqKrGb_x_j2Kw",
}
FORK_SIGNATURE = "5F6Z7JLia2nOQ2PlNJs4XNWgJC-vJBhwQ9AGp5T7115Xh-Et8OfOI83W1B3ZqUinZH73NCfRQBqsPKY3592Uqw"


def make_constant_source(secret: bytes) -> Callable[[int], bytes]:
    """Return a source of randomness that gives the same bytes whenever it is asked."""
    return lambda _: secret


def make_checkpoints(
    registry: str, head_zero: bytes, chain: Fold, history: list[Event], roots: Roots
) -> tuple[dict[str, Json], bytes, TrustFile]:
    """Return the blocks about checkpoint, trust file and snapshot, the snapshot, and the trust file.

    `chain` is what follows from `history`, `roots` are those of the trees over it; `head_zero` is the head before the first
    event, 32 bytes.
    """
    keys = {
        name: generate_key(kind, make_constant_source(secret))
        for name, (kind, secret) in NODE_SECRETS.items()
    }
    checkpoint = Checkpoint(
        registry, chain.event_number, chain.head, chain.block_number, bytes(31) + b"\x09", chain.time, roots
    )
    cosigned = CosignedCheckpoint.of(
        checkpoint, [make_cosignature(keys[name], checkpoint, text) for name, text in COSIGNATURES.items()]
    )
    trust = TrustFile(registry, tuple(TrustedCosigner(name, key.public) for name, key in keys.items()), 2)
    header = Header(cosigned, 0, head_zero, 0)
    snapshot = b"".join(write_snapshot(header, history))
    check_snapshot(lambda: [snapshot], trust)
    if replay([snapshot]).fold.head != chain.head:
        raise SystemExit("the snapshot does not hold the events")
    other_checkpoint = replace(checkpoint, head=keccak256(checkpoint.head))
    fork = Fork(
        cosigned,
        CosignedCheckpoint.of(
            other_checkpoint, [make_cosignature(keys["荆门"], other_checkpoint, FORK_SIGNATURE)]
        ),
    )
    first_event = history[0]
    event_fields = (
        (first_event.event_number, 8),
        (first_event.block_number, 8),
        (first_event.time, 8),
        (first_event.kind, 1),
        (len(first_event.payload), 4),
    )
    blocks: dict[str, Json] = {
        "checkpoint": checkpoint.to_json(),
        "checkpoint-signed": checkpoint.encode().decode(),
        "cosigned": cosigned.to_json(),
        "fork": fork.to_json(),
        "trust-file": trust.to_json(),
        "snapshot-header": json.loads(header.encode()),
        "snapshot-event": "\n".join(
            [
                *(number.to_bytes(size, "big").hex() for number, size in event_fields),
                first_event.payload.hex(),
            ]
        ),
    }
    return blocks, snapshot, trust


def make_cosignature(key: PrivateKey, checkpoint: Checkpoint, signature: str) -> Cosignature:
    if signature.startswith("SIGNATURE"):
        signature = encode_signature(key.sign(checkpoint.encode()))
        print("sign again:", signature)
    if not key.public.verify(checkpoint.encode(), decode_signature(signature)):
        raise SystemExit(
            "a kept signature does not fit its checkpoint: replace it by SIGNATURE and run again"
        )
    return Cosignature(key.public.id, decode_signature(signature))
