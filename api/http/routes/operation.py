"""Health, readiness and figures, for the administrator of the node."""

from fastapi import APIRouter, Response

from api.http.metrics import render
from api.http.node import NodeNeeded
from api.http.readiness import tell_readiness
from api.http.schemas.operation import ReadyShape

router = APIRouter(tags=["operation"])


@router.get("/healthz")
async def healthz() -> dict[str, bool]:
    """The process answers; nothing else is looked at, and no thread is waited for."""
    return {"alive": True}


@router.get("/readyz", response_model_exclude_none=True, responses={503: {"model": ReadyShape}})
def readyz(node: NodeNeeded, response: Response) -> ReadyShape:
    """Say whether the node can answer, and how it and its processes are.

    It can once its replica has held all that its endpoint called final, unless that is quarantined. A node that was cut
    off from the chain since then answers with the knowledge that it has, and says how old that is.
    """
    readiness = tell_readiness(node)
    if not readiness.ready:
        response.status_code = 503
    return readiness


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(node: NodeNeeded) -> Response:
    """Give the same figures in the text format of Prometheus."""
    return Response(render(tell_readiness(node)), media_type="text/plain; version=0.0.4")
