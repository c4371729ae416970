"""Files that hold tables, whatever their names say, and files that are attacks."""

import os
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from api.department.imports.files import copies
from api.department.imports.files.hidden_parts import find_hidden_columns, find_hidden_rows
from api.department.imports.files.opening import open_source
from api.department.imports.files.sources import SourceRow
from api.department.imports.files.workbook_texts import read_escapes, write_escapes
from api.department.imports.headings import find_columns
from api.department.imports.judging.judge import RowJudge
from api.department.imports.profiles import list_profiles, load_profile, read_profile
from ledger.errors import MalformedInput

SHEET: Final = (
    '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>%s</sheetData></worksheet>"
)
SHEET_PART: Final = "xl/worksheets/sheet1.xml"


def read(
    folder: Path, content: bytes | str, *sheets: str, name: str = "table.csv"
) -> tuple[str, list[SourceRow]]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with open_source(path, sheets) as source:
        return source.kind, list(source.read_rows())


def cells(rows: list[SourceRow]) -> list[tuple[str, ...]]:
    return [row.cells for row in rows]


@pytest.mark.parametrize(
    ("encoding", "kind"),
    [("gbk", "CSV in GB 18030 (GBK)"), ("gb18030", "CSV in GB 18030 (GBK)"), ("utf-8", "CSV in UTF-8"),
     ("utf-8-sig", "CSV in UTF-8 with a mark (BOM)"), ("utf-16", "CSV in UTF-16")],
)  # fmt: skip
def test_1_the_encoding_is_told(tmp_path: Path, encoding: str, kind: str) -> None:
    told, rows = read(tmp_path, "证照编号,持证主体\n1,天门示例\n".encode(encoding))
    assert (told, cells(rows)[1]) == (kind, ("1", "天门示例"))


@pytest.mark.parametrize(
    "content", ["证照,编号\n".encode("gbk") + b"\xff\xff\xff,1\n", bytes(range(256)) * 4]
)
def test_1_what_is_no_text_of_either_encoding_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(MalformedInput, match="neither UTF-8 nor GB 18030"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("separator", "kind"),
    [("\t", "TSV"), ("|", "bars"), ("，", "Chinese commas"), (";", ";"), ("；", "Chinese semicolons")],
)
def test_5_what_parts_columns_is_told_by_the_content(tmp_path: Path, separator: str, kind: str) -> None:
    told, rows = read(tmp_path, f"甲{separator}乙{separator}丙\n1{separator}2{separator}3\n")
    assert kind in told
    assert cells(rows)[1] == ("1", "2", "3")


def test_5_a_web_page_named_xls_is_read_with_its_spans(tmp_path: Path) -> None:
    page = "<html><style>x</style><table><tr><th colspan=2>标题</th></tr><tr><td rowspan=2>甲</td><td>乙&amp;</td></tr>"
    told, rows = read(tmp_path, page + "<tr><td>丙<br>丁</table>", name="table.xls")
    assert told == "web page in UTF-8"
    assert cells(rows) == [("标题", ""), ("甲", "乙&"), ("", "丙\n丁")]


def test_json_lines_keep_numbers_as_they_are_written(tmp_path: Path) -> None:
    _, rows = read(tmp_path, '{"a": 4.29006E+17, "b": null}\n{"a": "1"}\n{"z": 1}\n{"a": 1, "a": 2}\n[1]\n')
    assert cells(rows[:3]) == [("a", "b"), ("4.29006E+17", ""), ("1", "")]
    assert all(row.fault for row in rows[3:])


def test_7_quotation_marks_that_do_not_fit(tmp_path: Path) -> None:
    _, rows = read(tmp_path, '甲,乙\n1,"2"x\n3,4\n')
    assert rows[1].fault
    assert rows[2].cells == ("3", "4")
    with pytest.raises(MalformedInput, match="from row 2 on a quotation mark"):
        read(tmp_path, '甲,乙\n1,"2\n3,4\n')


def make_workbook(path: Path, *rows: list[Any]) -> Path:
    workbook = Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)
    return path


