"""`shunzheng refresh`: a newer staple from any node, which learns no certificate.

Nor is it believed.
"""

import base64
import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx
import pytest
from fastapi.testclient import TestClient

from api.cli import main
from api.commands import refresh
from examples.renderings import render_pdf
from ledger.documents import carriers
from ledger.documents.carriers import RestoredDocument, attach, detach
from ledger.documents.ofd.archive import write_archive
from ledger.encoding.canonical import Json
from ledger.proof.paper import decode_paper, encode_paper
from ledger.proof.proof import Proof, decode_proof
from ledger.proof.staples import MAX_RANGE_BYTES, decode_range
from tests.unit.api.city import City, identifier
from tests.unit.api.desk import client_over

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
    monkeypatch.setattr(refresh, "NodeClient", client_over(wire))
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
    assert (renewed.staple, renewed.linked_proofs) == (new.staple, old.linked_proofs)
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
    for secret in (proof.record.identifier, proof.record.hash_leaf().hex(), proof.entry.statement.root.hex()):
        assert not any(secret in asked for asked in wire.asked)


def test_a_code_from_paper_stays_a_code(
    wire: Wire, held: Path, city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = encode_paper(decode_proof(held.read_bytes()))
    assert main(["refresh", code, *NODE]) == 0
    assert decode_paper(capsys.readouterr().out.strip()).staple == city.proof(LICENCE).staple
    held.write_text(code + "\n")
    assert main(["refresh", str(held), *NODE, "-o", str(tmp_path / "new")]) == 0
    assert decode_paper((tmp_path / "new").read_text()).staple == city.proof(LICENCE).staple
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
        ("/anchors", b" " * (2**22 + 1), "answers with more than"),
        ("/status", b"{", "JSON"),
        ("/status", b" " * (MAX_RANGE_BYTES + 1), "answers with more than"),
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


# Proofs inside and beside documents


OFD, PDF = write_archive({"OFD.xml": b"<OFD/>"}), render_pdf("营业执照", [])
DOCUMENTS: Final = pytest.mark.parametrize("document", [OFD, PDF], ids=["OFD", "PDF"])


def issued(city: City, document: bytes) -> Proof:
    """Return the proof of a licence with that document, from before it was revoked."""
    city.submit(city.licence(SERIAL, CLAIMS, document))
    city.anchor()
    proof = city.proof(LICENCE)
    city.submit(city.change("revoke", LICENCE))
    city.anchor()
    return proof


def judged(wuhan: TestClient, document: bytes) -> str:
    body = {"documents": [base64.b64encode(document).decode()]}
    return str(wuhan.post("/v1/verify", json=body).json()["reason"])


@DOCUMENTS
@pytest.mark.parametrize("output", [None, "new"], ids=["in place", "elsewhere"])
def test_the_proof_inside_a_document_is_renewed_and_the_document_stays(
    wire: Wire, city: City, wuhan: TestClient, tmp_path: Path, document: bytes, output: str | None
) -> None:
    old = issued(city, document)
    path = tmp_path / "licence"
    path.write_bytes(attach(document, old))
    target = tmp_path / output if output else path
    assert main(["refresh", str(path), *NODE, *(("-o", str(target)) if output else ())]) == 0
    assert detach(target.read_bytes()) == RestoredDocument(
        document, replace(old, staple=city.proof(LICENCE).staple)
    )
    assert judged(wuhan, target.read_bytes()) == "revoked"
    assert output is None or path.read_bytes() == attach(document, old), "the original stays"
    assert sorted(tmp_path.glob(".*")) == []


def test_proofs_beside_and_inside_are_renewed_together(wire: Wire, city: City, tmp_path: Path) -> None:
    """`verify` looks beside the document first: what is there must not stay older than what is inside."""
    old, path = issued(city, OFD), tmp_path / "licence.ofd"
    beside = tmp_path / "licence.ofd.proof.json"
    path.write_bytes(OFD)
    beside.write_bytes(old.encode())
    assert main(["refresh", str(path), *NODE]) == 0
    renewed = decode_proof(beside.read_bytes())
    assert (path.read_bytes(), renewed.staple) == (OFD, city.proof(LICENCE).staple)
    path.write_bytes(attach(OFD, old))
    beside.write_bytes(old.encode())
    assert main(["refresh", str(path), *NODE, "-o", str(tmp_path / "one")]) == 1
    assert main(["refresh", str(path), *NODE]) == 0
    assert detach(path.read_bytes()).proof == decode_proof(beside.read_bytes()) == renewed


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda proof: write_archive({"OFD.xml": b"<OFD/>"}, proof.encode()[:-9]), "does not stand there"),
        (lambda proof: attach(PDF, proof).replace(b"%SZ1:", b"%SZ1:%", 1), "does not stand there"),
        (lambda proof: attach(render_pdf("营业执照", []), proof) + b"\n/ByteRange", "carries no proof"),
        (
            lambda proof: attach(PDF, proof).replace(b"%PDF-1", b"%PDF-1 /ByteRange", 1),
            "does not stand there",
        ),
        (lambda _: OFD, "carries no proof, and there is no licence.proof.json beside it"),
        (lambda _: b"a scan", "no proof that can be read"),
    ],
    ids=["cut off", "another code", "signed behind it", "signed", "nothing carried", "no document"],
)
def test_a_document_that_cannot_be_renewed_stays_as_it_is(
    wire: Wire,
    city: City,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Proof], bytes],
    said: str,
) -> None:
    old, path, good = issued(city, OFD), tmp_path / "licence", tmp_path / "good.ofd"
    spoilt = spoil(old)
    path.write_bytes(spoilt)
    good.write_bytes(attach(OFD, old))
    assert main(["refresh", str(path), str(good), *NODE]) == 1
    told = capsys.readouterr().err
    assert f"{path}: " in told
    assert said in told
    assert "1 of 2 could not be renewed" in told
    assert path.read_bytes() == spoilt
    assert detach(good.read_bytes()).proof != old, "the others are renewed all the same"


def test_a_proof_that_outgrows_its_document_changes_nothing(
    wire: Wire,
    city: City,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old, path = issued(city, OFD), tmp_path / "licence.ofd"
    path.write_bytes(attach(OFD, old))
    before = path.read_bytes()

    def outgrown(*_: object) -> bytes:
        raise carriers.NotCarried("put the proof beside it")

    monkeypatch.setattr(refresh, "attach", outgrown)
    assert main(["refresh", str(path), *NODE]) == 1
    assert "put the proof beside it" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_disk_that_is_full_costs_nothing(
    wire: Wire, held: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = held.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    assert main(["refresh", str(held), *NODE]) == 1
    assert "there is no room left" in capsys.readouterr().err
    assert (held.read_bytes(), sorted(held.parent.glob(".*"))) == (before, [])
