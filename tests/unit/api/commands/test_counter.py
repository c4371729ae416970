"""A clerk and an auditor make mistakes at the command line: what they are told.

Wrong files, wrong addresses, no permission.
"""

import importlib
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from api import files
from api.cli import main
from api.client import client
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.commands import certificates, refresh
from ledger.encoding.canonical import encode_canonical
from tests.unit.api.desk import client_over

Respond = Callable[[httpx.Request], httpx.Response]
Run = Callable[..., tuple[int, str, str]]
OWN: Final = ("--snapshot", "a.snapshot", "--trust", "trust.json")
NODE: Final = ("--node", "http://wuhan.example")
PHOTO: Final = b"\xff\xd8\xff\xe0 a photo"


@pytest.fixture(scope="module")
def worked() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[4] / "docs" / "formats")
        return importlib.import_module("worked_example").build_example()


@pytest.fixture
def desk(worked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory in which somebody works: a document with its proof, a snapshot, a trust file, and odd files."""
    for name, content in {
        "licence.txt": importlib.import_module("worked_example").DOCUMENT,
        "licence.txt.proof.json": worked.proof.encode(),
        "a.snapshot": worked.snapshot,
        "trust.json": json.dumps(worked.trust.to_json(), indent=2).encode(),
        "checkpoint.json": encode_canonical(worked.trust.to_json() | {"type": "shunzheng/cosigned/1"}),
        "claims.json": b'{"ZZMC": 1}',
        "list.json": b"[]",
        "photo.jpg": PHOTO,
        "unproven.pdf": b"%PDF-1.7 without an end",
        "empty": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        return code, *capsys.readouterr()

    return run


def answering(monkeypatch: pytest.MonkeyPatch, respond: Respond) -> None:
    """Let `respond` stand for whatever is at the address that was given."""
    for module in (client, certificates, refresh):
        monkeypatch.setattr(module, "NodeClient", client_over(respond))


# Files that are wrong

WRONG: Final = (
    ("verify nothing.pdf", "nothing.pdf does not exist: check its name"),
    ("verify folder", "folder is a directory: name a file in it"),
    ("verify photo.jpg", "photo.jpg.proof.json does not exist, and no document carries a proof: name the proof"),
    ("verify licence.txt --proof a.snapshot", "a.snapshot: this is a snapshot: give it with --snapshot"),
    ("verify licence.txt --proof trust.json", "trust.json: this is a trust file: give it with --trust"),
    ("verify licence.txt --proof unproven.pdf", "no unproven.pdf.proof.json beside it"),
    ("verify licence.txt --claims licence.txt.proof.json", "this is a proof: give it with --proof"),
    ("verify licence.txt --claims photo.jpg", "photo.jpg is no JSON object of claims that can be read"),
    ("verify licence.txt --claims list.json", "list.json must hold one JSON object"),
    ("verify licence.txt --trust-list trust.json", "this is a trust file: give it with --trust"),
    ("verify licence.txt --trust-list empty", "empty is no list of authorities that can be read"),
    ("verify licence.txt --at yesterday", "--at: a time must be written YYYY-MM-DDTHH:MM:SSZ"),
    ("verify licence.txt --policy mine", "known are default, counter, field, high-value"),
    ("status photo.jpg --at 2022-03-28", "photo.jpg is no proof that can be read"),
    ("status empty --at 2022-03-28", "empty is no proof that can be read"),
    ("status unproven.pdf --at 2022-03-28", "unproven.pdf carries no proof"),
    ("status SZ1:XX --at 2022-03-28", "SZ1:XX is no proof that can be read"),
    ("status licence.txt --at 28.3.2022", "a date must be written YYYY-MM-DD"),
)  # fmt: skip


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[words for words, _ in WRONG])
def test_a_wrong_file_is_named_with_what_to_do(words: str, said: str, desk: Path, run: Run) -> None:
    code, out, err = run(*words.split(), *OWN)
    assert (code, out) == (1, "")
    assert err.startswith("shunzheng: ")
    assert said in err
    code, out, again = run(*words.split(), *OWN, "--json")
    assert (code, again) == (1, err), "with --json nobody is told less"
    assert said in json.loads(out)["error"]


@pytest.mark.parametrize(
    ("snapshot", "trust", "said"),
    [
        ("trust.json", "trust.json", "trust.json: this is a trust file: give it with --trust"),
        ("licence.txt.proof.json", "trust.json", "this is a proof: give it with --proof"),
        ("photo.jpg", "trust.json", "the snapshot is refused (malformed): it does not begin with the line of a snapshot"),
        ("empty", "trust.json", "it does not begin with the line of a snapshot: is it the right file?"),
        ("folder", "trust.json", "folder holds no snapshot: import one"),
        ("a.snapshot", "a.snapshot", "a.snapshot: this is a snapshot: give it with --snapshot"),
        ("a.snapshot", "checkpoint.json", "this is a checkpoint: `shunzheng checkpoint show` looks into it"),
        ("a.snapshot", "photo.jpg", "photo.jpg is no trust file that can be read"),
    ],
)  # fmt: skip
def test_a_wrong_snapshot_or_trust_file(snapshot: str, trust: str, said: str, desk: Path, run: Run) -> None:
    code, out, err = run("verify", "licence.txt", "--snapshot", snapshot, "--trust", trust, "--json")
    assert (code, said in err) == (1, True), err
    refused = json.loads(out)
    assert refused["reason"] == ("malformed" if "refused" in err else "")
    assert list(desk.glob("*.seen")) == [], "what was refused was never seen"


def test_what_was_compared_and_differs_is_a_verdict_and_no_error(desk: Path, run: Run, worked: Any) -> None:
    at = ("--at", "2022-03-28T09:01:00Z", "--json")
    shown = ("photo.jpg", "--proof", "licence.txt.proof.json", *OWN, *at)
    assert run("verify", *shown)[0] == 11
    code, out, _ = run("verify", "licence.txt", "--proof", "photo.jpg", *OWN, *at)
    assert (code, json.loads(out)["reason"]) == (12, "proof_unreadable")
    assert run("verify", "licence.txt", *OWN, *at)[0] == 0
    assert run("status", "licence.txt", "--at", "2022-03-28T09:00:20Z", *OWN)[0] == 0, (
        "its proof lies beside it"
    )


def test_a_huge_file_is_not_read(desk: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("huge").open("wb") as file:
        file.truncate(2**40)
    for words in ("verify huge", "verify --proof huge", "status huge --at 2022-03-28"):
        code, _, err = run(*words.split(), *OWN)
        assert (code, "huge has more than 134,217,728 bytes: is it the right file?" in err) == (1, True)
    Path("scan").write_bytes(bytes(2**10))
    monkeypatch.setattr("api.commands.verify.MAX_VERIFY_BYTES", 2**10)
    code, _, err = run("verify", "scan", "--proof", "SZ1:X", *NODE)
    assert (code, "or verify without a node" in err) == (1, True)


def test_a_file_that_is_not_ours_to_read(desk: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refused)
    code, _, err = run("verify", "licence.txt", *OWN)
    assert (code, err) == (1, "shunzheng: licence.txt is not open to you: check its permissions\n")


@pytest.mark.parametrize(
    "option", ["--at 2022-03-28T09:01:00Z", "--trust trust.json", "--trust-list trust.json"]
)
def test_what_a_node_would_not_heed_is_refused(option: str, desk: Path, run: Run) -> None:
    code, _, err = run("verify", "licence.txt", *NODE, *option.split())
    assert (code, f"{option.split()[0]} goes with --snapshot" in err) == (1, True)


def test_an_age_below_zero_is_no_age(desk: Path) -> None:
    for age in ("-5", "1e3", "9" * 12):
        with pytest.raises(SystemExit) as ended:
            main(["verify", "licence.txt", *OWN, "--max-age", age])
        assert ended.value.code == 2


# Nodes that are wrong


@pytest.mark.parametrize(
    "url", ["localhost:8080", "ftp://wuhan.example", "http://", "http://[::1", "wuhan", ""]
)
def test_an_address_that_is_none(url: str, desk: Path, run: Run) -> None:
    code, out, err = run("verify", "licence.txt", "--node", url, "--json")
    assert (code, "is no address of a node" in err) == (1, True)
    assert "is no address of a node" in json.loads(out)["error"]


ASKING: Final = (
    "verify licence.txt",
    "status licence.txt --at 2022-03-28",
    "trace a",
    "proof a",
    "refresh licence.txt",
)


@pytest.mark.parametrize("words", ASKING)
@pytest.mark.parametrize("kind", ["a page", "another service", "a list", "moved", "down"])
def test_an_address_where_no_node_is(
    words: str, kind: str, desk: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if kind == "down":
            raise httpx.ConnectError("refused", request=request)
        if kind == "moved":
            return httpx.Response(301, headers={"Location": "https://elsewhere.example"})
        return httpx.Response(
            200, content={"a page": b"<html>", "another service": b"{}", "a list": b"[]"}[kind]
        )

    answering(monkeypatch, respond)
    before = Path("licence.txt.proof.json").read_bytes()
    code, out, err = run(*words.split(), *NODE)
    assert (code, out) == (1, "")
    assert err.startswith("shunzheng: ")
    assert {"down": "check that it runs", "moved": "Give the address of the node itself"}.get(kind, "") in err
    assert Path("licence.txt.proof.json").read_bytes() == before


def test_a_token_that_is_none_says_how_one_is_given(
    desk: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        body = {
            "type": "/problems/token-required",
            "title": "A bearer token is needed",
            "advice": "Send one.",
        }
        return httpx.Response(401, json=body)

    answering(monkeypatch, respond)
    code, out, err = run("trace", "a", *NODE, "--json")
    assert (code, json.loads(out)["reason"]) == (1, "token-required")
    assert "--token-file" in err
    Path("token").write_text("two\nlines")
    code, _, err = run("trace", "a", *NODE, "--token-file", "token")
    assert (code, "on one line" in err) == (1, True)
    with pytest.raises(NodeError):
        NodeClient("http://wuhan.example", "顺证")


# What ends it


def test_stopped_by_hand(desk: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "read", stop)
    assert run("verify", "licence.txt", *OWN) == (130, "", "stopped\n")
    monkeypatch.setattr("api.cli.import_module", stop)
    assert run("verify", "licence.txt", *OWN) == (130, "", "stopped\n"), "while it still loads"


@pytest.mark.parametrize("words", ["inspect photo.jpg", "inspect photo.jpg --json", "--help"])
def test_whoever_reads_has_enough(words: str, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `| head -1` does: nothing is told of it, and nothing is left that would fail when the program ends."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        monkeypatch.setattr(sys, "stderr", said := io.StringIO())
        assert main(words.split()) == 1
    assert said.getvalue() == ""


# Files that are written


def test_a_file_is_the_old_one_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o600)
    link.symlink_to(path)
    files.write(link, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777, link.is_symlink()) == (b"new", 0o600, True)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write(link, b"newer")
    assert path.read_bytes() == b"new"
    assert sorted(tmp_path.iterdir()) == [path, link], "nothing is left lying about"
    files.write(Path(os.devnull), b"what is no file is not replaced by one")


def test_a_place_that_is_not_there_is_named_as_it_was_given(desk: Path, run: Run) -> None:
    code, _, err = run("attach", "unproven.pdf", "--proof", "licence.txt.proof.json", "-o", "x")
    assert (code, "unproven.pdf: the PDF does not end as one does" in err) == (1, True)
    with pytest.raises(FileNotFoundError) as caught:
        files.write(Path("nowhere/x"), b"")
    assert caught.value.filename == "nowhere/x"
