"""`shunzheng submit`: draft, sign and hand in the records of a department."""

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from anchoring.errors import SubmissionRefused
from anchoring.processes.workers import count_processes
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.client.options import add_node
from api.console import note, progress, say, show_json
from api.department.drafts import Target, UnsignedDraft
from api.department.rows.acceptance import add_accept, require_accepted
from api.department.rows.queue import add_queue, remind_waiting
from api.department.rows.reading import count_records, number_records
from api.department.sending import PATIENCE_SECONDS, ask_target, check_key, prepare_lines, send
from api.department.submission_files import digest_rows, name_submission
from api.department.waiting import EXIT_CODE_WORDS, add_wait, judge_waiting
from api.parsers import Commands, add_catalogue, add_json
from api.signing.options import SignerOptions, add_signer, open_signer
from ledger.crypto.keys import Signer
from ledger.encoding.times import find_civil_date
from ledger.records.submissions import MAX_STATEMENT_SECONDS, MAX_WINDOW


class _SubmitOptions(SignerOptions, Protocol):
    records: Path
    node: str
    ca_file: Path | None
    registry: str | None
    wait: int
    patience: int
    dry_run: bool
    accept: list[str]
    queue: Path
    json: bool


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "submit",
        description="The signed submission is kept beside the records. Run the same command again after a failure: the same "
        "submission is handed in, and a node that has it already answers with the same receipt. With another key, or where "
        "rows or documents have changed, a new one is signed. It is signed for the next "
        f"{MAX_WINDOW} anchors and {MAX_STATEMENT_SECONDS // 3600} hours; where they are over, the same records are signed "
        f"again. Exit codes: 0 handed in, 1 failed, {EXIT_CODE_WORDS}.",
    )
    command.add_argument(
        "records",
        type=Path,
        metavar="RECORDS",
        help="NDJSON with one record a line, or CSV with a header; see examples/README.md",
    )
    add_signer(command, "private key of the department; it stays on this machine")
    add_node(command, "the node of the department's city")
    command.add_argument("--registry", metavar="NAME", help="refuse to sign for another registry than this")
    add_wait(command)
    command.add_argument(
        "--patience",
        type=int,
        metavar="SECONDS",
        default=PATIENCE_SECONDS,
        help=f"try again for so long in all while the node has no room for more; default: {PATIENCE_SECONDS}",
    )
    command.add_argument(
        "--dry-run",
        action="store_true",
        help="judge every row as before signing, sign nothing and hand nothing in; what only the node knows, "
        "such as what is registered already, it says when they are handed in",
    )
    add_accept(command)
    add_queue(command)
    add_catalogue(command)
    add_json(command, "the receipt, for programs")
    command.set_defaults(run=_submit)


def _submit(options: _SubmitOptions) -> int:
    with NodeClient(options.node, ca_file=options.ca_file) as node, ExitStack() as draft_stack:
        target = _find_target(options, node)
        signer = open_signer(options)
        submission_path = _name_submission(options, target, signer)
        make_lines: Callable[[], Iterable[bytes]] = tuple
        if options.dry_run or not submission_path.exists():
            unsigned_draft = draft_stack.enter_context(_judge_records(options, target))
            if options.dry_run:
                check_key(node, signer)
                return _show_dry_run(options, unsigned_draft)
            make_lines = unsigned_draft.sign(signer).lines
        receipt = send(
            node,
            submission_path,
            make_lines,
            lambda: signer,
            lambda: number_records(options.records),
            patience_seconds=options.patience,
            wait_seconds=options.wait,
        )
    if options.json:
        show_json(receipt)
    else:
        say(f"已登记 accepted: {receipt['count']:,} records as submission {receipt['id']}")
        say(f"state {receipt['state']}; positions {receipt['first']:,} and following in log {receipt['log']}")
        note(f"Keep {submission_path.name}: it opens every claim, and the records can be taken back from it.")
    remind_waiting(options.queue, options.records.parent)
    return judge_waiting([receipt], options.wait)


def _find_target(options: _SubmitOptions, node: NodeClient) -> Target:
    """Return where the records go. Raises: NodeError, also where that is another registry than the one named, NotFound."""
    target = ask_target(node)
    if options.registry and options.registry != target.registry:
        raise NodeError(
            f"{options.node} follows the registry {target.registry}, not {options.registry}: nothing was signed"
        )
    return target


def _name_submission(options: _SubmitOptions, target: Target, signer: Signer) -> Path:
    """Return where the signed submission of these records is kept, beside them. Raises: OSError, MalformedInput."""
    records_path = options.records
    lines = (line for _, line in number_records(records_path))
    return name_submission(
        records_path.parent, records_path.name, digest_rows(lines, target, records_path.parent), signer
    )


def _judge_records(options: _SubmitOptions, target: Target) -> UnsignedDraft:
    """Make all of the submission but its signature. Raises: MalformedInput, SubmissionRefused, OSError."""
    line_count = count_records(options.records)
    unsigned_draft = prepare_lines(
        progress(number_records(options.records), "drafting", line_count),
        target,
        options.records.parent,
        today=find_civil_date(int(time.time())),
        process_count=count_processes(),
    )
    try:
        require_accepted(unsigned_draft.warnings, options.accept)
    except SubmissionRefused:
        unsigned_draft.close()
        raise
    return unsigned_draft


def _show_dry_run(options: _SubmitOptions, unsigned_draft: UnsignedDraft) -> int:
    record_count = len(unsigned_draft.leaves)
    if options.json:
        show_json({"action": "submit", "count": record_count})
    else:
        say(f"可以登记 good to sign: {record_count:,} records. Nothing was signed 未签名.")
    return 0
