"""Codes of other systems are named, none is looked up, and none is repeated or logged."""

import logging

import pytest
from fastapi.testclient import TestClient

from api.http.counter.foreign_codes import recognise
from api.http.counter.foreign_words import SORTS
from api.paper.codes import write_png
from ledger.records.identifiers import compute_resident_check
from tests.pictures import photograph
from tests.scenes import credit_code
from tests.unit.api.city import City
from tests.unit.api.http.counter.page import DOCUMENT, LICENCE, drop, verdicts

RESIDENT = "42900619900307123" + compute_resident_check("42900619900307123")
#: Looks like a code for a payment, and passes the check of a resident number.
AMBIGUOUS = "11010119900307123" + compute_resident_check("11010119900307123")
PAYMENT = "134567890123456789"
CODES = [
    ("424" + "1" * 25, "health_insurance"),
    ("opc" + "0" * 25, "health_insurance"),
    ("A" * 40 + ":1:20261123090000", "health_card"),
    ("AB12" * 8 + ":0", "health_card"),
    ("20240307123456789AB12345_440300202000082VM3", "use_code"),
    ("20240307123456789NC", "use_code"),
    ("440300202000082VM3", "licence_code"),
    (credit_code("429006"), "company"),
    (credit_code("429006").lower(), "company"),
    (RESIDENT, "resident"),
    (AMBIGUOUS, "resident_or_payment"),
    (RESIDENT[:-1] + ("0" if RESIDENT[-1] != "0" else "1"), "resident"),
    ("11010119900307" + "1110", "resident_or_payment"),
    (PAYMENT, "payment"),
    ("2812345678901234567", "payment"),
    ("https://qr.alipay.com/fkx0123456789", "payment"),
    ("wxp://f2f0abc", "payment"),
    ("weixin://wxpay/bizpayurl?pr=abc", "payment"),
    (LICENCE, "identifier"),
    (LICENCE[:-1] + "@", "identifier_wrong"),
    (LICENCE[:-1] + ("0" if LICENCE[-1] != "0" else "1"), "identifier_wrong"),
    ("https://zzapp.gsxt.gov.cn/show?x=1", "e_business_licence"),
    ("http://www.gsxt.gov.cn/index.html?uniscid=1", "company_publicity"),
    ("https://zlaq.mohurd.gov.cn/fwmh/x", "mohurd"),
    ("https://mohurd.gov.cn.evil.example/x", "link"),
    ("http://192.0.2.7/zz?id=5", "bare_link"),
    ("http://[2001:db8::1]/zz", "bare_link"),
    ("https://licences.example/1", "link"),
    ("https://[broken", "link"),
    ("鄂（2024）天门市不动产权第0000001号&张某&单独所有&房屋", "property"),
    ("01,04,042001900111,12345678,100.00,20240307,12345,ABCD,", "invoice"),
    ("1234567890", "shandong"),
    ("x" * 20 + "0123456789abcdef" * 2, "anhui"),
    ('{"type": "shunzheng/receipt/1", "log": "tianmen"}', "receipt"),
    ("hello", "unknown"),
    ("营业执照", "unknown"),
    ("\x00", "unknown"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sort"), CODES, ids=[f"{sort}-{index}" for index, (_, sort) in enumerate(CODES)]
)
def test_each_sort_is_told(text: str, sort: str) -> None:
    foreign_code = recognise(text)
    assert foreign_code
    assert foreign_code.sort == sort


def test_every_sort_is_tried() -> None:
    assert {sort for _, sort in CODES} == SORTS.keys()


@pytest.mark.parametrize("text", ["SZ1:XX", "{}", '{"type": "shunzheng/proof/1"}', "[[", "", "  "])
def test_what_may_be_ours_is_left_to_the_verdict(text: str) -> None:
    assert recognise(text) is None


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "a&" * 50_000, ":" * 100_000, "http://" + "[" * 10_000, "0" * 31 + "x" * 99_999]
)
def test_a_long_text_takes_no_time(text: str) -> None:
    assert recognise(text)


@pytest.mark.parametrize("text", [RESIDENT, AMBIGUOUS, PAYMENT, "424" + "1" * 25, "440300202000082VM3"])
def test_what_a_stranger_shows_is_neither_repeated_nor_logged(
    wuhan: TestClient, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = wuhan.post("/", data={"code": text})
    assert answer.status_code == 200
    assert "未作核验" in answer.text
    assert SORTS[recognise(text).sort][0].zh in answer.text  # type: ignore[union-attr]
    assert text not in answer.text
    assert text not in caplog.text
    english = wuhan.post("/?lang=en", data={"code": text})
    assert "Nothing was checked" in english.text


def test_where_a_link_leads_is_shown_and_not_linked(wuhan: TestClient) -> None:
    text = wuhan.post("/", data={"code": "https://licences.example\u202e/x?name=secret"}).text
    assert "licences.example" in text
    assert "secret" not in text
    assert "\u202e" not in text
    assert 'href="https' not in text


def test_a_photo_of_a_foreign_code_is_told_too(city: City, wuhan: TestClient, proof: bytes) -> None:
    import segno

    photo = photograph(write_png(segno.make_qr("424" + "1" * 25)), quality=40, degrees=7)
    page = drop(wuhan, ("photo.jpg", photo))
    assert "这是医保码" in page.text
    page = drop(wuhan, ("photo.jpg", photo), ("a.pdf", DOCUMENT), ("a.proof.json", proof))
    assert verdicts(page) == ["valid"]
    assert "这是医保码" in page.text
