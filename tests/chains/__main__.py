"""Tell the story of `make demo` on doubles of other chains.

`python -m tests.chains [KIND …]`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from anchoring.chain.devnet import Devnet
from tests.fakes.doubles import KINDS, Double

_BLOCK_SECONDS: Final = 1.0
_STORY_SECONDS: Final = 900  # the longest: a gateway that lets five requests a second through
_FINAL_DEPTH: Final = "2"
_FREE_BALANCE: Final = "0x0"


def tell(kind: str, directory: Path) -> tuple[bool, str]:
    """Tell the story on one kind of chain; return whether it went well, and what was said last."""
    with Devnet(directory / "chain", block_seconds=_BLOCK_SECONDS) as devnet:
        double = Double(devnet.url, **KINDS[kind])
        try:
            account = devnet.account("province")  # on a chain without fees nobody needs funds
            if not double.fees:
                devnet.request("anvil_setNextBlockBaseFeePerGas", "0x0")
                devnet.request("anvil_setBalance", account.address, _FREE_BALANCE)
            (directory / "password").write_text("secret")
            account.save(directory / "keystore.json", "secret", rounds=1_000)
            environment = os.environ | {
                "CHAIN_URL": double.url,
                "CHAIN_KEYSTORE": str(directory / "keystore.json"),
                "CHAIN_PASSWORD_FILE": str(directory / "password"),
            }
            if not double.finalized:
                environment["SHUNZHENG_FINAL_DEPTH"] = _FINAL_DEPTH
            command = [sys.executable, "-m", "api.cli", "demo", "--once", "--json"]
            command += ["--directory", str(directory / "demo")]
            story = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=_STORY_SECONDS, check=False
            )
            last_words = (story.stderr.strip() or story.stdout.strip())[-2_000:]
            return (
                story.returncode == 0,
                f"{len(double.asked):,} requests" if story.returncode == 0 else last_words,
            )
        finally:
            double.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; default: all")
    kinds = parser.parse_args().kinds or list(KINDS)
    failures = 0
    for kind in kinds:
        start_time = time.monotonic()
        with tempfile.TemporaryDirectory() as directory:
            went_well, said = tell(kind, Path(directory))
        failures += not went_well
        seconds = time.monotonic() - start_time
        print(f"{kind:<14} {'passes' if went_well else 'FAILS '} {seconds:5.0f} s  {said}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
