"""Files of private keys 私钥文件: the option for their password, opening and writing them.

A key of a department or a signer lies under a password by default; plain files are for trials. The key of a node is in
`api/node/keys.py`, and accounts of the chain have keystores of another form.
"""

import argparse
import os
import secrets
from pathlib import Path
from typing import Final

from api import files
from api.passwords import read_password
from ledger.crypto.keyfiles import MAX_FILE_BYTES, is_encrypted
from ledger.crypto.keys import PrivateKey, decode_private_key

PASSWORD_VARIABLE: Final = "SHUNZHENG_KEY_PASSWORD_FILE"  # noqa: S105
_REMEDY: Final = f"name its file with --key-password-file, or in the environment variable {PASSWORD_VARIABLE}"


def add_key_password(command: argparse.ArgumentParser) -> None:
    """Add `--key-password-file`, for a key that another option or argument names."""
    command.add_argument(
        "--key-password-file",
        type=Path,
        metavar="FILE",
        help=f"file of the key's password 口令; else {PASSWORD_VARIABLE} names it, or it is asked for",
    )


def open_key(path: Path, password_file: Path | None) -> PrivateKey:
    """Return the private key in a file. Raises: MalformedInput, also for a wrong password, NotFound, OSError."""
    pem = files.read(path, MAX_FILE_BYTES)
    password = None
    if is_encrypted(pem):
        password_path = password_file or os.environ.get(PASSWORD_VARIABLE)
        password = read_password(Path(password_path) if password_path else None, str(path), _REMEDY).encode()
    with files.naming(path):
        return decode_private_key(pem, password)


def write_key(path: Path, key: PrivateKey, password: str | None = None) -> None:
    """Write a private key that only its owner can read, under a password if there is one. Raises: FileExistsError."""
    pem = key.to_pem() if password is None else key.to_encrypted_pem(password.encode(), secrets.token_bytes)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
