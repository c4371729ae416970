"""The client of a node over HTTP: results, or one error that says what to do."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Final, Self, TypeVar, cast
from urllib.parse import quote

import httpx

from api.client.answers import (
    AnchorsAnswer,
    HistoryAnswer,
    LineageAnswer,
    LineagesAnswer,
    LogsAnswer,
    ReceiptAnswer,
    ReportAnswer,
    ReportsAnswer,
    SubmissionAnswer,
    UseAnswer,
    UsesAnswer,
    is_answer,
)
from api.client.node_error import NodeError
from api.limits import MAX_PAGE_ITEMS
from api.rendering.text import PastDayJson
from ledger.encoding.canonical import Json, decode
from ledger.encoding.canonical import encode as canonical
from ledger.encoding.fields import Fields
from ledger.proof.staples import MAX_RANGE_BYTES

_MAX_KEY_BYTES: Final = 16 * 1024  # a key has at most 4,096 bytes, in hexadecimal twice as many letters
_MAX_ANCHORS_BYTES: Final = 4 * 2**20  # a thousand anchors: 500 bytes each, and findings about their entries
T = TypeVar("T")
_NO_PARAMS: Final[Mapping[str, str]] = {}
_ADDRESS_PATTERN: Final = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
_TOKEN_PATTERN: Final = re.compile(r"[!-~]*")
_UNAUTHORIZED_ADVICE: Final = (
    "None was given, or it is not known there, has expired or was withdrawn: ask the administrator of that node for one, "
    "and give it with --token-file or in SHUNZHENG_TOKEN."
)
_TIMEOUT: Final = httpx.Timeout(30.0, read=600.0)  # a large submission is checked record by record


class NodeClient:
    """One node by its base URL; `token` opens what needs a scope."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        if not _ADDRESS_PATTERN.fullmatch(self.url):
            raise NodeError(f"{url!r} is no address of a node: it is written http://HOST:PORT, or https://")
        if not _TOKEN_PATTERN.fullmatch(token or ""):
            raise NodeError("the token holds what no token can: give it as it was given out, on one line")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            self._http = httpx.Client(base_url=self.url, headers=headers, timeout=_TIMEOUT, trust_env=False)
        except httpx.InvalidURL as error:
            raise NodeError(f"{url!r} is no address of a node: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def logs(self) -> LogsAnswer:
        """Return the registry that the node follows and its logs."""
        return _read(self._get("/v1/logs"), LogsAnswer)

    def anchors(self, log: str) -> AnchorsAnswer:
        """Return the newest page of the final anchors of a log, the newest first."""
        return _read(self._get("/v1/anchors", {"log": log}), AnchorsAnswer)

    def anchors_around(self, log: str, sequence: int) -> Sequence[Json]:
        """Return the thousand anchors among which `sequence` is, so that the node learns no more than that."""
        before = ((sequence - 1) // MAX_PAGE_ITEMS + 1) * MAX_PAGE_ITEMS + 1
        params: dict[str, str | int] = {"log": log, "before": before, "limit": MAX_PAGE_ITEMS}
        answer = Fields(decode(self._read_bounded("/v1/anchors", params, _MAX_ANCHORS_BYTES)), "anchors")
        return answer.array("items", MAX_PAGE_ITEMS)

    def status_range(self, log: str, position: int) -> bytes:
        """Return the statuses of the range of a log that begins at `position`, as the node sent it."""
        return self._read_bounded(
            f"/v1/logs/{quote(log, safe='')}/status", {"position": position}, MAX_RANGE_BYTES
        )

    def checkpoint(self) -> bytes:
        """Return the newest checkpoint that a majority of the cities have signed."""
        return self._get("/v1/checkpoint").content

    def snapshot(self, after: int = 0, cosigned: int | None = None) -> Iterator[bytes]:
        """Yield a snapshot, or a delta after event `after`, piece by piece."""
        params = {"after": after} | ({"cosigned": cosigned} if cosigned else {})
        try:
            with self._http.stream("GET", "/v1/snapshot", params=params) as answer:
                if not answer.is_success:
                    answer.read()
                    raise _decode_problem(answer)
                yield from answer.iter_bytes()
        except httpx.HTTPError as error:
            raise self._describe_unreachable(error) from error

    def submit(self, lines: Iterable[bytes]) -> ReceiptAnswer:
        """Hand in a submission, line by line, and return its receipt."""
        return _read(self._post("/v1/submissions", lines, "application/x-ndjson"), ReceiptAnswer)

    def key(self, key: bytes) -> bytes:
        """Return what the registry holds of a key, as the node sent it."""
        return self._read_bounded(f"/v1/keys/0x{key.hex()}", {}, _MAX_KEY_BYTES)

    def judge_receipt(self, receipt: bytes) -> dict[str, Json]:
        """Return what became of a receipt's promise, as this node knows it."""
        return _read(self._post("/v1/receipts/check", receipt), dict[str, Json])

    def submission(self, identifier: str) -> SubmissionAnswer:
        """Return how far a submission has come."""
        return _read(self._get(f"/v1/submissions/{quote(identifier, safe='')}"), SubmissionAnswer)

    def proof(self, leaf: str) -> bytes:
        """Return the proof of a record, by its leaf hash."""
        return self._get(f"/v1/records/{quote(leaf, safe='')}/proof").content

    def certificate_proof(self, identifier: str) -> bytes:
        """Return the proof of a certificate as it stands now."""
        return self._get(f"/v1/certificates/{quote(identifier, safe='')}/proof").content

    def history(self, identifier: str) -> HistoryAnswer:
        """Return every record of a certificate."""
        return _read(self._get(f"/v1/certificates/{quote(identifier, safe='')}/history"), HistoryAnswer)

    def uses(self, identifier: str, after: str | None, before: str | None) -> Iterator[UseAnswer]:
        """Yield what was sealed with a seal, oldest first, page by page."""
        time_bounds = {name: moment for name, moment in (("after", after), ("before", before)) if moment}
        path, query = f"/v1/certificates/{quote(identifier, safe='')}/uses", time_bounds
        while path:
            page = _read(self._get(path, query), UsesAnswer)
            yield from page["items"]
            path, query = page.get("next") or "", {}

    def lineages(self, identifiers: Sequence[str]) -> list[LineageAnswer | None]:
        """Return where each certificate stands, in the order of `identifiers`; None where it is not registered."""
        lineages: list[LineageAnswer | None] = []
        for start in range(0, len(identifiers), MAX_PAGE_ITEMS):
            body: dict[str, Json] = {"identifiers": [*identifiers[start : start + MAX_PAGE_ITEMS]]}
            answer = _read(self._post("/v1/certificates/lineages", canonical(body)), LineagesAnswer)
            lineages += answer["items"]
        return lineages

    def past_status(self, proof: str, moment: str) -> PastDayJson:
        """Return what the status was on a day or at a moment: `start` and `end`."""
        return _read(self._post("/v1/status", canonical({"proof": proof, "at": moment})), PastDayJson)

    def verify(self, body: bytes) -> ReportAnswer:
        """Return the report of a verification, whose request is `body`."""
        return _read(self._post("/v1/verify", body), ReportAnswer)

    def verify_batch(self, body: bytes) -> ReportsAnswer:
        """Return the reports of many verifications, whose request is `body`."""
        return _read(self._post("/v1/verify/batch", body), ReportsAnswer)

    def ready(self) -> bool:
        """Tell whether the node says that it is ready; False while it cannot be reached."""
        try:
            return self._http.get("/readyz", timeout=2.0).is_success
        except httpx.HTTPError:
            return False

    def _read_bounded(self, path: str, params: Mapping[str, str | int], max_bytes: int) -> bytes:
        """Return an answer of `max_bytes` at most. Raises: NodeError, also for a longer one."""
        try:
            with self._http.stream("GET", path, params=params) as answer:
                body = b""
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > max_bytes:
                        raise NodeError(f"{self.url} answered with more than {max_bytes} bytes")
                if answer.is_success:
                    return body
                raise _decode_problem(
                    httpx.Response(answer.status_code, content=body, request=answer.request)
                )
        except httpx.HTTPError as error:
            raise self._describe_unreachable(error) from error

    def _describe_unreachable(self, error: httpx.HTTPError) -> NodeError:
        return NodeError(
            f"{self.url} cannot be reached ({str(error) or type(error).__name__}): check that it runs, and its address"
        )

    def _get(self, path: str, params: Mapping[str, str] = _NO_PARAMS) -> httpx.Response:
        return self._ask("GET", path, params, None, "")

    def _post(
        self, path: str, content: bytes | Iterable[bytes], media_type: str = "application/json"
    ) -> httpx.Response:
        return self._ask("POST", path, _NO_PARAMS, content, media_type)

    def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        content: bytes | Iterable[bytes] | None,
        media_type: str,
    ) -> httpx.Response:
        """Return the node's answer; `media_type` is that of `content`. Raises: NodeError."""
        headers = {"Content-Type": media_type} if content is not None else {}
        try:
            answer = self._http.request(method, path, params=params or None, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise self._describe_unreachable(error) from error
        if answer.is_success:
            return answer
        raise _decode_problem(answer)


def _read(answer: httpx.Response, shape: type[T]) -> T:
    """Return the JSON of an answer, which is of `shape`. Raises: NodeError where no node answered."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not is_answer(body, shape):
        raise NodeError(f"{answer.request.url} does not answer as a node does: check the address")
    return cast(T, body)


def _decode_problem(answer: httpx.Response) -> NodeError:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, Mapping) or "type" not in body:
        return NodeError(
            f"{answer.request.url} answered {answer.status_code}, and not as a node does: check the address",
            status=answer.status_code,
        )
    sentences = [str(body[name]) for name in ("title", "detail", "advice") if body.get(name)]
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        sentences[1:] = [_UNAUTHORIZED_ADVICE]
    rows = body.get("rows")
    if isinstance(rows, list):
        sentences += [
            f"row {row.get('row')}: {row.get('message')}" for row in rows if isinstance(row, Mapping)
        ]
    retry_after = answer.headers.get("Retry-After", "")
    is_number = retry_after.isascii() and retry_after.isdigit()  # a date is not worth reading
    wait_seconds = int(retry_after[:9]) if is_number else None
    return NodeError(
        "\n".join(sentences), str(body["type"]).rpartition("/")[2], answer.status_code, wait_seconds
    )
