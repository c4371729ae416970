"""Defects of rows of departments' tables that no single line of a list can state.

The numbers are those of test_import_mess.
"""

from pathlib import Path

import pytest

from api.department.imports.sorts import find_consequence
from tests.unit.api.department.importing import GOOD_ROW, MARRIAGE, RESIDENT, find_sorts, judge


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
    row = {
        name: cell for name, cell in GOOD_ROW.items() if not name.startswith(("持证主体代码", "法定代表人"))
    }
    cells = {"行政相对人代\n码_1（统一社会信用代码）": GOOD_ROW["持证主体代码"], "XK_FDDB": "张示例"}
    (judged_row,) = judge(tmp_path, [{**row, **cells}], **settings)
    assert judged_row.findings == []


def test_38_parts_of_a_name_are_joined_as_the_profile_says(tmp_path: Path) -> None:
    settings = {"joins": {"KZ_XMMC": ["XIANGMU1", "XIANGMU2"]}}
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "XIANGMU1": "天门示例", "XIANGMU2": "产业园"}], **settings)
    assert judged_row.members is not None
    claims = judged_row.members["claims"]
    assert isinstance(claims, dict)
    assert claims["KZ_XMMC"] == "天门示例产业园"


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


@pytest.mark.parametrize("text", [
    "2022-03-07T16:00:00.000Z", "2022-03-07T16:00:00+0000", "2022-03-08T00:00:00+08:00", "2022-03-07 16:00:00.5Z",
])  # fmt: skip
def test_25_a_moment_is_a_day_in_tianmen_however_it_is_written(tmp_path: Path, text: str) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "发证日期": text}])
    assert judged_row.members is not None
    assert judged_row.members["issued"] == "2022-03-08"


@pytest.mark.parametrize(("number", "suggestion"), [
    ("JYI4290060000001", "JY14290060000001"), ("JY1 4290 0600 0000 1", "JY14290060000001"),
    ("ＪＹ1429OO6OOOOOO1", "JY14290060000001"), ("JY", ""),
])  # fmt: skip
def test_15_a_number_that_was_read_from_paper_gets_a_suggestion(
    tmp_path: Path, number: str, suggestion: str
) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "证照编号": number}])
    (finding,) = (finding for finding in judged_row.findings if finding.sort == "number-pattern")
    assert finding.suggestion == suggestion
    assert judged_row.members is not None
    claims = judged_row.members["claims"]
    assert isinstance(claims, dict)
    assert claims["ZZBH"] == number, "stored as given"


def test_17_a_year_of_the_republic_gets_a_suggestion_and_is_not_changed(tmp_path: Path) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "发证日期": "民国111年3月8日"}])
    assert [finding.suggestion for finding in judged_row.findings if finding.sort == "date"] == ["2022-03-08"]


def test_50_what_its_source_calls_ended_comes_back_whole_and_is_never_dropped(tmp_path: Path) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "状态": "cancel"}], status={"cancel": "ended"})
    assert judged_row.is_rejected
    assert "is not dropped" in judged_row.findings[0].message
    assert GOOD_ROW["证照编号"] in judged_row.row.cells


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x0b", "\u2028", "\n\n"])
def test_a_line_break_within_a_text_is_told_and_is_a_blank(tmp_path: Path, line_break: str) -> None:
    rows = [{**GOOD_ROW, "经营项目": f"热食类食品制售{line_break}冷食类食品制售"}]
    (judged_row,) = judge(tmp_path, rows)
    assert find_sorts(judged_row) == {"line-break"}
    assert find_consequence("line-break") == "normalise"
    assert judged_row.members is not None
    claims = judged_row.members["claims"]
    assert isinstance(claims, dict)
    assert claims["KZ_JYXM"] == "热食类食品制售 冷食类食品制售"
    assert rows[0]["经营项目"] in judged_row.cells, "the row is kept as it was read"


@pytest.mark.parametrize(
    ("heading", "text", "suggestion"),
    [
        ("持证主体", "天门示例\n天福餐饮店", "天门示例天福餐饮店"),
        ("证照编号", "JY24290060\n000001", "JY24290060000001"),
        ("法定代表人（负责人）", "张\n示例", "张示例"),
        ("发证机关", "天门市\r\n示例局", "天门市示例局"),
        ("经营项目", "热食\u200b类", "热食类"),
    ],
)
def test_a_line_break_within_a_name_or_number_comes_back_with_a_suggestion(
    tmp_path: Path, heading: str, text: str, suggestion: str
) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, heading: text}])
    assert ("unseen", suggestion) in [(finding.sort, finding.suggestion) for finding in judged_row.findings]


def test_29_a_line_break_parts_holders_where_the_profile_says_so(tmp_path: Path) -> None:
    holders = {"持证主体": "张示例\n李示例", "持证主体代码": f"{RESIDENT}\n{RESIDENT}", "证件类型": "111"}
    settings = {"holder_separators": ["\n"]}
    (couple,) = judge(tmp_path, [{**MARRIAGE, **holders}], **settings)
    assert couple.findings == []
    assert couple.members is not None
    claims = couple.members["claims"]
    assert isinstance(claims, dict)
    assert claims["CZZT"] == ["张示例", "李示例"]
    (shop,) = judge(tmp_path, [{**GOOD_ROW, "持证主体": "张示例\n李示例"}], **settings)
    assert "holders" in find_sorts(shop)
    (odd,) = judge(tmp_path, [{**MARRIAGE, **holders, "持证主体": "张示例\n李示\u200b例"}], **settings)
    assert "unseen" in find_sorts(odd)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("热食<br>冷食", "热食 冷食"),
        ("<p class='x'>热食</p>", "热食"),
        ("热食&nbsp;冷食", "热食 冷食"),
        ("A&amp;B餐饮", "A&B餐饮"),
        ("热食<BR/>冷食&#12289;", "热食 冷食、"),
        ("<!-- x -->热食", "热食"),
    ],
)
def test_marks_of_a_web_page_are_told(tmp_path: Path, text: str, meant: str) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "经营项目": text}])
    (finding,) = judged_row.findings
    assert (finding.sort, finding.suggestion) == ("web-marks", meant)
    assert find_consequence("web-marks") == "warn"


@pytest.mark.parametrize("text", ["压力<1.6MPa", "A&B餐饮", "直径<50mm，长度>2m", "R&D; 研发"])
def test_signs_that_are_no_marks_of_a_web_page_are_text(tmp_path: Path, text: str) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "经营项目": text}])
    assert "web-marks" not in find_sorts(judged_row)
