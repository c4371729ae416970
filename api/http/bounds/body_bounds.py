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
from ledger.proof.histories import MAX_BYTES as MAX_HISTORY_BYTES

#: The routes that take more than a little. Read when asked: a limit is looked up where it stands.
_LARGE_BODY_LIMITS: Final[Mapping[tuple[str, str], Callable[[], int]]] = {
    ("POST", "/"): lambda: limits.MAX_VERIFY_BYTES,
    ("POST", "/v1/verify"): lambda: limits.MAX_VERIFY_BYTES,
    ("POST", "/v1/verify/batch"): lambda: limits.MAX_BATCH_BYTES,
    ("POST", "/v1/submissions"): lambda: limits.MAX_SUBMISSION_BYTES,
    ("POST", "/v1/histories/check"): lambda: MAX_HISTORY_BYTES,
}
#: The routes that put the body on disk as it comes, so that it does not count as memory.
_SPOOLED_ROUTES: Final = frozenset({("POST", "/v1/submissions")})
_TOO_SLOW_MESSAGE: Final = (
    f"the body came more slowly than {limits.LEAST_BODY_RATE:,} bytes a second, or was not whole after "
    f"{limits.BODY_SECONDS:.0f} s"
)


def find_max_bytes(method: str, path: str) -> int:
    """Return the bytes that the body of a request may have, also to an address that does not exist."""
    if method != "POST":
        return 0
    find_large_limit = _LARGE_BODY_LIMITS.get((method, path))
    return find_large_limit() if find_large_limit else limits.MAX_SMALL_BYTES


class Memory:
    """Bytes of bodies that one process holds, all requests together; for the one thread of the event loop."""

    def __init__(self) -> None:
        self.held_bytes = 0

    def take(self, byte_count: int) -> None:
        """Count further bytes. Raises: NodeBusy, when the process holds as many as it may."""
        if self.held_bytes + byte_count > limits.MAX_BYTES_UNDER_WAY:
            raise NodeBusy(f"requests under way hold {limits.MAX_BYTES_UNDER_WAY:,} bytes together already")
        self.held_bytes += byte_count

    def give_back(self, byte_count: int) -> None:
        self.held_bytes -= byte_count


class _Body:
    """One body on its way: counts it, times the waiting for it, and remembers what of it is held in memory."""

    def __init__(self, receive: Receive, max_bytes: int, memory: Memory | None) -> None:
        self._receive, self._max_bytes, self._memory = receive, max_bytes, memory
        self._byte_count = self.held_bytes = 0
        self._waited_seconds = 0.0
        self._window_seconds, self._window_bytes = 0.0, 0
        self._is_whole = False

    async def receive(self) -> Message:
        """Give the next piece. Raises: BodyTooLarge, BodyTooSlow, NodeBusy."""
        if self._is_whole:
            return await self._receive()  # whoever asks now waits for the client to hang up
        message = await self._wait_for_piece()
        if message["type"] != "http.request":
            return message
        self._is_whole = not message.get("more_body", False)
        self._count_bytes(len(message.get("body", b"")))
        return message

    async def _wait_for_piece(self) -> Message:
        """Wait for a piece; only the waiting counts against the client, not what is done with the pieces."""
        start_seconds = time.monotonic()
        max_seconds = limits.BODY_WINDOW_SECONDS - self._window_seconds
        if self._memory is not None:
            max_seconds = min(max_seconds, limits.BODY_SECONDS - self._waited_seconds)
        try:
            async with timeout(max_seconds):
                message = await self._receive()
        except TimeoutError as error:
            raise BodyTooSlow(_TOO_SLOW_MESSAGE) from error
        waited_seconds = time.monotonic() - start_seconds
        self._waited_seconds += waited_seconds
        self._window_seconds += waited_seconds
        return message

    def _count_bytes(self, byte_count: int) -> None:
        self._byte_count += byte_count
        self._window_bytes += byte_count
        if self._byte_count > self._max_bytes:
            raise BodyTooLarge(_describe_limit(self._max_bytes))
        if self._window_bytes >= limits.LEAST_BODY_RATE * limits.BODY_WINDOW_SECONDS:
            self._window_seconds, self._window_bytes = 0.0, 0
        if self._memory is not None:
            further_bytes = max(0, self._byte_count - limits.FREE_BODY_BYTES) - self.held_bytes
            self._memory.take(further_bytes)
            self.held_bytes += further_bytes


class BodyBounds:
    """Wraps the application; `memory` is what all requests of the process share."""

    def __init__(self, app: ASGIApp, memory: Memory) -> None:
        self._app, self._memory = app, memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route = scope["method"], scope["path"]
        max_bytes = find_max_bytes(*route)
        if _read_declared_length(scope) > max_bytes:
            await respond(BodyTooLarge(_describe_limit(max_bytes)))(scope, receive, send)
            return
        memory = None if route in _SPOOLED_ROUTES else self._memory
        body = _Body(receive, max_bytes, memory)
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._memory.give_back(body.held_bytes)


def _read_declared_length(scope: Scope) -> int:
    """Return the length that the headers promise; 0 where they promise none, and 1 for "some"."""
    headers = Headers(scope=scope)
    length_text = headers.get("content-length", "")
    if length_text.isascii() and length_text.isdigit():
        return int(length_text[:20])
    return int("transfer-encoding" in headers)


def _describe_limit(max_bytes: int) -> str:
    return f"the body may have {max_bytes:,} bytes at most" if max_bytes else "this address takes no body"
