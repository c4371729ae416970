"""The model of the contract in Python against the compiled contract, on random calls.

Lawful and not, they go to both.
"""

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace

import pytest

from anchoring.chain import calls
from anchoring.errors import TransactionRejected
from ledger.errors import MalformedInput
from ledger.registry import acts
from ledger.registry.acts import Act
from tests.fakes.histories import LOGS
from tests.fakes.nets import AnvilNet
from tests.fakes.twins import TwinHistory

pytestmark = pytest.mark.enable_socket

ODD = {
    str: ("", "UPPER_", "nowhere", "12345", "tianmen", "x" * 18, "0x" + "0" * 40, "0x" + "77" * 20),
    int: (0, 1, 3, 16, 10**12, 2**40 - 1, 2**63),
    bytes: (b"", bytes(32), b"\x09" * 32, b"\x09" * 7, b"\x09" * 4097, bytes(60_006)),
    tuple: ((), ("429006",), ("12345x",)),
}


class Twin(TwinHistory):
    """A history whose acts go to a model and to a contract that stand side by side."""

    def status_root(self, log: str, size: int, words: bytes) -> bytes:
        return b"\x03" * 32

    def call(self) -> tuple[str, bytes]:
        """Return who calls and the call data; every third call is bent in one place."""
        sender, act = self.act(self.random.choice(LOGS))
        if isinstance(act, Act) and self.random.random() < 0.33:
            act = self.bent(act)
        if self.random.random() < 0.1:
            sender = self.random.choice((self.province, self.address("stranger"), self.address("tianmen")))
        return sender, act if isinstance(act, bytes) else calls.encode_call(act)

    def bent(self, act: Act) -> Act:
        while True:
            field = self.random.choice(fields(act))
            old = getattr(act, field.name)
            if isinstance(old, acts.Predecessor):
                odd = self.random.choice((0, 5, 2**40))
                new: object = self.random.choice((replace(old, n=odd), replace(old, size=odd)))
            else:
                new = self.random.choice(ODD[type(old)])
            bent = replace(act, **{field.name: new})
            try:
                calls.encode_call(bent)
            except (MalformedInput, UnicodeError):
                continue
            return bent

    def both(self, sender: str, data: bytes) -> str:
        """Execute on both and return what came of it."""
        chain, latest = self.anvil.chain, self.anvil.chain.fetch_latest_block()
        refused = simulated = None
        try:
            copy.deepcopy(self.model).execute(sender, data, time=latest.time, block=latest.number)
        except TransactionRejected as error:
            refused = error
        try:
            chain.simulate(sender, self.contract, data)
        except TransactionRejected as error:
            simulated = error
        assert (refused and refused.name) == (simulated and simulated.name)
        if refused and simulated:
            if refused.name not in (
                "InvalidRetirement",
                "InvalidCompromise",
            ):  # these state the time of the call
                assert refused.values == simulated.values
            return refused.name
        self.anvil.send_as(sender, self.contract, data)
        mined = chain.fetch_latest_block()
        event = self.model.execute(sender, data, time=mined.time, block=mined.number)
        assert [found.event for found in chain.fetch_events(self.contract, mined.number, mined.number)] == [
            event
        ]
        assert chain.fetch_head(self.contract) == self.model.stated()
        return "recorded"


@pytest.fixture
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnvilNet]:
    net = AnvilNet(tmp_path_factory.mktemp("devnet"))
    yield net
    net.stop()


def test_model_and_contract_agree_on_every_call(net: AnvilNet) -> None:
    twin = Twin(5, net)
    outcomes = Counter(twin.both(*twin.call()) for _ in range(1500))
    assert outcomes["recorded"] > 300
    assert len(outcomes) > 25
    closing = calls.encode_call(acts.RegistryClosed("eip155:1:elsewhere"))
    assert twin.both(twin.registry.province, closing) == "recorded"
    assert twin.both(twin.registry.province, closing) == "Closed"
