"""The session of the README.

The page shows the lines of the script, and the script does what the page says.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SCRIPT: Final = ROOT / "scripts" / "session.sh"
_SECONDS: Final = 240


def test_the_readme_shows_the_session_line_for_line() -> None:
    shown = re.search(
        r"<!-- session -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL
    )
    assert shown
    assert shown[1].splitlines() == SCRIPT.read_text("utf-8").partition("\n\n")[2].splitlines()


def test_the_session_registers_anchors_and_verifies_elsewhere(tmp_path: Path) -> None:
    """From a folder that looks like a checkout: the examples, and an environment with this Python in it."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SHUNZHENG_")}
    code, said, err = run(SCRIPT, tmp_path, environment | {"TMPDIR": str(tmp_path)})
    assert code == 0, f"{said}\n{err}"
    assert "\n真实有效｜营业执照｜" in said


def run(script: Path, folder: Path, environment: dict[str, str]) -> tuple[int, str, str]:
    """Run a script and end whatever it leaves running: both nodes and the chain are its children."""
    out, err = folder / "out", folder / "err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        shell = subprocess.Popen(
            ["bash", str(script)],
            cwd=folder,
            env=environment,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            code = shell.wait(_SECONDS)
        finally:
            end(shell.pid)
            shell.wait()
    return code, out.read_text(errors="replace"), err.read_text(errors="replace")


def end(group: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return
        waited = subprocess.run(["bash", "-c", f"for _ in $(seq 50); do kill -0 -{group} || exit 0; sleep 0.1; done"],
                                capture_output=True)  # fmt: skip
        assert waited.returncode == 0
