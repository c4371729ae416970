"""Whatever a command says can be said on every console and into every pipe."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from api import console
from api.cli import COMMANDS, main

ROOT: Final = Path(__file__).parents[3]
SEALED: Final = ROOT / "tests" / "vectors" / "documents" / "sealed-4.ofd"
UNVERIFIABLE: Final = 12  # no list of authorities is given
ENCODINGS: Final = ("gbk", "gb18030", "ascii", "cp1252", "utf-8")


def run(*arguments: str, encoding: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command whose streams have an encoding, as on a Chinese Windows where output is redirected."""
    environment = os.environ | {"PYTHONIOENCODING": encoding, "COLUMNS": "100"}
    command = [sys.executable, "-m", "api.cli", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=False)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_report_is_shown_in_every_encoding(encoding: str) -> None:
    shown = run("inspect", str(SEALED), encoding=encoding)
    assert (shown.returncode, shown.stderr) == (UNVERIFIABLE, b"")
    assert "42900600000001" in shown.stdout.decode(encoding)


def test_a_mark_is_replaced_by_the_like_one_of_gbk() -> None:
    shown = run("inspect", str(SEALED), encoding="gbk").stdout.decode("gbk")
    assert "√ 受保护文件未改动: 通过" in shown
    assert shown == run("inspect", str(SEALED), encoding="utf-8").stdout.decode().replace("✓", "√")


def test_where_no_chinese_can_be_shown_words_are_english() -> None:
    shown = run("inspect", str(SEALED), encoding="ascii").stdout.decode("ascii")
    assert "1  electronic seal" in shown
    assert "   + " in shown
    assert "\\u{5929}\\u{95e8}" in shown  # a name stays what it is, as numbers
    assert run("inspect", str(SEALED), "--lang", "zh", encoding="ascii").returncode == UNVERIFIABLE


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_json_is_the_same_in_every_encoding(encoding: str) -> None:
    told = run("inspect", str(SEALED), "--json", encoding=encoding).stdout
    assert json.loads(told) == json.loads(run("inspect", str(SEALED), "--json", encoding="utf-8").stdout)
    assert told.isascii()


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_errors_and_usage_are_said_in_every_encoding(encoding: str) -> None:
    missing = run("inspect", "没有✓.ofd", encoding=encoding)
    assert (missing.returncode, b"Traceback" in missing.stderr) == (1, False)
    assert missing.stderr.rstrip().endswith(b"does not exist: check its name")
    assert run("seal", "make", "--no-such-✓", encoding=encoding).returncode == 2


class Console(io.TextIOWrapper):
    """A stream of an encoding, and what was written into it."""

    def __init__(self, encoding: str, given: bytes = b"") -> None:
        super().__init__(io.BytesIO(given), encoding)

    def text(self) -> str:
        self.flush()
        written = self.buffer
        assert isinstance(written, io.BytesIO)
        return written.getvalue().decode(self.encoding)


NARROW: Final = pytest.mark.parametrize("encoding", ["gbk", "ascii"])


def replace_streams(monkeypatch: pytest.MonkeyPatch, encoding: str) -> Console:
    """Give this process streams of an encoding, as `main` finds them, and return its standard output."""
    out = Console(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", Console(encoding))
    monkeypatch.setattr(sys, "stdin", Console(encoding, b"\xff\xff\n"))
    return out


@NARROW
def test_the_help_of_every_command_is_shown(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = replace_streams(monkeypatch, encoding)
    for command in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0
    assert out.text().count("usage: shunzheng") == len(COMMANDS)


@NARROW
def test_what_cannot_be_read_is_no_traceback(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_streams(monkeypatch, encoding)
    console.prepare_streams()
    assert sys.stdin.readline()


@NARROW
def test_text_for_programs_can_be_read_back(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = replace_streams(monkeypatch, encoding)
    console.prepare_streams()
    proof = '{"name":"天门✓ 𠮷\u202e","site":"http://a:b@c/"}'
    console.show_encoded(proof)
    assert json.loads(out.text()) == json.loads(proof)
    assert out.text().isascii()


def test_text_for_programs_keeps_its_meaning_on_a_console_of_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    out = replace_streams(monkeypatch, "utf-8")
    proof = '{"name":"天门\u202e","site":"http://a:b@c/"}'
    console.show_encoded(proof)
    assert json.loads(out.text()) == json.loads(proof)
    assert "天门\\u202e" in out.text()


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("gbk", "√ × ? \\u{20bb7} ->"), ("ascii", "+ x ? \\u{20bb7} ->"), ("utf-8", "✓ ✗ ? 𠮷 ->")],
)
def test_marks_stay_apart(encoding: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = replace_streams(monkeypatch, encoding)
    console.prepare_streams()
    console.say("✓ ✗ ? 𠮷 ->")
    assert out.text() == f"{shown}\n"


@NARROW
def test_a_name_that_is_no_text_is_shown_as_its_bytes(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = replace_streams(monkeypatch, encoding)
    console.prepare_streams()
    print("a\udcffb")
    assert out.text() == "a\\u{dcff}b\n"
