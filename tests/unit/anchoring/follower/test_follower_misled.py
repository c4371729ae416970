"""The follower against a chain that lags, forgets, leaves out and lies."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from anchoring.chain.protocol import Block, ChainEvent, RegistryHead
from anchoring.errors import (
    ChainBehind,
    ChainMisbehaved,
    Quarantined,
    ReorgDetected,
    WrongRegistry,
)
from anchoring.follower import follower as following
from tests.unit.anchoring.follower.followed import Lying, Town


def without(town: Town, n: int) -> Lying:
    """Return the chain through an endpoint that leaves out event `n`."""

    def events(contract: str, first: int, last: int) -> Sequence[ChainEvent]:
        return [
            found for found in town.chain.fetch_events(contract, first, last) if found.event.event_number != n
        ]

    return Lying(town.chain, fetch_events=events)


def forged(town: Town, n: int) -> Lying:
    """Return the chain through an endpoint that alters the payload of event `n`."""

    def events(contract: str, first: int, last: int) -> Sequence[ChainEvent]:
        return [
            alter(found) if found.event.event_number == n else found
            for found in town.chain.fetch_events(contract, first, last)
        ]

    def alter(found: ChainEvent) -> ChainEvent:
        return replace(found, event=replace(found.event, payload=found.event.payload[:-1] + b"\x01"))

    return Lying(town.chain, fetch_events=events)


@pytest.mark.parametrize("place", [2, -1])
def test_an_event_left_out_is_noticed_and_found_later(town: Town, place: int) -> None:
    everything = town.chain.fetch_events(town.history.contract, 0, town.chain.fetch_latest_block().number)
    follower = town.another(without(town, everything[place].event.event_number))
    follower.start()
    with pytest.raises(ChainMisbehaved):
        follower.step()
    assert town.n() == 0
    follower._chain = town.chain
    follower.step()
    assert town.n() == town.final_n()


def test_an_event_left_out_of_blocks_that_were_passed_is_found(town: Town) -> None:
    town.history.grow(20)
    final = [
        found.event
        for found in town.chain.fetch_events(town.history.contract, 0, town.chain.fetch_final_block().number)
    ]
    hidden = next(event for event, later in pairwise(final[10:]) if later.block_number > event.block_number)
    follower = town.another(without(town, hidden.event_number))
    follower.start()
    follower._gatherer.window.block_span = (
        hidden.block_number
    )  # the window ends with the block of the hidden event
    follower.step()
    assert town.n() == hidden.event_number - 1
    with pytest.raises(ChainMisbehaved):  # asked for by its block, it is hidden still
        follower.step()
    follower._chain = town.chain
    while not follower.is_caught_up:
        follower.step()
    assert town.n() == town.final_n()


@pytest.mark.parametrize("place", [2, -1])
def test_an_altered_event_is_never_stored(town: Town, place: int) -> None:
    everything = town.chain.fetch_events(town.history.contract, 0, town.chain.fetch_latest_block().number)
    follower = town.another(forged(town, everything[place].event.event_number))
    follower.start()
    with pytest.raises(ReorgDetected):
        follower.step()
    assert town.n() == 0


def test_a_wrong_block_of_the_newest_event_is_noticed(town: Town) -> None:
    stated = town.chain.fetch_head(town.history.contract)
    lying = Lying(
        town.chain, fetch_head=lambda _: replace(stated, last_block_number=stated.last_block_number + 1)
    )
    follower = town.another(lying)
    follower.start()
    with pytest.raises(ChainMisbehaved, match="block"):
        follower.step()


def test_a_head_beside_the_final_one_quarantines(town: Town) -> None:
    town.chain.mine(3)
    town.follower.step()
    stated = town.chain.fetch_head(town.history.contract)
    assert stated.event_number == town.n()
    lying = Lying(town.chain, fetch_head=lambda _: replace(stated, head=b"\x66" * 32))
    town.follower._chain = lying
    town.chain.mine()
    with pytest.raises(Quarantined, match="66666666"):
        town.follower.step()


def test_a_chain_that_lags_has_time_and_is_then_quarantined(town: Town) -> None:
    town.follower.step()
    with town.replica.reading() as reading:
        known = reading.cursor.final_block_number
    gone = town.chain.mined[-8:]
    town.chain.rewind(8)
    with pytest.raises(ChainBehind) as behind:
        town.follower.step()
    assert str(known) in str(behind.value)
    assert str(town.chain.fetch_latest_block().number) in str(behind.value)
    with town.replica.reading():
        pass
    town.now += following.LAG_PATIENCE_SECONDS
    with pytest.raises(Quarantined) as caught:
        town.follower.step()
    with pytest.raises(Quarantined) as refused, town.replica.reading():
        pass
    assert str(refused.value) == str(caught.value)
    town.chain.mined += gone
    town.follower.step()
    with town.replica.reading() as reading:
        assert not reading.quarantine


def test_a_chain_that_lost_final_blocks_quarantines_at_once_and_names_both(town: Town) -> None:
    town.follower.step()
    with town.replica.reading() as reading:
        known = reading.cursor
    town.chain.reorg(8, past_finality=True)
    town.chain.mine(8)
    with pytest.raises(Quarantined) as caught:
        town.follower.step()
    assert known.final_hash.hex() in str(caught.value)
    assert str(town.chain.fetch_latest_block().number) in str(caught.value)
    assert town.n() == known.event_number
    again = town.another()
    again.start()
    with pytest.raises(Quarantined):
        again.step()
    with town.replica.reading(quarantined=True) as reading:
        assert reading.quarantine == str(caught.value)


def test_finality_that_goes_back_is_not_followed_back(town: Town) -> None:
    town.follower.step()
    town.chain.mine()
    earlier = town.chain.mined[3].block
    town.follower._chain = Lying(town.chain, fetch_final_block=lambda: earlier)
    assert town.follower.step() == 0
    assert town.n() == town.final_n() or town.n() > 0
    with town.replica.reading() as reading:
        assert reading.cursor.final_block_number > earlier.number


def test_the_endpoint_must_serve_the_registrys_chain_contract_and_head_0(town: Town) -> None:
    answers: list[dict[str, Any]] = [
        {"fetch_chain_id": lambda: 1},
        {"fetch_code": lambda _: b""},
        {"fetch_head_zero": lambda _: b"\x01" * 32},
    ]
    for answer in answers:
        with pytest.raises(WrongRegistry):
            town.another(Lying(town.chain, **answer)).start()


def test_head_0_must_follow_from_the_block_before_the_deployment(town: Town) -> None:
    def block(number: int) -> Block | None:
        found = town.chain.find_block(number)
        return found and replace(found, hash=b"\x05" * 32)

    follower = town.another(Lying(town.chain, find_block=block))
    follower.start()
    with pytest.raises(WrongRegistry):
        follower.step()


def test_an_act_that_cannot_be_understood_quarantines(town: Town) -> None:
    registry = town.chain.registry(town.history.contract)

    class Unknown:
        KIND = 77

        def encode(self) -> bytes:
            return b""

    town.chain.mine()
    mined = town.chain.mined[-1]
    event = registry.record(Unknown(), time=mined.block.time, block=mined.block.number)  # type: ignore[arg-type]
    mined.events.append((town.history.contract, ChainEvent(event, mined.block.hash, bytes(32))))
    town.chain.mine(2)
    with pytest.raises(Quarantined, match="update the program"):
        town.follower.step()


def test_the_contract_that_counts_fewer_acts_than_are_final_is_behind(town: Town) -> None:
    town.chain.mine(3)
    town.follower.step()
    town.chain.mine()
    stated = town.chain.fetch_head(town.history.contract)
    earlier = RegistryHead(stated.event_number - 2, stated.head, stated.last_block_number, is_closed=False)
    town.follower._chain = Lying(town.chain, fetch_head=lambda _: earlier)
    with pytest.raises(ChainBehind):
        town.follower.step()
