"""The built wheel in an empty environment: complete, and verifying outside of the checkout."""

import importlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

from anchoring.chain import calls
from ledger.encoding.canonical import encode_canonical
from ledger.encoding.times import format_time
from ledger.registry.snapshots import read_header

pytestmark = pytest.mark.slow

ROOT: Final = Path(__file__).parents[2]
PACKED: Final = ("api", "anchoring", "ledger", "catalogue", "contracts/artefact", "examples")
_SECONDS: Final = 600  # the package index may be far away


def run(*command: str | Path, folder: Path, code: int = 0) -> "subprocess.CompletedProcess[str]":
    """Run a program in a folder, without what this environment says of Python. Its exit code must be `code`."""
    dropped = ("PYTHON", "VIRTUAL_ENV", "UV_PROJECT", "SHUNZHENG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    uv = shutil.which("uv") or ROOT / ".uv/bin/uv"  # as the Makefile finds it
    run(uv, "build", "--wheel", "--quiet", "--python", sys.executable, "--out-dir", folder, folder=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the command line of an environment that has nothing but the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder / "venv", folder=folder)
    run(folder / "venv/bin/pip", "install", "--quiet", wheel, folder=folder)
    return folder / "venv/bin/shunzheng"


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the example of the format pages: snapshot, trust file, proof, document."""
    monkeypatch.syspath_prepend(ROOT / "docs" / "formats")
    return importlib.import_module("worked_example")


def test_the_wheel_holds_every_file_of_its_folders(wheel: Path) -> None:
    """Pages, style sheets, examples of the interface and the compiled contract are files that no import names."""
    tracked = subprocess.run(
        ["git", "ls-files", *PACKED], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {path for path in tracked if path not in packed} == set()
    assert {
        "api/http/static/page.css",
        "api/http/templates/base.html",
        "api/http/openapi_examples.json",
    } <= packed
    assert any(path.startswith("contracts/artefact/") for path in packed)
    assert any(path.startswith("catalogue/types/") for path in packed)
    assert not any(path.startswith(("tests/", "docs/")) for path in packed)


def test_the_installed_program_tells_its_version(program: Path, wheel: Path, tmp_path: Path) -> None:
    assert run(program, "--version", folder=tmp_path).stdout == f"shunzheng {wheel.name.split('-')[1]}\n"


def test_the_installed_program_verifies_from_a_snapshot(program: Path, worked: Any, tmp_path: Path) -> None:
    example = worked.build_example()
    (tmp_path / "licence.txt").write_bytes(worked.DOCUMENT)
    (tmp_path / "licence.txt.proof.json").write_bytes(example.proof.encode())
    (tmp_path / "registry.snapshot").write_bytes(example.snapshot)
    (tmp_path / "cities.trust.json").write_bytes(encode_canonical(example.trust.to_json()))
    options = ["--snapshot", "registry.snapshot", "--trust", "cities.trust.json"]
    options += ["--at", format_time(read_header([example.snapshot]).checkpoint.time)]
    verified = run(program, "verify", "licence.txt", *options, folder=tmp_path)
    assert verified.stdout.startswith("真实有效｜")
    (tmp_path / "licence.txt").write_bytes(worked.DOCUMENT + b"!")
    altered = run(program, "verify", "licence.txt", *options, "--lang", "en", folder=tmp_path, code=11)
    assert "✗  2" in altered.stdout


def test_the_installed_program_finds_its_pages_and_its_contract(program: Path, tmp_path: Path) -> None:
    """What reads files that lie beside the code finds them where pip has put them."""
    script = (
        "from api.http import openapi\n"
        "from api.http.counter import pages\n"
        "from anchoring.chain import calls\n"
        f"assert calls.{calls.encode_deployment.__name__}('0x' + '11' * 20)\n"
        "assert openapi.EXAMPLES.exists() and (pages.STATIC_FOLDER / 'page.css').exists()\n"
        "assert (pages.STATIC_FOLDER.parent / 'templates' / 'verdict.html').exists()\n"
    )
    run(program.with_name("python"), "-c", script, folder=tmp_path)
