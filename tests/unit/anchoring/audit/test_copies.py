"""Copies of entries, receipts and broken promises, as another city sees them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from anchoring.audit.findings import AuditReport
from anchoring.monitor.copies import EntryCopies
from anchoring.monitor.monitor import Monitor
from ledger.verification.receipts import SignedReceipt, decode_signed_receipt
from tests.auditing import audit
from tests.fakes.backups import KeptCopies, back_up
from tests.fakes.department import LOG, licence
from tests.fakes.issuing import City
from tests.fakes.restored import Story
from tests.unit.anchoring.audit.planting import audited


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[City, EntryCopies]]:
    """A city whose replica also has the copies that another city's monitor fetched: one batch's are withheld."""
    city = City(tmp_path)
    for serial in range(3):
        city.submit(licence(serial))
        city.settle()
    peer = KeptCopies(city.register)
    peer.held.pop(1)
    Monitor(city.replica, {LOG: [peer]}, withheld_after=0, clock=lambda: city.chain.now).step()
    yield city, EntryCopies(city.replica.engine, grace_seconds=0)
    city.stop()


def elsewhere(city: City, published: EntryCopies, receipts: Sequence[SignedReceipt] = ()) -> AuditReport:
    """Audit as another city does: without the register."""
    with city.replica.reading() as reading:
        return audit(reading, entry_copies=published, receipts=receipts, now=city.chain.now)


def test_copies_of_entries_are_checked_against_their_anchors(watched: tuple[City, EntryCopies]) -> None:
    city = watched[0]
    report = elsewhere(*watched)
    assert report.findings == ()
    assert report.checked_counts["copied batches"] == 2
    assert [remark.slug for remark in report.remarks] == ["entries-withheld"]
    for statement, slug in (
        (
            "UPDATE published_entry SET entry = (SELECT entry FROM published_entry WHERE first = 2)",
            "not-in-batch",
        ),
        ("UPDATE published_entry SET sequence = 9 WHERE first = 0", "copy-unanchored"),
        ("DELETE FROM published_entry WHERE first = 0", "copies-missing"),
    ):
        with city.replica.engine.begin() as connection:
            connection.exec_driver_sql(statement)
        assert slug in {finding.slug for finding in elsewhere(*watched).findings}


def test_receipts_are_judged_by_the_register_or_by_copies(tmp_path: Path) -> None:
    """The promise of a position that another submission got, as after a restore, and others."""
    city = City(tmp_path)
    story = Story(city)
    story.submit("first", licence(1))
    backup = back_up(city.register)
    story.submit("lost", licence(2))
    story.lose(backup)
    story.submit("second", licence(3))
    city.settle()
    kept = {name: decode_signed_receipt(story.signed_receipt(
                name, deadline=story.acceptances[name].deadline or 0, seed=seed))
            for seed, name in enumerate(("first", "lost", "second"), 11)}  # fmt: skip
    with city.replica.reading() as reading:
        report = audit(reading, city.register, now=city.chain.now, receipts=kept.values())
    assert report.checked_counts["receipts"] == 3
    assert [(finding.slug, finding.place) for finding in report.findings] == [
        ("promise-contradicted", f"receipt {story.acceptances['lost'].id}")
    ]
    report = elsewhere(city, EntryCopies(city.replica.engine), [kept["first"]])
    assert (report.is_clean, [remark.slug for remark in report.remarks]) == (True, ["receipt-unknown"])
    city.stop()


def test_a_promise_that_the_register_itself_broke_is_found(tmp_path: Path) -> None:
    city = City(tmp_path)
    city.submit(licence(1))
    city.chain.mine(4_000)
    city.follow()
    assert [finding.slug for finding in audited(city).findings] == ["promise-broken"]
    city.settle()
    assert [finding.slug for finding in audited(city).findings] == ["promise-broken"]
    city.stop()
