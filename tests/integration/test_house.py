"""Tests that may use the network reach the addresses that `conftest.py` lists, and no other."""

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_only_the_listed_addresses_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
    with socket.socket() as elsewhere, pytest.raises(SocketConnectBlockedError):
        elsewhere.connect(("127.0.0.2", 9))  # this machine too, but not on the list
