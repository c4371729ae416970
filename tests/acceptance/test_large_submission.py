"""A department hands in everything it has at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.department import World, licence

RECORDS = 200_000
MOST_BYTES = 500 * 10**6


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
def test_two_hundred_thousand_records_in_bounded_memory(tmp_path: Path) -> None:
    submission = tmp_path / "submission.ndjson"
    with (
        submission.open("wb") as file,
        World().department.draft(licence(serial) for serial in range(RECORDS)) as drafted,
    ):
        file.writelines(drafted.lines())
    program = Path(__file__).parent / "intake_process.py"
    done = subprocess.run(
        [sys.executable, str(program), str(submission), str(tmp_path / "register.db")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["count"] == RECORDS
    assert said["before"] < said["peak"] < MOST_BYTES, said
