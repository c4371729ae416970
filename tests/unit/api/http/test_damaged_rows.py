"""A damaged row of the node's own is its fault, told as such, with the place and what to do."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from tests.unit.api.city import City, identifier
from tests.unit.api.http.test_certificates import bearer

SERIALS: Final = ("TM2022A0000000000001", "TM2022A0000000000002")
FIRST, SECOND = (identifier(serial) for serial in SERIALS)
HOLDER: Final = "429006199001010012"
Ask = Callable[[TestClient, City], Any]


def find(node: TestClient, city: City) -> Any:
    question = {"reason": "信访", "holder": HOLDER}
    return node.post("/v1/certificates/find", json=question, headers=bearer(city.token("search")))


def list_held(node: TestClient, city: City) -> Any:
    question = {"reason": "信访", "holder": HOLDER}
    return node.post("/v1/search", json=question, headers=bearer(city.token("search")))


def ask_proof(node: TestClient, city: City) -> Any:
    return node.get(f"/v1/certificates/{FIRST}/proof", headers=bearer(city.token("proofs")))


def ask_history(node: TestClient, city: City) -> Any:
    return node.get(f"/v1/certificates/{FIRST}/history", headers=bearer(city.token("history")))


def list_submissions(node: TestClient, city: City) -> Any:
    return node.get("/v1/logs/tianmen/entries")


DAMAGES: Final[dict[str, tuple[str, Ask, str, str]]] = {
    "disclosure, found by its holder": (
        "UPDATE disclosure SET content = CAST('{\"all\":' AS BLOB) WHERE position = 0",
        find,
        "disclosure",
        "position 0",
    ),
    "disclosure as text, listed by its holder": (
        "UPDATE disclosure SET content = 'text' WHERE position = 1",
        list_held,
        "disclosure",
        "position 1",
    ),
    "disclosure, proven": (
        "UPDATE disclosure SET content = CAST('[]' AS BLOB) WHERE position = 0",
        ask_proof,
        "disclosure",
        "position 0",
    ),
    "record, proven": (
        "UPDATE record SET body = CAST('{}' AS BLOB) WHERE position = 0",
        ask_proof,
        "record",
        "position 0",
    ),
    "entry, proven": (
        "UPDATE submission SET entry = x'00' WHERE first = 0",
        ask_proof,
        "submission",
        "position 0",
    ),
    "warnings, proven": (
        "UPDATE submission SET warnings = '{' WHERE first = 0",
        ask_proof,
        "submission",
        "position 0",
    ),
    "submission deleted, proven": (
        "DELETE FROM submission WHERE first = 0",
        ask_proof,
        "submission",
        "that of position 0",
    ),
    "entry, published": (
        "UPDATE submission SET entry = x'00' WHERE first = 0",
        list_submissions,
        "submission",
        "position 0",
    ),
    "record, in a history": (
        "UPDATE record SET body = x'ff' WHERE position = 0",
        ask_history,
        "record",
        "position 0",
    ),
}


@pytest.fixture
def registered_city(city: City) -> City:
    claims = {"ZZMC": "营业执照", "CZZT": "张三", "CZZTDM": HOLDER}
    for serial in SERIALS:
        city.submit(city.licence(serial, claims | {"ZZBH": serial}))
    city.anchor()
    return city


def damage(city: City, statement: str) -> None:
    damage_database(city.register.engine, statement)


def damage_database(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_row_is_the_nodes_fault(name: str, registered_city: City, tianmen: TestClient) -> None:
    statement, ask, table, row = DAMAGES[name]
    damage(registered_city, statement)
    answer = ask(tianmen, registered_city)
    assert answer.status_code == 503, answer.text
    problem = answer.json()
    assert problem["type"].endswith("database-damaged")
    assert (
        f"the database of the register holds in the table {table}, {row}, cannot be read" in problem["detail"]
    )
    assert "shunzheng audit" in problem["detail"]
    assert "shunzheng recover" in problem["detail"]
    assert "张三" not in json.dumps(problem, ensure_ascii=False)


def test_a_row_that_is_sound_is_answered_beside_a_damaged_one(
    registered_city: City, tianmen: TestClient
) -> None:
    damage(registered_city, "UPDATE disclosure SET content = x'00' WHERE position = 0")
    headers = bearer(registered_city.token("proofs"))
    assert tianmen.get(f"/v1/certificates/{FIRST}/proof", headers=headers).status_code == 503
    assert tianmen.get(f"/v1/certificates/{SECOND}/proof", headers=headers).status_code == 200


def test_a_department_is_not_accused_of_what_the_register_lost(
    registered_city: City, tianmen: TestClient
) -> None:
    """A change of a certificate whose record is damaged is no malformed submission."""
    body = registered_city.draft(registered_city.change("suspend", FIRST))
    damage(registered_city, "UPDATE record SET body = x'00' WHERE position = 0")
    answer = tianmen.post("/v1/submissions", content=body, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 503, answer.text
    assert "position 0" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("statement", "table", "row"),
    [
        (
            "UPDATE published_entry SET entry = x'00' WHERE first = 0",
            "published_entry",
            "log tianmen, first 0",
        ),
        (
            "UPDATE published_anchor SET state = 'lost'",
            "published_anchor",
            "anchor 1 of tianmen",
        ),
    ],
)
def test_a_damaged_copy_is_the_fault_of_the_node_that_keeps_it(
    registered_city: City, wuhan: TestClient, statement: str, table: str, row: str
) -> None:
    registered_city.publish()
    damage_database(registered_city.replica.engine, statement)
    path = "/v1/logs/tianmen/entries" if table == "published_entry" else "/v1/anchors?log=tianmen"
    answer = wuhan.get(path)
    assert answer.status_code == 503, answer.text
    assert (
        f"the database of the replica holds in the table {table}, {row}, cannot be read"
        in answer.json()["detail"]
    )
    assert "delete the replica" in answer.json()["detail"]


def test_a_grant_that_cannot_be_read_accuses_no_department(
    registered_city: City, tianmen: TestClient
) -> None:
    body = registered_city.draft(registered_city.change("suspend", FIRST))
    damage_database(registered_city.replica.engine, "UPDATE key_grant SET types = '{'")
    answer = tianmen.post("/v1/submissions", content=body, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 503, answer.text
    assert "key_grant" in answer.json()["detail"]
