"""Receipts: given with a submission, checked before they are kept, judged by other cities."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from anchoring.intake.rows import read_statement
from api.cli import main
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.department.receipts import keep_receipt, read_promise
from api.http.app import create_app
from ledger.crypto.keys import encode_signature, generate_key
from ledger.encoding.canonical import Json
from ledger.registry import acts
from ledger.verification.receipts import SignedReceipt, decode_signed_receipt, sign_receipt
from tests.unit.api.city import LOG, City, draws

FIRST, SECOND = "TM2022A0000000000001", "TM2022A0000000000002"
CLAIMS: dict[str, Json] = {"ZZMC": "营业执照"}
NDJSON = {"Content-Type": "application/x-ndjson"}


def hand_in(city: City, node: TestClient, serial: str = FIRST) -> tuple[bytes, dict[str, Any]]:
    """Return what was sent and the node's answer."""
    sent = city.draft(city.licence(serial, CLAIMS))
    return sent, node.post("/v1/submissions", content=sent, headers=NDJSON).json()


def signed_in(answer: dict[str, Any]) -> SignedReceipt:
    return decode_signed_receipt(json.dumps(answer["signed"]).encode())


def test_a_submission_is_answered_with_a_signed_receipt(city: City, tianmen: TestClient) -> None:
    sent, answer = hand_in(city, tianmen)
    receipt = signed_in(answer).receipt
    assert city.node_key.public.verify(receipt.encode(), signed_in(answer).signature)
    assert receipt.root == read_statement(sent.split(b"\n")[0])[0].root
    assert answer["deadline"] == answer["signed"]["receipt"]["deadline"]
    again = tianmen.post("/v1/submissions", content=sent, headers=NDJSON).json()
    later = tianmen.get(f"/v1/submissions/{answer['id']}").json()
    assert answer["signed"] == again["signed"] == later["signed"]


def test_a_node_without_a_key_signs_nothing(city: City) -> None:
    with TestClient(create_app(city.settings.model_copy(update={"node_key": None}), city.clock)) as node:
        _, answer = hand_in(city, node)
    assert "signed" not in answer
    assert answer["deadline"]


def test_the_pace_that_is_promised_is_set(city: City) -> None:
    with TestClient(create_app(city.settings.model_copy(update={"promise_seconds": 60}), city.clock)) as node:
        _, answer = hand_in(city, node)
    receipt = signed_in(answer).receipt
    assert receipt.deadline - receipt.accepted_at == 60


def test_keys_are_shown(city: City, wuhan: TestClient) -> None:
    shown = wuhan.get(f"/v1/keys/0x{city.node_key.public.id.hex()}").json()
    assert (shown["purpose"], shown["log"], shown["spki"]) == ("node", LOG, city.node_key.public.spki.hex())
    city.act(acts.KeyRetired(city.key.public.id, city.now + 100))
    shown = wuhan.get(f"/v1/keys/0x{city.key.public.id.hex()}").json()
    assert shown["purpose"] == "department"
    assert "retired_at" in shown
    assert wuhan.get("/v1/keys/0x" + "00" * 32).status_code == 404
    assert wuhan.get("/v1/keys/1").status_code == 422


# -- judged --


def judged(node: TestClient, answer: dict[str, Any]) -> tuple[int, str]:
    judged = node.post("/v1/receipts/check", json=answer["signed"])
    return judged.status_code, judged.json()["reason"]


def test_another_city_judges_a_promise(city: City, tianmen: TestClient, wuhan: TestClient) -> None:
    _, answer = hand_in(city, tianmen)
    assert judged(wuhan, answer) == (200, "not_due")
    city.anchor()
    assert judged(wuhan, answer) == (200, "entries_missing")
    assert judged(tianmen, answer) == (200, "anchored"), "the city itself has them"
    city.publish()
    assert judged(wuhan, answer) == (200, "anchored")
    _, broken = hand_in(city, tianmen, SECOND)
    city.now += 5000
    city.act(acts.OperatorSet(LOG, "0x" + "33" * 20))
    assert judged(wuhan, broken) == (200, "not_anchored")


