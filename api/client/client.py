"""The client of a node over HTTP: results, or one error that says what to do.

Redirects are not followed, and a list goes on at the address that was asked: the token goes to that node alone.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar, cast
from urllib.parse import parse_qs, quote

import httpx

from api.client.answers import (
    AnchorsAnswer,
    FiguresAnswer,
    HitsAnswer,
    JudgementAnswer,
    LineageAnswer,
    LineagesAnswer,
    ListingAnswer,
    LogsAnswer,
    ReceiptAnswer,
    ReportAnswer,
    ReportsAnswer,
    RowAnswer,
    SubmissionAnswer,
    UseAnswer,
    UsesAnswer,
    is_answer,
)
from api.client.authorities import load_authorities
from api.client.bodies import check_head, read_pieces, take_whole
from api.client.node_error import NodeError
from api.limits import MAX_CONTENT_ITEMS, MAX_PAGE_ITEMS
from api.rendering.histories import HistoryJson, JudgedHistoryJson, OutlineJson
from api.rendering.listings import FigureJson, HitJson, ListedJson
from api.rendering.text import PastDayJson
from ledger.encoding.canonical import Json, decode, decode_foreign, encode_canonical
from ledger.encoding.fields import Fields
from ledger.errors import MalformedInput
from ledger.proof.staples import MAX_RANGE_BYTES
from ledger.registry.snapshots import MAX_SNAPSHOT_BYTES

# An answer about one thing: a page of a hundred anchors has 50 kB, a proof 256 kB at most, a refusal a hundred rows.
_MAX_ANSWER_BYTES: Final = 4 * 2**20
# An answer about a thousand things, or the whole history of one: reports have some 10 kB each.
_MAX_LIST_BYTES: Final = 32 * 2**20
_MAX_PAGES: Final = 10_000  # of one list, which has a hundred items a page: a million sealings of one seal
_MAX_KEY_BYTES: Final = 16 * 1024  # a key has at most 4,096 bytes, in hexadecimal twice as many letters
_MAX_ANCHORS_BYTES: Final = 4 * 2**20  # a thousand anchors: 500 bytes each, and findings about their entries
T = TypeVar("T")
_NO_PARAMS: Final[Mapping[str, str]] = {}
_ADDRESS_PATTERN: Final = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
_POSITION_PATTERN: Final = re.compile("[0-9]{1,16}")
_MAX_SHOWN_CHARS: Final = 200  # of an address that a node names
_TOKEN_PATTERN: Final = re.compile(r"[!-~]*")
_UNAUTHORIZED_ADVICE: Final = (
    "None was given, or it is not known there, has expired or was withdrawn: ask the administrator of that node for one, "
    "and give it with --token-file or in SHUNZHENG_TOKEN."
)
_HEADERS: Final = {"Accept-Encoding": "identity"}
_TIMEOUT: Final = httpx.Timeout(30.0, read=600.0)  # a large submission is checked record by record
_READY_TIMEOUT: Final = httpx.Timeout(2.0)


@dataclass(frozen=True, slots=True)
class Question:
    """What a node is asked: `media_type` is that of `content`; the answer has at most `max_bytes`."""

    method: str
    path: str
    max_bytes: int = _MAX_ANSWER_BYTES
    params: Mapping[str, str | int] = field(default_factory=dict)
    content: bytes | Iterable[bytes] | None = None
    media_type: str = ""
    timeout: httpx.Timeout = field(default_factory=lambda: _TIMEOUT)


class NodeClient:
    """One node by its base URL; `token` opens what needs a scope, `ca_file` names the authorities that vouch for it.

    `was_reached` once anything has answered there: then the address is right, and a node that is gone may come back.
    """

    was_reached = False

    def __init__(self, url: str, token: str | None = None, *, ca_file: Path | None = None) -> None:
        self.url = url.rstrip("/")
        if not _ADDRESS_PATTERN.fullmatch(self.url):
            raise NodeError(f"{url!r} is no address of a node: it is written http://HOST:PORT, or https://")
        if not _TOKEN_PATTERN.fullmatch(token or ""):
            raise NodeError("the token holds what no token can: give it as it was given out, on one line")
        headers = _HEADERS | ({"Authorization": f"Bearer {token}"} if token else {})
        try:
            self._http_client = httpx.Client(
                base_url=self.url,
                headers=headers,
                timeout=_TIMEOUT,
                trust_env=False,
                verify=load_authorities(ca_file) or True,
                follow_redirects=False,  # the token would go along
            )
        except httpx.InvalidURL as error:
            raise NodeError(f"{url!r} is no address of a node: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http_client.close()

    def fetch_logs(self) -> LogsAnswer:
        """Return the registry that the node follows and its logs."""
        return _read(self._get("/v1/logs"), LogsAnswer)

    def fetch_anchors(self, log: str) -> AnchorsAnswer:
        """Return the newest page of the final anchors of a log, the newest first."""
        return _read(self._get("/v1/anchors", {"log": log}), AnchorsAnswer)

    def fetch_anchors_around(self, log: str, sequence: int) -> Sequence[Json]:
        """Return the thousand anchors among which `sequence` is, so that the node learns no more than that."""
        end_sequence = ((sequence - 1) // MAX_PAGE_ITEMS + 1) * MAX_PAGE_ITEMS + 1
        params: dict[str, str | int] = {"log": log, "before": end_sequence, "limit": MAX_PAGE_ITEMS}
        answer = Fields(decode(self._read_bounded("/v1/anchors", params, _MAX_ANCHORS_BYTES)), "anchors")
        return answer.take_array("items", MAX_PAGE_ITEMS)

    def fetch_status_range(self, log: str, position: int) -> bytes:
        """Return the statuses of the range of a log that begins at `position`, as the node sent it."""
        return self._read_bounded(
            f"/v1/logs/{quote(log, safe='')}/status", {"position": position}, MAX_RANGE_BYTES
        )

    def fetch_checkpoint(self) -> bytes:
        """Return the newest checkpoint that a majority of the cities have signed."""
        return self._get("/v1/checkpoint").content

    def fetch_snapshot(self, after: int = 0, cosigned: int | None = None) -> Iterator[bytes]:
        """Yield a snapshot, or a delta after event `after`, piece by piece."""
        params = {"after": after} | ({"cosigned": cosigned} if cosigned else {})
        with self._open(Question("GET", "/v1/snapshot", MAX_SNAPSHOT_BYTES, params=params)) as answer:
            yield from read_pieces(answer, MAX_SNAPSHOT_BYTES)

    def submit(self, lines: Iterable[bytes]) -> ReceiptAnswer:
        """Hand in a submission, line by line, and return its receipt."""
        question = Question("POST", "/v1/submissions", content=lines, media_type="application/x-ndjson")
        return _read(self._ask(question), ReceiptAnswer)

    def fetch_key(self, key_id: bytes) -> bytes:
        """Return what the registry holds of a key, as the node sent it."""
        return self._read_bounded(f"/v1/keys/0x{key_id.hex()}", {}, _MAX_KEY_BYTES)

    def judge_receipt(self, encoded_receipt: bytes) -> JudgementAnswer:
        """Return what became of a receipt's promise, as this node knows it."""
        return _read(self._post("/v1/receipts/check", encoded_receipt), JudgementAnswer)

    def fetch_submission(self, submission_id: str) -> SubmissionAnswer:
        """Return how far a submission has come."""
        return _read(self._get(f"/v1/submissions/{quote(submission_id, safe='')}"), SubmissionAnswer)

    def fetch_record_proof(self, leaf_text: str) -> bytes:
        """Return the proof of a record, by its leaf hash."""
        return self._get(f"/v1/records/{quote(leaf_text, safe='')}/proof").content

    def fetch_certificate_proof(self, identifier: str) -> bytes:
        """Return the proof of a certificate as it stands now."""
        return self._get(f"/v1/certificates/{quote(identifier, safe='')}/proof").content

    def fetch_history(self, identifier: str) -> HistoryJson:
        """Return every record of a certificate."""
        path = f"/v1/certificates/{quote(identifier, safe='')}/history"
        return _read(self._ask(Question("GET", path, _MAX_LIST_BYTES)), HistoryJson)

    def find(self, question_members: Mapping[str, Json]) -> list[HitJson]:
        """Return the certificates of a number, holder or document; a token of the scope `search` is needed."""
        answer = self._post(
            "/v1/certificates/find", encode_canonical(dict(question_members)), _MAX_LIST_BYTES
        )
        return _read(answer, HitsAnswer)["items"]

    def search(self, criteria: Mapping[str, Json], limit: int) -> Iterator[ListedJson]:
        """Yield the records that criteria name, page by page; `limit` is how many are wanted at most."""
        position = 0
        for _ in range(_MAX_PAGES):
            request_members = dict(criteria) | {"position": position, "limit": min(limit, MAX_PAGE_ITEMS)}
            page = _read(
                self._post("/v1/search", encode_canonical(request_members), _MAX_LIST_BYTES), ListingAnswer
            )
            yield from page["items"]
            limit -= len(page["items"])
            next_position = page.get("next")
            if next_position is None or limit <= 0:
                return
            if next_position <= position:
                raise NodeError(f"{self.url} names a next page that does not lead on: check its address")
            position = next_position
        raise NodeError(f"{self.url} lists more than {_MAX_PAGES:,} pages: ask for less")

    def count_records(self, criteria: Mapping[str, Json]) -> list[FigureJson]:
        """Return how many records there are of what criteria name."""
        answer = self._post("/v1/figures", encode_canonical(dict(criteria)), _MAX_LIST_BYTES)
        return _read(answer, FiguresAnswer)["items"]

    def check_history(self, encoded_history: bytes) -> JudgedHistoryJson:
        """Return what a signed history comes to, by the chain that the node follows."""
        return _read(self._post("/v1/histories/check", encoded_history), JudgedHistoryJson)

    def outline(self, proof_text: str) -> OutlineJson:
        """Return what the node knows of a certificate of any city by its proof."""
        return _read(
            self._post("/v1/histories/outline", encode_canonical({"proof": proof_text})), OutlineJson
        )

    def fetch_uses(self, identifier: str, after: str | None, before: str | None) -> Iterator[UseAnswer]:
        """Yield what was sealed with a seal, oldest first, page by page."""
        time_bounds = {name: moment for name, moment in (("after", after), ("before", before)) if moment}
        path, position = f"/v1/certificates/{quote(identifier, safe='')}/uses", 0
        for _ in range(_MAX_PAGES):
            params = time_bounds | {"position": str(position)}
            page = _read(self._ask(Question("GET", path, _MAX_LIST_BYTES, params=params)), UsesAnswer)
            yield from page["items"]
            if not page.get("next"):
                return
            position = _read_next_position(str(page["next"]), path, position)
        raise NodeError(
            f"{self.url} lists more than {_MAX_PAGES:,} pages: ask for less with --after, --before"
        )

    def fetch_lineages(
        self, identifiers: Sequence[str], *, with_content: bool = False, is_described: bool = False
    ) -> list[LineageAnswer | None]:
        """Return where each certificate stands, in the order of `identifiers`; None where it is not registered.

        `with_content`: with what its current version states, for which the token needs the scope `claims`. `is_described`:
        with what tells it apart, as others see it.
        """
        lineages: list[LineageAnswer | None] = []
        page_items = MAX_CONTENT_ITEMS if with_content else MAX_PAGE_ITEMS
        for start_index in range(0, len(identifiers), page_items):
            request_members: dict[str, Json] = {
                "identifiers": [*identifiers[start_index : start_index + page_items]]
            }
            if with_content:
                request_members["content"] = True
            if is_described:
                request_members["described"] = True
            answer = _read(
                self._post("/v1/certificates/lineages", encode_canonical(request_members), _MAX_LIST_BYTES),
                LineagesAnswer,
            )
            lineages += answer["items"]
        return lineages

    def fetch_past_status(self, proof_text: str, moment: str) -> PastDayJson:
        """Return what the status was on a day or at a moment: `start` and `end`."""
        return _read(
            self._post("/v1/status", encode_canonical({"proof": proof_text, "at": moment})), PastDayJson
        )

    def verify(self, request_bytes: bytes) -> ReportAnswer:
        """Return the report of a verification, whose request is `request_bytes`."""
        return _read(self._post("/v1/verify", request_bytes), ReportAnswer)

    def verify_batch(self, request_bytes: bytes) -> ReportsAnswer:
        """Return the reports of many verifications, whose request is `request_bytes`."""
        return _read(self._post("/v1/verify/batch", request_bytes, _MAX_LIST_BYTES), ReportsAnswer)

    def is_ready(self) -> bool:
        """Tell whether the node says that it is ready; False while it cannot be reached."""
        try:
            self._ask(Question("GET", "/readyz", timeout=_READY_TIMEOUT))
        except NodeError:
            return False
        return True

    def _get(self, path: str, params: Mapping[str, str] = _NO_PARAMS) -> httpx.Response:
        return self._ask(Question("GET", path, params=params))

    def _post(self, path: str, request_bytes: bytes, max_bytes: int = _MAX_ANSWER_BYTES) -> httpx.Response:
        return self._ask(
            Question("POST", path, max_bytes, content=request_bytes, media_type="application/json")
        )

    def _read_bounded(self, path: str, params: Mapping[str, str | int], max_bytes: int) -> bytes:
        """Return an answer of `max_bytes` at most. Raises: NodeError, also for a longer one."""
        return self._ask(Question("GET", path, max_bytes, params=params)).content

    def _ask(self, question: Question) -> httpx.Response:
        """Return the node's answer, whole. Raises: NodeError."""
        with self._open(question) as answer:
            return take_whole(answer, question.max_bytes)

    @contextmanager
    def _open(self, question: Question) -> Iterator[httpx.Response]:
        """Give a good answer whose body is still to be read, and is not announced as too long. Raises: NodeError."""
        try:
            with self._http_client.stream(
                question.method,
                question.path,
                params=question.params or None,
                content=question.content,
                headers={"Content-Type": question.media_type} if question.media_type else {},
                timeout=question.timeout,
            ) as answer:
                self.was_reached = True
                check_head(answer, question.max_bytes if answer.is_success else _MAX_ANSWER_BYTES)
                if not answer.is_success:
                    raise _decode_problem(take_whole(answer, _MAX_ANSWER_BYTES))
                yield answer
        except httpx.HTTPError as error:
            raise NodeError(
                f"{self.url} cannot be reached ({str(error) or type(error).__name__}): check that it runs, and its address",
                is_out_of_reach=True,
            ) from error


