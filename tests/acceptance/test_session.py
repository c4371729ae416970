"""The session that the README shows, line by line as it stands there."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "examples"
_SECONDS: Final = 240

#: What the session takes for granted: waiting, and an end at the first failure.
PRELUDE: Final = r"""
set -eu
wait_until() {
  for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
  echo "waited in vain: $*" >&2; tail trial/*.log >&2; return 1
}
wait_for() { wait_until test -s "$1"; }
ready() (
  exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3 && read -r _ code _ <&3
  test "$code" = 200
)
wait_for_node() { wait_until ready "$1"; }
"""


def test_the_session_of_the_readme(tmp_path: Path) -> None:
    session = re.search(
        r"<!-- session -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL
    )
    assert session
    trial = tmp_path / "trial"
    trial.mkdir()
    record = json.loads((EXAMPLES / "with-documents.ndjson").read_text("utf-8").splitlines()[0])
    (document,) = record["documents"]
    shutil.copy(EXAMPLES / document, trial / "licence.html")
    record["documents"] = ["licence.html"]
    (trial / "records.ndjson").write_text(json.dumps(record), "utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SHUNZHENG_")}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "IDENTIFIER": record["identifier"],
        **dict(zip(("CHAIN_PORT", "TIANMEN_PORT", "WUHAN_PORT"), map(str, free_ports(3)), strict=True)),
    }
    code, said, err = run(PRELUDE + session[1], tmp_path, environment)
    assert code == 0, f"{said}\n{err}"
    assert "真实有效" in said.splitlines()


def run(script: str, folder: Path, environment: dict[str, str]) -> tuple[int, str, str]:
    """Run bash and end whatever it leaves running: both nodes and the chain are its children."""
    out, err = folder / "out", folder / "err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        shell = subprocess.Popen(
            ["bash", "-c", script],
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


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
