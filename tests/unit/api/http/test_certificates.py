"""Tokens: without one everything is denied, and each opens only what it names."""

import pytest
from fastapi.testclient import TestClient

from anchoring.register import records
from anchoring.register.access.tokens import list_tokens, revoke_token
from api.http.app import create_app
from ledger.proof.proof import decode_proof
from ledger.records.claims import FullDisclosure, SelectiveDisclosure
from tests.unit.api.city import City, identifier

SERIAL = "TM2022A0000000000001"
LICENCE = identifier(SERIAL)
CLAIMS = {"ZZMC": "营业执照", "CZZT": "张三", "CZZTDM": "429006199001010012"}


@pytest.fixture
def registered_city(city: City) -> City:
    city.submit(city.licence(SERIAL, CLAIMS))
    city.anchor()
    return city


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def paths(city: City) -> dict[str, str]:
    """Return an address for every scope that guards one."""
    with city.register.reading() as connection:
        leaf = records.find_current_leaf(connection, LICENCE).hex()
    return {
        f"/v1/records/{leaf}/proof": "proofs",
        f"/v1/records/sm3:{leaf}/proof": "proofs",
        f"/v1/certificates/{LICENCE}/proof": "proofs",
        f"/v1/certificates/{LICENCE}/history": "history",
        f"/v1/certificates/{LICENCE}/uses": "history",
    }


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer sz_00", "Basic YTpi", "Bearer 顺", "sz_00"]
)
def test_without_a_good_token_everything_is_denied(
    registered_city: City, tianmen: TestClient, header: str
) -> None:
    for path in paths(registered_city):
        answer = tianmen.get(path, headers={"Authorization": header.encode()} if header else {})
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/token-required")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "张三" not in answer.text


def test_a_token_opens_its_own_scope_alone(registered_city: City, tianmen: TestClient) -> None:
    headers_by_scope = {
        scope: bearer(registered_city.token(scope)) for scope in ("history", "claims", "proofs", "erase")
    }
    for path, needed in paths(registered_city).items():
        for scope, headers in headers_by_scope.items():
            answer = tianmen.get(path, headers=headers)
            assert answer.status_code == (200 if scope == needed else 403)
            assert scope == needed or answer.json()["type"] == "/problems/scope-missing"


def test_a_token_that_ended_opens_nothing(registered_city: City, tianmen: TestClient) -> None:
    headers = bearer(registered_city.token("history"))
    path = f"/v1/certificates/{LICENCE}/history"
    assert tianmen.get(path, headers=headers).status_code == 200
    with registered_city.register.writing() as connection:
        revoke_token(connection, list_tokens(connection)[0].id, registered_city.now)
    assert tianmen.get(path, headers=headers).status_code == 401


def test_the_interface_description_names_what_is_guarded_and_by_which_scope(city: City) -> None:
    operations = {
        path: operation
        for path, methods in create_app(city.settings).openapi()["paths"].items()
        for operation in methods.values()
    }
    guarded = {
        path: operation["security"] for path, operation in operations.items() if "security" in operation
    }
    assert guarded == {
        "/v1/records/{leaf}/proof": [{"HTTPBearer": ["proofs"]}],
        "/v1/certificates/{identifier}/proof": [{"HTTPBearer": ["proofs"]}],
        "/v1/certificates/{identifier}/history": [{"HTTPBearer": ["history"]}],
        "/v1/certificates/{identifier}/uses": [{"HTTPBearer": ["history"]}],
        "/v1/certificates/lineages": [{"HTTPBearer": ["history"]}],
        "/v1/certificates/find": [{"HTTPBearer": ["search"]}],
        "/v1/search": [{"HTTPBearer": ["search"]}],
        "/v1/figures": [{"HTTPBearer": ["search"]}],
    }
    assert operations.keys() - guarded.keys() == {
        "/healthz",
        "/metrics",
        "/readyz",
        "/v1/anchors",
        "/v1/checkpoint",
        "/v1/histories/check",
        "/v1/histories/outline",
        "/v1/keys/{key}",
        "/v1/logs",
        "/v1/logs/{log}/entries",
        "/v1/logs/{log}/status",
        "/v1/receipts/check",
        "/v1/snapshot",
        "/v1/status",
        "/v1/submissions",
        "/v1/submissions/{id}",
        "/v1/verify",
        "/v1/verify/batch",
    }


