"""A node over HTTP, as the command line asks it: results, or one error that says what the node said and what to do."""

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx

_SECONDS: Final = httpx.Timeout(30.0, read=600.0)  # a large submission is checked record by record


class NodeError(Exception):
    """The node refused or could not be reached; `problem` is the stable name of the problem, empty when out of reach."""

    def __init__(self, message: str, problem: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.problem = problem
        self.status = status


class NodeClient:
    """One node by its base URL; `token` opens what needs a scope."""

    def __init__(self, url: str, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def logs(self) -> Any:
        """Return the registry that the node follows and its logs."""
        return self._ask("GET", "/v1/logs").json()

    def anchors(self, log: str) -> Any:
        """Return the newest page of the final anchors of a log, the newest first."""
        return self._ask("GET", "/v1/anchors", params={"log": log}).json()

    def submit(self, lines: Iterable[bytes]) -> Any:
        """Hand in a submission, line by line, and return its receipt."""
        headers = {"Content-Type": "application/x-ndjson"}
        return self._ask("POST", "/v1/submissions", content=lines, headers=headers).json()

    def submission(self, identifier: str) -> Any:
        return self._ask("GET", f"/v1/submissions/{quote(identifier, safe='')}").json()

    def proof(self, leaf: str) -> bytes:
        return self._ask("GET", f"/v1/records/{quote(leaf, safe='')}/proof").content

    def certificate_proof(self, identifier: str) -> bytes:
        return self._ask("GET", f"/v1/certificates/{quote(identifier, safe='')}/proof").content

    def history(self, identifier: str) -> Any:
        return self._ask("GET", f"/v1/certificates/{quote(identifier, safe='')}/history").json()

    def verify(self, body: bytes) -> Any:
        headers = {"Content-Type": "application/json"}
        return self._ask("POST", "/v1/verify", content=body, headers=headers).json()

    def verify_batch(self, body: bytes) -> Any:
        headers = {"Content-Type": "application/json"}
        return self._ask("POST", "/v1/verify/batch", content=body, headers=headers).json()

    def ready(self) -> bool:
        """Tell whether the node says that it is ready; False while it cannot be reached."""
        try:
            return self._http.get("/readyz", timeout=2.0).is_success
        except httpx.HTTPError:
            return False

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise NodeError(
                f"{self.url} cannot be reached ({str(error) or type(error).__name__}): check that it runs"
            ) from error
        if answer.is_success:
            return answer
        raise _problem(answer)


def _problem(answer: httpx.Response) -> NodeError:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, Mapping) or "type" not in body:
        return NodeError(f"{answer.request.url} answered {answer.status_code}", status=answer.status_code)
    parts = [str(body[name]) for name in ("title", "detail", "advice") if body.get(name)]
    rows = body.get("rows")
    if isinstance(rows, list):
        parts += [f"row {row.get('row')}: {row.get('message')}" for row in rows if isinstance(row, Mapping)]
    return NodeError("\n".join(parts), str(body["type"]).rpartition("/")[2], answer.status_code)
