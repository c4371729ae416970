"""Logs, anchors and statuses from the replica, and entries of logs. Open to everybody."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from anchoring.errors import NotFound
from anchoring.register.submissions import list_submissions
from api import limits
from api.http import openapi
from api.http.bounds import bodies
from api.http.errors import NotHeld
from api.http.node import Node, NodeNeeded
from api.http.schemas.registry import AnchorShape, AnchorsShape, LogsShape, StatusRangeShape
from api.http.schemas.submissions import EntriesShape, EntryShape
from ledger.limits import MAX_LOG_SIZE
from ledger.proof.staples import RANGE_POSITIONS

router = APIRouter(prefix="/v1", tags=["registry"])

LogName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,32}$", examples=["tianmen"])]
PageLimit = Annotated[int, Query(ge=1, le=limits.MAX_PAGE_ITEMS, description="Items of one page.")]


@router.get("/logs", responses=openapi.describe_problems("not-ready", "quarantined"))
def logs(node: NodeNeeded) -> LogsShape:
    """List the logs of the registry, in the order of their admission."""
    with node.reading() as replica_view:
        publications = node.entry_copies.find_worst(node.settings.watched_peers, node.clock())
        return LogsShape.of(replica_view, node.settings.log, publications)


@router.get(
    "/logs/{log}/entries",
    response_model_exclude_none=True,
    responses=openapi.describe_problems(
        "not-found", "not-held", "issues-nothing", "invalid-parameter", "not-ready"
    ),
)
def entries(
    log: LogName,
    node: NodeNeeded,
    position: Annotated[
        int, Query(ge=0, le=2**53, description="Only entries that begin at this position or beyond.")
    ] = 0,
    limit: PageLimit = limits.PAGE_ITEMS,
) -> EntriesShape:
    """List the entries of this node's own log, in the order of acceptance, or the copies that it has of another's.

    They hold nothing personal.
    """
    if log != node.settings.log:
        return _list_copies(log, node, position, limit)
    with node.register.reading() as connection:
        page = list_submissions(connection, after=position - 1, limit=limit)
    end_position = (
        page[-1].acceptance.first_position + page[-1].acceptance.record_count if len(page) == limit else None
    )
    next_path = f"/v1/logs/{log}/entries?position={end_position}&limit={limit}" if end_position else None
    return EntriesShape(items=[EntryShape.of(submission) for submission in page], next=next_path)


def _list_copies(log: str, node: Node, position: int, limit: int) -> EntriesShape:
    copies = node.entry_copies.list_page(log, position, limit)
    if not copies and log not in node.settings.watched_peers:
        with node.reading() as replica_view:
            is_admitted = replica_view.find_log(log) is not None
        raise (
            NotHeld(f"the node of {log} has them")
            if is_admitted
            else NotFound(f"there is no log {log} in this registry")
        )
    end_position = (
        copies[-1].first_position + copies[-1].entry.statement.record_count if len(copies) == limit else None
    )
    next_path = f"/v1/logs/{log}/entries?position={end_position}&limit={limit}" if end_position else None
    return EntriesShape(
        items=[EntryShape.of_copy(entry_copy) for entry_copy in copies], copies=True, next=next_path
    )


@router.get(
    "/logs/{log}/status",
    response_class=Response,
    responses=openapi.describe_answer(StatusRangeShape, "The range, in canonical form.")
    | openapi.describe_problems("not-found", "invalid-parameter", "not-ready", "quarantined"),
)
def status_range(
    log: LogName,
    node: NodeNeeded,
    position: Annotated[
        int,
        Query(ge=0, le=MAX_LOG_SIZE, multiple_of=RANGE_POSITIONS, description="Where the range begins."),
    ] = 0,
) -> Response:
    """Give the statuses of a range of positions, wide enough to hide which one is asked about, with their path."""
    with node.reading() as replica_view:
        range_of_statuses = node.status_trees.make_range(replica_view, log, position)
    return Response(range_of_statuses.encode(), media_type=bodies.JSON)


@router.get(
    "/anchors",
    response_model_exclude_none=True,
    responses=openapi.describe_problems("not-found", "invalid-parameter", "not-ready", "quarantined"),
)
def anchors(
    node: NodeNeeded,
    log: Annotated[str, Query(pattern=r"^[a-z0-9-]{1,32}$", examples=["tianmen"])],
    before: Annotated[
        int | None, Query(ge=1, le=2**53, description="Only anchors of a lower sequence.")
    ] = None,
    limit: PageLimit = limits.PAGE_ITEMS,
) -> AnchorsShape:
    """List the final anchors of one log, the newest first."""
    with node.reading() as replica_view:
        if replica_view.find_log(log) is None:
            raise NotFound(f"there is no log {log} in this registry")
        page_anchors = replica_view.list_anchors(log, below_sequence=before, limit=limit)
    if not page_anchors:
        return AnchorsShape(items=[])
    publications = node.entry_copies.list_anchor_entries(
        log, page_anchors[-1].sequence, page_anchors[0].sequence, node.clock()
    )
    items = [AnchorShape.of(anchor, publications.get(anchor.sequence)) for anchor in page_anchors]
    has_more = len(page_anchors) == limit and page_anchors[-1].sequence > 1
    next_path = (
        f"/v1/anchors?log={log}&before={page_anchors[-1].sequence}&limit={limit}" if has_more else None
    )
    return AnchorsShape(items=items, next=next_path)
