"""After 500 random acts a registry says the same from its events and from its views."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import RowMapping

from anchoring.chain import calls
from anchoring.chain.events import read_events, read_events_back
from anchoring.chain.protocol import ZERO_ADDRESS, ChainEvent
from anchoring.chain.state import KeyView, LogView, RegistryState, ask_state, collect_state, compare_states
from anchoring.follower.follower import Follower
from anchoring.replica.reading import ReplicaView
from anchoring.replica.rows import (
    read_anchor,
    read_division,
    read_governance,
    read_issuer,
    read_key,
    read_log,
    read_position,
)
from anchoring.replica.store import Replica
from anchoring.replica.tables import TABLES
from ledger.registry import acts
from ledger.registry.acts import Act
from ledger.registry.knowledge import Knowledge
from ledger.registry.trust import (
    Anchor,
    Division,
    Fact,
    Governance,
    IssuerAssignment,
    KeyState,
    LogState,
    PositionStatus,
)
from tests.fakes.histories import LOGS
from tests.fakes.nets import AnvilNet
from tests.fakes.twins import TwinHistory

pytestmark = pytest.mark.enable_socket

ACTS = 500
SUCCESSOR = "eip155:1:0x" + "ab" * 20 + ":0123456789abcdef"
READERS: Mapping[type[Fact], Callable[[RowMapping], Fact]] = {
    Governance: read_governance,
    LogState: read_log,
    Division: read_division,
    IssuerAssignment: read_issuer,
    KeyState: read_key,
    Anchor: read_anchor,
    PositionStatus: read_position,
}
STATE_KINDS = (Governance, LogState, Division, IssuerAssignment, KeyState)


class Sent(TwinHistory):
    """A history whose acts are sent several a block, as cities do."""

    def __init__(self, seed: int, net: AnvilNet) -> None:
        super().__init__(seed, net)
        net.devnet.request("anvil_autoImpersonateAccount", True)
        self.funded: set[str] = set()

    def act(self, log: str) -> tuple[str, Act | bytes]:
        """Return a random act as any history does, or the move of an issuer from one log to another."""
        issuers = sorted(self.registry.issuers)
        if issuers and log in self.registry.logs and self.random.random() < 0.05:
            return self.province, acts.IssuerAssigned(log, self.random.choice(issuers))
        return super().act(log)

    def grow_to(self, count: int) -> None:
        while len(self.recorded) < count:
            wanted = [self.act(log) for log in self.random.sample(LOGS, self.random.randrange(1, 4))]
            self.send(*((sender, act) for sender, act in wanted if sender != ZERO_ADDRESS))

    def send(self, *wanted: tuple[str, Act | bytes]) -> None:
        """Have the acts mined in one block, and the model take those that the contract recorded."""
        sent: dict[bytes, tuple[str, bytes]] = {}
        for sender, act in wanted:
            data = act if isinstance(act, bytes) else calls.encode_call(act)
            sent[self.submit(sender, data)] = sender, data
        self.anvil.mine()
        block = self.anvil.chain.fetch_latest_block()
        for recorded in self.anvil.chain.fetch_events(self.contract, block.number, block.number):
            sender, data = sent[recorded.transaction_hash]
            event = self.model.execute(sender, data, time=block.time, block=block.number)
            assert event == recorded.event
            self.recorded.append(event)

    def submit(self, sender: str, data: bytes) -> bytes:
        ask = self.anvil.devnet.request
        if sender not in self.funded:
            ask("anvil_setBalance", sender, hex(10**24))
            self.funded.add(sender)
        call = {"from": sender, "to": self.contract, "data": "0x" + data.hex(), "gas": hex(1_000_000)}
        return bytes.fromhex(str(ask("eth_sendTransaction", call))[2:])


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    net = AnvilNet(tmp_path_factory.mktemp("devnet"))
    try:
        history = Sent(7, net)
        history.grow_to(ACTS)
        yield history
    finally:
        net.stop()


def facts_of(history: Sent, events: Iterable[ChainEvent]) -> tuple[Knowledge, list[Fact]]:
    known = Knowledge(history.name, history.anvil.chain.fetch_head_zero(history.contract))
    return known, [fact for item in events for fact in known.apply(item.event)]


def rows(reading: ReplicaView, kind: type[Fact]) -> list[Fact]:
    return [READERS[kind](row) for row in reading.walk_rows(TABLES[kind])]


def check(history: Sent, folder: Path) -> RegistryState:
    """Compare the four ways to the state, and the heads; return the state."""
    chain, contract = history.anvil.chain, history.contract
    stated = chain.fetch_head(contract)
    forwards, facts = facts_of(history, read_events(chain, contract))
    backwards, facts_back = facts_of(history, read_events_back(chain, contract))
    history.anvil.mine(3)
    replica = Replica(f"sqlite:///{folder}/replica.db")
    follower = Follower(chain, replica, history.name)
    follower.start()
    while not follower.is_caught_up:
        follower.step()
    with replica.reading() as reading:
        assert reading.head_zero == chain.fetch_head_zero(contract)
        assert reading.cursor.event[:3] == (stated.event_number, stated.head, stated.last_block_number)
        followed = [fact for kind in STATE_KINDS for fact in rows(reading, kind)]
        for kind in (Anchor, PositionStatus):
            assert set(rows(reading, kind)) == {fact for fact in facts if isinstance(fact, kind)}
    replica.close()
    for known in (forwards, backwards):
        assert (known.fold.event_number, known.fold.head, known.fold.block_number) == (
            stated.event_number,
            stated.head,
            stated.last_block_number,
        )
    assert facts == facts_back
    by_views = ask_state(chain, contract, collect_state(facts))
    assert collect_state(facts) == collect_state(followed) == by_views
    assert compare_states(collect_state(facts), by_views) == []
    return by_views


def test_events_forwards_backwards_and_views_agree(history: Sent, tmp_path: Path) -> None:
    state = check(history, tmp_path)
    kinds = {event.kind for event in history.recorded}
    assert kinds >= set(range(1, 16)) - {2}, "the history must try every act"
    blocks = [event.block_number for event in history.recorded]
    assert len(set(blocks)) < len(blocks), "some blocks hold several acts"
    assert set(state.logs) == set(LOGS)
    assert len(state.keys) > 5
    assert any(key.retired_at for key in state.keys.values())
    assert any(key.compromised_since for key in state.keys.values())
    # 2 and 16: the province changes hands, and the end
    heir = history.address("heir")
    history.send((state.province, acts.ProvinceTransferStarted(heir)))
    history.send((heir, calls.encode_accept_province()))
    history.send((heir, acts.ProvinceTransferStarted(state.province)))
    history.send((heir, acts.RegistryClosed(SUCCESSOR)))
    (tmp_path / "closed").mkdir()
    closed = check(history, tmp_path / "closed")
    assert (closed.province, closed.pending_province, closed.successor) == (heir, state.province, SUCCESSOR)


def test_what_no_act_named_the_contract_does_not_know(history: Sent) -> None:
    names = RegistryState(
        "",
        "",
        "",
        {"nowhere": LogView(1, "", "", "", 1, 1)},
        {"X": "a"},
        {"999999": "a"},
        {bytes(32): KeyView("a", 1, 1, 1)},
    )
    stated = ask_state(history.anvil.chain, history.contract, names)
    assert stated.logs == {"nowhere": LogView(0, ZERO_ADDRESS, ZERO_ADDRESS, ZERO_ADDRESS, 0, 0)}
    assert (stated.issuers, stated.divisions) == ({"X": ""}, {"999999": ""})
    assert stated.keys == {bytes(32): KeyView("", 0, 0, 0)}
    named = compare_states(names, stated)
    assert {line.split()[0].rstrip(":") for line in named} == set(RegistryState.__slots__) - {"successor"} | (
        {"successor"} if stated.successor else set()
    )
    assert "divisions 999999: a by the events,  by the contract" in named
