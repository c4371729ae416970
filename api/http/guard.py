"""Surround every request: security headers, a log line, and the answer to a crash."""

import logging
import time
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.bounds.refusals import Refusals
from api.http.errors import respond

logger = logging.getLogger(__name__)

_CONTENT_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", _CONTENT_POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),  # with none, browsers hide the origin of a form too
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_STATIC_PREFIX: Final = "/static/"
#: What a flood of requests that are none is answered; they are counted, and not logged one by one.
_COUNTED_STATUSES: Final = frozenset({0, 400, 405, 408, 413, 415})


class Guard:
    """Wraps the application. Paths are logged as the route's template: identifiers may lead to a person."""

    def __init__(self, app: ASGIApp, refusals: Refusals) -> None:
        self._app, self._refusals = app, refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status_code, start_seconds = 0, time.monotonic()
        cache_control = b"no-cache" if scope["path"].startswith(_STATIC_PREFIX) else b"no-store"

        async def answer(message: Message) -> None:
            nonlocal status_code
            if message["type"] == "http.response.start":
                status_code = message["status"]
                message["headers"] = [*message["headers"], *_HEADERS, (b"cache-control", cache_control)]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            pass  # nobody is left to be answered
        except Exception as error:  # noqa: BLE001 -- the last resort: nobody sees a trace, the log has class and place
            answer_to_error = respond(error)
            if not status_code:
                await answer_to_error(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", None)
            if route is None or status_code in _COUNTED_STATUSES:
                self._refusals.count(f"requests answered {status_code or 'to nobody'}")
            elif self._refusals.may_log():
                elapsed_ms = (time.monotonic() - start_seconds) * 1000
                logger.info("%s %s %d %.1f ms", scope["method"], route, status_code, elapsed_ms)
