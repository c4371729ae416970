"""Random histories on a real chain: a model beside the contract says which act fits next."""

from anchoring.chain.protocol import RegistryName
from ledger.registry.acts import Event
from tests.fakes.fake_registry import FakeRegistry
from tests.fakes.histories import History
from tests.fakes.nets import AnvilNet, deploy_on


class TwinHistory(History):
    """A history whose acts go to a contract on anvil; whoever sends them has the model take them too."""

    def __init__(self, seed: int, net: AnvilNet) -> None:
        super().__init__(seed)
        self.anvil = net
        province = net.account("province")
        self.province = province.address
        self.name = deploy_on(net, province)
        self.contract = RegistryName.parse(self.name).contract
        first = net.chain.fetch_events(self.contract, 0, net.chain.fetch_latest_block().number)[0].event
        parent = net.chain.find_block(first.block_number - 1)
        assert parent is not None
        self.model = FakeRegistry(net.chain.fetch_chain_id(), self.contract, parent.hash)
        assert self.model.deploy(province.address, time=first.time, block=first.block_number) == first
        self.recorded: list[Event] = [first]

    @property
    def registry(self) -> FakeRegistry:
        return self.model

    @property
    def now(self) -> int:
        return self.anvil.chain.fetch_latest_block().time

    def events(self) -> list[Event]:
        return self.recorded
