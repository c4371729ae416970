"""The worked trees over events and facts of the story: roots, and what they prove."""

from typing import cast

from ledger.crypto.append_only import check_consistency
from ledger.crypto.key_trees import KeyProof, KeyTree, root_from_key
from ledger.crypto.suites import SHA256, SM3
from ledger.encoding.canonical import Json, decode_canonical
from ledger.pocket.pockets import Pocket
from ledger.proof.proof import Proof
from ledger.registry.acts import Event
from ledger.registry.checkpoints import CosignedCheckpoint, Roots
from ledger.registry.event_trees import SUITES, EventTrees, prove_growth
from ledger.registry.facts import (
    RULES_VERSION,
    SUITE,
    Leaf,
    Name,
    derive_leaves,
    describe_proof,
    hash_leaf,
    make_key,
)
from ledger.registry.growth import Growth
from ledger.registry.knowledge import Knowledge
from ledger.registry.trust_files import TrustFile
from ledger.verification.verify import PresentedContent, verify

OLD_N = 6  # of the earlier root
# An anchor; a position whose status it changed; and one whose status never changed, of which there is no fact.
SHOWN_NAMES = [("anchor", "tianmen", "1"), ("position", "tianmen", "0"), ("position", "tianmen", "2")]


def make_blocks(history: list[Event], registry: str, head_zero: bytes) -> dict[str, Json]:
    """Return the blocks about the trees over events and facts of `history`; `head_zero` has 32 bytes."""
    return {
        "event-trees": make_event_block(history),
        "growth": make_growth_block(history, registry),
        "facts": make_fact_block(history, registry, head_zero),
    }


def make_roots(history: list[Event], registry: str, head_zero: bytes) -> Roots:
    """Return the roots of all trees after `history`."""
    event_trees = EventTrees()
    for event in history:
        event_trees.append(event)
    _, tree = make_fact_tree(history, registry, head_zero)
    return Roots(event_trees.root(SM3), event_trees.root(SHA256), tree.root(), RULES_VERSION)


def make_fact_tree(
    history: list[Event], registry: str, head_zero: bytes
) -> tuple[dict[bytes, bytes], KeyTree]:
    """Return the bytes of all leaves by their keys, and the tree over them."""
    knowledge, leaves = Knowledge(registry, head_zero), dict[bytes, bytes]()
    for event in history:
        leaves |= derive_leaves(knowledge.apply(event), leaves)
    tree = KeyTree(SUITE, lambda prefixes: {})
    tree.update({key: hash_leaf(data) for key, data in leaves.items()})
    return leaves, tree


def make_fact_block(history: list[Event], registry: str, head_zero: bytes) -> Json:
    """Return the root of the tree over the facts, a fact with its path, and what shows that another is not there."""
    leaves, tree = make_fact_tree(history, registry, head_zero)
    root = tree.root()
    shown_facts: list[Json] = []
    for name in SHOWN_NAMES:
        key = make_key(name)
        data, proof = leaves.get(key), tree.prove(key)
        digest = None if data is None else hash_leaf(data)
        if root_from_key(SUITE, key, proof) != (root, digest):
            raise SystemExit(f"the proof of {name} does not lead to the root")
        shown_facts.append({"key": key.hex(), **describe_proof(name, data, proof)})
    return {"n": len(history), "rules": RULES_VERSION, "root": SUITE.format(root), "facts": shown_facts}


def make_pocket_block(
    history: list[Event],
    registry: str,
    head_zero: bytes,
    cosigned_checkpoint: CosignedCheckpoint,
    trust_file: TrustFile,
    proof: Proof,
) -> Json:
    """Return the pocket of a proof as of the checkpoint after `history`."""
    leaves, tree = make_fact_tree(history, registry, head_zero)

    def prove_fact(name: Name) -> tuple[Leaf | None, KeyProof]:
        data = leaves.get(make_key(name))
        return None if data is None else cast(Leaf, decode_canonical(data)), tree.prove(make_key(name))

    pocket = Pocket.make(
        cosigned_checkpoint, prove_fact, lambda trust: verify(PresentedContent(), proof, trust, trust.time)
    )
    report = verify(PresentedContent(), proof, pocket.open(trust_file), pocket.checkpoint.time)
    if report.status is None:
        raise SystemExit("the pocket tells no status")
    return pocket.to_json()


def make_growth_block(history: list[Event], registry: str) -> Json:
    """Return the growth from the earlier event to the last of `history`."""
    event_trees = EventTrees()
    all_nodes = [event_trees.append(event) for event in history]
    proofs = [tuple(prove_growth(suite, OLD_N, len(history), lambda n: all_nodes[n - 1])) for suite in SUITES]
    return Growth(registry, OLD_N, len(history), *proofs).to_json()


def make_event_block(history: list[Event]) -> Json:
    """Return the roots of the trees over the events of `history`, and the proof that they go on from earlier ones."""
    event_trees, old_event_trees = EventTrees(), EventTrees()
    all_nodes = [event_trees.append(event) for event in history]
    for event in history[:OLD_N]:
        old_event_trees.append(event)
    roots_json: list[Json] = []
    for suite in SUITES:
        proof_hashes = prove_growth(suite, OLD_N, len(history), lambda n: all_nodes[n - 1])
        old_root, root = old_event_trees.root(suite), event_trees.root(suite)
        check_consistency(suite, OLD_N, old_root, len(history), root, proof_hashes)
        roots_json.append(
            {
                "root": suite.format(root),
                "since": {
                    "n": OLD_N,
                    "root": suite.format(old_root),
                    "consistency": [hash_.hex() for hash_ in proof_hashes],
                },
            }
        )
    return {"n": len(history), "roots": roots_json}
