"""Sheets as Excel leaves them and rows that a node refuses, with the right answers to them."""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from api.http.app import create_app
from ledger.registry import acts
from tests.unit.api.city import LOG, City
from tests.unit.api.department.changing import ChangesDesk

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette would have its tests import another HTTP client
    from fastapi.testclient import TestClient

FIELD: Final = Path(__file__).parents[3] / "shared" / "corpus" / "field"
pytestmark = pytest.mark.skipif(not FIELD.is_dir(), reason=f"needs the outside test data of {FIELD}")

ISSUER: Final = "11429006EXAMPLE11A"
ROWS: Final = "submit-row-numbers/rows.ndjson"
#: Sheet, the action that it is for, and what the command says of it, by the sheet's own row.
ANSWERS: Final = {
    "csv-blank-row/empty-row.csv": ("revoke", "空行已略过: 3"),
    "csv-misspelt-term/renew.csv": ("renew", "did you mean `valid_until`?"),
    "csv-silently-mangled/apostrophe.csv": ("renew", "row 2"),
    "csv-silently-mangled/date-cn.csv": ("renew", "row 2"),
    "csv-silently-mangled/header-cn-claims.csv": ("amend", "did you mean `CZZT`?"),
    "csv-silently-mangled/revoke-with-claims.csv": ("revoke", "states no `CZZT`"),
    "csv-silently-mangled/sci.csv": ("renew", "row 2"),
    "csv-silently-mangled/tab-suffix.csv": ("renew", "row 2"),
}
TAKEN: Final = {"csv-blank-row/empty-row.csv"}  # a row of blanks says nothing, and the others do


class FieldDesk(ChangesDesk):
    """A desk of the department of corpus/field, which has registered what the sheets name."""

    def issue(self) -> None:
        self.city.act(acts.IssuerAdded(LOG, ISSUER))
        self.city.act(acts.KeyGranted(LOG, self.city.key.public.id, ISSUER, 1, (), 0, 2**40))
        self.city.submit(*map(licence, sorted({named(path) for path in FIELD.glob("csv-*/*.csv")})))
        self.city.anchor()


def named(path: Path) -> str:
    """Return the identifier in the second line of a sheet."""
    return path.read_text("utf-8").splitlines()[1].partition(",")[0]


def licence(identifier: str) -> dict[str, Any]:
    claims = {"ZZMC": "营业执照", "CZZT": "示例公司", "CZZTDM": "42900619701127999X"}
    days = {"issued": "2014-01-04", "valid_from": "2014-01-04", "valid_until": "2024-01-03"}
    row = {"kind": "licence", "action": "issue", "identifier": identifier, "issuer": ISSUER, "claims": claims}
    return row | days


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FieldDesk]:
    city = City(tmp_path)
    with TestClient(create_app(city.settings, city.clock)) as node:
        desk = FieldDesk(city, node, tmp_path, monkeypatch)
        monkeypatch.setattr("api.department.actions.NodeClient", desk.client)
        monkeypatch.setattr("api.commands.submit.NodeClient", desk.client)
        desk.issue()
        yield desk
    city.close()


@pytest.mark.parametrize("name", ANSWERS)
def test_what_excel_left_is_refused_or_warned_of_in_the_dry_run(
    name: str, desk: FieldDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    action, words = ANSWERS[name]
    (desk.folder / "sheet.csv").write_bytes((FIELD / name).read_bytes())
    code = 0 if name in TAKEN else 1
    assert desk.change(action, "--file", "sheet.csv", "--dry-run", basis=None) == code
    told = capsys.readouterr().err
    assert words in told
    assert desk.count(named(FIELD / name)) == 1
    assert desk.change(action, "--file", "sheet.csv", basis=None) == code
    assert words in capsys.readouterr().err
    assert desk.count(named(FIELD / name)) == (2 if name in TAKEN else 1)


def test_a_row_that_is_registered_already_is_named_by_its_own_line(
    desk: FieldDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [json.loads(line) for line in (FIELD / ROWS).read_text("utf-8").splitlines()]
    for _ in range(2):  # whatever salts are drawn
        assert desk.submit(*rows) == 1
        told = capsys.readouterr().err
        assert "row 10: " in told
        for path in desk.folder.glob("*.submission"):
            path.unlink()
    assert desk.submit(*rows[:-1]) == 0
