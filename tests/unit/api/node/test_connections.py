"""How many connections a node asks of PostgreSQL servers is counted by server and part."""

from pathlib import Path

import pytest

from api.node.connections import count_connections
from api.node.parts import ANCHORER, API, FOLLOWER, MONITOR
from api.node.settings import Settings

REGISTRY = "eip155:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3:1f0c2d9a8b7e6f50"
EVERY_PART = (API, FOLLOWER, ANCHORER, MONITOR)
TWO_HOSTS = "postgresql://shunzheng@/register?host=db1.example:5432&host=db2.example:5432"


def settings_of(register: str, replica: str, checkpoints: str) -> Settings:
    return Settings(
        directory=Path("/nowhere"),
        registry=REGISTRY,
        log="tianmen",
        register_url=register,
        replica_url=replica,
        checkpoints_url=checkpoints,
    )


def test_a_node_fits_into_what_a_server_allows_by_itself() -> None:
    settings = settings_of(*(f"postgresql://shunzheng:word@db.example/{name}" for name in "rst"))
    assert count_connections(settings, EVERY_PART) == {"db.example": 90}, "of 100, 3 are the superuser's"
    assert count_connections(settings, [API, API]) == {"db.example": 120}
    assert count_connections(settings, [ANCHORER]) == {"db.example": 10}


def test_servers_are_counted_apart_and_files_not_at_all() -> None:
    settings = settings_of(TWO_HOSTS, "sqlite:////var/replica.db", "postgresql://shunzheng@db.example:6432/c")
    counts = count_connections(settings, EVERY_PART)
    assert counts == {"db1.example:5432,db2.example:5432": 25, "db.example:6432": 30}


@pytest.mark.parametrize("url", ["sqlite:///register.db", "sqlite://"])
def test_a_node_on_files_asks_for_none(url: str) -> None:
    assert not count_connections(settings_of(url, url, url), EVERY_PART)
