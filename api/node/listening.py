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

_IN_USE_ADVICE: Final = "does this node run already? Stop what uses the port, or change `listen`"
_OTHER_ADDRESS_ADVICE: Final = (
    "change `listen` to an address of this machine and a port that this user may use"
)
# A name such as `localhost` also stands for addresses of a protocol that the machine does not have.
_ABSENT_ADDRESS_ERRNOS: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
# Until the processes of a node that was just killed are gone.
_PATIENCE_SECONDS: Final = 5.0
# Between two looks at the port.
_TICK_SECONDS: Final = 0.1


def bind_shared(host: str, port: int) -> list[socket.socket]:
    """Return a socket for each address of a host, which the node's other processes can bind too. Raises: SettingsError."""
    return _bind_in_time(host, port, is_shared=True)


def check_free(host: str, port: int) -> None:
    """Check that nobody listens there yet: a second node would silently get half of the requests. Raises: SettingsError."""
    _close(_bind_in_time(host, port, is_shared=False))


def _bind_in_time(host: str, port: int, is_shared: bool) -> list[socket.socket]:
    """Bind, after a while where the port is in use; who has it then has it for longer. Raises: SettingsError."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return _bind(host, port, is_shared)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                advice = _IN_USE_ADVICE if error.errno == errno.EADDRINUSE else _OTHER_ADDRESS_ADVICE
                raise SettingsError(
                    f"`listen`: {host}:{port} cannot be used ({error.strerror}): {advice}"
                ) from error
        time.sleep(_TICK_SECONDS)


def raise_open_files() -> None:
    """Let this process have as many descriptors as it needs, or as the machine allows: each connection takes one."""
    soft_limit, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed_files = OPEN_FILES if hard_limit == resource.RLIM_INFINITY else min(OPEN_FILES, hard_limit)
    if soft_limit != resource.RLIM_INFINITY and soft_limit < needed_files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed_files, hard_limit))


def _bind(host: str, port: int, is_shared: bool) -> list[socket.socket]:
    """Return a socket for each address of a host that this machine has, one at least. Raises: OSError."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    bind_error = OSError(errno.EADDRNOTAVAIL, "no such address")
    listeners: list[socket.socket] = []
    for family, _, _, _, address in addresses:
        try:
            listeners.append(_bind_one(family, address, is_shared))
        except OSError as error:
            if error.errno not in _ABSENT_ADDRESS_ERRNOS:
                _close(listeners)
                raise
            bind_error = error
    if not listeners:
        raise bind_error
    return listeners


def _bind_one(family: int, address: tuple[object, ...], is_shared: bool) -> socket.socket:
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # IPv4 has a socket of its own
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _close(listeners: list[socket.socket]) -> None:
    for listener in listeners:
        listener.close()
