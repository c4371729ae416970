"""Entries that come late or never: awaited, withheld, published late, and who is accused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from anchoring.errors import PeerFailed, PeerRefused
from anchoring.monitor.monitor import PEER_BACKOFF
from anchoring.processes.loops import Backoff
from tests.fakes.publishing import GRACE, FakePeer, Watch, page_of
from tests.scenes import City, Registry


def test_entries_that_do_not_come_in_time_are_withheld(either: Watch) -> None:
    either.grow(1)
    either.grow(1, publish=False)
    either.look()
    assert either.states() == ["published", "awaited"]
    either.look(GRACE // 700 + 2)
    assert either.states() == ["published", "withheld"]
    assert "does not have them" in either.entries_of(2).findings[0]
    assert either.published.find_worst([either.city.name], either.registry.now) == {
        either.city.name: "withheld"
    }
    either.grow(1)
    either.look()
    assert either.states() == ["published", "withheld", "published"], "what is newer is not kept waiting"


def test_what_comes_late_is_published_late(watch: Watch) -> None:
    (submission,) = watch.submissions(1)
    watch.anchor(submission, publish=False)
    watch.look(GRACE // 700 + 2)
    assert watch.states() == ["withheld"]
    watch.peer.held[watch.city.name] = {0: submission.entry}
    watch.look(2)
    found = watch.entries_of(1)
    assert (found.state, found.findings) == ("published", ())
    assert found.late_seconds >= GRACE
    assert watch.published.list_page(watch.city.name, 0, 10)


def test_what_was_never_asked_for_in_time_is_not_called_late(watch: Watch) -> None:
    """A node that was itself away for a day accuses nobody."""
    watch.grow(1)
    watch.registry.wait(10 * GRACE)
    watch.look()
    assert (watch.entries_of(1).state, watch.entries_of(1).late_seconds) == ("published", 0)


def test_withheld_follows_from_a_question_after_the_grace_not_from_the_clock_alone(either: Watch) -> None:
    either.grow(1, publish=False)
    deadline = either.deadline(1)
    either.registry.now = deadline - 1
    either.look()
    for either.registry.now in (deadline - 1, deadline, deadline + 1, deadline + 10 * GRACE):
        assert either.states() == ["awaited"]
    asked = len(either.peer.asked)
    either.registry.now = deadline
    either.look()
    assert (either.states(), len(either.peer.asked)) == (["withheld"], asked + 1), "at the very end"
    assert either.entries_of(1).asked_at == deadline


def test_what_is_there_when_the_grace_ends_is_not_called_late(watch: Watch) -> None:
    """It is asked for at the end of the grace, and not ten minutes later."""
    (submission,) = watch.submissions(1)
    watch.anchor(submission, publish=False)
    deadline = watch.deadline(1)
    watch.registry.now = deadline - 1
    watch.look()
    watch.peer.held[watch.city.name] = {0: submission.entry}
    watch.registry.now = deadline + 1
    assert watch.states() == ["awaited"]
    watch.look()
    assert (watch.entries_of(1).state, watch.entries_of(1).late_seconds) == ("published", 0)


@pytest.mark.parametrize("before", [3600, 1])
def test_a_node_that_was_away_when_the_grace_ended_accuses_nobody(watch: Watch, before: int) -> None:
    """Neither where it was to ask long before nor where it was to ask at the end of the grace."""
    watch.grow(1, publish=False)
    watch.registry.now = watch.deadline(1) - before
    watch.look()
    watch.registry.wait(10 * GRACE)
    assert watch.states() == ["awaited"], "it was to ask again, and has not"
    watch.look()
    assert watch.states() == ["withheld"]


@pytest.fixture
def patient(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Return a watch that leaves a node alone for five to ten minutes from its first failure on."""
    longest = PEER_BACKOFF.longest_seconds
    monkeypatch.setattr("anchoring.monitor.monitor.PEER_BACKOFF", Backoff(longest, longest))
    return watch


def test_an_outage_before_the_end_of_the_grace_makes_nothing_late(patient: Watch) -> None:
    (submission,) = patient.submissions(1)
    patient.anchor(submission, publish=False)
    patient.registry.now = patient.deadline(1) - 100
    patient.peer.gone()
    patient.look()
    patient.peer.back()
    patient.peer.held[patient.city.name] = {0: submission.entry}
    patient.look()
    assert len(patient.peer.asked) == 1, "it is left alone"
    patient.registry.now = patient.deadline(1)
    patient.look()
    assert (patient.entries_of(1).state, patient.entries_of(1).late_seconds) == ("published", 0)


