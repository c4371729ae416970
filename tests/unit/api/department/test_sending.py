"""A submission is handed in again where the node asks for it, and never where it is refused.

As often as patience allows.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx
import pytest

from api.client.answers import ReceiptAnswer
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.department.drafts import Target
from api.department.sending import hand_in, send
from ledger.crypto.keys import decode_signature, generate_key
from ledger.crypto.suites import SM3
from ledger.errors import MalformedInput
from ledger.records.submissions import STATEMENT_TYPE, Window, decode_statement
from tests.fakes.department import LOG, NOW, Department, licence

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
            node, "_http_client", httpx.Client(base_url=node.url, transport=httpx.MockTransport(answer))
        )
        with pytest.raises(NodeError) as caught:
            node.submit([b""])
    assert caught.value.retry_after == seconds


REGISTRY: Final = "eip155:31337:0x" + "22" * 20 + ":" + "ab" * 8
REFUSED: Final = ("outside-window", "statement-expired", "older-format")


class Asked(Node):
    """Such a node, which keeps a log that stands at a sequence, and signs no receipts."""

    def __init__(
        self, *answers: NodeError | ReceiptAnswer, registry: str = REGISTRY, sequence: int = 500
    ) -> None:
        super().__init__(*answers)
        self.url, self.registry, self.sequence = "http://node.example", registry, sequence

    def fetch_logs(self) -> Any:
        log = {"name": LOG, "suite": "sm3", "sequence": self.sequence, "held": True}
        return {"registry": self.registry, "items": [log]}

    def fetch_submission(self, identifier: str) -> Any:
        return {"state": "accepted"}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Return a submission that was signed for the anchors from 1 on, and kept."""
    path = tmp_path / "records.submission"
    department = Department(REGISTRY)
    with department.draft([licence(n) for n in range(3)], target=Target(REGISTRY, LOG, SM3, 0)) as drafted:
        path.write_bytes(b"".join(drafted.lines()))
    return path


@pytest.mark.parametrize("problem", REFUSED)
def test_what_was_signed_too_long_ago_is_signed_again_over_the_same_records(kept: Path, problem: str) -> None:
    key, first = generate_key("sm2", Random(9).randbytes), kept.read_bytes().splitlines()
    node = Asked(NodeError("no", problem, 422), RECEIPT)
    assert send(node, kept, list, lambda: key, list)["state"] == "accepted"
    sent, lines = node.sent[1].splitlines(), kept.read_bytes().splitlines()
    assert (sent, lines[1:]) == (lines, first[1:])
    statement, before = (decode_statement(json.loads(line)["statement"]) for line in (lines[0], first[0]))
    assert (statement.root, statement.record_count, statement.issuer) == (
        before.root,
        before.record_count,
        before.issuer,
    )
    assert statement.window == Window.after(500)
    assert (statement.expires_at - statement.time, statement.time > NOW) == (72 * 3600, True)
    assert statement.key_id == key.public.id
    assert key.public.verify(statement.encode(), decode_signature(json.loads(lines[0])["signature"]))


def test_a_submission_of_version_1_is_signed_again_with_a_window(kept: Path) -> None:
    head, *rows = kept.read_bytes().splitlines(keepends=True)
    body = json.loads(head)
    del body["statement"]["first_sequence"], body["statement"]["last_sequence"]
    body["statement"]["type"] = "shunzheng/submission/1"
    kept.write_bytes(b"".join([json.dumps(body).encode() + b"\n", *rows]))
    node = Asked(NodeError("no", "older-format", 422), RECEIPT)
    send(node, kept, list, lambda: generate_key("p256", Random(9).randbytes), list)
    assert json.loads(kept.read_bytes().splitlines()[0])["statement"]["type"] == STATEMENT_TYPE


def test_it_is_signed_again_once(kept: Path) -> None:
    node = Asked(*[NodeError("no", "outside-window", 422)] * 3)
    with pytest.raises(NodeError):
        send(node, kept, list, lambda: generate_key("p256", Random(9).randbytes), list)
    assert len(node.sent) == 2


def test_it_is_not_signed_again_for_another_registry(kept: Path) -> None:
    before = kept.read_bytes()
    node = Asked(NodeError("no", "outside-window", 422), registry="eip155:1:0x" + "33" * 20 + ":" + "cd" * 8)
    with pytest.raises(MalformedInput, match="hand it in there"):
        send(node, kept, list, lambda: generate_key("p256", Random(9).randbytes), list)
    assert kept.read_bytes() == before


def test_another_refusal_does_not_ask_for_the_key(kept: Path) -> None:
    def no_key() -> Any:
        raise AssertionError

    with pytest.raises(NodeError):
        send(Asked(NodeError("no", "unknown-key", 403)), kept, list, no_key, list)
