"""Hardhat and Ganache from npm, each in a folder of its own, installed when asked for."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anchoring.chain.accounts import Account
from anchoring.chain.devnet import CHAIN_ID
from anchoring.chain.jsonrpc import Endpoint
from anchoring.errors import ChainUnavailable
from anchoring.processes.children import make_dying_with
from ledger.crypto.keys import keccak256

FOLDER: Final = Path(__file__).parent / "npm"
#: None of these chains names a block that is final.
FINAL_DEPTH: Final = 2
BALANCE: Final = 10**24  # wei, of each account
_START_SECONDS: Final = 120.0  # Hardhat takes five on an idle machine
_TICK_SECONDS: Final = 0.2
_NEVER: Final = 10**6  # seconds between two blocks, where blocks come on demand


class Missing(Exception):
    """The program cannot be had here; the message says why."""


@dataclass(frozen=True)
class Program:
    """How a chain is started in its folder, how it gives an account funds; whether it counts what waits, and says why a
    contract refuses.
    """

    command: str
    set_balance: str
    counts_waiting: bool = True
    tells_refusals: bool = True


PROGRAMS: Final = {
    "hardhat-2": Program(
        "node_modules/.bin/hardhat node --hostname 127.0.0.1 --port {port}", "hardhat_setBalance"
    ),
    "hardhat-3": Program(
        "node_modules/.bin/hardhat node --network node --hostname 127.0.0.1 --port {port}",
        "hardhat_setBalance",
        tells_refusals=False,  # on Node 20 it answers "Internal error" in place of a contract's
    ),
    "ganache": Program(
        f"node_modules/.bin/ganache --server.host 127.0.0.1 --server.port {{port}} --chain.chainId {CHAIN_ID} "
        f"--chain.networkId {CHAIN_ID} --chain.hardfork london --wallet.totalAccounts 1 --miner.blockTime {{seconds}}",
        "evm_setAccountBalance",
        counts_waiting=False,  # its `pending` is `latest`
    ),
}


def install(name: str) -> Path:
    """Install what the lock file of a program says, unless that was done, and return its folder. Raises: Missing."""
    folder = FOLDER / name
    if is_installed(name):
        return folder
    if not shutil.which("npm"):
        raise Missing(
            "it comes from npm, and there is no Node with npm on this machine: install Node 20 or newer"
        )
    npm = subprocess.run(
        ["npm", "ci", "--loglevel=error"], cwd=folder, capture_output=True, text=True, check=False
    )
    if npm.returncode:
        raise Missing(f"npm cannot install it: {npm.stderr.strip()[-500:]}")
    return folder


def is_installed(name: str) -> bool:
    """Tell whether the folder of a program holds what its lock file says."""
    folder = FOLDER / name
    installed_lock = folder / "node_modules" / ".package-lock.json"  # what npm writes last
    return (
        installed_lock.exists()
        and installed_lock.stat().st_mtime >= (folder / "package-lock.json").stat().st_mtime
    )


def spawn(
    command: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program of Node's that ends with this process; what it says goes to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            ["node", *command],
            cwd=folder,
            env=os.environ | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=make_dying_with(os.getpid()),
        )


def wait_until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Raises: Missing where the program ends or does not answer."""
    endpoint = Endpoint(url, timeout=5.0, wait=lambda _: None)
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            endpoint.request("eth_chainId")
        except ChainUnavailable:
            time.sleep(_TICK_SECONDS)
        else:
            return
    raise Missing(f"it does not start; its log ends: {log.read_text(errors='replace')[-500:]}")


def find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def make_account(name: str) -> Account:
    """Return the account of that name, of which everybody knows the key."""
    return Account(keccak256(b"shunzheng/devnet/account/1:" + name.encode()))


class ProgramChain:
    """A chain of one of `PROGRAMS`: a block every so many seconds, or on demand where `block_seconds` is None."""

    def __init__(self, name: str, directory: Path, *, block_seconds: int | None = None) -> None:
        """Raises: Missing."""
        folder, program, port = install(name), PROGRAMS[name], find_free_port()
        command = program.command.format(port=port, seconds=block_seconds or _NEVER)
        environment = {
            "BLOCK_MILLISECONDS": str((block_seconds or _NEVER) * 1000),
            "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true",
        }
        self._program = program
        self._process = spawn(command.split(), folder, directory / "chain.log", environment)
        self.url = f"http://127.0.0.1:{port}"
        try:
            wait_until_it_answers(self._process, self.url, directory / "chain.log")
        except Missing:
            self.close()
            raise
        self.request = Endpoint(self.url).request

    def account(self, name: str) -> Account:
        """Return the account of that name, with funds."""
        account = make_account(name)
        self.request(self._program.set_balance, account.address, hex(BALANCE))
        return account

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
