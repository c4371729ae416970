"""A client of a node over real sockets: what is sent is not always what was announced."""

import pytest

from api.client.client import NodeClient
from api.client.node_error import NodeError
from tests.integration.test_peers import answer, endless, server

LOGS = b'{"registry": "eip155:1", "items": []}'


def test_a_good_answer() -> None:
    with server(answer("200 OK", LOGS)) as url, NodeClient(url) as node:
        assert node.fetch_logs()["items"] == []


def test_an_answer_without_end() -> None:
    with server(endless) as url, NodeClient(url) as node, pytest.raises(NodeError, match="more than"):
        node.fetch_logs()


@pytest.mark.parametrize("length", [b"100", b"99999999999999999999", b"-1", b"x"])
def test_an_answer_of_another_length_than_it_says(length: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + length + b"\r\n\r\n"
    with (
        server(lambda connection: connection.sendall(head + LOGS)) as url,
        NodeClient(url) as node,
        pytest.raises(NodeError),
    ):
        node.fetch_logs()


def test_what_comes_behind_an_answer_is_not_read() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: " + str(len(LOGS)).encode() + b"\r\n\r\n"
    with (
        server(lambda connection: connection.sendall(head + LOGS + b"HTTP/1.1 200 OK\r\n\r\nmore")) as url,
        NodeClient(url) as node,
    ):
        assert node.fetch_logs()["registry"] == "eip155:1"


def test_heads_without_end_are_an_error() -> None:
    with (
        server(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 10**6)) as url,
        NodeClient(url) as node,
        pytest.raises(NodeError),
    ):
        node.fetch_logs()
