"""What the processes of a node make of its settings."""

import resource
from pathlib import Path

import pytest

from anchoring.chain.jsonrpc import Endpoint
from anchoring.errors import ChainUnavailable
from api import processes
from api.limits import MAX_CONNECTIONS, OPEN_FILES
from api.node.errors import SettingsError
from api.node.listening import raise_open_files
from api.node.settings import Settings

REGISTRY = "eip155:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3:1f0c2d9a8b7e6f50"


def settings(directory: Path, chain_url: str | None) -> Settings:
    return Settings(directory=directory, registry=REGISTRY, replica_url="sqlite://", chain_url=chain_url)


def test_every_endpoint_is_asked_and_named_without_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(endpoint: Endpoint, method: str, *parameters: object) -> None:
        raise ChainUnavailable("no answer")

    monkeypatch.setattr(Endpoint, "request", unreachable)
    urls = "http://user:word@127.0.0.1:1/key http://localhost:1"
    with pytest.raises(ChainUnavailable) as caught:
        processes.open_chain(settings(tmp_path, urls)).fetch_latest_block()
    said = str(caught.value)
    assert "endpoint 1: no answer" in said
    assert "endpoint 2: no answer" in said
    assert "127.0.0.1" not in said, "what others may read names no machine"
    assert "word" not in said
    assert "key" not in said


@pytest.mark.parametrize(
    ("urls", "said"),
    [(None, "`chain_url` is missing"), ("http://127.0.0.1:1 ws://127.0.0.1:1", "node.toml: .* not 'ws:")],
)
def test_endpoints_that_cannot_be_used_are_named(tmp_path: Path, urls: str | None, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        processes.open_chain(settings(tmp_path, urls))


@pytest.mark.parametrize(
    ("bounds", "raised"),
    [((1_024, 2**20), (OPEN_FILES, 2**20)), ((1_024, 4_096), (4_096, 4_096)), ((2**16, 2**20), None)],
)
def test_descriptors_are_raised_to_what_connections_need_or_the_machine_allows(
    monkeypatch: pytest.MonkeyPatch, bounds: tuple[int, int], raised: tuple[int, int] | None
) -> None:
    assert MAX_CONNECTIONS < OPEN_FILES / 2
    set_limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: bounds)
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: set_limits.append(limits))
    raise_open_files()
    assert set_limits == ([raised] if raised else [])
