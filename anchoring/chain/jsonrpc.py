"""One JSON-RPC endpoint of a chain: requests and answers, bounded in time and size.

The one module with web3, which carries the requests and nothing more: what comes back is read by
`anchoring.chain.answers`.
"""

import io
import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from anchoring.chain import answers
from anchoring.errors import ChainMisbehaved, ChainUnavailable, NotAChain
from anchoring.processes.loops import Backoff
from ledger.encoding.canonical import decode_foreign
from ledger.errors import MalformedInput

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

TIMEOUT_SECONDS: Final = 20.0  # one request, from connection to last byte
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024  # 20,000 blocks of events in one answer stay below half of this
#: How often one request is made: a gateway of which every second answer fails loses one request in sixty.
ATTEMPTS: Final = 6
#: Between two of them, in seconds; all of them together stay below the pause of an endpoint that is down.
RETRY_BACKOFF: Final = Backoff(first_seconds=0.2, longest_seconds=2.0)
#: What an endpoint may ask to be left alone for before the same request is made again, in seconds; longer is for the loops.
LONGEST_RETRY_AFTER: Final = 10.0
_PIECE_BYTES: Final = 64 * 1024
_WORDS_BYTES: Final = 200  # of a page that is shown in place of an answer
_TOO_MANY_REQUESTS: Final = 429
#: Nothing is at this path, or it takes no requests of this kind (RFC 9110, sections 15.5.5, 15.5.6, 15.5.11).
_NOTHING_THERE: Final = (404, 405, 410)

Wait = Callable[[float], object]


class RequestRefused(ChainUnavailable):
    """The endpoint answered with an `error`; `message` and `data` are its own."""

    def __init__(self, method: str, error: answers.EndpointError) -> None:
        super().__init__(f"the chain endpoint refuses {method}: {error.message[:300]}")
        self.error, self.message, self.data = error, error.message, error.data


class AnswerTooLarge(ChainMisbehaved):
    """The answer passes `MAX_ANSWER_BYTES`: less must be asked for at a time."""


class _TryAgain(Exception):
    """An answer that may be better in a moment, after the pause that it asks for; `failure` is raised if it never is."""

    def __init__(self, failure: ChainUnavailable, retry_after_seconds: float | None = None) -> None:
        super().__init__(str(failure))
        self.failure, self.retry_after_seconds = failure, retry_after_seconds


class _TimedReader(io.RawIOBase):
    """What a socket receives until a deadline: a header that comes byte by byte would take for ever otherwise."""

    def __init__(self, source: io.RawIOBase, connection: socket.socket, deadline: float) -> None:
        self._source, self._connection, self._deadline = source, connection, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        seconds_left = self._deadline - time.monotonic()
        if seconds_left <= 0:
            raise TimeoutError("the answer took too long")
        self._connection.settimeout(seconds_left)
        return self._source.readinto(buffer)

    def close(self) -> None:
        self._source.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """An answer that is read whole, status and headers included, within the time-out of its socket."""

    def __init__(
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        deadline = time.monotonic() + (sock.gettimeout() or TIMEOUT_SECONDS)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock, deadline))


class _TimedConnection(HTTPConnection):
    response_class = _TimedResponse


class _TimedTlsConnection(HTTPSConnection):
    response_class = _TimedResponse


class _TimedPool(HTTPConnectionPool):
    ConnectionCls = _TimedConnection


class _TimedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedTlsConnection


class _TimedAdapter(HTTPAdapter):
    """Requests' way to a server, with answers that end in time."""

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_options: object
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_options)
        self.poolmanager.pool_classes_by_scheme = {"http": _TimedPool, "https": _TimedTlsPool}


class _BoundedProvider(HTTPProvider):
    """web3's HTTP provider with a bound on time and size, without redirects and without retries of its own."""

    def __init__(self, url: str, timeout_seconds: float, max_bytes: int, headers: Mapping[str, str]) -> None:
        super().__init__(url, exception_retry_configuration=None)
        self._timeout_seconds, self._max_bytes = timeout_seconds, max_bytes
        self._headers = {**headers, "Content-Type": "application/json", "Accept-Encoding": "identity"}
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _TimedAdapter())
        self._session.trust_env = urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1")

    def ask(self, method: str, parameters: Sequence[object]) -> Mapping[str, object]:
        """Return the decoded answer to one request. Raises: _TryAgain, and what the network raises."""
        request_bytes = self.encode_rpc_request(RPCEndpoint(method), parameters)
        body = self._post(method, request_bytes)
        try:
            answer = decode_foreign(body)
        except MalformedInput as error:
            if _is_page(body):
                raise _TryAgain(_make_foreign_error(method, "a page of a web server 网页")) from error
            raise _TryAgain(
                ChainMisbehaved(f"the answer to {method} is no JSON that can be read: {error}")
            ) from error
        if isinstance(answer, dict) and not answer.keys() & {"result", "error"}:
            raise _TryAgain(_make_foreign_error(method, "JSON that holds neither result nor error"))
        if not _is_answer_to(answer, json.loads(request_bytes)["id"]):
            raise _TryAgain(ChainMisbehaved(f"the answer to {method} is not an answer to it"))
        assert isinstance(answer, dict)
        return answer

    def _post(self, method: str, request_bytes: bytes) -> bytes:
        deadline, body = time.monotonic() + self._timeout_seconds, bytearray()
        with self._session.post(
            str(self.endpoint_uri),
            data=request_bytes,
            headers=self._headers,
            timeout=self._timeout_seconds,
            stream=True,
            allow_redirects=False,
        ) as response:
            while piece := response.raw.read1(_PIECE_BYTES):
                body += piece
                if len(body) > self._max_bytes:
                    raise AnswerTooLarge(f"the answer to {method} has more than {self._max_bytes} bytes")
                if time.monotonic() > deadline:
                    raise ChainUnavailable(f"the answer to {method} took too long")
            _check_status(method, response, body)
        return bytes(body)


