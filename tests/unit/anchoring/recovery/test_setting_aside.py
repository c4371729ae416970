"""What a restored register took too early is set aside; what waits and may stay, waits on."""

from pathlib import Path

import pytest

from anchoring.anchorer.lease import Lease
from anchoring.errors import AnchorContradicted, LeaseLost, RegisterBehind
from anchoring.recovery.planning import make_plan
from anchoring.recovery.recovery import take_back
from tests.fakes.backups import KeptCopies, Unreachable, back_up
from tests.fakes.department import LOG, change, licence
from tests.fakes.issuing import City
from tests.fakes.restored import Restored, Story


def test_a_submission_that_waited_in_the_backup_stays_where_it_was_anchored(tmp_path: Path) -> None:
    """It was in the register, though in no batch: its own entry folds to the anchored root, and nobody is asked."""
    city = City(tmp_path)
    story = Story(city)
    story.submit("first", licence(1))
    city.settle()
    story.submit("waiting", licence(2), licence(3))
    story.submit("longer", change("suspend", 2))
    backup = back_up(city.register)
    city.settle()
    story.lose(backup)
    silent = Unreachable()
    planned = story.recover(tmp_path, silent)
    assert silent.asked == 0
    assert planned.submissions_aside == ()
    city.settle()
    assert (story.audited().findings, story.audited().remarks) == ((), ())
    assert story.send("longer") == story.acceptances["longer"]
    city.stop()


def test_what_was_taken_before_the_loss_was_noticed_is_set_aside_and_taken_anew(
    fallen: Restored, tmp_path: Path
) -> None:
    """The chain could not be seen after the restore, so intake promised positions that the chain has long given away."""
    early = fallen.take_early()
    assert early.first_position == 6
    planned = fallen.recover(tmp_path / "aside", fallen.copies)
    assert [local.first_position for local in planned.submissions_aside] == [6]
    (file,) = (tmp_path / "aside").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().splitlines() == fallen.sent["early"]
    assert fallen.audited().findings == ()
    for name in ("second", "third"):
        fallen.send(name)
    assert fallen.send("early").first_position == 12
    fallen.city.settle()
    report = fallen.audited()
    assert (report.findings, report.remarks, report.is_whole) == ((), (), True)


def test_a_recovery_that_is_killed_starts_over(fallen: Restored, tmp_path: Path) -> None:
    with fallen.city.replica.reading() as reading:
        planned = make_plan(fallen.city.register, reading, LOG, [fallen.copies])
        with pytest.raises(KeyboardInterrupt), fallen.city.register.writing():
            raise KeyboardInterrupt
        take_back(fallen.city.register, reading, planned, fallen.city.chain.now)
        with pytest.raises(RegisterBehind, match="changed meanwhile"):
            take_back(fallen.city.register, reading, planned, fallen.city.chain.now)
    assert fallen.audited().is_clean


def test_what_intake_takes_while_a_recovery_plans_is_not_overrun(fallen: Restored, tmp_path: Path) -> None:
    """Only an API process that has not seen the chain takes anything then; what it took is set aside the next time."""
    with fallen.city.replica.reading() as reading:
        planned = make_plan(fallen.city.register, reading, LOG, [fallen.copies])
        fallen.take_early()
        with pytest.raises(RegisterBehind, match="took a submission meanwhile"):
            take_back(fallen.city.register, reading, planned, fallen.city.chain.now)
    assert [local.first_position for local in fallen.recover(tmp_path, fallen.copies).submissions_aside] == [
        6
    ]
    assert fallen.audited().findings == ()


def test_nothing_is_taken_back_once_somebody_else_anchors(fallen: Restored) -> None:
    lease = Lease(fallen.city.register, LOG, "recovery")
    lease.renew(0)
    lease.release()
    Lease(fallen.city.register, LOG, "anchorer").renew(0)
    before = back_up(fallen.city.register)
    with fallen.city.replica.reading() as reading:
        planned = make_plan(fallen.city.register, reading, LOG, [fallen.copies])
        with pytest.raises(LeaseLost):
            take_back(lease, reading, planned, fallen.city.chain.now)
    assert back_up(fallen.city.register) == before


def test_what_waited_behind_a_lost_batch_goes_on_waiting(tmp_path: Path) -> None:
    """One certificate changes twice, so two batches: the chain has the first, the backup is from before either."""
    city = City(tmp_path)
    story = Story(city)
    story.submit("first", licence(1))
    city.settle()
    story.submit("suspend", change("suspend", 1))
    story.submit("resume", change("resume", 1))
    backup = back_up(city.register)
    while len(city.anchors()) < 2:
        city.anchorer.step()
        city.mine()
    city.mine(city.chain.final_depth)
    story.lose(backup)
    planned = story.recover(tmp_path)
    assert planned.kept_positions == {1, 2}
    assert planned.submissions_aside == ()
    city.settle()
    assert story.send("resume").first_position == 2
    assert [anchor.sequence for anchor in city.anchors()] == [1, 2, 3]
    assert (story.audited().findings, story.audited().remarks) == ((), ())
    city.stop()


def test_what_waits_behind_missing_records_cannot_stay(fallen: Restored, tmp_path: Path) -> None:
    """It was accepted without them, so it may contradict them, though its own positions are free."""
    fallen.take_early(*(licence(100 + number) for number in range(6)))
    assert fallen.take_early(change("suspend", 1)).first_position == 12
    planned = fallen.recover(tmp_path, fallen.copies)
    assert [local.first_position for local in planned.submissions_aside] == [6, 12]
    assert fallen.audited().findings == ()


def test_a_batch_that_lost_against_one_of_before_the_restore_is_dropped(tmp_path: Path) -> None:
    """The one way to freeze otherwise: the transaction of before was in nobody's sight, waiting to be mined."""
    city = City(tmp_path)
    story = Story(city)
    story.submit("before", licence(1))
    backup = back_up(city.register)
    story.submit("lost", licence(2))
    city.anchorer.step()  # sends both; the transaction is not mined yet
    copies = KeptCopies(city.register)
    story.lose(backup)
    city.anchorer.step()  # freezes one of them alone, under the same sequence
    with pytest.raises(AnchorContradicted, match="shunzheng recover"):
        city.settle()
    city.mine(city.chain.final_depth)
    planned = story.recover(tmp_path, copies)
    assert planned.displaced_sequences == (1,)
    assert planned.kept_positions == {0}
    assert planned.submissions_aside == ()
    story.send("lost")
    city.settle()
    assert [anchor.sequence for anchor in city.anchors()] == [1]
    assert (story.audited().findings, story.audited().remarks) == ((), ())
    city.stop()


def test_what_is_set_aside_takes_its_links_with_it(fallen: Restored, tmp_path: Path) -> None:
    target = "sm3:" + "11" * 32
    fallen.take_early(licence(70, links=[{"rel": "sealed-by", "record": target}]))
    fallen.recover(tmp_path, fallen.copies)
    assert fallen.audited().findings == ()
    for name in ("second", "third"):
        fallen.send(name)
    assert fallen.send("early").first_position == 12
    assert (fallen.audited().findings, fallen.audited().checked_counts["links"]) == ((), 1)
