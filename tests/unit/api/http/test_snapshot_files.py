"""A snapshot is made once however many ask, one at a time, and only so many exist."""

import asyncio
import gc
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from api import limits
from api.http.errors import NodeBusy
from api.http.snapshots import SnapshotFile, Snapshots


class Maker:
    """Makes snapshots slowly, and counts how many it made, and how many at once."""

    def __init__(self) -> None:
        self.made = self.at_once = self._under_way = 0
        self._lock = threading.Lock()

    def __call__(self) -> Iterator[bytes]:
        with self._lock:
            self.made += 1
            self._under_way += 1
            self.at_once = max(self.at_once, self._under_way)
        time.sleep(0.05)
        yield b"snap"
        yield b"shot"
        with self._lock:
            self._under_way -= 1


async def ask_for(snapshots: Snapshots, maker: Maker, afters: Iterable[int]) -> list[SnapshotFile]:
    return [await snapshots.find_or_make((b"c", after), maker) for after in afters]


async def read(file: SnapshotFile) -> bytes:
    return b"".join([piece async for piece in file.read_pieces()])


def test_many_who_ask_for_one_get_what_was_made_once(tmp_path: Path) -> None:
    async def ask() -> None:
        snapshots, maker = Snapshots(tmp_path), Maker()
        files = await asyncio.gather(*(snapshots.find_or_make((b"c", 0), maker) for _ in range(10)))
        assert [await read(file) for file in files] == [b"snapshot"] * 10
        assert maker.made == 1

    asyncio.run(ask())
    assert list(tmp_path.iterdir()) == []  # the file has no name


def test_different_ones_are_made_one_after_another_and_a_queue_has_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_WAITING_FOR_SNAPSHOT", 4)

    async def ask() -> None:
        snapshots, maker = Snapshots(tmp_path), Maker()
        await snapshots.find_or_make((b"c", 0), maker)
        asked = [snapshots.find_or_make((b"c", after), maker) for after in range(1, 31)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, NodeBusy)]
        assert (len(refused), maker.made, maker.at_once) == (26, 5, 1)
        assert await read(await snapshots.find_or_make((b"c", 30), maker)) == b"snapshot"

    asyncio.run(ask())


def test_the_newest_is_served_while_others_wait(tmp_path: Path) -> None:
    async def ask() -> None:
        snapshots, release = Snapshots(tmp_path), threading.Event()

        def wait() -> Iterator[bytes]:
            release.wait()
            yield b""

        await snapshots.find_or_make((b"c", 0), Maker())
        waiting = [asyncio.create_task(snapshots.find_or_make((b"c", after), wait)) for after in (1, 2, 3)]
        await asyncio.sleep(0)
        assert await read(await snapshots.find_or_make((b"c", 0), wait)) == b"snapshot"
        assert not any(task.done() for task in waiting)
        release.set()
        await asyncio.gather(*waiting)

    asyncio.run(ask())


def test_slow_readers_of_deltas_hold_no_more_than_a_number_and_no_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_SNAPSHOT_FILES", 6)

    async def ask() -> None:
        snapshots, maker = Snapshots(tmp_path), Maker()
        whole = await snapshots.find_or_make((b"c", 0), maker)
        read_slowly = await ask_for(snapshots, maker, range(1, 7))
        with pytest.raises(NodeBusy):
            await ask_for(snapshots, maker, [7])
        assert await snapshots.find_or_make((b"c", 0), maker) is whole
        assert await read(await snapshots.find_or_make((b"next", 0), maker)) == b"snapshot"
        assert await read(read_slowly[0]) == b"snapshot"
        read_slowly.clear()
        gc.collect()
        assert await read(await snapshots.find_or_make((b"c", 7), maker)) == b"snapshot"

    asyncio.run(ask())


def test_a_failure_is_told_to_whoever_asked_and_kept_for_nobody(tmp_path: Path) -> None:
    def fail() -> Iterator[bytes]:
        yield b"half"
        raise OSError("no space")

    async def ask() -> None:
        snapshots = Snapshots(tmp_path)
        with pytest.raises(OSError, match="no space"):
            await snapshots.find_or_make((b"c", 0), fail)
        assert await read(await snapshots.find_or_make((b"c", 0), Maker())) == b"snapshot"

    asyncio.run(ask())