def _is_answer_to(answer: object, request_id: object) -> bool:
    """Tell whether this is an answer to the request; an error need not name it, where the endpoint could not read so far."""
    if not isinstance(answer, dict):
        return False
    return answer.get("id") == request_id or (answer.get("id") is None and answer.get("error") is not None)


def _check_status(method: str, response: requests.Response, body: bytes | bytearray) -> None:
    """Raises: _TryAgain for a status that passes, ChainUnavailable for one that a person must look at."""
    status = response.status_code
    if status == 200 or (body.startswith(b"{") and status not in (401, 403, _TOO_MANY_REQUESTS)):
        return
    if status in (401, 403):
        raise ChainUnavailable(
            f"the chain endpoint answers {method} with HTTP status {status}: it wants a key; "
            "name the file of its headers with `chain_headers_file` or --chain-headers-file"
        )
    page_text = "a page" if _is_page(body) else bytes(body[:_WORDS_BYTES]).decode("utf-8", "replace").strip()
    if status in _NOTHING_THERE or (
        _is_page(body) and status < 500 and status not in (408, _TOO_MANY_REQUESTS)
    ):
        raise _TryAgain(_make_foreign_error(method, f"HTTP status {status}"))
    failure = ChainUnavailable(f"the chain endpoint answers {method} with HTTP status {status} ({page_text})")
    if status == _TOO_MANY_REQUESTS or status == 408 or status >= 500:
        raise _TryAgain(failure, read_retry_after(response.headers.get("Retry-After")))
    raise failure


def _is_page(body: bytes | bytearray) -> bool:
    """Tell whether an answer is HTML or XML, which is for people: it is never repeated."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _make_foreign_error(method: str, answer_words: str) -> NotAChain:
    return NotAChain(
        f"what answers {method} is no JSON-RPC endpoint of a chain 不是区块链节点接口: it answers with {answer_words}. "
        "Check host, port and path of `chain_url` or --chain-url, and ask who runs the chain"
    )


def read_retry_after(text: str | None, now: float | None = None) -> float | None:
    """Read the header `Retry-After` (RFC 9110, section 10.2.3) into seconds from now; None where it says nothing."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, moment - (time.time() if now is None else now))


class Endpoint:
    """One JSON-RPC endpoint by its URL (http or https); `headers` are sent with every request.

    A request that fails in a way that passes is made again, up to `ATTEMPTS` times.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = TIMEOUT_SECONDS,
        max_bytes: int = MAX_ANSWER_BYTES,
        headers: Mapping[str, str] | None = None,
        wait: Wait = time.sleep,
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"the chain's URL must begin with http:// or https://, not {url!r}")
        self.url, self.wait = url, wait
        self._provider = _BoundedProvider(url, timeout, max_bytes, headers or {})

    def request(self, method: str, *parameters: object) -> object:
        """Return the result, unread. Raises: RequestRefused for an error answer, ChainUnavailable, ChainMisbehaved."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._request(method, parameters)
            except _TryAgain as attempt_failure:
                pause_seconds = attempt_failure.retry_after_seconds or 0.0
                if attempt == ATTEMPTS or pause_seconds > LONGEST_RETRY_AFTER:
                    raise attempt_failure.failure from attempt_failure.__cause__
                self.wait(max(pause_seconds, RETRY_BACKOFF.choose_pause(attempt)))
        raise AssertionError("the last attempt returns or raises")

    def _request(self, method: str, parameters: Sequence[object]) -> object:
        """Make one request. Raises: as `request`; _TryAgain."""
        try:
            answer = self._provider.ask(method, parameters)
        except (requests.RequestException, HTTPError, ValueError) as error:
            failure = ChainUnavailable(
                f"no answer to {method} from the chain at {self.place}: {_describe_cause(error)}"
            )
            if _was_connected(error):
                raise _TryAgain(failure) from error
            raise failure from error
        refusal = answer.get("error")
        if refusal is not None:
            raise self._make_refusal(method, answers.read_error(refusal))
        if "result" not in answer:
            raise _TryAgain(ChainMisbehaved(f"the answer to {method} holds neither result nor error"))
        return answer["result"]

    def _make_refusal(self, method: str, error: answers.EndpointError) -> RequestRefused | _TryAgain:
        """Return what is raised for an error answer: whether the endpoint means it, or it may pass."""
        refusal = RequestRefused(method, error)
        return refusal if answers.is_meant(method, error) else _TryAgain(refusal)

    @property
    def place(self) -> str:
        """The URL without user, password and path, which may be secrets."""
        url_parts = urlsplit(self.url)
        port = url_parts.port or (443 if url_parts.scheme == "https" else 80)
        return f"{url_parts.scheme}://{url_parts.hostname}:{port}"


def _describe_cause(error: Exception) -> str:
    is_timeout = isinstance(error, requests.Timeout | TimeoutError | ReadTimeoutError)
    return "it took too long" if is_timeout else type(error).__name__


def _was_connected(error: Exception) -> bool:
    """Tell whether an endpoint was there and broke off: a silence, or nobody at the address, is the same in a moment."""
    if isinstance(error, requests.Timeout | TimeoutError | ReadTimeoutError | requests.exceptions.SSLError):
        return False
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(
        error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError | HTTPError
    ) and (not isinstance(cause, NewConnectionError))
