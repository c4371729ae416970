"""A development chain on this machine: anvil as a child process, all of it in one directory.

For trials, demonstrations and tests only: the accounts follow from their names, so everybody knows their keys.

    chain.json      chain id, port
    state.json      the chain, saved whole about once a second; never half written
    accounts/*.json keystores, opened by the text in `password`
    anvil.log       what anvil said last

A block is saved before it is final unless saving takes longer than two blocks, so that a killed devnet comes back with
every block that a replica relies on. anvil dies with the process that started it (Linux), or with `stop`.
"""

import fcntl
import gzip
import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from anchoring.chain.accounts import Account
from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.jsonrpc import Endpoint
from anchoring.chain.protocol import Block
from anchoring.database.files import replace_file
from anchoring.errors import ChainUnavailable, DevnetError
from anchoring.processes.children import make_dying_with
from anchoring.processes.loops import Stop
from ledger.crypto.keys import keccak256

CHAIN_ID: Final = 31337  # what development chains use; the registry's name tells two of them apart
HARDFORK: Final = "london"  # what FISCO BCOS and Besu offer; later ones price calldata higher
BLOCK_SECONDS: Final = 1.0
SAVE_SECONDS: Final = 1.0  # below the two blocks that a block waits until it is final
SAVE_SHARE: Final = 10  # saving may take one part in so many of the time
# below those that systems lend to connections: a chain comes back to its port
PORTS: Final = range(20_000, 30_000)
PORT_SECONDS: Final = 3.0  # how long an anvil that was killed may take to let go of its port
START_SECONDS: Final = 15.0  # how long anvil may take to answer; it takes a tenth of a second
KEPT_STATES: Final = "128"  # states of past blocks, kept in memory; more than any reorg of the tests
KEYSTORE_ROUNDS: Final = 1_000  # quick to open; these keys are no secret
MAX_STATE_BYTES: Final = 2**30
_BALANCE: Final = hex(10**24)  # wei: a million ether an account


def find_anvil() -> Path:
    """Return anvil's binary: `$ANVIL`, else beside this Python, else on the search path. Raises: DevnetError."""
    configured_path = os.environ.get("ANVIL")
    default_path = Path(sys.prefix) / "bin" / "anvil"
    anvil = configured_path or (str(default_path) if default_path.exists() else shutil.which("anvil"))
    if not anvil or not os.access(anvil, os.X_OK):
        raise DevnetError(
            f"anvil, the development chain, is not at {configured_path or default_path}: run `make demo`, which installs "
            "it, or set ANVIL to where it is, or set CHAIN_URL to use a chain that runs already"
        )
    return Path(anvil)


