"""The command line: its exit codes, its help, its care for keys."""

import json
import os
import re
import stat
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from fastapi.testclient import TestClient

from api import console
from api.cli import COMMANDS, build_overview, build_parser, main
from api.client import options
from examples.renderings import render_pdf
from ledger.crypto.keys import decode_private_key
from ledger.encoding.canonical import Json
from ledger.verification.reasons import Verdict
from tests.unit.api.city import City, identifier
from tests.unit.api.desk import client_of, client_over

ROOT: Final = Path(__file__).parents[3]
SERIAL: Final = "TM2022A0000000000001"
LICENCE: Final = identifier(SERIAL)
DOCUMENT: Final = b"%PDF-1.7 a licence"
CLAIMS: Final[dict[str, Json]] = {"ZZMC": "营业执照", "CZZT": "天门市示例餐饮店"}
NODE: Final = ("--node", "http://wuhan.example")


@pytest.fixture
def asked(wuhan: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line ask the node in this process."""
    monkeypatch.setattr("api.client.client.NodeClient", client_of(wuhan))


@pytest.fixture
def licence(city: City, asked: None, tmp_path: Path) -> Path:
    """Return a document with its proof beside it."""
    city.submit(city.licence(SERIAL, CLAIMS, DOCUMENT))
    city.anchor()
    path = tmp_path / "licence.pdf"
    path.write_bytes(DOCUMENT)
    path.with_name("licence.pdf.proof.json").write_bytes(city.proof(LICENCE).encode())
    return path


# verify


def test_valid_is_0(licence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(licence), *NODE]) == 0
    assert capsys.readouterr().out.startswith("真实有效｜营业执照｜")


def test_not_current_is_10(city: City, licence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    city.submit(city.change("revoke", LICENCE))
    city.anchor()
    assert main(["verify", str(licence), *NODE, "--lang", "en"]) == 10
    assert capsys.readouterr().out.startswith("Genuine, but revoked｜Business licence｜")


def test_invalid_is_11(licence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    licence.write_bytes(DOCUMENT + b"!")
    assert main(["verify", str(licence), *NODE, "--json"]) == 11
    assert json.loads(capsys.readouterr().out)["reason"] == "document_mismatch"


def test_unverifiable_is_12(licence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--proof", f"{licence}.proof.json", *NODE, "--json"]) == 12
    assert json.loads(capsys.readouterr().out)["reason"] == "nothing_presented"


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [("营业执照 ", 12, "spelled_otherwise"), ("营业执昭", 11, "claim_mismatch")],
)
def test_another_spelling_is_12_and_another_text_11(
    licence: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, code: int, reason: str
) -> None:
    claims = tmp_path / "claims.json"
    claims.write_text(json.dumps({"ZZMC": name}), encoding="utf-8")
    arguments = ["--proof", f"{licence}.proof.json", "--claims", str(claims), "--json"]
    assert main(["verify", *arguments, *NODE]) == code
    assert json.loads(capsys.readouterr().out)["reason"] == reason


def test_the_sentences_of_a_node_stand_on_lines_of_their_own(
    licence: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = {"type": "/problems/busy", "title": "忙 busy", "detail": "too\u202emuch", "advice": "wait"}
    respond = client_over(lambda _: httpx.Response(429, json=problem))
    monkeypatch.setattr("api.client.client.NodeClient", respond)
    assert main(["verify", str(licence), *NODE]) == 1
    assert capsys.readouterr().err == "shunzheng: 忙 busy\ntoo\\u{202e}much\nwait\n"


def test_what_is_no_proof_is_unverifiable(licence: Path, tmp_path: Path) -> None:
    (tmp_path / "nonsense.json").write_bytes(b"\xff{")
    assert main(["verify", str(licence), "--proof", str(tmp_path / "nonsense.json"), *NODE]) == 12


def test_every_verdict_has_an_exit_code_of_its_own() -> None:
    assert set(console.EXIT_CODES) == set(Verdict)
    assert len(set(console.EXIT_CODES.values())) == len(Verdict)
    assert not {1, 2} & set(console.EXIT_CODES.values()), "1 and 2 say that nothing was verified"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["alone.txt"], "name the proof with --proof"),
        (["nothing.pdf"], "nothing.pdf"),
        ([], "nothing to verify"),
        (["--proof", "SZ1:X", "--claims", "claims.json"], "must hold one JSON object"),
        (["loop.pdf"], "loop.pdf is a link that leads back to itself"),
    ],
)
def test_what_cannot_be_asked_is_1(
    arguments: list[str],
    words: str,
    asked: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("claims.json").write_text("[]")
    Path("alone.txt").write_text("a document without its proof")
    Path("loop.pdf").symlink_to("loop.pdf")
    assert main(["verify", *arguments, *NODE]) == 1
    said = capsys.readouterr()
    assert (said.out, words in said.err) == ("", True)


def test_a_verdict_has_its_exit_code_where_nobody_listens(
    licence: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `>&- 2>&-`, which leaves Python without these streams."""
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    licence.write_bytes(DOCUMENT + b"!")
    code = main(["verify", str(licence), *NODE])
    refused = main(["verify", str(licence.parent), *NODE])
    for stream in (sys.stdout, sys.stderr):
        stream.close()
    assert (code, refused) == (11, 1)


def test_what_is_said_without_standard_error_is_no_result(
    licence: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["verify", str(licence.parent), *NODE]) == 1
    sys.stderr.close()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments",
    [["attach", ".", "-o", "x"], ["attach", "/", "-o", "x"], ["detach", "carried.pdf", "-o", "."]],
    ids=" ".join,
)
def test_a_folder_is_no_document(
    arguments: list[str], licence: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(licence.parent)
    licence.write_bytes(render_pdf("营业执照", []))
    assert main(["attach", licence.name, "-o", "carried.pdf"]) == 0
    before = set(licence.parent.iterdir())
    assert main(arguments) == 1
    assert " is a directory: name a file in it" in capsys.readouterr().err
    assert set(licence.parent.iterdir()) == before


# Usage


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["verify"], ["verify", "--nonsense"], ["chain"], ["keys", "make"], ["submit", "x"]],
)
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: shunzheng" in capsys.readouterr().err


