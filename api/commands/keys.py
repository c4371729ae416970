"""`shunzheng keys`: the keys with which departments and nodes sign."""

import argparse
import secrets
from pathlib import Path
from typing import Any

from api.console import say, show_json
from api.node.keys import write_key
from ledger.crypto.keys import PrivateKey, generate, private_key


def add(commands: Any) -> None:
    topic = commands.add_parser("keys")
    actions = topic.add_subparsers(dest="action", required=True, metavar="ACTION")
    make = actions.add_parser("generate", help="make a key; the private part never leaves the file")
    make.add_argument("--algorithm", choices=("sm2", "p256"), default="sm2", help="default: sm2")
    make.add_argument(
        "-o", "--output", type=Path, default=Path("department.pem"), help="default: department.pem"
    )
    make.add_argument("--json", action="store_true", help="for programs")
    make.set_defaults(run=_generate)
    show = actions.add_parser("show", help="show the public part of a key file")
    show.add_argument("file", type=Path)
    show.add_argument("--json", action="store_true", help="for programs")
    show.set_defaults(run=_show)


def _generate(args: argparse.Namespace) -> int:
    key = generate(args.algorithm, secrets.token_bytes)
    try:
        write_key(args.output, key)
    except FileExistsError:
        raise FileExistsError(
            f"{args.output} exists: a key is never overwritten; choose another name with -o"
        ) from None
    return _print(key, args)


def _show(args: argparse.Namespace) -> int:
    return _print(private_key(args.file.read_bytes()), args)


def _print(key: PrivateKey, args: argparse.Namespace) -> int:
    public = key.public
    if args.json:
        show_json({"algorithm": public.algorithm, "key": "0x" + public.id.hex(), "spki": public.spki.hex()})
        return 0
    say(f"algorithm  {public.algorithm}")
    say(f"key        0x{public.id.hex()}")
    say(f"spki       {public.spki.hex()}")
    if args.action == "generate":
        say(
            f"\nThe private key is in {args.output}. Keep a copy in a safe place; the city's admin registers the spki:"
        )
        say(f"  shunzheng chain add-key --log LOG --spki {public.spki.hex()} …")
    return 0
