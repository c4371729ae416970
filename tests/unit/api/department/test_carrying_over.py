"""A new version states what its row names, and everything else as it was.

Only who says so takes an end or a claim away.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from anchoring.intake.admission import IntakeRules
from anchoring.intake.intake import accept
from anchoring.register.access.looks import list_looks
from api.client.client import NodeClient
from ledger.crypto.suites import SM3
from ledger.encoding.canonical import Json
from tests.unit.api.city import City
from tests.unit.api.department.changing import CLAIMS, LICENCES, OLD_DOCUMENT, ChangesDesk, open_desk


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ChangesDesk:
    return open_desk(city, tianmen, tmp_path, monkeypatch)


def days(desk: ChangesDesk, licence: str = LICENCES[0]) -> list[str]:
    record = desk.newest(licence).record
    return [str(day) for day in (record.issued, record.valid_from, record.valid_until)]


@pytest.mark.parametrize("action", ["amend", "renew"])
def test_what_is_not_named_is_carried_over(action: str, desk: ChangesDesk) -> None:
    (desk.folder / "claims.json").write_text(json.dumps({"CZZT": "新名称"}))
    assert desk.change(action, LICENCES[0], "--claims", "claims.json") == 0
    assert days(desk) == ["2022-03-28", "2022-03-28", "2027-03-27"]
    claims = desk.claims()
    document = claims.pop("document/1")
    assert claims == CLAIMS | {"CZZT": "新名称"}
    assert isinstance(document, dict)
    assert document["digest"] == SM3.format(SM3.hash(OLD_DOCUMENT))


def test_a_new_end_is_that_of_the_claim_that_repeats_it(desk: ChangesDesk) -> None:
    assert desk.change("renew", LICENCES[0], "--valid-until", "2032-03-27") == 0
    assert (days(desk)[2], desk.claims()["ZZYXQJZRQ"]) == ("2032-03-27", "2032-03-27")


def test_without_end_only_by_saying_so(desk: ChangesDesk) -> None:
    assert desk.change("renew", LICENCES[0], "--no-end") == 0
    assert desk.newest().record.valid_until is None
    assert "ZZYXQJZRQ" not in desk.claims()
    assert desk.change_sheet("renew", "identifier,valid_until", f"{LICENCES[1]},长期") == 0
    assert desk.newest(LICENCES[1]).record.valid_until is None
    assert desk.change("renew", LICENCES[2], "--no-end", "--valid-until", "2032-01-01") == 1
    assert desk.count(LICENCES[2]) == 1


def test_an_earlier_end_is_told(desk: ChangesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    lines = "identifier,valid_until", f"{LICENCES[0]},2027-03-26"
    assert desk.change_sheet("renew", *lines) == 1
    assert "lies before the end of the current version, 2027-03-27" in capsys.readouterr().err
    assert desk.change_sheet("renew", *lines, options=("--accept", "odd-date")) == 0


def test_a_claim_is_taken_out_by_its_name(desk: ChangesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.change("amend", LICENCES[0], "--without", "KZ_JYWF") == 1
    assert "did you mean `KZ_JYFW`?" in capsys.readouterr().err
    assert desk.change("amend", LICENCES[0], "--without", "KZ_JYFW") == 0
    assert desk.claims().keys() == {"ZZMC", "CZZT", "ZZYXQJZRQ", "document/1"}


def test_new_documents_take_the_place_of_all(desk: ChangesDesk) -> None:
    (desk.folder / "new.pdf").write_bytes(b"%PDF-1.7")
    assert desk.change("amend", LICENCES[0], "--document", "new.pdf") == 0
    document = desk.claims()["document/1"]
    assert isinstance(document, dict)
    assert (document["media_type"], document["size"]) == ("application/pdf", 8)
    assert "document/2" not in desk.claims()


@pytest.mark.parametrize(
    "heading",
    [
        "valid-until",
        "Valid_Until",
        "valid_untill",
        "VALID_UNTIL",
        "有效期至",
        "valid until",
        "validuntil",
        " valid_until",
    ],
)
def test_a_misspelt_column_is_refused_with_what_was_meant(
    heading: str, desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    for dry_run in ((), ("--dry-run",)):
        assert (
            desk.change_sheet("renew", f"identifier,{heading}", f"{LICENCES[0]},2032-03-27", options=dry_run)
            == 1
        )
        assert "did you mean `valid_until`?" in capsys.readouterr().err
    assert desk.count() == 1


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("identifier,valid_until,valid_until", "{0},2032-01-01,2033-01-01"), "`valid_until` stands 2 times"),
        (("identifier,,CZZT", "{0},,x"), "column 2 has no name"),
        (("identifier,持证主体", "{0},x"), "did you mean `CZZT`?"),
        (("identifier,remarks", "{0},x"), "is no column"),
        (("identifier,KZ_NEW", "{0},x"), "[new-claim] the claim “KZ_NEW” is new"),
        (("identifier,CZZD", "{0},x"), "did you mean `CZZT"),
        (("identifier,issuer", "{0},x"), "is no column"),
        (("identifier,valid_until,CZZT", "{0},,x"), "the column `valid_until` is empty in every row"),
    ],
    ids=["repeated", "unnamed", "label", "unknown", "new claim", "near a claim", "follows", "empty"],
)
def test_columns_that_say_nothing_are_refused(
    lines: tuple[str, ...], words: str, desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.change_sheet("renew", *(line.format(LICENCES[0]) for line in lines)) == 1
    assert words in capsys.readouterr().err
    assert desk.count() == 1


def test_a_claim_of_its_own_is_taken_once_it_is_accepted(desk: ChangesDesk) -> None:
    lines = ("identifier,KZ_NEW", f"{LICENCES[0]},x")
    assert desk.change_sheet("amend", *lines, options=("--accept", "new-claim")) == 0
    assert desk.claims()["KZ_NEW"] == "x"


@pytest.mark.parametrize("member", ["valid-until", "claim", "doc", "documentss", "valid_unti1"])
def test_unknown_members_of_a_line_are_refused(
    member: str, desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    row = json.dumps({"identifier": LICENCES[0], member: "2032-01-01"})
    assert desk.change_sheet("amend", row, name="rows.ndjson") == 1
    assert "is no column or member" in capsys.readouterr().err
    assert desk.count() == 1


def test_a_basis_that_says_nothing_ends_no_certificate(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    for options in (("--dry-run",), ()):
        assert desk.change_sheet("revoke", "identifier,basis", f"{LICENCES[0]},#N/A", options=options) == 1
        assert "row 2: [spreadsheet] basis is “#N/A”" in capsys.readouterr().err
    assert desk.count() == 1


def test_zeros_that_a_spreadsheet_took_are_missed(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ("identifier,ZZBH", f"{LICENCES[0]},000123")
    assert desk.change_sheet("amend", *lines) == 0
    current = desk.newest().record.identifier
    for options in ((), ("--dry-run",)):
        assert desk.change_sheet("amend", "identifier,ZZBH", f"{current},123", options=options) == 1
        assert "row 2: [lost-zeros] ZZBH is “123”" in capsys.readouterr().err
    assert desk.change_sheet("amend", "identifier,ZZBH", f"{current},000124") == 0


def test_a_claim_that_counts_stays_a_number(desk: ChangesDesk) -> None:
    (desk.folder / "claims.json").write_text(json.dumps({"KZ_HDRS": 150, "KZ_HGXK": ["甲证"]}))
    assert desk.change("amend", LICENCES[0], "--claims", "claims.json") == 0
    current = desk.newest().record.identifier
    assert desk.change_sheet("amend", "identifier,KZ_HDRS,KZ_HGXK", f"{current},160,乙证") == 0
    claims = desk.claims()
    assert (claims["KZ_HDRS"], claims["KZ_HGXK"]) == (160, ["乙证"])


def test_links_are_carried_over_and_that_to_a_sealing_goes_with_its_document(desk: ChangesDesk) -> None:
    links: list[Json] = [
        {"rel": rel, "record": f"sm3:{byte * 32}"} for rel, byte in (("sealed-by", "ab"), ("follows", "cd"))
    ]
    row = desk.city.licence("TM2022A0000000000009", CLAIMS, b"sealed", valid_until="2027-03-27", links=links)
    desk.city.submit(row)
    licence = str(row["identifier"])
    assert desk.change("amend", licence, "--valid-until", "2028-01-01") == 0
    record = desk.newest(licence).record
    assert [link.rel for link in record.links] == ["sealed-by", "follows"]
    (desk.folder / "new.pdf").write_bytes(b"%PDF-1.7")
    assert desk.change("amend", record.identifier, "--document", "new.pdf") == 0
    assert [link.rel for link in desk.newest(licence).record.links] == ["follows"]


@pytest.mark.parametrize(("name", "content"), [("rows.csv", "identifier,basis\n,\n"), ("rows.ndjson", "\n")])
def test_a_file_without_a_certificate_is_no_success(
    name: str, content: str, desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk.folder / name).write_text(content)
    assert desk.change("revoke", "--file", name) == 1
    assert "names no certificate" in capsys.readouterr().err


def test_a_change_of_status_takes_no_content(desk: ChangesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ("identifier,basis,valid_until,CZZT", f"{LICENCES[0]},示例条例,2027-01-01,x")
    assert desk.change_sheet("revoke", *lines) == 1
    message = capsys.readouterr().err
    assert "states no `valid_until`" in message
    assert "states no `CZZT`" in message
    assert desk.count() == 1


def test_the_preview_shows_old_and_new_of_every_field(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.change("renew", LICENCES[0], "--valid-until", "2032-03-27", "--dry-run") == 0
    shown = capsys.readouterr().err
    for line in (
        "valid_until 有效期止: 2027-03-27 → 2032-03-27",
        "ZZYXQJZRQ 证照有效期截止日期: 2027-03-27 → 2032-03-27",
        "valid_from 有效期起: 2022-03-28 (as before 不变)",
        "CZZT 持证主体: 天门市示例餐饮店 (as before 不变)",
        f"documents 1 文件: application/pdf, {len(OLD_DOCUMENT)} bytes",
    ):
        assert line in shown
    assert desk.change("renew", LICENCES[0], "--no-end", "--dry-run", "--json") == 0
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert {"name": "valid_until", "before": "2027-03-27", "after": "长期"} in change["fields"]
    assert {"name": "CZZT", "before": CLAIMS["CZZT"], "after": CLAIMS["CZZT"]} in change["fields"]
    assert desk.count() == 1


def test_old_versions_and_wrong_check_digits_act_on_nothing(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = LICENCES[0][:-1] + ("0" if LICENCES[0][-1] != "0" else "1")
    for dry_run in ((), ("--dry-run",)):
        assert desk.change("revoke", wrong, *dry_run) == 1
        assert f"the check digit is {wrong[-1]}, expected {LICENCES[0][-1]}" in capsys.readouterr().err
    assert desk.change("renew", LICENCES[0], "--valid-until", "2032-03-27") == 0
    current = desk.newest().record.identifier
    for action in ("revoke", "amend", "suspend"):
        capsys.readouterr()
        assert desk.change(action, LICENCES[0]) == 1
        assert f"is not the current version 不是当前版本, which is {current}" in capsys.readouterr().err
    assert desk.count() == 2
    assert desk.change("revoke", current) == 0


def test_the_claims_need_the_scope_or_what_was_kept(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk.folder / "token").write_text(desk.city.token("history"))
    assert desk.change("amend", LICENCES[0], "--valid-until", "2028-01-01") == 1
    assert "lacks the scope claims" in capsys.readouterr().err
    row = desk.city.licence("TM2022A0000000000009", CLAIMS, valid_until="2027-03-27")
    kept = desk.folder / "kept.submission"
    kept.write_bytes(desk.city.draft(row))
    with desk.city.replica.reading() as trust:
        accept(
            desk.city.register, trust, kept.read_bytes().splitlines(), desk.city.now, IntakeRules("tianmen")
        )
    assert desk.change("amend", str(row["identifier"]), "--valid-until", "2028-01-01", "--kept", kept) == 0
    assert desk.claims(str(row["identifier"])) == CLAIMS | {"ZZYXQJZRQ": "2028-01-01"}


def test_the_record_of_another_certificate_is_not_carried_over(
    desk: ChangesDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Genuine content of a genuine record, and not of the one that the department named."""
    honest = desk.client.fetch_lineages

    def swap(client: NodeClient, identifiers: list[str], **options: bool) -> list[Any]:
        (asked,) = honest(client, identifiers, **options)
        (other,) = honest(client, [LICENCES[1]], **options)
        assert asked
        assert other
        return [asked | {name: other[name] for name in ("current", "record", "disclosure") if name in other}]

    monkeypatch.setattr(desk.client, "fetch_lineages", swap)
    assert desk.change("amend", LICENCES[0], "--valid-until", "2028-01-01") == 1
    assert "the record of another certificate" in capsys.readouterr().err
    assert desk.count() == 1


