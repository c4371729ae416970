"""Trust files: the cosigners whom a verifier believes, and how many of them must sign.

Pinned by whoever verifies, never taken from a snapshot: keys that come along with what they vouch for vouch
for nothing. Two different cities at least must have signed, so no city is believed alone, the one that
exported a snapshot included. Keys of one name are of one city, which has one vote however many of them signed.
Format: docs/formats/trust-file.md.
"""

from dataclasses import dataclass
from typing import Final

from ledger.crypto.keys import PublicKey, decode_public_key
from ledger.encoding.canonical import Json
from ledger.encoding.canonical import decode as decode_json
from ledger.encoding.fields import Fields, parse_hex
from ledger.errors import LimitExceeded, MalformedInput, SnapshotRefused
from ledger.registry.checkpoints import MAX_COSIGNERS, MAX_TRUST_BYTES, CosignedCheckpoint

TYPE: Final = "shunzheng/trust/1"
MIN_CITIES: Final = 2  # one would be a city that is believed alone


@dataclass(frozen=True, slots=True)
class TrustedCosigner:
    """A city, as this file names it, and the key of its node, or one of several."""

    name: str
    key: PublicKey


@dataclass(frozen=True, slots=True)
class TrustFile:
    """The registry that is trusted, the cosigners that count, and how many of their cities must have signed."""

    registry: str
    cosigners: tuple[TrustedCosigner, ...]
    threshold: int

    def check(self, cosigned_checkpoint: CosignedCheckpoint) -> tuple[str, ...]:
        """Return the names of the cities that signed, each once; cosignatures by other keys do not count.

        Raises: SnapshotRefused with `older_format`, `other_registry`, `cosignature_bad` or `below_threshold`.
        """
        checkpoint = cosigned_checkpoint.checkpoint
        if checkpoint.roots is None:
            raise SnapshotRefused(
                "older_format",
                "its checkpoint is of version 1, which names no roots: take a newer one from a node of this release",
            )
        if checkpoint.registry != self.registry:
            raise SnapshotRefused(
                "other_registry", f"it is of {checkpoint.registry}, the trust file of {self.registry}"
            )
        cosigner_by_key_id = {cosigner.key.id: cosigner for cosigner in self.cosigners}
        message, signing_city_names = checkpoint.encode(), dict[str, None]()
        for cosignature in cosigned_checkpoint.cosignatures:
            cosigner = cosigner_by_key_id.get(cosignature.key_id)
            if cosigner is None:
                continue
            if not cosigner.key.verify(message, cosignature.signature):
                raise SnapshotRefused(
                    "cosignature_bad", f"the signature by {cosigner.name} is not of this checkpoint"
                )
            signing_city_names[cosigner.name] = None
        if len(signing_city_names) < self.threshold:
            raise SnapshotRefused(
                "below_threshold",
                f"{self.threshold} of the {len(self.city_names)} cities of the trust file must have signed; "
                f"{', '.join(signing_city_names) or 'none of them'} did",
            )
        return tuple(signing_city_names)

    @property
    def city_names(self) -> frozenset[str]:
        """The names of the cities, each once."""
        return frozenset(cosigner.name for cosigner in self.cosigners)

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
    fields.take_type(TYPE)
    registry = fields.take_text("registry")
    cosigners = tuple(_read_cosigner(value) for value in fields.take_array("cosigners", MAX_COSIGNERS))
    if len({cosigner.key for cosigner in cosigners}) < len(cosigners):
        raise MalformedInput("the keys of the cosigners must be different: nobody counts twice")
    city_count = len({cosigner.name for cosigner in cosigners})
    if city_count < MIN_CITIES:
        raise MalformedInput("a trust file names two cities at least: no city is believed alone")
    threshold = count_majority(city_count)
    if fields.has("threshold"):
        threshold = fields.take_integer("threshold", MIN_CITIES, city_count)
    fields.close()
    return TrustFile(registry, cosigners, threshold)


def count_majority(count: int) -> int:
    """Return how many of `count` are more than half."""
    return count // 2 + 1


def _read_cosigner(value: Json) -> TrustedCosigner:
    fields = Fields(value, "cosigner")
    cosigner = TrustedCosigner(
        fields.take_text("name"), fields.take_parsed("key", lambda text: decode_public_key(parse_hex(text)))
    )
    fields.close()
    return cosigner
