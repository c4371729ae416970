"""The description of the interface at `/openapi.json`.

FastAPI finds most of it in the routes; it is completed here where bodies are read by hand.

The examples in `openapi_examples.json` are real: a script of the tests makes them from a small scene, and a test checks that
they fit the shapes beside them.
"""

import json
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.http.bounds import bodies
from api.http.errors import MEDIA_TYPE
from api.http.schemas.base import ProblemShape
from api.http.schemas.histories import ProofAloneShape
from api.http.schemas.knowledge import CosignedShape
from api.http.schemas.registry import IdentifiersShape, StatusRangeShape
from api.http.schemas.search import CriteriaShape, FindShape, SearchShape
from api.http.schemas.verification import (
    PastDayShape,
    PastRequestShape,
    ProofShape,
    ReportShape,
    ReportsShape,
    VerifyBatchShape,
    VerifyFormShape,
    VerifyShape,
)
from api.problems import PROBLEMS

EXAMPLES: Final = Path(__file__).parent / "openapi_examples.json"
_SCHEMAS: Final = "#/components/schemas/"
_HAND_READ_SHAPES: Final[tuple[type[BaseModel], ...]] = (
    VerifyShape,
    VerifyFormShape,
    VerifyBatchShape,
    ReportShape,
    ReportsShape,
    PastRequestShape,
    ProofAloneShape,
    PastDayShape,
    IdentifiersShape,
    FindShape,
    SearchShape,
    CriteriaShape,
    StatusRangeShape,
    ProofShape,
    CosignedShape,
    ProblemShape,
)
# As FastAPI types them.
Responses = dict[int | str, dict[str, Any]]
Operation = dict[str, Any]

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


def describe_problems(*slugs: str) -> Responses:
    """Describe the problem documents that a route answers with, by status code."""
    answers_by_status: Responses = {}
    for slug in slugs:
        problem = PROBLEMS[slug]
        answer_description = answers_by_status.setdefault(
            problem.status,
            {"description": "", "content": {MEDIA_TYPE: {"schema": {"$ref": _SCHEMAS + "ProblemShape"}}}},
        )
        answer_description["description"] = "; ".join(
            filter(None, [answer_description["description"], f"`{problem.type}` {problem.title.en}"])
        )
    return answers_by_status


def describe_answer(shape: type[BaseModel], description: str) -> Responses:
    """Describe an answer that the route writes by itself."""
    schema = {"$ref": _SCHEMAS + shape.__name__}
    return {200: {"description": description, "content": {bodies.JSON: {"schema": schema}}}}


def describe_request(**shapes: type[BaseModel]) -> Operation:
    """Describe a body that the route reads by itself: `json` and `form` shapes."""
    media_types = {"json": bodies.JSON, "form": bodies.MULTIPART}
    content = {
        media_types[kind]: {"schema": {"$ref": _SCHEMAS + shape.__name__}} for kind, shape in shapes.items()
    }
    return {"requestBody": {"required": True, "content": content}}


def install(app: FastAPI) -> None:
    """Let the application describe itself."""

    def describe() -> Operation:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def _describe(app: FastAPI) -> Operation:
    description = get_openapi(
        title="Shunzheng 顺证", version=app.version, description=_DESCRIPTION, routes=app.routes, tags=_TAGS
    )
    _, shapes = models_json_schema(
        [(shape, "validation") for shape in _HAND_READ_SHAPES], ref_template=_SCHEMAS + "{model}"
    )
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    for schema_name, schema in shapes["$defs"].items():
        schemas.setdefault(schema_name, schema)
    for operation, examples in json.loads(EXAMPLES.read_text(encoding="utf-8")).items():
        method, path = operation.split()
        _illustrate(description["paths"][path][method.lower()], examples)
    return description


def _illustrate(operation: Operation, examples: dict[str, object]) -> None:
    """Put the examples of one operation, by `request` and status code, where they belong."""
    for name, example in examples.items():
        described_body = operation["requestBody"] if name == "request" else operation["responses"][name]
        next(iter(described_body["content"].values()))["example"] = example
