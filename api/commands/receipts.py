"""`shunzheng receipts`: what became of the promises that a node's receipts make."""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Protocol

from api import files
from api.client.authorities import add_authorities
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.console import say, show_json
from api.node.loading import load_settings
from api.parsers import Commands, add_json
from ledger.encoding.canonical import Json
from ledger.verification.receipts import (
    PROMISE_WORDS,
    Judgement,
    PromiseState,
    SignedReceipt,
    decode_signed_receipt,
    judge_promise,
)

_FAILED_STATES: Final = frozenset({PromiseState.BROKEN, PromiseState.CONTRADICTED, PromiseState.NOT_GENUINE})
_CODE_INVALID, _CODE_UNVERIFIABLE = 11, 12


class _CheckOptions(Protocol):
    receipts: list[Path]
    node: str | None
    ca_file: Path | None
    directory: Path | None
    json: bool


def add(commands: Commands) -> None:
    receipts_parser = commands.add_parser("receipts")
    actions = receipts_parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check_parser = actions.add_parser(
        "check",
        help="say of each receipt whether its promise was kept",
        description="Ask a node that is not the one that gave the receipt: any city's node that fetches the log's entries "
        "can tell. Exit codes: 0 kept or not due yet, 11 broken, contradicted or no receipt, 12 cannot be told.",
    )
    check_parser.add_argument("receipts", type=Path, nargs="+", metavar="FILE", help="….receipt.json")
    source_group = check_parser.add_mutually_exclusive_group(required=True)
    source_group.add_argument("--node", metavar="URL", help="ask this node, and rely on it")
    add_authorities(check_parser)
    source_group.add_argument("--directory", type=Path, help="the directory of a node, asked without HTTP")
    add_json(check_parser)
    check_parser.set_defaults(run=_check)


def _check(options: _CheckOptions) -> int:
    receipts = [files.read_decoded(path, "receipt", decode_signed_receipt) for path in options.receipts]
    judgements = _judge(options, receipts)
    rows, exit_code = list[Json](), 0
    for path, judgement in zip(options.receipts, judgements, strict=True):
        if judgement.state in _FAILED_STATES:
            exit_code = _CODE_INVALID
        elif judgement.state is PromiseState.UNKNOWN:
            exit_code = exit_code or _CODE_UNVERIFIABLE
        promise_words = PROMISE_WORDS[judgement.state]
        rows.append(
            {
                "file": str(path),
                "standing": judgement.state.value,
                "reason": judgement.reason,
                "words": {"zh": promise_words.zh, "en": promise_words.en},
                "text": judgement.text,
            }
        )
        if not options.json:
            say(f"{path}: {promise_words.zh} {promise_words.en}: {judgement.text} ({judgement.reason})")
    if options.json:
        show_json(rows)
    return exit_code


def _judge(options: _CheckOptions, receipts: Iterable[SignedReceipt]) -> Iterator[Judgement]:
    if options.node is not None:
        return _judge_by_node(options.node, options.ca_file, receipts)
    assert options.directory is not None  # the parser asks for one of the two
    return _judge_by_directory(options.directory, receipts)


def _judge_by_node(url: str, ca_file: Path | None, receipts: Iterable[SignedReceipt]) -> Iterator[Judgement]:
    with NodeClient(url, ca_file=ca_file) as node:
        for receipt in receipts:
            answer = node.judge_receipt(receipt.encode())
            try:
                state = PromiseState(answer["standing"])
            except ValueError as error:
                raise NodeError(
                    f"{url} answers {answer['standing']!a}, which this program does not know: use a newer one"
                ) from error
            yield Judgement(state, answer["reason"], answer["text"])


def _judge_by_directory(directory: Path, receipts: Iterable[SignedReceipt]) -> Iterator[Judgement]:
    from anchoring.monitor.copies import EntryCopies
    from anchoring.monitor.entries import EntriesByConnection
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
        entries = EntriesByConnection(settings.log or "", connection, EntryCopies(replica.engine))
        trust = stack.enter_context(replica.reading())
        trust.entries = entries
        for receipt in receipts:
            yield judge_promise(receipt, trust, entries, int(time.time()))
