"""Nodes that answer what they like."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from anchoring.monitor import pages
from ledger.encoding.canonical import Json
from tests.fakes.publishing import FakePeer, Watch, page_of

Answer = Callable[[FakePeer, str, int], bytes]


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
    "too many items": (lambda peer, log, position: page_of(*[1] * 501), "awaited"),
    "no entries": (lambda peer, log, position: page_of({"first": 0}), "awaited"),
    "a negative position": (lambda peer, log, position: b'{"items":[{"first":-1,"entry":{}}]}', "awaited"),
    "the same page for ever": (lambda peer, log, position: peer.page(log, 2, 100), "awaited"),
    "an empty page for ever": (lambda peer, log, position: page_of(), "awaited"),
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
    assert watch.published.list_page(watch.city.name, 0, 10) == []
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
