"""The processes that a node of these settings has, by name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from api.node.errors import SettingsError

if TYPE_CHECKING:
    from api.node.settings import Settings

API: Final = "api"
FOLLOWER: Final = "follower"
ANCHORER: Final = "anchorer"
MONITOR: Final = "monitor"


def list_parts(settings: "Settings") -> Sequence[str]:
    """Return the parts of a node, the one that answers HTTP first."""
    parts = [API, FOLLOWER]
    if settings.log:
        parts.append(ANCHORER)
    if settings.watched_peers or settings.node_key:
        parts.append(MONITOR)
    return parts


def choose_parts(settings: "Settings", part_names: Sequence[str] | None) -> Sequence[str]:
    """Return those parts of the node that are wanted, all where nothing is said. Raises: SettingsError."""
    parts = list_parts(settings)
    if unknown_parts := [part for part in part_names or () if part not in parts]:
        raise SettingsError(
            f"--parts names {unknown_parts[0]}, which this node does not have: it has {', '.join(parts)}"
        )
    return [part for part in parts if part_names is None or part in part_names]


def list_reporting_parts(settings: "Settings") -> Sequence[str]:
    """Return the parts that report how they are: all but those that answer HTTP, which show it by answering."""
    return list_parts(settings)[1:]
