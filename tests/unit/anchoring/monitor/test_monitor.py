"""Public entries of another city are fetched, checked against their anchors and kept."""

from pathlib import Path

import pytest

from anchoring.errors import Quarantined
from anchoring.monitor import pages
from anchoring.monitor.monitor import Monitor
from tests.fakes.publishing import Watch
from tests.scenes import City, Registry


def test_entries_of_every_anchor_are_fetched_and_kept(either: Watch) -> None:
    either.grow(1, 0, 3, 2)
    either.look()
    assert either.states() == ["published", "", "published", "published"]
    copies = either.published.list_page(either.city.name, 0, 100)
    held = either.peer.held[either.city.name]
    assert [(copy.first_position, copy.entry, copy.source_name) for copy in copies] == [
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
    assert watch.published.list_page("tianmen", 0, 10) == []
    assert watch.published.find_anchor_entries("tianmen", 1, watch.registry.now) is None
    assert watch.published.find_entry("tianmen", 0) is None
    assert watch.published.find_worst(["tianmen"], watch.registry.now) == {"tianmen": "awaited"}


def test_the_entry_at_a_position(watch: Watch) -> None:
    watch.grow(2, 1)
    watch.look()
    found = [watch.published.find_entry(watch.city.name, position) for position in range(7)]
    assert [pair[0] if pair else None for pair in found] == [0, 0, 2, 2, 4, 4, None]
