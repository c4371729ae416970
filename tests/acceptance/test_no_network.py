"""Verify where there is nobody to ask, and where asking is forbidden."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from api.commands.verify import request_body
from tests.acceptance.cities import Cities, write_rows

COUNTER = Path(__file__).parent / "counter.py"
NAMESPACE = ("unshare", "--net")

At = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def counter(running: Cities, tmp_path_factory: pytest.TempPathFactory) -> At:
    """Return a counter that verifies a licence from a copy of what Wuhan knows, wherever it is put."""
    folder = tmp_path_factory.mktemp("counter")
    document = folder / "licence.txt"
    document.write_text("天门市示例商行 营业执照")
    row = running.licence(documents=[document.name])
    receipt = running.submit(write_rows(folder / "records.ndjson", row), "--wait", "60")
    assert receipt.code == 0, receipt.err
    running.export(row["identifier"], folder / "proof.json")
    running.wait_known()
    with (
        closing(sqlite3.connect(running.wuhan.directory / "replica.db")) as known,
        closing(sqlite3.connect(folder / "replica.db")) as copy,
    ):
        known.backup(copy)
    request = folder / "request.json"
    request.write_bytes(request_body((folder / "proof.json").read_text(), [document.read_bytes()], {}))
    port = running.wuhan.url.rpartition(":")[2]

    def run(*command: str, guarded: bool = False) -> dict[str, Any]:
        arguments = [
            *command,
            sys.executable,
            str(COUNTER),
            str(folder / "replica.db"),
            running.stage.registry,
        ]
        arguments += [str(request), port, *(["guarded"] if guarded else [])]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        outcome: dict[str, Any] = json.loads(done.stdout)
        return outcome

    return run


def test_the_counter_could_call(cities: Cities, counter: At) -> None:
    """The control: without walls the same program reaches a node."""
    outcome = counter()
    assert (outcome["report"]["verdict"], outcome["call"]) == ("valid", "reached")


def test_nothing_is_asked(cities: Cities, counter: At) -> None:
    outcome = counter(guarded=True)
    assert (outcome["report"]["verdict"], outcome["attempts"]) == ("valid", [])
    assert outcome["call"] == "PermissionError", "the guard must stop what does call"


def test_there_need_be_nobody(cities: Cities, counter: At) -> None:
    if not shutil.which("unshare") or subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode:
        pytest.skip("no network namespace can be made here (unshare --net is missing or not permitted)")
    outcome = counter(*NAMESPACE)
    assert outcome["report"]["verdict"] == "valid"
    assert outcome["call"] == "OSError", "nothing can be reached from an empty namespace"
