"""The inspector, and commands run where he stands."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.cli import main
from ledger.encoding.times import format_time
from tests.unit.api.city import LOG, City
from tests.unit.api.commands.offline.cosigned import Cosigned3, Run


@pytest.fixture
def three(city: City, tianmen: TestClient, tmp_path: Path) -> Cosigned3:
    folder = tmp_path / "inspector"
    folder.mkdir()
    return Cosigned3(city, tianmen, folder)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command and return its exit code, output and messages."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def verify(three: Cosigned3, run: Run) -> Callable[..., Mapping[str, object]]:
    """Verify the document with what `--snapshot` names, at the city's clock or another."""

    def verify(path: Path, *more: object, at: int | None = None) -> Mapping[str, object]:
        moment = format_time(three.city.now if at is None else at)
        given = ("--snapshot", path, "--trust", three.trust, "--at", moment, "--json")
        _, out, err = run("verify", three.document, *given, *more)
        found: Mapping[str, object] = json.loads(out)
        return {"refused": err} if "error" in found else found

    return verify


@pytest.fixture
def directory(three: Cosigned3) -> Path:
    """Return the directory of the city's node, as the command line reads it."""
    folder = three.city.settings.directory
    lines = [f'registry = "{three.city.registry}"', 'node_key = "node.key"', f'log = "{LOG}"']
    (folder / "node.toml").write_text("\n".join(lines))
    return folder
