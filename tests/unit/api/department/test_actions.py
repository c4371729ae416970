"""The life of a certificate over the command line.

What may be done from where, shown before it is signed.
"""

import json
from pathlib import Path
from typing import Final

import pytest
from fastapi.testclient import TestClient

from anchoring.register.records import find_records
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.department import actions, changes
from api.key_files import PASSWORD_VARIABLE, write_key
from ledger.encoding.canonical import Json
from tests.unit.api.city import City, identifier
from tests.unit.api.desk import Desk

SERIALS: Final = tuple(f"TM2022A000000000000{number}" for number in range(1, 4))
LICENCES: Final = tuple(identifier(serial) for serial in SERIALS)
CLAIMS: Final[dict[str, Json]] = {"ZZMC": "营业执照", "CZZT": "天门市示例餐饮店"}
BASIS: Final = "行政许可法 第七十条"


class ChangesDesk(Desk):
    """A desk at which certificates are changed."""

    def change(self, action: str, *arguments: str | Path, basis: str | None = BASIS, yes: bool = True) -> int:
        given = [action, *map(str, arguments), "--node", "http://tianmen.example"]
        given += ["--key", str(self.folder / "key.pem"), "--token-file", str(self.folder / "token")]
        given += ["--basis", basis] if basis else []
        return self.run(*given, *(["--yes"] if yes else []))

    def actions(self, licence: str = LICENCES[0]) -> list[str]:
        with self.city.register.reading() as connection:
            return [held.record.action for held in find_records(connection, licence)]


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ChangesDesk:
    """Return a department that has registered three licences."""
    desk = ChangesDesk(city, tianmen, tmp_path, monkeypatch)
    monkeypatch.setattr(actions, "NodeClient", desk.client)
    city.submit(*(city.licence(serial, CLAIMS) for serial in SERIALS))
    city.anchor()
    return desk


@pytest.mark.parametrize(
    ("action", "after"),
    [
        ("suspend", "suspended"),
        ("cancel", "cancelled"),
        ("revoke", "revoked"),
        ("withdraw", "withdrawn"),
        ("transfer", "transferred"),
        ("void", "void"),
    ],
)
def test_each_action_leads_to_its_status(
    action: str, after: str, desk: ChangesDesk, tianmen: TestClient
) -> None:
    assert desk.change(action, LICENCES[0]) == 0
    desk.city.anchor()
    proof = desk.city.proof(LICENCES[0])
    report = tianmen.post("/v1/verify", json={"proof": proof.encode().decode(), "claims": CLAIMS}).json()
    assert (report["verdict"], report["reason"]) == ("not_current", after)
    assert (report["status"]["action"], report["status"]["basis"]) == (action, BASIS)


