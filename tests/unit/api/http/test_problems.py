"""Problem documents: stable, complete, explained, and silent about people."""

import ast
import logging
from pathlib import Path
from types import ModuleType

import pytest
from fastapi.testclient import TestClient

import anchoring.intake
from anchoring import errors as anchoring_errors
from api.http import errors as api_errors
from api.http.errors import find_problem
from api.http.presentation import Presentation
from api.problems import PROBLEMS
from ledger import errors as ledger_errors
from tests.unit.api.city import City, identifier

#: What clients rely on: a slug never changes its meaning, and none goes away.
STABLE = {
    "bad-signature": 403,
    "body-too-large": 413,
    "body-too-slow": 408,
    "chain-unavailable": 503,
    "changed-twice": 422,
    "claims-contradict-record": 422,
    "database-damaged": 503,
    "database-unavailable": 503,
    "disclosure-mismatch": 422,
    "entries-missing": 503,
    "internal": 500,
    "invalid-identifier": 422,
    "invalid-parameter": 422,
    "issuer-mismatch": 422,
    "issues-nothing": 404,
    "key-compromised": 403,
    "key-retired": 403,
    "limit-exceeded": 422,
    "malformed-input": 422,
    "malformed-request": 400,
    "malformed-row": 422,
    "malformed-statement": 422,
    "method-not-allowed": 405,
    "newer-format": 422,
    "no-space": 507,
    "node-busy": 503,
    "not-final": 409,
    "not-found": 404,
    "not-granted": 403,
    "not-held": 404,
    "not-ready": 503,
    "other-log": 422,
    "other-registry": 422,
    "proof-missing": 400,
    "quarantined": 503,
    "record-postdated": 422,
    "record-twice": 422,
    "records-missing": 409,
    "register-behind": 503,
    "root-registered": 409,
    "row-too-long": 422,
    "rows-refused": 422,
    "salt-reused": 422,
    "scope-missing": 403,
    "outside-window": 422,
    "older-format": 422,
    "statement-expired": 422,
    "statement-postdated": 422,
    "clocks-differ": 503,
    "token-required": 401,
    "too-many-changes": 422,
    "too-many-looks": 429,
    "too-many-uploads": 429,
    "too-many-documents": 429,
    "too-much-waiting": 429,
    "transition-refused": 409,
    "continued-already": 409,
    "malformed-note": 422,
    "note-refused": 409,
    "seal-not-in-force": 409,
    "unknown-issuer": 403,
    "unknown-key": 403,
    "unknown-log": 422,
    "trust-list-unreadable": 503,
    "unsupported-media-type": 415,
    "unusable-claim": 422,
    "weak-salt": 422,
    "wrong-count": 422,
    "wrong-order": 422,
    "wrong-root": 422,
    "wrong-suite": 422,
}
#: Errors between a node and its chain or its operator, which no request meets.
NEVER_ASKED = {
    "AnchoringError",
    "TransactionRejected",
    "WrongRegistry",
    "CursorMoved",
    "RegisterTooNew",
    "DatabaseTaken",
    "LeaseHeld",
    "LeaseLost",
    "PeerFailed",
    "PeerNewer",
    "RegistryAbsent",
    "PeerRefused",
    "KeystoreError",
    "DevnetError",
    "CheckpointRefused",
    "SnapshotRefused",
    "PocketRefused",
    "FactMissing",
    "FactUnreadable",
}
ROOTS = {"LedgerError", "ApiError", "SubmissionRefused"}


def test_types_and_status_codes_are_stable() -> None:
    assert {slug: problem.status for slug, problem in PROBLEMS.items()} == STABLE


def test_every_refusal_of_intake_is_documented() -> None:
    for module in sorted(Path(anchoring.intake.__path__[0]).glob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value.count("-") in (1, 2)
            ):
                slug = node.value
                if slug.replace("-", "").isalpha() and slug.islower():
                    assert slug in PROBLEMS, f"{module.name} refuses with {slug}"


@pytest.mark.parametrize(
    "module", [ledger_errors, anchoring_errors, api_errors], ids=lambda module: module.__name__
)
def test_every_error_that_a_request_can_meet_has_its_problem(module: ModuleType) -> None:
    errors = {
        name: kind
        for name, kind in vars(module).items()
        if getattr(kind, "__module__", "") == module.__name__
    }
    for name in errors.keys() - NEVER_ASKED - ROOTS:
        if isinstance(errors[name], type) and issubclass(errors[name], Exception):
            assert find_problem(errors[name].__new__(errors[name])).slug != "internal", name


def test_every_type_leads_to_a_page_in_both_languages(wuhan: TestClient) -> None:
    for problem in PROBLEMS.values():
        assert problem.title.zh in wuhan.get(problem.type + "?lang=zh").text
        english = wuhan.get(problem.type + "?lang=en")
        assert english.headers["content-type"] == "text/html; charset=utf-8"
        assert problem.advice.en.split("`")[0].split("'")[0] in english.text


def test_the_list_of_problems_leads_to_each(wuhan: TestClient) -> None:
    page = wuhan.get("/problems").text
    assert all(f'href="{problem.type}"' in page for problem in PROBLEMS.values())
    assert wuhan.get("/problems/nonsense").status_code == 404


def test_a_database_that_fails_is_tried_again_and_not_described(
    wuhan: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise anchoring_errors.DatabaseUnavailable("connection to server at 10.1.2.3 failed")

    monkeypatch.setattr("anchoring.replica.store.Replica.reading", fail)
    answer = wuhan.get("/v1/logs")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"] == "/problems/database-unavailable"
    assert "10.1.2.3" not in answer.text
    assert "10.1.2.3" in caplog.text


def test_a_crash_tells_nobody_what_was_sent(
    wuhan: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("张三 429006199001010012")

    monkeypatch.setattr(Presentation, "verify", crash)
    answer = wuhan.post("/v1/verify", json={"proof": {}})
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal")
    assert "detail" not in answer.json()
    assert "RuntimeError" in caplog.text
    assert "test_problems.py" in caplog.text
    assert "张三" not in caplog.text + answer.text


def test_requests_are_logged_without_what_leads_to_a_person(
    city: City, tianmen: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    licence, token = identifier("TM2022A0000000000001"), city.token("history")
    headers = {"Authorization": f"Bearer {token}"}
    tianmen.get(f"/v1/certificates/{licence}/history?name=张三", headers=headers)
    tianmen.get("/张三")
    tianmen.post("/v1/verify", json={"proof": {}, "claims": {"CZZT": "张三"}})
    assert "GET /v1/certificates/{identifier}/history 404" in caplog.text
    for secret in (licence, token, "张三", "%E5%BC%A0"):
        messages = "\n".join(
            record.getMessage() for record in caplog.records if record.name.startswith("api")
        )
        assert secret not in messages


def test_internal_faults_of_the_page_show_a_problem_too(
    wuhan: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("张三")

    monkeypatch.setattr(Presentation, "verify", crash)
    answer = wuhan.post("/", files={"document": ("a.proof.json", b"{}")})
    assert answer.status_code == 500
    assert "张三" not in answer.text
