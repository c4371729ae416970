"""The port of a node, for one process or several, and room for its connections.

The kernel gives each new connection to one of them.
"""

import errno
import resource
import socket
import time
from typing import Final

from api.limits import OPEN_FILES
from api.node.errors import SettingsError

# Until the processes of a node that was just killed are gone.
_PATIENCE_SECONDS: Final = 5.0
# Between two looks at the port.
_TICK_SECONDS: Final = 0.1


def shared_socket(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address that the node's other processes bind too. Raises: OSError."""
    bound = _socket(host)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((host, port))
    return bound


def check_free(host: str, port: int) -> None:
    """Check that nobody listens there yet: a second node would silently get half of the requests. Raises: SettingsError."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with _socket(host) as probe:
            try:
                probe.bind((host, port))
                return
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > until:
                    raise SettingsError(
                        f"`listen`: {host}:{port} cannot be used ({error.strerror}): does this node run already?"
                    ) from error
        time.sleep(_TICK_SECONDS)


def raise_open_files() -> None:
    """Let this process have as many descriptors as it needs, or as the machine allows: each connection takes one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _socket(host: str) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made
