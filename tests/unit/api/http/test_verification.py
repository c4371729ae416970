"""One report from every interface, whatever is sent; and nothing but the replica is asked."""

import base64
import json
import socket
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import limits
from api.rendering.banner import make_banner_words
from api.rendering.slip import write_slip
from examples.renderings import render_pdf
from ledger.encoding.canonical import Json
from ledger.proof.paper import encode_paper
from ledger.proof.proof import Proof
from ledger.verification.report import encode_words
from ledger.verification.verify import Policy, PresentedContent, verify
from tests.unit.api.city import City, identifier

SERIAL = "TM2022A0000000000001"
LICENCE = identifier(SERIAL)
DOCUMENT = render_pdf("营业执照", [])
CLAIMS: dict[str, Json] = {"ZZMC": "营业执照", "CZZT": "天门市示例餐饮店", "KZ_HDRS": 12}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def proof(city: City) -> Proof:
    city.submit(city.licence(SERIAL, CLAIMS, DOCUMENT))
    city.anchor()
    return city.proof(LICENCE)


def in_python(
    city: City, proof: Proof | bytes, presented: PresentedContent, max_age: int = 3600
) -> dict[str, Json]:
    with city.replica.reading() as trust:
        report = verify(presented, proof, trust, city.now, Policy(max_age_seconds=max_age))
    return report.to_json() | {"banner": encode_words(make_banner_words(report))}


def body(proof: bytes, **members: Any) -> bytes:
    """Return a JSON request that holds the bytes of the proof as they are."""
    rest = "".join(f", {json.dumps(name)}: {json.dumps(value)}" for name, value in members.items())
    return b'{"proof": ' + proof + rest.encode() + b"}"


def test_json_gives_the_report_that_python_gives(city: City, wuhan: TestClient, proof: Proof) -> None:
    documents = [base64.b64encode(DOCUMENT).decode()]
    answer = wuhan.post("/v1/verify", content=body(proof.encode(), documents=documents), headers=JSON)
    assert answer.status_code == 200
    assert answer.json() == in_python(city, proof, PresentedContent((DOCUMENT,)))
    assert answer.json()["verdict"] == "valid"


def test_a_form_gives_the_report_that_python_gives(city: City, wuhan: TestClient, proof: Proof) -> None:
    files = {"proof": ("a.proof.json", proof.encode()), "document": ("a.pdf", DOCUMENT)}
    answer = wuhan.post("/v1/verify", files=files)
    assert answer.json() == in_python(city, proof, PresentedContent((DOCUMENT,)))


def test_a_printed_code_and_claims_read_from_paper(city: City, wuhan: TestClient, proof: Proof) -> None:
    expected = in_python(city, proof, PresentedContent(claims=CLAIMS))
    assert expected["verdict"] == "valid"
    code = encode_paper(proof)
    assert wuhan.post("/v1/verify", json={"proof": code, "claims": CLAIMS}).json() == expected
    form = {"proof": code, "claims": json.dumps(CLAIMS)}
    assert (
        wuhan.post("/v1/verify", files={"document": b""}, data=form).json()["reason"] == "document_mismatch"
    )
    form_only = [(name, (None, value)) for name, value in form.items()]
    assert wuhan.post("/v1/verify", files=form_only).json() == expected


SPELLED: dict[str, Json] = CLAIMS | {"KZ_HDRS": "１２", "CZZT": " 天门市示例餐饮店"}


def test_a_paper_that_is_spelled_otherwise_is_forged_nowhere(
    city: City, wuhan: TestClient, proof: Proof
) -> None:
    expected = in_python(city, proof, PresentedContent(claims=SPELLED))
    assert (expected["verdict"], expected["reason"]) == ("unverifiable", "spelled_otherwise")
    code = encode_paper(proof)
    assert wuhan.post("/v1/verify", json={"proof": code, "claims": SPELLED}).json() == expected
    assert wuhan.post("/v1/verify", json={"proof": proof.to_json(), "claims": SPELLED}).json() == expected
    form = {"proof": (None, code), "claims": (None, json.dumps(SPELLED))}
    assert wuhan.post("/v1/verify", files=form).json() == expected
    items = [{"proof": code, "claims": SPELLED}, {"proof": code, "claims": SPELLED | {"ZZMC": "别的证"}}]
    reports = wuhan.post("/v1/verify/batch", json={"items": items}).json()["reports"]
    assert [report["reason"] for report in reports] == ["spelled_otherwise", "claim_mismatch"]


def test_what_is_spelled_otherwise_can_be_confirmed_by_eye(city: City, proof: Proof) -> None:
    with city.replica.reading() as trust:
        report = verify(PresentedContent(claims=SPELLED), proof, trust, city.now, Policy())
    slip = write_slip(report, "zh")
    assert slip.confirm == proof.encode().decode()
    assert "写法不同" in slip.reason


