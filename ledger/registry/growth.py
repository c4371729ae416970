"""Growths 延续证明: they show that a later checkpoint goes on from an earlier one.

Believed for where they lead: from the roots of the one to those of the other, in both suites.
Format: docs/formats/checkpoint.md.
"""

from dataclasses import dataclass
from typing import Final

from ledger.crypto.append_only import MAX_CONSISTENCY_PATH, check_consistency
from ledger.crypto.suites import SHA256, SM3
from ledger.encoding.canonical import MAX_INTEGER, Json
from ledger.encoding.canonical import decode as decode_json
from ledger.encoding.fields import Fields
from ledger.errors import LimitExceeded, MalformedInput
from ledger.registry.checkpoints import Checkpoint

TYPE: Final = "shunzheng/growth/1"
# Two proofs of 41 elements take 6 kB.
MAX_GROWTH_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Growth:
    """The consistency proofs, of hashes of 32 bytes, from event `old_number` to event `event_number` in both trees."""

    registry: str
    old_number: int
    event_number: int
    sm3: tuple[bytes, ...]
    sha256: tuple[bytes, ...]

    def to_json(self) -> dict[str, Json]:
        return {
            "type": TYPE,
            "registry": self.registry,
            "since": self.old_number,
            "n": self.event_number,
            "sm3": [hash_.hex() for hash_ in self.sm3],
            "sha256": [hash_.hex() for hash_ in self.sha256],
        }

    def check(self, old_checkpoint: Checkpoint, checkpoint: Checkpoint) -> None:
        """Check that `checkpoint` goes on from `old_checkpoint`. Raises: MalformedInput where that is not shown."""
        numbers = old_checkpoint.event_number, checkpoint.event_number
        registries = {self.registry, old_checkpoint.registry, checkpoint.registry}
        if len(registries) > 1 or numbers != (self.old_number, self.event_number):
            raise MalformedInput(
                f"the growth is from event {self.old_number} to event {self.event_number} of {self.registry}: "
                f"ask for one from event {numbers[0]} to event {numbers[1]} of {checkpoint.registry}"
            )
        old_roots, roots = old_checkpoint.roots, checkpoint.roots
        if old_roots is None or roots is None:
            raise MalformedInput("a checkpoint of version 1 names no roots: take newer ones")
        check_consistency(SM3, numbers[0], old_roots.events_sm3, numbers[1], roots.events_sm3, self.sm3)
        check_consistency(
            SHA256, numbers[0], old_roots.events_sha256, numbers[1], roots.events_sha256, self.sha256
        )


def read_growth(data: bytes) -> Growth:
    """Read the file of a growth. Raises: MalformedInput, NewerFormat, LimitExceeded."""
    if len(data) > MAX_GROWTH_BYTES:
        raise LimitExceeded(f"a growth has {MAX_GROWTH_BYTES} bytes at most, not {len(data)}")
    fields = Fields(decode_json(data), "growth")
    fields.take_type(TYPE)
    growth = Growth(
        registry=fields.take_text("registry"),
        old_number=fields.take_integer("since", 1, MAX_INTEGER),
        event_number=fields.take_integer("n", 1, MAX_INTEGER),
        sm3=fields.take_hashes("sm3", MAX_CONSISTENCY_PATH),
        sha256=fields.take_hashes("sha256", MAX_CONSISTENCY_PATH),
    )
    fields.close()
    return growth
