"""The pages for people: check a certificate at `/`, read about problems at `/problems`."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from anchoring.errors import NotFound
from api import limits
from api.http import bodies
from api.http.counter import pages
from api.http.node import Node, NodeNeeded
from api.http.presentation import Presentation, open_all
from api.http.problems import PROBLEMS

router = APIRouter(include_in_schema=False)


async def _sent(request: Request) -> AsyncIterator[FormData]:
    bodies.expect(request, bodies.MULTIPART, bodies.FORM)
    form = await bodies.read_form(request, limits.MAX_VERIFY_BYTES)
    try:
        yield form
    finally:
        await form.close()


@router.get("/")
def form_page(request: Request, node: NodeNeeded) -> Response:
    with node.reading(quarantined=True) as reading:
        return pages.form_page(request, node.settings, reading.time, node.clock())


@router.post("/")
async def check(request: Request, sent: Annotated[FormData, Depends(_sent)], node: NodeNeeded) -> Response:
    read = await run_in_threadpool(pages.read_presentation, request, sent, node)
    if read is None:
        return pages.missing_page(request, node.settings)
    (presentation,) = await open_all([read.unopened], node.documents)
    return await run_in_threadpool(_verdict, request, node, presentation, read.refused)


def _verdict(request: Request, node: Node, presentation: Presentation, refused: bool) -> Response:
    with node.reading() as trust:
        report = presentation.verify(trust, node.clock())
    return pages.verdict_page(request, node, report, presentation.papers, refused=refused)


@router.get("/problems")
def problems(request: Request, node: NodeNeeded) -> Response:
    return pages.problems_page(request, node.settings)


@router.get("/problems/{slug}")
def problem(request: Request, slug: str, node: NodeNeeded) -> Response:
    if slug not in PROBLEMS:
        raise NotFound("there is no problem of this name; /problems lists them")
    return pages.problem_page(request, node.settings, PROBLEMS[slug])