def test_the_text_of_a_proof_file_may_be_sent_as_text(city: City, wuhan: TestClient, proof: Proof) -> None:
    text = json.dumps(proof.to_json(), indent=2)
    assert wuhan.post("/v1/verify", json={"proof": text}).json() == in_python(city, proof, PresentedContent())


def test_an_altered_document_and_an_altered_claim_are_answered_with_200(
    wuhan: TestClient, proof: Proof
) -> None:
    altered = {"proof": proof.encode(), "document": DOCUMENT + b" "}
    answer = wuhan.post("/v1/verify", files=altered)
    assert (answer.status_code, answer.json()["reason"]) == (200, "document_mismatch")
    answer = wuhan.post("/v1/verify", json={"proof": proof.to_json(), "claims": CLAIMS | {"KZ_HDRS": 13}})
    assert (answer.status_code, answer.json()["reason"]) == (200, "claim_mismatch")


def test_a_revoked_licence_is_not_current_once_the_replica_has_seen_it(
    city: City, wuhan: TestClient, proof: Proof
) -> None:
    city.submit(city.change("revoke", LICENCE))
    city.anchor()
    reports = [
        wuhan.post("/v1/verify", json={"proof": shown.to_json(), "claims": CLAIMS}).json()
        for shown in (proof, city.proof(LICENCE))
    ]
    assert {(report["verdict"], report["reason"]) for report in reports} == {("not_current", "revoked")}
    assert "basis" not in reports[0]["status"]
    assert reports[1]["status"]["basis"] == "行政许可法 第七十条"


