"""Histories that the node signs, `shunzheng trace`, and what is left out of either."""

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, update

from anchoring.register.tables import CHANGE, LINEAGE, RECORD
from anchoring.replica.tables import POSITION
from api.cli import main
from api.http.node import Node
from ledger.crypto.keys import generate_key
from ledger.encoding.canonical import encode_canonical
from ledger.proof.histories import SignedHistory, decode_signed_history, sign_history
from ledger.registry.status import Status
from tests.unit.api.city import City, draws, identifier
from tests.unit.api.desk import client_of

SERIAL = "TM2022A0000000000001"
LICENCE = identifier(SERIAL)
Run = Callable[..., int]


@pytest.fixture
def lived(city: City) -> City:
    """A licence that was suspended and resumed, and is suspended again, which waits."""
    city.submit(city.licence(SERIAL, {"ZZMC": "营业执照"}))
    city.anchor()
    for action in ("suspend", "resume"):
        city.now += 5 * 3600
        city.submit(city.change(action, LICENCE))
        city.anchor()
    city.submit(city.change("suspend", LICENCE))
    return city


@pytest.fixture
def run(lived: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("api.client.client.NodeClient", client_of(tianmen))
    monkeypatch.setenv("SHUNZHENG_TOKEN", lived.token("history"))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: main(["trace", *arguments, "--node", "http://tianmen.example"])


def test_a_whole_history(run: Run, lived: City, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(LICENCE, "--lang", "zh", "-o", "history.json") == 0
    out = capsys.readouterr().out
    assert [line.split()[2] for line in out.splitlines() if LICENCE in line] == [
        "核发",
        "暂扣",
        "解除暂扣",
        "暂扣",
    ]
    assert "依据 行政许可法 第七十条" in out
    assert f"密钥 0x{lived.key.public.id.hex()}" in out
    assert "尚未锚定" in out
    assert "履历完整 (截至登记簿事件 10, 0x" in out
    assert "Z" not in out.replace("TM2022A", "").replace("ZZ", "")
    assert run("history.json", "--lang", "en") == 0
    assert "The history is complete" in capsys.readouterr().out


@pytest.mark.parametrize("named", ["proof", "code"])
def test_by_what_it_is_named(named: str, run: Run, lived: City, capsys: pytest.CaptureFixture[str]) -> None:
    from ledger.proof.paper import encode_paper

    proof = lived.proof(LICENCE)
    Path("licence.json").write_bytes(proof.encode())
    assert run("licence.json" if named == "proof" else encode_paper(proof), "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["records"]) == 4


def cut_pair(city: City, replica: bool) -> None:
    """Take the suspension and its end out of the register, and with `replica` the newer word out of the replica."""
    with city.register.writing() as connection:
        connection.execute(delete(CHANGE).where(CHANGE.c.record >= 1))
        connection.execute(delete(RECORD).where(RECORD.c.position >= 1))
        leaf = connection.execute(RECORD.select()).mappings().one()["leaf"]
        connection.execute(update(LINEAGE).values(tip=leaf, status=int(Status.VALID)))
    if replica:
        with city.replica.engine.begin() as connection:
            connection.execute(delete(POSITION).where(POSITION.c.sequence == 3))


@pytest.mark.parametrize("replica", [False, True])
def test_a_suspension_and_its_end_cannot_be_deleted(
    replica: bool, run: Run, lived: City, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_pair(lived, replica)
    assert run(LICENCE) == 11
    findings = [line for line in capsys.readouterr().out.splitlines() if line.startswith("! ")]
    assert findings == [
        f"! 链上有状态变更而无相应记录: position 0, anchor {sequence}"
        for sequence in ([2] if replica else [3, 2])
    ]


def test_a_word_that_the_replica_lost_is_found(
    run: Run, lived: City, capsys: pytest.CaptureFixture[str]
) -> None:
    with lived.replica.engine.begin() as connection:
        connection.execute(delete(POSITION))
    assert run(LICENCE, "--json") == 11
    assert [finding["reason"] for finding in json.loads(capsys.readouterr().out)["findings"]] == [
        "word_missing",
        "word_missing",
    ]


def signed_history(city: City, tianmen: TestClient) -> SignedHistory:
    headers = {"Authorization": f"Bearer {city.token('history')}"}
    answer = tianmen.get(f"/v1/certificates/{LICENCE}/history", headers=headers).json()
    return decode_signed_history(json.dumps(answer["signed"]).encode())


def test_another_city_checks_what_the_node_signed(
    lived: City, tianmen: TestClient, wuhan: TestClient
) -> None:
    whole = signed_history(lived, tianmen)
    assert whole.history.key_id == lived.node_key.public.id
    cut = sign_history(
        lived.node_key, replace(whole.history, proofs=whole.history.proofs[:1], waiting_records=())
    )
    stolen_key = generate_key("sm2", draws("thief"))
    forged = sign_history(stolen_key, replace(whole.history, key_id=stolen_key.public.id))
    altered = replace(whole, history=replace(whole.history, waiting_records=()))
    expected = {
        whole: ("complete", None),
        cut: ("contradicted", "word_unexplained"),
        forged: ("unverifiable", "key_unknown"),
        altered: ("not_genuine", "signature_bad"),
    }
    for history, judgement in expected.items():
        answer = wuhan.post(
            "/v1/histories/check", content=history.encode(), headers={"Content-Type": "application/json"}
        )
        assert (answer.json()["completeness"], answer.json().get("reason")) == judgement
    lived.anchor()
    answer = wuhan.post("/v1/histories/check", json=whole.to_json()).json()
    assert (answer["completeness"], answer["reason"]) == ("outdated", "changed_since")


def test_a_node_without_a_key_tells_and_signs_nothing(
    lived: City, tianmen: TestClient, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    node: Node = tianmen.app.state.node  # type: ignore[attr-defined]
    tianmen.app.state.node = replace(node, node_key=None)  # type: ignore[attr-defined]
    headers = {"Authorization": f"Bearer {lived.token('history')}"}
    answer = tianmen.get(f"/v1/certificates/{LICENCE}/history", headers=headers).json()
    assert (answer["completeness"], "signed" in answer) == ("complete", False)
    assert run(LICENCE, "-o", "history.json") == 1
    assert not Path("history.json").exists()


def test_what_is_no_history(wuhan: TestClient) -> None:
    assert wuhan.post("/v1/histories/check", json={}).status_code == 422
    assert wuhan.post("/v1/histories/check", content=b" " * (3 * 2**20)).status_code in (413, 415)


def test_another_city_tells_what_a_proof_and_the_chain_show(
    run: Run, lived: City, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("licence.json").write_bytes(lived.proof(LICENCE).encode())
    monkeypatch.delenv("SHUNZHENG_TOKEN")
    assert run("licence.json", "--lang", "zh") == 12
    out = capsys.readouterr().out
    assert [line.split("  ")[1] for line in out.splitlines() if "(#" in line] == ["暂扣中 (#2)", "有效 (#3)"]
    assert "依据 行政许可法 第七十条" in out, "the proof carries the newest change"
    assert "! 此处只见本凭据与链上记载" in out
    assert run("licence.json", "-o", "history.json") == 1
    forged = json.loads(Path("licence.json").read_text())
    forged["record"]["valid_from"] = "2022-03-27"
    Path("licence.json").write_text(json.dumps(forged))
    assert run("licence.json", "--json") == 11
    assert json.loads(capsys.readouterr().out)["findings"][0]["reason"] == "record_refuted"


def test_a_snapshot_judges_as_the_second_verifier_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[4] / "docs" / "formats")
        example = importlib.import_module("worked_example").build_example()
    second = importlib.import_module("verifier.verify")
    monkeypatch.chdir(tmp_path)
    for name, content in {
        "a.snapshot": example.snapshot,
        "trust.json": encode_canonical(example.trust.to_json()),
        "history.json": encode_canonical(example.blocks["history"]),
        "proof.json": example.proof.encode(),
    }.items():
        Path(name).write_bytes(content)
    source = ["--snapshot", "a.snapshot", "--trust", "trust.json"]
    assert main(["trace", "history.json", *source, "--json"]) == 12
    judgement = json.loads(capsys.readouterr().out)
    assert [finding["reason"] for finding in judgement["findings"]] == ["key_unknown"]
    monkeypatch.setattr("sys.argv", ["verify.py", "history.json", "--history", *source])
    assert second.main() == 12
    judgement = json.loads(capsys.readouterr().out)
    assert (judgement["completeness"], judgement["reason"]) == ("unverifiable", "key_unknown")
    assert main(["trace", "proof.json", *source, "--lang", "en"]) == 12
    assert "Only this proof and the chain are seen here" in capsys.readouterr().out
    assert main(["trace", LICENCE, *source]) == 1
    assert "a snapshot holds no records" in capsys.readouterr().err
