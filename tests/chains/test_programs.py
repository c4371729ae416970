"""The chain adapter on Hardhat and Ganache, with the test body of the fake chain.

Skipped where a program is not installed, which `make chains KIND=…` does.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from anchoring.chain.accounts import Account
from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.jsonrpc import Endpoint
from tests.chains.programs import FINAL_DEPTH, PROGRAMS, ProgramChain, is_installed
from tests.fakes.chain_behaviour import ChainBehaviour
from tests.fakes.follower_behaviour import FollowerBehaviour

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


class ProgramNet:
    """A chain that mines on demand; after each block its state is kept, for a branch to begin there."""

    final_depth: Final = FINAL_DEPTH

    def __init__(self, name: str, directory: Path) -> None:
        self.program = PROGRAMS[name]
        self._running = ProgramChain(name, directory)
        self.chain = EthereumChain(Endpoint(self._running.url), final_depth=FINAL_DEPTH)
        self._snapshots = [self._running.request("evm_snapshot")]

    @property
    def now(self) -> int:
        return self.chain.fetch_latest_block().time

    def account(self, name: str) -> Account:
        return self._running.account(name)

    def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self._running.request("evm_mine")
            self._snapshots.append(self._running.request("evm_snapshot"))

    def reorg(self, depth: int) -> None:
        latest = self.chain.fetch_latest_block()
        self._running.request("evm_revert", self._snapshots[-1 - depth])
        del self._snapshots[-1 - depth :]
        self._snapshots.append(self._running.request("evm_snapshot"))
        self._running.request("evm_increaseTime", 7)  # else the new blocks may be those that were left
        self.mine(depth)
        assert self.chain.fetch_latest_block().number == latest.number

    def stop(self) -> None:
        self._running.close()


@pytest.fixture(params=PROGRAMS)
def net(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProgramNet]:
    if not is_installed(request.param):
        pytest.skip(f"make chains KIND={request.param} installs it")
    net = ProgramNet(request.param, tmp_path_factory.mktemp("chain"))
    yield net
    net.stop()


class TestPrograms(ChainBehaviour):
    @pytest.fixture(autouse=True)
    def _skip_what_it_cannot_tell(self, net: ProgramNet, request: pytest.FixtureRequest) -> None:
        name = request.node.name
        if not net.program.counts_waiting and any(word in name for word in ("_waits_", "_waiting_")):
            pytest.skip("it does not count the transactions that wait")
        if not net.program.tells_refusals and any(word in name for word in ("_refusals_", "_hands_over_")):
            pytest.skip("it does not say why a contract refuses")


class TestFollowingPrograms(FollowerBehaviour):
    pass
