"""`shunzheng find`: which certificate a number, a document, a code or an identifier means."""

from typing import Final, Protocol

from api.client.certificates import HOLDER, Name, ask_suite, find_certificates, read_name
from api.client.client import NodeClient
from api.client.options import NodeOptions, add_node, add_token_file, read_token
from api.console import add_language, note, say, show_json
from api.parsers import Commands, add_catalogue, add_json
from api.rendering.listings import describe_hit
from ledger.errors import MalformedInput
from ledger.words import Language, Words

_NOTHING_FOUND_CODE: Final = 12
_NOTHING_FOUND: Final = Words(
    "未找到：该城市登记库中没有这一证照，或其信息未向登记库披露。",
    "Nothing was found: this city's register has no such certificate, or what it states was not disclosed to it.",
)


class _FindOptions(NodeOptions, Protocol):
    what: str | None
    holder: str | None
    reason: str | None
    lang: Language
    json: bool


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "find",
        description="Says which certificates are meant: type, number 编号, holder 持证主体 (a person's name is masked) and "
        "state. The commands that change a certificate take the same and say the same before they act. An identifier, a "
        "code or a document with its proof needs a token of the scope `history`; a number, a holder or a document alone "
        "one of the scope `search`, and a reason. Exit codes: 0 found, 12 nothing was found.",
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
    command.add_argument("--reason", help="why it is looked for; it is kept in the log of looks")
    add_node(command)
    add_token_file(command)
    add_catalogue(command)
    add_language(command)
    add_json(command)
    command.set_defaults(run=_find)


def _find(options: _FindOptions) -> int:
    if (options.what is None) == (options.holder is None):
        raise MalformedInput("name one of WHAT and --holder")
    with NodeClient(options.node, read_token(options), ca_file=options.ca_file) as node:
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
