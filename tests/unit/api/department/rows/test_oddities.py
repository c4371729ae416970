"""What spreadsheets and hands leave in rows is told by its sort; what is right is not."""

import json
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from api.department.rows.days import parse_day, parse_last_day
from api.department.rows.oddities import SORTS, find_oddities
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from tests.fakes.department import identifier

TODAY: Final = date(2026, 11, 27)
EXAMPLES: Final = Path(__file__).parents[5] / "examples"
RESIDENT: Final = "429006199001010012"


def sorts(claims: dict[str, Json] | None = None, /, **members: Json) -> list[str]:
    row: dict[str, Json] = {"identifier": identifier(1), "claims": claims or {}, **members}
    names = [oddity.name for oddity in find_oddities(row, TODAY)]
    assert set(names) <= SORTS.keys()
    return names


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("4.2E+17", "spreadsheet"),
        ("4.29006E+17", "spreadsheet"),
        ("4.29006e17", "spreadsheet"),
        ("429006199001010000", "spreadsheet"),
        ("429006.0", "spreadsheet"),
        ("'429006197011279999", "spreadsheet"),
        ('="429006197011279999"', "spreadsheet"),
        ("=VLOOKUP(A2,Sheet2!A:C,3,0)", "spreadsheet"),
        ("#N/A", "spreadsheet"),
        ("########", "spreadsheet"),
        ("2月1日", "spreadsheet"),
        ("1-Feb", "spreadsheet"),
        ("天福餐饮店 ", "blanks"),
        ("\u3000天福餐饮店", "blanks"),
        ("\xa042", "blanks"),
        ("NULL", "placeholder"),
        ("nan", "placeholder"),
        ("——", "placeholder"),
        ("/", "placeholder"),
        ("空", "placeholder"),
        ("证照编号", "placeholder"),
        ("ZZBH", "placeholder"),
        ("", "placeholder"),
        ("９１４２９００６", "full-width"),
        ("ＪＹ2142", "full-width"),
        ("王?", "lost-character"),
        ("天门\ufffd", "lost-character"),
        ("锟斤拷", "lost-character"),
        ("王\ue863", "lost-character"),
        ("天门示例".encode().decode("latin-1"), "lost-character"),
        ("天门示例".encode("gbk").decode("latin-1"), "lost-character"),
        ("天门示例店铺".encode().decode("gbk"), "lost-character"),
        ("王？", "lost-character"),
        ("#SPILL!", "spreadsheet"),
        ("#CALC!", "spreadsheet"),
        ("429,006,199,001,010,000", "spreadsheet"),
        ("———", "placeholder"),
        ("－", "placeholder"),
        ("*", "placeholder"),
        ("??", "placeholder"),
        ("（空）", "placeholder"),
        ("无。", "placeholder"),
        ("天门\xa0示例", "blanks"),
        ("张\u3000示例", "blanks"),
        ("天门  示例", "blanks"),
    ],
)
def test_what_a_cell_may_hold(value: str, name: str) -> None:
    assert sorts({"ZZBH": value}) == [name]


@pytest.mark.parametrize(
    "value",
    [
        "鄂天食药监械经营备20180036号",
        "1E5",
        "100万元",
        "天示〔2018〕000065号",
        "O’Neil（中国）有限公司",
        "2018000123",
        "何时？何地",
        "1,000,000.00",
        "1,000,000,000",
        "#2",
        "无锡",
        "无糖饮料销售",
        "联通（天门）",
        "Société Générale",
        "第 1 号",
    ],
)
def test_what_is_as_it_should_be(value: str) -> None:
    assert sorts({"ZZBH": value}) == []


@pytest.mark.parametrize(("value", "names"), [("150", []), (150, []), ("150人", ["not-a-number"])])
def test_claims_that_count(value: Json, names: list[str]) -> None:
    row: dict[str, Json] = {"KZ_HDRS": value}
    members: dict[str, Json] = {"identifier": identifier(1, type="Y1429006EXAMPLE03H031"), "claims": row}
    assert [oddity.name for oddity in find_oddities(members, TODAY)] == names


@pytest.mark.parametrize(
    ("basis", "names"),
    [("行政许可法 第七十条", []), ("#N/A", ["spreadsheet"]), ("无", ["placeholder"])],
)
def test_the_basis_is_looked_at_too(basis: str, names: list[str]) -> None:
    assert [oddity.name for oddity in find_oddities({"basis": basis}, TODAY)] == names


def test_no_example_is_odd() -> None:
    lines = (EXAMPLES / "licences.ndjson").read_text("utf-8").splitlines()
    assert not [oddity for line in lines for oddity in find_oddities(json.loads(line), TODAY)]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("2026-11-27", []),
        ("2026年11月27日", []),
        ("45231", ["spreadsheet"]),
        ("44652.0", ["spreadsheet"]),
        ("2022-03", ["not-a-date"]),
        ("soon", ["not-a-date"]),
    ],
)
def test_claims_that_are_dates(value: str, names: list[str]) -> None:
    assert sorts({"KZ_CLRQ": value}) == names