def _read_next_position(address: str, path: str, position: int) -> int:
    """Return the position at which the next page of a list begins, of the address that a node names for it.

    It leads on in the list at `path` that was asked for, and nowhere else: whatever another address would be told, such as
    the token, is not for it. Raises: NodeError.
    """
    next_path, _, query = address.partition("?")
    positions = parse_qs(query).get("position", [])
    if next_path == path and len(positions) == 1 and _POSITION_PATTERN.fullmatch(positions[0]):
        next_position = int(positions[0])
        if next_position > position:
            return next_position
    raise NodeError(
        f"the node names another place for the next page, {address[:_MAX_SHOWN_CHARS]!r}, than further on in the list that "
        "was asked for. It was not asked: check the address of the node"
    )


def _read(answer: httpx.Response, answer_type: type[T]) -> T:
    """Return the JSON of an answer, which is of `answer_type`. Raises: NodeError where no node answered."""
    answer_value = _decode_body(answer)
    if not is_answer(cast(Json, answer_value), answer_type):
        raise NodeError(f"{answer.request.url} does not answer as a node does: check the address")
    return cast(T, answer_value)


def _decode_body(answer: httpx.Response) -> object:
    """Return the JSON of an answer; None where there is none that a node would write."""
    try:
        return decode_foreign(answer.content)
    except MalformedInput:
        return None


def _decode_problem(answer: httpx.Response) -> NodeError:
    problem_value = _decode_body(answer)
    if not isinstance(problem_value, Mapping) or "type" not in problem_value:
        return NodeError(
            f"{answer.request.url} answered {answer.status_code}, and not as a node does: check the address",
            status=answer.status_code,
        )
    rows = [row for row in problem_value.get("rows") or () if is_answer(row, RowAnswer)]
    member_names = (
        ("title", "advice") if rows else ("title", "detail", "advice")
    )  # the detail repeats the first row
    sentences = [str(problem_value[name]) for name in member_names if problem_value.get(name)]
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        sentences[1:] = [_UNAUTHORIZED_ADVICE]
    retry_after = answer.headers.get("Retry-After", "")
    is_number = retry_after.isascii() and retry_after.isdigit()  # a date is not worth reading
    wait_seconds = int(retry_after[:9]) if is_number else None
    return NodeError(
        "\n".join(sentences),
        str(problem_value["type"]).rpartition("/")[2],
        answer.status_code,
        wait_seconds,
        rows,
    )
