"""Tables imported from end to end: checked, signed, handed in, mended."""

import csv
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from api.department.imports.handing_in import HandingIn
from api.department.imports.journal import Journal
from tests.fakes.department import ISSUER
from tests.unit.api.city import City
from tests.unit.api.department.importing import GOOD_ROW, MARRIAGE, TYPE_NAME, ImportDesk, open_desk


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImportDesk:
    return open_desk(city, tianmen, tmp_path, monkeypatch)


def rows(count: int, **cells: str) -> list[dict[str, str]]:
    return [{**GOOD_ROW, "证照编号": f"JY2429006{number:07d}", **cells} for number in range(count)]


def test_a_check_registers_nothing_and_leaves_nothing(desk: ImportDesk) -> None:
    path = desk.write("licences.csv", rows(3), "gb18030")
    for _ in range(2):
        assert desk.check(path) == 0
    assert desk.count_registered() == 0
    with Journal(desk.folder / "import.journal") as journal:
        assert journal.list_pending_files() == []


def test_the_same_file_twice_registers_nothing_twice(
    desk: ImportDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    path = desk.write("licences.csv", rows(3), "gb18030")
    assert desk.run_import(path) == 0
    assert desk.count_registered() == 3
    assert desk.run_import(path) == 0
    assert "registered already" in capsys.readouterr().out
    again = desk.write(
        "again.csv", [*rows(3), *rows(3)], "utf-8"
    )  # the same rows under another name, and twice
    assert desk.run_import(again) == 0
    assert desk.count_registered() == 3


def test_faulty_rows_come_back_are_mended_and_go_in(desk: ImportDesk) -> None:
    table = rows(5)
    table[1]["持证主体代码"] = "92429006EXAMPLE03X"
    table[3]["发证日期"] = "2022-03"
    path = desk.write("licences.csv", table)
    assert desk.run_import(path) == 5
    assert desk.count_registered() == 3
    workbook = load_workbook(desk.folder / "licences.csv.faulty.xlsx")
    sheet = workbook.worksheets[0]
    headings = [cell.value for cell in sheet[1]]
    assert [sheet.cell(row, headings.index("顺证：行 line") + 1).value for row in (2, 3)] == ["3", "5"]
    assert "check digit" in str(sheet.cell(2, headings.index("顺证：问题 problem") + 1).value)
    sheet.cell(2, headings.index("持证主体代码") + 1).value = GOOD_ROW["持证主体代码"]
    sheet.cell(3, headings.index("发证日期") + 1).value = "2022-03-08"
    workbook.save(desk.folder / "mended.xlsx")  # as a spreadsheet does
    assert desk.run_import("mended.xlsx") == 0
    assert desk.count_registered() == 5


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\x0b"])
def test_line_breaks_survive_in_what_comes_back(desk: ImportDesk, line_break: str) -> None:
    """Each of the two files is mended in its one cell that is wrong, saved as a spreadsheet does, and goes in."""
    text = f"热食类食品制售{line_break}冷食类_x000D_食品制售"
    path = desk.write("licences.csv", rows(1, 经营项目=text, 发证日期="2022-03"))
    assert desk.run_import(path) == 5
    workbook = load_workbook(f"{path}.faulty.xlsx")
    sheet = workbook.worksheets[0]
    sheet.cell(2, [cell.value for cell in sheet[1]].index("发证日期") + 1).value = "2022-03-08"
    workbook.save(desk.folder / "mended.xlsx")
    assert desk.run_import("mended.xlsx") == 0
    csv_path = desk.folder / "licences.csv.faulty.csv"
    with csv_path.open(encoding="utf-8-sig", newline="") as file:
        mended = [[cell.replace("\t2022-03", "2022-03-08") for cell in row] for row in csv.reader(file)]
    with csv_path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(mended)
    assert desk.run_import(csv_path) == 0
    assert desk.count_registered() == 1, "it is the same row in both"
    with Journal(desk.folder / "import.journal") as journal:
        (members,) = journal._connection.execute("SELECT members FROM rows").fetchone()
    assert json.loads(members)["claims"]["KZ_JYXM"] == "热食类食品制售 冷食类_x000D_食品制售"


def test_a_cell_that_no_workbook_can_hold_is_not_cut_in_silence(desk: ImportDesk) -> None:
    path = desk.write("licences.csv", rows(1, 经营项目="热" * 40_000, 发证日期="2022-03"))
    assert desk.run_import(path) == 5
    workbook = load_workbook(f"{path}.faulty.xlsx")
    sheet = workbook.worksheets[0]
    sheet.cell(2, [cell.value for cell in sheet[1]].index("发证日期") + 1).value = "2022-03-08"
    workbook.save(desk.folder / "mended.xlsx")
    assert desk.run_import("mended.xlsx") == 5
    assert desk.count_registered() == 0


def test_numbers_survive_in_the_csv_that_comes_back(desk: ImportDesk) -> None:
    path = desk.write("licences.csv", rows(1, 证照标识="=cmd", 发证日期="2022-03"))
    assert desk.check(path) == 1
    with (desk.folder / "licences.csv.faulty.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = list(csv.DictReader(file))
    assert row["证照标识"] == "\t=cmd"
    assert row["持证主体代码"] == "\t92429006EXAMPLE034" or not row["持证主体代码"].isdecimal()
    assert (desk.folder / "licences.csv.faulty.csv").stat().st_mode & 0o077 == 0
    assert (desk.folder / "licences.csv.faulty.xlsx").stat().st_mode & 0o077 == 0


def test_warnings_stop_a_run_until_they_are_accepted_by_name(desk: ImportDesk) -> None:
    path = desk.write("licences.csv", rows(2, 持证主体="王\ue5e5示例店"))
    assert desk.run_import(path) == 1
    assert desk.count_registered() == 0
    assert desk.run_import(path, "--accept", "private-character") == 0
    assert desk.count_registered() == 2


def test_questions_stop_a_run_and_are_asked_once_a_word(
    desk: ImportDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    path = desk.write("licences.csv", rows(30, 状态="4"))
    assert desk.run_import(path, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["questions"] == {"status-word": {"4": 30}}
    assert desk.count_registered() == 0


def test_a_changed_row_is_asked_about_and_becomes_a_new_version(
    desk: ImportDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.run_import(desk.write("licences.csv", rows(3))) == 0
    desk.city.anchor()
    table = rows(3)
    table[0]["经营场所"] = "天门市竟陵街道示例路2号"
    table[1] |= {"有效期自": "2027-03-08", "有效期至": "2032-03-07"}
    changed = desk.write("changed.csv", table)
    assert desk.run_import(changed, "--json") == 1
    report = json.loads(capsys.readouterr().out.partition("\n{")[2].join(["{", ""]) or "{}")
    assert {(change["action"], change["rows"]) for change in report["changes"]} == {
        ("amend", 1),
        ("renew", 1),
    }
    assert desk.count_registered() == 3
    assert desk.run_import(changed, "--changes", "食品经营许可证=amend") == 0
    assert desk.count_registered() == 5
    assert desk.run_import(changed, "--changes", "amend") == 0
    assert desk.count_registered() == 5


def test_a_certificate_is_changed_once_however_far_apart_its_rows_stand(
    desk: ImportDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("api.department.imports.checking._CHUNK_ROWS", 1)
    assert desk.run_import(desk.write("licences.csv", rows(1))) == 0
    desk.city.anchor()
    table = [row for number in (2, 2, 3) for row in rows(1, 经营场所=f"天门市竟陵街道示例路{number}号")]
    capsys.readouterr()
    assert desk.check(desk.write("changed.csv", table), "--changes", "amend", "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["ready"], report["repeated"], report["found"]) == (1, 1, {"row-twice": 1})


def test_a_run_goes_on_where_it_was_killed(desk: ImportDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.department.imports.handing_in.SUBMISSION_ROWS", 2)
    path = desk.write("licences.csv", rows(5))
    settle = HandingIn._settle

    def die(self: HandingIn, *arguments: Any) -> Any:
        if desk.count_registered() >= 4:
            raise KeyboardInterrupt
        return settle(self, *arguments)

    monkeypatch.setattr(HandingIn, "_settle", die)
    assert desk.run_import(path) == 130
    registered = desk.count_registered()
    assert registered >= 4  # the node has more than the journal knows
    path.write_text("another file now", "utf-8")  # what was checked is in the journal
    monkeypatch.setattr(HandingIn, "_settle", settle)
    other = desk.write("other.csv", [{**GOOD_ROW, "证照编号": "JY24290069999999"}])
    assert desk.run_import(other) == 0
    assert desk.count_registered() == 6


def test_a_run_that_goes_on_says_that_rows_came_back(
    desk: ImportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.write("licences.csv", [*rows(3), {**GOOD_ROW, "发证日期": "2022-03"}])
    hand_in = HandingIn.hand_in

    def die(self: HandingIn, *arguments: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(HandingIn, "hand_in", die)
    assert desk.run_import(path) == 130
    monkeypatch.setattr(HandingIn, "hand_in", hand_in)
    assert [desk.run_import(path) for _ in range(2)] == [5, 5]
    assert desk.count_registered() == 3


def test_the_row_of_which_a_certificate_was_made_is_found(
    desk: ImportDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    path = desk.write("licences.csv", rows(1, 持证主体代码="'92429006EXAMPLE034"))
    assert desk.run_import(path) == 0
    capsys.readouterr()
    with Journal(desk.folder / "import.journal") as journal:
        (identifier,) = journal._connection.execute("SELECT identifier FROM certificates").fetchone()
    assert desk.run("import", "source", identifier, "--journal", "import.journal") == 0
    (source,) = json.loads(capsys.readouterr().out)
    assert "'92429006EXAMPLE034" in source["row"][2]
    assert source["file"] == "licences.csv"


def test_proofs_are_fetched_into_a_folder(desk: ImportDesk) -> None:
    (desk.folder / "token").write_text(desk.city.token("history", "claims", "proofs"))
    path = desk.write("licences.csv", rows(2))
    assert desk.run_import(path) == 0
    desk.city.anchor()
    assert desk.run_import(path, "--proofs", "proofs") == 0
    assert len([*(desk.folder / "proofs").glob("*.proof.json")]) == 2


def test_notes_and_titles_are_left_out_and_told(desk: ImportDesk, capsys: pytest.CaptureFixture[str]) -> None:
    workbook = Workbook()
    sheet = workbook.active
    sheet.append(["附件1 天门示例局许可台账"])
    sheet.append([*GOOD_ROW])
    sheet.append([*GOOD_ROW.values()])
    sheet.append([])
    sheet.append(["注：本表为示例"])
    sheet.append(["合计", 1])
    workbook.save(desk.folder / "list.xlsx")
    assert desk.check("list.xlsx", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["rows"], report["ready"], report["left_out"]) == (1, 1, ["1", "Sheet!5", "Sheet!6"])


def test_hidden_rows_stop_a_run_until_they_are_accepted(desk: ImportDesk) -> None:
    workbook = Workbook()
    for row in ([*GOOD_ROW], [*GOOD_ROW.values()], [*rows(1)[0].values()]):
        workbook.active.append(row)
    workbook.active.row_dimensions[3].hidden = True  # as a filter does
    workbook.save(desk.folder / "list.xlsx")
    assert desk.run_import("list.xlsx") == 1
    assert desk.count_registered() == 0
    assert desk.run_import("list.xlsx", "--accept", "hidden") == 0
    assert desk.count_registered() == 2


def test_hidden_columns_stop_a_run_until_they_are_accepted(
    desk: ImportDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    workbook = Workbook()
    for row in ([*GOOD_ROW], [*GOOD_ROW.values()], [*rows(1)[0].values()]):
        workbook.active.append(row)
    workbook.active.column_dimensions["D"].hidden = True
    workbook.save(desk.folder / "list.xlsx")
    assert desk.run_import("list.xlsx") == 1
    assert f"columns that the file hides 隐藏列: {[*GOOD_ROW][3]}" in capsys.readouterr().out
    assert desk.count_registered() == 0
    assert desk.run_import("list.xlsx", "--accept", "hidden") == 0
    assert desk.count_registered() == 2


def test_rows_of_several_sheets_come_back_under_their_own_headings(desk: ImportDesk) -> None:
    """The sheets of a template name the type, also when the rows come back and are mended."""
    untyped = {heading: cell for heading, cell in GOOD_ROW.items() if heading != "证照名称"}
    kept_headings = {"证照编号", "发证日期", "有效期至", "发证机关", "国籍", "性别", "出生日期", "登记日期"}
    marriage = {heading: cell for heading, cell in MARRIAGE.items() if heading in kept_headings}
    marriage |= {"持证人": "张示例", "发证日期": "2022-03"}
    workbook = Workbook()
    for name, row in {TYPE_NAME: untyped | {"发证日期": "2022-03"}, "结婚证": marriage}.items():
        sheet = workbook.create_sheet(name)
        sheet.append([*row])
        sheet.append([*row.values()])
    workbook.save(desk.folder / "list.xlsx")
    assert desk.run_import("list.xlsx", "--sheet", "*", "--accept", "no-holder-code") == 5
    assert desk.count_registered() == 0
    returned = load_workbook(desk.folder / "list.xlsx.faulty.xlsx")
    assert returned.sheetnames == [TYPE_NAME, "结婚证"]
    for sheet in returned.worksheets:
        headings = [cell.value for cell in sheet[1]]
        sheet.cell(2, headings.index("发证日期") + 1).value = "2022-03-08"
    returned.save(desk.folder / "mended.xlsx")
    assert desk.run_import("mended.xlsx", "--sheet", "*", "--accept", "no-holder-code") == 0
    assert desk.count_registered() == 2
    for name in ("list.xlsx.faulty.csv", "list.xlsx.faulty.2.csv"):
        text = (desk.folder / name).read_text("utf-8-sig").replace("\t2022-03", "2022-03-08")
        (desk.folder / name).write_text(text, "utf-8-sig")
        assert desk.run_import(name, "--accept", "no-holder-code") == 0
    assert desk.count_registered() == 2, "the sheet is named in a column"


def test_a_page_without_rows_is_no_table(desk: ImportDesk, capsys: pytest.CaptureFixture[str]) -> None:
    (desk.folder / "page.xls").write_text("<html><body>no table<table></table></body></html>")
    assert desk.run_import("page.xls") == 1
    assert "has no rows" in capsys.readouterr().err


def fill_in(sheet: Worksheet, row_number: int, number: str) -> None:
    """Fill in what a template has in bold, and the last day."""
    cells = {
        "证照名称": TYPE_NAME,
        "证照编号": number,
        "证照颁发日期": "2022/3/8",
        "证照颁发机构代码": ISSUER,
        "持证主体": "天门示例店",
        "持证主体代码": GOOD_ROW["持证主体代码"],
        "持证主体代码类型代码": "001",
        "证照有效期截止日期": "2027-03-07",
    }
    for cell in [*sheet[1]]:
        if cell.font.bold or cell.value in cells:
            sheet.cell(row_number, cell.column).value = cells.get(cell.value, f"示例{cell.value}")


def test_a_template_is_filled_in_and_read(desk: ImportDesk) -> None:
    assert desk.run("import", "template", "食品经营许可证", "-o", "t.xlsx") == 0
    workbook = load_workbook(desk.folder / "t.xlsx")
    sheet = workbook.worksheets[0]
    fill_in(sheet, 2, "JY14290060000001")
    workbook.save(desk.folder / "t.xlsx")
    assert desk.run_import("t.xlsx") == 0
    assert desk.count_registered() == 1


def test_the_five_commands_of_the_readme_lead_from_a_table_to_proofs(desk: ImportDesk) -> None:
    """Every line of the page, as it stands there; between them what a clerk, the administrator and the chain do."""
    page = (Path(__file__).parents[4] / "README.md").read_text("utf-8")
    lines = page.partition("<!-- import -->\n```sh\n")[2].partition("```")[0].splitlines()
    assert len(lines) == 5
    (desk.folder / "token").write_text(desk.city.token("history", "claims", "proofs"))

    def fill_in_two() -> None:
        workbook = load_workbook(desk.folder / "licences.xlsx")
        for row_number in (2, 3):
            fill_in(workbook.worksheets[0], row_number, f"JY142900600000{row_number:02}")
        workbook.save(desk.folder / "licences.xlsx")

    def take_in_key() -> None:
        (desk.folder / "key.pem").replace(desk.folder / "department.pem")

    meanwhile: list[Callable[[], object]] = [
        take_in_key,
        fill_in_two,
        lambda: None,
        desk.city.anchor,
        lambda: None,
    ]
    for line, act in zip(lines, meanwhile, strict=True):
        program, *arguments = shlex.split(line)
        assert program == "shunzheng"
        assert desk.run(*arguments) == 0
        act()
    assert len([*(desk.folder / "proofs").glob("*.proof.json")]) == 2


def test_a_proposed_profile_reads_its_table(desk: ImportDesk) -> None:
    path = desk.write("licences.csv", rows(3, 许可状态="存续", 内部序号="7"))
    assert desk.run("import", "profile", "new", path, "-o", "own.toml") == 0
    text = (desk.folder / "own.toml").read_text("utf-8")
    assert '"存续" = "current"  # TODO' in text
    confirmed = text.replace("# TODO move above [columns]: ", "").replace(
        'empty_end = "ask"', 'empty_end = "endless"'
    )
    head, _, tail = confirmed.partition("[columns]\n")
    ignored = next(line for line in tail.splitlines() if line.startswith("ignored"))
    confirmed = f"{head}{ignored}\n[columns]\n{tail.replace(ignored, '')}"
    (desk.folder / "own.toml").write_text(confirmed, "utf-8")
    assert desk.run_import(path, "--profile", "own.toml") == 0
    assert desk.count_registered() == 3
