"""The processes that a node of these settings has, by name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

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
    if settings.watched or settings.node_key:
        parts.append(MONITOR)
    return parts


def list_reporting_parts(settings: "Settings") -> Sequence[str]:
    """Return the parts that report how they are: all but those that answer HTTP, which show it by answering."""
    return list_parts(settings)[1:]
