"""Every known defect of departments' tables, by its number, and what is done about it.

R: the row comes back; W: a warning, accepted by name; N: normalised, told, the raw row kept; A: asked once a file. Some are
answered elsewhere: 48, 49 and 50 by the connector of exchange tables, which is not built yet (a row that its source calls
ended comes back here and is never dropped); 55 by `document/1` claims, which are no identity of a certificate; 56 by the
page of the counter, which clears after each verdict (tests/unit/api/http/counter).
"""

from pathlib import Path
from typing import Any, Final

import pytest

from api.department.imports.sorts import find_consequence
from ledger.records.claims import is_document
from ledger.records.identifiers import resident_check_character
from tests.unit.api.department.importing import GOOD_ROW, TYPE_NAME, find_sorts, judge

RESIDENT: Final = "42900619900101001" + resident_check_character("42900619900101001")
MARRIAGE: Final = {**GOOD_ROW, "证照名称": "结婚证", "证照编号": "J429006-2022-000001", "有效期至": "长期"}


CASES: Final[list[tuple[str, dict[str, str], dict[str, Any], str]]] = [
    ("2", {"持证主体": "å¤©é—¨ç¤ºä¾‹"}, {}, "wrong-encoding"),
    ("3", {"持证主体": "王?"}, {}, "lost-character"),
    ("3 private", {"持证主体": "王\ue5e5示例店"}, {}, "private-character"),
    ("6", {"经营场所": "=VLOOKUP(A2,Sheet2!A:C,3,0)"}, {}, "formula"),
    ("10", {"持证主体代码": "429006199001010000"}, {}, "spreadsheet"),
    ("10 power", {"持证主体代码": "4.29006E+17"}, {}, "spreadsheet"),
    ("11", {"证件类型": "1"}, {}, "lost-zeros"),
    ("12", {"持证主体代码": "'92429006EXAMPLE034"}, {}, "protected"),
    ("13", {"证照编号": "2月1日"}, {}, "spreadsheet"),
    ("14", {"发证日期": "44628"}, {}, "serial"),
    ("15", {"持证主体代码": "9242900GEXAMPLE034"}, {}, "holder-code"),
    ("15 letter", {"持证主体代码": "9242900OEXAMPLE034"}, {}, "holder-code"),
    ("16", {"持证主体代码": "９２４２９００６ＥＸＡＭＰＬＥ０３４"}, {}, "code-width"),
    ("17", {"发证日期": "2022年3月8日"}, {}, "date-form"),
    ("17 month", {"发证日期": "2022-03"}, {}, "date"),
    ("18", {"有效期至": "2099/12/31"}, {}, "endless"),
    ("19", {"有效期至": "9999-12-30"}, {}, "false-end"),
    ("21", {"发证日期": "1900-01-01"}, {}, "never-date"),
    ("21 absent", {"有效期自": "1970-01-01"}, {}, "no-date"),
    ("21 zeros", {"发证日期": "0000-00-00"}, {}, "never-date"),
    ("22", {"发证日期": "2062-03-08", "有效期自": "", "有效期至": "长期"}, {}, "future"),
    ("22 order", {"有效期至": "2021-03-07"}, {}, "end-before-start"),
    ("24", {"有效期至": ""}, {}, "empty-end"),
    ("26", {"经营场所": "——"}, {}, "null-word"),
    ("27", {"发证机关代码": "00000000000000000X"}, {}, "issuer-code"),
    ("29", {**MARRIAGE, "持证主体": "张示例/李示例"}, {}, "holders"),
    ("30", {"持证主体代码": "12345678-9"}, {}, "old-organisation-code"),
    ("32", {**MARRIAGE, "持证主体代码": "429006790316243"}, {}, "old-resident-number"),
    ("33 check", {"持证主体代码": "92429006EXAMPLE03X"}, {}, "holder-code"),
    ("33 person", {"持证主体代码": RESIDENT}, {}, "person-in-company-column"),
    ("33 masked", {"持证主体代码": "4290061985****1761"}, {}, "holder-code"),
    ("34", {"持证主体代码": RESIDENT, "证件类型": "516"}, {}, "holder-type"),
    ("35", {"证件类型": "10"}, {}, "holder-type-word"),
    (
        "35 mapped",
        {"持证主体代码": RESIDENT, "证件类型": "10"},
        {"holder_types": {"10": "111"}},
        "holder-type-map",
    ),
    ("36", {"负责人": "负责人"}, {}, "own-label"),
    ("40", {"证照名称": "食品经营许可征"}, {}, "type-name"),
    ("41", {"证照类型代码": "1110000000001332XW059"}, {}, "type-code"),
    ("42", {"证照标识": "1.2.156.3005.2.062301.1101101102.0624_001.001.U"}, {}, "identifier"),
    (
        "43",
        {"KZ_XZQH": "429006000000"},
        {"kinds": {"KZ_XZQH": "division"}, "columns": {"KZ_XZQH": ["KZ_XZQH"]}},
        "division",
    ),
    ("45", {"证照编号": "天示例许〔2022〕1号"}, {"patterns": {"ZZBH": "JY[0-9]{14}"}}, "number-pattern"),
    ("51", {"状态": "注销"}, {}, "ended"),
    ("52", {"状态": "4"}, {}, "status-word"),
]
CONSEQUENCES: Final = {
    "2": "warn", "3": "reject", "3 private": "warn", "6": "reject", "10": "reject", "10 power": "reject", "11": "reject",
    "12": "normalise", "13": "reject", "14": "normalise", "15": "reject", "15 letter": "reject", "16": "normalise",
    "17": "normalise", "17 month": "reject", "18": "normalise", "19": "warn", "21": "reject", "21 absent": "normalise",
    "21 zeros": "reject", "22": "reject", "22 order": "reject", "24": "ask", "26": "normalise", "27": "reject",
    "29": "reject", "30": "warn", "32": "warn", "33 check": "reject", "33 person": "warn", "33 masked": "reject",
    "34": "warn", "35": "ask", "35 mapped": "normalise", "36": "reject", "40": "warn", "41": "reject", "42": "reject",
    "43": "normalise", "45": "warn", "51": "reject", "52": "ask",
}  # fmt: skip


