"""A chain, fake or anvil, with what tests need: accounts, blocks on demand, reorganisations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from anchoring.chain.accounts import Account
from anchoring.chain.deployment import Patience, deploy, execute
from anchoring.chain.devnet import Devnet
from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.jsonrpc import Endpoint
from anchoring.chain.protocol import Chain, TransactionReceipt
from ledger.crypto.keys import keccak256
from tests.fakes.doubles import ALL_KINDS, Double
from tests.fakes.fake_chain import FakeChain


class Net(Protocol):
    @property
    def chain(self) -> Chain: ...

    @property
    def now(self) -> int:
        """The time of the chain, in seconds."""

    @property
    def final_depth(self) -> int:
        """So many blocks below the newest, a block is final."""

    def account(self, name: str) -> Account: ...

    def mine(self, blocks: int = 1) -> None: ...

    def reorg(self, depth: int) -> None:
        """Replace the newest blocks by empty ones of another branch; their transactions are lost."""


class FakeNet:
    def __init__(self, chain: FakeChain | None = None) -> None:
        self.chain = chain or FakeChain()
        self.mine = self.chain.mine

    @property
    def now(self) -> int:
        return self.chain.now

    @property
    def final_depth(self) -> int:
        return self.chain.final_depth

    def account(self, name: str) -> Account:
        return Account(keccak256(name.encode()))

    def reorg(self, depth: int) -> None:
        self.chain.reorg(depth, keep=False)


class AnvilNet:
    """A devnet that mines on demand, and by itself where `block_seconds` says so; start it from the main thread."""

    final_depth: Final = 2

    def __init__(self, directory: Path, *, block_seconds: float | None = None) -> None:
        self.devnet = Devnet(directory, block_seconds=block_seconds)
        self.devnet.start()
        self.chain = self.devnet.chain
        self.account: Callable[[str], Account] = self.devnet.open_account
        self.mine = self.devnet.mine

    @property
    def now(self) -> int:
        return self.chain.fetch_latest_block().time

    def reorg(self, depth: int) -> None:
        self.devnet.request("anvil_reorg", depth, [])

    def send_as(self, sender: str, to: str, data: bytes) -> None:
        """Have a call of any sender mined, without its key."""
        ask = self.devnet.request
        ask("anvil_impersonateAccount", sender)
        ask("anvil_setBalance", sender, hex(10**24))
        call = {"from": sender, "to": to, "data": "0x" + data.hex(), "gas": hex(20_000_000)}
        ask("eth_sendTransaction", call)
        self.mine()

    def stop(self) -> None:
        self.devnet.stop()


class DoubleNet(AnvilNet):
    """A devnet behind a double of another chain; blocks are made, and branches changed, behind its back."""

    def __init__(self, directory: Path, kind: str, **options: Any) -> None:
        super().__init__(directory)
        self.double = Double(self.devnet.url, **(ALL_KINDS[kind] | options))
        if not self.double.fees:
            self.devnet.request("anvil_setNextBlockBaseFeePerGas", "0x0")
            self.devnet.mine()
        depth = None if self.double.finalized else self.final_depth
        self.chain = EthereumChain(Endpoint(self.double.url), final_depth=depth)

    def stop(self) -> None:
        self.double.close()
        super().stop()


def deploy_on(net: Net, province: Account) -> str:
    """Deploy a registry and return its name."""
    return deploy(net.chain, province, province.address, patience=Patience(wait=lambda _: net.mine()))


def act_on(net: Net, account: Account, contract: str, call: bytes) -> TransactionReceipt:
    """Have an act recorded, mining the block that it needs."""
    return execute(net.chain, account, contract, call, patience=Patience(wait=lambda _: net.mine()))
