"""The interface description at `/openapi.json`: what FastAPI finds in the routes, completed where bodies are read by hand.

The examples in `openapi_examples.json` are real: a script of the tests makes them from a small scene, and a test checks that
they fit the shapes beside them.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api import bodies
from api.errors import MEDIA_TYPE
from api.problems import PROBLEMS
from api.schemas.base import ProblemShape
from api.schemas.verification import (
    ProofShape,
    ReportShape,
    ReportsShape,
    VerifyBatchShape,
    VerifyFormShape,
    VerifyShape,
)

EXAMPLES: Final = Path(__file__).parent / "openapi_examples.json"
_SCHEMAS: Final = "#/components/schemas/"
_BY_HAND: Final[tuple[type[BaseModel], ...]] = (
    VerifyShape,
    VerifyFormShape,
    VerifyBatchShape,
    ReportShape,
    ReportsShape,
    ProofShape,
    ProblemShape,
)
_DESCRIPTION: Final = """\
A node of Shunzheng: register licences, anchor them, verify them anywhere.

Verifying is open and answers 200 with a report for every verdict. Submissions are authenticated by the department's
signature. History and proofs by identifier need a bearer token with the right scope. Errors are RFC 9457 problem
documents whose `type` (`/problems/<slug>`) is stable and leads to a page that explains it. Lists are paged: follow `next`.
"""
_TAGS: Final = [
    {
        "name": "verification",
        "description": "Judge what is presented. Open; nothing is fetched from anybody.",
    },
    {"name": "submissions", "description": "Register records in this node's log. Signed by the department."},
    {"name": "records", "description": "Proofs and history, for holders of a token."},
    {"name": "registry", "description": "What the chain says: logs, entries, anchors. Open."},
    {"name": "operation", "description": "Health, readiness and figures of this node."},
]


@lru_cache(maxsize=1)
def _examples() -> dict[str, Any]:
    try:
        examples: dict[str, Any] = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return examples


def example(name: str) -> Any:
    """Return the example of this name, or None where the file has none."""
    return _examples().get(name)


def problems(*slugs: str) -> dict[int | str, dict[str, Any]]:
    """Describe the problem documents that a route answers with, by status code."""
    answers: dict[int | str, dict[str, Any]] = {}
    for slug in slugs:
        problem = PROBLEMS[slug]
        answer = answers.setdefault(
            problem.status,
            {"description": "", "content": {MEDIA_TYPE: {"schema": {"$ref": _SCHEMAS + "ProblemShape"}}}},
        )
        answer["description"] = "; ".join(
            filter(None, [answer["description"], f"`{problem.type}` {problem.en}"])
        )
    return answers


def answer(
    shape: type[BaseModel], name: str, description: str, status: int = 200
) -> dict[int | str, dict[str, Any]]:
    """Describe an answer that the route writes by itself, with its example."""
    content: dict[str, Any] = {"schema": {"$ref": _SCHEMAS + shape.__name__}}
    if (found := example(name)) is not None:
        content["example"] = found
    return {status: {"description": description, "content": {bodies.JSON: content}}}


def request(name: str, **shapes: type[BaseModel]) -> dict[str, Any]:
    """Describe a body that the route reads by itself: `json` and `form` shapes."""
    content: dict[str, Any] = {}
    for kind, shape in shapes.items():
        media_type = {"json": bodies.JSON, "form": bodies.MULTIPART}[kind]
        content[media_type] = {"schema": {"$ref": _SCHEMAS + shape.__name__}}
        if kind == "json" and (found := example(name)) is not None:
            content[media_type]["example"] = found
    return {"requestBody": {"required": True, "content": content}}


def install(app: FastAPI) -> None:
    """Let the application describe itself."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(
                title="Shunzheng 顺证",
                version=app.version,
                description=_DESCRIPTION,
                routes=app.routes,
                tags=_TAGS,
            )
            _, shapes = models_json_schema(
                [(shape, "validation") for shape in _BY_HAND], ref_template=_SCHEMAS + "{model}"
            )
            known = found.setdefault("components", {}).setdefault("schemas", {})
            for name, shape in shapes["$defs"].items():
                known.setdefault(name, shape)
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]