class Devnet:
    """The chain in a directory. Start it from a thread that lives as long as the chain shall: the main one."""

    def __init__(
        self, directory: Path, *, port: int | None = None, block_seconds: float | None = BLOCK_SECONDS
    ) -> None:
        """`block_seconds` None makes no block by itself: `mine` does. `port` None keeps the last, or takes a free one."""
        self._directory = directory
        self._block_seconds = block_seconds
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._lock_file: IO[str] | None = None
        self._saved_block: Block | None = None

    def __enter__(self) -> "Devnet":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def is_running(self) -> bool:
        """Whether anvil was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start anvil on the saved state. Raises: DevnetError, saying what to do."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            self._port = self._choose_port()
            self._process = self._spawn(find_anvil())
            self._endpoint = Endpoint(self.url, max_bytes=MAX_STATE_BYTES)
            self.chain = EthereumChain(self._endpoint)
            self._wait_until_ready()
            settings_text = json.dumps({"chain_id": CHAIN_ID, "port": self._port})
            replace_file(self._directory / "chain.json", [settings_text.encode()])
        except BaseException:
            self._kill()
            raise

    def open_account(self, name: str) -> Account:
        """Return the account of that name, with a keystore and with funds; made at the first call."""
        folder = self._directory / "accounts"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{name}.json"
        if not path.exists():
            Account(keccak256(b"shunzheng/devnet/account/1:" + name.encode())).save(
                path, self._password(), rounds=KEYSTORE_ROUNDS
            )
        account = Account.load(path, self._password())
        self.request("anvil_setBalance", account.address, _BALANCE)
        return account

    def mine(self, block_count: int = 1) -> None:
        """Make blocks now."""
        self.request("anvil_mine", hex(block_count))

    def request(self, method: str, *parameters: object) -> object:
        """Ask anvil something that only a development chain answers."""
        return self._endpoint.request(method, *parameters)

    def save(self) -> None:
        """Save the chain where it has changed: written aside, flushed, renamed."""
        latest_block = self.chain.fetch_latest_block()
        if latest_block == self._saved_block:
            return
        state_hex = self.request("anvil_dumpState")
        try:
            state_bytes = gzip.decompress(bytes.fromhex(str(state_hex).removeprefix("0x")))
        except (ValueError, OSError, EOFError) as error:
            raise DevnetError(f"anvil's state cannot be read: {error}") from error
        replace_file(self._directory / "state.json", [state_bytes])
        self._saved_block = latest_block

    def run(self, stop: Stop, report: Callable[[str], None] = lambda message: None) -> None:
        """Keep the chain saved until told to stop. Raises: DevnetError when anvil ends by itself."""
        while not stop.is_set():
            start_time = time.monotonic()
            try:
                self.save()
            except (ChainUnavailable, OSError) as error:
                self._check_alive()
                report(f"the devnet was not saved: {error}")
            stop.wait(max(SAVE_SECONDS, SAVE_SHARE * (time.monotonic() - start_time)))

    def stop(self) -> None:
        """Save the chain and end anvil."""
        try:
            if self.is_running:
                self.save()
        finally:
            self._kill()

    def _take_lock(self) -> None:
        lock_file = (self._directory / "lock").open("w")
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock_file.close()
            raise DevnetError(
                f"a devnet runs on {self._directory} already: stop it first, or use it"
            ) from error
        self._lock_file = lock_file

    def _choose_port(self) -> int:
        try:
            last_port = int(json.loads((self._directory / "chain.json").read_text())["port"])
        except (OSError, ValueError, KeyError, TypeError):
            last_port = 0
        wanted_port = self._port or last_port
        if not wanted_port:
            return next(port for port in random.sample(PORTS, len(PORTS)) if _is_free(port))
        deadline = time.monotonic() + PORT_SECONDS
        while not _is_free(wanted_port):
            if time.monotonic() > deadline:
                raise DevnetError(f"port {wanted_port} is taken by another program: choose another port")
            time.sleep(0.05)
        return wanted_port

    def _spawn(self, anvil: Path) -> subprocess.Popen[bytes]:
        state_path = self._directory / "state.json"
        command = [str(anvil), "--host", "127.0.0.1", "--port", str(self._port), "--chain-id", str(CHAIN_ID)]
        command += ["--hardfork", HARDFORK, "--slots-in-an-epoch", "1", "--prune-history", KEPT_STATES]
        command += ["--accounts", "0", "--quiet"]
        command += (
            ["--no-mining"] if self._block_seconds is None else ["--block-time", f"{self._block_seconds:g}"]
        )
        command += ["--load-state", str(state_path)] if state_path.exists() else []
        with (self._directory / "anvil.log").open("wb") as log_file:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
                start_new_session=True,  # Ctrl-C is for whoever saves the chain before it ends it
                preexec_fn=make_dying_with(os.getpid()),
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.chain.fetch_latest_block()
                return
            except ChainUnavailable as error:
                self._check_alive()
                if time.monotonic() > deadline:
                    raise DevnetError(f"anvil does not answer after {START_SECONDS:g} s: {error}") from error
                time.sleep(0.02)

    def _check_alive(self) -> None:
        if not self.is_running:
            log_text = (self._directory / "anvil.log").read_text(errors="replace").strip()
            raise DevnetError(f"anvil ended: {log_text[-500:] or 'it said nothing'}")

    def _kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._lock_file:
            self._lock_file.close()
            self._lock_file = None

    def _password(self) -> str:
        path = self._directory / "password"
        if not path.exists():
            replace_file(path, [secrets.token_hex(16).encode()])
        return path.read_text()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
