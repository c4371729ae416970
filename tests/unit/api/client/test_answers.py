"""Answers of nodes are checked when they arrive: what has another form comes from no node."""

import httpx
import pytest

from api.client.answers import LineagesAnswer, LogsAnswer, ReceiptAnswer, is_answer
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.rendering.histories import HistoryJson
from ledger.encoding.canonical import Json

LOG: Json = {"name": "tianmen", "suite": "sm3", "sequence": 4, "held": True, "size": 9}
RECEIPT: dict[str, Json] = {"id": "00", "log": "tianmen", "count": 1, "first": 0}
HISTORY: dict[str, Json] = {
    "records": [],
    "n": 7,
    "head": "0x00",
    "completeness": "contradicted",
    "words": {"zh": "矛盾", "en": "Contradicted"},
    "known_at": "2022-03-28T09:00:20Z",
    "findings": [{"reason": "record_missing", "words": {"zh": "缺", "en": "gone"}, "place": "a gap"}],
}
LINEAGE: dict[str, Json] = {
    "identifier": "1",
    "kind": "licence",
    "issuer": "x",
    "status": "valid",
    "current": "sm3:00",
    "newest": "sm3:",
}


@pytest.mark.parametrize(
    ("answer", "shape"),
    [
        ({"registry": "eip155:1", "items": [LOG]}, LogsAnswer),
        ({"registry": "eip155:1", "items": []}, LogsAnswer),
        (RECEIPT, ReceiptAnswer),
        (RECEIPT | {"signed": {"any": ["thing"]}, "warnings": [{"row": 1, "message": "odd"}]}, ReceiptAnswer),
        ({"items": [LINEAGE, None]}, LineagesAnswer),
        (HISTORY, HistoryJson),
        ({"anything": 1}, dict[str, Json]),
    ],
)
def test_what_nodes_answer(answer: Json, shape: object) -> None:
    assert is_answer(answer, shape)


@pytest.mark.parametrize(
    ("answer", "shape"),
    [
        ([], LogsAnswer),
        (None, LogsAnswer),
        ({"items": [LOG]}, LogsAnswer),
        ({"registry": 7, "items": [LOG]}, LogsAnswer),
        ({"registry": "eip155:1", "items": [LOG, None]}, LogsAnswer),
        ({"registry": "eip155:1", "items": {"name": "tianmen"}}, LogsAnswer),
        (RECEIPT | {"count": True}, ReceiptAnswer),
        (RECEIPT | {"warnings": [{"row": "1", "message": "odd"}]}, ReceiptAnswer),
        ({"items": [LINEAGE | {"newest": None}]}, LineagesAnswer),
        (HISTORY | {"findings": ["a gap"]}, HistoryJson),
        ([], dict[str, Json]),
    ],
)
def test_what_no_node_answers(answer: Json, shape: object) -> None:
    assert not is_answer(answer, shape)


def test_an_answer_of_another_form_is_no_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"registry": "eip155:1", "items": [{"name": "tianmen"}]})

    with NodeClient("http://node.example") as node:
        monkeypatch.setattr(
            node, "_http_client", httpx.Client(base_url=node.url, transport=httpx.MockTransport(answer))
        )
        with pytest.raises(NodeError, match="does not answer as a node does: check the address"):
            node.fetch_logs()
