"""A document is verified with a trust file alone, on the word of the cities that cosigned."""

import json
from pathlib import Path

import pytest

from ledger.encoding.times import format_time
from tests.unit.api.commands.offline.cosigned import OTHERS, Cosigned3, Run


@pytest.fixture
def pocketed(three: Cosigned3, directory: Path, run: Run) -> Path:
    """Return the document of an inspector beside whose proof there is nothing but a trust file: it holds a pocket."""
    three.cosign(*OTHERS)
    proof_path = three.document.with_name("licence.pdf.proof.json")
    code, _, err = run("checkpoint", "pocket", directory, proof_path, "-o", proof_path)
    assert (code, "6 facts, 3 cosignatures" in err) == (0, True)
    return three.document


def test_a_document_is_verified_with_a_trust_file_alone(three: Cosigned3, pocketed: Path, run: Run) -> None:
    command = ("verify", pocketed, "--trust", three.trust, "--json", "--at")
    code, out, _ = run(*command, format_time(three.city.now))
    report = json.loads(out)
    assert (code, report["verdict"], report["compared"]) == (0, "valid", "document")
    assert report["status"]["source"].startswith("pocket: 天门、")
    code, out, _ = run(*command, format_time(three.city.now + 86_400))
    assert (code, json.loads(out)["reason"]) == (12, "knowledge_stale")


def test_attack_a_pocket_older_than_what_was_seen(
    three: Cosigned3, pocketed: Path, run: Run, directory: Path
) -> None:
    old_proof = pocketed.with_name("licence.pdf.proof.json").read_bytes()
    three.city.anchor()
    three.cosign(*OTHERS)
    proof_path = pocketed.with_name("licence.pdf.proof.json")
    assert run("checkpoint", "pocket", directory, proof_path, "-o", proof_path)[0] == 0
    command = ("verify", pocketed, "--trust", three.trust, "--at", format_time(three.city.now))
    assert run(*command)[0] == 0
    proof_path.write_bytes(old_proof)
    code, _, err = run(*command)
    assert (code, "is refused (older)" in err) == (1, True)


def test_without_a_pocket_it_is_said_what_to_do(
    three: Cosigned3, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run("verify", three.document, "--trust", three.trust)
    assert (code, "carries no pocket" in err) == (1, True)
    with pytest.raises(SystemExit, match="2"):
        run("verify", three.document)
    assert "name who knows the registry" in capsys.readouterr().err