def test_a_key_under_a_password_signs_once_it_is_opened(
    desk: ChangesDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    (desk.folder / "key.pem").unlink()
    write_key(desk.folder / "key.pem", desk.city.key, "a word")
    (desk.folder / "password").write_text("another word\n")
    options = ("--key-password-file", desk.folder / "password")
    assert desk.change("revoke", LICENCES[0], *options) == 1
    assert "the password is wrong" in capsys.readouterr().err
    assert desk.actions() == ["issue"]
    (desk.folder / "password").write_text("a word\n")
    assert desk.change("revoke", LICENCES[0], *options) == 0
    assert desk.actions() == ["issue", "revoke"]


def test_suspended_resumed_ended_and_reinstated(desk: ChangesDesk) -> None:
    for action in ("suspend", "resume", "suspend", "revoke", "reinstate"):
        assert desk.change(action, LICENCES[0]) == 0, action
        desk.city.anchor()
    assert desk.actions() == ["issue", "suspend", "resume", "suspend", "revoke", "reinstate"]


@pytest.mark.parametrize("action", ["renew", "amend"])
def test_a_new_version_takes_the_place_of_the_old(
    action: str, desk: ChangesDesk, tianmen: TestClient
) -> None:
    (desk.folder / "claims.json").write_text(json.dumps(CLAIMS | {"CZZT": "新名称"}))
    (desk.folder / "new.txt").write_bytes(b"the new licence")
    content = ("--claims", "claims.json", "--document", "new.txt", "--valid-from", "2026-01-01")
    assert desk.change(action, LICENCES[0], *content, basis=None) == 0
    desk.city.anchor()
    proof = desk.city.proof(LICENCES[0])
    assert proof.record.certificate.version == 2
    shown = {"proof": proof.encode().decode(), "claims": CLAIMS | {"CZZT": "新名称"}}
    assert tianmen.post("/v1/verify", json=shown).json()["verdict"] == "valid"


def test_a_dry_run_shows_before_and_after_and_signs_nothing(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.change("revoke", *LICENCES[:2], "--dry-run") == 0
    said = capsys.readouterr()
    assert f"{LICENCES[0]}  有效 → 已撤销" in said.err
    assert "撤销 revoke: 2 certificates" in said.err
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert [(row["action"], row["identifier"], row["basis"]) for row in rows] == [
        ("revoke", licence, BASIS) for licence in LICENCES[:2]
    ]
    assert desk.actions() == ["issue"]
    assert not list(desk.folder.glob("*.submission"))


def test_what_is_not_possible_names_what_is(desk: ChangesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.change("revoke", LICENCES[0])
    capsys.readouterr()
    assert desk.change("suspend", *LICENCES[:2]) == 1
    assert (
        f"row 1: suspend is not possible: {LICENCES[0]} is revoked, which allows reinstate"
        in capsys.readouterr().err
    )
    assert desk.actions(LICENCES[1]) == ["issue"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cancel", identifier("TM2022A0000000000009")), "is not registered in this city"),
        (("cancel", LICENCES[0], LICENCES[0]), "named twice"),
        (("cancel",), "name certificates, or a --file"),
        (("renew", *LICENCES[:2], "--valid-from", "2026-01-01"), "use --file for several"),
    ],
    ids=["unknown", "twice", "nothing", "one content for two"],
)
def test_refused_before_anything_is_signed(
    arguments: tuple[str, ...], said: str, desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.change(*arguments) == 1
    assert said in capsys.readouterr().err
    assert not list(desk.folder.glob("*.submission"))


def test_no_change_of_status_without_its_basis(desk: ChangesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.change("cancel", LICENCES[0], basis=None) == 1
    assert "cancel needs its legal basis" in capsys.readouterr().err


def test_nobody_to_ask_is_no_consent(desk: ChangesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.change("cancel", LICENCES[0], yes=False) == 1
    assert "Nothing was signed" in capsys.readouterr().err
    assert desk.actions() == ["issue"]


def test_many_from_a_csv_with_a_basis_each(desk: ChangesDesk) -> None:
    lines = ["identifier,basis", f"{LICENCES[0]},甲条例", f"{LICENCES[1]},", f"{LICENCES[2]},乙条例"]
    (desk.folder / "rows.csv").write_text("\n".join(lines), "utf-8-sig")
    assert desk.change("cancel", "--file", "rows.csv") == 0
    with desk.city.register.reading() as connection:
        bases = [find_records(connection, licence)[-1].record.basis for licence in LICENCES]
    assert bases == ["甲条例", BASIS, "乙条例"]


def test_renewals_from_a_csv_take_their_claims_from_its_columns(desk: ChangesDesk) -> None:
    lines = [
        "identifier,valid_from,ZZMC,CZZT",
        f"{LICENCES[0]},2026-01-01,营业执照,甲店",
        f"{LICENCES[1]},,营业执照,",
    ]
    (desk.folder / "rows.csv").write_text("\n".join(lines), "utf-8")
    assert desk.change("renew", "--file", "rows.csv", basis=None) == 0
    with desk.city.register.reading() as connection:
        disclosures = [find_records(connection, licence)[-1].disclosure for licence in LICENCES[:2]]
    assert [found and found.values for found in disclosures] == [
        {"ZZMC": "营业执照", "CZZT": "甲店"},
        {"ZZMC": "营业执照", "CZZT": CLAIMS["CZZT"]},  # an empty cell names nothing: it stays as it was
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.csv", b"licence\nx\n", "among them `identifier`"),
        ("rows.csv", b"identifier,basis\nx\n", "more or fewer cells"),
        ("rows.csv", "identifier\n证照".encode("gb18030"), "must be UTF-8"),
        ("rows.csv", b'identifier\n"x', "cannot be read"),
        ("rows.ndjson", b"[]\n", "line 1 of rows.ndjson is not an object"),
        (
            "rows.ndjson",
            b'\n{"identifier":"x","previous":"sm3:00"}\n',
            "line 2 of rows.ndjson states previous",
        ),
        ("rows.xlsx", b"PK\x03\x04rest", "an Excel workbook (.xlsx) and no CSV: save it as"),
        ("rows.txt", b"identifier,basis\nx,y\n", "give a table 表格 a name that ends in .csv"),
        ("rows.ndjson", b'\xef\xbb\xbf{"identifier":"x"}\n', "no byte order mark"),
        ("rows.csv", "identifier,basis\n合计,2\n".encode(), "row 2: '合计' is no identifier, number"),
    ],
    ids=[
        "no column",
        "short line",
        "another encoding",
        "open quote",
        "no object",
        "states what follows",
        "a workbook",
        "a table by another name",
        "a mark before it",
        "a row of totals",
    ],
)
def test_files_that_are_no_rows(
    name: str, content: bytes, said: str, desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk.folder / name).write_bytes(content)
    assert desk.change("cancel", "--file", name) == 1
    assert said in capsys.readouterr().err


def test_more_changes_than_a_submission_carries_are_divided(
    desk: ChangesDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(changes, "MAX_STATUS_RECORDS", 2)
    assert desk.change("cancel", *LICENCES, "--json") == 0
    said = capsys.readouterr()
    assert "Divided into 2 submissions" in said.err
    assert [receipt["count"] for receipt in json.loads(said.out)["submissions"]] == [2, 1]


def test_the_same_command_after_a_failure_hands_in_the_same_submission(
    desk: ChangesDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(
            NodeClient, "submit", lambda *_: (_ for _ in ()).throw(NodeError("the connection broke"))
        )
        assert desk.change("cancel", LICENCES[0]) == 1
    (kept,) = desk.folder.glob("cancel.*.submission")
    signed = kept.read_bytes()
    assert desk.change("cancel", LICENCES[0]) == 0
    assert "signed before" in capsys.readouterr().err
    assert [path.read_bytes() for path in desk.folder.glob("*.submission")] == [signed]
    assert desk.actions() == ["issue", "cancel"]


def test_where_certificates_stand_needs_the_scope(desk: ChangesDesk, tianmen: TestClient) -> None:
    body = {"identifiers": [LICENCES[0], identifier("TM2022A0000000000009"), "no identifier at all"]}
    tianmen.headers.pop("Authorization", None)
    assert tianmen.post("/v1/certificates/lineages", json=body).status_code == 401
    bearer = {"Authorization": f"Bearer {desk.city.token('proofs')}"}
    assert tianmen.post("/v1/certificates/lineages", json=body, headers=bearer).status_code == 403
    bearer = {"Authorization": f"Bearer {desk.city.token('history')}"}
    first, *others = tianmen.post("/v1/certificates/lineages", json=body, headers=bearer).json()["items"]
    assert (first["status"], others) == ("valid", [None, None])
    assert first["newest"] == first["current"]
    assert set(first["possible"]) == {
        "renew", "amend", "suspend", "cancel", "revoke", "withdraw", "transfer", "void",
    }  # fmt: skip
