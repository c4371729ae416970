"""Several processes of a node share its port; a second node is told that it is taken."""

import socket

import pytest

from api.node import listening
from api.node.errors import SettingsError
from api.node.listening import check_free, shared_socket


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_port_is_shared_by_those_who_say_so(port: int) -> None:
    with shared_socket("127.0.0.1", port) as first, shared_socket("127.0.0.1", port) as second:
        first.listen()
        second.listen()
        with socket.create_connection(("127.0.0.1", port)):
            pass


def test_a_node_that_runs_already_is_noticed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_PATIENCE_SECONDS", 0.2)
    check_free("127.0.0.1", port)
    with shared_socket("127.0.0.1", port) as running:
        running.listen()
        with pytest.raises(SettingsError, match="does this node run already"):
            check_free("127.0.0.1", port)
    check_free("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused_at_once(port: int) -> None:
    with pytest.raises(SettingsError, match="cannot be used"):
        check_free("192.0.2.1", port)


def test_the_newer_protocol_has_a_socket_of_its_own() -> None:
    with shared_socket("::1", 0) as bound:
        assert bound.family == socket.AF_INET6
