"""Documents with seals of their own, and with the proof inside.

One report says what the ledger and the document show.
"""

import base64
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.cli import main
from api.documents import load_trust_list
from api.node.errors import SettingsError
from examples.renderings import render_pdf
from ledger.documents.carriers import attach
from ledger.documents.ofd.archive import open_archive, write_archive
from ledger.encoding.canonical import Json
from ledger.encoding.times import format_time
from ledger.proof.proof import Proof
from tests.papers import PAGE, sealed, with_part
from tests.unit.api.city import City, identifier
from tests.unit.api.commands.offline.cosigned import Cosigned3

SERIAL = "TM2022A0000000000001"
CLAIMS: dict[str, Json] = {"ZZMC": "营业执照", "CZZT": "天门市示例餐饮店"}


def registered(city: City, document: bytes, serial: str = SERIAL) -> Proof:
    city.submit(city.licence(serial, CLAIMS, document))
    city.anchor()
    return city.proof(identifier(serial))


@pytest.fixture
def proof(city: City) -> Proof:
    return registered(city, sealed())


def verify(node: TestClient, document: bytes, **members: Json) -> dict[str, Any]:
    request = {"documents": [base64.b64encode(document).decode()], **members}
    answer = node.post("/v1/verify", json=request)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_sealed_document_with_its_proof_inside_needs_nothing_else(wuhan: TestClient, proof: Proof) -> None:
    report = verify(wuhan, attach(sealed(), proof))
    assert (report["verdict"], report["compared"]) == ("valid", "document")
    (shown,) = report["documents"]
    assert shown["document"] == 1
    assert "proof" not in shown
    (signature,) = shown["signatures"]
    assert (signature["kind"], signature["seal_name"]) == ("ses", "天门市示例局电子证照专用章")
    assert signature["verdict"] == "unverifiable", "this node has no list of authorities"


def test_the_page_finds_the_proof_inside_the_document(wuhan: TestClient, proof: Proof) -> None:
    answer = wuhan.post("/", files={"document": ("licence.ofd", attach(sealed(), proof))})
    assert "真实有效" in answer.text
    assert "天门市示例局电子证照专用章" in answer.text


def test_an_unsigned_pdf_carries_its_proof(city: City, wuhan: TestClient) -> None:
    document = render_pdf("营业执照", [])
    report = verify(wuhan, attach(document, registered(city, document)))
    assert report["verdict"] == "valid"
    assert "documents" not in report


def test_a_document_without_a_proof_is_told_where_to_find_one(wuhan: TestClient, proof: Proof) -> None:
    answer = wuhan.post("/v1/verify", json={"documents": [base64.b64encode(sealed()).decode()]})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/proof-missing")
    assert "no document carries one" in answer.json()["detail"]


