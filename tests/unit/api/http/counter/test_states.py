"""States are told apart at the counter: ended, not begun, paused, issued minutes ago."""

import json
import re

import pytest
from fastapi.testclient import TestClient

from tests.unit.api.city import City, identifier
from tests.unit.api.http.counter.page import CLAIMS, LICENCE, drop, verdicts


def read_heading(text: str) -> str:
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
    assert heading
    return re.sub(r"<[^>]*>|\s", "", heading[1])


@pytest.mark.parametrize(
    ("action", "words"),
    [("cancel", "已注销"), ("suspend", "正被暂扣"), ("revoke", "已撤销"), ("withdraw", "已吊销")],
)
def test_what_ended_a_licence_is_named(
    city: City, wuhan: TestClient, proof: bytes, action: str, words: str
) -> None:
    city.submit(city.change(action, LICENCE))
    city.anchor()
    answer = wuhan.post("/", files={"document": ("a.proof.json", proof)})
    assert read_heading(answer.text).startswith(f"此码所指的证照{words}；未核对纸面内容｜营业执照｜")


def test_one_that_has_not_begun(city: City, wuhan: TestClient) -> None:
    city.submit(
        city.licence("TM2022A0000000000008", CLAIMS, valid_from="2030-01-01", valid_until="2031-01-01")
    )
    city.anchor()
    page = drop(wuhan, ("a.proof.json", city.proof(identifier("TM2022A0000000000008")).encode()))
    assert verdicts(page) == ["not_current"]
    assert "尚未生效" in page.text


def test_one_that_was_issued_minutes_ago_is_asked_for_again(wuhan: TestClient, proof: bytes) -> None:
    """Its anchor has not reached this node: nothing speaks against it, and it is not called unknown for ever."""
    members = json.loads(proof)
    members["sequence"] += 50
    members.pop("status", None)
    page = drop(wuhan, ("a.proof.json", json.dumps(members).encode()))
    assert verdicts(page) == ["unverifiable"]
    assert "若是刚刚签发的，请过几分钟再查" in page.text
