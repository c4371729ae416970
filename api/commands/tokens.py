"""`shunzheng token`: who may ask an issuing node for proofs, histories and claims."""

import argparse
import secrets
import time
from pathlib import Path

from anchoring.register.store import Register
from anchoring.register.tokens import SCOPES, create_token, list_tokens, revoke_token
from api.console import note, say, show_json
from api.node.errors import SettingsError
from api.node.loading import load_settings
from api.parsers import Commands
from ledger.encoding.canonical import Json
from ledger.encoding.times import format_time


def add(commands: Commands) -> None:
    topic = commands.add_parser("token")
    actions = topic.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make a token and print it once")
    create.add_argument("--label", required=True, help="who holds it")
    create.add_argument(
        "--scope", action="append", required=True, choices=sorted(SCOPES), help="may be repeated"
    )
    create.add_argument("--days", type=int, help="until it expires; default: no end")
    create.set_defaults(run=_create)
    listed = actions.add_parser("list", help="list tokens, without their secrets")
    listed.add_argument("--json", action="store_true", help="for programs")
    listed.set_defaults(run=_list)
    revoke = actions.add_parser("revoke", help="end a token")
    revoke.add_argument("id", help="of the token, as `token list` shows it")
    revoke.set_defaults(run=_revoke)
    for parser in (create, listed, revoke):
        parser.add_argument("directory", type=Path, help="directory of the node")


def _register(directory: Path) -> Register:
    settings = load_settings(directory)
    if settings.register_url is None:
        raise SettingsError(f"the node in {directory} issues nothing: it has no register and needs no tokens")
    return Register(settings.register_url)


def _create(args: argparse.Namespace) -> int:
    now = int(time.time())
    expires = now + args.days * 86_400 if args.days else None
    with _register(args.directory).writing() as connection:
        token, text = create_token(
            connection, secrets.token_bytes, label=args.label, scopes=args.scope, now=now, expires=expires
        )
    say(text)
    note(f"token {token.id} for {token.label}: {', '.join(sorted(token.scopes))}. It is shown this once.")
    return 0


def _list(args: argparse.Namespace) -> int:
    with _register(args.directory).reading() as connection:
        issued = list_tokens(connection)
    if args.json:
        rows: list[Json] = [
            {
                "id": t.id,
                "label": t.label,
                "scopes": " ".join(sorted(t.scopes)),
                "revoked": t.revoked is not None,
            }
            for t in issued
        ]
        show_json(rows)
        return 0
    for token in issued:
        end = (
            "revoked"
            if token.revoked
            else f"until {format_time(token.expires)}"
            if token.expires
            else "no end"
        )
        say(f"{token.id}  {token.label}  {', '.join(sorted(token.scopes))}  {end}")
    return 0


def _revoke(args: argparse.Namespace) -> int:
    with _register(args.directory).writing() as connection:
        revoke_token(connection, args.id, int(time.time()))
    say(f"token {args.id} is revoked")
    return 0
