"""Reading a whole registry both ways, and the endpoints that would have it otherwise."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from anchoring.chain import events
from anchoring.chain.events import follow_events, read_events, read_events_back
from anchoring.chain.protocol import ChainEvent, RegistryHead
from anchoring.errors import ChainMisbehaved
from tests.fakes.fake_chain import FakeChain
from tests.fakes.histories import History


@pytest.fixture(scope="module")
def history() -> History:
    history = History(3)
    history.grow(40)
    return history


class Endpoint(FakeChain):
    """The chain of a history through an endpoint that bends its answers."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self.mined = history.chain.mined
        self.asked = 0

    def fetch_events(self, contract: str, first: int, last: int) -> Sequence[ChainEvent]:
        self.asked += 1
        assert self.asked < 500, "no end"
        return self.bend(list(super().fetch_events(contract, first, last)))

    def bend(self, found: list[ChainEvent]) -> list[ChainEvent]:
        return found


def all_of(history: History) -> Sequence[ChainEvent]:
    return history.chain.fetch_events(history.contract, 0, history.chain.fetch_latest_block().number)


@pytest.mark.parametrize("way", [read_events, read_events_back])
def test_both_ways_give_every_act_in_order(history: History, way: type[object]) -> None:
    assert len(all_of(history)) > 40
    assert list(way(history.chain, history.contract)) == list(all_of(history))  # type: ignore[call-arg, call-overload]


def test_where_acts_are_rare_it_goes_back(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "WINDOW_BLOCKS", 0.1)
    endpoint = Endpoint(history)
    read_events(endpoint, history.contract)
    blocks = {item.event.block_number for item in all_of(history)}
    assert endpoint.asked == len(blocks)


def test_windows_meet(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "WINDOW_BLOCKS", 7)
    assert list(read_events(history.chain, history.contract)) == list(all_of(history))


class Cuts(Endpoint):
    """FISCO BCOS: of a range, the first blocks alone are answered."""

    blocks = 2

    def fetch_events(self, contract: str, first: int, last: int) -> Sequence[ChainEvent]:
        return super().fetch_events(contract, first, min(last, first + self.blocks - 1))


class CutsResults(Endpoint):
    """Of a range, the first events alone are answered, but all of one block."""

    def bend(self, found: list[ChainEvent]) -> list[ChainEvent]:
        block = found[2].event.block_number if len(found) > 2 else None
        return [event for index, event in enumerate(found) if index < 3 or event.event.block_number == block]


class CutsOldest(Endpoint):
    """Of a range, the newest block alone is answered."""

    def bend(self, found: list[ChainEvent]) -> list[ChainEvent]:
        return [event for event in found if event.event.block_number == found[-1].event.block_number]


@pytest.mark.parametrize("kind", [Endpoint, Cuts, CutsResults, CutsOldest])
@pytest.mark.parametrize("span", [1, 7, 1_000])
@pytest.mark.parametrize("after", [0, 5])
def test_what_windows_leave_out_is_walked_back_to(
    history: History, kind: type[Endpoint], span: int, after: int
) -> None:
    endpoint, all_events = kind(history), list(all_of(history))
    endpoint.span = span
    first_block = all_events[after - 1].event.block_number if after else 0
    stated_head = endpoint.fetch_head(history.contract)
    followed = list(follow_events(endpoint, history.contract, stated_head, after, first_block))
    assert followed == all_events[after:]


def test_acts_that_come_while_it_reads_are_left_for_the_next_time(history: History) -> None:
    stated = history.registry.stated()

    class Growing(Endpoint):
        def fetch_head(self, contract: str) -> RegistryHead:
            return stated

    history_after = History(3)
    history_after.grow(60)
    endpoint = Growing(history_after)
    assert len(read_events(endpoint, history.contract)) == stated.event_number


class LeavesOut(Endpoint):
    def bend(self, found: list[ChainEvent]) -> list[ChainEvent]:
        return [item for item in found if item.event.event_number != 12]


class Alters(Endpoint):
    def bend(self, found: list[ChainEvent]) -> list[ChainEvent]:
        return [
            replace(item, event=replace(item.event, time=item.event.time + (item.event.event_number == 12)))
            for item in found
        ]


class Reorders(Endpoint):
    def bend(self, found: list[ChainEvent]) -> list[ChainEvent]:
        return found[::-1]


class Repeats(Endpoint):
    def bend(self, found: list[ChainEvent]) -> list[ChainEvent]:
        return found * 2


class HasNone(Endpoint):
    def bend(self, found: list[ChainEvent]) -> list[ChainEvent]:
        return []


class Circles(Endpoint):
    """Every act says that the one before is in the same block, as far as it can."""

    def bend(self, found: list[ChainEvent]) -> list[ChainEvent]:
        return [
            replace(item, event=replace(item.event, previous_block_number=item.event.block_number))
            for item in found
        ]


class StatesMore(Endpoint):
    def fetch_head(self, contract: str) -> RegistryHead:
        stated = super().fetch_head(contract)
        return replace(stated, event_number=stated.event_number + 1)


class StatesLess(Endpoint):
    def fetch_head(self, contract: str) -> RegistryHead:
        stated = super().fetch_head(contract)
        return replace(stated, event_number=stated.event_number - 1)


class StatesAnotherHead(Endpoint):
    def fetch_head(self, contract: str) -> RegistryHead:
        return replace(super().fetch_head(contract), head=bytes(32))


class StatesEndless(Endpoint):
    def fetch_head(self, contract: str) -> RegistryHead:
        return RegistryHead(2**62, bytes(32), 2**62, False)


@pytest.mark.parametrize(
    "kind",
    [
        LeavesOut,
        Alters,
        Reorders,
        Repeats,
        HasNone,
        Circles,
        StatesMore,
        StatesLess,
        StatesAnotherHead,
        StatesEndless,
    ],
)
def test_an_endpoint_that_is_not_to_be_believed(history: History, kind: type[Endpoint]) -> None:
    for way in (read_events, read_events_back):
        with pytest.raises(ChainMisbehaved):
            way(kind(history), history.contract)
