"""Certificates as people name them, and told before anything is done."""

import json
from pathlib import Path
from typing import Final

import pytest
from fastapi.testclient import TestClient

from anchoring.register.records import find_records
from api.department import actions
from ledger.encoding.canonical import Json
from ledger.proof.paper import encode_paper
from tests.unit.api.city import City, identifier
from tests.unit.api.desk import Desk

SERIALS: Final = tuple(f"TM2022A000000000000{number}" for number in range(1, 4))
LICENCES: Final = tuple(identifier(serial) for serial in SERIALS)
BASIS: Final = "行政许可法 第七十条"
DOCUMENT: Final = b"the licence of a person"


def _claims(number: str) -> dict[str, Json]:
    return {"ZZMC": "营业执照", "CZZT": "张三丰", "ZZBH": number}


class NamingDesk(Desk):
    """A desk at which certificates are named in every way."""

    def life(self, action: str, *arguments: str | Path, yes: bool = True) -> int:
        options = [action, *map(str, arguments), "--node", "http://tianmen.example", "--basis", BASIS]
        options += ["--key", str(self.folder / "key.pem"), "--token-file", str(self.folder / "token")]
        return self.run(*options, *(["--yes"] if yes else []))

    def find(self, *arguments: str | Path) -> int:
        return self.run(
            "find", *arguments, "--node", "http://tianmen.example", "--token-file", self.folder / "token"
        )

    def actions(self, licence: str) -> list[str]:
        with self.city.register.reading() as connection:
            return [stored.record.action for stored in find_records(connection, licence)]


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NamingDesk:
    """Return a department with three licences: one with a document, two of one number."""
    desk = NamingDesk(city, tianmen, tmp_path, monkeypatch)
    (desk.folder / "token").write_text(city.token("history", "claims", "search"))
    monkeypatch.setattr(actions, "NodeClient", desk.client)
    monkeypatch.setattr("api.commands.find.NodeClient", desk.client)
    city.submit(
        city.licence(SERIALS[0], _claims("TM-001"), DOCUMENT),
        city.licence(SERIALS[1], _claims("TM-002")),
        city.licence(SERIALS[2], _claims("TM-002")),
    )
    city.anchor()
    (desk.folder / "licence.pdf").write_bytes(DOCUMENT)
    proof = city.proof(LICENCES[0])
    (desk.folder / "kept.json").write_bytes(proof.encode())
    return desk


@pytest.mark.parametrize("way", ["number", "number in other spelling", "document", "proof", "beside", "code"])
def test_every_way_of_naming_leads_to_the_certificate(
    way: str, desk: NamingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    if way == "beside":
        (desk.folder / "licence.pdf").write_bytes(b"whatever it is")
        (desk.folder / "kept.json").rename(desk.folder / "licence.pdf.proof.json")
    what = {
        "number": "TM-001",
        "number in other spelling": "ＴＭ-００１",
        "document": "licence.pdf",
        "proof": "kept.json",
        "beside": "licence.pdf",
        "code": encode_paper(desk.city.proof(LICENCES[0])),
    }[way]
    assert desk.life("suspend", what) == 0
    assert desk.actions(LICENCES[0]) == ["issue", "suspend"]
    capsys.readouterr()
    assert desk.find(what, "--reason", "投诉 17", "--json") == 0
    (hit,) = json.loads(capsys.readouterr().out)
    assert (hit["identifier"], hit["status"], hit["current"]) == (LICENCES[0], "suspended", True)


def test_it_says_which_certificate_that_is_before_it_acts(
    desk: NamingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.life("revoke", "TM-001", yes=False) == 1
    err = capsys.readouterr().err
    assert f"{LICENCES[0]}  有效 → 已撤销" in err
    assert "营业执照 11100000MB0143028R001  TM***1  张**" in err
    assert "张三丰" not in err
    assert desk.actions(LICENCES[0]) == ["issue"]


def test_several_of_one_number_are_listed_and_none_is_touched(
    desk: NamingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.life("revoke", "TM-002") == 1
    err = capsys.readouterr().err
    assert "2 certificates have" in err
    assert LICENCES[1] in err
    assert LICENCES[2] in err
    assert desk.actions(LICENCES[1]) == desk.actions(LICENCES[2]) == ["issue"]
    assert desk.find("TM-002", "--reason", "投诉 17") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_the_number_of_an_earlier_version_does_not_name_the_current_one(
    desk: NamingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk.folder / "claims.json").write_text(json.dumps({"ZZBH": "TM-009"}))
    assert desk.life("amend", "TM-001", "--claims", "claims.json") == 0
    desk.city.anchor()
    capsys.readouterr()
    assert desk.life("cancel", "TM-001") == 1
    assert "only an earlier version" in capsys.readouterr().err
    assert desk.life("cancel", "TM-009") == 0


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("nothing", "no identifier, number"),
        ("gone.pdf", "is not there"),
        ("SZ1:", "is no proof that can be read"),
    ],
)
def test_what_names_nothing_is_refused(
    what: str, message: str, desk: NamingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.life("cancel", what) == 1
    assert message in capsys.readouterr().err
    assert desk.find(what, "--reason", "投诉 17") == 1


def test_finding_names_one_thing_and_says_why(desk: NamingDesk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.find() == 1
    assert "name one of WHAT, --holder" in capsys.readouterr().err
    assert desk.find("TM-001") == 1
    assert "--reason" in capsys.readouterr().err
    assert desk.find(LICENCES[0]) == 0  # its identifier was known: no search
    assert desk.find("--holder", "张三丰", "--reason", "投诉 17") == 0
    assert desk.find("TM-777", "--reason", "投诉 17") == 12
    assert "未找到" in capsys.readouterr().err


def test_a_file_of_changes_may_name_them_by_number(desk: NamingDesk) -> None:
    (desk.folder / "rows.csv").write_text(f"identifier\nTM-001\n{LICENCES[1]}\n", "utf-8")
    assert desk.life("cancel", "--file", "rows.csv") == 0
    assert desk.actions(LICENCES[0]) == desk.actions(LICENCES[1]) == ["issue", "cancel"]


def test_a_number_needs_the_scope(desk: NamingDesk, capsys: pytest.CaptureFixture[str]) -> None:
    (desk.folder / "token").write_text(desk.city.token("history", "claims"))
    assert desk.life("cancel", "TM-001") == 1
    assert "search" in capsys.readouterr().err
    assert desk.life("cancel", LICENCES[0]) == 0
