"""Checkpoints 检查点: where a registry's events stand, as cities vouch for it with signatures.

A checkpoint stands at the last event of a block, so every node computes the same bytes from what it
followed itself, and cosignatures by several cities are of one text. Whose cosignatures count is not said
here but in a trust file (`ledger.registry.trust_files`). Formats: docs/formats/checkpoint.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from ledger.crypto.keys import PrivateKey, PublicKey, decode_signature, encode_signature
from ledger.crypto.suites import DIGEST_BYTES
from ledger.encoding import times
from ledger.encoding.canonical import MAX_INTEGER, Json, encode_canonical
from ledger.encoding.canonical import decode as decode_json
from ledger.encoding.fields import Fields, parse_key_id
from ledger.errors import LimitExceeded, MalformedInput

TYPE: Final = "shunzheng/checkpoint/2"
#: Of those without roots: they are read, so that nobody forgets what was seen or signed, and vouch for nothing any more.
OLDER_TYPE: Final = "shunzheng/checkpoint/1"
COSIGNED_TYPE: Final = "shunzheng/cosigned/1"
FORK_TYPE: Final = "shunzheng/fork/1"

# Cosigners of a trust file, and cosignatures of a checkpoint; a province has some tens of cities.
MAX_COSIGNERS: Final = 256
# A trust file, or a checkpoint with its cosignatures: 256 of them take 100 kB.
MAX_TRUST_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Roots:
    """The 32-byte roots of the trees over the events, and of that over the facts, which follow from them by `rules`."""

    events_sm3: bytes
    events_sha256: bytes
    facts: bytes
    rules: int

    def to_json(self) -> dict[str, Json]:
        return {
            "events_sm3": self.events_sm3.hex(),
            "events_sha256": self.events_sha256.hex(),
            "facts": self.facts.hex(),
            "rules": self.rules,
        }


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head (32 bytes) after event `event_number`, and the block (its hash and time) that holds this event.

    `roots` is None in a checkpoint of version 1.
    """

    registry: str
    event_number: int
    head: bytes
    block_number: int
    block_hash: bytes
    time: int
    roots: Roots | None = None

    def to_json(self) -> dict[str, Json]:
        checkpoint_json: dict[str, Json] = {
            "type": TYPE if self.roots else OLDER_TYPE,
            "registry": self.registry,
            "n": self.event_number,
            "head": "0x" + self.head.hex(),
            "block": self.block_number,
            "block_hash": "0x" + self.block_hash.hex(),
            "time": times.format_time(self.time),
        }
        return checkpoint_json | (self.roots.to_json() if self.roots else {})

    def encode(self) -> bytes:
        """Return the bytes that are signed."""
        return encode_canonical(self.to_json())


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A node's signature (64 bytes) of a checkpoint, and the id of its key (32 bytes)."""

    key_id: bytes
    signature: bytes

    @classmethod
    def make(cls, key: PrivateKey, checkpoint: Checkpoint) -> Self:
        return cls(key.public.id, key.sign(checkpoint.encode()))

    def to_json(self) -> Json:
        return {"key": "0x" + self.key_id.hex(), "signature": encode_signature(self.signature)}


@dataclass(frozen=True, slots=True)
class CosignedCheckpoint:
    """A checkpoint with cosignatures, one a key, in ascending order of the key ids. They are not checked here."""

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...] = ()

    @classmethod
    def of(cls, checkpoint: Checkpoint, cosignatures: Iterable[Cosignature]) -> Self:
        """Put cosignatures into their order; of several by one key the first stays."""
        cosignatures_by_key: dict[bytes, Cosignature] = {}
        for cosignature in cosignatures:
            cosignatures_by_key.setdefault(cosignature.key_id, cosignature)
        return cls(checkpoint, tuple(cosignatures_by_key[key] for key in sorted(cosignatures_by_key)))

    def keep_proven(self, keys_by_id: Mapping[bytes, PublicKey]) -> Self:
        """Return it with those cosignatures alone that are good and by `keys_by_id`, which are named by their ids."""
        message = self.checkpoint.encode()
        good_cosignatures = (
            cosignature
            for cosignature in self.cosignatures
            if cosignature.key_id in keys_by_id
            and keys_by_id[cosignature.key_id].verify(message, cosignature.signature)
        )
        return replace(self, cosignatures=tuple(good_cosignatures))

    def to_json(self) -> dict[str, Json]:
        return {
            "type": COSIGNED_TYPE,
            "checkpoint": self.checkpoint.to_json(),
            "cosignatures": [cosignature.to_json() for cosignature in self.cosignatures],
        }


@dataclass(frozen=True, slots=True)
class Fork:
    """Two checkpoints of one registry that no one history can hold: the evidence is in their cosignatures."""

    first_checkpoint: CosignedCheckpoint
    second_checkpoint: CosignedCheckpoint

    def to_json(self) -> dict[str, Json]:
        return {
            "type": FORK_TYPE,
            "first": self.first_checkpoint.to_json(),
            "second": self.second_checkpoint.to_json(),
        }


