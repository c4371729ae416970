"""How uvicorn serves a node: with the node's own connections, and within its limits."""

import logging
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from api import limits
from api.http.bounds.connections import LOGGER, Connection, Connections
from api.http.bounds.refusals import Refusals


def configure(app: ASGIApp, refusals: Refusals, **more: Any) -> uvicorn.Config:
    """Return what a server of this application is made from; `more` are further settings of uvicorn."""
    config = uvicorn.Config(
        app,
        http=partial(Connection, connections=Connections(refusals)),  # type: ignore[arg-type]
        ws="none",  # whoever would be asked to speak another protocol knows none of these limits
        h11_max_incomplete_event_size=limits.MAX_HEAD_BYTES,
        timeout_keep_alive=limits.KEEP_ALIVE_SECONDS,
        log_level="warning",
        server_header=False,
        **more,
    )
    LOGGER.setLevel(logging.ERROR)  # the line above has set up logging
    return config
