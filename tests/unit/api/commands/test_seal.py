"""Seals over the command line: made, registered, applied, destroyed.

What they sealed is verified elsewhere and found.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi.testclient import TestClient

from anchoring.catalogue.chosen import get_catalogue
from anchoring.intake.sealings import Sealings
from api.commands import seal, submit
from api.department import actions
from api.department.seals import RegisteredSeal
from api.department.trial import TRUST_FILE, open_trial, read_holder
from api.http.app import create_app
from api.key_files import PASSWORD_VARIABLE, open_key, write_key
from ledger.documents.carriers import attach
from ledger.documents.certificates.trust_list import decode_trust_list
from ledger.documents.findings import leave_unknown, pass_check
from ledger.documents.openers import inspect
from ledger.documents.seals.ses import decode_seal
from ledger.encoding.canonical import Json
from ledger.encoding.times import format_time
from ledger.errors import MalformedInput
from ledger.records.records import KINDS
from ledger.records.seal_identifiers import SealingIdentifier
from ledger.registry import acts
from tests import papers
from tests.unit.api.city import ISSUER, LOG, START, City, identifier
from tests.unit.api.desk import Desk

NUMBER: Final = "42900600000001"
SEAL: Final = SealingIdentifier.build("seal", ISSUER, NUMBER).text
NAME: Final = "天门市示例局公章"
TERM: Final = ("--valid-from", "2026-01-01", "--valid-until", "2030-12-31")
NODE: Final = ("--node", "http://tianmen.example")
SERIALS: Final = tuple(f"TM2022A000000000000{number}" for number in range(1, 5))


class SealsDesk(Desk):
    """A desk with a seal of a trial authority; what it hands in is anchored."""

    def make(self, file: str = "seal.esl", number: str = NUMBER, name: str = NAME, *more: str) -> int:
        given = ("--number", number, "--name", name, *TERM, "--trial", "trial", "-o", file)
        return self.run("seal", "make", *given, *more)

    def register(self, *files: str) -> int:
        holder = ("--holder", ISSUER, "--holder-name", "天门市示例局", "--key", "key.pem")
        code = self.run("seal", "register", *(files or ("seal.esl",)), *holder, *NODE)
        self.city.anchor()
        return code

    def apply(self, out: str, *more: str) -> int:
        signer = ("--certificate", "trial/signer.crt", "--key", "trial/signer.pem")
        return self.run("seal", "apply", "licence.ofd", "--seal", "seal.esl", *signer, "-o", out, *more)

    def seal_licence(self, number: int, *, backdated: int = 0) -> bytes:
        """Seal a document, register it with its licence, and return it with its proof inside.

        `backdated` is by how many seconds the clock of whoever seals is behind.
        """
        row = self.city.licence(SERIALS[number], {"ZZMC": "营业执照"})
        (self.folder / "row.json").write_text(json.dumps(row))
        out = f"{number}.ofd"
        self.city.now -= backdated
        assert self.apply(out, "--licence", "row.json", "--rows", "rows.ndjson") == 0
        self.city.now += backdated
        assert self.run("submit", "rows.ndjson", "--key", "key.pem", *NODE) == 0
        self.city.anchor()
        return attach((self.folder / out).read_bytes(), self.city.proof(identifier(SERIALS[number])))

    def destroy(self) -> int:
        given = ("--basis", "印章管理办法", "--key", "key.pem", "--token-file", "token", "--yes")
        code = self.run("seal", "destroy", SEAL, *given, *NODE)
        self.city.anchor()
        return code

    def uses(self, *bounds: str) -> int:
        return self.run("seal", "uses", SEAL, *bounds, "--token-file", "token", *NODE)


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SealsDesk:
    desk = SealsDesk(city, tianmen, tmp_path, monkeypatch)
    for module in (seal, actions, submit):
        monkeypatch.setattr(module, "NodeClient", desk.client)
    (tmp_path / "licence.ofd").write_bytes(papers.DOCUMENT)
    kinds = KINDS["seal"] | KINDS["signature"]
    city.act(acts.KeyGranted(LOG, city.key.public.id, ISSUER, kinds, (), 0, 2**40))
    return desk


@pytest.fixture
def wuhan(city: City, desk: SealsDesk) -> Iterator[TestClient]:
    """Return another city's node, which accepts the trial authority."""
    open_trial(desk.folder / "trial", START)
    settings = city.verifier.model_copy(update={"trust_list": desk.folder / "trial" / TRUST_FILE})
    with TestClient(create_app(settings, city.clock)) as client:
        yield client


def verify(node: TestClient, document: bytes) -> Any:
    return node.post("/v1/verify", json={"documents": [base64.b64encode(document).decode()]}).json()


