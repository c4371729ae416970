"""The command of one action in the life of certificates, such as `shunzheng revoke`.

Its options, what it shows before it signs, and what it hands in.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from api.client.answers import SubmissionAnswer
from api.client.client import NodeClient
from api.client.options import read_token
from api.console import note, say, show_encoded, show_json
from api.department.changes import Change, plan, read_rows, submissions_of
from api.department.sending import send_rows
from api.department.waiting import EXIT_CODE_WORDS, add_wait, judge_waiting
from api.key_files import add_key, open_key
from api.parsers import Commands
from api.words import ACTION_WORDS, STATUS_WORDS
from ledger.encoding.canonical import Json, decode
from ledger.encoding.canonical import encode as canonical
from ledger.errors import MalformedInput
from ledger.records.records import PRESENTABLE_ACTIONS

_MAX_SHOWN_CHANGES: Final = 20  # changes listed before signing; beyond, their number


def add_action(
    commands: Commands,
    name: str,
    action: str,
    explanation: str,
    check_identifier: Callable[[str], None] | None = None,
) -> None:
    """Add a command of that name for an action; `check_identifier` raises MalformedInput for others than it takes."""
    words = ACTION_WORDS[action][0]
    command = commands.add_parser(
        name,
        help=f"{words}: {explanation}",
        description=f"{words}: {explanation}. What it follows is asked of the city's node (a token with the scope "
        f"`history`), signed here and handed in. Exit codes: 0 handed in, 1 where something was not, {EXIT_CODE_WORDS}.",
    )
    command.add_argument("identifiers", nargs="*", metavar="IDENTIFIER", help="of any version")
    command.add_argument(
        "--file",
        type=Path,
        metavar="ROWS",
        help="many: NDJSON, or CSV with a header; see examples/README.md",
    )
    command.add_argument("--basis", metavar="TEXT", help="legal basis, where a row names none")
    if action in PRESENTABLE_ACTIONS:
        _add_content(command)
    add_key(command, "private key of the department")
    command.add_argument("--node", required=True, metavar="URL", help="the node of the department's city")
    command.add_argument("--token-file", type=Path, help="file of the access token; else SHUNZHENG_TOKEN")
    command.add_argument("--dry-run", action="store_true", help="show what would be signed, and sign nothing")
    command.add_argument("--yes", action="store_true", help="do not ask before signing")
    add_wait(command)
    command.add_argument("--json", action="store_true", help="for programs")
    command.set_defaults(run=_run, action=action, check=check_identifier)


def _add_content(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--claims", type=Path, metavar="F", help="JSON object: the claims of the new version"
    )
    command.add_argument(
        "--document", action="append", default=[], metavar="F", help="of the new version; repeatable"
    )
    for option, explanation in (
        ("issued", "when it was issued"),
        ("valid-from", "its first day"),
        ("valid-until", "its last day; left out, it has no end"),
    ):
        command.add_argument(f"--{option}", metavar="YYYY-MM-DD", help=f"of the new version: {explanation}")


def _run(args: argparse.Namespace) -> int:
    rows = _read_rows(args)
    for row in rows if args.check else ():
        args.check(row["identifier"])
    with NodeClient(args.node, read_token(args)) as node:
        lineages = node.lineages([str(row["identifier"]) for row in rows])
        changes = plan(args.action, rows, lineages, args.basis)
        _show_changes(args, changes)
        if args.dry_run:
            if args.json:
                show_json({"action": args.action, "changes": [change.to_json() for change in changes]})
            return 0
        if not (args.yes or _confirm_signing()):
            note("Nothing was signed.")
            return 1
        receipts = _send_changes(args, node, changes)
    if args.json:
        show_json({"action": args.action, "submissions": receipts})
    return judge_waiting(receipts, args.wait)


def _read_rows(args: argparse.Namespace) -> list[dict[str, Json]]:
    """Return one row for each certificate that is named. Raises: MalformedInput."""
    if bool(args.identifiers) == bool(args.file):
        raise MalformedInput("name certificates, or a --file of them")
    if args.file:
        return read_rows(args.file)
    content = _read_content(args)
    if content and len(args.identifiers) > 1:
        raise MalformedInput("every new version has claims of its own: use --file for several")
    return [{"identifier": identifier} | content for identifier in args.identifiers]


def _read_content(args: argparse.Namespace) -> dict[str, Json]:
    """Return the members of a row that a new version states."""
    if args.action not in PRESENTABLE_ACTIONS:
        return {}
    content: dict[str, Json] = {
        name: value for name in ("issued", "valid_from", "valid_until") if (value := getattr(args, name))
    }
    if args.claims:
        content["claims"] = decode(args.claims.read_bytes())
    if args.document:
        content["documents"] = list(args.document)
    return content


def _show_changes(args: argparse.Namespace, changes: Sequence[Change]) -> None:
    note(f"{ACTION_WORDS[args.action][0]} {args.action}: {len(changes):,} certificates")
    for change in changes[:_MAX_SHOWN_CHANGES]:
        status_before, status_after = (
            STATUS_WORDS[status.name.lower()][0] for status in (change.before, change.after)
        )
        successor = f"; new version {change.row['identifier']}" if args.action in PRESENTABLE_ACTIONS else ""
        note(
            f"  {change.identifier}  {status_before} → {status_after}{successor}  {change.row.get('basis', '')}".rstrip()
        )
    if len(changes) > _MAX_SHOWN_CHANGES:
        note(f"  … and {len(changes) - _MAX_SHOWN_CHANGES:,} more; --dry-run --json lists them all")
    if args.dry_run:
        for change in changes[:_MAX_SHOWN_CHANGES] if not args.json else ():
            show_encoded(canonical(change.row).decode())


def _confirm_signing() -> bool:
    if not sys.stdin.isatty():
        note("There is nobody to ask: give --yes.")
        return False
    note("Sign and hand in? 确认签名并提交？[y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes", "是")


def _send_changes(
    args: argparse.Namespace, node: NodeClient, changes: Sequence[Change]
) -> list[SubmissionAnswer]:
    key = open_key(args.key, args.key_password_file)
    groups = submissions_of(changes)
    if len(groups) > 1:
        note(
            f"Divided into {len(groups)} submissions: each is of one issuer and has a bounded number of changes."
        )
    folder = args.file.parent if args.file else Path()
    receipts = []
    for group in groups:
        rows = [change.row for change in group]
        _, receipt = send_rows(node, folder, args.action, key, rows, args.wait)
        if not args.json:
            say(
                f"已登记 accepted: {receipt['count']:,} records as submission {receipt['id']}, "
                f"state {receipt['state']}"
            )
        receipts.append(receipt)
    return receipts
