"""Health, readiness and a few figures, for whoever runs the node."""

from fastapi import APIRouter, Response

from api.errors import NotReady
from api.limits import READY_LAG_SECONDS
from api.node import Node, NodeNeeded
from api.schemas.operation import ReadyShape

router = APIRouter(tags=["operation"])


@router.get("/healthz")
def healthz() -> dict[str, bool]:
    """The process answers; nothing else is looked at."""
    return {"alive": True}


@router.get("/readyz", responses={503: {"model": ReadyShape}})
def readyz(node: NodeNeeded, response: Response) -> ReadyShape:
    """Say whether the node can answer: it has a replica that is not quarantined.

    A replica that lags still answers, and each report says how old its knowledge is; so a lag is shown and does not
    take the node out of service when the network is down.
    """
    found = _readiness(node)
    if not found.ready:
        response.status_code = 503
    return found


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(node: NodeNeeded) -> Response:
    """Give the same figures in the text format of Prometheus."""
    found = _readiness(node)
    lines = []
    for name, help_text, value in (
        ("ready", "1 when the node can answer", int(found.ready)),
        ("quarantined", "1 when the replica contradicts the chain", int(bool(found.quarantine))),
        ("events", "registry events in the replica", found.n),
        ("block", "newest final block seen", found.block),
        ("lag_seconds", "age of that block", found.lag_seconds),
    ):
        if value is not None:
            lines += [
                f"# HELP shunzheng_{name} {help_text}",
                f"# TYPE shunzheng_{name} gauge",
                f"shunzheng_{name} {value}",
            ]
    return Response("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


def _readiness(node: Node) -> ReadyShape:
    try:
        with node.reading(quarantined=True) as reading:
            lag = max(0, node.clock() - reading.time)
            return ReadyShape(
                ready=not reading.quarantine,
                registry=reading.registry,
                n=reading.cursor.n,
                block=reading.cursor.final_block,
                lag_seconds=lag,
                lagging=lag > READY_LAG_SECONDS,
                quarantine=reading.quarantine,
            )
    except NotReady as error:
        return ReadyShape(ready=False, detail=str(error))
