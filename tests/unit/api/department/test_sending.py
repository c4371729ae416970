"""A submission is handed in again where the node asks for it, and never where it is refused.

As often as patience allows.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import httpx
import pytest

from api.client.answers import ReceiptAnswer
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.department.sending import hand_in

RECEIPT: Final[ReceiptAnswer] = {"id": "00", "log": "tianmen", "count": 1, "first": 0}


class Node(NodeClient):
    """A node that answers as planned; an exception is raised, anything else is the receipt."""

    def __init__(self, *answers: NodeError | ReceiptAnswer) -> None:
        self.answers, self.sent = list(answers), list[bytes]()

    def submit(self, lines: Iterable[bytes]) -> ReceiptAnswer:
        self.sent.append(b"".join(lines))
        answer = self.answers.pop(0)
        if isinstance(answer, NodeError):
            raise answer
        return answer


def busy(seconds: int) -> NodeError:
    return NodeError("full", "too-much-waiting", 429, seconds)


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    path = tmp_path / "records.submission"
    path.write_bytes(b"statement\nrecord\n")
    return path


def test_the_same_bytes_are_sent_until_they_are_taken(
    submission: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node, slept = Node(busy(5), busy(40), RECEIPT), list[float]()
    assert hand_in(node, submission, sleep=slept.append) == RECEIPT
    assert slept == [5, 40]
    assert node.sent == [b"statement\nrecord\n"] * 3
    assert "Trying again in 40 s." in capsys.readouterr().err


def test_patience_ends(submission: Path) -> None:
    node, slept = Node(*[busy(40)] * 9), list[float]()
    with pytest.raises(NodeError):
        hand_in(node, submission, 100, slept.append)
    assert slept == [40, 40]


def test_a_node_cannot_make_it_wait_for_long_or_not_at_all(submission: Path) -> None:
    node, slept = Node(busy(10**9), busy(0), RECEIPT), list[float]()
    hand_in(node, submission, 1000, slept.append)
    assert slept == [300, 1]


def test_a_refusal_is_final(submission: Path) -> None:
    node = Node(NodeError("no", "unknown-key", 403), RECEIPT)
    with pytest.raises(NodeError):
        hand_in(node, submission, sleep=lambda _: None)
    assert len(node.sent) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("9" * 400, 999_999_999)],
)
def test_the_wait_is_read_from_the_answer(
    monkeypatch: pytest.MonkeyPatch, header: str, seconds: int | None
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, json={"type": "/problems/x"}, headers={"Retry-After": header})

    with NodeClient("http://node.example") as node:
        monkeypatch.setattr(
            node, "_http", httpx.Client(base_url=node.url, transport=httpx.MockTransport(answer))
        )
        with pytest.raises(NodeError) as caught:
            node.submit([b""])
    assert caught.value.retry_after == seconds
