"""Two anchorers of one log by mistake: one is paused until the other has taken over.

At each point of its work.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from anchoring.anchorer.anchorer import Anchorer
from anchoring.anchorer.lease import LEASE_SECONDS
from anchoring.errors import LeaseLost
from anchoring.register.batches import list_open_batches
from anchoring.register.store import Register
from anchoring.register.submissions import FINAL, list_submissions
from anchoring.register.tables import METADATA
from tests.fakes.department import LOG, change, licence
from tests.fakes.issuing import City


class Pause:
    """Counts the points that a process passes, and at one of them lets the others work."""

    def __init__(self, point: int, others: Callable[[], None]) -> None:
        self._left, self._others = point, others

    @property
    def reached(self) -> bool:
        return self._left < 0

    def point(self) -> None:
        if self._left == 0:
            self._others()
        self._left -= 1


class PausedRegister(Register):
    """A register of which every transaction is a point."""

    pause: Pause

    def reading(self) -> AbstractContextManager[Connection]:
        self.pause.point()
        return super().reading()

    def writing(self) -> AbstractContextManager[Connection]:
        self.pause.point()
        return super().writing()


class PausedChain:
    """A chain of which every question is a point, before it is asked and before the answer is known."""

    def __init__(self, chain: Any, pause: Pause) -> None:
        self._chain, self._pause = chain, pause

    def __getattr__(self, name: str) -> Any:
        def ask(*arguments: Any, **options: Any) -> Any:
            self._pause.point()
            answer = getattr(self._chain, name)(*arguments, **options)
            self._pause.point()
            return answer

        return ask


def content(register: Register) -> list[tuple[Any, ...]]:
    """Return everything that the register holds but the lease."""
    with register.reading() as connection:
        tables = [table for table in METADATA.sorted_tables if table.name != "lease"]
        return [(table.name, *row) for table in tables for row in connection.execute(select(table))]


def paused_anchorer(city: City, pause: Pause) -> Anchorer:
    register = PausedRegister(city.urls[0])
    register.pause = pause
    return Anchorer(
        PausedChain(city.chain, pause),
        city.operator,
        register,
        city.replica,
        city.registry,
        LOG,
        clock=lambda: city.chain.now,
        steady_clock=lambda: city.chain.fetch_latest_block().number,
        policy=city.policy,
    )


def work_alone(city: City) -> None:
    """Let the city's own anchorer take over and finish what there is."""
    city.anchorer.step()
    city.mine(LEASE_SECONDS)
    assert city.anchorer.step()
    city.settle(4)


def paused_at(point: int, directory: Path) -> bool:
    """Pause at one point of the work on a submission, from acceptance to final; tell whether it was reached."""
    city = City(directory)
    left: list[list[tuple[Any, ...]]] = []

    def others() -> None:
        work_alone(city)
        left.append(content(city.register))

    pause = Pause(point, others)
    other = paused_anchorer(city, pause)
    city.submit(licence(1))
    for _ in range(3):
        go_on(other)
        if left:
            assert content(city.register) == left.pop(), "it was overtaken and wrote"
            break
        city.mine(2)
    if not pause.reached:
        return False
    city.submit(change("revoke", 1))
    city.settle(4)
    anchors = city.anchors()
    assert [anchor.sequence for anchor in anchors] == list(range(1, len(anchors) + 1))
    assert anchors[-1].size == 2
    with city.register.reading() as connection:
        assert {found.state for found in list_submissions(connection)} == {FINAL}
        assert list_open_batches(connection) == []
    city.stop()
    return True


def go_on(anchorer: Anchorer) -> None:
    with suppress(LeaseLost):
        anchorer.step()


def test_an_overtaken_anchorer_writes_nothing_wherever_it_slept(tmp_path: Path) -> None:
    points = 0
    for point in count():
        directory = tmp_path / str(point)
        directory.mkdir()
        if not paused_at(point, directory):
            break
        points += 1
    assert points > 20, "every transaction and every question of three steps"
