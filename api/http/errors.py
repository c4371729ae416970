"""The problem document (RFC 9457) that HTTP answers to each error.

    ApiError
    ├── MalformedRequest        the request is not in the documented form
    ├── UnsupportedMedia        the body is of a type that the route does not take
    ├── BodyTooLarge            the body passes a limit
    ├── BodyTooSlow             the body does not come
    ├── NodeBusy                requests under way hold as much as this process takes
    ├── ProofMissing            a verification was asked for without a proof
    ├── TokenRefused            no token, or one that is not known, expired or withdrawn
    ├── ScopeMissing            the token does not reach that far
    ├── TooManyUploads          as many submissions are under way as this process takes in at once
    ├── IssuesNothing           this node has no register
    ├── NotHeld                 it exists, but another city's node has it
    └── NotReady                the node has no replica to answer from yet

`TooManyDocuments` of `api.opening` is answered as well: as many documents are being opened as one process does at once.

No problem document repeats what was sent, beyond the few characters that a message of the core quotes to name the place.
"""

import errno
import logging
from collections.abc import Callable
from typing import Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from anchoring import errors as anchoring
from api.node.errors import SettingsError
from api.opening.errors import TooManyDocuments
from api.problems import PROBLEMS, Problem
from ledger import errors as ledger

MEDIA_TYPE: Final = "application/problem+json"
PAGE_PATH: Final = "/"  # the one address that people and not programs ask
INTERNAL_SLUG: Final = "internal"

ShowProblem = Callable[[Request, Problem, str], Response]  # request, problem, detail

logger = logging.getLogger(__name__)


class ApiError(Exception):
    """Root of what `api` raises about a request."""


class MalformedRequest(ApiError):
    """The request is not in the documented form; the message says where."""


class UnsupportedMedia(ApiError):
    """The body is of a type that the route does not take."""


class BodyTooLarge(ApiError):
    """The body passes a limit, which the message names."""


class BodyTooSlow(ApiError):
    """The body comes more slowly than any connection needs."""


class NodeBusy(ApiError):
    """Requests under way hold as much as this process takes; the same request may succeed in a moment."""


class ProofMissing(ApiError):
    """A verification was asked for without a proof."""


class TokenRefused(ApiError):
    """There is no token, or none that is known and in force."""


class ScopeMissing(ApiError):
    """The token is in force, but does not reach that far."""


class TooManyUploads(ApiError):
    """As many submissions are being taken in as one process does at once."""


class IssuesNothing(ApiError):
    """The node has no register, so there is nothing to submit to and nothing to ask for."""


class NotHeld(ApiError):
    """Another city's node has it."""


class NotReady(ApiError):
    """The node has no replica to answer from yet."""


#: The table: error to slug. The nearest class in the error's own line of descent decides.
_SLUGS: Final[dict[type[Exception], str]] = {
    MalformedRequest: "malformed-request",
    UnsupportedMedia: "unsupported-media-type",
    BodyTooLarge: "body-too-large",
    BodyTooSlow: "body-too-slow",
    NodeBusy: "node-busy",
    ProofMissing: "proof-missing",
    TokenRefused: "token-required",
    ScopeMissing: "scope-missing",
    TooManyUploads: "too-many-uploads",
    IssuesNothing: "issues-nothing",
    NotHeld: "not-held",
    NotReady: "not-ready",
    TooManyDocuments: "too-many-documents",
    ledger.MalformedInput: "malformed-input",
    ledger.LimitExceeded: "limit-exceeded",
    ledger.NewerFormat: "newer-format",
    ledger.TransitionRefused: "transition-refused",
    ledger.BrokenHead: "quarantined",
    anchoring.Quarantined: "quarantined",
    anchoring.RegisterBehind: "register-behind",
    anchoring.AnchorContradicted: "register-behind",
    anchoring.TooMuchWaiting: "too-much-waiting",
    anchoring.TooManyLooks: "too-many-looks",
    anchoring.ChainUnavailable: "chain-unavailable",
    anchoring.DatabaseDamaged: "database-damaged",
    anchoring.DatabaseUnavailable: "database-unavailable",
    anchoring.NotFound: "not-found",
    anchoring.NotFinal: "not-final",
    SettingsError: "trust-list-unreadable",  # the one setting that is read again while the node runs
}
#: Errors whose messages name machines, paths or users.
_INSIDE_ERRORS: Final = (
    anchoring.DatabaseUnavailable,
    anchoring.DatabaseDamaged,
    anchoring.DatabaseTaken,
    anchoring.ChainUnavailable,
    SettingsError,
)
_HEADERS: Final = {
    "token-required": {"WWW-Authenticate": "Bearer"},
    "not-ready": {"Retry-After": "5"},
    "node-busy": {"Retry-After": "2"},
    "too-many-uploads": {"Retry-After": "2"},
    "too-many-documents": {"Retry-After": "5"},
    "entries-missing": {"Retry-After": "300"},
    "no-space": {"Retry-After": "300"},
    "chain-unavailable": {"Retry-After": "30"},
    "database-unavailable": {"Retry-After": "5"},
    "trust-list-unreadable": {"Retry-After": "60"},
}


