"""Options that say what signs: a key file with `--key`, or with `--signer` another signer."""

import argparse
from pathlib import Path
from typing import Protocol

from api.key_files import add_key_password, open_key
from ledger.crypto.keys import Signer
from ledger.errors import MalformedInput


class SignerOptions(Protocol):
    """The file of a private key and that of its password, or the file of a signer."""

    key: Path | None
    key_password_file: Path | None
    signer: Path | None


def add_signer(command: argparse.ArgumentParser, explanation: str, *, required: bool = True) -> None:
    """Add `--key`, with its explanation, `--key-password-file` and `--signer`."""
    signer_group = command.add_mutually_exclusive_group(required=required)
    signer_group.add_argument("--key", type=Path, metavar="FILE", help=explanation)
    signer_group.add_argument(
        "--signer",
        type=Path,
        metavar="FILE",
        help="signer.toml: a program, a signing server or a token that keeps the key 签名设备; see docs/signing.md",
    )
    add_key_password(command)


def open_signer(options: SignerOptions) -> Signer:
    """Return what signs. Raises: SignerFailed, MalformedInput, NotFound, OSError."""
    if options.signer:
        from api.signing.signers import open_settings  # loads libraries that key files do without

        return open_settings(options.signer)
    if options.key is None:
        raise MalformedInput("name what signs: --key FILE, or --signer FILE")
    return open_key(options.key, options.key_password_file)
