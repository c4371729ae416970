"""The command of one action in the life of certificates, such as `shunzheng revoke`.

Its options, what it shows before it signs, and what it hands in.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from api.client.answers import SubmissionAnswer
from api.client.client import NodeClient
from api.client.options import read_token
from api.console import note, say, show_encoded, show_json
from api.department.changes import Change, plan, submissions_of
from api.department.drafting import Target
from api.department.preview import describe_change
from api.department.rows.acceptance import add_accept, require_accepted
from api.department.rows.columns import DAYS
from api.department.rows.days import NO_END
from api.department.rows.oddities import RowWarning
from api.department.rows.reading import InputRow, read_rows
from api.department.rows.versions import read_kept
from api.department.sending import PreparedRows, check_key, prepare_rows, target_of
from api.department.waiting import EXIT_CODE_WORDS, add_wait, judge_waiting
from api.key_files import add_key, open_key
from api.parsers import Commands
from api.words import ACTION_WORDS
from ledger.crypto.keys import PrivateKey
from ledger.encoding.canonical import Json, decode
from ledger.encoding.canonical import encode as canonical
from ledger.encoding.times import civil_date
from ledger.errors import MalformedInput
from ledger.records.records import PRESENTABLE_ACTIONS

_MAX_SHOWN_CHANGES: Final = 20  # changes listed before signing; beyond, their number
#: What a command does, by whether it makes a new version.
_DESCRIPTIONS: Final = {
    False: "What it follows is asked of the city's node (a token with the scope `history`), signed here and handed in.",
    True: "The current version is asked of the city's node (a token with the scopes `history` and `claims`): claims, "
    "documents, days and links that are not named stay as they are. Both versions are shown, then the new one is signed and "
    "handed in.",
}


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
        description=f"{words}: {explanation}. {_DESCRIPTIONS[action in PRESENTABLE_ACTIONS]} Warnings 警告 stop it before "
        "anything is signed, until they are accepted by name. Exit codes: 0 handed in, or shown by --dry-run; 1 where "
        f"something was not; {EXIT_CODE_WORDS}.",
    )
    command.add_argument("identifiers", nargs="*", metavar="IDENTIFIER", help="of the current version")
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
    command.add_argument(
        "--dry-run",
        action="store_true",
        help="do all but sign and hand in, and show what would be signed; fails where the command would",
    )
    add_accept(command)
    command.add_argument("--yes", action="store_true", help="do not ask before signing")
    add_wait(command)
    command.add_argument("--json", action="store_true", help="for programs")
    command.set_defaults(run=_run, action=action, check=check_identifier)


def _add_content(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--claims",
        type=Path,
        metavar="F",
        help="JSON object: the claims that are new or other than before",
    )
    command.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        help="claim that the new version does not state any more; repeatable",
    )
    command.add_argument(
        "--document",
        action="append",
        default=[],
        metavar="F",
        help="of the new version, in place of all before; repeatable",
    )
    for option, explanation in (
        ("issued", "when it was issued"),
        ("valid-from", "its first day"),
        ("valid-until", f"its last day, or {NO_END}"),
    ):
        command.add_argument(
            f"--{option}",
            metavar="YYYY-MM-DD",
            help=f"of the new version: {explanation}; left out, as before",
        )
    command.add_argument(
        "--no-end", action="store_true", help=f"the new version has no end {NO_END}, whatever was before"
    )
    command.add_argument(
        "--kept",
        action="append",
        type=Path,
        default=[],
        metavar="SUBMISSION",
        help="signed submission that was kept: for current versions whose claims the node does not hold or show; repeatable",
    )


def _run(args: argparse.Namespace) -> int:
    """Plan, judge and show in any case; sign and hand in unless it is a dry run."""
    rows = _read_rows(args)
    for row in rows if args.check else ():
        args.check(row.identifier)
    with NodeClient(args.node, read_token(args)) as node, ExitStack() as drafts:
        changes = _plan_changes(args, node, rows)
        key = open_key(args.key, args.key_password_file)
        check_key(node, key)
        parts = _prepare_parts(args, target_of(node), changes)
        for part in parts:
            drafts.enter_context(part.unsigned)
        _show_changes(args, changes)
        require_accepted(_list_warnings(changes, parts), args.accept)
        if args.dry_run:
            if args.json:
                show_json({"action": args.action, "changes": [change.to_json() for change in changes]})
            return 0
        if not (args.yes or _confirm_signing()):
            note("Nothing was signed.")
            return 1
        answers = [_send_part(args, node, key, part) for part in parts]
    if args.json:
        show_json({"action": args.action, "submissions": answers})
    return judge_waiting(answers, args.wait)


def _read_rows(args: argparse.Namespace) -> list[InputRow]:
    """Return one row for each certificate that is named. Raises: MalformedInput, SubmissionRefused."""
    if bool(args.identifiers) == bool(args.file):
        raise MalformedInput("name certificates, or a --file of them")
    content = _read_content(args)
    if args.file and content:
        raise MalformedInput(
            f"a row of --file states its own content: put {', '.join(content)} into the file"
        )
    if args.file:
        return read_rows(args.file, args.action)
    if content and len(args.identifiers) > 1:
        raise MalformedInput("every new version has claims of its own: use --file for several")
    return [
        InputRow(number, {"identifier": identifier} | content)
        for number, identifier in enumerate(args.identifiers, 1)
    ]


def _read_content(args: argparse.Namespace) -> dict[str, Json]:
    """Return the members of a row that a new version states. Raises: MalformedInput, OSError."""
    if args.action not in PRESENTABLE_ACTIONS:
        return {}
    content: dict[str, Json] = {name: value for name in DAYS if (value := getattr(args, name)) is not None}
    if args.no_end:
        if args.valid_until is not None:
            raise MalformedInput("give --valid-until or --no-end, not both")
        content["valid_until"] = NO_END
    if args.claims:
        content["claims"] = decode(args.claims.read_bytes())
    if args.document:
        content["documents"] = list(args.document)
    if args.without:
        content["without"] = list(args.without)
    return content


def _plan_changes(args: argparse.Namespace, node: NodeClient, rows: Sequence[InputRow]) -> list[Change]:
    kept_versions = read_kept(args.kept) if args.action in PRESENTABLE_ACTIONS else {}
    lineages = node.lineages(
        [row.identifier for row in rows], with_content=args.action in PRESENTABLE_ACTIONS and not args.kept
    )
    return plan(args.action, rows, lineages, args.basis, kept_versions, civil_date(int(time.time())))


def _prepare_parts(args: argparse.Namespace, target: Target, changes: Sequence[Change]) -> list[PreparedRows]:
    """Judge what is to be signed, submission by submission. Raises: SubmissionRefused."""
    groups = submissions_of(changes)
    if len(groups) > 1:
        note(
            f"Divided into {len(groups)} submissions: each is of one issuer and has a bounded number of changes."
        )
    folder = args.file.parent if args.file else Path()
    return [
        prepare_rows([(change.number, change.row) for change in group], target, folder, args.action)
        for group in groups
    ]


def _list_warnings(changes: Sequence[Change], parts: Sequence[PreparedRows]) -> list[RowWarning]:
    warnings = [
        RowWarning(change.number, oddity.name, oddity.message)
        for change in changes
        for oddity in change.oddities
    ]
    warnings += [warning for part in parts for warning in part.unsigned.warnings]
    return sorted(warnings, key=lambda warning: warning.row)


def _show_changes(args: argparse.Namespace, changes: Sequence[Change]) -> None:
    note(f"{ACTION_WORDS[args.action][0]} {args.action}: {len(changes):,} certificates")
    for change in changes[:_MAX_SHOWN_CHANGES]:
        for line in describe_change(change):
            note(f"  {line}")
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


def _send_part(
    args: argparse.Namespace, node: NodeClient, key: PrivateKey, part: PreparedRows
) -> SubmissionAnswer:
    answer = part.send(node, key, args.wait)
    if not args.json:
        say(
            f"已登记 accepted: {answer['count']:,} records as submission {answer['id']}, state {answer['state']}"
        )
    return answer