HOSTILE = {
    "duplicate member": b'{"type": "shunzheng/proof/1", "type": "shunzheng/proof/1"}',
    "NaN": b'{"type": NaN}',
    "float": b'{"type": "shunzheng/proof/1", "sequence": 1.0}',
    "not UTF-8": b'{"type": "\xff\xfe"}',
    "lone surrogate": b'{"type": "\\ud800"}',
    "null": b"null",
    "number": b"7",
    "empty object": b"{}",
    "nesting": b"[" * 20 + b"]" * 20,
    "deep nesting": b"[" * 100_000 + b"]" * 100_000,
    "text": b'"hello"',
    "text with a lone surrogate": b'"\\ud800"',
    "code": b'"SZ1:"',
    "code that is no code": b'"SZ1:%%%"',
    "code beyond ASCII": '"SZ1:顺"'.encode(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_proof_is_a_finding_and_not_an_error(wuhan: TestClient, city: City, name: str) -> None:
    answer = wuhan.post("/v1/verify", content=body(HOSTILE[name]), headers=JSON)
    assert answer.status_code == 200
    report = answer.json()
    assert (report["verdict"], report["step"]) == ("unverifiable", 1)
    assert report["reason"] in ("proof_unreadable", "over_limit")


def test_what_is_over_the_limit_or_newer_is_named(wuhan: TestClient, proof: Proof) -> None:
    big = body(b'{"type": "' + b"x" * 300_000 + b'"}')
    assert wuhan.post("/v1/verify", content=big, headers=JSON).json()["reason"] == "over_limit"
    newer = proof.to_json() | {"type": "shunzheng/proof/9"}
    assert wuhan.post("/v1/verify", json={"proof": newer}).json()["reason"] == "newer_format"


def test_a_proof_is_read_as_it_was_sent(wuhan: TestClient, proof: Proof) -> None:
    twice = proof.encode().replace(b'"sequence":1,', b'"sequence":1,"sequence":1,', 1)
    assert wuhan.post("/v1/verify", content=body(twice), headers=JSON).json()["reason"] == "proof_unreadable"


BAD_BODIES = {
    "empty": b"",
    "array": b"[]",
    "cut off": b'{"proof": {',
    "unknown member": b'{"proof": {}, "prof": 1}',
    "twice": b'{"proof": {}, "proof": {}}',
    "documents not base64": b'{"proof": {}, "documents": ["%%%"]}',
    "documents not text": b'{"proof": {}, "documents": [1]}',
    "documents not an array": b'{"proof": {}, "documents": "YQ=="}',
    "too many documents": b'{"proof": {}, "documents": [' + b",".join([b'""'] * 17) + b"]}",
    "claims not an object": b'{"proof": {}, "claims": []}',
    "claims with a float": b'{"proof": {}, "claims": {"a": 1.5}}',
    "claims with NaN": b'{"proof": {}, "claims": {"a": NaN}}',
    "claims twice": b'{"proof": {}, "claims": {"a": 1, "a": 2}}',
    "unknown policy": b'{"proof": {}, "policy": "lax"}',
    "policy not UTF-8": b'{"proof": {}, "policy": \xff}',
    "negative age": b'{"proof": {}, "max_age": -1}',
    "age as text": b'{"proof": {}, "max_age": "1"}',
    "endless age": b'{"proof": {}, "max_age": 9999999999999}',
    "policy and age": b'{"proof": {}, "max_age": 1, "policy": "strict"}',
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_malformed_request_is_a_problem(wuhan: TestClient, name: str) -> None:
    answer = wuhan.post("/v1/verify", content=BAD_BODIES[name], headers=JSON)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/malformed-request"


def test_without_a_proof_the_answer_says_where_to_find_it(wuhan: TestClient) -> None:
    for answer in (
        wuhan.post("/v1/verify", json={"documents": []}),
        wuhan.post("/v1/verify", files={"document": DOCUMENT}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/proof-missing")


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/mixed"]
)
def test_other_content_types_are_refused(wuhan: TestClient, content_type: str) -> None:
    for path in ("/v1/verify", "/v1/verify/batch"):
        answer = wuhan.post(path, content=b"{}", headers={"Content-Type": content_type})
        assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported-media-type")


@pytest.mark.parametrize("path", ["/v1/verify", "/v1/verify/batch", "/"])
def test_bodies_are_limited_whatever_they_claim(
    wuhan: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(limits, "MAX_VERIFY_BYTES", 1000)
    monkeypatch.setattr(limits, "MAX_BATCH_BYTES", 1000)
    content_type = "multipart/form-data; boundary=x" if path == "/" else "application/json"
    for content in (b" " * 1001, iter([b" " * 600, b" " * 600])):
        answer = wuhan.post(path, content=content, headers={"Content-Type": content_type})
        assert answer.status_code == 413
        assert path == "/" or answer.json()["type"] == "/problems/body-too-large"


@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"--x",
        b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--",
        b"--x\r\n\xff\xff: \xff\r\n\r\n--x--",
    ],
)
def test_a_malformed_form_is_a_problem(wuhan: TestClient, form: bytes) -> None:
    answer = wuhan.post(
        "/v1/verify", content=form, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code == 400
    answer = wuhan.post("/v1/verify", content=form, headers={"Content-Type": "multipart/form-data"})
    assert answer.status_code == 400


def test_a_form_with_unknown_fields_is_a_problem(wuhan: TestClient) -> None:
    answer = wuhan.post("/v1/verify", files={"proof": b"{}", "dokument": b"x"})
    assert answer.json()["type"] == "/problems/malformed-request"


def test_the_policy_decides_how_old_knowledge_may_be(city: City, wuhan: TestClient, proof: Proof) -> None:
    city.now += 600

    def reason(**policy: object) -> str:
        request = {"proof": proof.to_json(), "claims": CLAIMS, **policy}
        return str(wuhan.post("/v1/verify", json=request).json()["reason"])

    assert reason() == "status_valid"
    assert reason(policy="default") == "status_valid"
    assert reason(policy="strict") == "knowledge_stale"
    assert reason(max_age=599) == "knowledge_stale"
    assert reason(max_age=600) == "status_valid"


def test_a_batch_is_judged_item_by_item(city: City, wuhan: TestClient, proof: Proof) -> None:
    city.now += 600
    items: list[dict[str, Any]] = [
        {"proof": proof.to_json(), "claims": CLAIMS},
        {"proof": proof.to_json(), "claims": CLAIMS, "max_age": 3600},
        {"proof": "nonsense"},
        {"proof": encode_paper(proof)},
    ]
    answer = wuhan.post("/v1/verify/batch", json={"items": items, "policy": "strict"})
    reasons = [report["reason"] for report in answer.json()["reports"]]
    assert reasons == ["knowledge_stale", "status_valid", "proof_unreadable", "nothing_presented"]
    assert wuhan.post("/v1/verify/batch", json={"items": []}).json() == {"reports": []}


@pytest.mark.parametrize(
    "content",
    [b"{}", b'{"items": {}}', b'{"items": [1]}', b'{"items": [{}]}', b'{"items": [{"proof": {}},]}', b"[]"],
)
def test_a_malformed_batch_is_a_problem(wuhan: TestClient, content: bytes) -> None:
    answer = wuhan.post("/v1/verify/batch", content=content, headers=JSON)
    assert answer.status_code == 400


def test_a_batch_is_bounded(wuhan: TestClient) -> None:
    items = [{"proof": "x"}] * (limits.MAX_BATCH_ITEMS + 1)
    answer = wuhan.post("/v1/verify/batch", json={"items": items})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed-request")


def test_verification_opens_no_socket(
    wuhan: TestClient, proof: Proof, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("somebody was asked")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    answer = wuhan.post("/v1/verify", json={"proof": proof.to_json(), "claims": CLAIMS})
    assert answer.json()["verdict"] == "valid"


def test_a_quarantined_replica_concludes_nothing(city: City, wuhan: TestClient, proof: Proof) -> None:
    city.replica.set_quarantine("event 4 is not what the chain holds")
    answer = wuhan.post("/v1/verify", json={"proof": proof.to_json(), "claims": CLAIMS})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/quarantined")


def test_without_a_replica_the_node_is_not_ready(empty: TestClient) -> None:
    answer = empty.post("/v1/verify", json={"proof": {}})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not-ready")
    assert answer.headers["retry-after"] == "5"