def test_a_trial_seal_is_good_for_whoever_accepts_the_trial_authority(desk: SealsDesk) -> None:
    assert desk.make() == 0
    assert desk.apply("sealed.ofd", "--stamp", "1", "150", "230") == 0
    sealed, trust = Path("sealed.ofd").read_bytes(), decode_trust_list(Path("trial", TRUST_FILE).read_bytes())
    (report,) = inspect(sealed, trust).signatures
    assert (report.verdict.value, report.seal_name, report.seal_id) == ("valid", NAME, NUMBER)
    assert inspect(sealed).verdict.value == "unverifiable", "nobody else accepts it"


def test_a_stamp_over_an_earlier_one_is_said(desk: SealsDesk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.make() == 0
    assert desk.apply("licence.ofd", "--stamp", "1", "150", "230") == 0
    assert desk.apply("beside.ofd", "--stamp", "1", "100", "230") == 0
    assert "signed before" not in capsys.readouterr().err
    assert desk.apply("over.ofd", "--stamp", "1", "140", "230") == 0
    assert "cannot be confirmed any more" in capsys.readouterr().err
    reasons = [
        report.find_check("references") for report in inspect(Path("over.ofd").read_bytes()).signatures
    ]
    assert reasons == [leave_unknown("references", "look_added"), pass_check("references")]


def test_a_seal_is_made_with_a_key_under_a_password(desk: SealsDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    open_trial(Path("trial"), START)
    write_key(Path("maker.pem"), open_key(Path("trial/maker.pem"), None), "a word")
    made = ("--certificate", "trial/maker.crt", "--key", "maker.pem", "--user", "trial/signer.crt")
    Path("password").write_text("a word")
    Path("picture.png").write_bytes(b"\x89PNG")
    given = ("--number", NUMBER, "--name", NAME, *TERM, "--picture", "picture.png", "-o", "a.esl", *made)
    assert desk.run("seal", "make", *given) == 1, "there is nobody to ask"
    assert desk.run("seal", "make", *given, "--key-password-file", "password") == 0
    assert decode_seal(Path("a.esl").read_bytes()).name == NAME


def test_a_seal_of_somebodys_own_maker_with_a_picture(desk: SealsDesk) -> None:
    for name in ("maker", "user"):
        open_trial(Path(name), START)
    Path("picture.png").write_bytes(b"\x89PNG")
    own = ("--certificate", "maker/maker.crt", "--key", "maker/maker.pem", "--user", "user/signer.crt")
    given = (
        "--number",
        NUMBER,
        "--name",
        NAME,
        *TERM,
        "--picture",
        "picture.png",
        "--size",
        "30",
        "20",
        "-o",
        "a",
    )
    assert desk.run("seal", "make", *given, *own, "--seal-version", "1") == 0
    made = decode_seal(Path("a").read_bytes())
    assert (made.version, made.picture.format, made.picture.data) == (1, "PNG", b"\x89PNG")
    assert (made.picture.width, made.picture.height) == (30, 20)
    assert made.user_certificates == (
        read_holder(Path("user/signer.crt"), open_key(Path("user/signer.pem"), None)).certificate.der,
    )
    assert format_time(made.valid_from or 0) == "2025-12-31T16:00:00Z", "days are those of Asia/Shanghai"
    assert format_time(made.valid_until or 0) == "2030-12-31T15:59:59Z"


def test_the_five_seals_of_a_company_are_registered_in_one_submission(desk: SealsDesk) -> None:
    files, kinds = [], [kind for kind in get_catalogue().seals if kind.seal and kind.seal.free]
    assert len(kinds) == 5
    for number, kind in enumerate(kinds):
        files.append(f"{number}.esl")
        assert desk.make(files[-1], f"4290060000000{number}", "天门市示例公司" + kind.name.zh) == 0
    (desk.folder / "claims.json").write_text('{"KZ_FDDBR": "张示例"}', "utf-8")
    assert desk.register(*files, "--claims", "claims.json") == 0
    assert len(list(desk.folder.glob("seals.*.submission"))) == 1
    for file, kind in zip(files, kinds, strict=True):
        kept = RegisteredSeal.read_beside(Path(file))
        assert kept
        proof = desk.city.proof(kept.identifier)
        assert proof.record.hash_leaf().hex() == kept.record_text.removeprefix("sm3:")
        assert proof.disclosure
        claims = proof.disclosure.values
        assert (claims["ZZMC"], claims["ZZLXDM"]) == (kind.name.zh, kind.code)
        assert (claims["CZZTDM"], claims["CZZT"]) == (ISSUER, "天门市示例局")
        assert claims["KZ_ZSZW"] == [
            read_holder(
                Path("trial/signer.crt"), open_key(Path("trial/signer.pem"), None)
            ).certificate.fingerprint
        ]
        assert str(proof.record.valid_until) == "2030-12-31"


def test_what_the_catalogue_requires_of_a_kind_of_seal_is_given_or_accepted(
    desk: SealsDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file of a name seal says whose seal it is by its name alone, and the catalogue wants the person."""
    desk.make(name="张示例法定代表人名章")
    assert desk.register() == 1
    message = capsys.readouterr().err
    assert "--accept required" in message
    assert "法定代表人（负责人） KZ_FDDBR" in message
    (desk.folder / "claims.json").write_text('{"KZ_FDDBR": "张示例", "KZ_YZBABH": "429006-1"}', "utf-8")
    assert desk.register("seal.esl", "--claims", "claims.json") == 0
    values = desk.city.proof(SEAL).disclosure
    assert values
    assert dict(values.values)["KZ_YZBABH"] == "429006-1"


@pytest.mark.parametrize(
    ("text", "message"), [('{"KZ_YZBM": "1"}', "KZ_YZBM of --claims"), ("[]", "no JSON object")]
)
def test_claims_of_a_seal_do_not_contradict_its_file(
    desk: SealsDesk, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    desk.make()
    (desk.folder / "claims.json").write_text(text)
    assert desk.register("seal.esl", "--claims", "claims.json") == 1
    assert message in capsys.readouterr().err


def test_a_name_seal_is_registered_without_its_person_where_that_is_accepted(desk: SealsDesk) -> None:
    desk.make(name="张示例法定代表人名章")
    assert desk.register("seal.esl", "--accept", "required") == 0


def test_a_sealed_licence_with_its_proof_inside_is_verified_in_another_city(
    desk: SealsDesk, wuhan: TestClient
) -> None:
    desk.make()
    desk.register()
    report = verify(wuhan, desk.seal_licence(0))
    assert (report["verdict"], report["documents"][0]["signatures"][0]["verdict"]) == ("valid", "valid")
    (sealed,) = next(step for step in report["steps"] if step["step"] == 11)["evidence"]["seals"]
    assert (sealed["identifier"], sealed["holder"], sealed["name"]) == (SEAL, ISSUER, NAME)


def test_what_was_sealed_stays_sealed_and_what_comes_after_the_seals_end_does_not_count(
    desk: SealsDesk, wuhan: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.make()
    desk.register()
    genuine = desk.seal_licence(0)
    assert desk.destroy() == 0
    assert verify(wuhan, genuine)["verdict"] == "valid"
    monkeypatch.setattr(Sealings, "check", lambda *_: None)  # a node that takes what no node takes any more
    backdated = desk.seal_licence(1, backdated=3600)
    report = verify(wuhan, backdated)
    assert report["documents"][0]["signatures"][0]["verdict"] == "valid", (
        "the document alone does not show it"
    )
    assert (report["verdict"], report["reason"]) == ("invalid", "seal_not_in_force")


def test_a_node_takes_nothing_that_a_destroyed_seal_sealed(
    desk: SealsDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.make()
    desk.register()
    assert desk.destroy() == 0
    with pytest.raises(AssertionError):
        desk.seal_licence(1, backdated=3600)
    assert "is cancelled 印章已不在有效状态" in capsys.readouterr().err


def test_uses_are_listed_before_and_after_a_moment(
    desk: SealsDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.make()
    desk.register()
    for number in range(2):
        desk.seal_licence(number)
    moment = format_time(desk.city.now)
    for number in range(2, 4):
        desk.seal_licence(number)

    def told(*bounds: str) -> list[str]:
        capsys.readouterr()
        assert desk.uses(*bounds) == 0
        return [line.rpartition(" ")[2] for line in capsys.readouterr().out.splitlines()]

    every = [identifier(serial) for serial in SERIALS]
    assert told() == every
    anchored = json_of(capsys, desk)[1]["anchor"]["time"]
    assert anchored == moment
    assert told("--before", moment) == every[:1]
    assert told("--after", moment) == every[1:]
    assert told("--after", moment, "--before", format_time(desk.city.now)) == every[1:3]
    assert told("--before", "2026-11-23") == []
    assert told("--after", "2026-11-23") == every


def json_of(capsys: pytest.CaptureFixture[str], desk: SealsDesk) -> list[Any]:
    capsys.readouterr()
    assert desk.uses("--json") == 0
    found: list[Any] = json.loads(capsys.readouterr().out)["uses"]
    return found


def test_pages_follow_one_another_and_what_is_not_anchored_comes_after_every_moment(
    desk: SealsDesk, tianmen: TestClient
) -> None:
    desk.make()
    desk.register()
    kept = RegisteredSeal.read_beside(Path("seal.esl"))
    assert kept
    rows: list[dict[str, Json]] = [
        {
            "kind": "signature",
            "action": "issue",
            "identifier": SealingIdentifier.build("signature", ISSUER, f"TM{number:09d}").text,
            "issuer": ISSUER,
            "claims": {"KZ_QZRDM": ISSUER},
            "links": [{"rel": "made-with", "record": kept.record_text}],
        }
        for number in range(5)
    ]
    desk.city.submit(*rows[:3])
    desk.city.anchor()
    desk.city.submit(*rows[3:])
    headers = {"Authorization": f"Bearer {desk.city.token('history')}"}
    path: str | None = f"/v1/certificates/{SEAL}/uses?limit=2&after=2026-01-01T00:00:00Z"
    pages: list[list[tuple[bool, str, list[str]]]] = []
    while path and len(pages) < len(rows):
        page = tianmen.get(path, headers=headers).json()
        pages.append([("anchor" in item, item["state"], item["certificates"]) for item in page["items"]])
        path = page.get("next")
    assert pages == [
        [(True, "final", [])] * 2,
        [(True, "final", []), (False, "accepted", [])],
        [(False, "accepted", [])],
    ]
    before = tianmen.get(f"/v1/certificates/{SEAL}/uses?before=2099-01-01T00:00:00Z", headers=headers).json()
    assert len(before["items"]) == 3
    assert "next" not in before


@pytest.mark.parametrize("moment", ["2026-11-23", "2026-13-23T00:00:00Z", "yesterday"])
def test_a_moment_has_one_spelling(desk: SealsDesk, tianmen: TestClient, moment: str) -> None:
    headers = {"Authorization": f"Bearer {desk.city.token('history')}"}
    answer = tianmen.get(f"/v1/certificates/{SEAL}/uses?after={moment}", headers=headers)
    assert answer.status_code == 422


def test_a_signer_whom_the_seal_does_not_list_seals_nothing(
    desk: SealsDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.make()
    open_trial(Path("other"), START)
    signer = ("--certificate", "other/signer.crt", "--key", "other/signer.pem")
    assert desk.run("seal", "apply", "licence.ofd", "--seal", "seal.esl", *signer, "-o", "out.ofd") == 1
    assert "nothing was sealed" in capsys.readouterr().err
    assert not Path("out.ofd").exists()


def test_a_key_that_is_not_the_certificates_is_refused(desk: SealsDesk) -> None:
    desk.make()
    with pytest.raises(MalformedInput, match="is not the SM2 key of the certificate"):
        read_holder(Path("trial/signer.crt"), open_key(Path("trial/maker.pem"), None))


@pytest.mark.parametrize(
    ("left_out", "said"), [("--trial", "or --trial DIR"), ("--picture", "give the --picture")]
)
def test_what_a_seal_needs_is_named(
    desk: SealsDesk, left_out: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["seal", "make", "--number", NUMBER, "--name", NAME, *TERM, "-o", "seal.esl"]
    if left_out == "--picture":
        open_trial(Path("maker"), START)
        given += [
            "--certificate",
            "maker/maker.crt",
            "--key",
            "maker/maker.pem",
            "--user",
            "maker/signer.crt",
        ]
    assert desk.run(*given) == 1
    assert said in capsys.readouterr().err


def test_without_a_registration_there_are_no_rows(
    desk: SealsDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.make()
    capsys.readouterr()
    assert desk.apply("sealed.ofd") == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "`shunzheng seal register` first" in said.err


def test_a_renewed_seal_is_a_new_version_of_the_same(desk: SealsDesk) -> None:
    desk.make()
    desk.register()
    (desk.folder / "claims.json").write_text(json.dumps({"CZZTDM": ISSUER}))
    given = (
        "--claims",
        "claims.json",
        "--document",
        "seal.esl",
        "--key",
        "key.pem",
        "--token-file",
        "token",
        "--yes",
    )
    assert desk.run("renew", SEAL, *given, *NODE) == 0
    desk.city.anchor()
    assert desk.city.proof(SEAL).record.identifier == SealingIdentifier.build("seal", ISSUER, NUMBER, 2).text


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (identifier(SERIALS[0]), "is no seal, whose identifier begins with `seal.`: `shunzheng {}` "),
        (
            SEAL.replace("seal.", "signature."),
            "is no seal, whose identifier begins with `seal.`: `shunzheng {}` ",
        ),
        (SEAL[:-1] + "0", "the check character is 0"),
    ],
    ids=["certificate", "sealing", "mistyped"],
)
def test_what_is_no_seal_is_refused_with_the_command_for_it(
    desk: SealsDesk, named: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A certificate that is registered and could be cancelled stays as it is."""
    desk.city.submit(desk.city.licence(SERIALS[0], {"ZZMC": "营业执照"}))
    destroy = ("destroy", named, "--basis", "印章管理办法", "--key", "key.pem", "--yes")
    for command, instead in ((destroy, "cancel"), (("uses", named), "trace")):
        assert desk.run("seal", *command, "--token-file", "token", *NODE) == 1
        assert said.format(instead) in capsys.readouterr().err
    assert not list(desk.folder.glob("*.submission"))
