"""Verify what is presented, from the replica and the register's notes; open to everybody.

The answer is 200 and a report, whatever the verdict.
"""

from collections.abc import AsyncIterator
from functools import partial
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

_VERIFY_PROBLEMS: Final = openapi.describe_problems(
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
_REPORT_RESPONSES: Final = (
    openapi.describe_answer(ReportShape, "The report, whatever the verdict.") | _VERIFY_PROBLEMS
)
_REPORTS_RESPONSES: Final = openapi.describe_answer(ReportsShape, "The reports.") | _VERIFY_PROBLEMS
_STATUS_RESPONSES: Final = (
    openapi.describe_answer(PastDayShape, "The status then.")
    | openapi.describe_problems("malformed-input")
    | _VERIFY_PROBLEMS
)


async def _read_body(request: Request) -> AsyncIterator[bytes | FormData]:
    """Take in what was sent, within limits; it is read where it may take its time."""
    if bodies.expect_media_type(request, bodies.JSON, bodies.MULTIPART) == bodies.JSON:
        yield await bodies.read(request, limits.MAX_VERIFY_BYTES)
        return
    form = await bodies.read_form(request, limits.MAX_VERIFY_BYTES)
    try:
        yield form
    finally:
        await form.close()


@router.post(
    "/verify",
    responses=_REPORT_RESPONSES,
    openapi_extra=openapi.describe_request(json=VerifyShape, form=VerifyFormShape),
)
async def verify(body: Annotated[bytes | FormData, Depends(_read_body)], node: NodeNeeded) -> Response:
    """Verify one proof, with the documents or the claims that are presented beside it."""
    if isinstance(body, FormData):
        presentation = await run_in_threadpool(UnopenedPresentation.from_form, body, node.settings)
    else:
        presentation = await run_in_threadpool(UnopenedPresentation.from_json, body, node.settings)
    (report,) = await _verify_all(node, [presentation])
    return _answer_json(report)


@router.post(
    "/verify/batch",
    responses=_REPORTS_RESPONSES,
    openapi_extra=openapi.describe_request(json=VerifyBatchShape),
)
async def verify_batch(
    body: Annotated[bytes, Depends(bodies.make_json_reader(limits.MAX_BATCH_BYTES))], node: NodeNeeded
) -> Response:
    """Verify many proofs against one state of the replica; the reports come in the order of the items."""
    return _answer_json(
        {"reports": await _verify_all(node, await run_in_threadpool(read_batch, body, node.settings))}
    )


async def _verify_all(
    node: Node, unopened_presentations: list[UnopenedPresentation]
) -> list[dict[str, object]]:
    """Verify each against one state of the replica. No thread is held while the documents are opened."""
    presentations = await open_all(unopened_presentations, node.document_readers)
    return await run_in_threadpool(_make_reports, node, presentations)


def _make_reports(node: Node, presentations: list[Presentation]) -> list[dict[str, object]]:
    now, bytes_left = node.clock(), limits.MAX_DOCUMENTS_SHOWN_BYTES
    reports = []
    with node.reading() as trust:
        find_notes = partial(node.find_notes, trust)
        for presentation in presentations:
            reports.append(presentation.make_report(trust, now, find_notes, bytes_left, node.issuer_names))
            bytes_left -= len(orjson.dumps(reports[-1].get("documents")))
    return reports


@router.post(
    "/status", responses=_STATUS_RESPONSES, openapi_extra=openapi.describe_request(json=PastRequestShape)
)
def past(
    body: Annotated[bytes, Depends(bodies.make_json_reader(limits.MAX_FIELD_BYTES))], node: NodeNeeded
) -> Response:
    """Say what the status of a certificate was during a day or at a moment, and which anchors show it."""
    proof, moment = read_past(body)
    with node.reading() as trust:
        past_span = judge_past_span(proof, trust, moment)
    return _answer_json(past_span.to_json())


def _answer_json(body: object) -> Response:
    return Response(orjson.dumps(body), media_type=bodies.JSON)
