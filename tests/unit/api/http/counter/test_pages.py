"""The page of the counter: both languages, its form, its verdicts, its errors."""

import re

import pytest
from fastapi.testclient import TestClient

from api.limits import MAX_FORM_FIELDS
from ledger.proof.paper import encode_paper
from tests.unit.api.city import City
from tests.unit.api.http.counter.page import (
    DOCUMENT,
    LICENCE,
    Page,
    check,
    confirm,
    form,
    hidden_fields,
)


def test_the_form_is_chinese_first_and_english_by_a_switch_that_is_remembered(wuhan: TestClient) -> None:
    page = wuhan.get("/")
    assert '<html lang="zh-CN">' in page.text
    assert "证照核验" in page.text
    assert "武汉市" in page.text
    english = wuhan.get("/?lang=en")
    assert '<html lang="en">' in english.text
    assert "samesite=lax" in english.headers["set-cookie"].lower()
    assert '<html lang="en">' in wuhan.get("/").text
    wuhan.get("/?lang=zh")
    assert '<html lang="zh-CN">' in wuhan.get("/").text
    assert '<html lang="zh-CN">' in wuhan.get("/?lang=fr").text


def test_the_form_says_how_old_the_knowledge_is_when_it_is_old(city: City, wuhan: TestClient) -> None:
    city.now += 600
    assert "可能已中断" not in wuhan.get("/").text
    city.now += 3 * 3600
    text = wuhan.get("/").text
    assert "可能已中断" in text
    assert "约 3 小时前" in text
    assert "about 3 hours ago" in wuhan.get("/?lang=en").text


def test_a_registered_document_is_genuine(city: City, wuhan: TestClient, proof: bytes) -> None:
    city.now += 150
    page = check(wuhan, {"document": DOCUMENT, "proof": proof})
    for shown in (
        "真实有效",
        "所出示的文件，逐字节比对",
        "营业执照",
        LICENCE,
        "2022年3月28日 至 2027年3月27日",
        "约 2 分钟前",
    ):
        assert shown in page.text
    assert re.search(r"2026年11月23日 09:0\d", page.text)
    assert [line["class"] for line in page.all("li")].count("pass") == 11
    wuhan.get("/?lang=en")
    assert "Genuine and in force" in check(wuhan, {"document": DOCUMENT, "proof": proof}).text


def test_an_altered_document_is_not(wuhan: TestClient, proof: bytes) -> None:
    page = check(wuhan, {"document": DOCUMENT + b" ", "proof": proof})
    assert "核验不通过" in page.text
    assert "此文件与登记文件不一致" in page.text
    assert "有效" not in re.sub(r"核验步骤.*", "", page.text, flags=re.DOTALL).replace("有效期", "")


def test_a_proof_dropped_among_the_documents_is_found(wuhan: TestClient, proof: bytes) -> None:
    files = [
        ("document", ("a.proof.json", proof)),
        ("document", ("a.pdf", DOCUMENT)),
        ("document", ("", b"")),
    ]
    assert "真实有效" in wuhan.post("/", files=files).text


def test_a_paper_certificate_is_compared_item_by_item(city: City, wuhan: TestClient, proof: bytes) -> None:
    page = check(wuhan, {}, code=f"  {encode_paper(city.proof(LICENCE))}\r\n")
    assert "无法确认" in page.text
    for shown in (
        "与纸面逐项一致",
        "持证主体",
        "天门市示例餐饮店",
        "证照颁发日期",
        "2022年3月28日",
        "甲；是",
    ):
        assert shown in page.text
    assert "document/1" not in page.text
    assert re.findall("(证照名称|证照颁发日期|持证主体|经营范围|KZ_EIGEN)", page.text) == [
        "证照名称",
        "证照颁发日期",
        "持证主体",
        "经营范围",
        "KZ_EIGEN",
    ]
    confirmed = confirm(wuhan, hidden_fields(page))
    assert confirmed.status_code == 200
    assert "真实有效" in confirmed.text
    assert "由核验人与纸面逐项核对" in confirmed.text


def test_nothing_is_confirmed_where_the_claims_were_altered(
    city: City, wuhan: TestClient, proof: bytes
) -> None:
    altered = proof.replace("餐饮服务".encode(), "餐饮批发".encode())
    page = check(wuhan, {"proof": altered})
    assert "核验不通过" in page.text
    assert "凭据所称的信息项（未经证实）" in page.text
    assert "与纸面逐项一致" not in page.text
    assert "核验不通过" in confirm(wuhan, {"code": altered.decode(), "confirmed": "all"}).text


