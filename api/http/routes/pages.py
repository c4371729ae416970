"""The pages for people: check a certificate at `/`, read about problems at `/problems`."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from anchoring.errors import NotFound
from api import limits
from api.http.bounds import bodies
from api.http.counter import pages, reading
from api.http.node import Node, NodeNeeded
from api.http.presentation import Presentation, open_all
from api.problems import PROBLEMS
from ledger.verification.verify import Policy

router = APIRouter(include_in_schema=False)


async def _read_form(request: Request) -> AsyncIterator[FormData]:
    bodies.expect_media_type(request, bodies.MULTIPART, bodies.FORM)
    form = await bodies.read_form(request, limits.MAX_VERIFY_BYTES, limits.MAX_COUNTER_FILES)
    try:
        yield form
    finally:
        await form.close()


@router.get("/")
def form_page(request: Request, node: NodeNeeded) -> Response:
    with node.reading(quarantined=True) as replica_view:
        return pages.show_form(request, node.settings, replica_view.time, node.clock())


@router.post("/")
async def check(
    request: Request, form: Annotated[FormData, Depends(_read_form)], node: NodeNeeded
) -> Response:
    chosen_files = await run_in_threadpool(reading.sort_files, form)
    picture_readings = await node.document_readers.read_codes(
        picture.content for picture in chosen_files.pictures
    )
    form_input = await run_in_threadpool(
        reading.read_input, request, form, chosen_files, picture_readings, node
    )
    if not form_input.pairs:
        return pages.show_no_proof(request, node.settings, form_input)
    policy = Policy(max_age_seconds=node.settings.max_age)
    presentations = await open_all(form_input.make_presentations(policy), node.document_readers)
    return await run_in_threadpool(_show_verdicts, request, node, form_input, presentations)


def _show_verdicts(
    request: Request, node: Node, form_input: reading.FormInput, presentations: Sequence[Presentation]
) -> Response:
    now = node.clock()
    with node.reading() as trust:
        find_notes = partial(node.find_notes, trust)
        verdicts = [
            (presentation.verify(trust, now, find_notes), presentation.papers)
            for presentation in presentations
        ]
    return pages.show_verdicts(request, node, form_input, verdicts)


@router.post("/paper")
async def paper(form: Annotated[FormData, Depends(_read_form)], node: NodeNeeded) -> Response:
    return await run_in_threadpool(pages.give_paper, form, node)


@router.get("/problems")
def problems(request: Request, node: NodeNeeded) -> Response:
    return pages.show_problems(request, node.settings)


@router.get("/problems/{slug}")
def problem(request: Request, slug: str, node: NodeNeeded) -> Response:
    if slug not in PROBLEMS:
        raise NotFound("there is no problem of this name; /problems lists them")
    return pages.show_problem(request, node.settings, PROBLEMS[slug])
