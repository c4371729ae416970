"""Headings, words, numbers, holders and terms that an import takes from the catalogue."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from anchoring.catalogue.chosen import choose_catalogue, get_catalogue
from api.department.imports.profiles import bind_headings, load_profile, read_profile
from api.department.imports.sorts import Finding, find_consequence
from api.department.imports.tally import describe_finding
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.records.identifiers import compute_resident_check
from tests.unit.api.city import City
from tests.unit.api.department.importing import (
    GOOD_ROW,
    MARRIAGE,
    ImportDesk,
    complete,
    find_sorts,
    judge,
    open_desk,
)

RESIDENT = "42900619900101001" + compute_resident_check("42900619900101001")
FOOD = "Y1429006EXAMPLE03H001"
BODY = GOOD_ROW["持证主体代码"]
CITY_FOLDER = {
    "format": "shunzheng-catalogue/1",
    "about": {"version": "tianmen-3", "title": "天门市证照目录"},
    "types": [
        {
            "id": "heat-supply", "name": ["供热经营许可证", "Heat supply permit"], "code": "Y1429006EXAMPLE03H801",
            "certainty": "local", "authority": "住建", "holders": ["body"], "aliases": ["供热证"],
            "number": {"pattern": "^鄂热证字[0-9]{8}$"}, "validity": {"term": "years", "years": [5]},
            "required": ["KZ_FDDBR", "KZ_GRFW"],
        }
    ],
    "fields": [
        {"name": "KZ_GRFW", "label": ["供热范围", "Area supplied"], "group": "permit", "headings": ["供热区域"]}
    ],
    "conventions": {"null_words": ["", "未提供"], "state_words": {"valid": ["营运"]}},
}  # fmt: skip


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImportDesk:
    return open_desk(city, tianmen, tmp_path, monkeypatch)


def write_city(folder: Path) -> None:
    (folder / "tianmen").mkdir()
    (folder / "tianmen" / "city.json").write_text(json.dumps(CITY_FOLDER), "utf-8")


def claims_of(members: Any) -> dict[str, Json]:
    claims = members["claims"]
    assert isinstance(claims, dict)
    return claims


@pytest.mark.parametrize(
    ("cells", "sort"),
    [
        ({"证照编号": "JY1"}, "number-pattern"),
        ({"证照编号": "JY4" + "0" * 13}, "number-pattern"),
        ({"证照编号": "JY1" + "4" * 80}, "number-pattern"),
        ({"有效期至": "长期"}, "term"),
        ({"有效期至": "2099-12-31"}, "term"),
        ({"有效期至": "2032-03-07"}, "term"),
        ({**MARRIAGE, "有效期至": "2032-03-07"}, "term"),
        ({**MARRIAGE, "持证主体代码": BODY}, "holder-kind"),
        ({**MARRIAGE, "持证主体代码": "12345678-9", "证件类型": "099"}, "holder-kind"),
        ({"持证主体代码": RESIDENT, "证件类型": "111"}, "holder-kind"),
        ({"持证主体代码": "E12345678", "证件类型": "414"}, "holder-kind"),
    ],
)
def test_what_the_catalogue_has_otherwise_is_a_warning(
    tmp_path: Path, cells: dict[str, str], sort: str
) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, **cells}])
    assert sort in find_sorts(judged_row)
    assert find_consequence(sort) == "warn"
    assert not judged_row.is_rejected


@pytest.mark.parametrize(
    "cells",
    [
        {"证照编号": "JY14290060000001"},
        {"有效期至": "2027-03-08"},
        {"有效期至": "2024-03-07"},
        {"证照名称": "居民身份证", "证照编号": RESIDENT, "持证主体代码": RESIDENT},
        {"证照名称": "居民身份证", "证照编号": RESIDENT, "持证主体代码": RESIDENT, "有效期至": "长期"},
        {"持证主体代码": "AB1234", "证件类型": "999"},
        {"证照名称": "特种设备使用登记证", "证照编号": "随便什么号", "有效期至": "长期"},
    ],
)
def test_what_the_catalogue_allows_is_no_warning(tmp_path: Path, cells: dict[str, str]) -> None:
    (judged_row,) = judge(tmp_path, [complete({**GOOD_ROW, **cells})])
    assert find_sorts(judged_row) == set()


def test_a_pattern_of_the_profile_comes_before_that_of_the_catalogue(tmp_path: Path) -> None:
    rows = [{**GOOD_ROW, "证照编号": number} for number in ("天1号", "JY14290060000001")]
    fitting, other = judge(tmp_path, rows, patterns={"ZZBH": "天[0-9]+号"})
    assert (find_sorts(fitting), find_sorts(other)) == (set(), {"number-pattern"})


@pytest.mark.parametrize(
    ("word", "sorts"),
    [
        ("有效", set()),
        ("在用", set()),
        ("注销", {"ended"}),
        ("暂扣", {"ended"}),
        ("已换发", {"ended"}),
        ("挂失", {"status-word"}),
    ],
)
def test_words_of_states_are_those_of_the_catalogue(tmp_path: Path, word: str, sorts: set[str]) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "状态": word}])
    assert find_sorts(judged_row) == sorts


def test_what_has_expired_has_a_last_day_that_passed(tmp_path: Path) -> None:
    past, future, endless = judge(
        tmp_path,
        [{**GOOD_ROW, "状态": "已过期", "有效期至": day} for day in ("2026-03-07", "2027-03-07", "长期")],
    )
    assert find_sorts(past) == set()
    assert find_sorts(future) == {"ended"}
    assert "ended" in find_sorts(endless)


@pytest.mark.parametrize("word", ["／", "ＮＵＬＬ", "None", "null ", "Nan", "—— ——", "无数据", "－"])
def test_words_for_nothing_are_those_of_the_catalogue_however_they_are_spelled(
    tmp_path: Path, word: str
) -> None:
    (judged_row,) = judge(tmp_path, [{**GOOD_ROW, "经营场所": word}])
    assert "null-word" in find_sorts(judged_row)
    assert "KZ_JYCS" not in claims_of(judged_row.members)


def test_a_source_has_its_own_names_of_columns_and_codes() -> None:
    bound = bind_headings(load_profile("ex_tables"))
    assert {bound[heading] for heading in ("license_number", "certificate_number", "kz_bianhao")} == {"ZZBH"}
    assert "license_number" not in bind_headings(load_profile("plain"))
    portal = read_profile(b'name = "x"\nsource = "mohurd"', "x.toml")
    assert (portal.status["01"], portal.status["03"]) == ("current", "ended")
    assert "02" not in portal.status, "the state 暂扣, or the operation 延续"
    assert "99" not in portal.status, "of what is called 其他 nobody knows what follows"
    with pytest.raises(MalformedInput, match="at `source`: the catalogue knows up"):
        read_profile(b'name = "x"\nsource = "elsewhere"', "x.toml")


def test_a_code_of_the_source_means_what_the_source_means(tmp_path: Path) -> None:
    """In some systems 001 is a person, and 002 a body: the profile comes before the standard."""
    cells = {**MARRIAGE, "持证主体": "张示例", "持证主体代码": RESIDENT, "证件类型": "001"}
    (judged_row,) = judge(tmp_path, [cells], holder_types={"001": "111"})
    assert find_sorts(judged_row) == {"holder-type-map"}
    assert claims_of(judged_row.members)["CZZTDMLXDM"] == ["111"]


def test_the_version_of_the_catalogue_is_a_claim_and_no_change(
    desk: ImportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.write("licences.csv", [GOOD_ROW])
    assert desk.run_import(path) == 0
    (submission,) = (desk.folder / "import.submissions").glob("*.submission")
    text = submission.read_text("utf-8")
    assert f'["KZ_MLBB","{get_catalogue().version}"]' in text
    assert '["KZ_YSHZY","sha256:' in text
    monkeypatch.setitem(get_catalogue().__dict__, "version", "2027.01")
    assert desk.run_import(desk.write("again.csv", [GOOD_ROW])) == 0
    assert desk.count_registered() == 1


def test_a_city_s_own_folder_is_read_with(desk: ImportDesk, capsys: pytest.CaptureFixture[str]) -> None:
    write_city(desk.folder)
    row = {name: cell for name, cell in GOOD_ROW.items() if name != "经营场所"}
    row |= {
        "证照名称": "供热证",
        "证照编号": "鄂热证字20220001",
        "供热区域": "城东",
        "状态": "营运",
        "住所": "未提供",
    }
    path = desk.write("heat.csv", [row])
    try:
        assert desk.check(path) == 1, "ours has no such type"
        assert "供热区域" in capsys.readouterr().err
        assert desk.run_import(path, "--catalogue", "tianmen") == 0
        assert desk.run("import", "template", "供热证", "-o", "t.xlsx", "--catalogue", "tianmen") == 0
    finally:
        choose_catalogue(None)
    (submission,) = (desk.folder / "import.submissions").glob("*.submission")
    text = submission.read_text("utf-8")
    assert '["KZ_GRFW","城东"]' in text
    assert "tianmen-3" in text


def test_processes_that_judge_work_with_the_same_folder(
    desk: ImportDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They begin anew, and know nothing of what was chosen before."""
    monkeypatch.setattr("api.department.imports.checking._MIN_PARALLEL_ROWS", 1)
    monkeypatch.setattr("api.department.imports.checking.count_processes", lambda: 2)
    write_city(desk.folder)
    path = desk.write(
        "heat.csv", [{**GOOD_ROW, "证照名称": "供热证", "证照编号": "鄂热证字20220001", "供热区域": "城东"}]
    )
    try:
        assert desk.check(path, "--catalogue", "tianmen", "--json") == 0
    finally:
        choose_catalogue(None)
    assert json.loads(capsys.readouterr().out)["found"] == {}


