"""The trees over a registry's events, which only grow: one in SM3, one in SHA-256.

The head binds the events to their order and shows nothing of a single one. A path in a tree shows one event to
somebody who holds the root alone, and a consistency proof shows that a later root goes on from an earlier one.
Format: docs/formats/event-trees.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ledger.crypto.append_only import Frontier, count_completed, prove_consistency
from ledger.crypto.suites import DIGEST_BYTES, SHA256, SM3, Suite
from ledger.crypto.trees import hash_leaf
from ledger.registry.acts import Event
from ledger.registry.snapshots import encode_event

#: Both trees have the same leaves: SM3 is for domestic use, SHA-256 for the world's log tools.
SUITES: Final = (SM3, SHA256)


@dataclass(frozen=True, slots=True)
class EventNodes:
    """The hashes of the subtrees that event `n` completes in both trees, joined: the leaf's first, the largest's last."""

    n: int
    sm3: bytes
    sha256: bytes

    def of(self, suite: Suite) -> bytes:
        return self.sm3 if suite is SM3 else self.sha256

    @property
    def is_whole(self) -> bool:
        """Tell whether there are as many hashes as the event completes subtrees."""
        length = count_completed(self.n) * DIGEST_BYTES
        return len(self.sm3) == len(self.sha256) == length


#: Gives the stored nodes of an event by its number.
ReadEventNodes = Callable[[int], EventNodes]


class EventTrees:
    """Both trees as far as event `n`, of which the frontiers alone are held: a hash for each bit of `n`."""

    __slots__ = ("_sha256", "_sm3")

    def __init__(self, n: int = 0, read_nodes: ReadEventNodes | None = None) -> None:
        """Begin both, or go on after event `n` of which, as of those before, the nodes are stored."""
        self._sm3, self._sha256 = (_restore_frontier(suite, n, read_nodes) for suite in SUITES)

    @property
    def n(self) -> int:
        return self._sm3.size

    def complete(self, event: Event) -> EventNodes:
        """Return what `event`, as the next, would complete."""
        sm3_nodes, sha256_nodes = (
            frontier.complete(hash_leaf(frontier.suite, encode_event(event)))
            for frontier in (self._sm3, self._sha256)
        )
        return EventNodes(self.n + 1, b"".join(sm3_nodes), b"".join(sha256_nodes))

    def extend(self, nodes: EventNodes) -> None:
        """Go on by the event of which the nodes are given."""
        for frontier in (self._sm3, self._sha256):
            frontier.extend(_split_nodes(nodes.of(frontier.suite)))

    def append(self, event: Event) -> EventNodes:
        """Go on by the next event, and return what it completes."""
        nodes = self.complete(event)
        self.extend(nodes)
        return nodes

    def root(self, suite: Suite) -> bytes:
        """Return the 32-byte root of the tree in `suite`. Raises: MalformedInput before the first event."""
        return (self._sm3 if suite is SM3 else self._sha256).root()


def prove_growth(suite: Suite, old_n: int, n: int, read_nodes: ReadEventNodes) -> list[bytes]:
    """Return the proof that the tree after event `n` begins with that after `old_n`. Raises: MalformedInput.

    It is checked with `ledger.crypto.append_only.check_consistency`.
    """
    return prove_consistency(suite, old_n, n, lambda *place: _read_node(suite, read_nodes, *place))


def _restore_frontier(suite: Suite, n: int, read_nodes: ReadEventNodes | None) -> Frontier:
    if read_nodes is None:
        return Frontier(suite)
    return Frontier(suite, n, lambda *place: _read_node(suite, read_nodes, *place))


def _read_node(suite: Suite, read_nodes: ReadEventNodes, level: int, number: int) -> bytes:
    """Return the hash of a subtree, which stands with the last event below it."""
    return _split_nodes(read_nodes(number + 1 << level).of(suite))[level]


def _split_nodes(joined_nodes: bytes) -> list[bytes]:
    return [joined_nodes[start : start + DIGEST_BYTES] for start in range(0, len(joined_nodes), DIGEST_BYTES)]
