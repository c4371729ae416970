"""`shunzheng keys`: make and show the keys with which departments and nodes sign."""

import secrets
from pathlib import Path
from typing import Final, Protocol

from api.console import note, say, show_json
from api.key_files import add_key_password, open_key, write_key
from api.parsers import Commands, add_json
from api.passwords import read_password
from ledger.crypto.keys import PrivateKey, generate_key
from ledger.errors import MalformedInput

_REMEDY: Final = "name its file with --password-file, or give --plain for a key without a password, for trials 试用明文密钥"


class _GenerateOptions(Protocol):
    algorithm: str
    output: Path
    password_file: Path | None
    plain: bool
    json: bool


class _ShowOptions(Protocol):
    file: Path
    key_password_file: Path | None
    json: bool


def add(commands: Commands) -> None:
    keys_parser = commands.add_parser("keys")
    actions = keys_parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    generate_parser = actions.add_parser(
        "generate",
        help="make a key; the private part never leaves the file",
        description="The file is encrypted under a password 口令, which is asked for twice unless a file holds it.",
    )
    generate_parser.add_argument("--algorithm", choices=("sm2", "p256"), default="sm2", help="default: sm2")
    generate_parser.add_argument(
        "-o", "--output", type=Path, default=Path("department.pem"), help="default: department.pem"
    )
    protection = generate_parser.add_mutually_exclusive_group()
    protection.add_argument(
        "--password-file", type=Path, metavar="FILE", help="file of the password; else it is asked for"
    )
    protection.add_argument("--plain", action="store_true", help="no password 明文: for trials only")
    add_json(generate_parser)
    generate_parser.set_defaults(run=_generate)
    show_parser = actions.add_parser("show", help="show the public part of a key file")
    show_parser.add_argument("file", type=Path, help="private key, of a department or of a node")
    add_key_password(show_parser)
    add_json(show_parser)
    show_parser.set_defaults(run=_show)


def _generate(options: _GenerateOptions) -> int:
    refusal = f"{options.output} exists: a key is never overwritten; choose another name with -o"
    if options.output.exists():
        raise FileExistsError(refusal)
    password = None if options.plain else _read_new_password(options.output, options.password_file)
    private_key = generate_key(options.algorithm, secrets.token_bytes)
    try:
        write_key(options.output, private_key, password)
    except FileExistsError:
        raise FileExistsError(refusal) from None
    _show_public(private_key, as_json=options.json)
    if not options.json:
        _say_what_follows(options.output, private_key, is_plain=options.plain)
    return 0


def _read_new_password(key_path: Path, password_file: Path | None) -> str:
    password = read_password(password_file, str(key_path), _REMEDY, twice=True)
    if not password:
        raise MalformedInput("an empty password 空口令 protects nothing: choose another, or give --plain")
    return password


def _say_what_follows(key_path: Path, private_key: PrivateKey, *, is_plain: bool) -> None:
    if is_plain:
        note(f"{key_path} has no password 明文: whoever reads the file can sign. Use it for trials only.")
    else:
        note(f"{key_path} is encrypted 已加密. Without its password nobody can sign with it, you included.")
    say(
        f"\nThe private key is in {key_path}. Keep a copy in a safe place; the city's admin registers the spki:"
    )
    say(f"  shunzheng chain add-key --log LOG --spki {private_key.public.spki.hex()} …")


def _show(options: _ShowOptions) -> int:
    _show_public(open_key(options.file, options.key_password_file), as_json=options.json)
    return 0


def _show_public(private_key: PrivateKey, *, as_json: bool) -> None:
    public_key = private_key.public
    if as_json:
        show_json(
            {
                "algorithm": public_key.algorithm,
                "key": "0x" + public_key.id.hex(),
                "spki": public_key.spki.hex(),
            }
        )
        return
    say(f"algorithm  {public_key.algorithm}")
    say(f"key        0x{public_key.id.hex()}")
    say(f"spki       {public_key.spki.hex()}")
