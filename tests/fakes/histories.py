"""Random histories of a registry that obey the contract's rules.

Void anchors and impossible changes of status included.
"""

from functools import cache
from random import Random
from typing import Final

from anchoring.chain import calls
from anchoring.chain.deployment import Patience, deploy
from anchoring.chain.protocol import RegistryName
from ledger.crypto import suites
from ledger.crypto.keys import keccak256
from ledger.errors import MalformedInput
from ledger.registry import acts
from ledger.registry.acts import Act, Event
from ledger.registry.status import Status, StatusTree, decode_changes, encode_changes
from tests.fakes.fake_chain import FakeChain
from tests.fakes.fake_registry import FakeRegistry
from tests.fakes.nets import FakeNet

LOGS = ("tianmen", "wuhan", "xiantao")
DIVISIONS = {"tianmen": "429006", "wuhan": "420100", "xiantao": "429004"}
HORIZON = 400  # positions that statuses are set on: few, so that they meet again
_decode: Final = cache(acts.decode_act)  # every anchor looks at all events before it


class History:
    """A registry that grows by random acts on a fake chain; the same seed gives the same history."""

    def __init__(self, seed: int, chain: FakeChain | None = None) -> None:
        self.random = Random(seed)
        self.net = FakeNet(chain or FakeChain(time=1_700_000_000 + seed % 1000))
        self.chain: FakeChain = self.net.chain
        self.province = self.net.account("province").address
        self.name = deploy(
            self.chain,
            self.net.account("province"),
            self.province,
            patience=Patience(wait=lambda _: self.chain.mine()),
        )
        self.contract = RegistryName.parse(self.name).contract
        self.made = 0

    @property
    def registry(self) -> FakeRegistry:
        return self.chain.registry(self.contract)

    @property
    def now(self) -> int:
        return self.chain.now

    def grow(self, blocks: int) -> None:
        """Mine blocks with zero to three random acts each."""
        for _ in range(blocks):
            for log in self.random.sample(LOGS, self.random.randrange(4)):
                sender, act = self.act(log)
                data = act if isinstance(act, bytes) else calls.encode_call(act)
                self.chain.submit(sender, self.contract, data)
            self.chain.mine()

    def act(self, log: str) -> tuple[str, Act | bytes]:
        """Return a random act that concerns `log` and who does it; the contract may still refuse it."""
        registry, random = self.registry, self.random
        held = registry.logs.get(log)
        if held is None:
            predecessor = acts.Predecessor()
            if random.random() < 0.2:
                predecessor = acts.Predecessor(self.name, "old", 7, b"\x01" * 32, 70, b"\x02" * 32)
            return self.province, acts.LogAdmitted(
                log, random.choice((1, 2)), self.address(log), (DIVISIONS[log],), predecessor
            )
        mine = [key for key, state in registry.keys.items() if state.log == log]
        issuers = [issuer for issuer, holder in registry.issuers.items() if holder == log]
        issuer = f"11{DIVISIONS[log]}{random.randrange(5):010d}"
        choice = random.random()
        if choice < 0.55 and held.operator == self.address(log + "-operator"):
            return held.operator, self.anchor(log)
        if choice < 0.60 or held.operator != self.address(log + "-operator"):
            return held.admin, acts.OperatorSet(log, self.address(log + "-operator"))
        if choice < 0.66:
            return held.admin, acts.IssuerAdded(log, issuer)
        if choice < 0.72:
            return self.province, acts.IssuerAssigned(log, issuer.replace("11", "12", 1))
        if choice < 0.77 or not mine:
            self.made += 1
            return held.admin, acts.KeyRegistered(log, random.choice((1, 1, 2)), b"%091d" % self.made)
        if choice < 0.84 and issuers:
            types = tuple(random.sample(("A", "B1", "C22"), random.randrange(3)))
            start = self.now + random.randrange(-50, 50)
            chosen = (random.choice(mine), random.choice(issuers), random.randrange(1, 16), types)
            return held.admin, acts.KeyGranted(log, *chosen, start, start + random.randrange(1000))
        if choice < 0.87:
            return held.admin, acts.KeyRetired(random.choice(mine), self.now + random.randrange(1, 100))
        if choice < 0.90:
            return held.admin, acts.KeyCompromised(random.choice(mine), self.now - random.randrange(1, 100))
        return self.governance(log)

    def governance(self, log: str) -> tuple[str, Act | bytes]:
        registry, random = self.registry, self.random
        held = registry.logs[log]
        division = random.choice((*DIVISIONS.values(), "420500"))
        possible: list[tuple[str, Act | bytes]] = [
            (held.admin, acts.AdminTransferStarted(log, self.address(log + random.choice("xy")))),
            (held.pending_admin, calls.encode_accept_admin(log)),
            (self.province, acts.AdminReplaced(log, self.address(log))),
            (self.province, acts.DivisionAssigned(division, random.choice((log, "")))),
            (self.province, acts.ProvinceTransferStarted(self.address("heir"))),
        ]
        return random.choice(possible)

    def anchor(self, log: str) -> acts.Anchored:
        """Return the log's next anchor: mostly good, sometimes with words or a status root that do not fit."""
        random, held = self.random, self.registry.logs[log]
        size = held.size + random.choice((0, 0, 1, 5, 64, 100, 1000))
        places = random.sample(range(min(size, HORIZON)), min(size, HORIZON, random.choice((0, 0, 1, 3))))
        words = encode_changes((place, random.choice((0, 1, 2, 4, 8))) for place in sorted(places))
        words = random.choice((words,) * 9 + (words[::-1], b"\0" * 12))
        root = b"\x01" * 32 if size > held.size else bytes(32)
        status_root = self.status_root(log, size, words)
        if random.random() < 0.1:
            status_root = keccak256(status_root)
        return acts.Anchored(log, held.sequence + 1, size, root, status_root, words)

    def status_root(self, log: str, size: int, words: bytes) -> bytes:
        """Return the root after all anchors of the log and `words`, as a good issuing city would compute it."""
        tree: StatusTree | None = None
        for event in self.events():
            act = _decode(event.kind, event.payload)
            if isinstance(act, acts.LogAdmitted) and act.log == log:
                tree = StatusTree(suites.get_suite_by_number(act.suite))
                tree.grow(act.predecessor.size)
            if isinstance(act, acts.Anchored) and act.log == log and tree:
                tree.grow(act.size)
                _apply(tree, act.status_changes, act.status_root)
        assert tree is not None
        tree.grow(size)
        _apply(tree, words, None)
        return tree.compute_root()

    def events(self) -> list[Event]:
        """Return what was recorded so far."""
        return [
            found.event
            for found in self.chain.fetch_events(self.contract, 0, self.chain.fetch_latest_block().number)
        ]

    def address(self, name: str) -> str:
        return "0x" + keccak256(name.encode())[:20].hex()


def _apply(tree: StatusTree, words: bytes, root: bytes | None) -> None:
    try:
        changes = decode_changes(words, tree.size)
    except MalformedInput:
        return
    before = [(position, Status(tree.get(position))) for position, _ in changes]
    for position, status in changes:
        tree.set(position, status)
    if root not in (None, tree.compute_root()):
        for position, status in before:
            tree.set(position, status)