def test_content_needs_the_scope_and_is_logged_as_claims(desk: ChangesDesk, tianmen: TestClient) -> None:
    body = {"identifiers": [LICENCES[0]], "content": True}
    bearers = [
        {"Authorization": f"Bearer {desk.city.token(*scopes)}"}
        for scopes in (("history",), ("history", "claims"))
    ]
    answers = [tianmen.post("/v1/certificates/lineages", json=body, headers=bearer) for bearer in bearers]
    assert [answer.status_code for answer in answers] == [403, 200]
    (item,) = answers[1].json()["items"]
    assert item["record"]["identifier"] == LICENCES[0]
    many = {"identifiers": [LICENCES[0]] * 21, "content": True}
    assert tianmen.post("/v1/certificates/lineages", json=many, headers=bearers[1]).status_code == 400
    with desk.city.register.reading() as connection:
        looks = [(look.purpose, look.outcome) for look in list_looks(connection, identifier=LICENCES[0])]
    assert looks == [("claims", "scope-missing"), ("claims", "shown")]


def test_content_that_is_not_that_of_the_record_is_not_carried_over(
    desk: ChangesDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A node that shows other claims than those that were registered is found out before anything is signed."""
    honest = desk.client.fetch_lineages

    def lie(client: object, identifiers: list[str], **options: bool) -> object:
        answers = honest(client, identifiers, **options)  # type: ignore[arg-type]
        for answer in answers:
            if answer and (disclosure := answer.get("disclosure")):
                claims = disclosure["claims"]
                assert isinstance(claims, list)
                claims[0] = ["CZZT", "another"]
        return answers

    monkeypatch.setattr(desk.client, "fetch_lineages", lie)
    assert desk.change("amend", LICENCES[0], "--valid-until", "2028-01-01") == 1
    assert "the claims that are shown are not all that its record states" in capsys.readouterr().err
    assert desk.count() == 1