@pytest.mark.parametrize(
    ("claim", "type_code", "value", "shown"),
    [
        ("CZZTDM", FOOD, RESIDENT, "429006********" + RESIDENT[-4:]),
        ("CZZT", FOOD, "天门示例店", "天门示例店"),
        ("CZZT", "", "张示例", "张**"),
        ("ZZBH", "", "JY14290060000001", "JY142*******0001"),
        ("ZZBFRQ", "", "2022-03", "2022-03"),
        ("KZ_ZZ", "", "天门市竟陵街道示例路1号", "天门市竟陵街道***"),
        ("KZ_NIEMAND", "", "什么", ""),
    ],
)
def test_a_report_masks_what_is_a_persons(claim: str, type_code: str, value: str, shown: str) -> None:
    line = describe_finding("3", Finding("date", "列", value, "so", claim=claim), type_code)
    assert line == f"row 3 列{f' “{shown}”' if shown else ''}: so"


@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        (["法定代表人（负责人）"], ["法定代表人（负责人） KZ_FDDBR"]),
        (["主体业态", "发证机关"], ["证照颁发机构 ZZBFJG", "主体业态 KZ_ZTYT"]),
        (["经营项目"], ["经营项目 KZ_JYXM"]),
    ],
)
@pytest.mark.parametrize("cell", [None, "", "无", "——"])
def test_claims_that_the_catalogue_requires_are_missed(
    tmp_path: Path, left_out: list[str], named: list[str], cell: str | None
) -> None:
    """However they are missing: there is no such column, or its cell says nothing."""
    row = {name: text for name, text in GOOD_ROW.items() if name not in left_out}
    (judged_row,) = judge(tmp_path, [row | {name: cell for name in left_out if cell is not None}])
    (finding,) = [finding for finding in judged_row.findings if finding.sort == "required"]
    assert find_consequence("required") == "warn"
    assert finding.message == f"such certificates state {'、'.join(named)}: fill it in"


