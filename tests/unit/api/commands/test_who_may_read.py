"""What commands write is its owner's alone, whatever the umask."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from fastapi.testclient import TestClient

from api.cli import main
from api.commands import certificates, submit
from api.node.errors import SETTINGS_FILE
from api.node.keys import KEY_FILE
from examples.renderings import render_pdf
from tests.unit.api.city import City, identifier
from tests.unit.api.desk import Desk

SERIAL: Final = "TM2022A0000000000001"
NODE: Final = ("--node", "http://tianmen.example")


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    folder = tmp_path / "desk"
    folder.mkdir()
    desk = Desk(city, tianmen, folder, monkeypatch)
    for command in (submit, certificates):
        monkeypatch.setattr(command, "NodeClient", desk.client)
    return desk


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_the_directory_of_a_node_and_its_settings(city: City, tmp_path: Path) -> None:
    node = tmp_path / "node"
    url = "http://user:password@chain.example"
    assert main(["init", str(node), "--registry", city.registry, "--chain-url", url]) == 0
    assert stat.S_IMODE(node.stat().st_mode) == 0o700
    assert {mode for name, mode in modes(node).items() if name in (SETTINGS_FILE, KEY_FILE)} == {0o600}


def test_settings_that_are_refused_leave_no_file(city: City, tmp_path: Path) -> None:
    arguments = ["--registry", city.registry, "--chain-url", "http://x", "--listen", "nonsense"]
    assert main(["init", str(tmp_path / "node"), *arguments]) == 1
    assert SETTINGS_FILE not in modes(tmp_path / "node")


def test_submissions_receipts_proofs_and_documents_that_carry_them(desk: Desk) -> None:
    given = {"document.pdf": render_pdf("营业执照", [])}
    row = desk.city.licence(SERIAL, {"ZZMC": "营业执照"}) | {"documents": [*given]}
    for name, content in (given | {"records.ndjson": json.dumps(row).encode() + b"\n"}).items():
        (desk.folder / name).write_bytes(content)
    before = modes(desk.folder)
    key = ("--key", desk.folder / "key.pem")
    assert desk.run("submit", "records.ndjson", *NODE, *key) == 0
    desk.city.anchor()
    (desk.folder / "token").write_text(desk.city.token("proofs", "claims"))
    token = ("--token-file", desk.folder / "token")
    assert desk.run("proof", identifier(SERIAL), *NODE, *token, "-o", "document.pdf.proof.json") == 0
    assert desk.run("attach", "document.pdf", "-o", "carrying.pdf") == 0
    assert desk.run("detach", "carrying.pdf", "-o", "again.pdf") == 0
    written = {name: mode for name, mode in modes(desk.folder).items() if name not in before}
    assert len(written) == 6
    assert set(written.values()) == {0o600}
