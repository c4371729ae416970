"""`shunzheng proof --linked`: the proof of another city's seal joins that of the licence.

Its own node exported it.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx
import pytest

from api.cli import main
from api.client.client import NodeClient
from api.commands import certificates
from ledger.proof.proof import Proof, decode_proof
from tests.scenes import DOCUMENT
from tests.sealed import Sealed, scene
from tests.unit.api.desk import client_over

NODE: Final = ("--node", "http://tianmen.example")


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sealed:
    """Return a sealed licence, of which the node that is asked has no proof of the seal."""
    sealed = scene()

    class Client(NodeClient):
        def fetch_certificate_proof(self, identifier: str) -> bytes:
            return sealed.proof(linked_proofs=(sealed.sealing(linked_proofs=()),)).encode()

    monkeypatch.setattr(certificates, "NodeClient", Client)
    monkeypatch.chdir(tmp_path)
    Path("seal.proof.json").write_bytes(sealed.city.proof(sealed.seal).encode())
    return sealed


def written() -> Proof:
    return decode_proof(Path("licence.proof.json").read_bytes())


def test_a_seal_that_is_not_here_is_asked_for(sealed: Sealed, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["proof", "x", *NODE, "-o", "licence.proof.json"]) == 0
    said = capsys.readouterr().err
    assert f"The proof of sm3:{sealed.seal.leaf.hex()} (made-with) is not here" in said
    assert sealed.city.verify(written(), documents=[DOCUMENT]).reason == "link_missing"


def test_a_seal_whose_proof_is_given_comes_along(sealed: Sealed, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["proof", "x", *NODE, "--linked", "seal.proof.json", "-o", "licence.proof.json"]) == 0
    assert "is not here" not in capsys.readouterr().err
    assert sealed.city.verify(written(), documents=[DOCUMENT]).reason == "status_valid"


def test_seal_and_sealing_are_given_in_any_order(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sealed.proof()
    monkeypatch.setattr(Sealed, "proof", lambda *_, **__: replace(whole, linked_proofs=()))
    Path("sealing.proof.json").write_bytes(sealed.sealing(linked_proofs=()).encode())
    given = ("--linked", "seal.proof.json", "--linked", "sealing.proof.json")
    assert main(["proof", "x", *NODE, *given, "-o", "licence.proof.json"]) == 0
    assert sealed.city.verify(written(), documents=[DOCUMENT]).reason == "status_valid"


def test_a_proof_that_is_not_linked_to_is_refused(sealed: Sealed, capsys: pytest.CaptureFixture[str]) -> None:
    Path("other.json").write_bytes(sealed.proof().encode())
    Path("photo.jpg").write_bytes(b"\xff\xd8")
    for name, said in {
        "other.json": "nothing in the proof links to this record",
        "photo.jpg": "photo.jpg is no proof that can be read",
        "nothing.json": "nothing.json does not exist",
    }.items():
        assert main(["proof", "x", *NODE, "--linked", name, "-o", "licence.proof.json"]) == 1
        assert said in capsys.readouterr().err
        assert not Path("licence.proof.json").exists()


def test_what_answers_with_no_proof_leaves_no_file(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    page = client_over(lambda _: httpx.Response(200, content=b"<html>"))
    monkeypatch.setattr(certificates, "NodeClient", page)
    assert main(["proof", "x", *NODE, "-o", "licence.proof.json"]) == 1
    assert not Path("licence.proof.json").exists()
