"""`shunzheng import`: tables of departments become anchored certificates."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from api.client.answers import SubmissionAnswer
from api.client.client import NodeClient
from api.client.options import NodeOptions, add_node, add_token_file, read_token
from api.console import note, say, show_json
from api.department.imports.ending import queue_ending_acts
from api.department.imports.files.opening import open_source
from api.department.imports.files.sources import Source
from api.department.imports.handing_in import HandingIn
from api.department.imports.journal import DONE, Journal
from api.department.imports.options import JOURNAL_NAME, TableOptions, add_table, open_journal
from api.department.imports.profiles import list_profiles, load_profile
from api.department.imports.proposing import propose_profile
from api.department.imports.reports import check_file, find_obstacle, report
from api.department.imports.tally import Tally
from api.department.imports.templates import write_template
from api.department.rows.days import NO_END
from api.department.rows.queue import WaitingActs, add_queue, remind_waiting
from api.department.sending import check_key
from api.department.waiting import EXIT_CODE_WORDS, SOME_CAME_BACK, add_wait, judge_waiting, wait_final
from api.files import write
from api.parsers import Commands, add_catalogue
from api.signing.options import SignerOptions, add_signer, open_signer
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput


class _RunOptions(TableOptions, NodeOptions, SignerOptions, Protocol):
    wait: int
    proofs: Path | None
    queue: Path


class _TemplateOptions(Protocol):
    type: str
    output: Path


class _NewProfileOptions(Protocol):
    file: Path
    sheet: list[str]
    output: Path


class _ShowProfileOptions(Protocol):
    name: str


class _NoOptions(Protocol):
    pass


class _SourceOptions(Protocol):
    identifier: str
    journal: Path


def add(commands: Commands) -> None:
    topic = commands.add_parser(
        "import", description="See docs/import.md: kinds of files, profiles, findings."
    )
    actions = topic.add_subparsers(required=True, metavar="ACTION")
    _add_check(actions)
    _add_run(actions)
    _add_template(actions)
    _add_profile(actions)
    command = actions.add_parser(
        "source",
        help="show the rows of which a certificate was made, as they were read",
        description="What did the department's table say? The digest of the row is a claim of the "
        "record. Exit codes: 0, 1 failed.",
    )
    command.add_argument("identifier", metavar="IDENTIFIER", help="of the certificate as it is now")
    command.add_argument(
        "--journal", type=Path, default=Path(JOURNAL_NAME), metavar="F", help=f"default: {JOURNAL_NAME}"
    )
    command.set_defaults(run=_show_source)


def _add_check(actions: Commands) -> None:
    command = actions.add_parser(
        "check",
        help="judge every row of a table, and register nothing",
        description="Rows that come back are written beside FILE, as .faulty.xlsx and .faulty.csv: mend "
        "and import them as they are. "
        "Nothing is registered or noted. Exit codes: 0 every row is good, 1 some come back or something is open.",
    )
    add_table(command)
    command.set_defaults(run=_check)


def _add_run(actions: Commands) -> None:
    command = actions.add_parser(
        "run",
        help="check a table, sign what is good, hand it in, fetch the proofs",
        description="Good rows are registered, the others come back beside FILE as .faulty.xlsx and "
        ".faulty.csv. Warnings and open "
        "questions stop it before anything is signed. Run the same command again after any failure: it "
        "goes on where it was, and "
        "a file that was imported registers nothing twice. Exit codes: 0 all handed in, 1 failed, "
        f"{EXIT_CODE_WORDS}, {SOME_CAME_BACK} handed in but for rows that came back.",
    )
    add_table(command)
    add_signer(command, "private key of the department; it stays on this machine")
    add_node(command, "the node of the department's city")
    add_token_file(command)
    add_wait(command)
    add_queue(command)
    command.add_argument(
        "--proofs", type=Path, metavar="DIR", help="fetch the proofs into this folder once they are final"
    )
    command.set_defaults(run=_run)


def _add_template(actions: Commands) -> None:
    command = actions.add_parser(
        "template",
        help="make an empty table for a type of certificate",
        description="The table is read with the profile plain. Exit codes: 0 written, 1 failed.",
    )
    command.add_argument("type", metavar="TYPE", help="code or name of the type")
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="F", help="workbook to write, .xlsx"
    )
    add_catalogue(command)
    command.set_defaults(run=_write_template)


def _add_profile(actions: Commands) -> None:
    topic = actions.add_parser("profile", help="profiles 导入方案: propose, list and show them")
    profile_actions = topic.add_subparsers(required=True, metavar="ACTION")
    command = profile_actions.add_parser(
        "new",
        help="propose a profile from the headings and values of a table",
        description="A person reads the proposal and confirms it: what is not certain is marked. Exit "
        "codes: 0 written, 1 failed.",
    )
    command.add_argument("file", type=Path, metavar="FILE", help="a table of the source")
    command.add_argument(
        "--sheet", action="append", default=[], metavar="NAME", help="sheet of a workbook; repeatable"
    )
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="F", help="profile to write, .toml"
    )
    add_catalogue(command)
    command.set_defaults(run=_propose)
    command = profile_actions.add_parser(
        "list", help="list the profiles that come along", description="Exit codes: 0 listed, 1 failed."
    )
    command.set_defaults(run=_list_profiles)
    command = profile_actions.add_parser(
        "show", help="show how a profile reads tables", description="Exit codes: 0 shown, 1 failed."
    )
    command.add_argument("name", metavar="P", help="a file, or the name of one that comes along")
    add_catalogue(command)
    command.set_defaults(run=_show_profile)


# -- Checking --


def _check(options: TableOptions) -> int:
    with open_source(options.file, options.sheet) as source, open_journal(options) as journal:
        tally = check_file(options, source, journal, keep=lambda _: False)
    report(options, source, tally)
    obstacle = find_obstacle(options, tally)
    if obstacle:
        note(obstacle)
    if not options.json:
        say("Nothing was registered 未登记任何内容.")
    return 1 if obstacle or tally.rejected_count else 0


# -- Running --


def _run(options: _RunOptions) -> int:
    """Check, sign, hand in, follow, fetch proofs; what was begun before goes first."""
    with (
        open_source(options.file, options.sheet) as source,
        open_journal(options) as journal,
        ExitStack() as stack,
    ):
        node = stack.enter_context(NodeClient(options.node, read_token(options), ca_file=options.ca_file))
        signer = open_signer(options)
        check_key(node, signer)
        submissions_folder = journal.submissions_folder
        handing_in = HandingIn(journal, node, signer, submissions_folder, _Progress(journal).show)
        queue_ending_acts(journal, WaitingActs(options.queue))
        answers = _resume(journal, handing_in)
        tally = None
        if journal.find_file_state(source.digest) != DONE:
            tally = check_file(options, source, journal, keep=lambda tally: not find_obstacle(options, tally))
            if obstacle := find_obstacle(options, tally):
                report(options, source, tally)
                note(f"Nothing was signed 未签名: {obstacle}")
                return 1
            queue_ending_acts(journal, WaitingActs(options.queue))
            answers += handing_in.hand_in(source.digest, source.name)
        returned_count = journal.count_returned(source.digest)
        return _conclude(options, source, tally, node, handing_in, answers, returned_count)


class _Progress:
    """Shows how many rows of a file are accepted, how fast, and how long the rest will take."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._start_seconds, self._accepted_count = journal, time.monotonic(), 0

    def show(self, file_digest: str, row_count: int) -> None:
        self._accepted_count += row_count
        rows_per_second = self._accepted_count / max(0.001, time.monotonic() - self._start_seconds)
        left_count = self._journal.count_ready(file_digest)
        note(
            f"accepted 已受理: {self._accepted_count:,} rows ({rows_per_second:,.0f}/s), {left_count:,} to go, "
            f"{left_count / rows_per_second:,.0f} s left"
        )


