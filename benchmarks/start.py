"""How long a command takes that somebody waits for at a counter.

Nearly all of it is the loading of libraries.

    python -m benchmarks start

The case is the worked example of the format pages, the documents are those of `examples/documents`. Seconds of the
processor, so that other work on the machine counts little; medians of five runs, beside the interpreter alone.
"""

import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from typing import Final

ROOT: Final = Path(__file__).parents[1]
CASE_PATH: Final = ROOT / "tests/vectors/verification/worked-example.json"
DOCUMENTS_FOLDER: Final = ROOT / "examples/documents"
COMMAND_WORDS: Final = ("-m", "api.cli")
RUN_COUNT: Final = 5


def main() -> None:
    """Print the table."""
    print("\nA command from start to end, seconds of the processor")
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        for description, arguments in (
            ("the interpreter alone", ("-c", "pass")),
            ("shunzheng --help", (*COMMAND_WORDS, "--help")),
            (
                "shunzheng verify, a proof and claims, a snapshot",
                (*COMMAND_WORDS, *write_verification(folder)),
            ),
            (
                "shunzheng inspect, OFD",
                (*COMMAND_WORDS, "inspect", str(DOCUMENTS_FOLDER / "building-permit.ofd")),
            ),
            (
                "shunzheng inspect, PDF",
                (*COMMAND_WORDS, "inspect", str(DOCUMENTS_FOLDER / "food-permit.pdf")),
            ),
        ):
            print(f"  {description:<50}{median(measure_seconds(arguments) for _ in range(RUN_COUNT)):>8.2f}")


def write_verification(folder: Path) -> Sequence[str]:
    """Write what a verification without a node needs, and return the command."""
    case_members = json.loads(CASE_PATH.read_text(encoding="utf-8"))
    (folder / "a.snapshot").write_bytes(base64.b64decode(case_members["snapshot"]))
    (folder / "trust.json").write_text(json.dumps(case_members["trust"]), encoding="utf-8")
    (folder / "proof.json").write_text(case_members["proof"], encoding="utf-8")
    (folder / "claims.json").write_text(json.dumps(case_members["presented"]["claims"]), encoding="utf-8")
    files_by_option = {
        "--proof": "proof.json",
        "--claims": "claims.json",
        "--snapshot": "a.snapshot",
        "--trust": "trust.json",
    }
    option_words = [
        word for option, file_name in files_by_option.items() for word in (option, str(folder / file_name))
    ]
    return ["verify", *option_words, "--at", case_members["now"]]


def measure_seconds(arguments: Sequence[str]) -> float:
    usage_before = getrusage(RUSAGE_CHILDREN)
    completed_process = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=False
    )
    usage_after = getrusage(RUSAGE_CHILDREN)
    if completed_process.returncode in (1, 2):
        raise SystemExit("a command of the benchmark fails")
    return usage_after.ru_utime + usage_after.ru_stime - usage_before.ru_utime - usage_before.ru_stime


if __name__ == "__main__":
    main()
