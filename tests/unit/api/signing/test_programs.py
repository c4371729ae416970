"""A program signs, hangs, floods, or says what it should not: each has its own end."""

import sys
import time
from pathlib import Path

import pytest

from api.signing.errors import SignerFailed
from api.signing.programs import PIN_VARIABLE, ask_program
from tests.unit.api.signing.doubles import PIN, write_program

READ_PIN = f"import os, sys; pin = os.fdopen(int(os.environ[{PIN_VARIABLE!r}])).readline().strip()\n"


def ask(folder: Path, body: str, *, seconds: float = 20, pin: str | None = None) -> bytes:
    return ask_program(write_program(folder, body), b"what is signed", seconds, pin, folder)


def test_a_program_gets_what_is_signed_and_its_answer_comes_back(tmp_path: Path) -> None:
    assert ask(tmp_path, "import sys; sys.stdout.write(sys.stdin.read().upper())") == b"WHAT IS SIGNED"


def test_the_pin_stands_in_neither_arguments_nor_environment(tmp_path: Path) -> None:
    body = READ_PIN + "print(pin, pin in str(sys.argv), any(pin in text for text in os.environ.values()))"
    assert ask(tmp_path, body, pin=PIN).decode().split() == [PIN, "False", "False"]


def test_own_tokens_are_not_given_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUNZHENG_TOKEN", "secret")
    assert ask(tmp_path, "import os; print('SHUNZHENG_TOKEN' in os.environ)").strip() == b"False"


def failing(folder: Path, body: str, *, seconds: float = 20, pin: str | None = None) -> SignerFailed:
    with pytest.raises(SignerFailed) as caught:
        ask(folder, body, seconds=seconds, pin=pin)
    return caught.value


def test_what_a_program_says_is_repeated_unless_it_was_told_the_pin(tmp_path: Path) -> None:
    body = "import sys; sys.exit('the device \\x1b[31m is not plugged in')"
    error = failing(tmp_path, body)
    assert error.reason == "refused"
    assert "is not plugged in" in str(error)
    assert "\x1b" not in str(error)
    error = failing(tmp_path, READ_PIN + "sys.exit('wrong PIN ' + pin[::-1])", pin=PIN)
    assert "wrong PIN" not in str(error)


@pytest.mark.parametrize(
    "body",
    [
        "import time; time.sleep(60)",
        "import os, time; os.close(1); os.close(2); time.sleep(60)",
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])",
        "import sys, time\nwhile True: sys.stdout.write('a'); sys.stdout.flush(); time.sleep(0.05)",
    ],
    ids=["sleeps", "closes and sleeps", "leaves a child that holds the pipe", "drips"],
)
def test_a_slow_program_is_ended(tmp_path: Path, body: str) -> None:
    start = time.monotonic()
    assert failing(tmp_path, body, seconds=1).reason == "timeout"
    assert time.monotonic() - start < 10


def test_an_answer_without_end_is_cut(tmp_path: Path) -> None:
    assert failing(tmp_path, "while True: print('a' * 1000)").reason == "too-long"
    assert (
        failing(tmp_path, "import sys\nwhile True: sys.stderr.write('a' * 1000)", seconds=1).reason
        == "timeout"
    )


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SignerFailed, match="/none cannot be started") as caught:
        ask_program(["/none"], b"", 1, None, tmp_path)
    assert caught.value.reason == "unreachable"
    with pytest.raises(SignerFailed, match="cannot be named so"):
        ask_program([sys.executable + "\0"], b"", 1, None, tmp_path)
