"""The connections of one process: how many there are, and how long each may keep it waiting.

uvicorn bounds neither: a connection that never finishes its headers, or never reads its answer, would stay for ever.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from api import limits
from api.http.bounds.framing import StrictLines
from api.http.bounds.refusals import Refusals

_TICK_SECONDS: Final = 0.5  # between two looks for what is overdue: a time-out is that much late at most
_FULL_ANSWER: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
_SLOW_HEAD_ANSWER: Final = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

#: What uvicorn says of connections: of every malformed request a warning. Those are counted here instead.
UVICORN_LOGGER: Final = logging.getLogger("uvicorn.error.connections")


class Phase(Enum):
    """What a connection is at, and what is wrong when that takes too long."""

    HEAD = "slow headers"
    IDLE = "idle connections"
    REQUEST = "requests"
    REST = "bodies sent on after the answer"
    CLOSING = "answers not read to the end"


#: None: the body has time-outs of its own, and the work is not the client's.
_MAX_SECONDS: Final[dict[Phase, Callable[[], float | None]]] = {
    Phase.HEAD: lambda: limits.HEAD_SECONDS,
    Phase.IDLE: lambda: limits.KEEP_ALIVE_SECONDS,
    Phase.REQUEST: lambda: None,
    Phase.REST: lambda: limits.REST_SECONDS,
    Phase.CLOSING: lambda: limits.READING_SECONDS,
}


class Connections:
    """All connections of a process, the oldest first; gives up those that are overdue, and makes room for new ones."""

    def __init__(
        self,
        refusals: Refusals,
        *,
        max_files: int = limits.OPEN_FILES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`max_files` is how many the process may have open."""
        self.refusals, self.clock = refusals, clock
        self._max_files = max_files
        self._open_connections: dict[Connection, None] = {}
        self._is_ticking = False

    def __len__(self) -> int:
        return len(self._open_connections)

    @property
    def max_connections(self) -> int:
        """How many there may be at once: each takes a descriptor."""
        return max(1, min(limits.MAX_CONNECTIONS, self._max_files - limits.FILES_BESIDE_CONNECTIONS))

    def add(self, connection: "Connection") -> bool:
        """Count a new connection, and say whether there is room."""
        if len(self._open_connections) >= self.max_connections:
            self.refusals.count("connections above the limit")
            self._make_room()
        if len(self._open_connections) >= self.max_connections:
            return False
        self._open_connections[connection] = None
        if not self._is_ticking:
            self._is_ticking = True
            connection.loop.call_later(_TICK_SECONDS, self._tick, connection.loop)
        return True

    def _make_room(self) -> None:
        """Drop those that have brought nothing for longest, several at once: who opens many makes no work for each."""
        expendable_connections = [
            connection for connection in self._open_connections if connection.is_expendable
        ]
        for connection in sorted(expendable_connections, key=lambda connection: connection.phase_start)[
            : limits.DROPPED_AT_ONCE
        ]:
            connection.drop()

    def remove(self, connection: "Connection") -> None:
        self._open_connections.pop(connection, None)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = self.clock()
        for connection in list(self._open_connections):
            connection.look(now)
        self.refusals.tell()
        self._is_ticking = bool(self._open_connections)
        if self._is_ticking:
            loop.call_later(_TICK_SECONDS, self._tick, loop)


class Connection(H11Protocol):
    """One connection, with time-outs, and with heads that can be read in one way only."""

    def __init__(self, *arguments: Any, connections: Connections, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.logger = UVICORN_LOGGER
        self.conn._receive_buffer = StrictLines()
        self._connections = connections
        self._phase, self.phase_start = Phase.HEAD, connections.clock()
        self._brought_bytes = 0  # in this phase
        self._unread_since: float | None = None  # the client does not read what was written

    @property
    def _cycle(self) -> RequestResponseCycle | None:
        """The request under way, or the last one; uvicorn's types forget that there may be none yet."""
        return self.cycle

    @property
    def is_expendable(self) -> bool:
        """Whether it may be dropped for another: it has sent no whole request, nor much of one, since `phase_start`."""
        return self._phase is not Phase.REQUEST or (
            self.conn.their_state is h11.SEND_BODY and self._brought_bytes < limits.FREE_BODY_BYTES
        )

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if not self._connections.add(self):
            transport.write(_FULL_ANSWER)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._phase is Phase.IDLE:
            self._enter(Phase.HEAD)
        self._brought_bytes += len(data)
        super().data_received(data)
        self._move()
        if self._phase is Phase.REST and self._brought_bytes > limits.REST_BYTES:
            self._refuse(Phase.REST)

    def on_response_complete(self) -> None:
        self._enter(Phase.IDLE)
        super().on_response_complete()
        self._move()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be read, unless an answer is on its way; who works on it learns that it is over."""
        self._connections.refusals.count("malformed requests")
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        self._give_up()

    def pause_writing(self) -> None:
        self._unread_since = self._connections.clock()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._unread_since = None
        super().resume_writing()

    def look(self, now: float) -> None:
        """End the connection if it is overdue."""
        if self.transport.is_closing():
            self._enter(Phase.CLOSING)
        max_seconds = _MAX_SECONDS[self._phase]()
        if self._unread_since is not None and now - self._unread_since > limits.READING_SECONDS:
            self._refuse(Phase.CLOSING)
        elif max_seconds is not None and now - self.phase_start > max_seconds:
            self._refuse(self._phase)

    def drop(self) -> None:
        """End the connection at once, and let it count no more."""
        self._connections.remove(self)
        self.transport.abort()

    def _give_up(self) -> None:
        """Close the connection once what was written is sent; a request under way learns that nobody is left."""
        if self._cycle is not None:
            self._cycle.disconnected = True
            self._cycle.message_event.set()
        self.transport.close()
        self._enter(Phase.CLOSING)

    def _refuse(self, phase: Phase) -> None:
        self._connections.refusals.count(phase.value)
        if phase is Phase.CLOSING:
            self.drop()
            return
        if phase is Phase.HEAD and self._brought_bytes:
            self.transport.write(_SLOW_HEAD_ANSWER)
        self._give_up()

    def _move(self) -> None:
        """Enter the phase that h11 is in now."""
        if self.transport.is_closing():
            self._enter(Phase.CLOSING)
        elif self.conn.their_state is h11.IDLE:
            if self._phase is not Phase.HEAD:
                self._enter(Phase.HEAD if self.conn.trailing_data[0] else Phase.IDLE)
        elif self._cycle is not None and self._cycle.response_complete:
            self._enter(Phase.REST)
        else:
            self._enter(Phase.REQUEST)

    def _enter(self, phase: Phase) -> None:
        if phase is not self._phase:
            self._phase, self.phase_start, self._brought_bytes = phase, self._connections.clock(), 0
