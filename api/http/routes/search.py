"""Searches and figures, for holders of a token of the scope `search`: they lead to persons.

Every certificate that is shown is a look of its own, with the reason that was given.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Security

from anchoring.register.access.looks import SHOWN_OUTCOME, Purpose
from anchoring.register.search.finding import find_certificates
from anchoring.register.search.listing import count_records, list_records
from api import limits
from api.http import openapi
from api.http.bounds import bodies
from api.http.node import NodeNeeded
from api.http.schemas.search import (
    CriteriaShape,
    FigureShape,
    FiguresShape,
    FindShape,
    HitShape,
    HitsShape,
    ListedShape,
    ListingShape,
    SearchShape,
)
from api.http.tokens import Viewer, make_viewer_dependency
from api.problems import PROBLEMS

router = APIRouter(prefix="/v1", tags=["records"])
SearchViewer = Annotated[Viewer, Security(make_viewer_dependency(Purpose.SEARCH), scopes=["search"])]
FiguresViewer = Annotated[Viewer, Security(make_viewer_dependency(Purpose.FIGURES), scopes=["search"])]
_NOBODY = ""  # stands for the certificate of a look that shows none
_UNKNOWN_OUTCOME = PROBLEMS["not-found"].slug
_PROBLEMS = openapi.describe_problems(
    "token-required",
    "scope-missing",
    "too-many-looks",
    "issues-nothing",
    "invalid-parameter",
    "malformed-input",
    "limit-exceeded",
    "unsupported-media-type",
    "body-too-large",
)


async def _read_question(request: Request, _: SearchViewer) -> FindShape:
    """Read the body once the token is known to be good; so do the others."""
    return await bodies.read_shape(request, FindShape, limits.MAX_SMALL_BYTES)


async def _read_search(request: Request, _: SearchViewer) -> SearchShape:
    return await bodies.read_shape(request, SearchShape, limits.MAX_SMALL_BYTES)


async def _read_criteria(request: Request, _: FiguresViewer) -> CriteriaShape:
    return await bodies.read_shape(request, CriteriaShape, limits.MAX_SMALL_BYTES)


@router.post(
    "/certificates/find",
    response_model_exclude_none=True,
    responses=_PROBLEMS,
    openapi_extra=openapi.describe_request(json=FindShape),
)
def find(
    question: Annotated[FindShape, Depends(_read_question)], viewer: SearchViewer, node: NodeNeeded
) -> HitsShape:
    """Find certificates by a number, a holder or the digest of a document, however it is spelled."""
    term_sort, term_text = question.question
    with node.register.reading() as connection:
        hits = find_certificates(connection, term_sort, term_text)
    _log(viewer, [hit.identifier for hit in hits], question.reason)
    return HitsShape(items=[HitShape.of(hit) for hit in hits])


@router.post(
    "/search",
    response_model_exclude_none=True,
    responses=_PROBLEMS,
    openapi_extra=openapi.describe_request(json=SearchShape),
)
def search(
    search_shape: Annotated[SearchShape, Depends(_read_search)], viewer: SearchViewer, node: NodeNeeded
) -> ListingShape:
    """List records by what they state, who signed them and when they were taken, in the order of the log."""
    with node.register.reading() as connection:
        listing = list(
            list_records(
                connection,
                search_shape.to_criteria(),
                first_position=search_shape.position,
                limit=search_shape.limit,
            )
        )
    _log(viewer, [listed.identifier for listed in listing], search_shape.reason)
    is_full = len(listing) == search_shape.limit
    return ListingShape(
        items=[ListedShape.of(listed) for listed in listing],
        next=listing[-1].position + 1 if is_full else None,
    )


@router.post(
    "/figures",
    responses=_PROBLEMS,
    openapi_extra=openapi.describe_request(json=CriteriaShape),
)
def figures(
    criteria_shape: Annotated[CriteriaShape, Depends(_read_criteria)],
    viewer: FiguresViewer,
    node: NodeNeeded,
) -> FiguresShape:
    """Count records by month, type, issuer and action."""
    with node.register.reading() as connection:
        counted_figures = count_records(connection, criteria_shape.to_criteria())
    viewer.log({_NOBODY: SHOWN_OUTCOME}, reason=criteria_shape.reason)
    return FiguresShape(items=[FigureShape.of(figure) for figure in counted_figures])


def _log(viewer: Viewer, identifiers: list[str], reason: str) -> None:
    """Log a look at each certificate, or one at none where nothing was found. Raises: TooManyLooks."""
    outcomes = dict.fromkeys(identifiers, SHOWN_OUTCOME) or {_NOBODY: _UNKNOWN_OUTCOME}
    viewer.log(outcomes, reason=reason)
