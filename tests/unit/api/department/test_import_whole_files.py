"""Defects of departments' tables that only all rows together show.

The numbers are those of test_import_mess.
"""

from pathlib import Path

import pytest

from api.department.imports.judging.judged import JudgedRow
from api.department.imports.sorts import Consequence
from api.department.imports.tally import Tally
from tests.unit.api.department.importing import GOOD_ROW, judge


def count(rows: list[JudgedRow]) -> Tally:
    tally = Tally()
    for judged_row in rows:
        tally.add(judged_row)
    tally.rejected_count = sum(judged_row.is_rejected for judged_row in rows)
    tally.conclude()
    return tally


def number_rows(row_count: int, **cells: str) -> list[dict[str, str]]:
    return [{**GOOD_ROW, "证照编号": f"JY2429006{number:07d}", **cells} for number in range(row_count)]


@pytest.mark.parametrize(("day", "row_count", "sorts"), [
    ("2022-03-08", 20, ["same-days"]),
    ("2022-03-08", 19, []),
    ("2022-03-09", 20, []),
])  # fmt: skip
def test_20_a_first_day_that_is_always_that_of_issue_is_said_of_the_file(
    tmp_path: Path, day: str, row_count: int, sorts: list[str]
) -> None:
    tally = count(judge(tmp_path, number_rows(row_count, 有效期自=day)))
    assert tally.list_sorts(Consequence.WARN) == sorts


@pytest.mark.parametrize(
    ("different_count", "sorts"), [(0, ["equal-columns"]), (1, ["equal-columns"]), (3, [])]
)
def test_37_columns_that_are_nearly_always_equal_are_said_of_the_file(
    tmp_path: Path, different_count: int, sorts: list[str]
) -> None:
    """Only in the whole file: a body may well be at its registered office."""
    rows = number_rows(40, 住所="天门市竟陵街道示例路1号", 有效期自="2022-03-09")
    for row in rows[:different_count]:
        row["经营场所"] = "天门市竟陵街道示例路2号"
    tally = count(judge(tmp_path, rows))
    assert tally.list_sorts(Consequence.WARN) == sorts
    assert all("KZ_" in example for example in tally.examples["equal-columns"])


@pytest.mark.parametrize(("swapped_count", "is_asked"), [(1, False), (2, False), (3, True), (200, True)])
def test_23_days_that_are_swapped_in_more_than_one_of_a_hundred_rows_are_asked_about(
    tmp_path: Path, swapped_count: int, is_asked: bool
) -> None:
    rows = number_rows(200)
    for row in rows[:swapped_count]:
        row |= {"有效期自": "2027-03-07", "有效期至": "2022-03-08"}
    tally = count(judge(tmp_path, rows))
    assert tally.sort_counts["end-before-start"] == swapped_count
    assert tally.list_sorts(Consequence.ASK) == (["swapped-days"] if is_asked else [])