def test_claims_are_withheld_without_their_scope(registered_city: City, tianmen: TestClient) -> None:
    path = f"/v1/certificates/{LICENCE}/proof"
    answer = tianmen.get(path, headers=bearer(registered_city.token("proofs")))
    disclosure = decode_proof(answer.content).disclosure
    assert isinstance(disclosure, SelectiveDisclosure)
    assert (disclosure.values, disclosure.withheld_names) == ({}, frozenset(CLAIMS))
    assert "张三" not in answer.text
    assert (
        "张三" not in tianmen.get(path + "?show=CZZT", headers=bearer(registered_city.token("proofs"))).text
    )


def test_with_both_scopes_all_or_some_claims_are_shown(registered_city: City, tianmen: TestClient) -> None:
    headers = bearer(registered_city.token("proofs", "claims"))
    path = f"/v1/certificates/{LICENCE}/proof"
    whole = decode_proof(tianmen.get(path, headers=headers).content).disclosure
    assert isinstance(whole, FullDisclosure)
    assert whole.values == CLAIMS
    some = decode_proof(tianmen.get(path + "?show=ZZMC", headers=headers).content).disclosure
    assert some is not None
    assert some.values == {"ZZMC": "营业执照"}
    unknown = tianmen.get(path + "?show=XX", headers=headers)
    assert (unknown.status_code, unknown.json()["type"]) == (422, "/problems/malformed-input")


def test_the_exported_proof_verifies_elsewhere(
    registered_city: City, tianmen: TestClient, wuhan: TestClient
) -> None:
    headers = bearer(registered_city.token("proofs", "claims"))
    proof = tianmen.get(f"/v1/certificates/{LICENCE}/proof", headers=headers).json()
    assert wuhan.post("/v1/verify", json={"proof": proof, "claims": CLAIMS}).json()["verdict"] == "valid"


def test_before_it_is_final_there_is_no_proof(city: City, tianmen: TestClient) -> None:
    city.submit(city.licence(SERIAL, CLAIMS))
    answer = tianmen.get(f"/v1/certificates/{LICENCE}/proof", headers=bearer(city.token("proofs")))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-final")


def test_history_tells_every_record_and_its_anchor(registered_city: City, tianmen: TestClient) -> None:
    registered_city.submit(registered_city.change("suspend", LICENCE))
    registered_city.anchor()
    registered_city.submit(registered_city.change("resume", LICENCE))
    headers = bearer(registered_city.token("history"))
    history = tianmen.get(f"/v1/certificates/{LICENCE}/history", headers=headers).json()
    told = [(item["record"]["action"], item["state"], "anchor" in item) for item in history["records"]]
    assert told == [("issue", "final", True), ("suspend", "final", True), ("resume", "accepted", False)]
    assert history["records"][1]["anchor"]["sequence"] == 2
    assert history["findings"] == []
    assert "张三" not in str(history)


@pytest.mark.parametrize("name", ["1.2.156.3005.2.x", "x" * 4000, "顺证", "%ff", "a%2Fb"])
def test_what_is_not_registered_is_not_found(registered_city: City, tianmen: TestClient, name: str) -> None:
    headers = bearer(registered_city.token("history", "proofs"))
    for kind in ("history", "proof"):
        answer = tianmen.get(f"/v1/certificates/{name}/{kind}", headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize(
    ("leaf", "status"), [("00" * 32, 404), ("sm3:" + "00" * 32, 404), ("zz", 422), ("md5:00", 422)]
)
def test_records_that_are_not_there(
    registered_city: City, tianmen: TestClient, leaf: str, status: int
) -> None:
    answer = tianmen.get(f"/v1/records/{leaf}/proof", headers=bearer(registered_city.token("proofs")))
    assert answer.status_code == status