def test_6_10_and_14_a_workbook_tells_numbers_days_and_formulas_from_text(tmp_path: Path) -> None:
    path = make_workbook(
        tmp_path / "a", ["甲", "乙", "丙", "丁"], ["001", date(2022, 3, 8), 429006199001010017, "=A2"]
    )
    with open_source(path) as source:
        row = list(source.read_rows())[1]
    assert row.cells == ("001", "2022-03-08", "4.2900619900101E+17", "=A2")
    assert row.cell_kinds == "tdnf"


def replace_parts(path: Path, parts: Mapping[str, str]) -> Path:
    """Return a copy of a workbook with other parts."""
    copy = path.with_suffix(".other")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            if name not in parts:
                target.writestr(name, source.read(name))
        for name, content in parts.items():
            target.writestr(name, content)
    return copy


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({SHEET_PART: SHEET % f'<row r="1"><c t="inlineStr"><is><t>{"a" * 80_000_000}</t></is></c></row>'}, "unpacks to"),
        ({"xl/externalLinks/externalLink1.xml": "<x/>"}, "values from other files"),
        ({SHEET_PART: SHEET % '<row r="9999999999"><c r="A9999999999"><v>1</v></c></row>'}, "empty|more than"),
        ({SHEET_PART: SHEET % '<row r="1"><c r="XFD1"><v>1</v></c></row>'}, "16,384 columns"),
        ({SHEET_PART: '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + SHEET[21:] % "&a;"}, "cannot be read"),
        ({SHEET_PART: "<worksheet"}, "cannot be read"),
    ],
    ids=["bomb", "links", "far", "wide", "entity", "damaged"],
)  # fmt: skip
def test_a_hostile_workbook_is_a_clear_error(tmp_path: Path, parts: dict[str, str], message: str) -> None:
    path = replace_parts(make_workbook(tmp_path / "a.xlsx", ["甲", "乙"]), parts)
    with pytest.raises(MalformedInput, match=message), open_source(path) as source:
        list(source.read_rows())


def test_the_program_that_reads_a_workbook_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed here before it ends: nothing that it wrote is taken for all that there is."""
    monkeypatch.setattr("sys.executable", "/bin/false")
    path = make_workbook(tmp_path / "a.xlsx", ["甲", "乙"])
    with pytest.raises(MalformedInput, match="768 MB"), open_source(path) as source:
        list(source.read_rows())


def test_a_sheet_is_named_where_there_are_several(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active.append(["甲"])
    workbook.create_sheet("二").append(["乙"])
    workbook.save(tmp_path / "a.xlsx")
    content = (tmp_path / "a.xlsx").read_bytes()
    with pytest.raises(MalformedInput, match="several sheets"):
        read(tmp_path, content)
    assert cells(read(tmp_path, content, "二")[1]) == [("乙",)]
    assert len(read(tmp_path, content, "*")[1]) == 2


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "link to a pipe"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    """Whoever opens a pipe waits for somebody to write into it."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    paths = {
        "pipe": tmp_path / "pipe", "folder": tmp_path, "device": Path("/dev/zero"), "link to a pipe": tmp_path / "link",
    }  # fmt: skip
    with pytest.raises(MalformedInput, match="no file with a table in it"), open_source(paths[kind]):
        pass


def test_a_million_columns_are_refused(tmp_path: Path) -> None:
    for content in (",".join("甲" * 1_000_000), ",".join("甲" * 2_000)):
        with pytest.raises(MalformedInput, match=r"columns|characters"):
            read(tmp_path, content + "\n")


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("甲,乙\n" * 10)
    copy = copies._copy

    def copy_slowly(source: Any, target: Any) -> str:
        digest = copy(source, target)
        path.write_text("甲,丙\n" * 11)
        return digest

    monkeypatch.setattr(copies, "_copy", copy_slowly)
    with pytest.raises(MalformedInput, match="changed while it was read"), open_source(path):
        pass


@pytest.mark.parametrize("name", list_profiles())
def test_every_profile_that_comes_along_can_be_read(name: str) -> None:
    assert load_profile(name).name == name