_DISK_FULL_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def find_problem(error: Exception) -> Problem:
    """Return the problem that an error leads to; one that the table does not name is internal."""
    if isinstance(error, anchoring.SubmissionRefused):
        return PROBLEMS.get(error.problem, PROBLEMS["rows-refused"])
    if isinstance(error, OSError) and error.errno in _DISK_FULL_ERRNOS:
        return PROBLEMS["no-space"]
    slugs = (_SLUGS[error_class] for error_class in type(error).__mro__ if error_class in _SLUGS)
    return PROBLEMS[next(slugs, INTERNAL_SLUG)]


def make_document(problem: Problem, detail: str = "", **further_members: object) -> Response:
    """Return the response with the problem document; `further_members` stand beside its own."""
    members: dict[str, object] = {
        "type": problem.type,
        "title": problem.title.en,
        "title_zh": problem.title.zh,
        "status": problem.status,
        "advice": problem.advice.en,
        "advice_zh": problem.advice.zh,
    }
    if detail:
        members["detail"] = detail
    return Response(
        orjson.dumps(members | further_members),
        problem.status,
        media_type=MEDIA_TYPE,
        headers=_HEADERS.get(problem.slug),
    )


def tell_detail(error: Exception) -> str:
    """Return what strangers are told of an error beside its problem; what names machines, paths or users is only logged."""
    problem = find_problem(error)
    if isinstance(error, OSError) or problem.slug == INTERNAL_SLUG:
        logger.error("%s", _describe_place(error))
        return ""
    if isinstance(error, _INSIDE_ERRORS):
        logger.error("%s", error)
        return str(error) if isinstance(error, anchoring.RowDamaged) else ""
    return str(error)


def respond(error: Exception) -> Response:
    """Return the problem document of an error. Of an internal one nothing is said but that it happened."""
    problem, detail = find_problem(error), tell_detail(error)
    if isinstance(error, anchoring.TooMuchWaiting | anchoring.TooManyLooks):
        answer = make_document(problem, detail)
        answer.headers["Retry-After"] = str(error.retry_after_seconds)
        return answer
    if isinstance(error, anchoring.SubmissionRefused):
        rows = [{"row": row.row_number, "message": row.message} for row in error.row_errors]
        return make_document(problem, detail, rows=rows)
    return make_document(problem, detail)


def _describe_place(error: Exception) -> str:
    """Name an unexpected error by its class and place: its message may hold what a person sent."""
    trace, place = error.__traceback__, ""
    while trace:
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__module__}.{type(error).__qualname__} at {place}"


def install(app: FastAPI, show_problem: ShowProblem) -> None:
    """Let the application answer every error with a problem document, and at the page with a page."""

    def answer(request: Request, error: Exception) -> Response:
        if request.url.path != PAGE_PATH:
            return respond(error)
        return show_problem(request, find_problem(error), tell_detail(error))

    for error_class in (
        ApiError,
        TooManyDocuments,
        SettingsError,
        anchoring.AnchoringError,
        ledger.LedgerError,
    ):
        app.add_exception_handler(error_class, answer)
    app.add_exception_handler(RequestValidationError, _answer_invalid_parameters)
    app.add_exception_handler(HTTPException, _answer_http_error)


def _answer_invalid_parameters(_: Request, error: Exception) -> Response:
    """Name the parameters that fail, never their values."""
    assert isinstance(error, RequestValidationError)
    faults = [
        {"where": ".".join(map(str, fault["loc"])), "message": fault["msg"]} for fault in error.errors()
    ]
    return make_document(PROBLEMS["invalid-parameter"], errors=faults)


_SLUGS_BY_STATUS: Final = {
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
}


def _answer_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    slug = _SLUGS_BY_STATUS.get(
        error.status_code, "malformed-request" if error.status_code < 500 else INTERNAL_SLUG
    )
    response = make_document(PROBLEMS[slug])
    response.headers.update(error.headers or {})
    return response