@pytest.mark.parametrize(
    ("members", "names"),
    [
        ({"valid_until": "9999-12-30"}, ["odd-date"]),
        ({"valid_until": "9999-12-31"}, ["odd-date"]),
        ({"valid_until": "2099-12-31"}, ["odd-date"]),
        ({"valid_until": "2095-06-30"}, []),
        ({"valid_until": "2132-03-27"}, ["odd-date"]),
        ({"valid_until": "长期"}, []),
        ({"valid_from": "1900-01-01"}, ["odd-date"]),
        ({"issued": "1970-01-01"}, ["odd-date"]),
        ({"issued": "2062-03-08"}, ["odd-date"]),
        ({"valid_from": "2027-01-01"}, []),
    ],
)
def test_days_that_often_stand_for_none(members: dict[str, Json], names: list[str]) -> None:
    assert sorts(**members) == names


@pytest.mark.parametrize(
    ("code", "kind", "names"),
    [
        (RESIDENT, "111", []),
        (RESIDENT[:-1] + "3", "111", ["holder-code"]),
        (RESIDENT[:-1] + "3", None, ["holder-code"]),
        ("91440300708461136T", "001", []),
        ("91440300708461136X", "001", ["holder-code"]),
        ("91440300708461136T", "1", ["lost-zeros"]),
        ("12345678-9", "099", []),
        (RESIDENT[:-1], None, ["holder-code"]),
        (RESIDENT + "0", None, ["holder-code"]),
        ("429006790316243", None, []),
        ("0", None, ["holder-code"]),
        ("000", "099", ["holder-code"]),
    ],
)
def test_codes_of_holders(code: str, kind: str | None, names: list[str]) -> None:
    claims: dict[str, Json] = {"CZZTDM": code}
    claims |= {"CZZTDMLXDM": kind} if kind else {}
    assert sorts(claims) == names


def test_a_number_of_a_person_is_not_repeated_where_its_check_fails() -> None:
    claims: dict[str, Json] = {"CZZTDM": RESIDENT[:-1] + "3", "CZZTDMLXDM": "111"}
    row: dict[str, Json] = {"identifier": identifier(1), "claims": claims}
    (oddity,) = find_oddities(row, TODAY)
    assert RESIDENT[:8] not in oddity.message


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("91429006I23456789O", "credit code: expected"),
        ("4290061985****1761", "resident number"),
    ],
)
def test_a_code_is_taken_for_what_it_looks_like(code: str, words: str) -> None:
    (oddity,) = find_oddities({"identifier": identifier(1), "claims": {"CZZTDM": code}}, TODAY)
    assert words in oddity.message


@pytest.mark.parametrize("kind", [None, "001", "111", "999"])
@pytest.mark.parametrize(
    "code",
    [
        "4290O6199001010012",
        "429006199001010012 ",
        "'429006199001010012",
        "4.29006E+17",
        "429006199001010000",
        "４２９００６199001010012",
        "429006199001010012\ufffd",
        "429006199001010012示例".encode().decode("latin-1"),
    ],
)
@pytest.mark.parametrize("name", ["CZZTDM", "KZ_MQZJHM"])
def test_a_number_of_a_person_is_repeated_by_no_warning(name: str, code: str, kind: str | None) -> None:
    claims: dict[str, Json] = {name: code}
    claims |= {"CZZTDMLXDM": kind} if kind else {}
    messages = [
        oddity.message for oddity in find_oddities({"identifier": identifier(1), "claims": claims}, TODAY)
    ]
    assert messages or name != "CZZTDM" or (code, kind) == ("4290O6199001010012", "999")
    assert not any(part in message for message in messages for part in (code[:4], "6199001", "示例"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("45231", "a spreadsheet counts days, there 2023-11-01"),
        ("2024年1月1日", "write 2024-01-01"),
        ("2024/1/1", "write 2024-01-01"),
        ("20240101", "write 2024-01-01"),
        ("２０２４-01-01", "write 2024-01-01"),
        ("2024-02-30", "not a date of the calendar"),
        ("2022-03", "YYYY-MM-DD"),
    ],
)
def test_another_spelling_of_a_day_is_refused_with_how_to_write_it(text: str, words: str) -> None:
    for parse in (parse_day, parse_last_day):
        with pytest.raises(MalformedInput) as caught:
            parse(text)
        assert words in str(caught.value)


@pytest.mark.parametrize("word", ["长期", "长期有效", "永久", "long-term", "Permanent"])
def test_no_end_is_said_in_words(word: str) -> None:
    assert parse_last_day(word) is None
    with pytest.raises(MalformedInput):
        parse_day(word)