def commands() -> Iterator[tuple[list[str], str]]:
    """Return every command with its help, actions of topics among them."""

    def walk(path: list[str], found: Any) -> Iterator[tuple[list[str], str]]:
        yield path, found.format_help()
        for action in found._subparsers._group_actions if found._subparsers else ():
            for name, inner in action.choices.items():
                yield from walk([*path, name], inner)

    yield from walk([], build_parser())


def test_every_command_helps(capsys: pytest.CaptureFixture[str]) -> None:
    told = dict.fromkeys(" ".join(path) for path, _ in commands())
    assert set(COMMANDS) <= set(told)
    for path in told:
        with pytest.raises(SystemExit) as ended:
            main([*path.split(), "--help"])
        assert ended.value.code == 0
        assert capsys.readouterr().out.startswith(f"usage: shunzheng {path}".rstrip())


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"shunzheng {project['version']}\n"


def test_every_command_is_explained() -> None:
    explained = build_overview().format_help()
    for command in COMMANDS:
        assert re.search(rf"^    {command}(  +|\n {{14}})\S", explained, re.MULTILINE), command


def test_the_session_of_the_readme_uses_what_is_there() -> None:
    known = dict(commands_by_name())
    session = re.search(
        r"<!-- session -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL
    )
    assert session
    lines = session[1].splitlines()
    (function,) = (line for line in lines if line.startswith("govern() {"))
    lines.remove(function)
    given = function.partition('"$@"')[2]
    text = re.sub(r"\bgovern ([a-z-]+)", lambda act: f"shunzheng chain {act[1]} {given}", "\n".join(lines))
    used = re.findall(r"\bshunzheng ([a-z]+(?: [a-z][a-z-]+)?)([^\n]*)", text)
    assert len(used) > 10
    for words, rest in used:
        command = words if words in known else words.partition(" ")[0]
        assert command in known
        for option in re.findall(r"(?<=\s)--[a-z-]+", rest):
            assert option in known[command], f"{command} {option}"


def test_the_exit_codes_of_the_readme() -> None:
    told = re.search(r"The exit code of `verify` is (.*)\.", (ROOT / "README.md").read_text("utf-8"))
    assert told
    codes = {
        words.strip().replace(" ", "_"): int(code)
        for code, words in re.findall(r"(\d+) (?:for )?([a-z ]+)", told[1])
    }
    assert codes == {str(verdict): code for verdict, code in console.EXIT_CODES.items()}
    assert all(str(code) in dict(commands_by_name())["verify"] for code in codes.values())


def commands_by_name() -> Iterator[tuple[str, str]]:
    return ((" ".join(path), text) for path, text in commands())


# Keys, passwords, tokens


@pytest.mark.parametrize("algorithm", ["sm2", "p256"])
def test_a_key_is_written_for_its_owner_alone(
    algorithm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "department.pem"
    before = os.umask(0)
    try:
        assert main(["keys", "generate", "--plain", "--algorithm", algorithm, "-o", str(path), "--json"]) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    printed = json.loads(capsys.readouterr().out)
    public = decode_private_key(path.read_bytes()).public
    assert printed == {"algorithm": algorithm, "key": "0x" + public.id.hex(), "spki": public.spki.hex()}
    assert main(["keys", "show", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == printed


def test_a_key_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "department.pem"
    path.write_bytes(b"somebody's key")
    assert main(["keys", "generate", "-o", str(path)]) == 1
    assert "a key is never overwritten" in capsys.readouterr().err
    assert path.read_bytes() == b"somebody's key"


def test_no_secret_stands_on_the_command_line() -> None:
    """Others can read it there: passwords, keys and tokens come from files, a prompt or the environment."""
    for path, text in commands():
        for option in re.findall(r"(?<![\w-])--[a-z-]*(?:password|token|secret)[a-z-]*", text):
            assert option in ("--password-file", "--key-password-file", "--token-file"), (
                f"{' '.join(path)} {option}"
            )


def test_every_command_that_reads_a_private_key_opens_encrypted_ones() -> None:
    reading = [
        (" ".join(path), text)
        for path, text in commands()
        if re.search(r"--key FILE|--key-file|usage: shunzheng keys show", text)
    ]
    assert {"submit", "revoke", "seal register", "seal apply", "chain add-key"} <= {
        name for name, _ in reading
    }
    for name, text in reading:
        assert "--key-password-file" in text, name


def test_a_token_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["proof", LICENCE, *NODE]
    monkeypatch.setenv(options.TOKEN_VARIABLE, "sz_environment")
    assert options.read_token(build_parser().parse_args(arguments)) == "sz_environment"
    (tmp_path / "token").write_text("sz_file\n")
    given = build_parser().parse_args([*arguments, "--token-file", str(tmp_path / "token")])
    assert options.read_token(given) == "sz_file"
    monkeypatch.delenv(options.TOKEN_VARIABLE)
    assert options.read_token(build_parser().parse_args(arguments)) is None


def test_nobody_to_ask_for_a_password(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chain", "account", "-o", str(tmp_path / "account.json")]) == 1
    assert "--password-file" in capsys.readouterr().err
    assert not (tmp_path / "account.json").exists()
