"""Bound every request's body below all routes: its size, its pace, and all bodies together.

A route reads its body within a limit of its own, after the token (`bodies`). This stands below, for what a route forgets
and for addresses that read none: refused from the headers alone where they declare a length, by counting otherwise.
"""

import time
from asyncio import timeout
from collections.abc import Callable, Mapping
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import limits
from api.http.errors import BodyTooLarge, BodyTooSlow, NodeBusy, respond

#: The routes that take more than a little. Read when asked: a limit is looked up where it stands.
_LARGE: Final[Mapping[tuple[str, str], Callable[[], int]]] = {
    ("POST", "/"): lambda: limits.MAX_VERIFY_BYTES,
    ("POST", "/v1/verify"): lambda: limits.MAX_VERIFY_BYTES,
    ("POST", "/v1/verify/batch"): lambda: limits.MAX_BATCH_BYTES,
    ("POST", "/v1/submissions"): lambda: limits.MAX_SUBMISSION_BYTES,
}
#: The routes that put the body on disk as it comes, so that it does not count as memory.
_SPOOLED: Final = frozenset({("POST", "/v1/submissions")})
_SLOW: Final = (
    f"the body came more slowly than {limits.LEAST_BODY_RATE:,} bytes a second, or was not whole after "
    f"{limits.BODY_SECONDS:.0f} s"
)


def most_bytes(method: str, path: str) -> int:
    """Return the bytes that the body of a request may have, also to an address that does not exist."""
    if method != "POST":
        return 0
    large = _LARGE.get((method, path))
    return large() if large else limits.MAX_SMALL_BYTES


class Memory:
    """Bytes of bodies that one process holds, all requests together; for the one thread of the event loop."""

    def __init__(self) -> None:
        self.held_bytes = 0

    def take(self, count: int) -> None:
        """Count further bytes. Raises: NodeBusy, when the process holds as many as it may."""
        if self.held_bytes + count > limits.MAX_BYTES_UNDER_WAY:
            raise NodeBusy(f"requests under way hold {limits.MAX_BYTES_UNDER_WAY:,} bytes together already")
        self.held_bytes += count

    def give_back(self, count: int) -> None:
        self.held_bytes -= count


class _Body:
    """One body on its way: counts it, times the waiting for it, and remembers what of it is held in memory."""

    def __init__(self, receive: Receive, most: int, memory: Memory | None) -> None:
        self._receive, self._most, self._memory = receive, most, memory
        self._taken = self.held = 0
        self._waited = 0.0
        self._window_seconds, self._window_bytes = 0.0, 0
        self._whole = False

    async def receive(self) -> Message:
        """Give the next piece. Raises: BodyTooLarge, BodyTooSlow, NodeBusy."""
        if self._whole:
            return await self._receive()  # whoever asks now waits for the client to hang up
        message = await self._wait()
        if message["type"] != "http.request":
            return message
        self._whole = not message.get("more_body", False)
        self._count(len(message.get("body", b"")))
        return message

    async def _wait(self) -> Message:
        """Wait for a piece; only the waiting counts against the client, not what is done with the pieces."""
        begun = time.monotonic()
        most = limits.BODY_WINDOW_SECONDS - self._window_seconds
        if self._memory is not None:
            most = min(most, limits.BODY_SECONDS - self._waited)
        try:
            async with timeout(most):
                message = await self._receive()
        except TimeoutError as error:
            raise BodyTooSlow(_SLOW) from error
        waited = time.monotonic() - begun
        self._waited += waited
        self._window_seconds += waited
        return message

    def _count(self, size: int) -> None:
        self._taken += size
        self._window_bytes += size
        if self._taken > self._most:
            raise BodyTooLarge(_over(self._most))
        if self._window_bytes >= limits.LEAST_BODY_RATE * limits.BODY_WINDOW_SECONDS:
            self._window_seconds, self._window_bytes = 0.0, 0
        if self._memory is not None:
            beyond = max(0, self._taken - limits.FREE_BODY_BYTES) - self.held
            self._memory.take(beyond)
            self.held += beyond


class BodyBounds:
    """Wraps the application; `memory` is what all requests of the process share."""

    def __init__(self, app: ASGIApp, memory: Memory) -> None:
        self._app, self._memory = app, memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route = scope["method"], scope["path"]
        most = most_bytes(*route)
        if _declared(scope) > most:
            await respond(BodyTooLarge(_over(most)))(scope, receive, send)
            return
        memory = None if route in _SPOOLED else self._memory
        body = _Body(receive, most, memory)
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._memory.give_back(body.held)


def _declared(scope: Scope) -> int:
    """Return the length that the headers promise; 0 where they promise none, and 1 for "some"."""
    headers = Headers(scope=scope)
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit():
        return int(length[:20])
    return int("transfer-encoding" in headers)


def _over(most: int) -> str:
    return f"the body may have {most:,} bytes at most" if most else "this address takes no body"
