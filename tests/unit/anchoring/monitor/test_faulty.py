"""Entries that are not the anchored ones, were anchored without right, or twice."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.dialects import sqlite

from anchoring.monitor import queries
from tests.fakes.publishing import FakePeer, Watch
from tests.scenes import City, Registry


def test_another_city_helps_out_when_the_own_node_is_gone(tmp_path: Path) -> None:
    helper = FakePeer("http://helper")
    watch = Watch(f"sqlite:///{tmp_path / 'replica.db'}", City(Registry()), helper)
    watch.grow(2)
    helper.held = {name: dict(entries) for name, entries in watch.peer.held.items()}
    watch.peer.gone()
    watch.look()
    assert watch.states() == ["published"]
    assert {copy.source_name for copy in watch.published.list_page(watch.city.name, 0, 10)} == {
        "http://helper"
    }
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
    assert watch.published.list_page(watch.city.name, 0, 10) == []
    watch.close()


def test_other_entries_than_the_anchored_are_faulty_and_never_kept(either: Watch) -> None:
    either.grow(1)
    held = either.peer.held[either.city.name]
    good = held[0]
    held[0] = replace(good, accepted_at=good.accepted_at + 1)
    either.look()
    assert either.states() == ["faulty"]
    assert "fold to" in either.entries_of(1).findings[0]
    assert either.published.list_page(either.city.name, 0, 10) == []
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
    assert len(either.published.list_page(city.name, 0, 10)) == 1
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
            occurrences = reading.find_occurrences(name, root, sequence)
        if occurrences is None:
            return None
        return [
            (one.sequence, one.position) for one in occurrences.first_occurrences
        ], occurrences.is_complete

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
        assert reading.find_occurrences("wuhan", root, 1) is None


def test_entries_of_a_void_anchor_that_nobody_gives_hide_nothing(either: Watch) -> None:
    (submission,) = either.submissions(1)
    either.city.anchor(*either.submissions(1), status_root=b"\x07" * 32)
    either.anchor(submission)
    either.look()
    with either.replica.reading() as reading:
        reading.entries = either.published
        known = reading.find_occurrences(either.city.name, submission.entry.statement.root, 2)
    assert known
    assert known.is_complete


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
