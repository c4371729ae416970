"""Certificates are annotated and disputed by what names them, and a dispute is settled."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from anchoring.register.records import find_records
from anchoring.register.tables import DISCLOSURE
from api.department import actions
from ledger.records.records import KINDS
from ledger.registry import acts
from ledger.registry.status import Status
from tests.unit.api.city import ISSUER, LOG, City, identifier
from tests.unit.api.desk import Desk

SERIAL = "TM2022A0000000000001"
LICENCE = identifier(SERIAL)
MATERIAL = KINDS["material"]
BASIS = "示例条例 第九条"
CLAIMS: dict[str, Any] = {"ZZMC": "营业执照", "CZZT": "天门市示例餐饮店", "ZZBH": "TM-001"}


class NotingDesk(Desk):
    """A desk at which certificates are noted, and a node that verifies them."""

    node: TestClient

    def act(self, *arguments: str | Path) -> int:
        options = [*arguments, "--node", "http://tianmen.example", "--yes", "--basis", BASIS]
        done = self.run(*options, "--key", self.folder / "key.pem", "--token-file", self.folder / "token")
        self.city.anchor()
        return done

    def verify(self, licence: str = LICENCE) -> dict[str, Any]:
        body = {"proof": json.loads(self.bare_proof(licence)), "claims": CLAIMS}
        answer: dict[str, Any] = self.node.post("/v1/verify", json=body).json()
        return answer

    def bare_proof(self, licence: str = LICENCE) -> bytes:
        """Return a proof as it was before there were notes: without any."""
        proof = json.loads(self.city.proof(licence).encode())
        proof.pop("linked", None)
        return json.dumps(proof).encode()

    def notes(self, licence: str = LICENCE) -> list[tuple[str, str, str]]:
        report = self.verify(licence)
        assert (report["verdict"], report["notes_known"]) == ("valid", "register")
        return [(note["relation"], note["state"], note["title"]) for note in report["notes"]]


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NotingDesk:
    desk = NotingDesk(city, tianmen, tmp_path, monkeypatch)
    desk.node = tianmen
    (desk.folder / "token").write_text(city.token("history", "claims", "search"))
    city.act(acts.KeyGranted(LOG, city.key.public.id, ISSUER, MATERIAL, (), 0, 2**40))
    monkeypatch.setattr(actions, "NodeClient", desk.client)
    city.submit(city.licence(SERIAL, CLAIMS), city.licence("TM2022A0000000000002", CLAIMS | {"ZZBH": "2"}))
    city.anchor()
    return desk


def test_a_yearly_check_is_shown_and_changes_nothing(desk: NotingDesk) -> None:
    assert (
        desk.act("annotate", "TM-001", "--title", "年审", "--text", "2026 年度合格", "--until", "2027-03-31")
        == 0
    )
    assert desk.notes() == [("annotates", "standing", "年审")]
    with desk.city.register.reading() as connection:
        assert [stored.record.action for stored in find_records(connection, LICENCE)] == ["issue"]


def test_a_dispute_is_shown_until_it_is_settled(desk: NotingDesk) -> None:
    assert desk.act("dispute", LICENCE, "--until", "2027-03-31", "--text", "经营范围有异议") == 0
    assert desk.notes() == [("disputes", "standing", "异议")]
    assert desk.act("settle", "TM-001") == 0
    assert desk.notes() == []


def test_a_dispute_stays_with_the_certificate_when_something_else_is_amended(desk: NotingDesk) -> None:
    desk.act("dispute", LICENCE, "--until", "2027-03-31")
    (desk.folder / "claims.json").write_text(json.dumps({"ZZBH": "TM-009"}))
    assert desk.act("amend", LICENCE, "--claims", "claims.json", "--accept", "no-end") == 0
    body = {"proof": json.loads(desk.city.proof(LICENCE).encode()), "claims": CLAIMS | {"ZZBH": "TM-009"}}
    report = desk.node.post("/v1/verify", json=body).json()
    assert report["verdict"] == "valid"
    assert [(note["this_version"], note["of"]) for note in report["notes"]] == [(False, LICENCE)]


def test_a_dispute_without_a_deadline_is_refused_before_signing(
    desk: NotingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.act("dispute", LICENCE) == 1
    assert "has a deadline" in capsys.readouterr().err
    assert desk.notes() == []


def test_an_annotation_says_what_it_is(desk: NotingDesk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.act("annotate", LICENCE) == 1
    assert "--title" in capsys.readouterr().err


def test_the_same_note_on_the_same_day_is_not_registered_twice(desk: NotingDesk) -> None:
    assert desk.act("annotate", LICENCE, "--title", "年审") == 0
    assert desk.act("annotate", LICENCE, "--title", "年审") == 0  # the submission that was signed before
    assert len(desk.notes()) == 1
    for kept in desk.folder.glob("annotate.*"):
        kept.unlink()
    assert desk.act("annotate", LICENCE, "--title", "年审") == 1
    assert len(desk.notes()) == 1


def test_many_are_noted_by_a_table(desk: NotingDesk) -> None:
    rows = f"identifier,title,text,valid_until\n{LICENCE},年审,合格,2027-03-31\n2,年审,限期整改,2026-12-31\n"
    (desk.folder / "rows.csv").write_text(rows, "utf-8")
    assert desk.act("annotate", "--file", "rows.csv") == 0
    assert desk.notes() == [("annotates", "standing", "年审")]


def test_of_several_disputes_a_person_names_one(desk: NotingDesk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.act("dispute", LICENCE, "--until", "2027-03-31", "--text", "甲")
    desk.act("dispute", LICENCE, "--until", "2027-03-31", "--text", "乙")
    assert desk.act("settle", LICENCE) == 1
    message = capsys.readouterr().err
    first = desk.verify()["notes"][0]["identifier"]
    assert first in message
    assert desk.act("settle", first) == 0
    assert desk.act("settle", LICENCE) == 0
    assert desk.notes() == []
    assert desk.act("settle", LICENCE) == 1
    assert "无未结异议" in capsys.readouterr().err


def test_a_note_on_what_nobody_registered_is_refused_and_waits_for_nothing(
    desk: NotingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.act("dispute", "NO-1", "--until", "2027-03-31") == 1
    assert "未登记" in capsys.readouterr().err
    assert not (desk.folder / "acts.waiting").exists()


def test_the_trace_shows_notes_settled_ones_too(desk: NotingDesk) -> None:
    desk.act("annotate", LICENCE, "--title", "年审")
    desk.act("dispute", LICENCE, "--until", "2027-03-31")
    desk.act("settle", LICENCE)
    headers = {"Authorization": f"Bearer {(desk.folder / 'token').read_text()}"}
    history = desk.node.get(f"/v1/certificates/{LICENCE}/history", headers=headers).json()
    assert history["completeness"] == "complete"
    assert [(note["relation"], note["state"]) for note in history["notes"]] == [
        ("annotates", "standing"),
        ("disputes", "settled"),
    ]


def test_an_exported_proof_carries_what_nothing_settled(desk: NotingDesk) -> None:
    desk.act("annotate", LICENCE, "--title", "年审")
    desk.act("dispute", LICENCE, "--until", "2027-03-31")
    desk.act("settle", LICENCE)
    proof = desk.city.proof(LICENCE)
    assert [linked.record.links[0].rel for linked in proof.linked_proofs] == ["annotates"]


def test_open_disputes_are_not_hidden_behind_annotations(desk: NotingDesk) -> None:
    desk.act("dispute", LICENCE, "--until", "2027-03-31")
    for number in range(10):
        desk.act("annotate", LICENCE, "--title", f"第{number}次校验")
    notes = desk.notes()
    assert (len(notes), notes[0]) == (8, ("disputes", "standing", "异议"))


def test_what_has_ended_can_be_disputed(desk: NotingDesk) -> None:
    desk.act("revoke", LICENCE)
    assert desk.act("dispute", LICENCE, "--until", "2027-03-31") == 0
    report = desk.verify()
    assert (report["verdict"], len(report["notes"])) == ("not_current", 1)
    assert report["status"]["status"] == Status.REVOKED.name.lower()


def test_a_note_that_is_damaged_in_the_register_stops_no_verification(desk: NotingDesk) -> None:
    assert desk.act("annotate", LICENCE, "--title", "年审") == 0
    body = {"proof": json.loads(desk.bare_proof()), "claims": CLAIMS}
    with desk.city.register.writing() as connection:
        newest = select(func.max(DISCLOSURE.c.position)).scalar_subquery()
        connection.execute(update(DISCLOSURE).where(DISCLOSURE.c.position == newest).values(content=b"{"))
    report = desk.node.post("/v1/verify", json=body).json()
    assert (report["verdict"], report["notes_known"]) == ("valid", "attached")
