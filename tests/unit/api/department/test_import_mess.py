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
from tests.unit.api.department.importing import GOOD_ROW, MARRIAGE, RESIDENT, TYPE_NAME, find_sorts, judge

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
    ("36", {"主体业态": "主体业态"}, {}, "own-label"),
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
    ("3 at the beginning", {"持证主体": "？示例店"}, {}, "lost-character"),
    ("3 box", {"持证主体": "王□示例店"}, {}, "lost-character"),
    ("10 longer", {"证照名称": "教师资格证", "证照编号": "20154290061000100"}, {}, "cut-number"),
    ("10 small letter", {"持证主体代码": "4.29e17"}, {}, "spreadsheet"),
    ("10 decimal", {"持证主体代码": "429006199001010012.0"}, {}, "spreadsheet"),
    ("10 commas", {"持证主体代码": "429,006,199,001,010,012"}, {}, "holder-code"),
    ("11 type", {"证件类型": "99"}, {}, "lost-zeros"),
    ("12 tab", {"持证主体代码": "\t92429006EXAMPLE034"}, {}, "protected"),
    ("12 number", {"证照编号": "'JY14290060000001"}, {}, "protected"),
    ("13 day", {"证照编号": "1-Feb"}, {}, "spreadsheet"),
    ("13 month", {"证照编号": "Jan-22"}, {}, "spreadsheet"),
    ("13 error", {"证照编号": "#NAME?"}, {}, "spreadsheet"),
    ("14 hours", {"发证日期": "44628.5"}, {}, "serial"),
    ("15 number", {"证照编号": "JYI4290060000001"}, {}, "number-pattern"),
    ("15 O", {"证照编号": "JY1429OO60000001"}, {}, "number-pattern"),
    ("16 blank", {"持证主体代码": "92429006\u00a0EXAMPLE034"}, {}, "code-width"),
    ("16 ideographic", {"持证主体代码": "92429006\u3000EXAMPLE034"}, {}, "code-width"),
    ("16 zero width", {"持证主体代码": "92429006\u200bEXAMPLE034"}, {}, "unseen"),
    ("16 number", {"证照编号": "ＪＹ１４２９００６００００００１"}, {}, "full-width"),
    ("16 steering", {"持证主体": "天门\u202e示例店"}, {}, "unseen"),
    ("16 small letters", {"持证主体代码": "92429006example034"}, {}, "code-width"),
    ("17 republic", {"发证日期": "民国111年3月8日"}, {}, "date"),
    ("17 two digits", {"发证日期": "22-03-08"}, {}, "date"),
    ("17 six digits", {"发证日期": "220308"}, {}, "date"),
    ("17 American", {"发证日期": "8/3/2022"}, {}, "date"),
    ("17 never", {"发证日期": "2022-02-29"}, {}, "date"),
    ("18 blank", {"有效期至": "长 期"}, {}, "endless"),
    ("18 whole life", {"有效期至": "终身"}, {}, "endless"),
    ("19 time", {"有效期至": "9999-12-30 00:00:00"}, {}, "false-end"),
    ("19 digits", {"有效期至": "99991230"}, {}, "false-end"),
    ("19 another", {"有效期至": "2999-12-30"}, {}, "false-end"),
    ("19 term", {"有效期至": "长期"}, {}, "term"),
    ("21 zero day", {"发证日期": "1899-12-30"}, {}, "never-date"),
    ("21 zeros and time", {"发证日期": "0000-00-00 00:00:00"}, {}, "never-date"),
    ("22 tomorrow", {"发证日期": "2026-11-24"}, {}, "future"),
    ("27 Xs", {"发证机关代码": "XXXXXXXXXXXXXXXXXX"}, {}, "issuer-code"),
    ("27 name", {"发证机关代码": "天门市示例局"}, {}, "issuer-code"),
    ("28 masked", {"持证主体": "张*"}, {}, "masked-name"),
    ("28 cross", {"持证主体": "张×"}, {}, "masked-name"),
    ("28 somebody", {"持证主体": "张某某"}, {}, "masked-name"),
    ("29 blanks", {"持证主体": "天门  示例店"}, {}, "blanks"),
    ("29 around", {"持证主体": "天门示例店 "}, {}, "blanks-around"),
    ("29 several", {"持证主体": "天门示例店、天门示例二店"}, {}, "several-holders"),
    ("29 codes", {"持证主体代码": "92429006EXAMPLE034/92429006EXAMPLE034"}, {}, "holders"),
    ("30 registration", {"持证主体代码": "429006000000001"}, {}, "old-organisation-code"),
    ("30 without dash", {"持证主体代码": "123456789"}, {}, "old-organisation-code"),
    ("33 zeros", {"持证主体代码": "000000000000000000"}, {}, "holder-code"),
    ("33 short", {"持证主体代码": "92429006EXAMPLE03"}, {}, "holder-code"),
    ("33 dashes", {"持证主体代码": "92429006-EXAMPLE03-4"}, {}, "holder-code"),
    ("33 crosses", {"持证主体代码": "4290××××××××××1234"}, {}, "holder-code"),
    ("33 unknown", {"持证主体代码": "E12345678X1"}, {}, "unknown-code"),
    ("36 brackets", {"主体业态": "（主体业态）"}, {}, "own-label"),
    ("40 other", {"证照名称": "不存在的证"}, {}, "type-code"),
    ("40 code", {"证照类型代码": "11100000MB0143028R001"}, {}, "type-name"),
    ("41 short", {"证照类型代码": "11100000000013338W05"}, {}, "type-code"),
    ("51 revoked", {"状态": "已吊销"}, {}, "ended"),
    ("51 suspended", {"状态": "暂扣"}, {}, "ended"),
    ("51 expired", {"状态": "过期"}, {}, "ended"),
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
    "3 at the beginning": "reject",
    "3 box": "reject",
    "10 longer": "warn",
    "10 small letter": "reject",
    "10 decimal": "reject",
    "10 commas": "reject",
    "11 type": "reject",
    "12 tab": "normalise",
    "12 number": "normalise",
    "13 day": "reject",
    "13 month": "reject",
    "13 error": "reject",
    "14 hours": "normalise",
    "15 number": "warn",
    "15 O": "warn",
    "16 blank": "normalise",
    "16 ideographic": "normalise",
    "16 zero width": "reject",
    "16 number": "warn",
    "16 steering": "reject",
    "16 small letters": "normalise",
    "17 republic": "reject",
    "17 two digits": "reject",
    "17 six digits": "reject",
    "17 American": "reject",
    "17 never": "reject",
    "18 blank": "normalise",
    "18 whole life": "normalise",
    "19 time": "warn",
    "19 digits": "warn",
    "19 another": "warn",
    "19 term": "warn",
    "21 zero day": "reject",
    "21 zeros and time": "reject",
    "22 tomorrow": "reject",
    "27 Xs": "reject",
    "27 name": "reject",
    "28 masked": "warn",
    "28 cross": "warn",
    "28 somebody": "warn",
    "29 blanks": "warn",
    "29 around": "normalise",
    "29 several": "warn",
    "29 codes": "reject",
    "30 registration": "warn",
    "30 without dash": "warn",
    "33 zeros": "reject",
    "33 short": "reject",
    "33 dashes": "reject",
    "33 crosses": "reject",
    "33 unknown": "warn",
    "36 brackets": "reject",
    "40 other": "reject",
    "40 code": "warn",
    "41 short": "reject",
    "51 revoked": "reject",
    "51 suspended": "reject",
    "51 expired": "reject",
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
