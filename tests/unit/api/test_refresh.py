"""`shunzheng refresh`: a newer staple from any node, which learns no certificate and is not believed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx
import pytest
from fastapi.testclient import TestClient

from api.cli import main
from api.client import NodeClient
from api.commands import refresh
from ledger.canonical import Json
from ledger.limits import MAX_RANGE_BYTES
from ledger.paper import decode_paper, encode_paper
from ledger.proof import decode_proof
from ledger.staples import decode_range
from tests.unit.api.city import City, identifier

SERIAL: Final = "TM2022A0000000000001"
LICENCE: Final = identifier(SERIAL)
CLAIMS: Final[dict[str, Json]] = {"ZZMC": "营业执照", "CZZT": "天门市示例餐饮店"}
NODE: Final = ("--node", "http://wuhan.example")


class Wire:
    """What a client asks of Wuhan's node, and a chance to answer in its place."""

    def __init__(self, wuhan: TestClient) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, bytes] = {}
        self._wuhan = wuhan

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url).partition(".example")[2])
        for part, content in self.answers.items():
            if part in self.asked[-1]:
                return httpx.Response(200, content=content)
        answer = self._wuhan.get(self.asked[-1])
        return httpx.Response(answer.status_code, content=answer.content)


@pytest.fixture
def wire(wuhan: TestClient, monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire(wuhan)

    class Client(NodeClient):
        def __init__(self, url: str, token: str | None = None) -> None:
            super().__init__(url, token)
            self._http = httpx.Client(base_url=url, transport=httpx.MockTransport(wire))

    monkeypatch.setattr(refresh, "NodeClient", Client)
    return wire


@pytest.fixture
def held(city: City, tmp_path: Path) -> Path:
    """Return the file of a proof from before the licence was revoked."""
    city.submit(city.licence(SERIAL, CLAIMS))
    city.anchor()
    path = tmp_path / "licence.proof.json"
    path.write_bytes(city.proof(LICENCE).encode())
    city.submit(city.change("revoke", LICENCE))
    city.anchor()
    return path


def test_a_proof_gets_the_newest_staple_and_nothing_else_changes(
    wire: Wire, held: Path, city: City, wuhan: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = decode_proof(held.read_bytes()), city.proof(LICENCE)
    assert main(["refresh", str(held), *NODE]) == 0
    renewed = decode_proof(held.read_bytes())
    assert (renewed.status, renewed.linked) == (new.status, old.linked)
    assert {**renewed.to_json(), "status": None} == {**old.to_json(), "status": None}
    assert "已撤销" in capsys.readouterr().err
    report = wuhan.post("/v1/verify", json={"proof": held.read_text(), "claims": CLAIMS}).json()
    assert (report["verdict"], report["reason"]) == ("not_current", "revoked")


def test_the_node_learns_no_certificate(wire: Wire, held: Path) -> None:
    proof = decode_proof(held.read_bytes())
    assert main(["refresh", str(held), *NODE]) == 0
    assert wire.asked == [
        "/v1/anchors?log=tianmen&before=1001&limit=1000",
        "/v1/logs/tianmen/status?position=0",
    ]
    for secret in (proof.record.identifier, proof.record.leaf().hex(), proof.entry.statement.root.hex()):
        assert not any(secret in asked for asked in wire.asked)


def test_a_code_from_paper_stays_a_code(
    wire: Wire, held: Path, city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = encode_paper(decode_proof(held.read_bytes()))
    assert main(["refresh", code, *NODE]) == 0
    assert decode_paper(capsys.readouterr().out.strip()).status == city.proof(LICENCE).status
    held.write_text(code + "\n")
    assert main(["refresh", str(held), *NODE, "-o", str(tmp_path / "new")]) == 0
    assert decode_paper((tmp_path / "new").read_text()).status == city.proof(LICENCE).status
    assert held.read_text() == code + "\n"


def test_several_proofs_ask_once(wire: Wire, held: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.proof.json"
    other.write_bytes(held.read_bytes())
    assert main(["refresh", str(held), str(other), *NODE]) == 0
    assert len(wire.asked) == 2
    assert held.read_bytes() == other.read_bytes()
    assert main(["refresh", str(held), str(other), *NODE, "-o", "x"]) == 1


def _anchors(wuhan: TestClient, **altered: Json) -> bytes:
    items = wuhan.get("/v1/anchors?log=tianmen").json()["items"]
    return json.dumps({"items": [item | altered for item in items]}).encode()


def test_a_hostile_node_spoils_nothing(
    wire: Wire, held: Path, wuhan: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    before = held.read_bytes()
    good = wuhan.get("/v1/logs/tianmen/status?position=0").json()
    answers: list[tuple[str, bytes, str]] = [
        ("/anchors", _anchors(wuhan, root="00" * 32), "does not fit anchor"),
        ("/anchors", _anchors(wuhan, size=9), "does not fit anchor"),
        ("/anchors", b'{"items":[]}', "does not know anchor"),
        ("/anchors", b"[]", "must be an object"),
        ("/anchors", b" " * (2**22 + 1), "answered with more than"),
        ("/status", b"{", "JSON"),
        ("/status", b" " * (MAX_RANGE_BYTES + 1), "answered with more than"),
        ("/status", json.dumps(good | {"log": "wuhan"}).encode(), "the range is of the log wuhan"),
        ("/status", json.dumps(good | {"path": ["00" * 32]}).encode(), "path"),
        ("/status", json.dumps(good | {"sequence": 0}).encode(), "sequence"),
        ("/status", json.dumps(good | {"chunks": "AAAA"}).encode(), "do not inflate"),
    ]
    for part, content, said in answers:
        wire.answers = {part: content}
        assert main(["refresh", str(held), *NODE]) == 1, said
        assert said in capsys.readouterr().err
        assert held.read_bytes() == before


def test_a_second_node_must_know_the_same_root(
    wire: Wire, held: Path, wuhan: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    before = held.read_bytes()
    agreeing = ("--node", "http://jingzhou.example")
    wire.answers = {}
    assert main(["refresh", str(held), *NODE, *agreeing, "-o", str(held.with_name("new"))]) == 0
    wire.answers = {"/anchors": _anchors(wuhan, status_root="00" * 32)}
    assert main(["refresh", str(held), *NODE, *agreeing]) == 1
    assert "knows another status root of anchor 2" in capsys.readouterr().err
    assert held.read_bytes() == before


def test_an_older_staple_takes_no_newer_ones_place(
    wire: Wire, held: Path, city: City, wuhan: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    wire.answers = {"/status": wuhan.get("/v1/logs/tianmen/status?position=0").content}
    city.submit(city.change("reinstate", LICENCE))
    city.anchor()
    newest = city.proof(LICENCE).encode()
    held.write_bytes(newest)
    assert main(["refresh", str(held), *NODE]) == 1
    assert "older than what the proof carries" in capsys.readouterr().err
    assert held.read_bytes() == newest


def test_what_a_lying_node_staples_changes_no_verdict(wire: Wire, held: Path, wuhan: TestClient) -> None:
    """Its range is whole and leads to a root, where the licence was never revoked."""
    told = decode_range(wuhan.get("/v1/logs/tianmen/status?position=0").content)
    wire.answers = {"/status": replace(told, chunks=bytes(len(told.chunks))).encode()}
    assert main(["refresh", str(held), *NODE]) == 0
    shown = {"proof": held.read_text(), "claims": CLAIMS}
    assert wuhan.post("/v1/verify", json=shown).json()["reason"] == "revoked"


def test_ranges_begin_where_everybodys_begin(held: Path, wuhan: TestClient) -> None:
    assert wuhan.get("/v1/logs/tianmen/status?position=64").status_code == 422
    assert wuhan.get("/v1/logs/tianmen/status?position=262144").status_code == 404
    assert wuhan.get("/v1/logs/nowhere/status").status_code == 404
