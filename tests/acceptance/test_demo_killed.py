"""Kill what runs while the demo tells its story: it goes on, and registers nothing twice."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from anchoring.register.store import Register
from anchoring.register.tables import RECORD
from api.demo.stage import City, open_stage
from api.demo.story import Story
from api.node.settings import Settings
from tests.torture.parts import children

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in Linux's /proc"),
]


class Killer:
    """Listens to the story and kills where a sentence that is planned begins for the first time, so many seconds later."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.plans: dict[str, list[tuple[float, Callable[[], None]]]] = {}
        self.killed = 0

    def __call__(self, sentence: str) -> None:
        self.told.append(sentence)
        for beginning in [one for one in self.plans if sentence.strip().startswith(one)]:
            for seconds, kill in self.plans.pop(beginning):
                threading.Timer(seconds, self._do, [kill]).start()

    def _do(self, kill: Callable[[], None]) -> None:
        kill()
        self.killed += 1


def end(city: City, part: str = "") -> None:
    """Kill a node with its supervisor, or one process below it."""
    assert city.process
    os.kill(children(city.process.pid)[part] if part else city.process.pid, signal.SIGKILL)


def test_the_story_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAIN_URL", raising=False)
    killer = Killer()
    story = Story(open_stage(tmp_path / "demo", block_seconds=1), tell=killer)

    def tianmen(part: str = "") -> Callable[[], None]:
        return lambda: end(story.cities[0], part)

    def wuhan(part: str = "") -> Callable[[], None]:
        return lambda: end(story.cities[1], part)

    def chain() -> None:
        devnet = story.stage.devnet
        assert devnet
        until = time.monotonic() + 30
        while not devnet.is_running and time.monotonic() < until:
            time.sleep(0.05)
        assert devnet._process
        devnet._process.kill()

    killer.plans = {
        "1.": [(0.1, chain)],
        "The chain was stopped": [(1.0, chain)],
        "3.": [(0.2, tianmen("api"))],
        "4.": [(0.5, tianmen("anchorer")), (2.0, chain)],
        "5.": [(0.2, tianmen())],
        "7.": [(0.1, wuhan("api")), (0.1, wuhan("follower"))],
        "8.": [(0.0, wuhan())],
        "9.": [(0.5, chain)],
    }
    try:
        summary = story.play()
    finally:
        story.close()
    assert killer.killed == 10
    again = [sentence for sentence in killer.told if "started again" in sentence]
    assert len([sentence for sentence in again if "天门市" in sentence]) == 1
    assert len([sentence for sentence in again if "武汉市" in sentence]) == 1
    assert len([sentence for sentence in again if "chain" in sentence]) == 4
    url = Settings.load(story.cities[0].directory).register_url
    assert url
    with closing(Register(url)) as register, register.reading() as connection:
        records = connection.execute(select(func.count()).select_from(RECORD)).scalar_one()
    assert records == summary["records"]
    sealed = summary["sealed"]
    assert isinstance(sealed, dict)
    assert [*sealed.values()] == ["seal-not-in-force", "valid", "valid"]
