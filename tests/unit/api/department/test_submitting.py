"""Records are judged before they are signed, and rows have their numbers in the file."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from anchoring.register.lineages import find_lineages
from tests.fakes.department import ISSUER
from tests.unit.api.city import City, identifier
from tests.unit.api.department.changing import LICENCES, ChangesDesk, open_desk


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ChangesDesk:
    return open_desk(city, tianmen, tmp_path, monkeypatch)


def licence(number: int, **members: Any) -> dict[str, Any]:
    row = {
        "kind": "licence",
        "action": "issue",
        "identifier": identifier(f"TM2023A{number:013d}"),
        "issuer": ISSUER,
    }
    return row | {"claims": {"ZZMC": "营业执照", "CZZT": f"第{number}商行"}} | members


def registered(desk: ChangesDesk, row: dict[str, Any]) -> bool:
    with desk.city.register.reading() as connection:
        return find_lineages(connection, [str(row["identifier"])]) != [None]


def test_what_is_odd_is_told_before_it_is_signed(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [licence(1), licence(2, claims={"ZZBH": "4.2E+17"}), licence(3, valid_until="9999-12-30")]
    for options in ((), ("--dry-run",), ("--accept", "odd-date")):
        assert desk.submit(*rows, options=options) == 1
        error = capsys.readouterr().err
        assert "row 2: [spreadsheet] ZZBH is “4.2E+17”" in error
        assert "--accept spreadsheet" in error
    assert not [*desk.folder.glob("*.submission")]
    assert not any(registered(desk, row) for row in rows)
    accepted = ("--accept", "odd-date", "--accept", "spreadsheet")
    assert desk.submit(*rows, options=(*accepted, "--dry-run")) == 0
    assert not any(registered(desk, row) for row in rows)
    assert desk.submit(*rows, options=accepted) == 0
    assert all(registered(desk, row) for row in rows)


def test_an_odd_identifier_of_the_past_is_accepted_by_name(desk: ChangesDesk) -> None:
    good = licence(1)["identifier"]
    row = licence(1, identifier=good[:-1] + ("0" if good[-1] != "0" else "1"), issued="2014-05-06")
    assert desk.submit(row) == 1
    assert desk.submit(row, options=("--accept", "identifier")) == 0


def test_a_type_that_the_catalogue_lacks_is_told_before(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    row = licence(1, identifier=identifier(1, type="11100000MB0143028R999"))
    assert desk.submit(row) == 1
    assert "row 1: [type] the certificate type 11100000MB0143028R999" in capsys.readouterr().err


def test_a_row_twice_in_a_file_is_not_called_registered(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    for options in ((), ("--dry-run",)):
        assert desk.submit(licence(1), licence(2), licence(1), options=options) == 1
        error = capsys.readouterr().err
        assert f"row 3: {licence(1)['identifier']} stands in row 1 already" in error
        assert "is registered already" not in error


def test_a_node_speaks_of_the_rows_of_the_file(desk: ChangesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """It counts the lines of the submission, which are in the order of their hashes: by themselves they tell nothing."""
    rows = [licence(number) for number in range(1, 10)] + [licence(0, identifier=LICENCES[0])]
    for _ in range(2):  # signed now, and kept before: the same
        assert desk.submit(*rows, options=("--json",)) == 1
        shown = capsys.readouterr()
        assert f"row 10: {LICENCES[0]} is registered already" in shown.err
        assert shown.err.count("row ") == 1
        assert [row["row"] for row in json.loads(shown.out)["rows"]] == [10]


def test_a_table_issues_what_its_rows_state(desk: ChangesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    path = desk.folder / "records.csv"

    def submit(*lines: str) -> int:
        path.write_text("\n".join(lines) + "\n", "utf-8-sig")
        return desk.run("submit", "records.csv", "--key", "key.pem", "--node", "http://tianmen.example")

    heading, (first, second) = "identifier,issuer,valid_until,ZZMC,CZZT", (licence(1), licence(2))
    assert submit(heading, f"{first['identifier']},{ISSUER},长期,营业执照,甲店", ",,,,") == 0
    assert "空行已略过: 3" in capsys.readouterr().err
    assert registered(desk, first)
    assert submit(heading, ",,,,", f"{second['identifier']},{ISSUER},,营业执照,乙店") == 1
    assert "row 3: `valid_until` is empty: write the last day, or 长期" in capsys.readouterr().err
    assert (
        submit(heading.replace("valid_until", "valid-until"), f"{second['identifier']},{ISSUER},长期,a,b")
        == 1
    )
    assert "did you mean `valid_until`?" in capsys.readouterr().err
    assert not registered(desk, second)


def test_an_unknown_member_is_refused_with_what_was_meant(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.submit(licence(1), licence(2, **{"valid-until": "2030-01-01"})) == 1
    assert "row 2: “valid-until” is no member; did you mean `valid_until`?" in capsys.readouterr().err


def test_a_wrong_key_is_told_in_the_dry_run_too(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.run("keys", "generate", "--plain", "-o", "other.pem") == 0
    command = (
        "revoke",
        LICENCES[0],
        "--basis",
        "x",
        "--node",
        "http://tianmen.example",
        "--token-file",
        "token",
    )
    for options in (("--dry-run",), ("--yes",)):
        assert desk.run(*command, "--key", "other.pem", *options) == 1
        assert "the registry does not know the key" in capsys.readouterr().err


def test_a_renewal_by_hand_says_that_it_has_no_end(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    current = desk.newest()
    row = licence(0, action="renew", identifier=identifier("TM2022A0000000000001", 2))
    row["previous"] = current.record.suite.format(current.leaf)
    assert desk.submit(row) == 1
    assert "[no-end] renew states no `valid_until`" in capsys.readouterr().err
    assert desk.submit(row | {"valid_until": "长期"}) == 0
