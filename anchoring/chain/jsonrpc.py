"""One JSON-RPC endpoint of a chain: requests and answers, bounded in time and size.

The one module with web3, which carries the requests and nothing more: what comes back is read by
`anchoring.chain.answers`.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from anchoring.chain import answers
from anchoring.errors import ChainMisbehaved, ChainUnavailable

TIMEOUT_SECONDS: Final = 20.0  # one request, from connection to last byte
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024  # 20,000 blocks of events in one answer stay below half of this
_PIECE_BYTES: Final = 64 * 1024


class RequestRefused(ChainUnavailable):
    """The endpoint answered with an error; `message` and `data` are its own."""

    def __init__(self, method: str, message: str, data: bytes) -> None:
        super().__init__(f"the chain endpoint refuses {method}: {message[:300]}")
        self.message = message
        self.data = data


class AnswerTooLarge(ChainMisbehaved):
    """The answer passes `MAX_ANSWER_BYTES`: less must be asked for at a time."""


class _BoundedProvider(HTTPProvider):
    """web3's HTTP provider with a bound on time and size, without redirects and without retries of its own."""

    def __init__(self, url: str, timeout: float, max_bytes: int) -> None:
        super().__init__(url, exception_retry_configuration=None)
        self._timeout, self._max_bytes = timeout, max_bytes
        self._session = requests.Session()
        self._session.trust_env = urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1")

    def ask(self, method: str, parameters: Sequence[object]) -> Mapping[str, object]:
        """Return the decoded answer to one request."""
        request = self.encode_rpc_request(RPCEndpoint(method), parameters)
        answer: object = self.decode_rpc_response(self._post(method, request))
        if not isinstance(answer, dict) or answer.get("id") != json.loads(request)["id"]:
            raise ChainMisbehaved(f"the answer to {method} is not an answer to it")
        return answer

    def _post(self, method: str, request: bytes) -> bytes:
        deadline, body = time.monotonic() + self._timeout, bytearray()
        with self._session.post(
            str(self.endpoint_uri),
            data=request,
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
            timeout=self._timeout,
            stream=True,
            allow_redirects=False,
        ) as response:
            while piece := response.raw.read1(_PIECE_BYTES):
                body += piece
                if len(body) > self._max_bytes:
                    raise AnswerTooLarge(f"the answer to {method} has more than {self._max_bytes} bytes")
                if time.monotonic() > deadline:
                    raise ChainUnavailable(f"the answer to {method} took too long")
            if response.status_code != 200 and not body.startswith(b"{"):
                raise ChainUnavailable(
                    f"the chain endpoint answers {method} with HTTP status {response.status_code}"
                )
        return bytes(body)


class Endpoint:
    """One JSON-RPC endpoint by its URL (http or https)."""

    def __init__(
        self, url: str, *, timeout: float = TIMEOUT_SECONDS, max_bytes: int = MAX_ANSWER_BYTES
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"the chain's URL must begin with http:// or https://, not {url!r}")
        self.url = url
        self._provider = _BoundedProvider(url, timeout, max_bytes)

    def request(self, method: str, *parameters: object) -> object:
        """Return the result, unread. Raises: RequestRefused for an error answer, ChainUnavailable, ChainMisbehaved."""
        try:
            answer = self._provider.ask(method, parameters)
        except (requests.RequestException, HTTPError) as error:
            raise ChainUnavailable(
                f"no answer to {method} from the chain at {self.place}: {_describe_cause(error)}"
            ) from error
        except (ValueError, RecursionError) as error:
            raise ChainMisbehaved(f"the answer to {method} is not JSON") from error
        refusal = answer.get("error")
        if refusal is not None:
            raise RequestRefused(method, *answers.read_error(refusal))
        if "result" not in answer:
            raise ChainMisbehaved(f"the answer to {method} holds neither result nor error")
        return answer["result"]

    @property
    def place(self) -> str:
        """The URL without user, password and path, which may be secrets."""
        url_parts = urlsplit(self.url)
        return f"{url_parts.scheme}://{url_parts.hostname}:{url_parts.port or (443 if url_parts.scheme == 'https' else 80)}"


def _describe_cause(error: Exception) -> str:
    timed_out = isinstance(error, requests.Timeout | TimeoutError | ReadTimeoutError)
    return "it took too long" if timed_out else type(error).__name__
