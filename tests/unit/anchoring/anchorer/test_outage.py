"""What waits while there is no chain.

For how long it still counts, and where it is anchored.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from anchoring.register.submissions import Submission, list_submissions
from ledger.records.submissions import MAX_STATEMENT_SECONDS
from ledger.verification.entries import check_batch
from tests.fakes.department import LOG, change, licence
from tests.fakes.issuing import City

DAY: Final = 86_400


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path)
    made.submit(licence(1))
    made.settle(3)
    yield made
    made.stop()


def hand_in(city: City) -> None:
    """Hand in some licences, and changes of one that take an anchor each."""
    for number in range(10):
        city.submit(licence(10 + number))
    for number in range(6):
        city.submit(change(("suspend", "resume")[number % 2], 1))


def without_chain(city: City, seconds: int) -> None:
    """Let so much time pass until the next block, in which the batch under way is mined."""
    city.anchorer.step()
    city.chain.seconds = seconds
    city.mine()
    city.chain.seconds = 1
    city.settle(30)


def submissions(city: City) -> list[Submission]:
    with city.register.reading() as connection:
        return list_submissions(connection, limit=100)


def faults(city: City) -> set[str]:
    """Return what another city finds wrong with the entries of all anchors."""
    said = set()
    with city.replica.reading() as reading:
        for sequence in {submission.sequence for submission in submissions(city)}:
            anchor = reading.find_anchor(LOG, sequence or 0)
            assert anchor
            entries = [one.entry for one in submissions(city) if one.sequence == sequence]
            said |= {fault.reason for fault in check_batch(anchor, entries, reading)}
    return said


def test_what_waits_for_a_day_without_a_chain_is_anchored_inside_of_its_window(city: City) -> None:
    """No sequence passes meanwhile, so the window is as far away as before; of 72 hours two days are left."""
    hand_in(city)
    without_chain(city, DAY)
    assert faults(city) == set()
    waited = submissions(city)[1:]
    assert len({submission.sequence for submission in waited}) >= 6
    for submission in waited:
        window, sequence = submission.entry.statement.window, submission.sequence
        assert window
        assert sequence
        assert sequence in window
        assert submission.entry.statement.expires_at - city.chain.now > 47 * 3600


def test_what_waits_for_longer_than_its_statement_lives_counts_no_more(city: City) -> None:
    """The positions were promised, so it is anchored all the same: it must be stated anew."""
    hand_in(city)
    without_chain(city, MAX_STATEMENT_SECONDS + 1)
    assert faults(city) == {"statement_expired"}
