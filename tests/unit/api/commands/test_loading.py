"""What a command does not need it does not load.

Somebody waits at a counter while libraries are imported.
"""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from ledger.encoding.canonical import encode_canonical

ROOT: Final = Path(__file__).parents[4]
CHAIN: Final = frozenset({"web3", "eth_account", "requests"})
DATABASE: Final = frozenset({"sqlalchemy", "sqlmodel", "alembic", "psycopg", "sqlite3"})
NODE: Final = frozenset({"fastapi", "starlette", "uvicorn", "jinja2", "httpx"})
HEAVY: Final = CHAIN | DATABASE | NODE | {"pyhanko"}

SCRIPT: Final = """
import sys
from api.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as ended:
    code = ended.code
print(code, *sys.modules, file=sys.stderr)
"""


def loaded(*arguments: str, cwd: Path) -> tuple[str, set[str]]:
    """Run a command in a process of its own and return its exit code and every module that it has loaded."""
    command = [sys.executable, "-c", SCRIPT, *arguments]
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=True)
    code, *modules = done.stderr.splitlines()[-1].split()
    return code, set(modules)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory with the snapshot, the trust file and the proof of the format pages."""
    with monkeypatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs" / "formats")
        worked = importlib.import_module("worked_example").build_example()
    (tmp_path / "a.snapshot").write_bytes(worked.snapshot)
    (tmp_path / "trust.json").write_bytes(encode_canonical(worked.trust.to_json()))
    (tmp_path / "proof.json").write_bytes(worked.proof.encode())
    return tmp_path


def test_verifying_with_a_snapshot_loads_neither_databases_nor_clients(offline: Path) -> None:
    code, modules = loaded(
        "verify", "--proof", "proof.json", "--snapshot", "a.snapshot", "--trust", "trust.json", cwd=offline
    )
    assert (code, modules & HEAVY) == ("12", set())


def test_inspecting_an_ofd_document_loads_no_pdf_library(tmp_path: Path) -> None:
    code, modules = loaded("inspect", str(ROOT / "examples/documents/building-permit.ofd"), cwd=tmp_path)
    assert (code, modules & HEAVY) == ("12", set())


def test_the_list_of_commands_loads_none_of_them(tmp_path: Path) -> None:
    code, modules = loaded("--help", cwd=tmp_path)
    assert (code, modules & (HEAVY | {"cryptography", "asn1crypto", "eth_abi"})) == ("0", set())
    assert not [name for name in modules if name.startswith("api.commands.")]
