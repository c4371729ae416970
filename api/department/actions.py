"""The command of one action in the life of certificates, such as `shunzheng revoke`.

Its options, what it shows before it signs, and what it hands in.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from anchoring.intake.faults import Faults
from api.client.answers import SubmissionAnswer
from api.client.certificates import IDENTIFIER, describe_name
from api.client.client import NodeClient
from api.client.options import NodeOptions, add_node, add_token_file, read_token
from api.console import note, say, show_encoded, show_json
from api.department.changes import Change, divide_changes, plan
from api.department.drafts import Target
from api.department.preview import describe_change
from api.department.rows.acceptance import add_accept, require_accepted
from api.department.rows.content import ContentOptions, add_content, read_content
from api.department.rows.naming import NamedRow, divide_known, name_rows
from api.department.rows.notes import RELATION_OF_ACTION, find_unsettled_notes
from api.department.rows.oddities import RowWarning
from api.department.rows.queue import WaitingActs, add_queue
from api.department.rows.reading import InputRow, read_rows
from api.department.rows.versions import read_kept
from api.department.sending import PreparedRows, ask_target, check_key, prepare_rows
from api.department.waiting import EXIT_CODE_WORDS, add_wait, judge_waiting
from api.limits import MAX_REASON_CHARS
from api.parsers import Commands, add_catalogue, add_json
from api.signing.options import SignerOptions, add_signer, open_signer
from api.words import ACTION_WORDS, NOTE_WORDS
from ledger.crypto.keys import Signer
from ledger.encoding.canonical import Json, encode_canonical
from ledger.encoding.times import find_civil_date
from ledger.errors import MalformedInput
from ledger.records.records import PRESENTABLE_ACTIONS, STATUS_ACTIONS
from ledger.records.transfers import add_destination

#: The command that ends notes; in the lineage of a note that is the action `cancel`.
SETTLE: Final = "settle"
_COMMAND_WORDS: Final = ACTION_WORDS | NOTE_WORDS
_MAX_LOG_CHARS: Final = 40  # of the name of a log that a message repeats
_MAX_SHOWN_CHANGES: Final = 20  # changes listed before signing; beyond, their number
_NOTE_DESCRIPTION: Final = (
    "Which version it notes is asked of the city's node (a token with the scope `history`); the note is signed with a key "
    "that has a grant for materials of the certificate's type, and handed in. The certificate stays as it is."
)
#: What a command does, by whether it makes a new version.
_DESCRIPTIONS: Final = {
    False: "What it follows is asked of the city's node (a token with the scope `history`), signed here and handed in.",
    True: "The current version is asked of the city's node (a token with the scopes `history` and `claims`): claims, "
    "documents, days and links that are not named stay as they are. Both versions are shown, then the new one is signed and "
    "handed in.",
}


class _ActionOptions(NodeOptions, SignerOptions, ContentOptions, Protocol):
    action: str
    check: Callable[[str], None] | None
    certificates: list[str]
    file: Path | None
    waiting: bool
    queue: Path
    basis: str | None
    reason: str | None
    settles: bool
    accept: list[str]
    dry_run: bool
    yes: bool
    wait: int
    json: bool


def add_action(
    commands: Commands,
    name: str,
    action: str,
    explanation: str,
    check_identifier: Callable[[str], None] | None = None,
    *,
    settles: bool = False,
) -> None:
    """Add a command of that name for an action; `check_identifier` raises MalformedInput for others than it takes.

    `settles`: it acts on notes, and a certificate means its one open dispute.
    """
    action_label = _COMMAND_WORDS[SETTLE if settles else action][0]
    command = commands.add_parser(
        name,
        help=f"{action_label}: {explanation}",
        description=f"{action_label}: {explanation}. "
        f"{_NOTE_DESCRIPTION if action in RELATION_OF_ACTION else _DESCRIPTIONS[action in PRESENTABLE_ACTIONS]} "
        "Warnings 警告 stop it before "
        "anything is signed, until they are accepted by name. Exit codes: 0 handed in, or shown by --dry-run; 1 where "
        f"something was not; {EXIT_CODE_WORDS}.",
    )
    _add_naming(command)
    add_content(command, action)
    add_signer(command, "private key of the department")
    add_node(command, "the node of the department's city")
    add_token_file(command)
    command.add_argument(
        "--dry-run",
        action="store_true",
        help="do all but sign and hand in, and show what would be signed; fails where the command would",
    )
    add_accept(command)
    add_catalogue(command)
    command.add_argument("--yes", action="store_true", help="do not ask before signing")
    add_wait(command)
    add_json(command)
    command.set_defaults(run=_run_action, action=action, check=check_identifier, settles=settles)


def _add_naming(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "certificates",
        nargs="*",
        metavar="CERTIFICATE",
        help="its number 编号, its document, its proof, the SZ1: code, or the identifier of the current version",
    )
    command.add_argument(
        "--file",
        type=Path,
        metavar="ROWS",
        help="many: NDJSON, or CSV with a header; see examples/README.md",
    )
    command.add_argument(
        "--waiting",
        action="store_true",
        help="those that wait in the queue 待办 for a certificate that was not known: they are done once it is registered",
    )
    add_queue(command)
    command.add_argument("--basis", metavar="TEXT", help="legal basis, where a row names none")
    command.add_argument(
        "--reason",
        help="why a certificate is looked for by its number or by a document alone, which needs the scope `search`; it is "
        "kept in the log of looks. Left out, it is the action with its basis",
    )


def _run_action(options: _ActionOptions) -> int:
    """Plan, judge and show in any case; sign and hand in unless it is a dry run.

    1. Name every certificate. Those that nobody knows wait in the queue from here on; the others go on without them.
    2. Plan, judge, show, ask.
    3. Sign and hand in; what waited is settled then. A crash before leaves it waiting.
    """
    with (
        NodeClient(options.node, read_token(options), ca_file=options.ca_file) as node,
        ExitStack() as draft_stack,
    ):
        _check_destination(options, node)
        # 1
        known_rows, unknown_rows = _divide_known(options, node)
        _keep_waiting(options, unknown_rows)
        if options.settles:
            known_rows = find_unsettled_notes(node, known_rows)
        if not known_rows:
            return _end_without_any(options, len(unknown_rows))
        # 2
        changes = _plan_changes(options, node, [named_row.row for named_row in known_rows])
        signer = open_signer(options)
        check_key(node, signer)
        parts = _prepare_parts(options, ask_target(node), changes)
        for part in parts:
            draft_stack.enter_context(part.unsigned_draft)
        _show_changes(options, changes)
        require_accepted(_list_warnings(changes, parts), options.accept)
        if options.dry_run:
            if options.json:
                show_json({"action": options.action, "changes": [change.to_json() for change in changes]})
            return 1 if unknown_rows else 0
        if not (options.yes or confirm_signing()):
            note("Nothing was signed.")
            return 1
        # 3
        answers = [_send_part(options, node, signer, part) for part in parts]
        WaitingActs(options.queue).settle(
            options.action,
            [named_row.name for named_row in known_rows],
            "submission " + ", ".join(answer["id"] for answer in answers),
        )
    if options.json:
        show_json({"action": options.action, "submissions": answers, "waiting": len(unknown_rows)})
    return judge_waiting(answers, options.wait) or (1 if unknown_rows else 0)


def _end_without_any(options: _ActionOptions, waiting_count: int) -> int:
    """Return the exit code where no certificate is known: no success where acts wait."""
    note("Nothing was signed." if waiting_count else "Nothing waits 无待办.")
    if options.json:
        show_json({"action": options.action, "submissions": [], "waiting": waiting_count})
    return 1 if waiting_count else 0


def _read_rows(options: _ActionOptions) -> list[InputRow]:
    """Return one row for each certificate that is named. Raises: MalformedInput, SubmissionRefused."""
    if bool(options.certificates) == bool(options.file):
        raise MalformedInput("name certificates, or a --file of them, or --waiting")
    content_members = read_content(options)
    if options.file and options.action in RELATION_OF_ACTION:
        return [
            InputRow(row.row_number, content_members | dict(row.members))
            for row in read_rows(options.file, options.action)
        ]
    if options.file and content_members:
        raise MalformedInput(
            f"a row of --file states its own content: put {', '.join(content_members)} into the file"
        )
    if options.file:
        return read_rows(options.file, options.action)
    if options.action in PRESENTABLE_ACTIONS and content_members and len(options.certificates) > 1:
        raise MalformedInput("every new version has claims of its own: use --file for several")
    return [
        InputRow(row_number, {"identifier": certificate} | content_members)
        for row_number, certificate in enumerate(options.certificates, 1)
    ]


def _read_named_rows(options: _ActionOptions, node: NodeClient) -> list[NamedRow]:
    """Return the rows, each with how it names its certificate. Raises: MalformedInput, SubmissionRefused, OSError."""
    if not options.waiting:
        return name_rows(node, _read_rows(options))
    if options.certificates or options.file:
        raise MalformedInput(
            "--waiting does what waits in the queue: name no certificates and no --file beside it"
        )
    return [
        NamedRow(InputRow(act.id, act.members), act.name)
        for act in WaitingActs(options.queue).list_waiting(options.action)
    ]


def _divide_known(options: _ActionOptions, node: NodeClient) -> tuple[list[NamedRow], list[NamedRow]]:
    """Return the rows whose certificates are registered here, and the others. Raises: SubmissionRefused, NodeError."""
    reason = options.reason or " ".join(filter(None, (_COMMAND_WORDS[options.action].zh, options.basis)))
    known_rows, unknown_rows = divide_known(node, _read_named_rows(options, node), reason[:MAX_REASON_CHARS])
    if options.check:
        for named_row in (*known_rows, *unknown_rows):
            if named_row in known_rows or named_row.name.sort == IDENTIFIER:
                options.check(named_row.row.identifier)
    return known_rows, unknown_rows


def _keep_waiting(options: _ActionOptions, unknown_rows: Sequence[NamedRow]) -> None:
    """Put acts whose certificate is not known into the queue, and say so.

    Raises: SubmissionRefused for new versions and notes.
    """
    faults = Faults()
    for named_row in unknown_rows:
        message = f"{describe_name(named_row.name)} is not registered in this city 未登记"
        if options.action not in STATUS_ACTIONS or options.settles:
            faults.add(named_row.row.row_number, "not-found", message)
        else:
            note(f"row {named_row.row.row_number}: {message}")
    faults.refuse()
    if not unknown_rows or options.dry_run:
        return
    since = find_civil_date(int(time.time())).isoformat()
    basis_members: dict[str, Json] = {"basis": options.basis} if options.basis else {}
    WaitingActs(options.queue).add(
        options.action,
        [(named_row.name, basis_members | dict(named_row.row.members)) for named_row in unknown_rows],
        since,
    )
    note(
        f"{len(unknown_rows):,} acts wait 待办 in {options.queue} and were NOT handed in 未提交: `shunzheng find "
        f"--waiting` lists them, `shunzheng {options.action} --waiting` does them once their certificates are registered."
    )


def _plan_changes(options: _ActionOptions, node: NodeClient, rows: Sequence[InputRow]) -> list[Change]:
    kept_versions = read_kept(options.kept)
    lineages = node.fetch_lineages(
        [row.identifier for row in rows],
        with_content=options.action in PRESENTABLE_ACTIONS and not options.kept,
        is_described=True,
    )
    changes = plan(
        options.action, rows, lineages, options.basis, kept_versions, find_civil_date(int(time.time()))
    )
    return [_send_to(change, options.to) for change in changes] if options.to else changes


def _send_to(change: Change, log: str) -> Change:
    """Return a transfer whose basis says into which log it goes."""
    basis = add_destination(str(change.row["basis"]), log)
    return replace(change, row=change.row | {"basis": basis})


def _check_destination(options: _ActionOptions, node: NodeClient) -> None:
    """Check that the log of another city is meant. Raises: MalformedInput, NodeError."""
    logs = node.fetch_logs()["items"] if options.to else []
    other_names = [log["name"] for log in logs if not log["held"]]
    if options.to and options.to not in other_names:
        raise MalformedInput(
            f"--to {options.to[:_MAX_LOG_CHARS]} is no log of another city in this registry; there are "
            f"{', '.join(other_names) or 'none'}"
        )


def _prepare_parts(options: _ActionOptions, target: Target, changes: Sequence[Change]) -> list[PreparedRows]:
    """Judge what is to be signed, submission by submission. Raises: SubmissionRefused."""
    change_groups = divide_changes(changes)
    if len(change_groups) > 1:
        note(
            f"Divided into {len(change_groups)} submissions: each is of one issuer and has a bounded number of changes."
        )
    documents_folder = options.file.parent if options.file else Path()
    return [
        prepare_rows(
            [(change.row_number, change.row) for change in change_group],
            target,
            documents_folder,
            options.action,
        )
        for change_group in change_groups
    ]


def _list_warnings(changes: Sequence[Change], prepared_parts: Sequence[PreparedRows]) -> list[RowWarning]:
    warnings = [
        RowWarning(change.row_number, oddity.name, oddity.message)
        for change in changes
        for oddity in change.oddities
    ]
    warnings += [
        warning for prepared_rows in prepared_parts for warning in prepared_rows.unsigned_draft.warnings
    ]
    return sorted(warnings, key=lambda warning: warning.row_number)


def _show_changes(options: _ActionOptions, changes: Sequence[Change]) -> None:
    note(f"{_COMMAND_WORDS[options.action][0]} {options.action}: {len(changes):,} certificates")
    for change in changes[:_MAX_SHOWN_CHANGES]:
        for line in describe_change(change):
            note(f"  {line}")
    if len(changes) > _MAX_SHOWN_CHANGES:
        note(f"  … and {len(changes) - _MAX_SHOWN_CHANGES:,} more; --dry-run --json lists them all")
    if options.dry_run:
        for change in changes[:_MAX_SHOWN_CHANGES] if not options.json else ():
            show_encoded(encode_canonical(change.row).decode())


def confirm_signing() -> bool:
    """Ask the person at the terminal; nobody there is no."""
    if not sys.stdin.isatty():
        note("There is nobody to ask: give --yes.")
        return False
    note("Sign and hand in? 确认签名并提交？[y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes", "是")


def _send_part(
    options: _ActionOptions, node: NodeClient, signer: Signer, prepared_rows: PreparedRows
) -> SubmissionAnswer:
    answer = prepared_rows.send(node, signer, options.wait)
    if not options.json:
        say(
            f"已登记 accepted: {answer['count']:,} records as submission {answer['id']}, state {answer['state']}"
        )
    return answer
