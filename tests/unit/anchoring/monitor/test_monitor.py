"""Public entries of another city: fetched and checked, late, withheld, at fault.

And nodes that answer what they like.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy.dialects import sqlite

from anchoring.errors import PeerFailed, PeerRefused, Quarantined
from anchoring.monitor import pages, queries
from anchoring.monitor.monitor import PEER_BACKOFF, Monitor
from anchoring.processes.loops import Backoff
from ledger.encoding.canonical import Json, encode
from tests.databases import NewDatabase
from tests.fakes.publishing import GRACE, FakePeer, Watch
from tests.scenes import City, Registry


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    made = Watch(f"sqlite:///{tmp_path / 'replica.db'}", City(Registry()))
    yield made
    made.close()


@pytest.fixture
def either(new_database: NewDatabase) -> Iterator[Watch]:
    """Return a watch on either database."""
    made = Watch(new_database("replica"), City(Registry()))
    yield made
    made.close()


def test_entries_of_every_anchor_are_fetched_and_kept(either: Watch) -> None:
    either.grow(1, 0, 3, 2)
    either.look()
    assert either.states() == ["published", "", "published", "published"]
    copies = either.published.page(either.city.name, 0, 100)
    held = either.peer.held[either.city.name]
    assert [(copy.first, copy.entry, copy.source) for copy in copies] == [
        (first, entry, either.peer.name) for first, entry in sorted(held.items())
    ]
    assert [copy.sequence for copy in copies] == [1, 3, 3, 3, 4, 4]
    assert either.published.count_states(either.registry.now) == {either.city.name: {"published": 3}}


def test_nothing_is_asked_for_that_is_here(watch: Watch) -> None:
    watch.grow(2, 2)
    watch.look(3)
    assert len(watch.peer.asked) == 1, "one page had all"


def test_it_goes_on_after_a_restart(either: Watch) -> None:
    either.grow(1, 1)
    either.look()
    either.grow(1)
    later = Monitor(either.replica, {either.city.name: [either.peer]}, clock=lambda: either.registry.now)
    assert later.step() == 1
    assert either.states() == ["published"] * 3


def test_many_pages_make_one_anchor(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_ENTRIES", 2)
    watch.grow(5, 1)
    watch.look()
    assert watch.states() == ["published", "published"]
    assert watch.peer.asked == [0, 4, 8]


# -- late --


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
    assert watch.published.page(watch.city.name, 0, 10)


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
    longest = PEER_BACKOFF.longest
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
    assert (found.state, found.attempts, found.asked_at) == ("awaited", 0, None)
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
    return _items({"first": 0, "entry": {"type": "shunzheng/entry/2"}})


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


# -- copies of copies --


def test_another_city_helps_out_when_the_own_node_is_gone(tmp_path: Path) -> None:
    helper = FakePeer("http://helper")
    watch = Watch(f"sqlite:///{tmp_path / 'replica.db'}", City(Registry()), helper)
    watch.grow(2)
    helper.held = {name: dict(entries) for name, entries in watch.peer.held.items()}
    watch.peer.gone()
    watch.look()
    assert watch.states() == ["published"]
    assert {copy.source for copy in watch.published.page(watch.city.name, 0, 10)} == {"http://helper"}
    watch.close()


def test_what_another_city_makes_up_does_not_stain_this_one(tmp_path: Path) -> None:
    liar = FakePeer("http://liar")
    watch = Watch(f"sqlite:///{tmp_path / 'replica.db'}", City(Registry()), liar)
    watch.grow(1)
    (other,) = watch.submissions(1)
    liar.held = {watch.city.name: {0: other.entry}}
    watch.peer.gone()
    watch.look()
    assert watch.states() == ["awaited"]
    assert watch.published.page(watch.city.name, 0, 10) == []
    watch.close()


# -- at fault --


def test_other_entries_than_the_anchored_are_faulty_and_never_kept(either: Watch) -> None:
    either.grow(1)
    held = either.peer.held[either.city.name]
    good = held[0]
    held[0] = replace(good, accepted=good.accepted + 1)
    either.look()
    assert either.states() == ["faulty"]
    assert "fold to" in either.entries_of(1).findings[0]
    assert either.published.page(either.city.name, 0, 10) == []
    either.peer.gone()
    either.look(2)
    assert either.states() == ["faulty"], "it stands until the node answers again"
    assert "fold to" in either.entries_of(1).findings[0]
    either.peer.back()
    held[0] = good
    either.look(2)
    assert either.states() == ["published"], "it is asked again"


def test_what_was_anchored_without_right_is_kept_as_evidence(either: Watch) -> None:
    city = either.city
    stranger = city.new_key()
    either.anchor(city.submit(city.licence(), signer=stranger))
    either.look(3)
    assert either.states() == ["faulty"]
    (finding,) = either.entries_of(1).findings
    assert (
        finding == f"position 0: the key 0x{stranger.public.id.hex()} was not registered (key_not_registered)"
    )
    assert len(either.published.page(city.name, 0, 10)) == 1
    assert len(either.peer.asked) == 1, "they are the anchored ones: asking again would change nothing"


def test_a_root_anchored_twice_is_found_over_all_anchors(either: Watch) -> None:
    (submission,) = either.submissions(1)
    either.anchor(submission)
    either.grow(1)
    either.anchor(submission)
    either.look()
    assert either.states() == ["published", "published", "faulty"]
    told = either.entries_of(3).findings[0]
    assert (
        "is anchored with sequence 3, and was with sequence 1 at position 0, which counts (entry_repeated)"
        in told
    )


def test_verification_asks_the_copies_whether_an_entry_was_anchored_before(either: Watch) -> None:
    """Complete is what is known when every entry up to the anchor is here; a void anchor hides nothing that counts."""
    (submission,) = either.submissions(1)
    root, name = submission.entry.statement.root, either.city.name

    def known(sequence: int) -> tuple[list[tuple[int, int]], bool] | None:
        with either.replica.reading() as reading:
            reading.entries = either.published
            occurrences = reading.occurrences(name, root, sequence)
        if occurrences is None:
            return None
        return [(one.sequence, one.position) for one in occurrences.first], occurrences.complete

    assert known(1) is None  # nothing is watched yet
    either.anchor(submission)
    either.grow(1, publish=False)
    either.anchor(submission)
    either.look()
    assert known(1) == ([(1, 0), (3, 4)], True)
    assert known(2) == ([(1, 0), (3, 4)], False)
    assert known(4) == ([(1, 0), (3, 4)], False)  # not walked yet
    with either.replica.reading() as reading:
        reading.entries = either.published
        assert reading.occurrences("wuhan", root, 1) is None


def test_entries_of_a_void_anchor_that_nobody_gives_hide_nothing(either: Watch) -> None:
    (submission,) = either.submissions(1)
    either.city.anchor(*either.submissions(1), status_root=b"\x07" * 32)
    either.anchor(submission)
    either.look()
    with either.replica.reading() as reading:
        reading.entries = either.published
        known = reading.occurrences(either.city.name, submission.entry.statement.root, 2)
    assert known
    assert known.complete


def test_a_root_is_looked_up_by_index(watch: Watch) -> None:
    """A log may have millions of entries, and each verification asks."""
    watch.anchor(*watch.submissions(1))
    watch.look()
    with watch.replica.reading() as reading:
        for query in (queries.OCCURRENCES, queries.MISSING_ENTRIES):
            statement = str(query.compile(dialect=sqlite.dialect())).replace("?", "1")
            plan = reading.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
            assert not [row for row in plan if "SCAN" in str(row)], plan


def test_a_void_anchor_still_has_its_entries(watch: Watch) -> None:
    (submission,) = watch.submissions(1)
    watch.city.anchor(submission, status_root=bytes(32))
    watch.peer.held[watch.city.name] = {0: submission.entry}
    watch.look()
    assert watch.states() == ["published"]


def test_findings_of_one_anchor_are_few(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    watch.anchor(*[watch.city.submit(watch.city.licence(), signer=watch.city.new_key()) for _ in range(40)])
    watch.look()
    assert len(watch.entries_of(1).findings) == 20


# -- nodes that answer what they like --

Answer = Callable[[FakePeer, str, int], bytes]


def _items(*items: Json) -> bytes:
    return encode({"items": list(items)})


def _altered(peer: FakePeer, log: str, position: int, **members: Any) -> bytes:
    page = orjson.loads(peer.page(log, position, 100))
    for item in page["items"]:
        item |= members
    return orjson.dumps(page)


def _statement(peer: FakePeer, name: str, position: int, /, **members: Any) -> bytes:
    page = orjson.loads(peer.page(name, position, 100))
    for item in page["items"]:
        item["entry"]["statement"] |= members
    return orjson.dumps(page)


HOSTILE: dict[str, tuple[Answer, str]] = {
    "nothing": (lambda peer, log, position: b"", "awaited"),
    "no JSON": (lambda peer, log, position: b"<html>", "awaited"),
    "deep nesting": (lambda peer, log, position: b"[" * 10_000, "awaited"),
    "another shape": (lambda peer, log, position: b"[]", "awaited"),
    "no list": (lambda peer, log, position: b'{"items": {}}', "awaited"),
    "too many items": (lambda peer, log, position: _items(*[1] * 501), "awaited"),
    "no entries": (lambda peer, log, position: _items({"first": 0}), "awaited"),
    "a negative position": (lambda peer, log, position: b'{"items":[{"first":-1,"entry":{}}]}', "awaited"),
    "the same page for ever": (lambda peer, log, position: peer.page(log, 2, 100), "awaited"),
    "an empty page for ever": (lambda peer, log, position: _items(), "awaited"),
    "positions far away": (lambda peer, log, position: _altered(peer, log, position, first=2**39), "awaited"),
    "one position for all": (lambda peer, log, position: _altered(peer, log, position, first=0), "awaited"),
    "a malformed entry": (
        lambda peer, log, position: _altered(peer, log, position, first=0, entry={}),
        "faulty",
    ),
    "a newer entry": (
        lambda peer, log, position: _altered(
            peer, log, position, first=0, entry={"type": "shunzheng/entry/2"}
        ),
        "awaited",
    ),
    "another count": (lambda peer, log, position: _statement(peer, log, position, count=4), "faulty"),
    "too large a count": (lambda peer, log, position: _statement(peer, log, position, count=2**20), "faulty"),
    "another log": (lambda peer, log, position: _statement(peer, log, position, log="wuhan"), "faulty"),
    "another issuer": (lambda peer, log, position: _statement(peer, log, position, issuer="x"), "faulty"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_is_never_kept(watch: Watch, name: str) -> None:
    watch.grow(2)
    answer, state = HOSTILE[name]
    watch.peer.broken = lambda log, position: answer(watch.peer, log, position)
    watch.look()
    assert watch.states() == [state]
    assert watch.published.page(watch.city.name, 0, 10) == []
    assert len(watch.peer.asked) <= 3
    watch.peer.back()
    watch.look(2)
    assert watch.states() == ["published"]


def test_a_node_that_gives_one_entry_at_a_time_is_given_up(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MAX_PAGES", 5)
    watch.grow(8)
    watch.peer.broken = lambda log, position: watch.peer.page(log, position, 1)
    watch.look()
    assert watch.states() == ["faulty"]
    assert "more than 5 pages" in watch.entries_of(1).findings[0]
    assert len(watch.peer.asked) == 5


def test_a_node_that_takes_its_time_is_given_up(watch: Watch) -> None:
    watch.grow(8)

    def slow(log: str, position: int) -> bytes:
        watch.registry.now += 40
        return watch.peer.page(log, position, 1)

    watch.peer.broken = slow
    watch.look()
    assert watch.states() == ["awaited"]
    assert "longer than 60 s" in watch.entries_of(1).findings[0]


@pytest.mark.parametrize("where", ["page", "entry"])
def test_what_a_node_sends_is_told_without_what_a_terminal_would_obey(
    watch: Watch, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    watch.grow(1)
    entry = orjson.loads(watch.peer.page(watch.city.name, 0, 1))["items"][0]["entry"]
    evil: Json = {"first": 0, "entry": entry | {"\x1b[2J" + "x" * 2000: 1}}
    page = {"\x1b[2J": 1} if where == "page" else {"items": [evil]}
    watch.peer.broken = lambda log, position: orjson.dumps(page)
    watch.look()
    (finding,) = watch.entries_of(1).findings
    assert finding.isprintable()
    assert len(finding) < 400
    assert "\x1b" not in caplog.text


def test_one_malformed_entry_does_not_hide_its_neighbours(watch: Watch) -> None:
    watch.grow(1, 1, 1)
    page = orjson.loads(watch.peer.page(watch.city.name, 0, 10))
    page["items"][1]["entry"] = {}
    watch.peer.broken = lambda log, position: orjson.dumps(page)
    watch.look()
    assert watch.states() == ["published", "faulty", "published"]


def test_what_another_city_says_of_one_log_is_not_asked_about_others(tmp_path: Path) -> None:
    registry = Registry()
    tianmen, wuhan = City(registry), City(registry, "wuhan")
    watch = Watch(f"sqlite:///{tmp_path / 'replica.db'}", tianmen)
    wuhan.anchor(wuhan.submit(wuhan.licence()))
    watch.grow(1)
    watch.look()
    assert watch.published.count_states(watch.registry.now) == {"tianmen": {"published": 1}}
    watch.close()


def test_a_registry_without_the_log_is_watched_until_it_comes(tmp_path: Path) -> None:
    registry = Registry()
    watch = Watch(f"sqlite:///{tmp_path / 'replica.db'}", City(registry, "wuhan"))
    monitor = Monitor(watch.replica, {"tianmen": [watch.peer]}, clock=lambda: registry.now)
    assert monitor.step() == 0
    tianmen = City(registry)
    submission = tianmen.submit(tianmen.licence())
    tianmen.anchor(submission)
    watch.peer.held["tianmen"] = {0: submission.entry}
    assert monitor.step() == 1
    watch.close()


def test_copies_of_another_schema_are_fetched_anew(watch: Watch) -> None:
    watch.grow(2)
    watch.look()
    with watch.replica.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE published_schema SET number = 0")
    fresh = Watch(str(watch.replica.engine.url), watch.city)
    assert fresh.published.count_states(fresh.registry.now) == {}, "of another schema nothing is read"
    fresh.peer.held = watch.peer.held
    fresh.look()
    assert fresh.states() == ["published"]
    fresh.close()


def test_it_waits_longer_while_the_replica_cannot_be_read(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """…and then goes on; only being told to stop ends it."""
    watch.grow(1)
    pauses: list[float] = []
    step = watch.monitor.step

    class Stop:
        def is_set(self) -> bool:
            return len(pauses) > 7

        def wait(self, seconds: float) -> bool:
            pauses.append(seconds)
            return self.is_set()

    def fail() -> int:
        if len(pauses) < 6:
            raise Quarantined("event 4 is not what the chain holds")
        return step()

    monkeypatch.setattr(watch.monitor, "step", fail)
    watch.monitor.run(Stop())
    assert pauses == [2, 4, 8, 16, 30, 30, 2, 2]
    assert watch.states() == ["published"]


def test_before_the_monitor_has_run_nothing_is_known(watch: Watch) -> None:
    assert watch.published.count_states(watch.registry.now) == {}
    assert watch.published.page("tianmen", 0, 10) == []
    assert watch.published.of_anchor("tianmen", 1, watch.registry.now) is None
    assert watch.published.entry_at("tianmen", 0) is None
    assert watch.published.find_worst(["tianmen"], watch.registry.now) == {"tianmen": "awaited"}


def test_the_entry_at_a_position(watch: Watch) -> None:
    watch.grow(2, 1)
    watch.look()
    found = [watch.published.entry_at(watch.city.name, position) for position in range(7)]
    assert [pair[0] if pair else None for pair in found] == [0, 0, 2, 2, 4, 4, None]
