"""A kept submission belongs to rows and key; waiting in vain has an exit code of its own."""

import json
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from fastapi.testclient import TestClient

from anchoring.register.records import find_records
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.commands import seal, submit
from api.department import actions
from api.department.drafts import Target
from api.department.submission_files import digest_rows, find_signed_otherwise, name_submission
from api.department.waiting import NOT_FINAL_CODE, wait_final
from api.key_files import write_key
from ledger.crypto.keys import generate_key
from ledger.crypto.suites import SM3
from ledger.registry import acts
from tests.unit.api.city import ISSUER, City, identifier
from tests.unit.api.desk import Desk

SERIAL: Final = "TM2022A0000000000001"
TARGET: Final = Target("eip155:1", "tianmen", SM3, 0)
KEY, OTHER_KEY = (generate_key("p256", Random(seed).randbytes) for seed in (1, 2))


class RecordsDesk(Desk):
    """A desk at which records are handed in."""

    def write(self, **members: Any) -> None:
        row = self.city.licence(SERIAL, {"ZZMC": "营业执照"}) | members
        (self.folder / "records.ndjson").write_text(json.dumps(row, ensure_ascii=False) + "\n")

    def submit(self, *options: str | Path, key: str = "key.pem") -> int:
        node = ("--node", "http://tianmen.example")
        return self.run("submit", self.folder / "records.ndjson", *node, "--key", self.folder / key, *options)

    def kept(self) -> list[Path]:
        return sorted(self.folder.glob("*.submission"))

    def registered(self) -> int:
        with self.city.register.reading() as connection:
            return len(find_records(connection, identifier(SERIAL)))


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordsDesk:
    desk = RecordsDesk(city, tianmen, tmp_path, monkeypatch)
    for command in (submit, seal, actions):
        monkeypatch.setattr(command, "NodeClient", desk.client)
    write_key(tmp_path / "wrong.pem", OTHER_KEY)
    desk.write()
    return desk


