"""`shunzheng receipts`: what became of the promises that a node's receipts make."""

import argparse
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from api.client.client import NodeClient
from api.console import say, show_json
from api.http.schemas.receipts import JudgementShape
from api.node.loading import load_settings
from api.parsers import Commands
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.verification.receipts import PromiseState, SignedReceipt, decode_signed_receipt, judge_promise

_FAILED: Final = frozenset({PromiseState.BROKEN, PromiseState.CONTRADICTED, PromiseState.NOT_GENUINE})
_INVALID, _UNVERIFIABLE = 11, 12


def add(commands: Commands) -> None:
    topic = commands.add_parser("receipts")
    actions = topic.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser(
        "check",
        help="say of each receipt whether its promise was kept",
        description="Ask a node that is not the one that gave the receipt: any city's node that fetches the log's entries "
        "can tell. Exit codes: 0 kept or not due yet, 11 broken, contradicted or no receipt, 12 cannot be told.",
    )
    check.add_argument("receipts", type=Path, nargs="+", metavar="FILE", help="….receipt.json")
    who = check.add_mutually_exclusive_group(required=True)
    who.add_argument("--node", metavar="URL", help="ask this node, and rely on it")
    who.add_argument("--directory", type=Path, help="the directory of a node, asked without HTTP")
    check.add_argument("--json", action="store_true", help="for programs")
    check.set_defaults(run=_check)


def _check(args: argparse.Namespace) -> int:
    signed = [_read(path) for path in args.receipts]
    judged = _by_node(args.node, signed) if args.node else _by_directory(args.directory, signed)
    shown, code = list[Json](), 0
    for path, shape in zip(args.receipts, judged, strict=True):
        standing = PromiseState(shape.standing)
        if standing in _FAILED:
            code = _INVALID
        elif standing is PromiseState.UNKNOWN:
            code = code or _UNVERIFIABLE
        shown.append({"file": str(path), **shape.model_dump()})
        if not args.json:
            say(f"{path}: {shape.words.zh} {shape.words.en}: {shape.text} ({shape.reason})")
    if args.json:
        show_json(shown)
    return code


def _read(path: Path) -> SignedReceipt:
    try:
        return decode_signed_receipt(path.read_bytes())
    except MalformedInput as error:
        raise type(error)(f"{path}: {error}") from error


def _by_node(url: str, receipts: Iterable[SignedReceipt]) -> Iterator[JudgementShape]:
    with NodeClient(url) as node:
        for signed in receipts:
            yield JudgementShape.model_validate(node.judge_receipt(signed.encode()))


def _by_directory(directory: Path, receipts: Iterable[SignedReceipt]) -> Iterator[JudgementShape]:
    from anchoring.monitor.copies import EntryCopies
    from anchoring.monitor.entries import HeldEntries
    from anchoring.register.store import Register
    from anchoring.replica.store import Replica

    settings = load_settings(directory)
    with ExitStack() as stack:
        replica = Replica(settings.replica_url)
        stack.callback(replica.close)
        connection = None
        if settings.log and settings.register_url:
            register = Register(settings.register_url)
            stack.callback(register.close)
            connection = stack.enter_context(register.reading())
        entries = HeldEntries(settings.log or "", connection, EntryCopies(replica.engine))
        trust = stack.enter_context(replica.reading())
        trust.entries = entries
        for signed in receipts:
            yield JudgementShape.of(judge_promise(signed, trust, entries, int(time.time())))
