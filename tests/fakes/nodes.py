"""Nodes that follow one fake chain, each with a replica, a node key and its checkpoints."""

from pathlib import Path
from random import Random
from typing import Final

from anchoring.chain import calls
from anchoring.chain.protocol import Chain, RegistryName
from anchoring.checkpoints.cosigning import Cosigner
from anchoring.checkpoints.store import Checkpoints
from anchoring.follower.follower import Follower
from anchoring.replica.store import Replica
from ledger.crypto.keys import generate_key
from ledger.encoding.canonical import encode_canonical
from ledger.registry import acts
from ledger.registry.trust import NODE
from ledger.registry.trust_files import TrustedCosigner, TrustFile
from tests.fakes.fake_chain import FakeChain
from tests.fakes.nets import FakeNet, act_on, deploy_on

CITIES: Final = {"tianmen": "429006", "wuhan": "420100", "xiantao": "429004"}


class Province:
    """A registry of three logs whose nodes' keys are declared. The same fork makes the same history."""

    def __init__(self) -> None:
        self.net = FakeNet(FakeChain(time=1_795_395_600))
        self.chain: FakeChain = self.net.chain
        self.registry = deploy_on(self.net, self.net.account("province"))
        self.contract = RegistryName.parse(self.registry).contract
        self.keys = {name: generate_key("p256", Random(name).randbytes) for name in CITIES}
        for name, division in CITIES.items():
            admin = self.net.account(name)
            admitted = acts.LogAdmitted(name, 1, admin.address, (division,), acts.Predecessor())
            act_on(self.net, self.net.account("province"), self.contract, calls.encode_call(admitted))
            registered = acts.KeyRegistered(name, NODE, self.keys[name].public.spki)
            act_on(self.net, admin, self.contract, calls.encode_call(registered))
        self.settle()

    def act(self, operator: str = "0x" + "44" * 20, name: str = "tianmen") -> None:
        """Let something happen that is final at once."""
        act = acts.OperatorSet(name, operator)
        act_on(self.net, self.net.account(name), self.contract, calls.encode_call(act))
        self.settle()

    def settle(self, seconds: int = 0) -> None:
        self.chain.now += seconds
        self.chain.mine(self.chain.final_depth + 1)

    def trust(self, threshold: int = 2) -> TrustFile:
        cosigners = tuple(TrustedCosigner(name, key.public) for name, key in self.keys.items())
        return TrustFile(self.registry, cosigners, threshold)


class FakeNode:
    """A city's node, and a peer of the others'."""

    def __init__(self, province: Province, name: str, directory: Path, chain: Chain | None = None) -> None:
        self.name, self.directory = name, directory / name
        self.directory.mkdir(exist_ok=True)
        self.province, self._chain = province, chain or province.chain
        self.peers: list[FakeNode] = []
        self.start()

    def start(self) -> None:
        """Open everything anew, as after a restart, and follow the chain."""
        self.replica = Replica(f"sqlite:///{self.directory / 'replica.db'}")
        self.checkpoints = Checkpoints(f"sqlite:///{self.directory / 'checkpoints.db'}")
        self.follower = Follower(self._chain, self.replica, self.province.registry)
        self.follower.start()
        self.follow()

    def stop(self) -> None:
        self.replica.close()
        self.checkpoints.close()

    def follow(self) -> None:
        self.follower.step()
        while not self.follower.is_caught_up:
            self.follower.step()

    @property
    def cosigner(self) -> Cosigner:
        return Cosigner(self.replica, self.checkpoints, self.province.keys[self.name], self.peers)

    def fetch_checkpoint(self) -> bytes | None:
        newest = self.checkpoints.find_newest()
        return encode_canonical(newest.to_json()) if newest else None
