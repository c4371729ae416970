"""Trust files: the cosigners whom a verifier believes, and how many of them must sign.

Pinned by whoever verifies, never taken from a snapshot: keys that come along with what they vouch for vouch
for nothing. Two different cities at least must have signed, so no city is believed alone, the one that
exported a snapshot included. Format: docs/formats/trust-file.md.
"""

from dataclasses import dataclass
from typing import Final

from ledger.crypto.keys import PublicKey, public_key
from ledger.encoding.canonical import Json
from ledger.encoding.canonical import decode as decode_json
from ledger.encoding.fields import Fields, parse_hex
from ledger.errors import LimitExceeded, MalformedInput, SnapshotRefused
from ledger.registry.checkpoints import MAX_COSIGNERS, MAX_TRUST_BYTES, Cosigned

TYPE: Final = "shunzheng/trust/1"
LEAST_COSIGNERS: Final = 2  # one would be a city that is believed alone


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A city, as this file names it, and the key of its node."""

    name: str
    key: PublicKey


@dataclass(frozen=True, slots=True)
class TrustFile:
    """The registry that is trusted, the cosigners that count, and how many of them must have signed."""

    registry: str
    cosigners: tuple[Cosigner, ...]
    threshold: int

    def check(self, cosigned: Cosigned) -> tuple[str, ...]:
        """Return the names of the cosigners that signed; cosignatures by other keys do not count.

        Raises: SnapshotRefused with `other_registry`, `cosignature_bad` or `below_threshold`.
        """
        checkpoint = cosigned.checkpoint
        if checkpoint.registry != self.registry:
            raise SnapshotRefused(
                "other_registry", f"it is of {checkpoint.registry}, the trust file of {self.registry}"
            )
        known = {cosigner.key.id: cosigner for cosigner in self.cosigners}
        message, names = checkpoint.encode(), []
        for cosignature in cosigned.cosignatures:
            cosigner = known.get(cosignature.key)
            if cosigner is None:
                continue
            if not cosigner.key.verify(message, cosignature.signature):
                raise SnapshotRefused(
                    "cosignature_bad", f"the signature by {cosigner.name} is not of this checkpoint"
                )
            names.append(cosigner.name)
        if len(names) < self.threshold:
            signed = ", ".join(names) or "none of them"
            raise SnapshotRefused(
                "below_threshold",
                f"{self.threshold} of {len(known)} cosigners of the trust file must have signed; {signed} did",
            )
        return tuple(names)

    def to_json(self) -> dict[str, Json]:
        cosigners: list[Json] = [
            {"name": cosigner.name, "key": cosigner.key.spki.hex()} for cosigner in self.cosigners
        ]
        return {
            "type": TYPE,
            "registry": self.registry,
            "cosigners": cosigners,
            "threshold": self.threshold,
        }


def read_trust_file(data: bytes) -> TrustFile:
    """Read a trust file. Raises: MalformedInput, NewerFormat, LimitExceeded."""
    if len(data) > MAX_TRUST_BYTES:
        raise LimitExceeded(f"a trust file has {MAX_TRUST_BYTES} bytes at most, not {len(data)}")
    fields = Fields(decode_json(data), "trust file")
    fields.type(TYPE)
    registry = fields.text("registry")
    cosigners = tuple(_cosigner(value) for value in fields.array("cosigners", MAX_COSIGNERS))
    for what, distinct in (
        ("names", {cosigner.name for cosigner in cosigners}),
        ("keys", {cosigner.key for cosigner in cosigners}),
    ):
        if len(distinct) < len(cosigners):
            raise MalformedInput(f"the {what} of the cosigners must be different: nobody counts twice")
    if len(cosigners) < LEAST_COSIGNERS:
        raise MalformedInput("a trust file names two cosigners at least: no city is believed alone")
    threshold = majority(len(cosigners))
    if fields.has("threshold"):
        threshold = fields.integer("threshold", LEAST_COSIGNERS, len(cosigners))
    fields.close()
    return TrustFile(registry, cosigners, threshold)


def majority(count: int) -> int:
    """Return how many of `count` are more than half."""
    return count // 2 + 1


def _cosigner(value: Json) -> Cosigner:
    fields = Fields(value, "cosigner")
    cosigner = Cosigner(fields.text("name"), fields.parsed("key", lambda text: public_key(parse_hex(text))))
    fields.close()
    return cosigner
