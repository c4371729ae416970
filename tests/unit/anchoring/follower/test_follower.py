"""The follower against a chain that reorganises and fails, and beside others that follow."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text

from anchoring.chain.protocol import ChainEvent
from anchoring.errors import (
    ChainUnavailable,
    CursorMoved,
    NotFound,
    Quarantined,
    WrongRegistry,
)
from anchoring.follower import windows
from anchoring.follower.follower import Follower
from anchoring.processes.loops import LOOP_BACKOFF, POLL_SECONDS
from anchoring.replica.refold import REFOLD_SECONDS
from anchoring.replica.store import Replica
from anchoring.replica.tables import TABLES
from ledger.registry.acts import Anchored, decode_act
from tests.databases import NewDatabase
from tests.fakes.histories import History
from tests.unit.anchoring.follower.followed import Lying, Town


def test_final_events_are_taken_and_newer_ones_are_pending(town: Town) -> None:
    taken = town.follower.step()
    assert taken == town.n() == town.final_n() > 10
    with town.replica.reading() as reading:
        everything = town.chain.fetch_events(town.history.contract, 0, town.chain.fetch_latest_block().number)
        assert [*reading.walk_events(), *reading.list_pending()] == list(everything)
        assert reading.cursor.final_hash == town.chain.fetch_final_block().hash
    assert town.follower.is_caught_up
    assert town.follower.step() == 0


def test_an_anchor_is_seen_first_pending_and_then_final(town: Town) -> None:
    while True:
        town.history.grow(1)
        newest = town.chain.fetch_events(
            town.history.contract,
            town.chain.fetch_latest_block().number,
            town.chain.fetch_latest_block().number,
        )
        if newest and newest[-1].event.kind == Anchored.KIND:
            break
    act = decode_act(newest[-1].event.kind, newest[-1].event.payload)
    assert isinstance(act, Anchored)
    town.follower.step()
    with town.replica.reading() as reading:
        seen = reading.find_sighting(act.log, act.sequence)
        assert seen is not None
        assert (seen.act, seen.is_final, seen.transaction_hash) == (act, False, newest[-1].transaction_hash)
        assert reading.find_anchor(act.log, act.sequence) is None
        assert reading.find_sighting(act.log, act.sequence + 1) is None
    town.chain.mine(2)
    town.follower.step()
    with town.replica.reading() as reading:
        assert reading.find_sighting(act.log, act.sequence) == replace(seen, is_final=True)


def test_a_reorg_replaces_what_is_pending(town: Town) -> None:
    town.follower.step()
    for _ in range(5):
        town.history.grow(2)
        town.follower.step()
        town.chain.reorg(2, keep=False)
        town.follower.step()
        with town.replica.reading() as reading:
            assert reading.list_pending() == []
            assert reading.cursor.event_number == town.final_n()


def test_a_long_history_is_taken_window_by_window(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "FIRST_SPAN", 1)
    follower = town.another()
    follower.start()
    steps = 0
    while not follower.is_caught_up:
        follower.step()
        steps += 1
    assert 3 <= steps <= 8
    assert town.n() == town.final_n()


def test_a_known_deployment_block_saves_looking_before_it(town: Town) -> None:
    asked = []

    def events(contract: str, first: int, last: int) -> Sequence[ChainEvent]:
        asked.append(first)
        return town.chain.fetch_events(contract, first, last)

    deployed = town.chain.fetch_events(town.history.contract, 0, 1)[0].event.block_number
    follower = town.another(Lying(town.chain, fetch_events=events), first_block=deployed)
    follower.start()
    follower.step()
    assert min(asked) == deployed
    assert town.n() == town.final_n()


@pytest.mark.parametrize(
    "method", ["fetch_head", "fetch_latest_block", "fetch_final_block", "find_block", "fetch_events"]
)
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
        return town.chain.fetch_events(contract, first, last)

    rival._chain = Lying(town.chain, fetch_events=events)
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
    town.chain.refuse("fetch_chain_id", ChainUnavailable("no answer"), times=2)
    town.chain.refuse("fetch_latest_block", ChainUnavailable("no answer"), times=4)
    stop = Stopping(8)
    town.another().run(stop)
    assert town.n() == town.final_n()
    assert stop.waited[0] < stop.waited[3] < stop.waited[5] <= LOOP_BACKOFF.longest_seconds
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
