"""The description of the interface is what the node does; its examples have its shapes."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from api.http.app import create_app
from api.http.openapi import EXAMPLES
from api.problems import PROBLEMS
from ledger.proof.proof import decode_proof
from tests.unit.api.city import City
from tests.unit.api.make_examples import examples


@pytest.fixture
def description(wuhan: TestClient) -> dict[str, Any]:
    answer = wuhan.get("/openapi.json")
    assert answer.status_code == 200
    description: dict[str, Any] = answer.json()
    return description


def validate(description: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    whole = schema | {"components": description["components"]}
    Draft202012Validator(whole).validate(value)


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    text = json.dumps(description)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}:
        assert reference in description["components"]["schemas"]


def test_examples_have_the_described_shapes(description: dict[str, Any]) -> None:
    shown = 0
    for methods in description["paths"].values():
        for operation in methods.values():
            for holder in (*operation["responses"].values(), operation.get("requestBody", {})):
                for content in holder.get("content", {}).values():
                    if "example" in content:
                        validate(description, content["schema"], content["example"])
                        shown += 1
    assert shown == sum(
        len(examples) for examples in json.loads(EXAMPLES.read_text(encoding="utf-8")).values()
    )


def test_examples_are_those_that_the_node_gives_today(city: City) -> None:
    """Signatures differ each time and with them what hashes them; everything else must be the same."""
    stored = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    assert _frame(examples(city)) == _frame(stored)


def _frame(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _frame(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_frame(item) for item in value]
    return type(value) if isinstance(value, str) and len(value) > 40 else value


def test_the_example_proof_is_one(description: dict[str, Any]) -> None:
    request = description["paths"]["/v1/verify"]["post"]["requestBody"]["content"]["application/json"][
        "example"
    ]
    decode_proof(json.dumps(request["proof"]).encode())


def test_every_operation_is_described(description: dict[str, Any]) -> None:
    for path, methods in description["paths"].items():
        for operation in methods.values():
            assert operation["description"], path
            assert operation["tags"], path


def test_the_problem_documents_have_the_described_shape(description: dict[str, Any], city: City) -> None:
    schema = {"$ref": "#/components/schemas/ProblemShape"}
    with TestClient(create_app(city.settings, city.clock)) as node:
        for answer in (
            node.post("/v1/verify", content=b"", headers={"Content-Type": "application/json"}),
            node.post("/v1/submissions", content=b"", headers={"Content-Type": "application/x-ndjson"}),
            node.get("/v1/anchors"),
            node.get("/v1/nothing"),
            node.get("/v1/certificates/x/history"),
        ):
            validate(description, schema, answer.json())
            assert answer.json()["type"].removeprefix("/problems/") in PROBLEMS
            assert answer.json()["status"] == answer.status_code
