"""What is shown under a token is in the log of looks; what cannot be logged is not shown."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from anchoring.register.access.looks import SHOWN_OUTCOME, Look, Purpose, list_looks
from anchoring.register.access.tokens import check_token
from api.http.app import create_app
from api.node.sections import Looks
from tests.unit.api.city import City, identifier
from tests.unit.api.http.test_certificates import CLAIMS, LICENCE, SERIAL, bearer, paths

UNKNOWN = identifier("TM2022A0000000000009")
SCOPES = ("proofs", "claims", "history", "search")
#: What is asked by bodies.
REASONED = {"reason": "case 17"}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/certificates/lineages": {"identifiers": [LICENCE]},
    "/v1/certificates/find": REASONED | {"holder": CLAIMS["CZZT"]},
    "/v1/search": REASONED,
    "/v1/figures": REASONED,
}


@pytest.fixture
def registered_city(city: City) -> City:
    city.submit(city.licence(SERIAL, CLAIMS))
    city.anchor()
    return city


def looks(city: City) -> list[Look]:
    with city.register.reading() as connection:
        return list(list_looks(connection))


def guarded(city: City) -> dict[str, str]:
    """Return method and path of every operation that needs a token."""
    described = create_app(city.settings).openapi()["paths"]
    return {
        path: method
        for path, methods in described.items()
        for method, operation in methods.items()
        if "security" in operation
    }


def ask(node: TestClient, city: City, path: str, method: str, token: str) -> tuple[int, str]:
    """Send a request that is in order to an operation; return what came."""
    leaf = next(iter(paths(city))).split("/")[3]
    body = {"json": BODIES[path]} if method == "post" else {}
    path = path.replace("{leaf}", leaf).replace("{identifier}", LICENCE)
    answer = node.request(method, path, headers=bearer(token), **body)
    return answer.status_code, answer.text


def test_every_operation_that_needs_a_token_logs_what_it_shows(
    registered_city: City, tianmen: TestClient
) -> None:
    token = registered_city.token(*SCOPES)
    operations = guarded(registered_city)
    for count, (path, method) in enumerate(operations.items(), 1):
        assert ask(tianmen, registered_city, path, method, token)[0] == 200
        assert len(looks(registered_city)) == count, path
    assert len(operations) == 8
    logged = looks(registered_city)
    assert {
        (look.identifier, look.outcome, look.at) for look in logged if look.purpose != Purpose.FIGURES
    } == {(LICENCE, SHOWN_OUTCOME, registered_city.now)}
    purposes = ["claims", "claims", "figures", "history", "lineage", "search", "search", "uses"]
    assert sorted(look.purpose for look in logged) == purposes
    with registered_city.register.reading() as connection:
        holder = check_token(connection, token, registered_city.now)
    assert holder
    assert {look.token for look in logged} == {holder.id}


def test_what_cannot_be_logged_is_not_shown(registered_city: City, tianmen: TestClient) -> None:
    token = registered_city.token(*SCOPES)
    with registered_city.register.writing() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON look BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            )
        )
    for path, method in guarded(registered_city).items():
        status, shown = ask(tianmen, registered_city, path, method, token)
        assert status >= 500
        assert "张三" not in shown
        assert LICENCE not in shown
    assert looks(registered_city) == []


def test_a_token_at_its_rate_sees_nothing_until_later(registered_city: City, tianmen: TestClient) -> None:
    settings = registered_city.settings.model_copy(update={"looks": Looks(daily=1_000)})
    token, other = registered_city.token(*SCOPES), registered_city.token("proofs")
    path = f"/v1/certificates/{LICENCE}/proof"
    with TestClient(create_app(settings, registered_city.clock)) as node:
        many = {"identifiers": [f"{n}" for n in range(1_000)]}
        assert node.post("/v1/certificates/lineages", json=many, headers=bearer(token)).status_code == 200
        refused = node.get(path, headers=bearer(token))
        assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-looks")
        assert refused.headers["retry-after"] == str(24 * 3600)
        assert "张三" not in refused.text
        assert node.get(path, headers=bearer(other)).status_code == 200
        assert (
            tianmen.post("/v1/verify", json={"code": "SZ1:"}).status_code != 429
        )  # open verification goes on
        registered_city.now += 24 * 3600
        assert node.get(path, headers=bearer(token)).status_code == 200


def test_what_was_refused_is_logged_with_the_reason(registered_city: City, tianmen: TestClient) -> None:
    proofs, history = registered_city.token("proofs"), registered_city.token("history")
    tianmen.get(f"/v1/certificates/{UNKNOWN}/proof", headers=bearer(proofs))
    tianmen.get(f"/v1/certificates/{LICENCE}/history", headers=bearer(proofs))
    tianmen.get("/v1/records/zz/proof", headers=bearer(proofs))
    tianmen.post(
        "/v1/certificates/lineages", json={"identifiers": [UNKNOWN, LICENCE]}, headers=bearer(history)
    )
    tianmen.get(f"/v1/certificates/{LICENCE}/proof", headers=bearer("sz_00"))
    assert {(look.purpose, look.identifier, look.outcome) for look in looks(registered_city)} == {
        ("proof", UNKNOWN, "not-found"),
        ("history", LICENCE, "scope-missing"),
        ("proof", "zz", "malformed-input"),
        ("lineage", UNKNOWN, "not-found"),
        ("lineage", LICENCE, SHOWN_OUTCOME),
    }


def test_claims_that_are_withheld_are_told_apart(registered_city: City, tianmen: TestClient) -> None:
    for scopes in (("proofs",), SCOPES):
        tianmen.get(f"/v1/certificates/{LICENCE}/proof", headers=bearer(registered_city.token(*scopes)))
    assert sorted(look.purpose for look in looks(registered_city)) == ["claims", "proof"]


def test_looks_beyond_their_days_go_when_the_node_starts(registered_city: City) -> None:
    token = registered_city.token(*SCOPES)
    with TestClient(create_app(registered_city.settings, registered_city.clock)) as node:
        node.get(f"/v1/certificates/{LICENCE}/history", headers=bearer(token))
    registered_city.now += 1_097 * 86_400
    with TestClient(create_app(registered_city.settings, registered_city.clock)):
        assert looks(registered_city) == []
