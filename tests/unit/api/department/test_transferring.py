"""A certificate goes to another city by `transfer --to`, and begins there by `receive`."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from anchoring.register.records import find_records
from api.commands import receive
from api.department import actions
from ledger.registry import acts
from ledger.registry.acts import Predecessor
from tests.unit.api.city import ISSUER, LOG, City, identifier
from tests.unit.api.desk import Desk

SERIAL = "TM2022A0000000000001"
LICENCE = identifier(SERIAL)
BASIS = "示例条例 第七条"
CLAIMS: dict[str, Any] = {
    "ZZMC": "营业执照",
    "CZZT": "天门市示例餐饮店",
    "ZZBFJG": "天门市示例局",
    "ZZBFJGDM": ISSUER,
    "ZZYXQJZRQ": "2027-03-27",
}
DOCUMENT = b"the licence of the old city"


class TransferDesk(Desk):
    """The desk of a department whose city both sends and receives: its log is the only one with a node here."""

    def transfer(self, *arguments: str) -> int:
        options = ["transfer", LICENCE, *arguments, "--node", "http://tianmen.example", "--yes"]
        done = self.run(*options, "--key", "key.pem", "--token-file", "token")
        self.city.anchor()
        return done

    def receive(self, *arguments: str, basis: str | None = f"{BASIS}；转往 {LOG}") -> int:
        """Receive what another city sent here, with the proof that it exported then."""
        if basis:
            self.transfer("--basis", basis)
        (self.folder / "old.json").write_bytes(self.city.proof(LICENCE).encode())
        options = ["receive", "old.json", "--issuer", ISSUER, "--node", "http://tianmen.example", "--yes"]
        done = self.run(*options, "--key", "key.pem", *arguments)
        self.city.anchor()
        return done


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TransferDesk:
    desk = TransferDesk(city, tianmen, tmp_path, monkeypatch)
    monkeypatch.setattr(actions, "NodeClient", desk.client)
    monkeypatch.setattr(receive, "NodeClient", desk.client)
    city.act(acts.LogAdmitted("wuhan", 1, "0x" + "55" * 20, ("420100",), Predecessor()))
    city.submit(city.licence(SERIAL, CLAIMS, DOCUMENT, issued="2022-03-28", valid_until="2027-03-27"))
    city.anchor()
    return desk


def read_answer(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the identifier of the new certificate."""
    lines = capsys.readouterr().out
    answer: dict[str, str] = json.loads(lines[lines.index("{") :])
    return answer["identifier"]


def test_a_transfer_names_the_log_that_it_goes_to(desk: TransferDesk) -> None:
    assert desk.transfer("--to", "wuhan", "--basis", BASIS) == 0
    with desk.city.register.reading() as connection:
        assert find_records(connection, LICENCE)[-1].record.basis == f"{BASIS}；转往 wuhan"


@pytest.mark.parametrize("log", ["xiantao", LOG])
def test_it_goes_to_a_log_of_another_city_alone(
    desk: TransferDesk, capsys: pytest.CaptureFixture[str], log: str
) -> None:
    assert desk.transfer("--to", log, "--basis", BASIS) == 1
    assert "there are wuhan" in capsys.readouterr().err


def test_the_new_certificate_takes_over_claims_and_days(
    desk: TransferDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.receive("--json", "--accept", "no-end") == 0
    received = read_answer(capsys)
    with desk.city.register.reading() as connection:
        (stored,) = find_records(connection, received)
        transfer = find_records(connection, LICENCE)[-1]
    record = stored.record
    assert (record.action, record.links[0].rel, record.links[0].record) == (
        "issue",
        "continues",
        transfer.leaf,
    )
    assert (str(record.issued), str(record.valid_until)) == ("2022-03-28", "2027-03-27")
    assert stored.disclosure is not None
    assert stored.disclosure.values == {name: CLAIMS[name] for name in ("ZZMC", "CZZT", "ZZYXQJZRQ")}, (
        "who issued the old one, and its document, stay with it"
    )


def test_what_is_named_takes_the_place_of_what_was(
    desk: TransferDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk.folder / "claims.json").write_text(json.dumps({"ZZBFJG": "武汉市示例局"}))
    (desk.folder / "new.txt").write_bytes(b"the licence of the new city")
    assert desk.receive("--json", "--claims", "claims.json", "--document", "new.txt") == 0
    with desk.city.register.reading() as connection:
        (stored,) = find_records(connection, read_answer(capsys))
    assert stored.disclosure is not None
    assert stored.disclosure.values["ZZBFJG"] == "武汉市示例局"
    assert "document/1" in stored.disclosure.values


@pytest.mark.parametrize("basis", [None, BASIS, f"{BASIS}；转往 wuhan"])
def test_what_was_not_transferred_here_is_not_received(
    desk: TransferDesk, capsys: pytest.CaptureFixture[str], basis: str | None
) -> None:
    assert desk.receive(basis=basis) == 1
    error = capsys.readouterr().err
    assert "carries no transfer 转出" in error or "ask the city that transferred it" in error


def test_a_proof_that_was_altered_is_not_received(
    desk: TransferDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.transfer("--basis", f"{BASIS}；转往 {LOG}")
    proof = desk.city.proof(LICENCE).encode().decode().replace("示例餐饮店", "别家餐饮店")
    (desk.folder / "old.json").write_text(proof)
    options = ["receive", "old.json", "--issuer", ISSUER, "--node", "http://tianmen.example", "--yes"]
    assert desk.run(*options, "--key", "key.pem") == 1
    error = capsys.readouterr().err
    assert "cannot be received" in error
    assert "contact the issuing department" in error, "it says what to do next"


@pytest.mark.parametrize("copies", [1, 2])
def test_a_forged_transfer_is_not_received(
    desk: TransferDesk, capsys: pytest.CaptureFixture[str], copies: int
) -> None:
    """The certificate was transferred, to another city: that much the chain says, and not where to."""
    desk.transfer("--to", "wuhan", "--basis", BASIS)
    proof = json.loads(desk.city.proof(LICENCE).encode())
    forged = json.loads(json.dumps(proof["linked"]))
    for linked in forged:
        linked["record"]["basis"] = f"{BASIS}；转往 {LOG}"
    proof["linked"] = forged if copies == 1 else forged + proof["linked"]
    (desk.folder / "old.json").write_text(json.dumps(proof))
    options = ["receive", "old.json", "--issuer", ISSUER, "--node", "http://tianmen.example", "--yes"]
    assert desk.run(*options, "--key", "key.pem") == 1
    error = capsys.readouterr().err
    assert "nothing confirms the transfer 转出" in error or "several transfers" in error


def test_it_is_received_once(desk: TransferDesk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.receive() == 0
    for kept in desk.folder.glob("receive.*"):
        kept.unlink()
    assert desk.receive(basis=None) == 1
    assert "registered already" in capsys.readouterr().err
