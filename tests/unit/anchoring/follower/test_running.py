"""The loops of follower and anchorer, and what they say of themselves while they run."""

from collections.abc import Callable, Generator, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text

from anchoring.database.engine import open_snapshot
from anchoring.errors import ChainUnavailable, Quarantined
from anchoring.follower.follower import Follower
from anchoring.processes.condition import Condition, read_conditions
from anchoring.replica import refold as refolding
from anchoring.replica.reading import ReplicaView
from anchoring.replica.refold import REFOLD_SECONDS, DailyRefold
from anchoring.replica.store import Replica
from tests.fakes.department import licence
from tests.fakes.issuing import City


class Rounds:
    """A stop that comes after some waits, and does something at each of them."""

    def __init__(self, *rounds: Callable[[], object]) -> None:
        self._rounds = list(rounds)

    def is_set(self) -> bool:
        return not self._rounds

    def wait(self, timeout: float) -> bool:
        self._rounds.pop(0)()
        return self.is_set()


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path)
    yield made
    made.stop()


def said(city: City, name: str) -> Condition:
    with open_snapshot(city.replica.engine) as connection:
        return next(condition for condition in read_conditions(connection) if condition.name == name)


def held(city: City) -> int:
    with city.replica.reading(quarantined=True) as reading:
        return reading.cursor.event_number


def test_a_follower_says_how_far_it_is_and_what_it_fails_at(city: City) -> None:
    seen: list[Condition] = []

    def look() -> None:
        seen.append(said(city, "follower"))

    def cut() -> None:
        look()
        city.chain.refuse("fetch_head", ChainUnavailable("no answer"), times=1)

    city.follower.run(Rounds(cut, look, look))
    assert [found.kind for found in seen] == ["", "ChainUnavailable", ""]
    assert (seen[0].doing, seen[0].done, seen[0].total) == ("following", held(city), held(city))


def test_a_new_replica_has_caught_up_when_it_has_and_a_restart_does_not_make_it_forget(
    city: City, tmp_path: Path
) -> None:
    city.replica.close()
    city.replica = Replica(f"sqlite:///{tmp_path / 'anew.db'}")
    city.chain.refuse("fetch_final_block", ChainUnavailable("no answer"), times=1)
    seen: list[bool] = []

    def look() -> None:
        with city.replica.reading() as reading:
            seen.append(reading.is_caught_up)

    Follower(city.chain, city.replica, city.registry).run(Rounds(look, look))
    assert seen == [False, True]
    city.chain.refuse("fetch_final_block", ChainUnavailable("no answer"), times=1)
    Follower(city.chain, city.replica, city.registry).run(Rounds(look))
    assert seen[2:] == [True]


def test_an_anchorer_says_what_it_fails_at(city: City) -> None:
    city.submit(licence(1))
    city.chain.refuse("simulate", ChainUnavailable("no answer"), times=1)
    seen: list[Condition] = []

    def look() -> None:
        seen.append(said(city, "anchorer"))

    city.anchorer.run(Rounds(look, look))
    assert [found.kind for found in seen] == ["ChainUnavailable", ""]


def test_one_that_waits_for_the_lease_says_nothing(city: City) -> None:
    assert city.anchorer.step()
    city.new_anchorer().run(Rounds(lambda: None))
    with open_snapshot(city.replica.engine) as connection:
        assert read_conditions(connection) == ()


@pytest.fixture
def slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a refold have many slices."""
    monkeypatch.setattr(refolding, "_SLICE_SECONDS", -1)
    monkeypatch.setattr(refolding, "_SLICE_EVENTS", 1)


def nightly(city: City, *rounds: Callable[[], object], meanwhile: Callable[[], object] = int) -> None:
    """Run a follower whose clock says in the first round that a day went by, in which something happened."""
    now = [0.0]

    def night() -> None:
        now[0] += REFOLD_SECONDS + 1
        meanwhile()

    follower = Follower(city.chain, city.replica, city.registry, clock=lambda: now[0])
    follower.run(Rounds(night, *rounds))


@pytest.mark.usefixtures("slices")
def test_the_daily_refold_lets_the_follower_go_on(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    serials = count()
    at_slices: list[int] = []

    def another() -> None:
        city.submit(licence(next(serials)))
        city.anchorer.step()
        city.chain.mine(3)

    def noted(reading: ReplicaView) -> Generator[tuple[int, int], None, object]:
        work = slice_by_slice(reading)
        while True:
            try:
                done = next(work)
            except StopIteration as end:
                return end.value
            at_slices.append(held(city))
            yield done

    slice_by_slice = refolding.refold_in_slices
    another()
    with monkeypatch.context() as patch:
        patch.setattr(refolding, "refold_in_slices", noted)
        nightly(city, *[another] * 8, meanwhile=at_slices.clear)
    assert at_slices[-1] - at_slices[0] >= 3


def test_a_refold_ends_with_a_last_look(city: City) -> None:
    now, looks = [0.0], list[int]()

    def look(reading: ReplicaView) -> None:
        looks.append(reading.cursor.event_number)
        if len(looks) == 1:
            raise Quarantined("not what was signed")

    daily = DailyRefold(city.replica, look, lambda: now[0])
    daily.go_on()
    assert looks == [], "it is not due"
    now[0] += REFOLD_SECONDS + 1
    with pytest.raises(Quarantined):
        daily.go_on()
    assert daily.is_damaged
    with pytest.raises(Quarantined, match="signed"), city.replica.reading():
        pass
    daily.go_on()
    assert not daily.is_damaged
    assert looks == [held(city)] * 2


@pytest.mark.usefixtures("slices")
def test_damage_that_the_daily_refold_finds_stays_shut_until_it_is_mended(city: City) -> None:
    def write(statement: str) -> None:
        with city.replica.engine.begin() as connection:
            connection.execute(text(statement))

    def is_shut() -> bool:
        try:
            with city.replica.reading():
                return False
        except Quarantined:
            return True

    shut: list[bool] = []

    def look() -> None:
        shut.append(is_shut())
        city.chain.mine()

    def damage() -> None:
        write("UPDATE log SET admin = 'x' || admin")

    def mend() -> None:
        write("UPDATE log SET admin = substr(admin, 2)")

    nightly(city, *[look] * 60, mend, *[look] * 3, meanwhile=damage)
    found = shut.index(True)
    assert not any(shut[:found])
    assert all(shut[found:60]), "nothing is written on top of damage"
    assert shut[-1] is False
