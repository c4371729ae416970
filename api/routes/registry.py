"""What the chain says, from the replica, and the entries of this node's own log. Open to everybody."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from anchoring import register as registered
from anchoring.errors import NotFound
from api import limits, openapi
from api.errors import NotHeld
from api.node import NodeNeeded
from api.schemas.registry import AnchorShape, AnchorsShape, EntriesShape, EntryShape, LogsShape

router = APIRouter(prefix="/v1", tags=["registry"])

LogName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,32}$", examples=["tianmen"])]
Most = Annotated[int, Query(ge=1, le=limits.MAX_PAGE_ITEMS, description="Items of one page.")]


@router.get("/logs", responses=openapi.problems("not-ready", "quarantined"))
def logs(node: NodeNeeded) -> LogsShape:
    """List the logs of the registry, in the order of their admission."""
    with node.reading() as reading:
        return LogsShape.of(reading, node.settings.log)


@router.get(
    "/logs/{log}/entries",
    response_model_exclude_none=True,
    responses=openapi.problems("not-found", "not-held", "issues-nothing", "invalid-parameter", "not-ready"),
)
def entries(
    log: LogName,
    node: NodeNeeded,
    position: Annotated[
        int, Query(ge=0, le=2**53, description="Only entries that begin at this position or beyond.")
    ] = 0,
    limit: Most = limits.PAGE_ITEMS,
) -> EntriesShape:
    """List the entries of this node's own log, in the order of acceptance. They hold nothing personal."""
    if log != node.settings.log:
        with node.reading() as reading:
            known = reading.log(log) is not None
        raise (
            NotHeld(f"the node of {log} has them")
            if known
            else NotFound(f"there is no log {log} in this registry")
        )
    with node.register.reading() as connection:
        found = registered.submissions(connection, after=position - 1, most=limit)
    end = found[-1].receipt.first + found[-1].receipt.count if len(found) == limit else None
    following = f"/v1/logs/{log}/entries?position={end}&limit={limit}" if end else None
    return EntriesShape(items=[EntryShape.of(submission) for submission in found], next=following)


@router.get(
    "/anchors",
    response_model_exclude_none=True,
    responses=openapi.problems("not-found", "invalid-parameter", "not-ready", "quarantined"),
)
def anchors(
    node: NodeNeeded,
    log: Annotated[str, Query(pattern=r"^[a-z0-9-]{1,32}$", examples=["tianmen"])],
    before: Annotated[
        int | None, Query(ge=1, le=2**53, description="Only anchors of a lower sequence.")
    ] = None,
    limit: Most = limits.PAGE_ITEMS,
) -> AnchorsShape:
    """List the final anchors of one log, the newest first."""
    with node.reading() as reading:
        if reading.log(log) is None:
            raise NotFound(f"there is no log {log} in this registry")
        found = reading.anchors(log, below=before, most=limit)
    items = [AnchorShape.of(anchor) for anchor in found]
    more = len(found) == limit and found[-1].sequence > 1
    following = f"/v1/anchors?log={log}&before={found[-1].sequence}&limit={limit}" if more else None
    return AnchorsShape(items=items, next=following)
