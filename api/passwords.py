"""Passwords 口令, from a file or asked at a terminal, never from the command line."""

import getpass
import sys
from pathlib import Path
from typing import Final

from anchoring.errors import NotFound
from api import files
from ledger.errors import MalformedInput

_MAX_FILE_BYTES: Final = 4096  # a password is one line; a larger file is another file


def read_password(password_path: Path | None, subject: str, remedy: str, *, twice: bool = False) -> str:
    """Return the password of `subject`, from `password_path` or as a person types it; `twice` where a new one is chosen.

    `remedy` says how to name the file where there is nobody to ask. Raises: MalformedInput, NotFound, OSError.
    """
    if password_path:
        return _read_line(password_path)
    if not sys.stdin.isatty():
        raise MalformedInput(f"there is nobody to ask for the password 口令 of {subject}: {remedy}")
    password = getpass.getpass(f"password 口令 of {subject}: ")
    if twice and getpass.getpass("the same again 再输一次: ") != password:
        raise MalformedInput("the two passwords differ 两次口令不同: start again")
    return password


def _read_line(password_path: Path) -> str:
    try:
        return files.read(password_path, _MAX_FILE_BYTES).decode().rstrip("\r\n")
    except FileNotFoundError as error:
        raise NotFound(f"there is no password file at {password_path}") from error
    except UnicodeDecodeError as error:
        raise MalformedInput(f"{password_path} does not hold a password: it is no text") from error
