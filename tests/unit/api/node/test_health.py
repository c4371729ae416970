"""A part lives while it answers or reports, whatever it waits for."""

import http.client
from pathlib import Path

import pytest

from anchoring.database.engine import open_engine
from anchoring.processes.condition import Reporter
from api.limits import REPORTS_SILENCE_SECONDS
from api.node.health import list_silent_parts
from api.node.parts import ANCHORER, API, FOLLOWER
from api.node.settings import Settings

NOW = 1_800_000_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        directory=tmp_path, registry="eip155:1:0x00:00", replica_url=f"sqlite:///{tmp_path / 'replica.db'}"
    )


def test_a_part_that_reports_lives_also_while_it_fails(settings: Settings) -> None:
    engine = open_engine(settings.replica_url)
    Reporter(engine, ANCHORER, lambda: NOW).tell(ValueError("no chain"))
    engine.dispose()
    assert list_silent_parts(settings, [ANCHORER], NOW + REPORTS_SILENCE_SECONDS) == []
    assert list_silent_parts(settings, [ANCHORER], NOW + REPORTS_SILENCE_SECONDS + 1) == [ANCHORER]
    assert list_silent_parts(settings, [FOLLOWER], NOW) == [FOLLOWER]


def test_nobody_at_the_port_is_silent(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: http.client.HTTPConnection, method: str, path: str) -> None:
        assert (connection.host, connection.port) == ("127.0.0.1", 8080), (
            "it is asked where it can be reached"
        )
        raise ConnectionRefusedError

    monkeypatch.setattr(http.client.HTTPConnection, "request", refuse)
    everywhere = settings.model_copy(update={"listen": "0.0.0.0:8080"})
    assert list_silent_parts(everywhere, [API], NOW) == [API]
