"""Key files: encrypted by default, opened by every command that signs.

With one clear line where that fails.
"""

import getpass
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli import main
from api.key_files import PASSWORD_VARIABLE, open_key, write_key
from ledger.crypto.keyfiles import is_encrypted
from ledger.crypto.keys import decode_private_key, generate_key
from ledger.errors import MalformedInput
from tests.unit.api.city import draws

PASSWORD = "一个口令 a word"


@pytest.fixture
def password_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n", "utf-8")
    return path


@pytest.fixture
def encrypted(tmp_path: Path, password_file: Path) -> Path:
    """Return a key file as the command line makes it."""
    path = tmp_path / "department.pem"
    assert main(["keys", "generate", "-o", str(path), "--password-file", str(password_file)]) == 0
    return path


def type_in(monkeypatch: pytest.MonkeyPatch, *typed: str) -> Iterator[str]:
    """Let a person sit at the terminal who types these passwords; what is not asked for is left in the iterator."""
    left = iter(typed)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(getpass, "getpass", lambda _: next(left))
    return left


def test_a_generated_key_is_encrypted_and_its_owners_alone(encrypted: Path, password_file: Path) -> None:
    pem = encrypted.read_bytes()
    assert is_encrypted(pem)
    assert stat.S_IMODE(encrypted.stat().st_mode) == 0o600
    with pytest.raises(MalformedInput, match="needs a password"):
        decode_private_key(pem)
    assert decode_private_key(pem, PASSWORD.encode()) == open_key(encrypted, password_file)


def test_the_password_of_a_new_key_is_asked_for_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "department.pem"
    type_in(monkeypatch, PASSWORD, "another")
    assert main(["keys", "generate", "-o", str(path)]) == 1
    assert "the two passwords differ" in capsys.readouterr().err
    assert not path.exists()
    left = type_in(monkeypatch, PASSWORD, PASSWORD)
    assert main(["keys", "generate", "-o", str(path)]) == 0
    assert not list(left)
    assert decode_private_key(path.read_bytes(), PASSWORD.encode()).public.algorithm == "sm2"


def test_nobody_to_ask_and_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "department.pem"
    assert main(["keys", "generate", "-o", str(path)]) == 1
    said = capsys.readouterr().err
    assert "--password-file" in said
    assert "--plain" in said
    assert "口令" in said
    assert not path.exists()


def test_an_empty_password_protects_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").write_text("\n")
    path = tmp_path / "department.pem"
    assert main(["keys", "generate", "-o", str(path), "--password-file", str(tmp_path / "empty")]) == 1
    assert "an empty password" in capsys.readouterr().err
    assert not path.exists()


def test_a_plain_key_is_for_trials_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "department.pem"
    assert main(["keys", "generate", "--plain", "-o", str(path)]) == 0
    assert "for trials only" in capsys.readouterr().err
    assert open_key(path, None) == decode_private_key(path.read_bytes())


def test_a_plain_key_asks_for_nothing(
    tmp_path: Path, password_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where a password is at hand, or a file of one is named that is not there."""
    key = generate_key("sm2", draws("key"))
    write_key(tmp_path / "plain.pem", key)
    monkeypatch.setenv(PASSWORD_VARIABLE, str(tmp_path / "nowhere"))
    assert open_key(tmp_path / "plain.pem", password_file) == open_key(tmp_path / "plain.pem", None) == key


def test_the_password_comes_from_the_option_the_environment_or_a_person(
    encrypted: Path, password_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = open_key(encrypted, password_file)
    monkeypatch.setenv(PASSWORD_VARIABLE, str(password_file))
    assert open_key(encrypted, None) == key
    monkeypatch.delenv(PASSWORD_VARIABLE)
    left = type_in(monkeypatch, PASSWORD, "asked again")
    assert open_key(encrypted, None) == key
    assert list(left) == ["asked again"]


def test_the_option_goes_before_the_environment(
    encrypted: Path, password_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "another").write_text("another")
    monkeypatch.setenv(PASSWORD_VARIABLE, str(tmp_path / "another"))
    assert open_key(encrypted, password_file).public.algorithm == "sm2"


def test_a_wrong_password_is_one_clear_line(
    encrypted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "another").write_text("another")
    capsys.readouterr()
    assert main(["keys", "show", str(encrypted), "--key-password-file", str(tmp_path / "another")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith(
        f"shunzheng: {encrypted}: the password is wrong or the key file is damaged 口令错误"
    )


def test_nobody_to_ask_for_the_password_of_a_key(encrypted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["keys", "show", str(encrypted)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert str(encrypted) in line
    assert "--key-password-file" in line
    assert PASSWORD_VARIABLE in line


def test_the_public_part_of_an_encrypted_key_is_shown(
    encrypted: Path, password_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["keys", "show", str(encrypted), "--key-password-file", str(password_file)]) == 0
    assert open_key(encrypted, password_file).public.spki.hex() in capsys.readouterr().out
