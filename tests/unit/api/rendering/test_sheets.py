"""Tables as files: numbers stay, and no cell is a formula."""

import csv
from pathlib import Path

import pytest
from openpyxl import load_workbook

from api.rendering.sheets import write_table
from ledger.errors import MalformedInput

HEADING = ("编号 number", "holder", "count")
NUMBER = "429006199001010012"
DANGEROUS = ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", " =cmd|' /C calc'!A0", "＝1", "|x", "%x"]
ROWS = [(NUMBER, text, 3) for text in DANGEROUS]


def test_a_csv_file_holds_no_formula(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    assert write_table(file, HEADING, ROWS) == len(ROWS)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        heading, *rows = csv.reader(stream)
    assert tuple(heading) == HEADING
    assert {row[0] for row in rows} == {NUMBER}
    assert not any(row[1].lstrip().startswith(tuple("=+-@|%＝\t")) for row in rows)


def test_an_xlsx_file_holds_text(tmp_path: Path) -> None:
    file = tmp_path / "table.xlsx"
    write_table(file, HEADING, ROWS)
    sheet = load_workbook(file).active
    assert sheet is not None
    rows = list(sheet.iter_rows(min_row=2))
    assert [row[0].value for row in rows] == [NUMBER] * len(ROWS)
    assert {cell.data_type for row in rows for cell in row[:2]} == {"s"}
    assert {row[2].value for row in rows} == {3}
    assert rows[0][1].value == DANGEROUS[0]
    assert (file.stat().st_mode & 0o777) == 0o600


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match="end the name so"):
        write_table(tmp_path / "table.pdf", HEADING, ROWS)
    assert not list(tmp_path.iterdir())