def test_a_profile_is_laid_over_one_that_comes_along() -> None:
    content = 'name = "own"\nbase = "plain"\n[status]\n"存续" = "current"\n[columns]\nKZ_XKWH = ["批文号"]'
    profile = read_profile(content.encode(), "own.toml")
    assert (profile.name, profile.status["存续"], profile.status["注销"]) == ("own", "current", "cancel")
    assert profile.columns.keys() == load_profile("plain").columns.keys() | {"KZ_XKWH"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'name = "x"\nbase = "y"', "base"),
        (b"name = 1", "name"),
        (b'name = "x"\nunknown = 1', "unknown"),
        (b'name = "x"\n[columns]\n"not a claim" = ["a"]', "columns.not a claim"),
        (b'name = "x"\n[columns]\nZZBH = ["a"]\nZZMC = ["A "]', "binds the heading"),
        (b'name = "x"\n[status]\n"1" = "gone"', "status"),
        (b"\xff", "no TOML"),
        (b'name = "' + b"x" * 2**20 + b'"', "more than"),
    ],
)
def test_a_profile_that_cannot_be_meant_is_a_clear_error(content: bytes, message: str) -> None:
    with pytest.raises(MalformedInput, match=message):
        read_profile(content, "own.toml")


def hide(workbook: Workbook, *lines: int) -> None:
    for line in lines:
        workbook.active.row_dimensions[line].hidden = True


@pytest.mark.parametrize("name", ["of a filter", "of a sheet"])
def test_what_a_workbook_hides_is_told(tmp_path: Path, name: str) -> None:
    workbook = Workbook()
    for text in ("甲", "1", "2", "3"):
        workbook.active.append([text, text])
    workbook.create_sheet("二").append(["乙", "乙"])
    if name == "of a filter":
        hide(workbook, 3)
    else:
        workbook.worksheets[1].sheet_state = "hidden"
    workbook.save(tmp_path / "a.xlsx")
    _, rows = read(tmp_path, (tmp_path / "a.xlsx").read_bytes(), "*")
    hidden_places = [row.place for row in rows if row.is_hidden]
    assert hidden_places == (["Sheet!3"] if name == "of a filter" else ["二!1"])


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ('<row r="1"><c/></row><row r="2" hidden="1"><c/></row>', {2}),
        ("<row><c/></row><row hidden='true' ht='1'><c/></row>", {2}),
        ('<x:row r="7" spans="1:2" hidden="1"/><x:row r="9" hidden="0"/>', {7}),
        ('<col hidden="1"/><row r="1"/><rowBreaks hidden="1"/>', set()),
        ("<row r='1'/>" + " " * (2**20 - 20) + '<row r="2" hidden="1"/>' * 1, {2}),
    ],
)
def test_hidden_rows_are_found_however_they_are_written(tmp_path: Path, rows: str, lines: set[int]) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr(SHEET_PART, SHEET % rows)
    assert find_hidden_rows(str(tmp_path / "a.xlsx"), SHEET_PART) == lines


