"""Several processes of a node share its port; a second node is told that it is taken."""

import socket
from pathlib import Path

import pytest

from anchoring.processes.supervisor import NEEDS_PERSON
from api import processes
from api.node import listening
from api.node.errors import SettingsError
from api.node.listening import bind_shared, check_free
from api.node.settings import Settings


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_port_is_shared_by_those_who_say_so(port: int) -> None:
    (first,), (second,) = bind_shared("127.0.0.1", port), bind_shared("127.0.0.1", port)
    with first, second:
        first.listen()
        second.listen()
        with socket.create_connection(("127.0.0.1", port)):
            pass


def test_a_node_that_runs_already_is_noticed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_PATIENCE_SECONDS", 0.2)
    check_free("127.0.0.1", port)
    (running,) = bind_shared("127.0.0.1", port)
    with running:
        running.listen()
        with pytest.raises(SettingsError, match="does this node run already"):
            check_free("127.0.0.1", port)
    check_free("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused_at_once(port: int) -> None:
    with pytest.raises(SettingsError, match="change `listen` to an address of this machine"):
        check_free("192.0.2.1", port)


def test_a_name_is_bound_at_each_of_its_addresses(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """An address that this machine does not have is left out, unless there is no other."""
    absent = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("192.0.2.1", port))
    v4 = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
    v6 = (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("::1", port, 0, 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [absent, v6, v4])
    listeners = bind_shared("node", port)
    try:
        assert [listener.family for listener in listeners] == [socket.AF_INET6, socket.AF_INET]
    finally:
        for listener in listeners:
            listener.close()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [absent])
    with pytest.raises(SettingsError, match="Cannot assign"):
        bind_shared("node", port)


def test_the_newer_protocol_has_a_socket_of_its_own(port: int) -> None:
    """`::` is no address of IPv4, with one process as with several."""
    (v6,), (v4,) = bind_shared("::", port), bind_shared("0.0.0.0", port)
    with v6, v4:
        assert (v6.family, v4.family) == (socket.AF_INET6, socket.AF_INET)


def test_a_port_that_is_taken_after_the_look_ends_the_process_for_a_person(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(listening, "_PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(processes, "log_to_stderr", lambda: None)
    registry = "eip155:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3:1f0c2d9a8b7e6f50"
    settings = Settings(directory=tmp_path, registry=registry, listen=f"127.0.0.1:{port}")
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert processes.run("api", settings) == NEEDS_PERSON
    assert f"127.0.0.1:{port} cannot be used" in capsys.readouterr().err
