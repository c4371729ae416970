"""Tables by which systems exchange certificates: overwritten rows, parts that come apart.

The numbers are those of test_import_mess.
"""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from anchoring.register.records import find_records
from api.department import actions
from api.department.imports.journal import Journal
from api.department.rows.queue import QUEUE_FILE, WaitingActs
from tests.fakes.department import ISSUER
from tests.unit.api.city import City
from tests.unit.api.department.importing import GOOD_ROW, ImportDesk, open_desk

NODE = ("--node", "http://tianmen.example", "--token-file", "token")
SIGNING = (*NODE, "--key", "key.pem", "--yes")


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImportDesk:
    desk = open_desk(city, tianmen, tmp_path, monkeypatch)
    monkeypatch.setattr(actions, "NodeClient", desk.client)
    (desk.folder / "token").write_text(city.token("history", "claims", "search", "proofs"))
    return desk


def list_actions(desk: ImportDesk) -> list[str]:
    """Return what was done to the one certificate, oldest first."""
    with Journal(desk.folder / "import.journal") as journal:
        (identifier,) = journal._connection.execute("SELECT identifier FROM certificates").fetchone()
    with desk.city.register.reading() as connection:
        return [stored.record.action for stored in find_records(connection, identifier)]


def test_48_a_row_that_is_overwritten_is_a_record_of_each_difference(
    desk: ImportDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table has the newest state alone; the journal keeps each one that it was read in."""
    places = [f"天门市竟陵街道示例路{number}号" for number in (1, 7, 7, 9)]
    for number, place in enumerate(places):
        table = desk.write("exchange.csv", [{**GOOD_ROW, "经营场所": place}])
        assert desk.run_import(table, "--changes", "amend") == 0, number
        desk.city.anchor()
    assert list_actions(desk) == ["issue", "amend", "amend"], "the third reading brought nothing new"
    capsys.readouterr()
    with Journal(desk.folder / "import.journal") as journal:
        (identifier,) = journal._connection.execute("SELECT identifier FROM certificates").fetchone()
    assert desk.run("import", "source", identifier) == 0
    sources = json.loads(capsys.readouterr().out)
    assert [next(cell for cell in source["row"][2] if "示例路" in cell) for source in sources] == [
        places[0],
        places[1],
        places[3],
    ]


@pytest.mark.parametrize("order", ["row, file, state", "row, state", "state, row, file"])
def test_49_parts_of_a_certificate_arrive_apart_and_in_any_order(desk: ImportDesk, order: str) -> None:
    """The row, then the sealed file, then the state: whatever comes first waits for what it belongs to."""
    number = GOOD_ROW["证照编号"]
    (desk.folder / "sealed.ofd").write_bytes(b"the sealed file")
    steps = {
        "row": ("import", "run", desk.write("exchange.csv", [GOOD_ROW]), "--issuer", ISSUER, *SIGNING[:-1]),
        "file": ("amend", number, "--document", "sealed.ofd", "--basis", "补件", *SIGNING),
        "state": ("cancel", number, "--basis", "注销", *SIGNING),
    }
    for step in order.split(", "):
        is_early = step == "state" and order.startswith("state")
        assert desk.run(*steps[step]) == (1 if is_early else 0), step
        desk.city.anchor()
    if order.startswith("state"):
        assert [act.action for act in WaitingActs(desk.folder / QUEUE_FILE).list_waiting()] == ["cancel"]
        assert desk.run("cancel", "--waiting", *SIGNING) == 0
    expected = ["issue", "amend", "cancel"] if "file" in order else ["issue", "cancel"]
    assert list_actions(desk) == expected


def list_waiting(folder: Path) -> list[tuple[str, str, object]]:
    acts = WaitingActs(folder / QUEUE_FILE).list_waiting()
    return [(act.action, act.name.text, act.members["basis"]) for act in acts]


@pytest.mark.parametrize(
    ("word", "action"),
    [("注销", "cancel"), ("已吊销", "withdraw"), ("撤销", "revoke"), ("暂扣", "suspend"), ("作废", "void")],
)
def test_50_a_row_of_an_unknown_certificate_that_ended_waits_in_the_queue(
    desk: ImportDesk, word: str, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = desk.write("ended.csv", [{**GOOD_ROW, "状态": word}])
    assert desk.check(table) == 1
    assert list_waiting(desk.folder) == [], "a check keeps nothing"
    capsys.readouterr()
    assert desk.run_import(table) == 5, "it is no success"
    assert "1 rows are of certificates that ended" in capsys.readouterr().err
    assert list_waiting(desk.folder) == [(action, GOOD_ROW["证照编号"], f"来源系统状态：{word}")]
    assert desk.run_import(desk.write("licences.csv", [GOOD_ROW])) == 0
    assert "1 acts wait" in capsys.readouterr().err
    assert desk.run(action, "--waiting", *SIGNING) == 0
    assert list_actions(desk) == ["issue", action]
    for name in ("again.csv", "and again.csv"):
        desk.write(name, [{**GOOD_ROW, "状态": word, "住所": name}])
        assert desk.run_import(name) == 5
    assert list_waiting(desk.folder) == [], "it is known: the row comes back and says what to do"


def test_50_what_was_dismissed_is_not_asked_again(desk: ImportDesk) -> None:
    assert desk.run_import(desk.write("ended.csv", [{**GOOD_ROW, "状态": "注销"}])) == 5
    assert desk.run("find", "--dismiss", "1", "--reason", "原系统误标") == 0, "no node is asked for that"
    assert desk.run_import(desk.write("again.csv", [{**GOOD_ROW, "状态": "注销", "住所": "天门市"}])) == 5
    assert list_waiting(desk.folder) == []


def test_51_a_word_that_means_no_one_act_waits_for_a_person(desk: ImportDesk) -> None:
    """By which act a certificate ended that is 已换发 or 转出, no word tells; where a profile says as little, ours do."""
    (desk.folder / "own.toml").write_text(
        'name = "own"\nbase = "plain"\n[status]\n"注销" = "ended"\n"停" = "ended"\n'
    )
    rows = [
        {**GOOD_ROW, "证照编号": f"JY1429006000000{number}", "状态": word}
        for number, word in enumerate(("已换发", "转出", "停", "注销"), 1)
    ]
    assert desk.run_import(desk.write("ended.csv", rows), "--profile", "own.toml") == 5
    assert [name for _, name, _ in list_waiting(desk.folder)] == ["JY14290060000004"]


def test_50_a_row_with_other_faults_is_mended_first(desk: ImportDesk) -> None:
    rows = [{**GOOD_ROW, "状态": "注销", **cells} for cells in ({"证照编号": ""}, {"持证主体": ""})]
    assert desk.run_import(desk.write("ended.csv", rows)) == 5
    assert list_waiting(desk.folder) == []


def test_50_a_run_that_was_killed_loses_no_act(desk: ImportDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends after the journal has the act and before the queue has it."""
    rows = [{**GOOD_ROW, "状态": "有效"}, {**GOOD_ROW, "证照编号": "JY14290060000009", "状态": "注销"}]
    table = desk.write("ended.csv", rows)
    with monkeypatch.context() as broken:
        broken.setattr(WaitingActs, "add_once", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        assert desk.run_import(table) == 130
    assert list_waiting(desk.folder) == []
    assert desk.run_import(table) == 5
    assert [action for action, _, _ in list_waiting(desk.folder)] == ["cancel"]


def test_acts_wait_and_are_told_of_wherever_a_command_runs(
    desk: ImportDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.run_import(desk.write("ended.csv", [{**GOOD_ROW, "状态": "注销"}])) == 5
    (desk.folder / "elsewhere").mkdir()
    for file_name in ("key.pem", "token"):
        (desk.folder / "elsewhere" / file_name).write_bytes((desk.folder / file_name).read_bytes())
    monkeypatch.chdir(desk.folder / "elsewhere")
    capsys.readouterr()
    assert desk.run_import(desk.write("licences.csv", [GOOD_ROW])) == 0
    message = capsys.readouterr().err
    assert f"1 acts wait 待办 in {desk.folder / QUEUE_FILE}" in message, "it is beside the table"
    assert f"--queue {desk.folder / QUEUE_FILE}" in message
    other = [{**GOOD_ROW, "证照编号": "JY14290060000008", "状态": "注销"}]
    assert desk.run_import(desk.write("other.csv", other), "--queue", "../own.waiting") == 5
    assert WaitingActs(desk.folder / "own.waiting").list_waiting()
