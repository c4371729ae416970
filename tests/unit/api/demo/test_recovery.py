"""What the demo does about a node that does not answer.

It asks again, with patience, unless it is refused.
"""

from collections.abc import Callable, Iterator

import pytest

from anchoring.errors import ChainUnavailable
from api.client.node_error import NodeError
from api.demo import recovery
from api.demo.recovery import insist


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "_TICK_SECONDS", 0.0)


def failing(*errors: Exception) -> Callable[[], str]:
    left: Iterator[Exception] = iter(errors)

    def do() -> str:
        for error in left:
            raise error
        return "done"

    return do


GONE = NodeError("http://127.0.0.1:1 cannot be reached", status=0)


def test_it_asks_again_and_says_so_once() -> None:
    told: list[str] = []
    not_ready = NodeError("the node starts", "not-ready", 503)
    assert insist(failing(GONE, not_ready, ChainUnavailable("no answer")), told.append) == "done"
    assert told == ["   http://127.0.0.1:1 cannot be reached; asking again"]


@pytest.mark.parametrize("status", [400, 404, 409, 500])
def test_a_refusal_is_not_asked_again(status: int) -> None:
    with pytest.raises(NodeError):
        insist(failing(NodeError("refused", "some-problem", status)), lambda sentence: None)


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "PATIENCE_SECONDS", -1.0)
    with pytest.raises(NodeError, match="cannot be reached"):
        insist(failing(GONE), lambda sentence: None)
