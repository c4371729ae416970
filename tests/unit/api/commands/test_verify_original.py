"""`verify --original` takes the registered document out of one to which something was added."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.cli import main
from tests.unit.api.city import City, identifier
from tests.unit.api.desk import client_of

SERIAL = "TM2022A0000000000001"
SIGNED = b"%PDF-1.7\n<< /ByteRange [0 70 76 6] /Contents ".ljust(70) + b"<00ff>" + b"\n%%EOF"
NODE = ("--node", "http://tianmen.example", "--lang", "en")


@pytest.fixture
def downloaded(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a registered document as a portal hands it out, with something behind it, beside its proof."""
    city.submit(city.licence(SERIAL, {"ZZMC": "营业执照"}, SIGNED))
    city.anchor()
    monkeypatch.setattr("api.client.client.NodeClient", client_of(tianmen))
    path = tmp_path / "downloaded.pdf"
    path.write_bytes(SIGNED + b"\n%a watermark")
    path.with_name(f"{path.name}.proof.json").write_bytes(city.proof(identifier(SERIAL)).encode())
    return path


def test_the_original_is_taken_out(downloaded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    original = downloaded.with_name("original.pdf")
    assert main(["verify", str(downloaded), "--original", str(original), *NODE]) == 12
    assert original.read_bytes() == SIGNED
    output = capsys.readouterr()
    assert "stands whole inside" in output.out
    assert f"{len(SIGNED)} bytes" in output.err


def test_where_nothing_was_added_nothing_is_written(
    downloaded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    original = downloaded.with_name("original.pdf")
    downloaded.write_bytes(SIGNED)
    assert main(["verify", str(downloaded), "--original", str(original), *NODE]) == 0
    assert not original.exists()
    assert "nothing was written" in capsys.readouterr().err
