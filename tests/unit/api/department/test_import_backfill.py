"""Certificates of the past: in order of issue, with their initial state, of merged bodies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from anchoring.register.records import StoredRecord, find_records
from api.department.imports.journal import Journal, JournalRow
from ledger.registry.status import Status
from ledger.verification.verify import PresentedContent, verify
from tests.scenes import credit_code
from tests.unit.api.city import ISSUER, City
from tests.unit.api.department.importing import GOOD_ROW, ImportDesk, open_desk

BASIS = "行政许可法 第七十条"
OLD_ISSUER = credit_code("429006", 77)
PROFILE = 'name = "past"\nbase = "plain"\nbackfill = true\n[columns]\nstatus = ["状态"]\nbasis = ["依据"]\n'
FIRST = {**GOOD_ROW, "发证日期": "2014-03-08", "有效期自": "2014-03-08", "有效期至": "2019-03-07"}
SECOND = {**GOOD_ROW, "发证日期": "2019-03-08", "有效期自": "2019-03-08", "有效期至": "2024-03-07"}
THIRD = {**GOOD_ROW, "发证日期": "2024-03-08", "有效期自": "2024-03-08", "有效期至": "2029-03-07"}


def row(cells: dict[str, str], state: str = "", basis: str = "", **others: str) -> dict[str, str]:
    return {**cells, "证照标识": "", "发证机关代码": "", "状态": state, "依据": basis, **others}


def numbered(number: int, **cells: str) -> dict[str, str]:
    return {**FIRST, "证照编号": f"JY2429006{number:07d}", **cells}


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImportDesk:
    desk = open_desk(city, tianmen, tmp_path, monkeypatch)
    (tmp_path / "past.toml").write_text(PROFILE, "utf-8")
    return desk


def backfill(
    desk: ImportDesk, *rows: dict[str, str], options: tuple[str, ...] = (), name: str = "past.csv"
) -> int:
    return desk.run_import(desk.write(name, rows), "--profile", "past.toml", *options)


def histories(desk: ImportDesk) -> list[list[StoredRecord]]:
    with desk.city.register.reading() as connection:
        names = connection.exec_driver_sql("SELECT identifier FROM lineage ORDER BY first").scalars().all()
        return [find_records(connection, name) for name in names]


def test_versions_of_the_past_follow_one_another(desk: ImportDesk) -> None:
    assert backfill(desk, row(FIRST), row(SECOND), row(THIRD)) == 0
    (records,) = histories(desk)
    assert [(stored.record.action, str(stored.record.issued)) for stored in records] == [
        ("issue", "2014-03-08"),
        ("renew", "2019-03-08"),
        ("renew", "2024-03-08"),
    ]


def test_the_same_rows_in_another_file_make_no_old_version_new(desk: ImportDesk) -> None:
    assert backfill(desk, row(FIRST), row(SECOND)) == 0
    rows = (row(FIRST), row(SECOND), row(THIRD))
    assert backfill(desk, *rows, name="again.csv", options=("--changes", "renew")) == 0
    (records,) = histories(desk)
    assert [str(stored.record.issued) for stored in records] == ["2014-03-08", "2019-03-08", "2024-03-08"]


def test_an_earlier_version_below_a_later_one_comes_back(
    desk: ImportDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backfill(desk, row(SECOND), row(FIRST), options=("--accept", "issue-order")) == 5
    assert "row-twice" in capsys.readouterr().out
    assert len(histories(desk)[0]) == 1


def test_rows_out_of_order_wait_for_a_person(desk: ImportDesk, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row(numbered(1, 发证日期="2014-05-08")), row(numbered(2))]
    assert backfill(desk, *rows) == 1
    assert "issue-order" in capsys.readouterr().out
    assert backfill(desk, *rows, options=("--accept", "issue-order")) == 0


@pytest.mark.parametrize(
    ("word", "action", "status"),
    [
        ("暂扣", "suspend", Status.SUSPENDED),
        ("注销", "cancel", Status.CANCELLED),
        ("吊销", "withdraw", Status.WITHDRAWN),
    ],
)
def test_an_initial_state_is_the_act_right_after_the_certificate(
    desk: ImportDesk, word: str, action: str, status: Status
) -> None:
    profile = PROFILE + f'[status]\n"{word}" = "{action}"\n'
    (desk.folder / "past.toml").write_text(profile, "utf-8")
    assert backfill(desk, row(THIRD, word, BASIS)) == 0
    desk.city.anchor()
    (records,) = histories(desk)
    assert [stored.record.action for stored in records] == ["issue", action]
    assert records[-1].record.basis == BASIS
    proof = desk.city.proof(records[0].record.identifier)
    values = proof.disclosure.values if proof.disclosure else {}
    with desk.city.replica.reading() as trust:
        report = verify(PresentedContent((), values), proof, trust, desk.city.now)
    assert (report.verdict.value, report.reason) == ("not_current", status.name.lower())


def test_where_a_row_says_no_basis_the_profile_does_or_else_the_source(desk: ImportDesk) -> None:
    assert backfill(desk, row(numbered(1), "注销")) == 0
    (desk.folder / "past.toml").write_text(
        PROFILE.replace("[columns]", 'basis = "历史补录"\n[columns]'), "utf-8"
    )
    assert backfill(desk, row(numbered(2), "注销"), name="again.csv") == 0
    assert [records[-1].record.basis for records in histories(desk)] == ["来源系统状态：注销", "历史补录"]


def test_without_a_backfill_what_ended_comes_back_as_ever(desk: ImportDesk) -> None:
    (desk.folder / "past.toml").write_text(PROFILE.replace("backfill = true\n", ""), "utf-8")
    assert backfill(desk, row(THIRD, "注销", BASIS)) == 5
    assert histories(desk) == []


def test_an_authority_that_was_merged_is_stated_beside_the_one_that_registers(desk: ImportDesk) -> None:
    identifier = f"1.2.156.3005.2.11100000MB0143028R001.{OLD_ISSUER}.TM2014A0000000000001.001.X"
    cells = {"发证机关代码": OLD_ISSUER, "证照标识": identifier}
    assert (
        backfill(
            desk,
            row({**THIRD, "发证机关": "天门市示例旧局"}, **cells),
            options=("--accept", "identifier-of-the-past"),
        )
        == 0
    )
    ((stored,),) = histories(desk)
    assert stored.record.issuer == ISSUER
    assert stored.disclosure is not None
    values = stored.disclosure.values
    assert (values["KZ_YBFJGDM"], values["ZZBFJGDM"], values["KZ_YZZBS"]) == (OLD_ISSUER, ISSUER, identifier)
    assert values["ZZBFJG"] == "天门市示例旧局"


@pytest.mark.parametrize(
    ("rows", "actions"),
    [
        ((row(THIRD, "注销", BASIS),), ["issue", "cancel"]),
        ((row(FIRST), row(SECOND)), ["issue", "renew"]),
    ],
)
def test_what_follows_is_not_lost_and_not_done_twice_by_a_kill(
    desk: ImportDesk, monkeypatch: pytest.MonkeyPatch, rows: tuple[dict[str, str], ...], actions: list[str]
) -> None:
    accept = Journal.accept

    def die(journal: Journal, accepted_rows: Sequence[JournalRow], *arguments: Any) -> None:
        if accepted_rows and accepted_rows[0].action == actions[-1]:
            raise KeyboardInterrupt  # it was handed in, and nobody noted it
        accept(journal, accepted_rows, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "accept", die)
        assert backfill(desk, *rows) != 0
    assert backfill(desk, *rows) == 0
    (records,) = histories(desk)
    assert [stored.record.action for stored in records] == actions
