"""`shunzheng token`: who may ask an issuing node for proofs, histories, claims; and who did."""

import argparse
import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Final, Protocol

from anchoring.processes.logs import make_line_visible
from anchoring.register.access.looks import PURPOSE_WORDS, SHOWN_OUTCOME, Look, Purpose, list_looks
from anchoring.register.access.tokens import (
    SCOPES,
    TOKEN_DAYS,
    Token,
    create_token,
    is_ending,
    is_in_force,
    list_tokens,
    revoke_token,
)
from anchoring.register.store import Register
from api.console import note, say, show_json
from api.node.errors import SettingsError
from api.node.keys import load_node_key
from api.node.loading import load_settings
from api.parsers import Commands, add_directory, add_json
from api.problems import PROBLEMS
from api.words import write_clock
from ledger.encoding.canonical import Json
from ledger.encoding.times import find_day_bounds, format_time, parse_date
from ledger.errors import MalformedInput
from ledger.words import Words

_DAY_SECONDS: Final = 86_400
_MAX_DAYS: Final = 3_660  # a token that is to live longer than ten years has no end
_SHOWN_WORDS: Final = Words("已出示", "shown")


class _CreateOptions(Protocol):
    directory: Path
    label: str
    scope: list[str]
    days: int
    no_end: bool


class _ListOptions(Protocol):
    directory: Path
    json: bool


class _RevokeOptions(Protocol):
    directory: Path
    id: str


class _LooksOptions(Protocol):
    directory: Path
    token: str | None
    identifier: str | None
    since: date | None
    json: bool


def add(commands: Commands) -> None:
    token_parser = commands.add_parser("token")
    actions = token_parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create_parser = actions.add_parser("create", help="make a token and print it once")
    create_parser.add_argument("--label", required=True, help="who holds it")
    create_parser.add_argument(
        "--scope", action="append", required=True, choices=sorted(SCOPES), help="may be repeated"
    )
    end_group = create_parser.add_mutually_exclusive_group()
    end_group.add_argument(
        "--days", type=_read_days, default=TOKEN_DAYS, help=f"until it ends; default: {TOKEN_DAYS}"
    )
    end_group.add_argument("--no-end", action="store_true", help="it lasts until it is revoked")
    create_parser.set_defaults(run=_create)
    list_parser = actions.add_parser("list", help="list tokens, without their secrets")
    list_parser.set_defaults(run=_list)
    revoke_parser = actions.add_parser("revoke", help="end a token")
    revoke_parser.add_argument("id", help="of the token, as `token list` shows it")
    revoke_parser.set_defaults(run=_revoke)
    looks_parser = actions.add_parser("looks", help="list which token was shown what of whose certificate")
    looks_parser.add_argument(
        "--id", dest="token", metavar="ID", help="only of the token with this id, as `token list` shows it"
    )
    looks_parser.add_argument("--identifier", help="only at this certificate, any version")
    looks_parser.add_argument(
        "--since", type=_read_day, metavar="DAY", help="only from this day on, YYYY-MM-DD"
    )
    looks_parser.set_defaults(run=_show_looks)
    for parser in (create_parser, list_parser, revoke_parser, looks_parser):
        add_directory(parser)
    for parser in (list_parser, looks_parser):
        add_json(parser)


