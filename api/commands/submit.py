"""`shunzheng submit`: draft, sign and hand in a department's records, and say what became of them."""

import argparse
import hashlib
import secrets
import time
from pathlib import Path
from typing import Any, Final

from anchoring.database.files import replace_file
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.console import note, progress, say, show_json
from api.department.drafting import draft
from api.department.receipts import keep_receipt
from api.department.sending import PATIENCE_SECONDS, hand_in, target_of, wait_final
from api.key_files import add_key, open_key

_UNIQUE_DIGITS: Final = 16


def add(commands: Any) -> None:
    command = commands.add_parser(
        "submit",
        description="The signed submission is kept beside the records. Run the same command again after a failure: the same "
        "submission is handed in, and a node that has it already answers with the same receipt.",
    )
    command.add_argument(
        "records", type=Path, metavar="RECORDS.ndjson", help="one record a line; see examples/README.md"
    )
    add_key(command, "private key of the department; it stays on this machine")
    command.add_argument("--node", required=True, metavar="URL", help="the node of the department's city")
    command.add_argument("--registry", metavar="NAME", help="refuse to sign for another registry than this")
    command.add_argument(
        "--wait",
        type=int,
        metavar="SECONDS",
        default=0,
        help="wait so long for the records to be final; default: 0",
    )
    command.add_argument(
        "--patience",
        type=int,
        metavar="SECONDS",
        default=PATIENCE_SECONDS,
        help=f"try again for so long in all while the node has no room for more; default: {PATIENCE_SECONDS}",
    )
    command.add_argument("--json", action="store_true", help="the receipt, for programs")
    command.set_defaults(run=_submit)


def _submit(args: argparse.Namespace) -> int:
    with NodeClient(args.node) as node:
        kept = _kept(args.records)
        if kept.exists():
            note(
                f"Handing in the submission that was signed before, {kept.name}. Delete it to draft and sign anew."
            )
        else:
            _draft(args, node, kept)
        receipt = hand_in(node, kept, args.patience)
        note(keep_receipt(node, kept, receipt))
        receipt = wait_final(node, receipt, args.wait)
    if args.json:
        show_json(receipt)
        return 0
    for row in receipt.get("warnings") or ():
        note(f"  row {row['row']}: {row['message']}")
    say(f"已登记 accepted: {receipt['count']:,} records as submission {receipt['id']}")
    say(f"state {receipt['state']}; positions {receipt['first']:,} and following in log {receipt['log']}")
    note(f"Keep {kept.name}: it opens every claim, and the records can be taken back from it.")
    return 0


def _kept(records: Path) -> Path:
    """Name the signed submission after the content of the records: changed records make a new one."""
    with records.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return records.with_name(f"{records.name}.{digest[:_UNIQUE_DIGITS]}.submission")


def _draft(args: argparse.Namespace, node: NodeClient, kept: Path) -> None:
    target = target_of(node)
    if args.registry and args.registry != target.registry:
        raise NodeError(
            f"{args.node} follows the registry {target.registry}, not {args.registry}: nothing was signed"
        )
    key = open_key(args.key, args.key_password_file)
    folder = args.records.parent
    with args.records.open("rb") as lines:
        total = sum(1 for _ in lines)
        lines.seek(0)
        with draft(
            progress(lines, "drafting", total),
            target,
            key,
            secrets.token_bytes,
            int(time.time()),
            read=lambda path: (folder / path).read_bytes(),
        ) as drafted:
            replace_file(kept, drafted.lines(), mode=0o600)
