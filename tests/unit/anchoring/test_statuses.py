"""Staples and status trees that follow a replica."""

from pathlib import Path

import pytest

from anchoring.errors import NotFound
from anchoring.follower import Follower
from anchoring.replica import Replica
from anchoring.statuses import StatusTrees
from ledger.status import staple_root
from tests.fakes.histories import History


@pytest.mark.parametrize("seed", range(4))
def test_staples_lead_to_the_status_root_of_the_newest_good_anchor(seed: int, tmp_path: Path) -> None:
    history = History(seed)
    replica = Replica(f"sqlite:///{tmp_path}/replica.db")
    follower, trees = Follower(history.chain, replica, history.name), StatusTrees()
    follower.start()
    stapled = refused = 0
    for _ in range(20):
        history.grow(4)
        follower.step()
        with replica.reading() as reading:
            for log in reading.logs():
                anchor = reading.anchor(log.name, log.sequence)
                for position in range(0, log.size, 97):
                    staple = trees.staple(reading, log.name, position)
                    if staple is None:
                        assert anchor is None or anchor.void or not log.status_known
                        refused += 1
                        continue
                    assert anchor is not None
                    root = staple_root(log.suite, anchor.size, position, staple.chunk, staple.path)
                    assert (staple.sequence, root) == (log.sequence, anchor.status_root)
                    stapled += 1
    assert stapled > 20


def test_an_older_reading_and_a_replica_made_anew_are_served_too(tmp_path: Path) -> None:
    history, trees = History(2), StatusTrees()
    replica = Replica(f"sqlite:///{tmp_path}/replica.db")
    follower = Follower(history.chain, replica, history.name)
    follower.start()
    history.grow(30)
    follower.step()
    with replica.reading() as older:
        log = older.logs()[0].name
        before = StatusTrees().copy(older, log).root()
        history.grow(30)
        follower.step()
        with replica.reading() as newer:
            assert trees.copy(newer, log).root() == StatusTrees().copy(newer, log).root() != before
        assert trees.copy(older, log).root() == before


def test_a_copy_is_the_callers_own(tmp_path: Path) -> None:
    history, trees = History(2), StatusTrees()
    replica = Replica(f"sqlite:///{tmp_path}/replica.db")
    follower = Follower(history.chain, replica, history.name)
    follower.start()
    history.grow(30)
    follower.step()
    with replica.reading() as reading:
        log = max(reading.logs(), key=lambda log: log.size)
        copy = trees.copy(reading, log.name)
        copy.set(0, 7)
        assert trees.copy(reading, log.name).root() != copy.root()
        with pytest.raises(NotFound, match="nowhere"):
            trees.copy(reading, "nowhere")
