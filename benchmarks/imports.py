"""How fast a table of a million rows becomes accepted records; one row in 100 is faulty.

    python -m benchmarks imports [--quick]

From the file to the last receipt, by `shunzheng import run` as a process of its own and a node on anvil beside it, on the
same machine. It is killed once in the middle and run again. Rows by the clock; the peak of memory is that of the largest
process of the import. `--quick`: a fiftieth of the rows.
"""

import csv
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from api.demo.founding import Founding
from api.demo.importing import make_holder_code
from api.demo.stage import open_stage
from ledger.crypto.keys import PrivateKey

ROW_COUNT: Final = 1_000_000
_ISSUER: Final = "11429006012345671T"
_TYPE_NAME: Final = "道路运输经营许可证"
_HEADINGS: Final = (
    "证照名称", "证照编号", "持证主体", "持证主体代码", "发证日期", "有效期自", "有效期至", "法定代表人", "地址", "经济性质",
    "经营范围", "发证机关",
)  # fmt: skip


def main() -> None:
    """Print the table."""
    row_count = ROW_COUNT // 50 if "--quick" in sys.argv else ROW_COUNT
    print(f"\nImport: a CSV of {row_count:,} rows, 16 claims each, 1 % faulty, killed once; by the clock")
    with tempfile.TemporaryDirectory(prefix="shunzheng-") as folder_name:
        folder = Path(folder_name)
        table_path = folder / "table.csv"
        write_table(table_path, row_count)
        print(f"  {'size of the file, MB':<50}{table_path.stat().st_size / 1e6:>12,.1f}")
        _measure(folder, table_path, row_count)


def write_table(path: Path, row_count: int) -> None:
    """Write a table of licences in GBK, as a system exports it."""
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADINGS)
        for row_index in range(row_count):
            holder_code = make_holder_code(row_index) if row_index % 100 else "91429006012345678X"
            writer.writerow(
                [_TYPE_NAME, f"天交运字4290061{row_index:07d}号", f"天门示例第{row_index}物流有限公司", holder_code,
                 "2022/3/8", "2022/3/8",
                 "2026/3/7", "张示例", f"天门市竟陵街道示例路{row_index}号", "有限责任公司", "道路普通货物运输",
                 "天门市示例局"]
            )  # fmt: skip


def _measure(folder: Path, table_path: Path, row_count: int) -> None:
    stage = open_stage(folder / "stage", 1.0)
    private_keys: dict[str, PrivateKey] = {}
    founding = Founding(stage, [], private_keys, lambda _: None)
    try:
        founding.found()
        city = founding.cities[0]
        city.launch()
        city.wait_ready()
        command_words = [
            sys.executable, "-m", "api.cli", "import", "run", str(table_path), "--issuer", _ISSUER, "--accept", "same-days",
            "--key", str(stage.directory / f"{_ISSUER}.pem"), "--node", city.url,
        ]  # fmt: skip
        start_seconds = time.perf_counter()
        _kill_in_the_middle(command_words, row_count)
        seconds_to_kill = time.perf_counter() - start_seconds
        completed_process = subprocess.run(
            [*command_words, "--json"], capture_output=True, text=True, check=False
        )
        total_seconds = time.perf_counter() - start_seconds
        peak_megabytes = (
            resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        )  # before node and chain end
        if completed_process.returncode not in (0, 5):
            raise SystemExit(completed_process.stderr[-2000:])
    finally:
        for running_city in founding.cities:
            running_city.stop()
        if stage.devnet:
            stage.devnet.stop()
    print(f"  {'rows/s, from the file to the last receipt':<50}{row_count / total_seconds:>12,.0f}")
    print(
        f"  {'seconds until it was killed, and after':<50}{seconds_to_kill:>7,.0f}{total_seconds - seconds_to_kill:>5,.0f}"
    )
    print(f"  {'peak memory of the largest process, MB':<50}{peak_megabytes:>12,.0f}")
    print(f"  {'rows that came back':<50}{json.loads(completed_process.stdout)['returned']:>12,}")


def _kill_in_the_middle(command_words: list[str], row_count: int) -> None:
    """Run the command until it has handed in half of the rows, and kill it."""
    with (
        open(os.devnull, "w") as null_device,
        subprocess.Popen(
            command_words, stderr=subprocess.PIPE, stdout=null_device, text=True, start_new_session=True
        ) as import_process,
    ):
        assert import_process.stderr
        for line in import_process.stderr:
            if line.startswith("accepted") and int(line.split()[2].replace(",", "")) >= row_count // 2:
                os.killpg(import_process.pid, signal.SIGKILL)
                return
    raise SystemExit("the import of the benchmark ended before it was killed")
