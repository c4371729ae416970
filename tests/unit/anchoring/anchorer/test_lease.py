"""One anchorer a log: who holds the lease writes, and who was overtaken does not.

Whatever the clocks say.
"""

import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from anchoring.anchorer.lease import (
    LEASE_SECONDS,
    RENEWAL_SECONDS,
    Lease,
    find_lease_holder,
    hold_lease,
    name_holder,
)
from anchoring.errors import LeaseHeld, LeaseLost
from anchoring.register.store import Register
from anchoring.register.tables import LEASE
from tests.databases import NewDatabase
from tests.fakes.department import LOG, licence
from tests.fakes.issuing import City


@pytest.fixture
def register(new_database: NewDatabase) -> Iterator[Register]:
    made = Register(new_database("register"))
    yield made
    made.close()


def held(register: Register, log: str = LOG) -> tuple[str, int]:
    with register.reading() as connection:
        holder, epoch = connection.execute(
            select(LEASE.c.holder, LEASE.c.epoch).where(LEASE.c.log == log)
        ).one()
    return holder, epoch


def writes(lease: Lease) -> bool:
    try:
        with lease.writing():
            return True
    except LeaseLost:
        return False


def test_the_second_waits_and_takes_over_what_nobody_renews(register: Register) -> None:
    first, second = Lease(register, LOG, "first"), Lease(register, LOG, "second")
    assert first.renew(0)
    assert [second.renew(50), second.renew(50 + LEASE_SECONDS - 1)] == [False, False]
    assert held(register) == ("first", 1)
    assert second.renew(50 + LEASE_SECONDS)
    assert held(register) == ("second", 2)
    assert (writes(first), writes(second)) == (False, True)
    assert not first.renew(RENEWAL_SECONDS)


def test_who_renews_keeps_the_lease(register: Register) -> None:
    first, second = Lease(register, LOG, "first"), Lease(register, LOG, "second")
    for now in range(0, 10 * LEASE_SECONDS, LEASE_SECONDS - 1):
        assert first.renew(now)
        assert not second.renew(now)
        assert writes(first)


def test_a_clock_that_was_set_back_neither_loses_the_lease_nor_waits_for_ever(register: Register) -> None:
    first, second = Lease(register, LOG, "first"), Lease(register, LOG, "second")
    assert first.renew(100_000)
    assert not second.renew(100_000)
    for now in range(0, 4 * LEASE_SECONDS, LEASE_SECONDS - 1):
        assert first.renew(now)
        assert not second.renew(now)
    last = now
    assert not second.renew(last - 10)
    assert second.renew(last - 10 + LEASE_SECONDS)


def test_a_clean_stop_lets_the_next_begin_at_once(register: Register) -> None:
    first, second = Lease(register, LOG, "first"), Lease(register, LOG, "second")
    first.renew(0)
    first.release()
    assert not writes(first)
    assert second.renew(0)
    assert held(register) == ("second", 2)
    first.release()
    assert held(register) == ("second", 2), "only one's own lease is given up"
    with register.reading() as connection:
        assert find_lease_holder(connection, LOG) == "second"
        assert find_lease_holder(connection, "wuhan") == ""