def find_contradiction(checkpoint: Checkpoint, other_checkpoint: Checkpoint) -> str | None:
    """Say in what two checkpoints contradict each other, so that one history cannot hold both; None where it may.

    Of two registries, or at different events in an order that fits, nothing can be said without a proof that one goes on
    from the other. Roots of facts by different rules, and a checkpoint without roots, contradict nothing.
    """
    if checkpoint.registry != other_checkpoint.registry:
        return None
    earlier_checkpoint, later_checkpoint = sorted(
        (checkpoint, other_checkpoint), key=lambda point: point.event_number
    )
    if earlier_checkpoint.event_number == later_checkpoint.event_number:
        differs_by_name = {
            "head": earlier_checkpoint.head != later_checkpoint.head,
            "block": earlier_checkpoint.block_number != later_checkpoint.block_number,
            "block_hash": earlier_checkpoint.block_hash != later_checkpoint.block_hash,
            "time": earlier_checkpoint.time != later_checkpoint.time,
        }
        differing_names = [name for name, differs in differs_by_name.items() if differs]
        differing_names = differing_names or _list_differing_roots(
            earlier_checkpoint.roots, later_checkpoint.roots
        )
        if not differing_names:
            return None
        return f"event {earlier_checkpoint.event_number} with different {', '.join(differing_names)}"
    if (
        earlier_checkpoint.block_number > later_checkpoint.block_number
        or earlier_checkpoint.time > later_checkpoint.time
    ):
        return f"event {later_checkpoint.event_number} before event {earlier_checkpoint.event_number}"
    if earlier_checkpoint.block_number == later_checkpoint.block_number:
        numbers = f"{earlier_checkpoint.event_number} and {later_checkpoint.event_number}"
        return f"the last event of block {earlier_checkpoint.block_number} is said to be {numbers}"
    return None


def _list_differing_roots(roots: Roots | None, other_roots: Roots | None) -> list[str]:
    """Name the roots in which the two differ, as far as they can be compared."""
    if roots is None or other_roots is None:
        return []
    differs_by_name = {
        "events_sm3": roots.events_sm3 != other_roots.events_sm3,
        "events_sha256": roots.events_sha256 != other_roots.events_sha256,
        "facts": roots.rules == other_roots.rules and roots.facts != other_roots.facts,
    }
    return [name for name, differs in differs_by_name.items() if differs]


def decode_checkpoint(value: Json) -> Checkpoint:
    """Read the JSON object of a checkpoint. Raises: MalformedInput, NewerFormat."""
    fields = Fields(value, "checkpoint")
    has_roots = fields.take_type(TYPE, OLDER_TYPE) == TYPE
    checkpoint = Checkpoint(
        registry=fields.take_text("registry"),
        event_number=fields.take_integer("n", 1, MAX_INTEGER),
        head=fields.take_parsed("head", parse_key_id),
        block_number=fields.take_integer("block", 0, MAX_INTEGER),
        block_hash=fields.take_parsed("block_hash", parse_key_id),
        time=fields.take_time("time"),
        roots=_read_roots(fields) if has_roots else None,
    )
    fields.close()
    return checkpoint


def _read_roots(fields: Fields) -> Roots:
    return Roots(
        events_sm3=fields.take_hex("events_sm3", DIGEST_BYTES),
        events_sha256=fields.take_hex("events_sha256", DIGEST_BYTES),
        facts=fields.take_hex("facts", DIGEST_BYTES),
        rules=fields.take_integer("rules", 1, MAX_INTEGER),
    )


def decode_cosignatures(values: Iterable[Json]) -> tuple[Cosignature, ...]:
    """Read cosignatures, which must stand in ascending order of their keys. Raises: MalformedInput."""
    cosignatures: list[Cosignature] = []
    for value in values:
        fields = Fields(value, "cosignature")
        cosignature = Cosignature(
            fields.take_parsed("key", parse_key_id), fields.take_parsed("signature", decode_signature)
        )
        fields.close()
        if cosignatures and cosignature.key_id <= cosignatures[-1].key_id:
            raise MalformedInput("cosignatures stand in ascending order of their keys, one a key")
        cosignatures.append(cosignature)
    return tuple(cosignatures)


def decode_cosigned(value: Json) -> CosignedCheckpoint:
    """Read the JSON object of a checkpoint with its cosignatures. Raises: MalformedInput, NewerFormat."""
    fields = Fields(value, "cosigned checkpoint")
    fields.take_type(COSIGNED_TYPE)
    checkpoint = decode_checkpoint(fields.take("checkpoint"))
    cosigned_checkpoint = CosignedCheckpoint(
        checkpoint, decode_cosignatures(fields.take_array("cosignatures", MAX_COSIGNERS))
    )
    fields.close()
    return cosigned_checkpoint


def read_cosigned(data: bytes) -> CosignedCheckpoint:
    """Read the file of a checkpoint with its cosignatures. Raises: MalformedInput, NewerFormat, LimitExceeded."""
    if len(data) > MAX_TRUST_BYTES:
        raise LimitExceeded(f"a checkpoint has {MAX_TRUST_BYTES} bytes at most, not {len(data)}")
    return decode_cosigned(decode_json(data))


def decode_fork(value: Json) -> Fork:
    """Read evidence of a fork. Raises: MalformedInput where the two do not contradict each other."""
    fields = Fields(value, "fork")
    fields.take_type(FORK_TYPE)
    fork = Fork(decode_cosigned(fields.take("first")), decode_cosigned(fields.take("second")))
    fields.close()
    if find_contradiction(fork.first_checkpoint.checkpoint, fork.second_checkpoint.checkpoint) is None:
        raise MalformedInput("the two checkpoints do not contradict each other")
    return fork
