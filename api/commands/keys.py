"""`shunzheng keys`: make and show the keys with which departments and nodes sign."""

import argparse
import secrets
from pathlib import Path
from typing import Final

from api.console import note, say, show_json
from api.key_files import add_key_password, open_key, write_key
from api.parsers import Commands
from api.passwords import read_password
from ledger.crypto.keys import PrivateKey, generate
from ledger.errors import MalformedInput

_REMEDY: Final = "name its file with --password-file, or give --plain for a key without a password, for trials 试用明文密钥"


def add(commands: Commands) -> None:
    topic = commands.add_parser("keys")
    actions = topic.add_subparsers(dest="action", required=True, metavar="ACTION")
    make = actions.add_parser(
        "generate",
        help="make a key; the private part never leaves the file",
        description="The file is encrypted under a password 口令, which is asked for twice unless a file holds it.",
    )
    make.add_argument("--algorithm", choices=("sm2", "p256"), default="sm2", help="default: sm2")
    make.add_argument(
        "-o", "--output", type=Path, default=Path("department.pem"), help="default: department.pem"
    )
    protection = make.add_mutually_exclusive_group()
    protection.add_argument(
        "--password-file", type=Path, metavar="FILE", help="file of the password; else it is asked for"
    )
    protection.add_argument("--plain", action="store_true", help="no password 明文: for trials only")
    make.add_argument("--json", action="store_true", help="for programs")
    make.set_defaults(run=_generate)
    show = actions.add_parser("show", help="show the public part of a key file")
    show.add_argument("file", type=Path, help="private key, of a department or of a node")
    add_key_password(show)
    show.add_argument("--json", action="store_true", help="for programs")
    show.set_defaults(run=_show)


def _generate(args: argparse.Namespace) -> int:
    exists = f"{args.output} exists: a key is never overwritten; choose another name with -o"
    if args.output.exists():
        raise FileExistsError(exists)
    password = None if args.plain else _new_password(args.output, args.password_file)
    key = generate(args.algorithm, secrets.token_bytes)
    try:
        write_key(args.output, key, password)
    except FileExistsError:
        raise FileExistsError(exists) from None
    _show_public(key, as_json=args.json)
    if not args.json:
        _say_what_follows(args.output, key, plain=args.plain)
    return 0


def _new_password(output: Path, file: Path | None) -> str:
    password = read_password(file, str(output), _REMEDY, twice=True)
    if not password:
        raise MalformedInput("an empty password 空口令 protects nothing: choose another, or give --plain")
    return password


def _say_what_follows(output: Path, key: PrivateKey, *, plain: bool) -> None:
    if plain:
        note(f"{output} has no password 明文: whoever reads the file can sign. Use it for trials only.")
    else:
        note(f"{output} is encrypted 已加密. Without its password nobody can sign with it, you included.")
    say(
        f"\nThe private key is in {output}. Keep a copy in a safe place; the city's admin registers the spki:"
    )
    say(f"  shunzheng chain add-key --log LOG --spki {key.public.spki.hex()} …")


def _show(args: argparse.Namespace) -> int:
    _show_public(open_key(args.file, args.key_password_file), as_json=args.json)
    return 0


def _show_public(key: PrivateKey, *, as_json: bool) -> None:
    public = key.public
    if as_json:
        show_json({"algorithm": public.algorithm, "key": "0x" + public.id.hex(), "spki": public.spki.hex()})
        return
    say(f"algorithm  {public.algorithm}")
    say(f"key        0x{public.id.hex()}")
    say(f"spki       {public.spki.hex()}")