def test_a_form_of_nothing_but_separators_is_refused(wuhan: TestClient) -> None:
    """The parser counts fields with a name; a minute of these kept the event loop busy for ten seconds."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert wuhan.post("/", content=b"&" * MAX_FORM_FIELDS, headers=headers).status_code == 400
    answer = wuhan.post("/", content=b"&" * (MAX_FORM_FIELDS + 1), headers=headers)
    assert answer.status_code == 400
    assert "16 fields at most" in answer.text


@pytest.mark.parametrize("path", ["/", "/v1/verify"])
def test_a_long_content_type_is_not_read(wuhan: TestClient, path: str) -> None:
    media_type = 'multipart/form-data; boundary="' + ";" * 14_000 + '"'
    answer = wuhan.post(path, content=b"--b--", headers={"Content-Type": media_type})
    assert answer.status_code == 415
    assert "256 characters" in answer.text


def test_a_revoked_licence_says_since_when(city: City, wuhan: TestClient, proof: bytes) -> None:
    city.submit(city.change("revoke", LICENCE))
    city.anchor()
    page = check(wuhan, {"proof": proof, "document": DOCUMENT})
    assert "真实，但已撤销" in page.text
    assert re.search(r"已撤销 \(自 2026年11月23日 09:\d\d 起\)", page.text)


def test_what_is_withheld_can_be_seen(city: City, tianmen: TestClient, proof: bytes) -> None:
    bearer = {"Authorization": f"Bearer {city.token('proofs', 'claims')}"}
    selected = tianmen.get(f"/v1/certificates/{LICENCE}/proof?show=ZZMC", headers=bearer).content
    page = check(tianmen, {"proof": selected})
    assert "持证人未披露的信息项" in page.text
    assert "持证主体" in page.text
    assert "天门市示例餐饮店" not in page.text


def test_without_a_proof_the_page_says_how_to_get_it(wuhan: TestClient) -> None:
    for files in ({}, {"document": DOCUMENT}):
        answer = wuhan.post("/", files=form(files))
        assert answer.status_code == 400
        assert "缺少存证凭据，尚未核验" in answer.text
        assert "shunzheng proof" in answer.text
    answer = wuhan.post("/", data={"code": "  "})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "code", ["hello", "SZ1:", "SZ1:%%%", "{", '{"type": NaN}', "\x00", "顺证", "[" * 5000]
)
def test_a_code_that_is_none_is_a_verdict_and_no_crash(wuhan: TestClient, code: str) -> None:
    assert "凭据" in check(wuhan, {}, code=code).text


def test_errors_at_the_page_are_pages(wuhan: TestClient, city: City) -> None:
    answer = wuhan.post("/", content=b"x", headers={"Content-Type": "multipart/form-data; boundary=y"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    city.replica.set_quarantine("event 4 is not what the chain holds")
    answer = wuhan.post("/", files={"document": ("a.proof.json", b"{}")})
    assert answer.status_code == 503
    assert "本地副本已隔离" in answer.text


def test_the_next_code_finds_an_empty_field_that_has_the_focus(
    city: City, wuhan: TestClient, proof: bytes
) -> None:
    """On every page of the counter, also after a verdict; Enter in a field of one line sends the form without a script."""
    answers = (
        wuhan.get("/"),
        wuhan.post("/", files=form({"proof": proof, "document": DOCUMENT})),
        wuhan.post("/", data={"code": encode_paper(city.proof(LICENCE))}),
        wuhan.post("/", files=form({})),
    )
    for answer in answers:
        page = Page(answer.text)
        focused = [attributes for _, attributes in page.elements if "autofocus" in attributes]
        assert [(field["id"], field["type"], "value" in field) for field in focused] == [
            ("code", "text", False)
        ]
        assert page.all("form")[0]["autocomplete"] == "off"
        text_fields = [field for field in page.all("input") if field.get("type") not in ("hidden", "file")]
        assert len(text_fields) == 1
        before_verdict = answer.text.partition('class="verdict')[0]
        assert 'id="code"' in before_verdict, "a field below the verdict would scroll the verdict away"


def test_a_code_is_read_as_scanners_and_letters_bring_it(city: City, wuhan: TestClient, proof: bytes) -> None:
    code = encode_paper(city.proof(LICENCE))
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" for c in code)
    broken = "\r\n".join(code[start : start + 76] for start in range(0, len(code), 76))
    for spelling in (
        code.lower(),
        wide,
        broken,
        f"]Q1{code}\r",
        broken.replace("\r\n", "\u2424"),
        f"\ufeff{code}\t",
    ):
        assert "与纸面逐项一致" in check(wuhan, {}, code=spelling).text


def test_the_banner_says_verdict_type_holder_issuer_and_end(
    city: City, wuhan: TestClient, proof: bytes
) -> None:
    page = wuhan.post("/", files=form({"proof": proof, "document": DOCUMENT})).text
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    assert heading
    assert re.sub(r"<[^>]*>|\s", "", heading[1]) == (
        "真实有效｜营业执照｜天门市示例餐饮店｜颁发机构11429006012345671T｜至2027年3月27日"
    )
    assert page.index("<h1") < page.index("<details>") < page.index("证照标识")


def test_a_banner_tells_nothing_that_a_forger_wrote(wuhan: TestClient, proof: bytes) -> None:
    altered = proof.replace("天门市示例餐饮店".encode(), "武汉市示例餐饮店".encode())
    page = wuhan.post("/", files=form({"proof": altered, "document": DOCUMENT})).text
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    assert heading
    assert re.sub(r"<[^>]*>|\s", "", heading[1]) == "核验不通过"