@pytest.mark.parametrize(
    ("content", "status"), [(b"", 422), (b"{}", 422), (b"[" * 5000, 422), (b" " * 9000, 413)]
)
def test_what_is_no_receipt_is_a_problem(wuhan: TestClient, content: bytes, status: int) -> None:
    answer = wuhan.post("/v1/receipts/check", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status


# -- kept by the department --


@pytest.fixture
def node(tianmen: TestClient) -> NodeClient:
    """Return the client of the command line, whose requests go to the node of Tianmen."""
    client = NodeClient("http://tianmen")
    client._http_client = tianmen
    return client


@pytest.fixture
def handed_in(city: City, tianmen: TestClient, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """Return the kept submission and the node's answer."""
    sent, answer = hand_in(city, tianmen)
    path = tmp_path / "records.ndjson.0123.submission"
    path.write_bytes(sent)
    return path, answer


def test_a_good_receipt_is_kept_beside_the_submission(
    node: NodeClient, handed_in: tuple[Path, dict[str, Any]]
) -> None:
    path, answer = handed_in
    told = keep_receipt(node, path, answer)
    kept = path.with_name("records.ndjson.0123.receipt.json")
    assert kept.name in told
    assert decode_signed_receipt(kept.read_bytes()) == signed_in(answer)
    assert keep_receipt(node, path, answer) == told, "again the same"


def test_without_a_receipt_the_person_is_told(
    node: NodeClient, handed_in: tuple[Path, dict[str, Any]]
) -> None:
    path, answer = handed_in
    del answer["signed"]
    assert "signed no receipt" in keep_receipt(node, path, answer)
    assert not list(path.parent.glob("*.receipt.json"))


def forged(city: City, answer: dict[str, Any], **altered: Any) -> dict[str, Any]:
    """Return the answer of a node that signs, with its own key, another receipt."""
    signed = sign_receipt(city.node_key, replace(signed_in(answer).receipt, **altered))
    return answer | {"signed": signed.to_json()}


HOSTILE: dict[str, dict[str, Any]] = {
    "another submission": {"root": bytes(32)},
    "another log": {"log": "wuhan"},
    "another registry": {"registry": "eip155:1:0x00:00"},
    "fewer records": {"record_count": 2},
    "a deadline after the statement's end": {"deadline": 2**40 // 10},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_receipt_that_promises_something_else_is_not_kept(
    city: City, node: NodeClient, handed_in: tuple[Path, dict[str, Any]], name: str
) -> None:
    path, answer = handed_in
    altered = dict(HOSTILE[name])
    if name == "a deadline after the statement's end":
        altered["deadline"] = signed_in(answer).receipt.accepted_at + 8 * 86_400
    with pytest.raises(NodeError, match="promises nothing"):
        keep_receipt(node, path, forged(city, answer, **altered))
    assert not list(path.parent.glob("*.receipt.json*"))


def test_a_signature_that_is_not_the_nodes_is_not_kept(
    city: City, node: NodeClient, handed_in: tuple[Path, dict[str, Any]]
) -> None:
    path, answer = handed_in
    statement, _ = read_statement(path.read_bytes().split(b"\n")[0])
    answer["signed"]["signature"] = encode_signature(bytes([1]) * 64)
    with pytest.raises(NodeError, match="not that of the key"):
        read_promise(node, statement, answer)
    receipt = replace(signed_in(answer).receipt, key_id=city.key.public.id)
    with pytest.raises(NodeError, match="not that of a node"):
        read_promise(node, statement, answer | {"signed": sign_receipt(city.key, receipt).to_json()})


def test_a_node_cannot_show_another_key_under_the_same_name(
    node: NodeClient, handed_in: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It signs with a key of its own making, names the registered one, and shows its own for it."""
    path, answer = handed_in
    stranger = generate_key("sm2", draws("own"))
    receipt = signed_in(answer).receipt
    answer["signed"] = SignedReceipt(receipt, stranger.sign(receipt.encode())).to_json()
    shown = json.dumps(
        json.loads(node.fetch_key(receipt.key_id)) | {"spki": stranger.public.spki.hex()}
    ).encode()
    monkeypatch.setattr(node, "fetch_key", lambda _: shown)
    with pytest.raises(NodeError, match="another key than the one that was asked for"):
        keep_receipt(node, path, answer)


@pytest.mark.parametrize(
    "signed", ["", [], {"receipt": 1}, {"receipt": {}, "signature": 1.5}, {"x": [[[[[]]]]]}]
)
def test_nonsense_for_a_receipt_is_one_error(
    node: NodeClient, handed_in: tuple[Path, dict[str, Any]], signed: Any
) -> None:
    path, answer = handed_in
    with pytest.raises(NodeError, match="promises nothing"):
        keep_receipt(node, path, answer | {"signed": signed})


def test_a_key_that_is_not_declared_yet_is_said(
    city: City, node: NodeClient, handed_in: tuple[Path, dict[str, Any]]
) -> None:
    path, answer = handed_in
    other = generate_key("sm2", draws("other"))
    receipt = replace(signed_in(answer).receipt, key_id=other.public.id)
    told = keep_receipt(node, path, answer | {"signed": sign_receipt(other, receipt).to_json()})
    assert "once the city's admin has declared" in told


def test_another_receipt_than_before_is_kept_beside_the_first(
    city: City, node: NodeClient, handed_in: tuple[Path, dict[str, Any]]
) -> None:
    """Two receipts for one submission: together they are evidence."""
    path, answer = handed_in
    keep_receipt(node, path, answer)
    kept = path.with_suffix(".receipt.json").read_bytes()
    with pytest.raises(NodeError, match="another receipt"):
        keep_receipt(node, path, forged(city, answer, first_position=7))
    assert path.with_suffix(".receipt.json").read_bytes() == kept
    assert (
        decode_signed_receipt(
            path.with_name(path.stem + ".receipt.json.other").read_bytes()
        ).receipt.first_position
        == 7
    )


# -- the command --


def test_the_command_says_what_became_of_each(
    city: City, handed_in: tuple[Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    path, answer = handed_in
    file = path.with_suffix(".receipt.json")
    file.write_text(json.dumps(answer["signed"]))
    write_settings(city)
    directory = str(city.settings.directory)
    assert main(["receipts", "check", str(file), "--directory", directory]) in (0, 12)
    city.anchor()
    assert main(["receipts", "check", str(file), "--directory", directory, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out.partition("\n[")[2].join(["[", ""]))
    assert [(item["standing"], item["words"]["zh"]) for item in shown] == [("kept", "承诺已兑现")]
    wrong = path.with_name("wrong.receipt.json")
    wrong.write_text(json.dumps(forged(city, answer, first_position=9)["signed"] | {"signature": "A" * 86}))
    assert main(["receipts", "check", str(file), str(wrong), "--directory", directory]) == 11
    assert main(["receipts", "check", str(path), "--directory", directory]) == 1


def write_settings(city: City) -> None:
    settings = city.settings
    lines = {"registry": settings.registry, "log": LOG, "replica_url": settings.replica_url,
             "register_url": settings.register_url}  # fmt: skip
    text = "".join(f'{name} = "{value}"\n' for name, value in lines.items())
    (settings.directory / "node.toml").write_text(text)