def test_rows_without_height_are_hidden(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr(
            SHEET_PART, SHEET % '<row r="1" ht="0" customHeight="1"/><row r="2" ht="0.75"/><row r="3"/>'
        )
    assert find_hidden_rows(str(tmp_path / "a.xlsx"), SHEET_PART) == {1}


@pytest.mark.parametrize(
    ("columns", "indices"),
    [
        ('<cols><col min="2" max="3" width="9" hidden="1"/><col min="5" max="5" width="0"/></cols>', (1, 2, 4)),
        ("<x:cols><x:col hidden='true' max='1' min='1'/><x:col min='2' max='2' hidden='0'/></x:cols>", (0,)),
        ('<cols><col min="999" max="16384" hidden="1"/></cols>', (998, 999)),
        ('<cols><col hidden="1"/><col min="3" max="2" hidden="1"/></cols>', ()),
    ],
)  # fmt: skip
def test_hidden_columns_are_found_however_they_are_written(
    tmp_path: Path, columns: str, indices: tuple[int, ...]
) -> None:
    sheet = (
        SHEET.replace("<sheetData>", f"{columns}<sheetData>") % '<row><col min="7" max="7" hidden="1"/></row>'
    )
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr(SHEET_PART, sheet)
    assert find_hidden_columns(str(tmp_path / "a.xlsx"), SHEET_PART) == indices


def test_hidden_rows_and_columns_of_a_web_page_are_told(tmp_path: Path) -> None:
    page = (
        "<table><col><col span=2 style='width:0;display:none'><tr><td>甲<td>乙<td>丙"
        "<tr style='DISPLAY: none'><td>1<td>2<td>3<tr><td>4<td>5<td>6</table><table><tr hidden><td>7</table>"
    )
    _, rows = read(tmp_path, page, name="table.xls")
    assert [row.is_hidden for row in rows] == [False, True, False, True]
    assert [row.hidden_columns for row in rows] == [(1, 2), (1, 2), (1, 2), ()]


def test_14_a_workbook_that_counts_days_from_1904_means_its_own_days(tmp_path: Path) -> None:
    """Numbers in a column of days are those of the workbook's system, with a format of days or without."""
    workbook = Workbook()
    workbook.epoch = CALENDAR_MAC_1904
    workbook.active.append(["证照编号", "持证主体", "发证日期", "有效期至"])
    workbook.active.append(["43166", "天门示例店", date(2022, 3, 8), 44991])
    workbook.save(tmp_path / "a.xlsx")
    profile = load_profile("plain")
    with open_source(tmp_path / "a.xlsx") as source:
        columns, rows = find_columns(source.read_rows(), profile)
        (judged_row,) = [RowJudge(profile, columns, "", date(2026, 11, 23)).judge(row) for row in rows]
    assert judged_row.members == {"issued": "2022-03-08", "valid_until": "2027-03-07"}
    assert {finding.column for finding in judged_row.findings if finding.sort == "serial"} == {"有效期至"}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("甲_x000D_\n乙", "甲\r\n乙"),
        ("甲_x005F_x000D_乙", "甲_x000D_乙"),
        ("_xD800_", "_xD800_"),
        ("_x00_", "_x00_"),
    ],
)
def test_characters_that_a_workbook_escapes_are_read(tmp_path: Path, text: str, meant: str) -> None:
    path = make_workbook(tmp_path / "a.xlsx", ["甲"], [text])
    with open_source(path) as source:
        assert cells(list(source.read_rows()))[1] == (meant,)
    assert read_escapes(write_escapes(meant)) == meant


def test_13_a_cell_that_became_a_day_is_no_number(tmp_path: Path) -> None:
    path = make_workbook(tmp_path / "a.xlsx", ["证照编号", "持证主体"], [date(2022, 2, 1), "天门示例店"])
    profile = load_profile("plain")
    with open_source(path) as source:
        columns, rows = find_columns(source.read_rows(), profile)
        (judged_row,) = [RowJudge(profile, columns, "", date(2026, 11, 23)).judge(row) for row in rows]
    assert ("spreadsheet", "证照编号") in {(finding.sort, finding.column) for finding in judged_row.findings}


def test_lines_that_end_with_carriage_returns_alone_are_read(tmp_path: Path) -> None:
    _, rows = read(tmp_path, "甲,乙\r1,2\r")
    assert cells(rows) == [("甲", "乙"), ("1", "2")]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_zero_byte_is_told_with_its_line(tmp_path: Path, encoding: str) -> None:
    text = "证照编号,持证主体\n" + "1,天门示例店\n" * 3 + "1\0,天门\n"
    with pytest.raises(MalformedInput, match="line 5 fits none"):
        read(tmp_path, text.encode(encoding))


def test_a_quotation_mark_that_is_never_closed_is_told_with_its_row(tmp_path: Path) -> None:
    """However much stands behind it, and also among the first rows, by which the separator is told."""
    with pytest.raises(MalformedInput, match="from row 2 on a quotation mark"):
        read(tmp_path, '证照编号,持证主体\n1,"' + "a,b\n" * 200_000)


def test_a_file_of_two_encodings_is_refused_with_its_line(tmp_path: Path) -> None:
    """Where the other bytes fit by chance, the headings or the cells show it (`wrong-encoding`)."""
    content = "证照编号,持证主体\n1,天门\n".encode("gb18030") + "2,天门示例局\n".encode()
    with pytest.raises(MalformedInput, match="line 3 fits none"):
        read(tmp_path, content)


def test_an_xml_spreadsheet_of_2003_is_refused(tmp_path: Path) -> None:
    """Its `Table` looks like that of a web page, and nothing would be read of it."""
    page = '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Table/></Workbook>'
    with pytest.raises(MalformedInput, match=r"save it as \.xlsx"):
        read(tmp_path, page)
