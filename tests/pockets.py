"""Pockets of a registry in memory, cosigned by the cities of `tests.cosigning`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import cast

from ledger.crypto.key_trees import KeyProof, KeyTree
from ledger.encoding.canonical import decode_canonical, encode_canonical
from ledger.pocket.pockets import Pocket
from ledger.registry.facts import SUITE, Leaf, Name, derive_leaves, hash_leaf, make_key
from ledger.registry.knowledge import Knowledge
from ledger.registry.trust import Trust
from tests.cosigning import NAMES, ROOTS, checkpoint_of, cosigned
from tests.scenes import Registry


def fact_tree(
    registry: Registry, n: int | None = None, made_up: Mapping[Name, Leaf] | None = None
) -> tuple[dict[bytes, bytes], KeyTree]:
    """Return the bytes of the leaves after event `n`, the newest by default, by their keys, and the tree over them.

    `made_up` leaves stand in the place of those that the rules make.
    """
    knowledge, leaves = Knowledge(registry.name, registry.head_zero), dict[bytes, bytes]()
    for event in registry.events[:n]:
        leaves |= derive_leaves(knowledge.apply(event), leaves)
    leaves |= {make_key(name): encode_canonical(leaf) for name, leaf in (made_up or {}).items()}
    tree = KeyTree(SUITE, lambda prefixes: {})
    tree.update({key: hash_leaf(data) for key, data in leaves.items()})
    return leaves, tree


def pocket_of(
    registry: Registry,
    ask: Callable[[Trust], object],
    n: int | None = None,
    *,
    names: Iterable[str] = NAMES,
    time: int | None = None,
    made_up: Mapping[Name, Leaf] | None = None,
) -> Pocket:
    """Return the pocket with the facts for which `ask` asks, as of event `n`, or a later `time` of a block."""
    leaves, tree = fact_tree(registry, n, made_up)

    def prove_fact(name: Name) -> tuple[Leaf | None, KeyProof]:
        data = leaves.get(make_key(name))
        leaf = None if data is None else cast(Leaf, decode_canonical(data))
        return leaf, tree.prove(make_key(name))

    checkpoint = replace(checkpoint_of(registry, n), roots=replace(ROOTS, facts=tree.root()))
    if time is not None:
        checkpoint = replace(checkpoint, time=time)
    return Pocket.make(cosigned(checkpoint, names), prove_fact, ask)
