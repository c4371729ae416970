"""`shunzheng inspect`: one report on the seals and signatures of a file, without any node."""

import json
import logging
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from api.cli import main
from ledger.documents.carriers import attach
from ledger.documents.certificates.issuing import Holder
from ledger.documents.ofd.sealing import sign_document
from tests.papers import DOCUMENT, NOW, PAGE, department, maker, root, seal, sealed, signed, with_part
from tests.scenes import scene

CITY, ITEMS = scene()
PROOF: Final = CITY.proof(ITEMS[0])


@pytest.fixture
def trusted(tmp_path: Path) -> str:
    """The city's list as a file in PEM."""
    file = tmp_path / "trusted.pem"
    file.write_bytes(pem(root()) + pem(maker()))
    return str(file)


def pem(holder: Holder) -> bytes:
    return x509.load_der_x509_certificate(holder.certificate.der).public_bytes(Encoding.PEM)


def written(tmp_path: Path, data: bytes, name: str = "licence.ofd") -> str:
    (tmp_path / name).write_bytes(data)
    return str(tmp_path / name)


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("document", "code", "verdict"),
    [
        (sealed(), 0, "valid"),
        (signed(), 0, "valid"),
        (seal(), 0, "valid"),
        (with_part(sealed(), PAGE, b"<Page/>"), 11, "invalid"),
        (DOCUMENT, 12, "unverifiable"),
        (sealed()[:-1], 12, "unverifiable"),
        (b"text", 12, "unverifiable"),
    ],
    ids=["sealed", "signed", "a seal", "altered", "unsigned", "cut off", "another kind"],
)
def test_verdict_and_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], trusted: str, document: bytes, code: int, verdict: str
) -> None:
    assert main(["inspect", written(tmp_path, document), "--json", "--trust-list", trusted]) == code
    assert report(capsys)["verdict"] == verdict


def test_without_a_list_nobody_is_trusted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", written(tmp_path, sealed()), "--json"]) == 12
    (signature,) = report(capsys)["signatures"]
    assert {name for name, outcome in signature["checks"].items() if outcome != "pass"} == {"chain"}


def test_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str], trusted: str) -> None:
    file = written(tmp_path, attach(sign_document(sealed(), department(), NOW + 60), PROOF))
    assert main(["inspect", file, "--trust-list", trusted]) == 0
    words = capsys.readouterr().out
    assert words.startswith("签章完好，签发证书的机构在本市可信名单内\n")
    assert "1  电子签章 — 签章完好" in words
    assert "印章: 天门市示例局电子证照专用章 (42900600000001)" in words
    assert "2  数字签名 — 签章完好" in words
    assert "✓ 制章机构签名: 通过" in words
    assert PROOF.record.identifier in words


def test_an_alteration_in_english(tmp_path: Path, capsys: pytest.CaptureFixture[str], trusted: str) -> None:
    file = written(tmp_path, with_part(sealed(), PAGE, b"<Page/>"))
    assert main(["inspect", file, "--lang", "en", "--trust-list", trusted]) == 11
    words = capsys.readouterr().out
    assert words.startswith("the seal or signature fails\n")
    assert f"Altered: {PAGE}" in words
    assert "✗ protected parts unaltered: Parts were altered after signing" in words


def test_what_cannot_be_read_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", written(tmp_path, sealed() + b"\n"), "--lang", "en"]) == 12
    assert "The file cannot be read: the archive has data behind its end" in capsys.readouterr().out
    assert main(["inspect", written(tmp_path, DOCUMENT)]) == 12
    assert "没有签名" in capsys.readouterr().out


def test_a_proof_beside_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, sealed())
    beside = tmp_path / "licence.ofd.proof.json"
    beside.write_bytes(PROOF.encode())
    assert main(["inspect", file, "--json"]) == 12
    assert report(capsys)["proof"] == PROOF.to_json()
    beside.write_bytes(b"{}")
    assert main(["inspect", file, "--json"]) == 12
    captured = capsys.readouterr()
    assert json.loads(captured.out)["proof"] is None
    assert str(beside) in captured.err


def test_several_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str], trusted: str) -> None:
    second = written(tmp_path, pem(department()), "second.pem")
    file = written(tmp_path, sealed())
    assert main(["inspect", file, "--json", "--trust-list", second]) == 12
    assert report(capsys)["signatures"][0]["checks"]["chain"] == "unknown"
    assert main(["inspect", file, "--json", "--trust-list", second, "--trust-list", trusted]) == 0


@pytest.mark.parametrize("wrong", ["a list that is none", "no list", "no file"])
def test_wrong_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str) -> None:
    file = written(tmp_path, sealed())
    arguments = {
        "a list that is none": [file, "--trust-list", file],
        "no list": [file, "--trust-list", str(tmp_path / "nothing.pem")],
        "no file": [str(tmp_path / "nothing.ofd")],
    }[wrong]
    assert main(["inspect", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("shunzheng: ")


def test_no_library_writes_of_strange_files_on_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # as in a program that does not log
    main(["inspect", written(tmp_path, DOCUMENT)])
    logging.getLogger("pyhanko.sign.diff_analysis.policies").error("a trace")
    assert "a trace" not in capsys.readouterr().err
