"""Tell which city each key of a node belongs to: votes are those of cities, not of keys."""

from collections.abc import Iterator

from anchoring.replica.reading import ReplicaView
from ledger.registry.trust import NODE, KeyState


def find_node_cities(view: ReplicaView) -> dict[bytes, str | None]:
    """Return the log that each key of a node belongs to, by the key's id; None for one that was reported stolen."""
    return {
        key.id: key.log if key.compromised_since is None else None for key in find_declared_node_keys(view)
    }


def count_node_cities(view: ReplicaView) -> int:
    """Return how many logs have declared the key of a node."""
    return len({key.log for key in find_declared_node_keys(view)})


def find_declared_node_keys(view: ReplicaView) -> Iterator[KeyState]:
    """Yield every key that was registered as a node's."""
    return (key for key in view.list_keys() if key.purpose == NODE)
