"""Three validators of EthereumJS that take turns (Clique, EIP-225) and meet over devp2p.

This release of the client (0.10.5) cannot run a contract on a chain of signers, seals before it has met others, hands new
blocks whole to one neighbour alone, keeps what such a block holds as waiting, and never asks again who is ahead:
`npm/ethereumjs/clique.mjs`, loaded before it, mends these. A validator that stands on a branch of its own all the same is
started anew, from nothing, by `Clique.look`. What waits is shown by no hash; receipts are made by executing the block
again, and asking for one fails now and then.
"""

import json
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from anchoring.chain.accounts import Account
from anchoring.chain.devnet import CHAIN_ID
from anchoring.chain.jsonrpc import Endpoint
from anchoring.errors import ChainUnavailable
from ledger.crypto.keys import keccak256
from tests.chains.programs import (
    BALANCE,
    Missing,
    find_free_port,
    install,
    make_account,
    spawn,
    wait_until_it_answers,
)

VALIDATORS: Final = 3
_PERIOD: Final = 2  # seconds between two blocks
_STUCK_BLOCKS: Final = 4  # so far behind, and …
_STUCK_SECONDS: Final = 30.0  # … for so long, a validator stands on a branch of its own
_TICK_SECONDS: Final = 1.0
_FIRST_BLOCK_SECONDS: Final = 180.0
#: Blocks from which on a rule of Ethereum holds: from the first.
_FORKS: Final = [
    "homestead",
    "eip150",
    "eip155",
    "eip158",
    "byzantium",
    "constantinople",
    "petersburg",
    "istanbul",
    "berlin",
    "london",
]


class Validator:
    """One signer: its key, its folder, its ports, and its process while it runs."""

    def __init__(self, number: int, directory: Path, program: Path) -> None:
        self.account = Account(keccak256(b"shunzheng/clique/%d" % number))
        self._folder, self._program = directory / f"validator-{number}", program
        self._folder.mkdir()
        (self._folder / "key").write_text(keccak256(b"shunzheng/clique/%d" % number).hex())
        self._port, rpc_port = find_free_port(), find_free_port()
        self.url, self._rpc_port = f"http://127.0.0.1:{rpc_port}", rpc_port
        self._endpoint = Endpoint(self.url, timeout=10.0, wait=lambda _: None)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        return self._process is not None

    def start(self, genesis: Path, neighbours: list[str]) -> None:
        """Raises: Missing."""
        command = ["--import", "./clique.mjs", "node_modules/.bin/ethereumjs", "--gethGenesis", str(genesis)]
        command += [
            "--dataDir",
            str(self._folder / "data"),
            "--port",
            str(self._port),
            "--extIP",
            "127.0.0.1",
        ]
        command += ["--rpc", "--rpcAddr", "127.0.0.1", "--rpcPort", str(self._rpc_port), "--rpcEngine=false"]
        command += ["--mine", "--unlock", str(self._folder / "key"), "--discDns=false", "--logFile=false"]
        command += ["--bootnodes", ",".join(neighbours)] if neighbours else []
        log = self._folder / "log"
        self._process = spawn(command, self._program, log)
        wait_until_it_answers(self._process, self.url, log)

    def ask_enode(self) -> str:
        """Return the address under which others find it."""
        information = self._endpoint.request("admin_nodeInfo")
        assert isinstance(information, dict)
        return str(information["enode"])

    def ask_height(self) -> int | None:
        with suppress(ChainUnavailable):
            return int(str(self._endpoint.request("eth_blockNumber")), 16)
        return None

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    def forget(self) -> None:
        """Lose the chain, to fetch it again."""
        shutil.rmtree(self._folder / "data")


class Clique:
    """The chain of three validators, whose accounts `funded` can pay."""

    def __init__(self, directory: Path, *funded: str) -> None:
        """Raises: Missing."""
        program = install("ethereumjs")
        self.validators = [Validator(number, directory, program) for number in range(VALIDATORS)]
        self._genesis = directory / "genesis.json"
        signers = sorted(validator.account.address for validator in self.validators)
        self._genesis.write_text(
            json.dumps(make_genesis(signers, [make_account(name).address for name in funded]))
        )
        self._enodes: list[str] = []
        self._behind_since: dict[int, float] = {}
        self.restarts = 0
        try:
            for validator in self.validators:
                validator.start(self._genesis, self._enodes)
                self._enodes.append(validator.ask_enode())
            self._wait_for_blocks()
        except BaseException:
            self.close()
            raise

    @property
    def urls(self) -> list[str]:
        return [validator.url for validator in self.validators]

    def kill(self, number: int) -> None:
        self.validators[number].kill()

    def start_again(self, number: int) -> None:
        others = [enode for other, enode in enumerate(self._enodes) if other != number]
        self.validators[number].start(self._genesis, others)

    def look(self) -> None:
        """Start a validator anew, from nothing, that has stood still for long while the others went on."""
        heights = [validator.ask_height() if validator.runs else None for validator in self.validators]
        highest = max((height for height in heights if height is not None), default=0)
        for number, height in enumerate(heights):
            if height is None or height > highest - _STUCK_BLOCKS:
                self._behind_since.pop(number, None)
            elif time.monotonic() - self._behind_since.setdefault(number, time.monotonic()) > _STUCK_SECONDS:
                self.kill(number)
                self.validators[number].forget()
                self.start_again(number)
                self._behind_since.pop(number)
                self.restarts += 1

    def close(self) -> None:
        for validator in self.validators:
            validator.kill()

    def _wait_for_blocks(self) -> None:
        deadline = time.monotonic() + _FIRST_BLOCK_SECONDS
        while any((validator.ask_height() or 0) < 1 for validator in self.validators):
            if time.monotonic() > deadline:
                raise Missing("the validators do not agree on a first block")
            time.sleep(_TICK_SECONDS)


def make_genesis(signers: list[str], funded: list[str]) -> dict[str, object]:
    """Return a genesis block as geth reads it; the signers stand in its extra data (EIP-225)."""
    extra_data = bytes(32) + b"".join(bytes.fromhex(signer[2:]) for signer in signers) + bytes(65)
    forks = {f"{fork}Block": 0 for fork in _FORKS}
    return {
        "config": {"chainId": CHAIN_ID, **forks, "clique": {"period": _PERIOD, "epoch": 30_000}},
        "difficulty": "0x1",
        "gasLimit": hex(30_000_000),
        "baseFeePerGas": hex(10**9),
        "extraData": "0x" + extra_data.hex(),
        "timestamp": hex(int(time.time())),
        "nonce": "0x0",
        "mixHash": "0x" + bytes(32).hex(),
        "coinbase": "0x" + bytes(20).hex(),
        "alloc": {address: {"balance": hex(BALANCE)} for address in funded},
    }
