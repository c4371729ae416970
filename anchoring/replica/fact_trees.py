"""The tree over a replica's facts, as it is stored, and the check that it follows from them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection

from anchoring.database.bulk import select_many
from anchoring.errors import NotFound, Quarantined
from anchoring.limits import CHECKPOINT_SECONDS
from anchoring.replica.reading import ReplicaView
from anchoring.replica.tables import FACT_BEFORE, FACT_ROOT, LEAF, PAGE
from ledger.crypto.key_trees import KeyProof, KeyTree, walk_pages
from ledger.crypto.keys import keccak256
from ledger.crypto.suites import DIGEST_BYTES
from ledger.encoding.canonical import encode_canonical
from ledger.errors import MalformedInput
from ledger.registry.facts import (
    SUITE,
    Name,
    derive_leaves,
    hash_leaf,
    list_anchor_keys,
    make_anchor_leaf,
    make_key,
)
from ledger.registry.trust import Fact

#: Name of a table, the place in it, and what is wrong there.
Fault = tuple[str, str, str]


def count_periods(time: int) -> int:
    """Return how many periods from checkpoint to checkpoint ended, between 1970 and a block's time."""
    return time // CHECKPOINT_SECONDS


def read_leaves(connection: Connection, keys: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return the stored leaves by their keys; those that are not there are left out."""
    rows = select_many(connection, LEAF.c.key, [key.hex() for key in keys])
    return {bytes.fromhex(row["key"]): row["data"] for row in rows}


def read_pages(connection: Connection, prefixes: Collection[str]) -> Mapping[str, bytes]:
    """Return the stored pages by their prefixes; those that are not there are left out."""
    return {row["prefix"]: row["content"] for row in select_many(connection, PAGE.c.prefix, list(prefixes))}


def _read_before(connection: Connection, period: int, places: Collection[str]) -> Mapping[str, bytes]:
    """Return what stood at places of the tree when a period ended, where it was replaced since."""
    rows = select_many(connection, FACT_BEFORE.c.place, list(places))
    later_rows = sorted(
        (row for row in rows if row["period"] > period), key=lambda row: row["period"], reverse=True
    )
    return {row["place"]: row["content"] for row in later_rows}


class FactProver:
    """Shows facts as of event `n`: the newest one, or the last before a checkpoint of the last hours."""

    def __init__(self, view: ReplicaView, n: int) -> None:
        """Raises: NotFound where the tree as of that event is not kept; Quarantined where it is damaged."""
        self._view, self._n = view, n
        self._period = count_periods(view.find_time(n))
        self._tree = KeyTree(SUITE, self._read_pages)
        self.root: Final = view.fact_root(n)
        with _telling_damage():
            is_kept = self._tree.root() == self.root
        if not is_kept and n == view.cursor.event_number:
            raise Quarantined(describe_damage("the tree over its facts does not lead to their root"))
        if not is_kept:
            raise NotFound(
                f"the facts as of event {n} are not kept: take a newer checkpoint, or event {view.cursor.event_number}"
            )

    def prove(self, name: Name) -> tuple[bytes | None, KeyProof]:
        """Return the bytes of a leaf, None where there is none, and the proof of either. Raises: Quarantined."""
        key = make_key(name)
        with _telling_damage():
            proof = self._tree.prove(key)
            if proof.leaf is None or proof.leaf[0] != key:
                return None, proof
            data = self._read_leaf(name, key)
            if data is None or hash_leaf(data) != proof.leaf[1]:
                raise MalformedInput(f"the leaf of {' '.join(name)} is missing or altered")
        return data, proof

    def _read_leaf(self, name: Name, key: bytes) -> bytes | None:
        connection = self._view.connection
        leaves_before = _read_before(connection, self._period, [key.hex()])
        return (
            leaves_before.get(key.hex())
            or read_leaves(connection, [key]).get(key)
            or _make_anchor_data(self._view, name)
        )

    def _read_pages(self, prefixes: Collection[str]) -> Mapping[str, bytes]:
        connection = self._view.connection
        return {**read_pages(connection, prefixes), **_read_before(connection, self._period, prefixes)}


@contextmanager
def _telling_damage() -> Iterator[None]:
    try:
        yield
    except MalformedInput as error:
        raise Quarantined(describe_damage(str(error))) from error


def _make_anchor_data(view: ReplicaView, name: Name) -> bytes | None:
    """Return the bytes of the leaf of an anchor, which is made of the anchor itself."""
    kind, *parts = name
    if kind != "anchor" or len(parts) != 2 or not parts[1].isdecimal():
        return None
    anchor = view.find_anchor(parts[0], int(parts[1]))
    return encode_canonical(make_anchor_leaf(anchor)) if anchor else None


def describe_damage(fault: str) -> str:
    return f"the replica is damaged: {fault}. Stop the node, delete the replica and start again: it is followed anew"


class ExpectedFacts:
    """What the tree over the facts must hold. Anchors are summed up as they come, every other leaf is held in memory."""

    def __init__(self) -> None:
        self._leaves: dict[bytes, bytes] = {}
        self._anchor_sum = 0

    def take(self, new_facts: Sequence[Fact]) -> None:
        """Take the facts of the next event."""
        anchor_keys = list_anchor_keys(new_facts)
        for key, data in derive_leaves(new_facts, self._leaves).items():
            if key in anchor_keys:
                self._anchor_sum += _sum_entry(key + hash_leaf(data))
            else:
                self._leaves[key] = data

    def find_faults(self, view: ReplicaView) -> Iterator[Fault]:
        """Compare the stored leaves, pages and newest root with the facts."""
        yield from self._find_leaf_faults(view)
        try:
            entry_sum, root = _sum_pages(view)
        except MalformedInput as error:
            yield PAGE.name, "pages", str(error)
            return
        leaf_sums = (_sum_entry(key + hash_leaf(data)) for key, data in self._leaves.items())
        if entry_sum != self._anchor_sum + sum(leaf_sums):
            yield PAGE.name, "pages", "they do not hold the leaves that the facts make"
        elif view.cursor.event_number and view.fact_root(view.cursor.event_number) != root:
            yield FACT_ROOT.name, f"n {view.cursor.event_number}", "it is not the root of the facts"

    def _find_leaf_faults(self, view: ReplicaView) -> Iterator[Fault]:
        missing_keys = {key.hex() for key in self._leaves}
        for row in view.walk_rows(LEAF):
            key = row["key"]
            if key not in missing_keys:
                yield LEAF.name, f"key {key}", "no event makes it"
            elif row["data"] != self._leaves[bytes.fromhex(key)]:
                yield LEAF.name, f"key {key}", "it is not what the events make"
            missing_keys.discard(key)
        for key in sorted(missing_keys):
            yield LEAF.name, f"key {key}", "the events make it, and it is not there"


def _sum_pages(view: ReplicaView) -> tuple[int, bytes]:
    """Return the sum over all leaves in the pages of the tree, and its root. Raises: MalformedInput."""
    entry_sum, root = 0, b""
    for entry in walk_pages(SUITE, view.walk_fact_pages()):
        if len(entry) == DIGEST_BYTES:
            root = entry
        else:
            entry_sum += _sum_entry(entry)
    return entry_sum, root


def _sum_entry(entry: bytes) -> int:
    return int.from_bytes(keccak256(entry), "big")
