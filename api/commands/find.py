"""`shunzheng find`: which certificate a number, a document, a code or an identifier means."""

from pathlib import Path
from typing import Final, Protocol

from api.client.authorities import add_authorities
from api.client.certificates import HOLDER, Name, ask_suite, describe_name, find_certificates, read_name
from api.client.client import NodeClient
from api.client.options import TokenOptions, add_token_file, read_token
from api.console import add_language, note, say, show_json
from api.department.rows.queue import WaitingAct, WaitingActs, add_queue
from api.limits import MAX_REASON_CHARS
from api.parsers import Commands, add_catalogue, add_json
from api.rendering.listings import HitJson, describe_hit
from api.rendering.visible import make_visible
from api.words import ACTION_WORDS
from ledger.errors import MalformedInput
from ledger.words import Language, Words

_NOTHING_FOUND_CODE: Final = 12
_NOTHING_FOUND: Final = Words(
    "未找到：该城市登记库中没有这一证照，或其信息未向登记库披露。",
    "Nothing was found: this city's register has no such certificate, or what it states was not disclosed to it.",
)
_KNOWN_NOW: Final = Words("现已登记：", "known now:")
_WAITING: Final = Words(
    "待办 {} 项，其中 {} 项的证照现已登记：用 `shunzheng 操作 --waiting` 办理。",
    "{} acts wait; the certificates of {} are known now: `shunzheng ACTION --waiting` does them.",
)


class _FindOptions(TokenOptions, Protocol):
    node: str | None
    ca_file: Path | None
    what: str | None
    holder: str | None
    waiting: bool
    dismiss: int | None
    queue: Path
    reason: str | None
    lang: Language
    json: bool


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "find",
        description="Says which certificates are meant: type, number 编号, holder 持证主体 (those of a person "
        "are masked, but for a number that was named) and "
        "state. The commands that change a certificate take the same and say the same before they act. An identifier, a "
        "code or a document with its proof needs a token of the scope `history`; a number, a holder or a document alone "
        "one of the scope `search`, and a reason. With --waiting it lists the acts 待办 that wait for a certificate which "
        "nobody knew, and says which are known now. Exit codes: 0 found, or nothing waits; 12 nothing was found, or acts "
        "wait.",
    )
    command.add_argument(
        "what",
        nargs="?",
        metavar="WHAT",
        help="identifier of any version, number 编号, document, proof, or the SZ1: code itself",
    )
    command.add_argument(
        "--holder", metavar="TEXT", help="instead: whole name or code of the holder 持证主体"
    )
    command.add_argument("--waiting", action="store_true", help="instead: the acts that wait in the queue")
    command.add_argument(
        "--dismiss",
        type=int,
        metavar="NUMBER",
        help="take a waiting act out of the queue undone, with --reason; it is kept there as dismissed",
    )
    add_queue(command)
    command.add_argument("--reason", help="why it is looked for; it is kept in the log of looks")
    command.add_argument("--node", metavar="URL", help="the node of the issuing city; --dismiss asks none")
    add_authorities(command)
    add_token_file(command)
    add_catalogue(command)
    add_language(command)
    add_json(command)
    command.set_defaults(run=_find)


def _find(options: _FindOptions) -> int:
    questions = (
        options.what is not None,
        options.holder is not None,
        options.waiting,
        options.dismiss is not None,
    )
    if sum(questions) != 1:
        raise MalformedInput("name one of WHAT, --holder, --waiting and --dismiss")
    if options.dismiss is not None:
        if not options.reason:
            raise MalformedInput("an act is dismissed with --reason: it is kept in the queue")
        WaitingActs(options.queue).dismiss(options.dismiss, options.reason)
        return 0
    if options.node is None:
        raise MalformedInput("name the node of the issuing city with --node")
    with NodeClient(options.node, read_token(options), ca_file=options.ca_file) as node:
        if options.waiting:
            return _show_waiting(options, node)
        name = (
            read_name(options.what, ask_suite(node))
            if options.what is not None
            else Name(HOLDER, str(options.holder))
        )
        hits = find_certificates(node, name, options.reason or "")
    if options.json:
        show_json(hits)
    for hit in () if options.json else hits:
        say(describe_hit(hit, options.lang))
    if not hits:
        note(_NOTHING_FOUND.in_(options.lang))
    return 0 if hits else _NOTHING_FOUND_CODE


def _show_waiting(options: _FindOptions, node: NodeClient) -> int:
    """List what waits, and whether its certificate is known by now."""
    acts = WaitingActs(options.queue).list_waiting()
    hits_by_act = [_find_waited_for(options, node, act) for act in acts]
    if options.json:
        show_json(
            [act.to_json() | {"certificates": hits} for act, hits in zip(acts, hits_by_act, strict=True)]
        )
    for act, hits in () if options.json else zip(acts, hits_by_act, strict=True):
        say(_describe_act(act, options.lang))
        for hit in hits:
            say(f"    {_KNOWN_NOW.in_(options.lang)} {describe_hit(hit, options.lang)}")
    note(_WAITING.in_(options.lang).format(len(acts), sum(map(bool, hits_by_act))))
    return _NOTHING_FOUND_CODE if acts else 0


def _find_waited_for(options: _FindOptions, node: NodeClient, act: WaitingAct) -> list[HitJson]:
    reason = options.reason or f"{ACTION_WORDS[act.action].zh} {act.members.get('basis', '')}".strip()
    return find_certificates(node, act.name, reason[:MAX_REASON_CHARS])


def _describe_act(act: WaitingAct, language: Language) -> str:
    basis = make_visible(str(act.members.get("basis", "")))
    action = ACTION_WORDS[act.action].in_(language)
    return f"{act.id}  {act.since}  {action}  {make_visible(describe_name(act.name))}  {basis}".rstrip()
