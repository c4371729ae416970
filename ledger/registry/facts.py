"""The facts that a light verifier needs, each a leaf of a tree that follows from the events.

A leaf is a canonical JSON object under the hash of its name. What a newer one replaces and may still be asked for
stays under a name of its own, and the newer one says which: a leaf never grows, whatever a city writes into the registry.
Format and rules: docs/formats/facts.md.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias, cast

from ledger.crypto.key_trees import KeyProof
from ledger.crypto.suites import SM3, Suite
from ledger.encoding import times
from ledger.encoding.canonical import Json, decode_canonical, encode_canonical
from ledger.registry.status import Status
from ledger.registry.trust import (
    PURPOSES,
    Anchor,
    Division,
    Fact,
    Governance,
    Grant,
    IssuerAssignment,
    KeyState,
    LogState,
    PositionStatus,
)

#: Of the rules by which facts follow from events; raised with any change of what a leaf says.
RULES_VERSION: Final = 1
#: Of the tree: it is for domestic verifiers alone.
SUITE: Final[Suite] = SM3
#: Where nothing happened yet; a moment otherwise.
NEVER: Final = ""

_PURPOSE_NAMES: Final = {number: name for name, number in PURPOSES.items()}

Leaf: TypeAlias = dict[str, Json]
#: A kind of fact and what tells it from others of this kind.
Name: TypeAlias = tuple[str, ...]


def make_key(name: Name) -> bytes:
    """Return the 32-byte key under which the leaf of that name stands."""
    return SUITE.hash(encode_canonical(list(name)))


def hash_leaf(data: bytes) -> bytes:
    """Return the 32-byte digest of a leaf's bytes, which stands under its key."""
    return SUITE.hash(data)


def describe_proof(name: Name, data: bytes | None, proof: KeyProof) -> Leaf:
    """Return a fact with the way up to the root, or what shows that there is none of that name."""
    proof_json: Leaf = {"name": list(name), "path": [hash_.hex() for hash_ in proof.path]}
    if data is not None:
        return proof_json | {"fact": decode_canonical(data)}
    if proof.leaf:
        leaf_key, leaf_digest = proof.leaf
        proof_json["other"] = {"key": leaf_key.hex(), "digest": leaf_digest.hex()}
    return proof_json


def list_read_keys(facts: Iterable[Fact]) -> set[bytes]:
    """Return the keys of the leaves that `derive_leaves` reads: anchors are made once, and change their logs."""
    return {make_key(("log", fact.log) if isinstance(fact, Anchor) else name_fact(fact)) for fact in facts}


def list_anchor_keys(facts: Iterable[Fact]) -> set[bytes]:
    """Return the keys of the leaves of anchors, which nothing reads: they are made anew from the anchors."""
    return {make_key(name_fact(fact)) for fact in facts if isinstance(fact, Anchor)}


