"""Acts on certificates that nobody knows: kept in a queue, and done once they are known."""

import json
import sqlite3
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.department import actions
from api.department.rows.queue import QUEUE_FILE, WaitingActs
from ledger.errors import MalformedInput
from tests.unit.api.city import City, identifier
from tests.unit.api.department.changing import ChangesDesk

SERIAL = "TM2022A0000000000009"
LICENCE = identifier(SERIAL)
CLAIMS = {"ZZMC": "营业执照", "CZZT": "张三丰", "ZZBH": "TM-009"}


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ChangesDesk:
    desk = ChangesDesk(city, tianmen, tmp_path, monkeypatch)
    (desk.folder / "token").write_text(city.token("history", "claims", "search"))
    monkeypatch.setattr(actions, "NodeClient", desk.client)
    monkeypatch.setattr("api.commands.find.NodeClient", desk.client)
    monkeypatch.setattr("api.commands.submit.NodeClient", desk.client)
    desk.issue()
    return desk


def _find(desk: ChangesDesk, *arguments: str) -> int:
    return desk.run("find", *arguments, "--node", "http://tianmen.example", "--token-file", "token")


def _waiting(desk: ChangesDesk) -> list[tuple[str, str]]:
    return [(act.action, act.name.text) for act in WaitingActs(desk.folder / QUEUE_FILE).list_waiting()]


@pytest.mark.parametrize("name", ["TM-009", LICENCE])
def test_it_waits_is_listed_and_is_done_once_the_certificate_is_known(
    name: str, desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.change("cancel", name) == 1  # no success
    assert desk.change("cancel", name) == 1
    assert "NOT handed in" in capsys.readouterr().err
    assert _waiting(desk) == [("cancel", name)]  # once, however often it is told
    assert _find(desk, "--waiting") == 12
    assert name in capsys.readouterr().out
    assert desk.change("cancel", "--waiting") == 1  # not known yet
    assert _waiting(desk) == [("cancel", name)]
    desk.city.submit(desk.city.licence(SERIAL, CLAIMS))
    assert _find(desk, "--waiting", "--json") == 12
    (act,) = json.loads(capsys.readouterr().out)
    assert act["certificates"][0]["identifier"] == LICENCE
    assert desk.change("cancel", "--waiting", basis=None) == 0  # the basis was kept
    assert desk.newest(LICENCE).record.action == "cancel"
    assert desk.newest(LICENCE).record.basis == "行政许可法 第七十条"
    assert _waiting(desk) == []
    assert _find(desk, "--waiting") == 0


def test_what_is_known_goes_on_without_what_waits(desk: ChangesDesk) -> None:
    known = identifier("TM2022A0000000000001")
    assert desk.change("suspend", known, LICENCE) == 1
    assert desk.newest(known).record.action == "suspend"
    assert _waiting(desk) == [("suspend", LICENCE)]


def test_the_same_act_done_by_hand_waits_no_more(desk: ChangesDesk) -> None:
    assert desk.change("revoke", LICENCE) == 1
    desk.city.submit(desk.city.licence(SERIAL, CLAIMS))
    assert desk.change("revoke", LICENCE) == 0
    assert _waiting(desk) == []


@pytest.mark.parametrize(
    ("action", "name", "message"),
    [
        ("cancel", LICENCE[:-1] + "9", "check"),  # a slip is mended, and waits for nothing
        ("amend", LICENCE, "is not registered in this city"),
    ],
)
def test_slips_and_new_versions_do_not_wait(
    action: str, name: str, message: str, desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.change(action, name) == 1
    assert message in capsys.readouterr().err
    assert _waiting(desk) == []


def test_a_dry_run_keeps_nothing_and_is_no_success(desk: ChangesDesk) -> None:
    assert desk.change("cancel", LICENCE, "--dry-run") == 1
    assert not (desk.folder / QUEUE_FILE).exists()


def test_a_person_dismisses_it_with_a_reason(desk: ChangesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.change("cancel", "TM-0O9")
    assert _find(desk, "--dismiss", "1") == 1
    assert "--reason" in capsys.readouterr().err
    assert _find(desk, "--dismiss", "7", "--reason", "编号有误") == 1
    assert _find(desk, "--dismiss", "1", "--reason", "编号有误") == 0
    assert _waiting(desk) == []
    with sqlite3.connect(desk.folder / QUEUE_FILE) as connection:
        assert connection.execute("SELECT outcome FROM acts").fetchall() == [("dismissed: 编号有误",)]
    connection.close()


def test_a_later_registration_tells_that_acts_wait(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.change("cancel", LICENCE)
    capsys.readouterr()
    row = desk.city.licence(SERIAL, CLAIMS, valid_until="长期")
    assert desk.submit(row, options=("--accept", "no-end")) == 0
    assert "1 acts wait" in capsys.readouterr().err


def test_a_spoilt_queue_fails_no_registration(desk: ChangesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    (desk.folder / QUEUE_FILE).write_bytes(b"no database at all, and long enough to be read as one" * 40)
    row = desk.city.licence(SERIAL, CLAIMS, valid_until="长期")
    assert desk.submit(row, options=("--accept", "no-end")) == 0
    assert "cannot be used as the queue" in capsys.readouterr().err


def test_other_files_are_no_queue(tmp_path: Path) -> None:
    (tmp_path / QUEUE_FILE).write_bytes(b"no database at all, and long enough to be read as one" * 40)
    with pytest.raises(MalformedInput, match="cannot be used as the queue"):
        WaitingActs(tmp_path / QUEUE_FILE).list_waiting()