def test_a_good_row_is_good(tmp_path: Path) -> None:
    (judged_row,) = judge(tmp_path, [GOOD_ROW])
    assert judged_row.findings == []
    assert judged_row.members is not None
    claims = judged_row.members["claims"]
    assert isinstance(claims, dict)
    assert claims["ZZMC"] == TYPE_NAME
    assert claims["CZZTDMLXDM"] == "001"
    assert not any(is_document(name) for name in claims)
    assert judged_row.members["valid_until"] == "2027-03-07"


@pytest.mark.parametrize(("number", "cells", "settings", "sort"), CASES, ids=[case[0] for case in CASES])
def test_a_defect_of_a_cell(
    tmp_path: Path, number: str, cells: dict[str, str], settings: dict[str, Any], sort: str
) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, **cells}], **settings)
    assert sort in find_sorts(judged_row)
    assert find_consequence(sort) == CONSEQUENCES[number]
    assert judged_row.is_rejected == (CONSEQUENCES[number] == "reject")
    for finding in judged_row.findings:
        assert RESIDENT not in finding.message


def test_7_columns_that_do_not_fit_come_back_with_their_count(tmp_path: Path) -> None:
    content = "证照编号,持证主体,经营范围,发证日期\n1,天门示例店,餐饮,堂食,外卖,2024-01-01\n".encode()
    (judged_row,) = judge(tmp_path, content)
    assert judged_row.is_rejected
    assert "6 columns, and the headings 4" in judged_row.findings[0].message


def test_8_an_object_with_single_quotes_is_read_unless_an_apostrophe_breaks_it(tmp_path: Path) -> None:
    settings = {"columns": {"members": ["data_fields"]}}
    judged_row, broken = judge(
        tmp_path,
        [
            {**GOOD_ROW, "data_fields": "{'KZ_FDDBR':'示例','KZ_JYXM':''}"},
            {**GOOD_ROW, "data_fields": "{'KZ_FDDBR':'O'示例'}"},
        ],
        **settings,
    )
    assert find_sorts(judged_row) == {"json-quotes"}
    assert judged_row.members is not None
    claims = judged_row.members["claims"]
    assert isinstance(claims, dict)
    assert claims["KZ_FDDBR"] == "示例"
    assert find_sorts(broken) == {"json"}


def test_15_a_letter_that_no_credit_code_has_gets_a_suggestion(tmp_path: Path) -> None:
    (judged_row,) = judge(
        tmp_path,
        [{**GOOD_ROW, "持证主体代码": "92429006EXAMPLEO34"}],
    )
    assert [finding.suggestion for finding in judged_row.findings] == ["92429006EXAMPLE034"]


@pytest.mark.parametrize(
    "text",
    [
        "2022-3-8",
        "2022/03/08",
        "2022.03.08",
        "20220308",
        "2022年3月8日",
        "2022-03-08 10:00:00",
        "2022/3/8 0:00",
    ],
)
def test_17_every_way_to_write_a_day_is_read(tmp_path: Path, text: str) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "发证日期": text}])
    assert judged_row.members is not None
    assert judged_row.members["issued"] == "2022-03-08"


@pytest.mark.parametrize(
    "text", ["2099-12-31", "2099/12/31", "9999-12-31", "2999-12-31", "长期", "长期有效", "永久"]
)
def test_18_no_end_is_told_in_one_word(tmp_path: Path, text: str) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "有效期至": text}])
    assert judged_row.members is not None
    assert judged_row.members["valid_until"] == "长期"