def test_after_a_wrong_key_the_right_one_signs_anew(
    desk: RecordsDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.submit(key="wrong.pem") == 1
    (refused,) = desk.kept()
    before = refused.read_bytes()
    capsys.readouterr()
    assert desk.submit() == 0
    said = capsys.readouterr().err
    assert f"{refused.name} holds the same records, signed with another key" in said
    assert "signed before" not in said
    assert refused.read_bytes() == before
    assert len(desk.kept()) == 2
    assert desk.registered() == 1


def test_after_a_stolen_key_the_old_submission_is_not_sent(desk: RecordsDesk) -> None:
    desk.city.act(acts.KeyCompromised(desk.city.key.public.id, desk.city.now))
    assert desk.submit() == 1
    desk.city.act(acts.KeyRegistered("tianmen", 1, OTHER_KEY.public.spki))
    desk.city.act(acts.KeyGranted("tianmen", OTHER_KEY.public.id, ISSUER, 1, (), 0, 2**40))
    assert desk.submit(key="wrong.pem") == 0
    with desk.city.register.reading() as connection:
        (record,) = find_records(connection, identifier(SERIAL))
    assert record.submission.entry.statement.key_id == OTHER_KEY.public.id


def test_the_same_key_sends_the_same_submission_whatever_file_it_lies_in(
    desk: RecordsDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.submit() == 0
    (kept,) = desk.kept()
    before = kept.read_bytes()
    (desk.folder / "password").write_text("a word\n")
    write_key(desk.folder / "locked.pem", desk.city.key, "a word")
    assert desk.submit("--key-password-file", desk.folder / "password", key="locked.pem") == 0
    assert "Handing in the submission that was signed before" in capsys.readouterr().err
    assert (desk.kept(), kept.read_bytes()) == ([kept], before)


def test_another_document_is_not_sent_as_the_old_one(
    desk: RecordsDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write(documents=["licence.pdf"])
    document = desk.folder / "licence.pdf"
    document.write_bytes(b"%PDF-1.7 the wrong one")
    with monkeypatch.context() as broken:
        broken.setattr(NodeClient, "submit", lambda *_: (_ for _ in ()).throw(NodeError("it broke")))
        assert desk.submit() == 1
    document.write_bytes(b"%PDF-1.7 the right one")
    assert desk.submit() == 0
    with desk.city.register.reading() as connection:
        (record,) = find_records(connection, identifier(SERIAL))
    assert record.disclosure is not None
    claim = record.disclosure.values["document/1"]
    assert isinstance(claim, dict)
    assert claim["digest"] == SM3.format(SM3.hash(b"%PDF-1.7 the right one"))


def digest(*lines: bytes, folder: Path, target: Target = TARGET) -> str:
    return digest_rows(lines, target, folder)


def test_what_a_name_depends_on(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"a")
    rows = (b'{"documents": ["a.pdf"]}\n', b'{"identifier": 2}\n')
    name = digest(*rows, folder=tmp_path)
    assert digest(*rows, folder=tmp_path) == name
    assert digest(*(row.strip() + b"\r\n" for row in rows), folder=tmp_path) == name
    assert digest(*reversed(rows), folder=tmp_path) != name
    assert digest(*rows, folder=tmp_path, target=Target("eip155:2", "tianmen", SM3, 0)) != name
    assert digest(*rows, folder=tmp_path, target=Target("eip155:1", "wuhan", SM3, 0)) != name
    escaped = (b'{"\\u0064ocuments": ["a.pdf"]}\n', *rows)
    before = digest(*escaped, folder=tmp_path)
    (tmp_path / "a.pdf").write_bytes(b"b")
    assert digest(*rows, folder=tmp_path) != name
    assert digest(*escaped, folder=tmp_path) != before


@pytest.mark.parametrize(
    "line",
    [
        b"documents",
        b'{"documents": 7}',
        b'{"documents": [7, "/nowhere", "a\\u0000b", "."]}',
        b"\xff documents",
    ],
)
def test_rows_that_cannot_be_drafted_have_a_name_all_the_same(line: bytes, tmp_path: Path) -> None:
    assert digest(line, folder=tmp_path) != digest(folder=tmp_path)


def test_only_the_same_rows_are_found_under_another_key(tmp_path: Path) -> None:
    name = "rows[1]*.ndjson"
    mine = name_submission(tmp_path, name, "a" * 64, KEY)
    theirs = name_submission(tmp_path, name, "a" * 64, OTHER_KEY)
    others = name_submission(tmp_path, name, "b" * 64, OTHER_KEY), tmp_path / "rows1.ndjson.submission"
    for path in (mine, theirs, *others):
        path.touch()
    assert find_signed_otherwise(mine) == [theirs]


# --wait


def test_to_wait_in_vain_has_a_code_of_its_own(
    desk: RecordsDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("time.monotonic", iter(range(10**6)).__next__)
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert desk.submit("--wait", "3", "--json") == NOT_FINAL_CODE
    said = capsys.readouterr()
    assert json.loads(said.out)["state"] == "accepted"
    assert "not final after 3 s" in said.err
    assert desk.submit() == 0
    change = ("cancel", identifier(SERIAL), "--basis", "x", "--yes", "--node", "http://tianmen.example")
    options = ("--key", desk.folder / "key.pem", "--token-file", desk.folder / "token", "--wait", "3")
    assert desk.run(*change, *options) == NOT_FINAL_CODE
    desk.city.anchor()
    assert desk.submit("--wait", "3") == 0


class Answering(NodeClient):
    """A node that says these states one after the other; where none stands it cannot be reached."""

    def __init__(self, *states: str | None) -> None:
        self.states = list(states)

    def fetch_submission(self, identifier: str) -> Any:
        state = self.states.pop(0)
        if state is None:
            raise NodeError("http://node.example cannot be reached")
        return {"id": identifier, "log": "tianmen", "count": 1, "first": 0, "state": state}


RECEIPT: Final[Any] = {"id": "00", "log": "tianmen", "count": 1, "first": 0}


def test_a_node_that_is_away_while_somebody_waits_is_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    node = Answering("accepted", None, None, "final")
    assert wait_final(node, RECEIPT, 60, lambda _: None)["state"] == "final"
    assert capsys.readouterr().err.count("cannot be reached") == 1


def test_what_was_handed_in_is_not_failed_because_the_node_went_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", iter(range(10**6)).__next__)
    assert wait_final(Answering("accepted", *[None] * 99), RECEIPT, 3, lambda _: None)["state"] == "accepted"


def test_what_a_stolen_key_signed_verifies_again_as_a_new_version_under_a_good_one(
    desk: RecordsDesk, wuhan: TestClient
) -> None:
    """The advice after a theft, which does something: `issue` of the same would be refused as registered already."""
    city = desk.city
    stolen_at = city.now
    assert desk.submit() == 0
    city.anchor()
    city.act(acts.KeyCompromised(city.key.public.id, stolen_at))
    city.act(acts.KeyRegistered("tianmen", 1, OTHER_KEY.public.spki))
    city.act(acts.KeyGranted("tianmen", OTHER_KEY.public.id, ISSUER, 1, (), 0, 2**40))
    assert desk.submit(key="wrong.pem") == 1

    def judge() -> str:
        body = {"proof": city.proof(identifier(SERIAL)).encode().decode(), "claims": {"ZZMC": "营业执照"}}
        return str(wuhan.post("/v1/verify", json=body).json()["reason"])

    assert judge() == "key_compromised"
    amend = ("amend", identifier(SERIAL), "--yes", "--node", "http://tianmen.example")
    (desk.folder / "token").write_text(city.token("history", "claims"))
    keys = ("--key", desk.folder / "wrong.pem", "--token-file", desk.folder / "token")
    (desk.folder / "claims.json").write_text('{"ZZMC": "营业执照"}')
    assert desk.run(*amend, *keys, "--claims", desk.folder / "claims.json", "--basis", "x") == 0
    city.anchor()
    assert judge() == "status_valid"
