"""Checkpoints with their cosignatures, and snapshots, to verify with where there is no node."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from anchoring.checkpoints.snapshots import export
from anchoring.checkpoints.store import find_newest_cosigned
from api.http import openapi
from api.http.bounds import bodies
from api.http.node import Node, NodeNeeded
from api.http.schemas.knowledge import CosignedShape
from ledger.encoding.canonical import encode_canonical
from ledger.registry.checkpoints import CosignedCheckpoint

router = APIRouter(prefix="/v1", tags=["registry"])

SNAPSHOT_TYPE: Final = "application/vnd.shunzheng.snapshot"
CosignerCount = Annotated[
    int | None,
    Query(ge=1, le=256, description="Cities whose nodes must have signed; left out, a majority of them."),
]


@router.get(
    "/checkpoint",
    response_class=Response,
    responses=openapi.describe_answer(CosignedShape, "The checkpoint.")
    | openapi.describe_problems("not-found", "invalid-parameter", "not-ready", "quarantined"),
)
def checkpoint(node: NodeNeeded, cosigned: CosignerCount = None) -> Response:
    """Give the newest checkpoint that so many nodes have signed, with all cosignatures that this node has of it."""
    with node.reading() as replica_view:
        newest_checkpoint = find_newest_cosigned(node.checkpoints, replica_view, cosigned)
    return Response(encode_canonical(newest_checkpoint.to_json()), media_type=bodies.JSON)


@router.get(
    "/snapshot",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The snapshot.", "content": {SNAPSHOT_TYPE: {}}},
        **openapi.describe_problems(
            "not-found", "invalid-parameter", "node-busy", "not-ready", "quarantined"
        ),
    },
)
async def snapshot(
    node: NodeNeeded,
    after: Annotated[
        int, Query(ge=0, le=2**53, description="Of a delta: the event that the caller holds already.")
    ] = 0,
    cosigned: CosignerCount = None,
) -> StreamingResponse:
    """Give the registry's events up to that checkpoint, as a file to verify with offline."""
    newest_checkpoint = await run_in_threadpool(_find_newest, node, cosigned)
    snapshot_key = encode_canonical(newest_checkpoint.to_json()), after
    snapshot_file = await node.snapshots.find_or_make(
        snapshot_key, partial(_export, node, newest_checkpoint, after)
    )
    last_n = newest_checkpoint.checkpoint.event_number
    file_name = f"{after}-{last_n}.snapshot" if after else f"{last_n}.snapshot"
    headers = {
        "Content-Disposition": f'attachment; filename="{file_name}"',
        "Content-Length": str(snapshot_file.size_bytes),
    }
    return StreamingResponse(snapshot_file.read_pieces(), media_type=SNAPSHOT_TYPE, headers=headers)


def _find_newest(node: Node, cosigned: int | None) -> CosignedCheckpoint:
    with node.reading() as replica_view:
        return find_newest_cosigned(node.checkpoints, replica_view, cosigned)


def _export(node: Node, newest_checkpoint: CosignedCheckpoint, after: int) -> Iterator[bytes]:
    with node.reading() as replica_view:
        yield from export(replica_view, newest_checkpoint, after)