def test_what_the_catalogue_does_not_require_is_not_missed(tmp_path: Path) -> None:
    free_row = {name: text for name, text in GOOD_ROW.items() if name not in ("经营场所", "有效期自")}
    rows = [
        complete({**GOOD_ROW, "证照名称": "结婚证", "证照编号": "J429006-2022-000001", "有效期至": "长期"})
    ]
    assert "required" not in find_sorts(judge(tmp_path, rows)[0])
    of_place, unknown = judge(tmp_path, [free_row, {**free_row, "证照名称": "不存在的证"}])
    assert "经营场所 KZ_JYCS" in next(finding.message for finding in of_place.findings)
    assert "required" not in find_sorts(unknown), "the catalogue has no such type"
    (judged_row,) = judge(
        tmp_path, [GOOD_ROW], constants={"KZ_JYCS": "天门市示例路1号"}, ignored=["经营场所"]
    )
    assert judged_row.findings == [], "a constant of the profile states it"


def test_what_is_required_stops_a_run_until_it_is_accepted(desk: ImportDesk) -> None:
    path = desk.write("licences.csv", [{name: cell for name, cell in GOOD_ROW.items() if name != "经营项目"}])
    assert desk.run_import(path) == 1
    assert desk.count_registered() == 0
    assert desk.run_import(path, "--accept", "required") == 0
    assert desk.count_registered() == 1
