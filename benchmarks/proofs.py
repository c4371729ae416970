"""How fast proofs of many certificates are fetched, by one command and by one for each.

    python -m benchmarks proofs [--quick]

A node over HTTP on this machine, in a process of its own; its register is SQLite, and every proof is a look that is made
durable before it is answered. Seconds of the clock. `--quick`: a tenth of the certificates.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import httpx
import uvicorn

from api.http.app import create_app
from api.node.settings import Settings
from tests.fakes.department import licence
from tests.unit.api.city import START, City

ROOT: Final = Path(__file__).parents[1]
CERTIFICATE_COUNT: Final = 5_000
SINGLE_COMMAND_COUNT: Final = 5
MAX_START_SECONDS: Final = 30.0
CLAIM_VALUES: Final = {f"CLAIM{number:02d}": f"天门市竟陵街道 {number}" for number in range(15)}
PORT: Final = 18_080


def main() -> None:
    """Print the table."""
    certificate_count = CERTIFICATE_COUNT // 10 if "--quick" in sys.argv else CERTIFICATE_COUNT
    print("\nProofs of many certificates, per second of the clock")
    with tempfile.TemporaryDirectory(prefix="shunzheng-") as folder_name:
        folder = Path(folder_name)
        city = City(folder)
        rows = [licence(number, claims=CLAIM_VALUES) for number in range(certificate_count)]
        city.submit(*rows)
        city.anchor()
        (folder / "token").write_text(city.token("proofs", "claims"))
        identifiers = [str(row["identifier"]) for row in rows]
        (folder / "list").write_text("\n".join(identifiers))
        city.close()
        with serve(city.settings) as url:
            rates_per_second = [
                measure_rate(url, folder, identifier) for identifier in identifiers[:SINGLE_COMMAND_COUNT]
            ]
            print(f"  {'a command for each':<50}{sum(rates_per_second) / len(rates_per_second):>12,.1f}")
            for parallel_count in (1, 4, 8):
                options = [
                    "--of",
                    "list",
                    "--folder",
                    f"proofs{parallel_count}",
                    "--parallel",
                    str(parallel_count),
                ]
                proofs_per_second = certificate_count * measure_rate(url, folder, *options)
                print(
                    f"  {f'one command for {certificate_count:,}, {parallel_count} at once':<50}{proofs_per_second:>12,.1f}"
                )


@contextmanager
def serve(settings: Settings) -> Iterator[str]:
    """Give the address of a node, for as long as the block runs."""
    node_process = get_context("spawn").Process(target=run_node, args=(settings,))
    node_process.start()
    try:
        with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{PORT}") as client:
            deadline = time.monotonic() + MAX_START_SECONDS
            while time.monotonic() < deadline:
                try:
                    client.get("/healthz")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield str(client.base_url)
    finally:
        node_process.terminate()
        node_process.join()


def run_node(settings: Settings) -> None:
    """Answer HTTP until the process is ended."""
    uvicorn.run(create_app(settings, lambda: START), port=PORT, log_level="error")


def measure_rate(url: str, folder: Path, *options: str) -> float:
    """Return how many such commands would be done in a second."""
    command_words = [
        sys.executable,
        "-m",
        "api.cli",
        "proof",
        *options,
        "--node",
        url,
        "--token-file",
        "token",
    ]
    start_seconds = time.perf_counter()
    environment = {"PYTHONPATH": str(ROOT)}
    completed_process = subprocess.run(
        command_words, cwd=folder, env=environment, capture_output=True, check=False
    )
    if completed_process.returncode:
        raise SystemExit(completed_process.stderr.decode()[-2000:])
    return 1 / (time.perf_counter() - start_seconds)


if __name__ == "__main__":
    main()