def _resume(journal: Journal, handing_in: HandingIn) -> list[SubmissionAnswer]:
    """Hand in what was checked before and not handed in to its end."""
    answers: list[SubmissionAnswer] = []
    for file_digest, file_name in journal.list_pending_files():
        note(f"{file_name} was checked before and is handed in to its end first 续传.")
        answers += handing_in.hand_in(file_digest, file_name)
    return answers


def _conclude(
    options: _RunOptions,
    source: Source,
    tally: Tally | None,
    node: NodeClient,
    handing_in: HandingIn,
    answers: list[SubmissionAnswer],
    returned_count: int,
) -> int:
    if answers:
        answers[-1] = wait_final(node, answers[-1], options.wait)
    exit_code = judge_waiting(answers[-1:], options.wait)
    proof_count = (
        handing_in.fetch_proofs(source.digest, options.proofs) if options.proofs and not exit_code else 0
    )
    accepted_count = sum(answer["count"] for answer in answers)
    if tally is None and not options.json:
        say(f"{source.name} is registered already 已登记过: nothing was handed in twice.")
    if tally is not None:
        report(
            options,
            source,
            tally,
            accepted=accepted_count,
            refused=[*handing_in.refusal_lines],
            proofs=proof_count,
        )
    elif options.json:
        show_json(
            {
                "file": source.name,
                "digest": source.digest,
                "accepted": accepted_count,
                "proofs": proof_count,
                "returned": returned_count,
            }
        )
    if not options.json:
        say(
            f"已登记 accepted: {accepted_count:,} records in {len(answers):,} submissions; proofs "
            f"存证凭据: {proof_count:,}"
        )
    for refusal_line in handing_in.refusal_lines:
        note(refusal_line)
    if returned_count:
        note(f"{returned_count:,} rows of {source.name} came back 退回 when it was checked or signed.")
    remind_waiting(options.queue, options.file.parent)
    if exit_code:
        return exit_code
    return SOME_CAME_BACK if returned_count or handing_in.refusal_lines else 0


# -- Templates, profiles, sources --


def _write_template(options: _TemplateOptions) -> int:
    write_template(options.type, options.output)
    note(f"{options.output}: fill in a row for each certificate; an end that there is not is {NO_END}.")
    return 0


def _propose(options: _NewProfileOptions) -> int:
    with open_source(options.file, options.sheet) as source:
        text, open_count = propose_profile(source)
    write(options.output, text.encode())
    note(
        f"{options.output}: read it and confirm it 请核对; {open_count} lines wait for a person, marked TODO."
    )
    return 0


def _list_profiles(options: _NoOptions) -> int:
    for name in list_profiles():
        say(f"{name}  {load_profile(name).title}")
    return 0


def _show_profile(options: _ShowProfileOptions) -> int:
    show_json(load_profile(options.name).model_dump())
    return 0


def _show_source(options: _SourceOptions) -> int:
    """Raises: MalformedInput where the journal has no such certificate."""
    if not options.journal.exists():
        raise MalformedInput(f"there is no {options.journal}: name the journal of the imports with --journal")
    with Journal(options.journal) as journal:
        sources = journal.find_source(options.identifier)
    if not sources:
        raise MalformedInput(f"{options.journal} has no certificate {options.identifier[:100]}")
    show_json(
        [
            {"file": file_name, "row": decode(source), "salt": salt.hex()}
            for file_name, source, salt in sources
        ]
    )
    return 0
