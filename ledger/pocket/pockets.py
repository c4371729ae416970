"""Pockets 随身凭据: a cosigned checkpoint with the facts that one proof needs.

Whoever holds a trust file verifies with one, and with nothing else: on the word of a threshold of cities, as of the
checkpoint. Format: docs/formats/pocket.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from ledger.crypto.key_trees import MAX_KEY_PATH, KeyProof, root_from_key
from ledger.encoding.canonical import Json, encode_canonical
from ledger.encoding.fields import Fields
from ledger.errors import (
    FactMissing,
    LimitExceeded,
    MalformedInput,
    NewerFormat,
    PocketRefused,
    SnapshotRefused,
)
from ledger.pocket.fact_trust import FactTrust
from ledger.pocket.hashes import decode_hashes, encode_hashes
from ledger.registry.checkpoints import (
    MAX_COSIGNERS,
    Checkpoint,
    CosignedCheckpoint,
    decode_checkpoint,
    decode_cosignatures,
)
from ledger.registry.facts import RULES_VERSION, SUITE, Leaf, Name, hash_leaf, make_key
from ledger.registry.trust import Trust
from ledger.registry.trust_files import TrustFile

TYPE: Final = "shunzheng/pocket/1"
# Facts of one pocket: six for a bare licence, some tens with its seals; a history of changes or grants has more of them.
MAX_FACTS: Final = 256
# Parts of a name: a kind, what tells it from others, and a number.
_MAX_NAME_PARTS: Final = 4
_CITY_SEPARATOR: Final = "、"

#: Why a pocket is not taken, in the order in which it is looked for; docs/formats/pocket.md explains each.
REFUSAL_REASONS: Final = (
    "malformed",
    "newer_format",
    "older_format",
    "other_registry",
    "cosignature_bad",
    "below_threshold",
    "fact_altered",
    "fork",
    "older",
)

#: Gives the leaf of a name, None where there is none, and the proof of either.
ProveFact = Callable[[Name], tuple[Leaf | None, KeyProof]]


@dataclass(frozen=True, slots=True)
class ShownFact:
    """A fact with the way to the root, or without leaf what shows that there is none of that name."""

    name: Name
    leaf: Leaf | None
    proof: KeyProof

    def find_root(self) -> bytes:
        """Return the 32-byte root to which it leads. Raises: MalformedInput where it shows something else."""
        root, digest = root_from_key(SUITE, make_key(self.name), self.proof)
        if digest != (None if self.leaf is None else hash_leaf(encode_canonical(self.leaf))):
            raise MalformedInput("it does not show what it says")
        return root

    def to_json(self) -> Json:
        shown_json: dict[str, Json] = {"name": list(self.name), "path": encode_hashes(self.proof.path)}
        if self.leaf is not None:
            shown_json["fact"] = self.leaf
        elif self.proof.leaf:
            shown_json["other"] = encode_hashes(self.proof.leaf)
        return shown_json


@dataclass(frozen=True, slots=True)
class Pocket:
    """A cosigned checkpoint and facts as of it, one a name."""

    cosigned_checkpoint: CosignedCheckpoint
    facts: tuple[ShownFact, ...]

    @property
    def checkpoint(self) -> Checkpoint:
        return self.cosigned_checkpoint.checkpoint

    @classmethod
    def make(
        cls, cosigned_checkpoint: CosignedCheckpoint, prove_fact: ProveFact, ask: Callable[[Trust], object]
    ) -> Self:
        """Return the pocket with the facts for which `ask` asks: a verification, say. Raises: LimitExceeded."""
        checkpoint, shown_facts = cosigned_checkpoint.checkpoint, dict[Name, ShownFact]()

        def read_leaf(name: Name) -> Leaf | None:
            if name not in shown_facts:
                if len(shown_facts) == MAX_FACTS:
                    raise LimitExceeded(
                        f"a pocket holds {MAX_FACTS} facts at most, and this proof needs more"
                    )
                shown_facts[name] = ShownFact(name, *prove_fact(name))
            return shown_facts[name].leaf

        ask(FactTrust(checkpoint.registry, "pocket", checkpoint.time, read_leaf))
        return cls(cosigned_checkpoint, tuple(shown_facts.values()))

    def open(self, trust_file: TrustFile) -> FactTrust:
        """Return a `Trust` that rests on the cities that signed, once all is checked.

        Raises: PocketRefused.
        """
        try:
            city_names = trust_file.check(self.cosigned_checkpoint)
        except SnapshotRefused as error:
            raise PocketRefused(error.reason, str(error)) from error
        roots = self.checkpoint.roots
        assert roots is not None, "the trust file takes no checkpoint without roots"
        if roots.rules != RULES_VERSION:
            raise PocketRefused(
                "newer_format" if roots.rules > RULES_VERSION else "older_format",
                f"its facts follow by rules of version {roots.rules}, this program knows {RULES_VERSION}: "
                + (
                    "update the program"
                    if roots.rules > RULES_VERSION
                    else "ask for a newer one (shunzheng checkpoint pocket)"
                ),
            )
        leaf_by_name = {shown_fact.name: shown_fact.leaf for shown_fact in self.facts}
        for shown_fact in self.facts:
            _check_fact(shown_fact, roots.facts)

        def read_leaf(name: Name) -> Leaf | None:
            if name not in leaf_by_name:
                raise FactMissing(name)
            return leaf_by_name[name]

        names_in_order = dict.fromkeys(cosigner.name for cosigner in trust_file.cosigners)
        source = f"pocket: {_CITY_SEPARATOR.join(name for name in names_in_order if name in city_names)}"
        return FactTrust(self.checkpoint.registry, source, self.checkpoint.time, read_leaf)

    def to_json(self) -> dict[str, Json]:
        return self.cosigned_checkpoint.to_json() | {
            "type": TYPE,
            "facts": [shown_fact.to_json() for shown_fact in self.facts],
        }


def read_pocket(value: Json) -> Pocket:
    """Read a pocket from decoded JSON. Raises: PocketRefused with `malformed` or `newer_format`."""
    try:
        return _decode_pocket(value)
    except NewerFormat as error:
        raise PocketRefused("newer_format", str(error)) from error
    except MalformedInput as error:
        raise PocketRefused("malformed", f"it is no pocket that can be read: {error}") from error


def _decode_pocket(value: Json) -> Pocket:
    fields = Fields(value, "pocket")
    fields.take_type(TYPE)
    checkpoint = decode_checkpoint(fields.take("checkpoint"))
    cosignatures = decode_cosignatures(fields.take_array("cosignatures", MAX_COSIGNERS))
    facts = tuple(_read_fact(item) for item in fields.take_array("facts", MAX_FACTS))
    fields.close()
    if len({fact.name for fact in facts}) < len(facts):
        raise MalformedInput("a pocket holds one fact of a name")
    return Pocket(CosignedCheckpoint(checkpoint, cosignatures), facts)


def _check_fact(shown_fact: ShownFact, root: bytes) -> None:
    try:
        leads_to_root = shown_fact.find_root() == root
    except MalformedInput:
        leads_to_root = False
    if not leads_to_root:
        raise PocketRefused(
            "fact_altered",
            f"its fact {' '.join(shown_fact.name)} is none of its checkpoint: altered, or of another one",
        )


def _read_fact(value: Json) -> ShownFact:
    fields = Fields(value, "fact")
    parts = fields.take_array("name", _MAX_NAME_PARTS)
    name = tuple(part for part in parts if isinstance(part, str))
    path = decode_hashes(fields.take("path"), MAX_KEY_PATH) if fields.has("path") else ()
    leaf, proof_leaf = None, None
    if fields.has("fact"):
        fact_json = fields.take("fact")
        if not isinstance(fact_json, dict):
            raise MalformedInput("a fact is a JSON object")
        leaf = fact_json
        proof_leaf = make_key(name), hash_leaf(encode_canonical(leaf))
    elif fields.has("other"):
        other_hashes = decode_hashes(fields.take("other"), 2)
        if len(other_hashes) < 2:
            raise MalformedInput("the leaf of another has a key and a digest")
        proof_leaf = other_hashes[0], other_hashes[1]
    fields.close()
    if len(name) < len(parts) or not name:
        raise MalformedInput("the name of a fact is an array of texts")
    return ShownFact(name, leaf, KeyProof(path, proof_leaf))
