"""An auditor runs the second verifier as a program, with no node and no network.

It judges the files of the shared cases.
"""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CASES: Final = ROOT / "tests" / "vectors" / "verification"


def run(folder: Path, name: str) -> tuple[dict[str, Any], subprocess.CompletedProcess[str]]:
    """Write the files of a case and verify them; return the case and what the program did."""
    case = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    (folder / "proof.json").write_text(case["proof"], encoding="utf-8")
    (folder / "snapshot").write_bytes(base64.b64decode(case["snapshot"]))
    (folder / "trust.json").write_text(json.dumps(case["trust"]), encoding="utf-8")
    (folder / "claims.json").write_text(json.dumps(case["presented"]["claims"]), encoding="utf-8")
    command = [sys.executable, "-I", str(ROOT / "verifier" / "verify.py"), "proof.json", "--now", case["now"]]
    command += ["--snapshot", "snapshot", "--trust", "trust.json", "--claims", "claims.json"]
    for number, document in enumerate(case["presented"]["documents"]):
        (folder / f"document-{number}").write_bytes(base64.b64decode(document))
        command += ["--document", f"document-{number}"]
    return case, subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("name", "code"), [("worked-example", 0), ("revoked", 10), ("claim-altered", 11), ("stolen", 12)]
)
def test_the_program_prints_its_verdict_and_leaves_with_it(tmp_path: Path, name: str, code: int) -> None:
    case, done = run(tmp_path, name)
    assert (done.returncode, done.stderr) == (code, "")
    assert json.loads(done.stdout).items() >= case["expected"].items()


def test_a_snapshot_that_is_refused_verifies_nothing(tmp_path: Path) -> None:
    _, done = run(tmp_path, "below-threshold")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "nothing was verified: below_threshold\n"


def test_a_file_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-I",
        str(ROOT / "verifier" / "verify.py"),
        "proof.json",
        "--snapshot",
        "no",
        "--trust",
        "no",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
