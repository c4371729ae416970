"""A report on a console of GBK, by the command that corpus/field names."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
FIELD: Final = ROOT.parent / "shared" / "corpus" / "field" / "console-gbk"
pytestmark = pytest.mark.skipif(not FIELD.is_dir(), reason=f"needs the outside test data of {FIELD}")


def run(encoding: str | None) -> subprocess.CompletedProcess[bytes]:
    """Run the command of the README, with its encoding or with another one."""
    setting, program, *arguments = shlex.split((FIELD / "README").read_text("utf-8").partition(" : ")[0])
    name, _, value = setting.partition("=")
    assert (name, program) == ("PYTHONIOENCODING", "shunzheng")
    command = [sys.executable, "-m", "api.cli", *arguments]
    environment = os.environ | {name: encoding or value}
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=False)


def test_it_ends_as_on_a_console_that_has_every_sign() -> None:
    shown, expected = run(None), run("utf-8")
    assert (shown.returncode, shown.stderr) == (expected.returncode, b"")
    assert shown.stdout.decode("gbk") == expected.stdout.decode().replace("✓", "√")
