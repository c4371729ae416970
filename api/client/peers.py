"""Other cities' nodes over HTTP, as the monitor asks them, in bounded time and memory.

The limit on time is for the whole exchange, so that neither headers nor bodies that drip can hold the monitor: hence the
event loop, which can break off at any point.
"""

import asyncio
import logging
import ssl
from dataclasses import dataclass
from typing import Final

import httpx

from anchoring.errors import PeerFailed, PeerRefused

# Entries have 1 kB; one with the longest texts has 30.
MAX_PEER_PAGE_BYTES: Final = 4 * 2**20
# For one page, however slowly it drips.
MAX_PEER_SECONDS: Final = 20.0

_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "shunzheng"}
_EMPTY_PAGE: Final = b'{"items": []}'
_MAX_ERROR_CHARS: Final = 200  # characters kept of an error


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpPeer:
    """A node at a base URL, shown to others by its label; `authorities` vouch for it where they are not public ones.

    Redirects are not followed, compressed answers not taken, proxies not used.
    """

    url: str
    max_seconds: float = MAX_PEER_SECONDS
    transport: httpx.AsyncBaseTransport | None = None
    label: str = ""
    authorities: ssl.SSLContext | None = None

    @property
    def name(self) -> str:
        return self.label or self.url

    def fetch_entries(self, log: str, position: int, limit: int) -> bytes:
        """Return a page of entries; an empty one where the node holds none of this log. Raises: PeerFailed."""
        page_bytes = self._ask(f"/v1/logs/{log}/entries?position={position}&limit={limit}")
        return _EMPTY_PAGE if page_bytes is None else page_bytes

    def fetch_checkpoint(self) -> bytes | None:
        """Return its newest checkpoint with cosignatures, None where it has none. Raises: PeerFailed."""
        return self._ask("/v1/checkpoint?cosigned=1")

    def _ask(self, path: str) -> bytes | None:
        """Return what the node answers, None where it has no such thing. Raises: PeerFailed."""
        try:
            return asyncio.run(asyncio.wait_for(self._get(self.url.rstrip("/") + path), self.max_seconds))
        except TimeoutError as error:
            raise PeerFailed(f"it took longer than {self.max_seconds:g} s to answer") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            logger.warning(
                "%s at %s: %s", self.name, self.url, str(error)[:_MAX_ERROR_CHARS]
            )  # it may name machines
            raise PeerFailed(f"it cannot be reached ({type(error).__name__})") from error

    async def _get(self, url: str) -> bytes | None:
        async with (
            httpx.AsyncClient(
                headers=_HEADERS,
                timeout=self.max_seconds,
                trust_env=False,
                transport=self.transport,
                verify=self.authorities or True,
            ) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            if answer.status_code != httpx.codes.OK:
                raise PeerRefused(f"it answers {answer.status_code}")
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise PeerRefused("it compresses its answer, which was not asked for")
            body_bytes = bytearray()
            async for chunk in answer.aiter_raw():
                body_bytes += chunk
                if len(body_bytes) > MAX_PEER_PAGE_BYTES:
                    raise PeerRefused(f"its answer has more than {MAX_PEER_PAGE_BYTES} bytes")
            return bytes(body_bytes)
