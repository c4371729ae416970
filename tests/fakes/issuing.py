"""An issuing city on a chain: registry, register, replica, follower, operator.

Steps and time pass when the test says so.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from anchoring.anchorer.anchorer import Anchorer
from anchoring.anchorer.batcher import BatchPolicy
from anchoring.chain import calls
from anchoring.chain.protocol import Chain, RegistryName
from anchoring.follower.follower import Follower
from anchoring.register.records import find_newest_leaf
from anchoring.register.store import Register
from anchoring.register.submissions import Acceptance
from anchoring.replica.status_trees import StatusTrees
from anchoring.replica.store import Replica
from ledger.registry import acts
from ledger.registry.acts import Act
from tests.databases import NewDatabase, sqlite
from tests.fakes.department import ISSUER, LOG, NOW, Department
from tests.fakes.fake_chain import FakeChain
from tests.fakes.nets import FakeNet, Net, act_on, deploy_on

EAGER = BatchPolicy(urgent_seconds=0, quiet_seconds=0)


class AnyCity:
    """A city with one department, on any chain. `net.now` is everybody's clock."""

    net: Net
    chain: Chain

    def __init__(
        self,
        directory: Path,
        net: Net,
        *,
        policy: BatchPolicy = EAGER,
        register_type: type[Register] = Register,
        new_database: NewDatabase | None = None,
    ) -> None:
        self.register_type = register_type
        self.net, self.chain, self.policy = net, net.chain, policy
        self.operator = self.net.account("operator")
        province, admin = self.net.account("province"), self.net.account("admin")
        self.registry = deploy_on(self.net, province)
        self.contract = RegistryName.parse(self.registry).contract
        self.department = Department(self.registry)
        key = self.department.key.public
        for account, act in (
            (province, acts.LogAdmitted(LOG, 1, admin.address, ("429006",), acts.Predecessor())),
            (admin, acts.OperatorSet(LOG, self.operator.address)),
            (admin, acts.IssuerAdded(LOG, ISSUER)),
            (admin, acts.KeyRegistered(LOG, 1, key.spki)),
            (admin, acts.KeyGranted(LOG, key.id, ISSUER, 15, (), 0, NOW * 2)),
        ):
            act_on(self.net, account, self.contract, calls.encode_call(act))
        self.net.mine(self.net.final_depth)
        new = new_database or sqlite(directory)
        self.urls = [new(name) for name in ("register", "replica")]
        self.start()
        self.follow()

    def start(self) -> None:
        """Open everything anew, as processes do that were killed."""
        self.register, self.replica = self.register_type(self.urls[0]), Replica(self.urls[1])
        self.follower = Follower(self.chain, self.replica, self.registry)
        self.follower.start()
        self.anchorer = self.new_anchorer()
        self.trees = StatusTrees()

    def new_anchorer(
        self, clock: Callable[[], float] | None = None, *, max_gas_price: int | None = None
    ) -> Anchorer:
        """Return another anchorer: by the chain's clock, its lease by a second a block, or by a clock of its own."""
        return Anchorer(
            self.chain,
            self.operator,
            self.register,
            self.replica,
            self.registry,
            LOG,
            clock=clock or (lambda: self.net.now),
            steady_clock=clock or (lambda: self.chain.fetch_latest_block().number),
            policy=self.policy,
            max_gas_price=max_gas_price,
        )

    def stop(self) -> None:
        self.register.close()
        self.replica.close()

    def follow(self) -> None:
        """Let the replica take everything that the chain has."""
        self.follower.step()
        while not self.follower.is_caught_up:
            self.follower.step()

    def mine(self, blocks: int = 1) -> None:
        self.net.mine(blocks)
        self.follow()

    def settle(self, rounds: int = 10) -> None:
        """Let everybody work while time passes."""
        for _ in range(rounds):
            self.anchorer.step()
            self.mine()
        self.mine(self.net.final_depth)
        self.anchorer.step()

    def submit(self, *rows: Mapping[str, Any]) -> Acceptance:
        with self.replica.reading() as trust:
            return self.department.submit(
                self.register, trust, *rows, now=self.net.now, find_newest_leaf=self.newest
            )

    def newest(self, identifier: str) -> bytes | None:
        with self.register.reading() as connection:
            return find_newest_leaf(connection, identifier)

    def act(self, act: Act, account: str = "admin") -> None:
        act_on(self.net, self.net.account(account), self.contract, calls.encode_call(act))
        self.mine(self.net.final_depth)

    def anchors(self) -> list[acts.Anchored]:
        """Return every anchor that the chain holds, in order."""
        found = self.chain.fetch_events(self.contract, 0, self.chain.fetch_latest_block().number)
        decoded = [acts.decode_act(item.event.kind, item.event.payload) for item in found]
        return [act for act in decoded if isinstance(act, acts.Anchored)]


class City(AnyCity):
    """A city on a fake chain."""

    net: FakeNet
    chain: FakeChain

    def __init__(
        self,
        directory: Path,
        *,
        policy: BatchPolicy = EAGER,
        register_type: type[Register] = Register,
        new_database: NewDatabase | None = None,
    ) -> None:
        net = FakeNet(FakeChain(time=NOW))
        super().__init__(
            directory, net, policy=policy, register_type=register_type, new_database=new_database
        )
