"""How uvicorn serves a node: with the node's own connections, and within its limits."""

import asyncio
import logging
import resource
import socket
from functools import partial
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from anchoring.processes.board import show_life
from api import limits
from api.http.bounds.connections import UVICORN_LOGGER, Connection, Connections
from api.http.bounds.refusals import Refusals

_TICKS_BETWEEN_SIGNS: Final = 10  # uvicorn's loop has ten a second: it is the loop that must not hang


def configure(app: ASGIApp, refusals: Refusals, **further_settings: Any) -> uvicorn.Config:
    """Return what a server of this application is made from; `further_settings` are uvicorn's."""
    connections = Connections(refusals, max_files=_count_files())
    config = uvicorn.Config(
        app,
        http=partial(Connection, connections=connections),  # type: ignore[arg-type]
        backlog=limits.ACCEPTED_AT_ONCE,
        ws="none",  # whoever would be asked to speak another protocol knows none of these limits
        h11_max_incomplete_event_size=limits.MAX_HEAD_BYTES,
        timeout_keep_alive=limits.KEEP_ALIVE_SECONDS,
        log_level="warning",
        server_header=False,
        **further_settings,
    )
    UVICORN_LOGGER.setLevel(logging.ERROR)  # the line above has set up logging
    return config


class Server(uvicorn.Server):
    """A server that accepts a few connections at a time, while many more wait in the kernel.

    asyncio has one number for both. Were it large, so many could come in one turn that each is dropped for a newer one
    before the node has read what it says.
    """

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_BETWEEN_SIGNS == 0:
            show_life()
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(limits.WAITING_CONNECTIONS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End as uvicorn does, and leave no connection open that came while it ended."""
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # each is closed in the next turn of the loop


def _count_files() -> int:
    """Return how many files this process may have open."""
    soft_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limits.OPEN_FILES if soft_limit == resource.RLIM_INFINITY else soft_limit