def _read_days(text: str) -> int:
    """Return a number of days. Raises: argparse.ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _MAX_DAYS):
        raise argparse.ArgumentTypeError(f"a whole number of days from 1 to {_MAX_DAYS:,}, or --no-end")
    return int(text)


def _read_day(text: str) -> date:
    """Return a day. Raises: argparse.ArgumentTypeError."""
    try:
        return parse_date(text)
    except MalformedInput as error:
        raise argparse.ArgumentTypeError(str(error)) from error


@contextmanager
def _open_register(directory: Path) -> Iterator[Register]:
    settings = load_settings(directory)
    if settings.register_url is None:
        raise SettingsError(f"the node in {directory} issues nothing: it has no register and needs no tokens")
    with closing(Register(settings.register_url)) as register:
        yield register


def _create(options: _CreateOptions) -> int:
    now = int(time.time())
    ends_at = None if options.no_end else now + options.days * _DAY_SECONDS
    node_key = load_node_key(load_settings(options.directory))
    with _open_register(options.directory) as register, register.writing() as connection:
        token, secret = create_token(
            connection,
            secrets.token_bytes,
            label=options.label,
            scopes=options.scope,
            now=now,
            ends_at=ends_at,
            key=node_key,
        )
    say(secret)
    scopes_text = ", ".join(sorted(token.scopes))
    note(
        make_line_visible(
            f"token {token.id} for {token.label}: {scopes_text}; {_describe_end(token, now)}. It is shown this once."
        )
    )
    return 0


def _list(options: _ListOptions) -> int:
    now = int(time.time())
    with _open_register(options.directory) as register, register.reading() as connection:
        tokens = list_tokens(connection)
    if options.json:
        rows: list[Json] = [_make_token_json(token, now) for token in tokens]
        show_json(rows)
        return 0
    for token in tokens:
        say(
            make_line_visible(
                f"{token.id}  {token.label}  {', '.join(sorted(token.scopes))}  {_describe_end(token, now)}"
            )
        )
    return 0


def _make_token_json(token: Token, now: int) -> dict[str, Json]:
    row: dict[str, Json] = {
        "id": token.id,
        "label": token.label,
        "scopes": " ".join(sorted(token.scopes)),
        "created": format_time(token.created_at),
        "in_force": is_in_force(token, now),
        "ending": is_ending(token, now),
        "revoked": token.revoked_at is not None,
    }
    if token.ends_at is not None:
        row["ends"] = format_time(token.ends_at)
    return row


def _describe_end(token: Token, now: int) -> str:
    """Say in words when a token ends, and what to do where that is near or never."""
    if token.revoked_at is not None:
        return "revoked 已停用"
    if token.ends_at is None:
        return "no end 无期限: revoke it once nobody needs it"
    end_text = write_clock(token.ends_at)
    if not is_in_force(token, now):
        return f"ended 已到期 {end_text}"
    if is_ending(token, now):
        return f"until {end_text}, ends soon 即将到期: make the next one"
    return f"until 有效至 {end_text}"


def _revoke(options: _RevokeOptions) -> int:
    with _open_register(options.directory) as register, register.writing() as connection:
        revoke_token(connection, options.id, int(time.time()))
    say(f"token {options.id} is revoked")
    return 0


def _show_looks(options: _LooksOptions) -> int:
    since_time = find_day_bounds(options.since)[0] if options.since else 0
    with _open_register(options.directory) as register, register.reading() as connection:
        labels = {token.id: token.label for token in list_tokens(connection)}
        looks = list_looks(
            connection, token=options.token, identifier=options.identifier, since_time=since_time
        )
        if options.json:
            rows: list[Json] = [_make_look_json(look, labels[look.token]) for look in looks]
            show_json(rows)
            return 0
        for look in looks:
            say(make_line_visible(_describe_look(look, labels[look.token])))
    return 0


def _make_look_json(look: Look, label: str) -> dict[str, Json]:
    row: dict[str, Json] = {
        "at": format_time(look.at),
        "token": look.token,
        "label": label,
        "purpose": look.purpose,
        "identifier": look.identifier,
        "outcome": look.outcome,
    }
    return row | ({"reason": look.reason} if look.reason else {})


def _describe_look(look: Look, label: str) -> str:
    purpose = PURPOSE_WORDS[Purpose(look.purpose)]
    outcome = _SHOWN_WORDS if look.outcome == SHOWN_OUTCOME else PROBLEMS[look.outcome].title
    return (
        f"{write_clock(look.at)}  {look.token} {label}  {purpose.zh} {purpose.en}  {look.identifier or '-'}  "
        f"{outcome.zh} {outcome.en}" + (f"  {look.reason}" if look.reason else "")
    )
