"""The follower against a chain that reorganises, fails, lags, forgets, leaves out and lies."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text

from anchoring import follower as following
from anchoring import windows
from anchoring.chain import Block, ChainEvent, RegistryHead
from anchoring.errors import (
    ChainBehind,
    ChainMisbehaved,
    ChainUnavailable,
    CursorMoved,
    NotFound,
    Quarantined,
    ReorgDetected,
    WrongRegistry,
)
from anchoring.facts import TABLES
from anchoring.follower import Follower
from anchoring.pauses import LONGEST_PAUSE_SECONDS, POLL_SECONDS
from anchoring.refold import REFOLD_SECONDS
from anchoring.replica import Replica
from ledger.registry import Anchored, decode_act
from tests.databases import NewDatabase
from tests.fakes.histories import History


class Town:
    """A history, a replica and a follower with a clock of its own."""

    def __init__(self, new_database: NewDatabase, seed: int = 3) -> None:
        self.history = History(seed)
        self.chain = self.history.chain
        self.url = new_database("replica")
        self.replica = Replica(self.url)
        self.now = 0.0
        self.follower = self.another()

    def another(self, chain: Any = None, **options: Any) -> Follower:
        return Follower(
            chain or self.chain, self.replica, self.history.name, clock=lambda: self.now, **options
        )

    def n(self) -> int:
        with self.replica.reading(quarantined=True) as reading:
            return reading.cursor.n

    def final_n(self) -> int:
        return len(self.chain.events(self.history.contract, 0, self.chain.final().number))


@pytest.fixture
def town(new_database: NewDatabase) -> Iterator[Town]:
    town = Town(new_database)
    town.history.grow(20)
    town.follower.start()
    yield town
    town.replica.close()


class Lying:
    """A chain of which one method answers otherwise."""

    def __init__(self, chain: Any, **answers: Any) -> None:
        self._chain, self._answers = chain, answers

    def __getattr__(self, name: str) -> Any:
        return self._answers.get(name) or getattr(self._chain, name)


def without(town: Town, n: int) -> Lying:
    """Return the chain through an endpoint that leaves out event `n`."""

    def events(contract: str, first: int, last: int) -> Sequence[ChainEvent]:
        return [found for found in town.chain.events(contract, first, last) if found.event.n != n]

    return Lying(town.chain, events=events)


def forged(town: Town, n: int) -> Lying:
    """Return the chain through an endpoint that alters the payload of event `n`."""

    def events(contract: str, first: int, last: int) -> Sequence[ChainEvent]:
        return [
            alter(found) if found.event.n == n else found
            for found in town.chain.events(contract, first, last)
        ]

    def alter(found: ChainEvent) -> ChainEvent:
        return replace(found, event=replace(found.event, payload=found.event.payload[:-1] + b"\x01"))

    return Lying(town.chain, events=events)


def test_final_events_are_taken_and_newer_ones_are_pending(town: Town) -> None:
    taken = town.follower.step()
    assert taken == town.n() == town.final_n() > 10
    with town.replica.reading() as reading:
        everything = town.chain.events(town.history.contract, 0, town.chain.latest().number)
        assert [*reading.events(), *reading.pending()] == list(everything)
        assert reading.cursor.final_hash == town.chain.final().hash
    assert town.follower.caught_up
    assert town.follower.step() == 0


def test_an_anchor_is_seen_first_pending_and_then_final(town: Town) -> None:
    while True:
        town.history.grow(1)
        newest = town.chain.events(
            town.history.contract, town.chain.latest().number, town.chain.latest().number
        )
        if newest and newest[-1].event.kind == Anchored.KIND:
            break
    act = decode_act(newest[-1].event.kind, newest[-1].event.payload)
    assert isinstance(act, Anchored)
    town.follower.step()
    with town.replica.reading() as reading:
        seen = reading.sighting(act.log, act.sequence)
        assert seen is not None
        assert (seen.act, seen.final, seen.transaction) == (act, False, newest[-1].transaction)
        assert reading.anchor(act.log, act.sequence) is None
        assert reading.sighting(act.log, act.sequence + 1) is None
    town.chain.mine(2)
    town.follower.step()
    with town.replica.reading() as reading:
        assert reading.sighting(act.log, act.sequence) == replace(seen, final=True)


def test_a_reorg_replaces_what_is_pending(town: Town) -> None:
    town.follower.step()
    for _ in range(5):
        town.history.grow(2)
        town.follower.step()
        town.chain.reorg(2, keep=False)
        town.follower.step()
        with town.replica.reading() as reading:
            assert reading.pending() == []
            assert reading.cursor.n == town.final_n()


def test_a_long_history_is_taken_window_by_window(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "FIRST_SPAN", 1)
    follower = town.another()
    follower.start()
    steps = 0
    while not follower.caught_up:
        follower.step()
        steps += 1
    assert 3 <= steps <= 8
    assert town.n() == town.final_n()


def test_a_known_deployment_block_saves_looking_before_it(town: Town) -> None:
    asked = []

    def events(contract: str, first: int, last: int) -> Sequence[ChainEvent]:
        asked.append(first)
        return town.chain.events(contract, first, last)

    deployed = town.chain.events(town.history.contract, 0, 1)[0].event.block
    follower = town.another(Lying(town.chain, events=events), first_block=deployed)
    follower.start()
    follower.step()
    assert min(asked) == deployed
    assert town.n() == town.final_n()


@pytest.mark.parametrize("method", ["registry_head", "latest", "final", "block", "events"])
def test_a_call_that_fails_changes_nothing_and_is_made_up_for(town: Town, method: str) -> None:
    town.follower.step()
    town.history.grow(10)
    before = town.n()
    town.chain.refuse(method, ChainUnavailable("no answer"))
    with pytest.raises(ChainUnavailable):
        town.follower.step()
    assert town.n() == before
    town.follower.step()
    assert town.n() == town.final_n() > before


@pytest.mark.parametrize("place", [2, -1])
def test_an_event_left_out_is_noticed_and_found_later(town: Town, place: int) -> None:
    everything = town.chain.events(town.history.contract, 0, town.chain.latest().number)
    follower = town.another(without(town, everything[place].event.n))
    follower.start()
    with pytest.raises(ChainMisbehaved):
        follower.step()
    assert town.n() == 0
    follower._chain = town.chain
    follower.step()
    assert town.n() == town.final_n()


def test_an_event_left_out_of_blocks_that_were_passed_is_found(town: Town) -> None:
    town.history.grow(20)
    final = [found.event for found in town.chain.events(town.history.contract, 0, town.chain.final().number)]
    hidden = next(event for event, later in pairwise(final[10:]) if later.block > event.block)
    follower = town.another(without(town, hidden.n))
    follower.start()
    follower._window.span = hidden.block  # the window ends with the block of the hidden event
    follower.step()
    assert town.n() == hidden.n - 1
    with pytest.raises(ChainMisbehaved, match="stands where"):
        follower.step()
    follower._chain = town.chain
    while not follower.caught_up:
        follower.step()
    assert town.n() == town.final_n()


@pytest.mark.parametrize("place", [2, -1])
def test_an_altered_event_is_never_stored(town: Town, place: int) -> None:
    everything = town.chain.events(town.history.contract, 0, town.chain.latest().number)
    follower = town.another(forged(town, everything[place].event.n))
    follower.start()
    with pytest.raises(ReorgDetected):
        follower.step()
    assert town.n() == 0


def test_a_wrong_block_of_the_newest_event_is_noticed(town: Town) -> None:
    stated = town.chain.registry_head(town.history.contract)
    lying = Lying(town.chain, registry_head=lambda _: replace(stated, last_block=stated.last_block + 1))
    follower = town.another(lying)
    follower.start()
    with pytest.raises(ChainMisbehaved, match="block"):
        follower.step()


def test_a_head_beside_the_final_one_quarantines(town: Town) -> None:
    town.chain.mine(3)
    town.follower.step()
    stated = town.chain.registry_head(town.history.contract)
    assert stated.n == town.n()
    lying = Lying(town.chain, registry_head=lambda _: replace(stated, head=b"\x66" * 32))
    town.follower._chain = lying
    town.chain.mine()
    with pytest.raises(Quarantined, match="66666666"):
        town.follower.step()


def test_a_chain_that_lags_has_time_and_is_then_quarantined(town: Town) -> None:
    town.follower.step()
    with town.replica.reading() as reading:
        known = reading.cursor.final_block
    gone = town.chain.mined[-8:]
    town.chain.rewind(8)
    with pytest.raises(ChainBehind) as behind:
        town.follower.step()
    assert str(known) in str(behind.value)
    assert str(town.chain.latest().number) in str(behind.value)
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
    assert str(town.chain.latest().number) in str(caught.value)
    assert town.n() == known.n
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
    town.follower._chain = Lying(town.chain, final=lambda: earlier)
    assert town.follower.step() == 0
    assert town.n() == town.final_n() or town.n() > 0
    with town.replica.reading() as reading:
        assert reading.cursor.final_block > earlier.number


def test_the_endpoint_must_serve_the_registrys_chain_contract_and_head_0(town: Town) -> None:
    answers: list[dict[str, Any]] = [
        {"chain_id": lambda: 1},
        {"code": lambda _: b""},
        {"head_zero": lambda _: b"\x01" * 32},
    ]
    for answer in answers:
        with pytest.raises(WrongRegistry):
            town.another(Lying(town.chain, **answer)).start()


def test_head_0_must_follow_from_the_block_before_the_deployment(town: Town) -> None:
    def block(number: int) -> Block | None:
        found = town.chain.block(number)
        return found and replace(found, hash=b"\x05" * 32)

    follower = town.another(Lying(town.chain, block=block))
    follower.start()
    with pytest.raises(WrongRegistry):
        follower.step()


def test_a_replica_belongs_to_one_registry(town: Town) -> None:
    other = History(4)
    with pytest.raises(WrongRegistry):
        Follower(other.chain, town.replica, other.name).start()


def test_a_replica_that_nobody_followed_yet_says_so(new_database: NewDatabase) -> None:
    with pytest.raises(NotFound, match="start"), Replica(new_database("new")).reading():
        pass


def test_a_write_on_another_cursor_than_the_replicas_is_refused(town: Town) -> None:
    with town.replica.reading() as reading:
        before = reading.cursor
    town.follower.step()
    with pytest.raises(CursorMoved):
        town.replica.store(before, before, [], [], {})


def test_a_follower_takes_over_from_where_another_came(town: Town) -> None:
    rival = town.another()
    rival.start()
    town.follower.step()
    town.history.grow(40)
    rival.step()
    town.history.grow(3)
    town.follower.step()
    assert town.n() == town.final_n()
    town.follower.refold()


def test_two_followers_of_one_replica_cannot_both_write(town: Town) -> None:
    rival = town.another()
    rival.start()
    town.follower.step()
    town.history.grow(3)

    def events(contract: str, first: int, last: int) -> Sequence[ChainEvent]:
        town.follower.step()
        return town.chain.events(contract, first, last)

    rival._chain = Lying(town.chain, events=events)
    with pytest.raises(CursorMoved):
        rival.step()
    rival._chain = town.chain
    rival.step()
    assert town.n() == town.final_n()


def test_a_write_that_fails_leaves_follower_and_replica_as_they_were(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.follower.step()
    town.history.grow(12)
    before = town.n()

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(town.replica, "store", full)
        with pytest.raises(OSError, match="no space"):
            town.follower.step()
    assert town.n() == before
    town.follower.step()
    town.history.grow(12)
    town.follower.step()
    assert town.n() == town.final_n()
    town.follower.refold()


@pytest.mark.parametrize("table", [*(table.name for table in TABLES.values()), "event", "head", "state"])
def test_a_replica_that_was_edited_is_found_at_start(new_database: NewDatabase, table: str) -> None:
    town = Town(new_database, seed=2)
    town.history.grow(80)
    town.follower.start()
    town.follower.step()
    edits = {
        "governance": "UPDATE governance SET province = '0x00'",
        "division": "DELETE FROM division",
        "log": "UPDATE log SET operator = '0x00' WHERE name = 'tianmen'",
        "issuer_assignment": "DELETE FROM issuer_assignment WHERE n = (SELECT max(n) FROM issuer_assignment)",
        "registered_key": "UPDATE registered_key SET compromised_since = NULL, retired_at = 5",
        "key_grant": "UPDATE key_grant SET kinds = 15 - kinds",
        "anchor": "UPDATE anchor SET time = time + 1 WHERE sequence = 2",
        "position_status": "UPDATE position_status SET status = 0 WHERE status = 4",
        "event": "DELETE FROM event WHERE n = 5",
        "head": "UPDATE event SET head = previous.head FROM event AS previous WHERE event.n = 5 AND previous.n = 4",
        "state": "UPDATE state SET n = n - 1",
    }
    with town.replica.engine.begin() as connection:
        assert connection.execute(text(edits[table])).rowcount
    for _ in range(2):
        with pytest.raises(Quarantined, match="damaged"):
            town.another().start()
    with pytest.raises(Quarantined), town.replica.reading():
        pass


def test_a_replica_of_another_schema_is_followed_anew(town: Town) -> None:
    town.follower.step()
    with town.replica.engine.begin() as connection:
        connection.execute(text("UPDATE state SET schema_number = 0"))
    with pytest.raises(NotFound), Replica(town.url).reading():
        pass
    follower = town.another()
    follower.start()
    assert town.n() == 0
    follower.step()
    assert town.n() == town.final_n()


class Stopping:
    """A stop that comes after some waits, and remembers them."""

    def __init__(self, waits: int) -> None:
        self.left, self.waited = waits, list[float]()

    def is_set(self) -> bool:
        return self.left <= 0

    def wait(self, timeout: float) -> bool:
        self.left -= 1
        self.waited.append(timeout)
        return self.is_set()


def test_the_loop_waits_longer_each_time_and_goes_on_when_the_chain_is_back(town: Town) -> None:
    town.chain.refuse("chain_id", ChainUnavailable("no answer"), times=2)
    town.chain.refuse("latest", ChainUnavailable("no answer"), times=4)
    stop = Stopping(8)
    town.another().run(stop)
    assert town.n() == town.final_n()
    assert stop.waited[0] < stop.waited[3] < stop.waited[5] <= LONGEST_PAUSE_SECONDS
    assert stop.waited[-1] == POLL_SECONDS


def test_the_loop_refolds_daily_and_keeps_a_damaged_replica_shut(town: Town) -> None:
    class Night(Stopping):
        def wait(self, timeout: float) -> bool:
            if self.left == 3:
                town.now += REFOLD_SECONDS + 1
                with town.replica.engine.begin() as connection:
                    connection.execute(text("UPDATE anchor SET time = time + 1"))
            return super().wait(timeout)

    town.another().run(Night(5))
    with pytest.raises(Quarantined, match="damaged"), town.replica.reading():
        pass


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
    stated = town.chain.registry_head(town.history.contract)
    earlier = RegistryHead(stated.n - 2, stated.head, stated.last_block, closed=False)
    town.follower._chain = Lying(town.chain, registry_head=lambda _: earlier)
    with pytest.raises(ChainBehind):
        town.follower.step()
