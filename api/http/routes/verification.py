"""Verify what is presented, from the replica alone; open to everybody.

The answer is 200 and a report, whatever the verdict.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from api import limits
from api.http import openapi
from api.http.bounds import bodies
from api.http.node import Node, NodeNeeded
from api.http.presentation import Presentation, UnopenedPresentation, open_all, read_batch, read_past
from api.http.schemas.verification import (
    PastDayShape,
    PastRequestShape,
    ReportShape,
    ReportsShape,
    VerifyBatchShape,
    VerifyFormShape,
    VerifyShape,
)
from ledger.verification.past import judge_past_span

router = APIRouter(prefix="/v1", tags=["verification"])

_PROBLEMS: Final = openapi.describe_problems(
    "malformed-request",
    "proof-missing",
    "unsupported-media-type",
    "body-too-large",
    "too-many-documents",
    "body-too-slow",
    "node-busy",
    "not-ready",
    "quarantined",
)
_REPORT: Final = openapi.describe_answer(ReportShape, "The report, whatever the verdict.") | _PROBLEMS
_REPORTS: Final = openapi.describe_answer(ReportsShape, "The reports.") | _PROBLEMS
_STATUS: Final = (
    openapi.describe_answer(PastDayShape, "The status then.")
    | openapi.describe_problems("malformed-input")
    | _PROBLEMS
)


async def _sent(request: Request) -> AsyncIterator[bytes | FormData]:
    """Take in what was sent, within limits; it is read where it may take its time."""
    if bodies.expect_media_type(request, bodies.JSON, bodies.MULTIPART) == bodies.JSON:
        yield await bodies.read(request, limits.MAX_VERIFY_BYTES)
        return
    form = await bodies.read_form(request, limits.MAX_VERIFY_BYTES)
    try:
        yield form
    finally:
        await form.close()


async def _sent_batch(request: Request) -> bytes:
    bodies.expect_media_type(request, bodies.JSON)
    return await bodies.read(request, limits.MAX_BATCH_BYTES)


async def _sent_proof(request: Request) -> bytes:
    bodies.expect_media_type(request, bodies.JSON)
    return await bodies.read(request, limits.MAX_FIELD_BYTES)


@router.post(
    "/verify",
    responses=_REPORT,
    openapi_extra=openapi.describe_request(json=VerifyShape, form=VerifyFormShape),
)
async def verify(sent: Annotated[bytes | FormData, Depends(_sent)], node: NodeNeeded) -> Response:
    """Verify one proof, with the documents or the claims that are presented beside it."""
    if isinstance(sent, FormData):
        unopened = await run_in_threadpool(UnopenedPresentation.from_form, sent, node.settings)
    else:
        unopened = await run_in_threadpool(UnopenedPresentation.from_json, sent, node.settings)
    (report,) = await _report(node, [unopened])
    return _json(report)


@router.post(
    "/verify/batch", responses=_REPORTS, openapi_extra=openapi.describe_request(json=VerifyBatchShape)
)
async def verify_batch(sent: Annotated[bytes, Depends(_sent_batch)], node: NodeNeeded) -> Response:
    """Verify many proofs against one state of the replica; the reports come in the order of the items."""
    return _json({"reports": await _report(node, await run_in_threadpool(read_batch, sent, node.settings))})


async def _report(node: Node, batch: list[UnopenedPresentation]) -> list[dict[str, object]]:
    """Verify each against one state of the replica. No thread is held while the documents are opened."""
    presentations = await open_all(batch, node.documents)
    return await run_in_threadpool(_judge, node, presentations)


def _judge(node: Node, presentations: list[Presentation]) -> list[dict[str, object]]:
    now, left = node.clock(), limits.MAX_DOCUMENTS_SHOWN_BYTES
    reports = []
    with node.reading() as trust:
        for presentation in presentations:
            reports.append(presentation.make_report(trust, now, left))
            left -= len(orjson.dumps(reports[-1].get("documents")))
    return reports


@router.post("/status", responses=_STATUS, openapi_extra=openapi.describe_request(json=PastRequestShape))
def past(sent: Annotated[bytes, Depends(_sent_proof)], node: NodeNeeded) -> Response:
    """Say what the status of a certificate was on a day or at a moment, and which anchors show it."""
    proof, at = read_past(sent)
    with node.reading() as trust:
        start, end = judge_past_span(proof, trust, at)
    return _json({"start": start.to_json(), "end": end.to_json()})


def _json(body: object) -> Response:
    return Response(orjson.dumps(body), media_type=bodies.JSON)
