"""How many connections to PostgreSQL servers a node asks for."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from anchoring.limits import SERVER_CONNECTIONS, WORKER_CONNECTIONS
from api.node.parts import ANCHORER, API, FOLLOWER, MONITOR

if TYPE_CHECKING:
    from api.node.settings import Settings


def count_connections(settings: "Settings", processes: Iterable[str]) -> Mapping[str, int]:
    """Return how many connections processes of these parts open at most, all together, by the hosts of each server.

    Files of SQLite are no server. Raises: AnchoringError for a URL that is none.
    """
    from anchoring.database.engine import name_server

    register, replica, checkpoints = settings.register_url, settings.replica_url, settings.checkpoints_url
    databases = {
        API: (register, replica, checkpoints),
        FOLLOWER: (replica, checkpoints),
        ANCHORER: (register, replica),
        MONITOR: (replica, checkpoints),
    }
    counts = Counter[str]()
    for part in processes:
        for url in databases[part]:
            if url and (server := name_server(url)):
                counts[server] += SERVER_CONNECTIONS if part == API else WORKER_CONNECTIONS
    return counts
