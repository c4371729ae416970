"""How many connections to PostgreSQL servers a node asks for."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from anchoring.limits import SERVER_CONNECTIONS, WORKER_CONNECTIONS
from api.node.parts import ANCHORER, API, FOLLOWER, MONITOR

if TYPE_CHECKING:
    from api.node.settings import Settings


def count_connections(settings: "Settings", process_parts: Iterable[str]) -> Mapping[str, int]:
    """Return how many connections processes of these parts open at most, all together, by the hosts of each server.

    Files of SQLite are no server. Raises: AnchoringError for a URL that is none.
    """
    from anchoring.database.engine import name_server

    register_url, replica_url, checkpoints_url = (
        settings.register_url,
        settings.replica_url,
        settings.checkpoints_url,
    )
    urls_by_part = {
        API: (register_url, replica_url, checkpoints_url),
        FOLLOWER: (replica_url, checkpoints_url),
        ANCHORER: (register_url, replica_url),
        MONITOR: (replica_url, checkpoints_url),
    }
    counts_by_server = Counter[str]()
    for part in process_parts:
        for url in urls_by_part[part]:
            if url and (server := name_server(url)):
                counts_by_server[server] += SERVER_CONNECTIONS if part == API else WORKER_CONNECTIONS
    return counts_by_server
