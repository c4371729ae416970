"""What waits for the chain is measured; past a limit bulk is refused first.

Changes of status are refused later.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from anchoring import limits
from anchoring.errors import TooMuchWaiting
from anchoring.intake.backlog import (
    MAX_WAITING_SECONDS,
    URGENT_ROOM,
    Backlog,
    Gate,
    Room,
    Share,
    WaitingCount,
    measure_backlog,
)
from anchoring.intake.intake import accept
from tests.fakes.department import ISSUER, SETTINGS, change, licence
from tests.fakes.issuing import City

NOW = 10_000
ROOM = Room(max_records=100, max_bytes=1_000, max_seconds=60)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path)
    yield made
    made.stop()


def waiting(city: City) -> Backlog:
    with city.register.reading() as connection:
        return measure_backlog(connection)


def test_what_is_accepted_waits_until_the_chain_shows_it(city: City) -> None:
    assert waiting(city) == Backlog()
    first = city.submit(licence(1), licence(2))
    city.submit(licence(3))
    found = waiting(city)
    assert (
        found.submission_count,
        found.record_count,
        found.oldest_accepted_at,
        found.open_batch_frozen_at,
    ) == (
        2,
        3,
        first.accepted_at,
        None,
    )
    assert found.byte_count > 500
    city.anchorer.step()
    assert (waiting(city).record_count, waiting(city).open_batch_frozen_at) == (3, city.chain.now)
    city.mine()
    city.submit(licence(4))
    city.anchorer.step()
    assert (waiting(city).submission_count, waiting(city).record_count) == (1, 1)
    city.settle()
    assert waiting(city) == Backlog()


@pytest.mark.parametrize(
    ("found", "count", "bulk", "urgent"),
    [
        (Backlog(), 10**6, True, True),
        (Backlog(1, 90, 500, NOW), 10, True, True),
        (Backlog(1, 90, 500, NOW), 11, False, True),
        (Backlog(1, 150, 500, NOW), 51, False, False),
        (Backlog(1, 1, 1_001, NOW), 1, False, True),
        (Backlog(1, 1, 2_001, NOW), 1, False, False),
        (Backlog(1, 1, 1, NOW - 60), 1, True, True),
        (Backlog(1, 1, 1, NOW - 61), 1, False, True),
        (Backlog(1, 1, 1, NOW - 121), 1, False, False),
    ],
)
def test_changes_of_status_are_let_in_longer(found: Backlog, count: int, bulk: bool, urgent: bool) -> None:
    for is_urgent, fits in ((False, bulk), (True, urgent)):
        if fits:
            ROOM.check(found, ISSUER, count, NOW, is_urgent=is_urgent)
        else:
            with pytest.raises(TooMuchWaiting):
                ROOM.check(found, ISSUER, count, NOW, is_urgent=is_urgent)


@pytest.mark.parametrize(
    ("found", "seconds"),
    [
        (Backlog(1, 200, 0, NOW), 5),
        (Backlog(1, 200, 0, NOW, open_batch_frozen_at=NOW - 12), 12),
        (Backlog(1, 100 + 3 * 2**20, 0, NOW, open_batch_frozen_at=NOW - 12), 48),
        (Backlog(1, 1, 0, NOW - 7200, open_batch_frozen_at=NOW - 7200), 300),
    ],
)
def test_the_wait_is_computed_from_what_waits(found: Backlog, seconds: int) -> None:
    with pytest.raises(TooMuchWaiting) as caught:
        ROOM.check(found, ISSUER, 1, NOW, is_urgent=False)
    assert caught.value.retry_after_seconds == seconds


def test_a_full_register_refuses_bulk_takes_revocations_and_repeats_receipts(city: City) -> None:
    tight = Room(max_records=3)
    lines = {
        name: city.department.lines(rows, city.chain.now, find_newest_leaf=city.newest)
        for name, rows in (("first", [licence(1), licence(2)]), ("second", [licence(3), licence(4)]))
    }
    taken = []

    def send(sent: list[bytes]) -> None:
        settings = replace(SETTINGS, gate=Gate(city.register, tight, lambda: 0.0))
        with city.replica.reading() as trust:
            taken.append(accept(city.register, trust, sent, city.chain.now, settings))

    send(lines["first"])
    with pytest.raises(TooMuchWaiting):
        send(lines["second"])
    send(lines["first"])
    assert taken[0] == taken[1]
    send(
        city.department.lines(
            [change("revoke", 1), change("revoke", 2)], city.chain.now, find_newest_leaf=city.newest
        )
    )
    mixed = city.department.lines(
        [licence(5), change("renew", 1, 2)], city.chain.now, find_newest_leaf=lambda _: b"1" * 32
    )
    with pytest.raises(TooMuchWaiting):
        send(mixed)
    assert waiting(city).record_count == 4
    city.settle()
    send(lines["second"])


OTHER = "11420106EXAMPLE11A"


@pytest.mark.parametrize("urgent", [False, True])
def test_an_issuer_holds_as_much_as_it_leaves_free_and_others_find_room(urgent: bool) -> None:
    """Attack: one issuer hands in so much that no other may hand in anything until the chain has taken it."""
    waiting = Backlog()
    for number in range(1, 40):
        issuer = f"{number % 4:018d}"
        try:
            ROOM.check(waiting, issuer, 9, NOW, is_urgent=urgent)
        except TooMuchWaiting:
            continue
        waiting = waiting.add(issuer, 9, 1, NOW, is_urgent=urgent)
    held = {issuer: share.all_count.record_count for issuer, share in waiting.share_by_issuer.items()}
    assert max(held.values()) <= ROOM.max_records * (URGENT_ROOM if urgent else 1) / 2
    ROOM.check(waiting, OTHER, 9, NOW, is_urgent=urgent)


def test_bulk_of_an_issuer_never_keeps_out_its_changes_of_status() -> None:
    bulk = Backlog(1, 100, 500, NOW, share_by_issuer={ISSUER: Share(WaitingCount(100, 500))})
    with pytest.raises(TooMuchWaiting, match="100 of them are of this issuer"):
        ROOM.check(bulk, ISSUER, 1, NOW, is_urgent=False)
    ROOM.check(bulk, ISSUER, 50, NOW, is_urgent=True)
    changed = bulk.add(ISSUER, 50, 10, NOW, is_urgent=True)
    with pytest.raises(TooMuchWaiting):
        ROOM.check(changed, ISSUER, 1, NOW, is_urgent=True)
    ROOM.check(changed, OTHER, 25, NOW, is_urgent=True)


def test_bytes_of_entries_are_shared_alike() -> None:
    waiting = Backlog(10, 10, 600, NOW, share_by_issuer={ISSUER: Share(WaitingCount(10, 600))})
    with pytest.raises(TooMuchWaiting):
        ROOM.check(waiting, ISSUER, 1, NOW, is_urgent=False)
    ROOM.check(waiting, OTHER, 1, NOW, is_urgent=False)


def test_what_waits_is_counted_by_issuer(city: City) -> None:
    city.submit(licence(1), licence(2))
    city.submit(change("revoke", 1))
    share = waiting(city).share_by_issuer[ISSUER]
    assert (share.all_count.record_count, share.urgent_count.record_count) == (3, 1)
    assert 0 < share.urgent_count.byte_count < share.all_count.byte_count == waiting(city).byte_count


def test_what_was_let_in_counts_before_it_is_measured_again(city: City) -> None:
    """Attack: many submissions within the second for which a measure is believed."""
    gate = Gate(city.register, Room(max_records=4), lambda: 0.0)
    gate.check(ISSUER, 2, city.chain.now, is_urgent=False)
    gate.note(ISSUER, 2, 700, city.chain.now, is_urgent=False)
    with pytest.raises(TooMuchWaiting):
        gate.check(ISSUER, 2, city.chain.now, is_urgent=False)
    gate.check(OTHER, 2, city.chain.now, is_urgent=False)


def test_a_measure_is_believed_for_a_second(city: City) -> None:
    seconds = [0.0]
    gate = Gate(city.register, Room(max_records=1), lambda: seconds[0])
    gate.check(ISSUER, 1, city.chain.now, is_urgent=False)
    city.submit(licence(1), licence(2))
    gate.check(ISSUER, 1, city.chain.now, is_urgent=False)
    seconds[0] += 1
    with pytest.raises(TooMuchWaiting):
        gate.check(ISSUER, 1, city.chain.now, is_urgent=False)


def test_the_limits_leave_time_to_keep_a_promise() -> None:
    assert URGENT_ROOM * MAX_WAITING_SECONDS <= limits.PROMISE_SECONDS
