"""A sound register gives no finding, and the report says what was looked at."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from anchoring.audit.findings import Findings
from anchoring.audit.register.submissions import RunningRoot
from ledger.crypto.suites import SM3
from ledger.crypto.trees import MerkleTree, hash_leaf
from tests.auditing import audit
from tests.fakes.department import change, licence
from tests.fakes.issuing import City
from tests.unit.anchoring.audit.planting import audited


def test_a_sound_register_gives_no_finding_and_the_report_says_what_was_looked_at(city: City) -> None:
    report = audited(city)
    assert report.findings == ()
    assert [remark.slug for remark in report.remarks] == ["waiting"]
    assert report.checked_counts == {
        "databases": 2,
        "events": report.checked_counts["events"],
        "logs": 1,
        "batches": 3,
        "anchors": 3,
        "transactions": 3,
        "entries": 4,
        "signatures": 5,
        "submissions": 5,
        "promises": 5,
        "records": 15,
        "records replayed": 15,
        "disclosures": 12,
        "lineages": 11,
        "links": 0,
        "facets": 15,
        "search terms": 12,
        "status changes": 4,
        "statuses": 10,
    }


def test_a_node_that_issues_nothing_audits_its_replica(city: City) -> None:
    with city.replica.reading() as reading:
        report = audit(reading, now=city.chain.now)
    assert report.is_clean
    assert report.checked_counts.keys() == {"databases", "events", "logs"}


def test_an_empty_register_is_sound(tmp_path: Path) -> None:
    city = City(tmp_path)
    assert audited(city).is_clean
    city.stop()


def test_the_audit_tells_how_far_it_is(city: City) -> None:
    told: list[tuple[str, int, int]] = []
    with city.replica.reading() as reading:
        audit(reading, city.register, now=city.chain.now, progress=lambda *args: told.append(args))
    assert ("records", 15, 15) in told
    assert ("batches", 3, 3) in told


def test_what_waits_beyond_its_statement_is_overdue(city: City) -> None:
    with city.replica.reading() as reading:
        report = audit(reading, city.register, now=city.chain.now + 8 * 86_400)
    assert [finding.slug for finding in report.findings] == ["overdue"]


def test_a_node_that_goes_on_working_gives_no_finding(tmp_path: Path) -> None:
    """The register is read after the replica, so it may say more than that state of the replica does."""
    city = City(tmp_path)
    city.submit(licence(1))
    city.settle()
    with city.replica.reading() as reading:
        city.submit(licence(2), change("suspend", 1))
        city.settle()
        report = audit(reading, city.register, now=city.chain.now)
    assert report.findings == ()
    assert [remark.slug for remark in report.remarks] == ["not-final"]
    city.stop()


def test_findings_are_kept_up_to_a_limit_and_counted_beyond_it() -> None:
    found = Findings()
    for number in range(1_500):
        found.add("slug", f"position {number}", "words")
    report = found.make_report()
    assert (len(report.findings), report.unlisted_count) == (1_000, 500)


@given(st.integers(1, 300))
def test_the_running_root_is_the_root_of_the_tree(count: int) -> None:
    leaves = [hash_leaf(SM3, bytes([number % 256, number // 256])) for number in range(count)]
    running = RunningRoot(SM3)
    for leaf in leaves:
        running.add(leaf)
    assert running.compute_root() == MerkleTree(SM3, leaves).root
