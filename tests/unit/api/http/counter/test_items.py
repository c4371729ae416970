"""Items that strangers wrote: hostile, hidden, too long, contradictory, or only claimed."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.http.counter.pages import STATIC_FOLDER
from api.node.errors import SettingsError
from api.node.issuer_names import load_issuer_names
from ledger.encoding.canonical import Json
from tests.unit.api.city import City, identifier
from tests.unit.api.http.counter.page import (
    DOCUMENT,
    check,
    form,
)

XSS = """"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}"""


def test_hostile_claims_stay_text(
    city: City, wuhan: TestClient, tianmen: TestClient, unchecked: None
) -> None:
    city.submit(city.licence("XSS000000", {"CZZT": XSS, XSS: XSS, "n": {"<b>": XSS}, "l": [XSS]}))
    city.anchor()
    bearer = {"Authorization": f"Bearer {city.token('proofs', 'claims')}"}
    withheld = tianmen.get(
        f"/v1/certificates/{identifier('XSS000000')}/proof?show=CZZT", headers=bearer
    ).content
    for proof in (city.proof(identifier("XSS000000")).encode(), withheld):
        page = check(wuhan, {"proof": proof})
        assert [script.get("src") for script in page.all("script")] == ["/static/page.js"]
        assert not page.all("img")
        assert XSS in page.text


def test_invisible_and_steering_characters_of_values_are_shown(
    city: City, wuhan: TestClient, unchecked: None
) -> None:
    """Of what was registered before intake refused such text: direction, zero width, controls."""
    hidden = {"CZZT": "甲\u202e乙\u2066丙", "KZ_EIGEN": "\u200b1\x1b[31m", "KZ_JYFW": "一\n二"}
    city.submit(city.licence("XSS000002", hidden))
    city.anchor()
    page = check(wuhan, {"proof": city.proof(identifier("XSS000002")).encode()})
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", page.text)
    for shown in ("甲⟨U+202E⟩乙⟨U+2066⟩丙", "自列项“KZ_EIGEN”", "⟨U+200B⟩1⟨U+001B⟩[31m", "一 ⏎ 二"):
        assert shown in page.text


def test_what_strangers_wrote_keeps_its_direction_to_itself(wuhan: TestClient, proof: bytes) -> None:
    page = wuhan.post("/", files=form({"proof": proof})).text
    cells = re.findall(r"<(td|dd)>(.*?)</\1>", page, re.DOTALL)
    assert len(cells) > 8
    assert all(re.fullmatch(r"<bdi>[^<]*</bdi>", cell) for _, cell in cells)
    css = (STATIC_FOLDER / "page.css").read_text(encoding="utf-8")
    assert re.search(r"\nbdi \{[^}]*unicode-bidi: isolate;[^}]*contain: paint;[^}]*max-height", css)


def test_items_too_long_to_show_cannot_be_confirmed(city: City, wuhan: TestClient) -> None:
    city.submit(city.licence("XSS000003", {"ZZMC": "营业执照", "KZ_JYFW": "餐" * 5000}))
    city.anchor()
    page = check(wuhan, {"proof": city.proof(identifier("XSS000003")).encode()})
    assert "餐… (5,000)" in page.text
    assert "餐" * 4097 not in page.text
    assert "与纸面逐项一致" not in page.text
    assert "有信息项过长" in page.text


def test_a_name_that_only_the_certificate_states_is_marked(city: City, tmp_path: Path) -> None:
    """The registry knows codes; a node may pin names beside them."""
    city.submit(city.licence("XSS000004", {"ZZMC": "机动车驾驶证", "ZZBFJG": "武汉市公安局"}))
    city.anchor()
    proof = city.proof(identifier("XSS000004")).encode()
    names = tmp_path / "issuers.json"
    names.write_text('{"11429006012345671T": "天门市市场监督管理局"}', encoding="utf-8")
    pinned = city.verifier.model_copy(update={"issuer_names": names})
    with TestClient(create_app(city.verifier, city.clock)) as node:
        text = check(node, {"proof": proof}).text
        assert "证照颁发机构（证照自述）" in text
        assert "证照名称（证照自述）" in text
    with TestClient(create_app(pinned, city.clock)) as node:
        text = check(node, {"proof": proof}).text
        assert "证照颁发机构（证照自述，与本节点名录不符）" in text
        assert "颁发机构（本节点名录）天门市市场监督管理局" in re.sub(r"\n", "", text)
    names.write_text('{"11429006012345671T": "武汉市公安局"}', encoding="utf-8")
    with TestClient(create_app(pinned, city.clock)) as node:
        assert "证照颁发机构（证照自述" not in check(node, {"proof": proof}).text


@pytest.mark.parametrize(
    "text", ["", "[]", '{"1": "a"}', '{"11429006012345671T": ""}', '{"11429006012345671T": "a\u202eb"}', None]
)
def test_a_list_of_issuers_that_is_none_stops_the_node(city: City, tmp_path: Path, text: str | None) -> None:
    names = tmp_path / "issuers.json"
    if text is not None:
        names.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="issuer_names"):
        load_issuer_names(names)


def test_claims_that_contradict_the_record_stand_above_no_green_verdict(
    city: City, wuhan: TestClient, unchecked: None
) -> None:
    claims: dict[str, Json] = {
        "ZZMC": "机动车驾驶证",
        "ZZLXDM": "11100000000013338W032",
        "ZZYXQJZRQ": "2099-12-31",
    }
    city.submit(city.licence("XSS000005", claims, DOCUMENT, valid_until="2027-03-27"))
    city.anchor()
    page = check(wuhan, {"proof": city.proof(identifier("XSS000005")).encode(), "document": DOCUMENT})
    assert "无法确认" in page.text
    assert "真实有效" not in page.text
    assert "信息项写作“2099-12-31”，登记记录为“2027-03-27”" in page.text


def test_hostile_fields_are_never_echoed(wuhan: TestClient) -> None:
    for answer in (
        wuhan.post("/", data={XSS: XSS}),
        wuhan.get("/", params={"lang": XSS}),
        wuhan.get("/problems/" + "%3Cscript%3E"),
        wuhan.post("/", content=XSS, headers={"Content-Type": "text/html"}),
    ):
        assert "alert(1)" not in answer.text