def test_a_node_out_of_reach_when_the_grace_ends_is_asked_once_and_then_left_alone(patient: Watch) -> None:
    patient.grow(1, 1)
    patient.registry.now = patient.deadline(1) - 100
    patient.peer.gone()
    patient.look()
    patient.registry.now = patient.deadline(2)
    patient.look(3, seconds=2)
    assert len(patient.peer.asked) == 2, "once for both anchors"
    assert patient.states() == ["withheld", "awaited"], "the second was not asked for since"


def test_where_nobody_was_asked_nothing_was_attempted(patient: Watch) -> None:
    patient.grow(1)
    patient.peer.gone()
    patient.look()
    patient.grow(1)
    patient.look(2, seconds=10)
    found = patient.entries_of(2)
    assert (found.state, found.attempt_count, found.asked_at) == ("awaited", 0, None)
    assert len(patient.peer.asked) == 1
    assert found.due_at
    patient.peer.back()
    patient.registry.now = found.due_at + 1
    patient.look()
    assert patient.states()[1] == "published", "it is due when the node has had its rest"


def test_a_clock_that_was_a_day_ahead_once_accuses_nobody_and_puts_nothing_off(watch: Watch) -> None:
    (submission,) = watch.submissions(1)
    watch.anchor(submission, publish=False)
    right = watch.registry.now
    watch.registry.now += 86_400
    watch.look()
    watch.grow(1)
    watch.peer.gone()
    watch.look()
    watch.registry.now = right + 10
    watch.peer.back()
    assert watch.states() == ["awaited", "awaited"]
    watch.look()
    assert watch.states() == ["awaited", "published"]
    watch.peer.held[watch.city.name][0] = submission.entry
    watch.look(2)
    assert (watch.entries_of(1).state, watch.entries_of(1).late_seconds) == ("published", 0)


def _newer(peer: FakePeer, log: str) -> bytes:
    return page_of({"first": 0, "entry": {"type": "shunzheng/entry/2"}})


def _refuses(peer: FakePeer, log: str) -> bytes:
    raise PeerRefused("it answers 503")


def _is_too_slow(peer: FakePeer, log: str) -> bytes:
    raise PeerFailed("it took longer than 20 s to answer")


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param(lambda peer, log: peer.page(log, 0, 10), "withheld", id="has none"),
        pytest.param(_refuses, "withheld", id="refuses"),
        pytest.param(lambda peer, log: b"<html>", "withheld", id="answers something else"),
        pytest.param(_is_too_slow, "withheld", id="is too slow"),
        pytest.param(_newer, "awaited", id="gives what a newer release writes"),
    ],
)
def test_withheld_is_what_a_node_was_asked_for_in_vain(
    watch: Watch, answer: Callable[[FakePeer, str], bytes], state: str
) -> None:
    watch.grow(1, publish=False)
    watch.peer.broken = lambda log, position: answer(watch.peer, log)
    watch.registry.now = watch.deadline(1)
    watch.look()
    assert watch.states() == [state]


def test_what_another_city_does_not_have_says_nothing_about_this_one(tmp_path: Path) -> None:
    watch = Watch(f"sqlite:///{tmp_path / 'replica.db'}", City(Registry()), FakePeer("http://helper"))
    watch.grow(1)
    watch.peer.gone()
    watch.registry.now = watch.deadline(1)
    watch.look(3)
    assert watch.entries_of(1).answered_at is None
    watch.close()


def test_a_node_out_of_reach_is_left_alone_longer_each_time_and_nothing_of_it_stays(watch: Watch) -> None:
    watch.grow(1)
    watch.peer.gone()
    # Past the hour of grace by two of the longest pauses.
    for _ in range(2400):
        watch.registry.now += 2
        watch.monitor.step()
    assert 8 <= len(watch.peer.asked) <= 25, "some 4,800 seconds with pauses of up to ten minutes"
    assert watch.states() == ["withheld"]
    assert "cannot be reached" in watch.entries_of(1).findings[0]
    watch.peer.back()
    watch.look(2)
    found = watch.entries_of(1)
    assert (found.state, found.late_seconds) == ("published", 0), (
        "whether it was down or we were cut off, nobody can tell"
    )


def test_what_a_node_does_not_have_is_asked_for_less_and_less_often(watch: Watch) -> None:
    watch.grow(1, publish=False)
    for _ in range(1000):
        watch.registry.now += 2
        watch.monitor.step()
    assert 6 <= len(watch.peer.asked) <= 20, "some 2,000 seconds with pauses of up to ten minutes"


def test_a_city_that_withholds_much_does_not_keep_the_rest_waiting(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anchoring.monitor.monitor.ROUND_ANCHORS", 3)
    watch.grow(*[1] * 6, publish=False)
    watch.grow(1)
    watch.look(6)
    assert watch.states()[-1] == "published"