def test_19_a_false_end_is_never_registered_as_without_end(tmp_path: Path) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "有效期至": "9999-12-30"}])
    assert judged_row.members is not None
    claims = judged_row.members["claims"]
    assert isinstance(claims, dict)
    assert judged_row.members["valid_until"] == "9999-12-30"
    assert claims["KZ_QXSM"] == "期限不详"


def test_23_days_are_bound_by_the_profile_and_never_by_likeness(tmp_path: Path) -> None:
    settings = {"columns": {"ZZYXQQSRQ": ["XK_YXQZ"], "ZZYXQJZRQ": ["XK_YXQZI"]}}
    row = {name: cell for name, cell in GOOD_ROW.items() if not name.startswith("有效期")}
    (judged_row,) = judge(tmp_path, [{**row, "XK_YXQZ": "2022-03-08", "XK_YXQZI": "2027-03-07"}], **settings)
    assert judged_row.members is not None
    assert (judged_row.members["valid_from"], judged_row.members["valid_until"]) == (
        "2022-03-08",
        "2027-03-07",
    )


def test_25_a_moment_is_a_day_in_tianmen(tmp_path: Path) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "发证日期": "2022-03-07T16:00:00Z"}])
    assert judged_row.members is not None
    assert judged_row.members["issued"] == "2022-03-08"


@pytest.mark.parametrize("word", ["空", "无", "/", "--", "-", "——", "nan", "NULL", "暂无"])
def test_26_words_for_nothing_are_left_out(tmp_path: Path, word: str) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "经营场所": word}])
    assert judged_row.members is not None
    claims = judged_row.members["claims"]
    assert isinstance(claims, dict)
    assert "KZ_JYCS" not in claims


def test_28_and_54_brackets_are_folded_for_matching_and_stored_as_given(tmp_path: Path) -> None:
    first, second = judge(
        tmp_path,
        [
            {**GOOD_ROW, "证照编号": "鄂建安A(2022)0000001"},
            {**GOOD_ROW, "证照编号": "鄂建安A（2022）0000001"},
        ],
    )
    assert first.key == second.key
    assert first.members is not None
    claims = first.members["claims"]
    assert isinstance(claims, dict)
    assert claims["ZZBH"] == "鄂建安A(2022)0000001"


def test_29_several_holders_have_as_many_codes(tmp_path: Path) -> None:
    cells = {"持证主体": "张示例、李示例", "持证主体代码": f"{RESIDENT}、{RESIDENT}"}
    (judged_row,) = judge(tmp_path, [{**MARRIAGE, **cells}])
    assert judged_row.members is not None
    claims = judged_row.members["claims"]
    assert isinstance(claims, dict)
    assert claims["CZZT"] == ["张示例", "李示例"]


def test_31_39_and_44_headings_are_bound_by_the_profile_whatever_breaks_their_lines(tmp_path: Path) -> None:
    settings = {
        "columns": {"KZ_FDDBR": ["XK_FRDB", "XK_FDDB"], "CZZTDM": ["行政相对人代码_1(统一社会信用代码)"]}
    }
    row = {name: cell for name, cell in GOOD_ROW.items() if name != "持证主体代码"}
    cells = {"行政相对人代\n码_1（统一社会信用代码）": GOOD_ROW["持证主体代码"], "XK_FDDB": "张示例"}
    (judged_row,) = judge(tmp_path, [{**row, **cells}], **settings)
    assert judged_row.findings == []


def test_38_parts_of_a_name_are_joined_as_the_profile_says(tmp_path: Path) -> None:
    settings = {"joins": {"KZ_JYXM": ["XIANGMU1", "XIANGMU2"]}}
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "XIANGMU1": "天门示例", "XIANGMU2": "产业园"}], **settings)
    assert judged_row.members is not None
    claims = judged_row.members["claims"]
    assert isinstance(claims, dict)
    assert claims["KZ_JYXM"] == "天门示例产业园"


def test_42_an_identifier_of_the_past_is_accepted_by_name_in_a_backfill(tmp_path: Path) -> None:
    identifier = "1.2.156.3005.2.Y1429006EXAMPLE03H001.11429006012345671T.A00000000000000000001.001.X"
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "证照标识": identifier}], backfill=True)
    assert find_sorts(judged_row) == {"identifier-of-the-past"}
    assert not judged_row.is_rejected


@pytest.mark.parametrize(
    ("name", "text"), [("KZ_HTJG", "1,000,000.00"), ("KZ_HTJG", "100万"), ("KZ_TZW", "11.8850")]
)
def test_46_and_47_amounts_stay_text(tmp_path: Path, name: str, text: str) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, name: text}], columns={name: [name]})
    assert judged_row.findings == []
    assert judged_row.members is not None
    claims = judged_row.members["claims"]
    assert isinstance(claims, dict)
    assert claims[name] == text
