"""Staples and status trees that follow a replica."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import delete, select, update

from anchoring.database.columns import get_table
from anchoring.database.engine import begin_transaction
from anchoring.errors import NotFound, Quarantined
from anchoring.follower.follower import Follower
from anchoring.replica.reading import ReplicaView
from anchoring.replica.refold import refold
from anchoring.replica.status_trees import StatusTrees
from anchoring.replica.store import Replica
from anchoring.replica.tables import BlockRow
from ledger.registry.status import compute_staple_root
from ledger.registry.trust import LogState, PositionStatus
from tests.fakes.histories import History

BLOCKS: Final = get_table(BlockRow)


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
            for log in reading.list_logs():
                anchor = reading.find_anchor(log.name, log.sequence)
                for position in range(0, log.size, 97):
                    staple = trees.make_staple(reading, log.name, position)
                    if staple is None:
                        assert anchor is None or anchor.void_reason or not log.is_status_known
                        refused += 1
                        continue
                    assert anchor is not None
                    root = compute_staple_root(log.suite, anchor.size, position, staple.chunk, staple.path)
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
        log = older.list_logs()[0].name
        before = StatusTrees().copy(older, log).compute_root()
        history.grow(30)
        follower.step()
        with replica.reading() as newer:
            assert (
                trees.copy(newer, log).compute_root()
                == StatusTrees().copy(newer, log).compute_root()
                != before
            )
        assert trees.copy(older, log).compute_root() == before


def test_a_copy_is_the_callers_own(tmp_path: Path) -> None:
    history, trees = History(2), StatusTrees()
    replica = Replica(f"sqlite:///{tmp_path}/replica.db")
    follower = Follower(history.chain, replica, history.name)
    follower.start()
    history.grow(30)
    follower.step()
    with replica.reading() as reading:
        log = max(reading.list_logs(), key=lambda log: log.size)
        copy = trees.copy(reading, log.name)
        copy.set(0, 7)
        assert trees.copy(reading, log.name).compute_root() != copy.compute_root()
        with pytest.raises(NotFound, match="nowhere"):
            trees.copy(reading, "nowhere")


def _followed(tmp_path: Path, events: int = 60) -> tuple[Replica, str]:
    """Return a followed replica and the log with most positions, whose newest anchor is good."""
    history = History(2)
    replica = Replica(f"sqlite:///{tmp_path}/replica.db")
    follower = Follower(history.chain, replica, history.name)
    follower.start()
    history.grow(events)
    follower.step()
    with replica.reading() as reading:
        logs = [log for log in reading.list_logs() if _good(reading, log)]
        return replica, max(logs, key=lambda log: log.size).name


def _good(reading: ReplicaView, log: LogState) -> bool:
    anchor = reading.find_anchor(log.name, log.sequence)
    return anchor is not None and not anchor.void_reason and log.is_status_known


def test_a_restart_replays_no_change_of_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replica, log = _followed(tmp_path)
    with replica.reading() as reading:
        changes = list(reading.walk_statuses(log))
        tree, state = StatusTrees().copy(reading, log), reading.find_log(log)
        assert state is not None
        newest = {change.position: change.status for change in changes}
        assert newest
        assert {position: tree.get(position) for position in newest} == newest
        replayed: list[PositionStatus] = []
        asked = reading.walk_statuses

        def walk_statuses(name: str, *, after_sequence: int = 0) -> Iterator[PositionStatus]:
            replayed.extend(asked(name, after_sequence=after_sequence))
            return iter(replayed)

        monkeypatch.setattr(reading, "walk_statuses", walk_statuses)
        assert StatusTrees().copy(reading, log).compute_root() == tree.compute_root()
        assert not replayed


@pytest.mark.parametrize("damage", ["content", "node", "missing", "short"])
def test_damaged_blocks_are_noticed_and_made_anew(damage: str, tmp_path: Path) -> None:
    replica, log = _followed(tmp_path)
    with replica.reading() as reading:
        whole = StatusTrees()
        root, staple = whole.copy(reading, log).compute_root(), whole.make_staple(reading, log, 0)
    assert staple is not None
    with begin_transaction(replica.engine) as connection:
        match damage:
            case "content":
                row = connection.execute(
                    select(BLOCKS).where(BLOCKS.c.log == log, BLOCKS.c.number == 0)
                ).one()
                content = bytes([row.content[0] ^ 0x44]) + row.content[1:]
                connection.execute(
                    update(BLOCKS).where(BLOCKS.c.log == log, BLOCKS.c.number == 0).values(content=content)
                )
            case "node":
                connection.execute(update(BLOCKS).where(BLOCKS.c.log == log).values(node=bytes(32)))
            case "missing":
                connection.execute(delete(BLOCKS).where(BLOCKS.c.log == log, BLOCKS.c.number == 0))
            case "short":
                connection.execute(update(BLOCKS).where(BLOCKS.c.log == log).values(content=b"\x00"))
    with replica.reading() as reading:
        assert StatusTrees().make_staple(reading, log, 0) == staple
        assert StatusTrees().copy(reading, log).compute_root() == root
        copied = StatusTrees().copy(reading, log)
        copied.set(1, 4)
        copied.set(1, 0)
        assert copied.compute_root() == root
        with pytest.raises(Quarantined, match="status_block"):
            refold(reading)
