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