def test_two_good_documents_with_proofs_of_their_own_are_no_forgery(
    city: City, wuhan: TestClient, proof: Proof, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other_document = render_pdf("营业执照", [])
    other_proof = registered(city, other_document, "TM2022A0000000000002")
    carriers = [attach(sealed(), proof), attach(other_document, other_proof)]
    documents: list[Json] = [base64.b64encode(carrier).decode() for carrier in carriers]
    answer = wuhan.post("/v1/verify", json={"documents": documents})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed-request")
    assert "verify each certificate by itself" in answer.json()["detail"]
    paths = [tmp_path / "licence.ofd", tmp_path / "other.pdf"]
    for path, carrier in zip(paths, carriers, strict=True):
        path.write_bytes(carrier)
    assert main(["verify", *map(str, paths), "--node", "http://127.0.0.1:1"]) == 1
    assert "verify each certificate by itself" in capsys.readouterr().err
    paths[1].write_bytes(other_document)
    Path(f"{paths[1]}.proof.json").write_bytes(other_proof.encode())
    assert main(["verify", *map(str, paths), "--node", "http://127.0.0.1:1"]) == 1
    assert "verify each certificate by itself" in capsys.readouterr().err


def test_a_page_altered_under_the_seal_is_called_altered(wuhan: TestClient, proof: Proof) -> None:
    altered = with_part(sealed(), PAGE, lambda page: page.replace("日用百货".encode(), "危险化学品".encode()))
    assert altered != sealed()
    report = verify(wuhan, attach(altered, proof))
    assert (report["verdict"], report["reason"]) == ("invalid", "document_altered")


def test_another_document_with_a_good_seal_is_only_another_document(
    city: City, wuhan: TestClient, proof: Proof
) -> None:
    report = verify(wuhan, render_pdf("别的", []), proof=proof.to_json())
    assert (report["verdict"], report["reason"]) == ("invalid", "document_mismatch")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda carried: carried.replace(b'{"batch"', b'{ "batch"', 1),
        lambda carried: carried[:-1] + b" ",
    ],
    ids=["another spelling", "another end"],
)
def test_a_proof_put_into_a_document_otherwise(
    wuhan: TestClient, proof: Proof, spoil: Callable[[bytes], bytes]
) -> None:
    """Either it is no proof at all any more, or the report cannot tell what was done to the document."""
    text = spoil(proof.encode())
    parts = {name: open_archive(sealed()).read(name) for name in open_archive(sealed()).names}
    report = verify(wuhan, write_archive(parts, text), proof=proof.to_json())
    assert report["verdict"] != "valid"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often a carrier is taken off a document, and how often the archive or PDF within is parsed."""
    calls: Counter[str] = Counter()

    def count(place: str) -> None:
        module, _, name = place.rpartition(".")
        function = getattr(import_module(module), name)

        def counting(*args: Any, **options: Any) -> Any:
            calls[name] += 1
            return function(*args, **options)

        monkeypatch.setattr(place, counting)

    count("ledger.documents.carriers.decode_presented")
    count("ledger.documents.openers.open_archive")
    count("ledger.documents.pdf.signatures.open_reader")
    return calls


@pytest.mark.parametrize(
    ("document", "parsed"),
    [(sealed(), "open_archive"), (render_pdf("营业执照", []), "open_reader")],
    ids=["OFD", "PDF"],
)
def test_verifying_with_a_snapshot_opens_a_document_once(
    city: City, tianmen: TestClient, tmp_path: Path, counted: Counter[str], document: bytes, parsed: str
) -> None:
    three = Cosigned3(city, tianmen, tmp_path)
    carried = tmp_path / "carried"
    carried.write_bytes(attach(document, registered(city, document, "TM2022A0000000000002")))
    options = ["--snapshot", three.snapshot(), "--trust", three.trust, "--at", format_time(city.now)]
    counted.clear()
    assert main(["verify", str(carried), *map(str, options)]) == 0
    assert counted == {"decode_presented": 1, parsed: 1}


def test_a_node_opens_a_document_once(wuhan: TestClient, proof: Proof, counted: Counter[str]) -> None:
    assert verify(wuhan, attach(sealed(), proof))["verdict"] == "valid"
    assert counted == {"decode_presented": 1}, "what answers requests opens no archive itself"


def test_the_list_of_authorities_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "authorities.json"
    assert load_trust_list(None) is None
    with pytest.raises(SettingsError, match="cannot be read"):
        load_trust_list(path)
    path.write_text(
        '{"type": "shunzheng/trust-list/1", "name": "a", "issued": "2026-01-01T00:00:00Z", "authorities": []}'
    )
    first = load_trust_list(path)
    assert first
    assert load_trust_list(path) is first
    path.write_text("no list")
    with pytest.raises(SettingsError, match="trust_list"):
        load_trust_list(path)


def test_what_documents_show_has_room_for_so_much_and_the_rest_is_counted(
    wuhan: TestClient, proof: Proof, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = verify(wuhan, attach(sealed(), proof))["documents"]
    assert "left_out" not in whole[0]
    monkeypatch.setattr("api.limits.MAX_DOCUMENTS_SHOWN_BYTES", 600)
    (shown,) = verify(wuhan, attach(sealed(), proof))["documents"]
    assert (shown["signatures"], shown["left_out"], shown["verdict"]) == ([], 1, whole[0]["verdict"])


def test_the_documents_of_a_batch_are_counted_together(
    wuhan: TestClient, proof: Proof, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.limits.MAX_BATCH_DOCUMENTS", 3)
    item = {"proof": proof.to_json(), "documents": [base64.b64encode(b"text").decode()]}
    assert wuhan.post("/v1/verify/batch", json={"items": [item] * 3}).status_code == 200
    refused = wuhan.post("/v1/verify/batch", json={"items": [item] * 4})
    assert (refused.status_code, refused.json()["type"]) == (400, "/problems/malformed-request")
