"""A register restored from yesterday's backup.

It notices, stops, takes back what others have, goes on.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from anchoring.errors import AnchorContradicted, RegisterBehind, SubmissionRefused
from anchoring.intake.intake import accept
from anchoring.recovery.planning import make_plan
from anchoring.recovery.recovery import take_back
from anchoring.register.batches import find_last_batch
from anchoring.register.tables import BATCH
from anchoring.register.tables import LOG as LOGS
from ledger.registry import acts
from tests.auditing import audit
from tests.fakes.backups import KeptCopies, Unreachable, back_up, restore
from tests.fakes.department import LOG, SETTINGS, change, licence
from tests.fakes.issuing import City
from tests.fakes.restored import Restored, Story


def refused(story: Restored, *rows: dict[str, Any]) -> str:
    with pytest.raises(SubmissionRefused) as caught:
        story.city.submit(*rows)
    return caught.value.problem


def test_it_notices_and_neither_takes_nor_anchors_and_says_what_is_missing(fallen: Restored) -> None:
    for act in (fallen.city.anchorer.step, lambda: fallen.city.submit(licence(50))):
        with pytest.raises(RegisterBehind) as caught:
            act()
        assert "batches 2 to 3" in str(caught.value)
        assert "6 records" in str(caught.value)
        assert "2026-11-23T" in str(caught.value)
        assert "shunzheng recover" in str(caught.value)
    assert {finding.slug for finding in fallen.audited().findings} == {"batch-missing", "status-differs"}


def test_everything_comes_back_and_the_register_goes_on(restored: Restored, tmp_path: Path) -> None:
    """Batches from the chain, entries from another city, records from the department: as if nothing had happened."""
    planned = restored.recover(tmp_path, Unreachable(), restored.copies)
    assert [(lost.anchor.sequence, lost.source_name) for lost in planned.lost_batches] == [
        (2, "wuhan"),
        (3, "wuhan"),
    ]
    report = restored.audited()
    assert report.findings == ()
    assert report.checked_counts["records not back yet"] == 6
    assert [restored.send(name).first_position for name in ("second", "third")] == [6, 10]
    for name in ("second", "third"):
        back, before = restored.send(name), restored.acceptances[name]
        assert (back.id, back.first_position, back.accepted_at) == (
            before.id,
            before.first_position,
            before.accepted_at,
        )
    assert restored.send("waiting").first_position == 12  # nobody but the department has it: it is new
    restored.city.submit(change("revoke", 1))
    restored.city.settle()
    report = restored.audited()
    assert (report.findings, report.remarks, report.is_whole) == ((), (), True)
    assert report.checked_counts["records"] == 14
    assert [anchor.sequence for anchor in restored.city.anchors()] == [1, 2, 3, 4]
    assert [restored.verdict(n) for n in (0, 1, 20, 40)] == ["valid", "not_current", "valid", "valid"]


def test_while_records_are_missing_the_rest_goes_on_and_no_lineage_gets_two_branches(
    fallen: Restored, tmp_path: Path
) -> None:
    fallen.recover(tmp_path, fallen.copies)
    assert refused(fallen, licence(60)) == "records-missing"  # licence 60 may be among what is missing
    assert (
        refused(fallen, change("revoke", 1)) == "records-missing"
    )  # suspended and resumed by records that are
    assert refused(fallen, change("renew", 2, 3)) == "records-missing"
    assert refused(fallen, change("revoke", 10, previous="sm3:" + "00" * 32)) == "records-missing"
    assert fallen.city.submit(change("suspend", 3)).first_position == 12  # of it nothing is missing
    fallen.city.settle()
    assert [anchor.sequence for anchor in fallen.city.anchors()] == [1, 2, 3, 4]
    assert fallen.audited().findings == ()
    assert {unchecked.slug for unchecked in fallen.audited().unchecked_findings} == {
        "chain-not-asked",
        "records-missing",
    }
    assert not fallen.audited().is_whole
    assert [fallen.verdict(n) for n in (0, 3)] == ["valid", "not_current"]
    fallen.send("second")
    fallen.send("third")
    assert fallen.city.submit(licence(60), change("revoke", 1)).first_position == 13
    fallen.city.settle()
    report = fallen.audited()
    assert (report.findings, report.remarks, report.is_whole) == ((), (), True)


def test_records_come_back_in_the_order_of_their_lineages(fallen: Restored, tmp_path: Path) -> None:
    fallen.recover(tmp_path, fallen.copies)
    with pytest.raises(SubmissionRefused, match="previous"):
        fallen.send("third")  # it resumes what `second` suspended
    fallen.send("second")
    fallen.send("third")
    assert fallen.audited().is_clean


def test_what_comes_back_must_be_what_was_anchored(fallen: Restored, tmp_path: Path) -> None:
    fallen.recover(tmp_path, fallen.copies)
    altered = list(fallen.sent["second"])
    altered[1] = altered[1].replace("行政许可法".encode(), "行政处罚法".encode())
    fallen.sent["altered"] = altered if altered != fallen.sent["second"] else altered[:-1]
    with pytest.raises(SubmissionRefused):
        fallen.send("altered")
    assert fallen.audited().checked_counts["records not back yet"] == 6


def test_without_the_entries_heartbeats_go_on_and_nothing_is_taken(fallen: Restored, tmp_path: Path) -> None:
    planned = fallen.recover(tmp_path, Unreachable())
    assert [lost.entries for lost in planned.lost_batches] == [None, None]
    assert planned.faults == ("nobody: it cannot be reached",)
    assert refused(fallen, licence(60)) == "entries-missing"
    with pytest.raises(SubmissionRefused, match="shunzheng recover"):
        fallen.send("second")
    fallen.city.chain.mine(700)
    fallen.city.settle(3)
    assert [anchor.sequence for anchor in fallen.city.anchors()] == [1, 2, 3, 4]
    report = fallen.audited()
    assert report.findings == ()
    assert {unchecked.slug for unchecked in report.unchecked_findings} == {
        "chain-not-asked",
        "entries-missing",
        "records-missing",
    }
    assert not report.is_whole
    assert fallen.verdict(0) == "valid"
    fallen.recover(tmp_path, fallen.copies)  # now somebody has them
    assert [fallen.send(name).first_position for name in ("second", "third", "waiting")] == [6, 10, 12]
    fallen.city.settle()
    report = fallen.audited()
    assert (report.findings, report.remarks, report.is_whole) == ((), (), True)


@pytest.mark.parametrize("lie", ["altered", "swapped", "shifted", "left-out", "none", "malformed"])
def test_entries_are_believed_only_if_they_fold_to_the_anchored_root(
    fallen: Restored, tmp_path: Path, lie: str
) -> None:
    liar = KeptCopies()
    liar.held = list(fallen.copies.held)
    second, third = (entry for _, entry in liar.held[1:])
    match lie:
        case "altered":
            liar.held[1] = (6, second | {"accepted": "2026-11-23T01:00:00Z"})
        case "swapped":
            liar.held[1:] = [(6, third), (8, second)]
        case "shifted":
            liar.held[1:] = [(7, second), (11, third)]
        case "left-out":
            liar.held.pop(1)
        case "none":
            liar.held = []
        case _:
            liar.held[1] = (6, {"type": "shunzheng/entry/1"})
    planned = fallen.recover(tmp_path, liar)
    assert planned.lost_batches[0].entries is None
    assert len(planned.faults) >= 1
    fallen.recover(tmp_path, fallen.copies)
    assert [fallen.send(name).first_position for name in ("second", "third")] == [6, 10]
    assert fallen.audited().is_clean


def test_a_register_of_which_nothing_is_left_comes_back_whole(fallen: Restored, tmp_path: Path) -> None:
    fallen.lose({name: [] for name in fallen.backup})
    with pytest.raises(RegisterBehind, match="batches 1 to 3"):
        fallen.send("first")
    planned = fallen.recover(tmp_path, fallen.copies)
    assert len(planned.lost_batches) == 3
    assert [fallen.send(name).first_position for name in ("first", "second", "third", "waiting")] == [
        0,
        6,
        10,
        12,
    ]
    fallen.city.settle()
    report = fallen.audited()
    assert (report.findings, report.remarks, report.is_whole) == ((), (), True)


def test_a_frozen_batch_in_the_backup_is_the_one_on_the_chain(tmp_path: Path) -> None:
    """A frozen batch keeps its bytes, so a backup from any moment between freezing and finality agrees with the chain."""
    city = City(tmp_path)
    city.submit(licence(1))
    backups = []
    for _ in range(4):
        city.anchorer.step()
        backups.append(back_up(city.register))
        city.mine()
    city.settle()
    for backup in backups:
        restore(city.register, backup)
        city.stop()
        city.start()
        city.settle()
        with city.replica.reading() as reading:
            assert audit(reading, city.register, now=city.chain.now).findings == ()
    assert [anchor.sequence for anchor in city.anchors()] == [1]
    city.stop()


def test_a_whole_register_has_nothing_to_take_back(tmp_path: Path) -> None:
    city = City(tmp_path)
    city.submit(licence(1))
    city.settle()
    city.submit(licence(2))
    with city.replica.reading() as reading:
        before = back_up(city.register)
        planned = make_plan(city.register, reading, LOG, [Unreachable()])
        assert (planned.lost_batches, planned.submissions_aside, planned.displaced_sequences) == ((), (), ())
        take_back(city.register, reading, planned, city.chain.now)
        assert back_up(city.register) == before
    city.stop()


def test_nothing_is_frozen_before_the_replica_has_shown_what_the_chain_holds(tmp_path: Path) -> None:
    """Register and replica come from the same backup: one has something to freeze, the other shows no anchor of it yet."""
    city = City(tmp_path)
    city.submit(licence(1))
    backup = back_up(city.register)
    with closing(sqlite3.connect(tmp_path / "replica.db")) as connection:
        connection.execute("VACUUM INTO ?", (str(tmp_path / "old.db"),))
    city.submit(licence(2))
    city.settle()
    city.stop()
    for file in tmp_path.glob("replica.db*"):
        file.unlink()
    (tmp_path / "old.db").rename(tmp_path / "replica.db")
    city.start()
    story = Story(city)
    restore(city.register, backup)
    for _ in range(3):
        city.anchorer.step()
        with city.register.reading() as read:
            assert find_last_batch(read) is None
    city.follow()
    with pytest.raises(RegisterBehind):
        city.anchorer.step()
    story.recover(tmp_path)
    assert [anchor.sequence for anchor in city.anchors()] == [1]
    city.stop()


def test_a_register_that_is_no_backup_of_this_log_is_left_alone(fallen: Restored, tmp_path: Path) -> None:
    register = fallen.city.register
    with register.writing() as connection:
        connection.execute(update(BATCH).values(payload=bytes(64)))
    with pytest.raises(AnchorContradicted, match="no backup"):
        fallen.recover(tmp_path, fallen.copies)
    with register.writing() as connection:
        connection.execute(update(LOGS).values(name="wuhan"))
    with pytest.raises(AnchorContradicted, match="is of wuhan"):
        fallen.recover(tmp_path, fallen.copies)


def test_an_anchor_that_is_not_final_is_waited_for(tmp_path: Path) -> None:
    city = City(tmp_path)
    backup = back_up(city.register)
    city.submit(licence(1))
    city.anchorer.step()
    city.mine()
    story = Story(city)
    story.lose(backup)
    with pytest.raises(RegisterBehind, match="not final yet"):
        story.recover(tmp_path)
    city.stop()


def test_what_was_accepted_comes_back_though_its_key_is_retired_and_its_time_over(
    fallen: Restored, tmp_path: Path
) -> None:
    """It was judged when it came first; since then the key was retired, the statement expired, and rules may be stricter."""
    city = fallen.city
    fallen.recover(tmp_path, fallen.copies)
    city.act(acts.KeyRetired(city.department.key.public.id, city.chain.now + 1))
    city.mine(10)
    later = city.chain.now + 30 * 86_400
    with city.replica.reading() as trust:
        for name in ("second", "third"):
            acceptance = accept(city.register, trust, fallen.sent[name], later, SETTINGS)
            assert acceptance.first_position == fallen.acceptances[name].first_position
    assert fallen.audited().findings == ()
