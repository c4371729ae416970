"""Take one large submission in a process of its own and say how much memory it took at most.

python intake_process.py SUBMISSION REGISTER.db
"""

import json
import re
import sys
from pathlib import Path

from anchoring.intake.intake import accept
from anchoring.intake.rows import split_lines
from anchoring.register.store import Register
from tests.fakes.department import NOW, SETTINGS, World

CHUNK = 2**16


def peak_bytes() -> int:
    """The most memory that this process held resident, as Linux counts it; `ru_maxrss` would count the parent's in."""
    line = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert line
    return 1024 * int(line[1])


def main() -> None:
    source, target = sys.argv[1:]
    register = Register(f"sqlite:///{target}")
    before = peak_bytes()
    with Path(source).open("rb") as file:
        lines = split_lines(iter(lambda: file.read(CHUNK), b""))
        acceptance = accept(register, World().trust, lines, NOW, SETTINGS)
    register.close()
    print(json.dumps({"count": acceptance.record_count, "before": before, "peak": peak_bytes()}))


if __name__ == "__main__":
    main()