def test_the_first_two_do_not_both_take_it(register: Register) -> None:
    leases = [Lease(register, LOG, name) for name in ("first", "second", "third")]
    took = [False] * len(leases)

    def take(index: int) -> None:
        took[index] = leases[index].renew(0)

    threads = [threading.Thread(target=take, args=(index,)) for index in range(len(leases))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(took) == [False, False, True]


def test_a_takeover_waits_for_a_transaction_under_way(register: Register) -> None:
    first, second = Lease(register, LOG, "first"), Lease(register, LOG, "second")
    first.renew(0)
    second.renew(0)
    took = threading.Event()

    def take_over() -> None:
        if second.renew(LEASE_SECONDS):
            took.set()

    late = threading.Thread(target=take_over)
    with first.writing():
        late.start()
        assert not took.wait(0.2)
    late.join()
    assert took.is_set()
    assert not writes(first)


def test_a_lease_that_was_never_taken_allows_nothing(register: Register) -> None:
    assert not writes(Lease(register, LOG, "first"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    made = Register(f"sqlite:///{tmp_path_factory.mktemp('lease') / 'register.db'}")
    yield made
    made.close()


LOGS = (f"log{number}" for number in count())
NAMES = ("first", "second", "third")
STEPS = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(["renew", "write", "write", "release"]),
    st.integers(-3 * LEASE_SECONDS, 3 * LEASE_SECONDS),
)


@given(st.lists(STEPS, max_size=30))
def test_clocks_may_jump_but_never_make_two_holders(
    plain: Register, steps: list[tuple[str, str, int]]
) -> None:
    log = next(LOGS)
    leases, clocks = {name: Lease(plain, log, name) for name in NAMES}, dict.fromkeys(NAMES, 0)
    leases["first"].renew(0)
    for name, what, jump in steps:
        before = held(plain, log)
        clocks[name] += jump
        if what == "renew":
            leases[name].renew(clocks[name])
            after = held(plain, log)
            assert after == before or after == (name, before[1] + 1)
        elif what == "write":
            assert writes(leases[name]) == (before[0] == name)
        else:
            leases[name].release()
            assert held(plain, log) == (("" if before[0] == name else before[0]), before[1])


def test_a_restart_after_a_kill_waits_for_the_lease_and_one_after_a_stop_does_not(tmp_path: Path) -> None:
    city = City(tmp_path)
    try:
        city.submit(licence(1))
        assert city.anchorer.step()
        city.stop()
        city.start()
        waited = 0
        while not city.anchorer.step():
            city.mine()
            waited += 1
        assert waited == LEASE_SECONDS
        stop = threading.Event()
        stop.set()
        city.anchorer.run(stop)
        assert city.new_anchorer().step()
    finally:
        city.stop()


class Clock:
    """A clock that moves when somebody waits; `meanwhile` is what the others do then."""

    def __init__(self, meanwhile: Callable[[float], object] = float) -> None:
        self.now, self._meanwhile = 0.0, meanwhile

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self._meanwhile(self.now)


def test_work_beside_which_nobody_may_anchor_waits_for_who_was_killed_and_gives_the_lease_up(
    register: Register,
) -> None:
    killed, other, clock = Lease(register, LOG, "killed"), Lease(register, LOG, "other"), Clock()
    killed.renew(0)
    with hold_lease(register, LOG, clock, clock.wait) as lease:
        assert clock.now == LEASE_SECONDS
        assert held(register) == (name_holder(), 2)
        assert writes(lease)
        assert not other.renew(0)
    assert held(register)[0] == ""
    assert not writes(lease)
    assert other.renew(0)


def test_work_beside_which_nobody_may_anchor_is_not_begun_beside_an_anchorer(register: Register) -> None:
    anchorer = Lease(register, LOG, "tianmen:4711")
    anchorer.renew(0)
    clock = Clock(anchorer.renew)
    said = r"tianmen:4711 .* anchors tianmen.* stop that node"
    with pytest.raises(LeaseHeld, match=said), hold_lease(register, LOG, clock, clock.wait):
        pytest.fail("it was begun")
    assert writes(anchorer)


def test_the_lease_is_renewed_for_as_long_as_the_work_takes(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anchoring.anchorer.lease.RENEWAL_SECONDS", 0.01)
    other = Lease(register, LOG, "other")
    renewed = threading.Semaphore(0)
    renew = Lease.renew

    def counted(self: Lease, now: float) -> bool:
        kept = renew(self, now)
        renewed.release()
        return kept

    monkeypatch.setattr(Lease, "renew", counted)
    clock = count()  # every look at it is a second later
    with hold_lease(register, LOG, lambda: next(clock)) as lease:
        for now in range(4):
            assert not renew(other, now * (LEASE_SECONDS - 1))
            while renewed.acquire(blocking=False):
                pass
            for _ in range(2):  # the first may have begun before the look
                assert renewed.acquire(timeout=30)
        assert writes(lease)