def derive_leaves(facts: Iterable[Fact], stored_leaves: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return key and bytes of every leaf that the facts of one event make or change, given those of `list_read_keys`."""
    leaves: dict[bytes, bytes] = {}
    for fact in facts:
        name = name_fact(fact)
        key = make_key(name)
        old_data = leaves.get(key, stored_leaves.get(key))
        old_leaf = cast(Leaf, decode_canonical(old_data)) if old_data is not None else None
        leaf = _make_leaf(fact, old_leaf)
        if old_leaf is not None and "number" in leaf:
            leaves[make_key((*name, str(old_leaf["number"])))] = cast(bytes, old_data)
        leaves[key] = encode_canonical(leaf)
        if isinstance(fact, Anchor) and not fact.void_reason:
            log_key = make_key(("log", fact.log))
            log_leaf = cast(Leaf, decode_canonical(leaves.get(log_key) or stored_leaves[log_key]))
            leaves[log_key] = encode_canonical(log_leaf | {"good_sequence": fact.sequence})
    return leaves


def name_fact(fact: Fact) -> Name:
    """Return the name under which the newest fact of its sort stands."""
    match fact:
        case Governance():
            return ("governance",)
        case Division():
            return ("division", fact.division)
        case LogState():
            return ("log", fact.name)
        case IssuerAssignment():
            return ("issuer", fact.issuer)
        case KeyState():
            return ("key", "0x" + fact.id.hex())
        case Grant():
            return ("grant", "0x" + fact.key_id.hex(), fact.issuer)
        case Anchor():
            return ("anchor", fact.log, str(fact.sequence))
        case PositionStatus():
            return ("position", fact.log, str(fact.position))


def _make_leaf(fact: Fact, old_leaf: Leaf | None) -> Leaf:
    match fact:
        case Governance():
            return {"fact": "governance", "province": fact.province, "successor": fact.successor}
        case Division():
            return {"fact": "division", "division": fact.division, "log": fact.log}
        case LogState():
            return _make_log_leaf(fact, old_leaf)
        case IssuerAssignment():
            leaf: Leaf = {"fact": "issuer", "issuer": fact.issuer, "log": fact.log, "n": fact.event_number}
            return leaf | _number(old_leaf)
        case KeyState():
            return _make_key_leaf(fact)
        case Grant():
            return _make_grant_leaf(fact) | _number(old_leaf)
        case Anchor():
            return make_anchor_leaf(fact)
        case PositionStatus():
            return _make_position_leaf(fact, old_leaf)


def _number(old_leaf: Leaf | None) -> Leaf:
    """Count facts of one name from 1; those before the newest stand under their numbers."""
    return {"number": cast(int, old_leaf["number"]) + 1 if old_leaf else 1}


def _make_log_leaf(log: LogState, old_leaf: Leaf | None) -> Leaf:
    return {
        "fact": "log",
        "log": log.name,
        "suite": log.suite.name,
        "n": log.event_number,
        "status_known": log.is_status_known,
        "sequence": log.sequence,
        "size": log.size,
        "good_sequence": old_leaf["good_sequence"] if old_leaf else 0,
        "anchored_at": times.format_time(log.anchored_at) if log.anchored_at else NEVER,
    }


def _make_key_leaf(key: KeyState) -> Leaf:
    return {
        "fact": "key",
        "key": "0x" + key.id.hex(),
        "spki": key.spki.hex(),
        "purpose": _PURPOSE_NAMES.get(key.purpose, str(key.purpose)),
        "log": key.log,
        "n": key.event_number,
        "retired_at": _write_moment(key.retired_at),
        "compromised_since": _write_moment(key.compromised_since),
    }


def _write_moment(moment: int | None) -> str:
    """Write a moment that an act names as its seconds: 64 bits, which may lie beyond the years that can be spelled."""
    return NEVER if moment is None else str(moment)


def _make_grant_leaf(grant: Grant) -> Leaf:
    return {
        "fact": "grant",
        "key": "0x" + grant.key_id.hex(),
        "issuer": grant.issuer,
        "n": grant.event_number,
        "kinds": grant.kinds,
        "types": list(grant.types),
        "not_before": _write_moment(grant.not_before),
        "not_after": _write_moment(grant.not_after),
    }


def make_anchor_leaf(anchor: Anchor) -> Leaf:
    """Return the leaf of an anchor. Why it is void is for each program to say; that it is void is the same for all."""
    return {
        "fact": "anchor",
        "log": anchor.log,
        "sequence": anchor.sequence,
        "n": anchor.event_number,
        "block": anchor.block_number,
        "time": times.format_time(anchor.time),
        "size_before": anchor.size_before,
        "size": anchor.size,
        "root": anchor.root.hex(),
        "status_root": anchor.status_root.hex(),
        "void": bool(anchor.void_reason),
    }


def _make_position_leaf(change: PositionStatus, old_leaf: Leaf | None) -> Leaf:
    """The newest reinstatement stands with every later change: a suspension that was lifted does not hide it."""
    number_leaf = _number(old_leaf)
    reinstatement = old_leaf["reinstatement"] if old_leaf else 0
    if change.status is Status.REINSTATED:
        reinstatement = number_leaf["number"]
    leaf: Leaf = {
        "fact": "position",
        "log": change.log,
        "position": change.position,
        "sequence": change.sequence,
        "since": times.format_time(change.since),
        "status": change.status.name.lower(),
        "contradictory": change.is_contradictory,
        "reinstatement": reinstatement,
    }
    return leaf | number_leaf
