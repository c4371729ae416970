"""`shunzheng chain`: deploy the registry and govern it, on any Ethereum-compatible chain.

The account comes from an encrypted keystore file; its password from a file or a prompt, never from the command line.
"""

import argparse
import getpass
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from anchoring import calls, deployment
from anchoring.chain import Chain, RegistryName
from anchoring.errors import WrongRegistry
from anchoring.ethereum import Account, Endpoint, EthereumChain
from api.console import note, say, show_json
from ledger import registry as acts
from ledger.canonical import Json
from ledger.errors import MalformedInput
from ledger.fields import parse_hex, parse_key_id
from ledger.identifiers import check_credit_code
from ledger.keys import private_key, public_key
from ledger.knowledge import Knowledge
from ledger.records import KINDS
from ledger.suites import by_name
from ledger.times import format_time, parse_time

_WINDOW: Final = 1_000  # blocks a request while showing a registry
_PURPOSES: Final = {"department": 1, "node": 2}

Build = Callable[[argparse.Namespace], Iterable[acts.Act]]


def add(commands: Any) -> None:
    topic = commands.add_parser("chain", help="deploy the registry and govern it")
    actions = topic.add_subparsers(dest="action", required=True, metavar="ACTION")

    account = actions.add_parser("account", help="make an account in an encrypted keystore file")
    account.add_argument("-o", "--output", type=Path, required=True)
    account.add_argument("--password-file", type=Path)
    account.set_defaults(run=_account)

    deploy = actions.add_parser("deploy", help="deploy the registry contract and print its name")
    _sender(deploy)
    deploy.add_argument("--province", metavar="ADDRESS", help="default: the account itself")
    deploy.set_defaults(run=_deploy)

    show = actions.add_parser("show", help="read every event of a registry and show what it says now")
    _target(show)
    show.set_defaults(run=_show)

    log = _act(actions, "admit-log", "admit a city's log (province)", _admit_log)
    log.add_argument("--suite", choices=("sm3", "sha256"), default="sm3")
    log.add_argument("--admin", metavar="ADDRESS", required=True)
    log.add_argument(
        "--division", action="append", required=True, metavar="CODE", help="six digits; may be repeated"
    )

    issuer = _act(actions, "add-issuer", "add an issuer of the city's own divisions (admin)", _add_issuer)
    issuer.add_argument("--issuer", required=True, metavar="CREDIT_CODE")
    issuer = _act(actions, "assign-issuer", "assign or move any issuer (province)", _assign_issuer)
    issuer.add_argument("--issuer", required=True, metavar="CODE")

    key = _act(actions, "add-key", "register a key (admin)", _add_key)
    _key_source(key)
    key.add_argument("--purpose", choices=tuple(_PURPOSES), default="department")
    _granted(_act(actions, "grant", "let a key speak for an issuer (admin)", _grant), with_key=True)

    board = _act(actions, "onboard-department", "add issuer, key and grant in one step (admin)", _onboard)
    _key_source(board)
    _granted(board, with_key=False)

    retire = _act(
        actions, "retire-key", "stop a key at a moment that is not past (admin)", _retire, log=False
    )
    retire.add_argument("--key", required=True, metavar="0x…")
    retire.add_argument("--at", required=True, metavar="TIME", help="YYYY-MM-DDTHH:MM:SSZ")
    stolen = _act(
        actions, "compromise-key", "declare a key stolen since a moment (admin)", _compromise, log=False
    )
    stolen.add_argument("--key", required=True, metavar="0x…")
    stolen.add_argument(
        "--since", required=True, metavar="TIME", help="YYYY-MM-DDTHH:MM:SSZ; later only moves earlier"
    )

    operator = _act(actions, "set-operator", "name the account that anchors (admin)", _set_operator)
    operator.add_argument("--operator", required=True, metavar="ADDRESS")


def _act(actions: Any, name: str, words: str, build: Build, *, log: bool = True) -> Any:
    parser = actions.add_parser(name, help=words)
    _target(parser)
    _sender(parser, url=False)
    if log:
        parser.add_argument("--log", required=True)
    parser.set_defaults(run=_record, build=build)
    return parser


def _target(parser: Any) -> None:
    parser.add_argument("--chain-url", required=True, metavar="URL")
    parser.add_argument(
        "--registry", required=True, metavar="NAME", help="eip155:<chain>:0x<address>:<head 0>"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def _sender(parser: Any, *, url: bool = True) -> None:
    if url:
        parser.add_argument("--chain-url", required=True, metavar="URL")
        parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--keystore", type=Path, required=True, help="encrypted keystore of the sending account"
    )
    parser.add_argument("--password-file", type=Path, help="else the password is asked for")
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be sent and what follows; send nothing"
    )


def _key_source(parser: Any) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--spki", metavar="HEX", help="public key as printed by `shunzheng keys show`")
    source.add_argument("--key-file", type=Path, help="key file; only its public part is used")


def _granted(parser: Any, *, with_key: bool) -> None:
    if with_key:
        parser.add_argument("--key", required=True, metavar="0x…")
    parser.add_argument("--issuer", required=True, metavar="CREDIT_CODE")
    parser.add_argument(
        "--kind", action="append", choices=tuple(KINDS), help="may be repeated; default: licence"
    )
    parser.add_argument(
        "--type", action="append", default=[], metavar="CODE", help="certificate type; default: all"
    )
    parser.add_argument("--not-before", metavar="TIME", help="default: from the start")
    parser.add_argument("--not-after", metavar="TIME", help="default: no end")


def _account(args: argparse.Namespace) -> int:
    account = Account.generate()
    account.save(args.output, _password(args.password_file, twice=True))
    say(account.address)
    note(f"The key is in {args.output}, encrypted. Without its password nobody can open it, you included.")
    return 0


def _deploy(args: argparse.Namespace) -> int:
    chain = _chain(args.chain_url)
    account = Account.load(args.keystore, _password(args.password_file))
    province = args.province or account.address
    if args.dry_run:
        size = len(calls.deployment(province))
        say(
            f"would deploy the registry ({size:,} bytes) on chain {chain.chain_id()} from {account.address}, "
            f"with {province} as the province"
        )
        return 0
    name = deployment.deploy(chain, account, province)
    if args.json:
        show_json({"registry": name, "province": province})
    else:
        say(name)
        note("This name is what every node pins as `registry` in its node.toml.")
    return 0


def _record(args: argparse.Namespace) -> int:
    chain, contract = _chain(args.chain_url), RegistryName.parse(args.registry).contract
    _check(chain, args.registry)
    account = Account.load(args.keystore, _password(args.password_file))
    done: list[Json] = []
    for act in args.build(args):
        if args.dry_run:
            chain.simulate(account.address, contract, calls.call(act))
            say(f"would send {calls.FUNCTIONS[type(act)]}: {words(act)}")
            continue
        receipt = deployment.act(chain, account, contract, calls.call(act))
        transaction = "0x" + receipt.transaction.hex()
        done.append(
            {
                "act": type(act).__name__,
                "block": receipt.block,
                "gas": receipt.gas_used,
                "transaction": transaction,
            }
        )
        if not args.json:
            say(f"{words(act)} (block {receipt.block}, {receipt.gas_used:,} gas)")
    if args.json and not args.dry_run:
        show_json(done)
    return 0


def _chain(url: str) -> EthereumChain:
    return EthereumChain(Endpoint(url))


def _check(chain: Chain, registry: str) -> None:
    name = RegistryName.parse(registry)
    if chain.chain_id() != name.chain_id:
        raise WrongRegistry(
            f"the endpoint serves chain {chain.chain_id()}, the registry is on {name.chain_id}: check the URL"
        )
    if chain.head_zero(name.contract)[:8] != name.head_prefix:
        raise WrongRegistry(
            f"the contract at {name.contract} is another registry than {registry}: check the name"
        )


def _password(path: Path | None, *, twice: bool = False) -> str:
    if path:
        return str(path.read_text().rstrip("\n"))
    if not sys.stdin.isatty():
        raise MalformedInput("there is nobody to ask for the password: name its file with --password-file")
    password = getpass.getpass("password of the keystore: ")
    if twice and getpass.getpass("the same again: ") != password:
        raise MalformedInput("the two passwords differ")
    return password


def _admit_log(args: argparse.Namespace) -> Iterable[acts.Act]:
    yield acts.LogAdmitted(
        args.log, by_name(args.suite).number, args.admin, tuple(args.division), acts.Predecessor()
    )


def _add_issuer(args: argparse.Namespace) -> Iterable[acts.Act]:
    check_credit_code(args.issuer)
    yield acts.IssuerAdded(args.log, args.issuer)


def _assign_issuer(args: argparse.Namespace) -> Iterable[acts.Act]:
    yield acts.IssuerAssigned(args.log, args.issuer)


def _spki(args: argparse.Namespace) -> bytes:
    spki = parse_hex(args.spki) if args.spki else private_key(args.key_file.read_bytes()).public.spki
    return public_key(spki).spki


def _add_key(args: argparse.Namespace) -> Iterable[acts.Act]:
    yield acts.KeyRegistered(args.log, _PURPOSES[args.purpose], _spki(args))


def _grant_of(args: argparse.Namespace, key: bytes) -> acts.KeyGranted:
    kinds = sum(KINDS[kind] for kind in set(args.kind or ["licence"]))
    not_before = parse_time(args.not_before) if args.not_before else 0
    not_after = parse_time(args.not_after) if args.not_after else acts.NO_END
    return acts.KeyGranted(args.log, key, args.issuer, kinds, tuple(args.type), not_before, not_after)


def _grant(args: argparse.Namespace) -> Iterable[acts.Act]:
    yield _grant_of(args, parse_key_id(args.key))


def _onboard(args: argparse.Namespace) -> Iterable[acts.Act]:
    """What the registry holds already is passed over, so an onboarding that was cut off can simply be repeated."""
    spki = _spki(args)
    key, known = public_key(spki).id, read_registry(_chain(args.chain_url), args.registry)
    if known.issuer_log(args.issuer, known.chain.n) != args.log:
        yield from _add_issuer(args)
    if known.key(key) is None:
        yield acts.KeyRegistered(args.log, _PURPOSES["department"], spki)
    grant = _grant_of(args, key)
    wanted = (grant.kinds, grant.types, grant.not_before, grant.not_after)
    if wanted not in [(g.kinds, g.types, g.not_before, g.not_after) for g in known.grants(key, args.issuer)]:
        yield grant


def _retire(args: argparse.Namespace) -> Iterable[acts.Act]:
    yield acts.KeyRetired(parse_key_id(args.key), parse_time(args.at))


def _compromise(args: argparse.Namespace) -> Iterable[acts.Act]:
    yield acts.KeyCompromised(parse_key_id(args.key), parse_time(args.since))


def _set_operator(args: argparse.Namespace) -> Iterable[acts.Act]:
    yield acts.OperatorSet(args.log, args.operator)


def words(act: acts.Act) -> str:
    """Say what an act changes, in words."""
    match act:
        case acts.LogAdmitted():
            return f"log {act.log} admitted: suite {act.suite}, admin {act.admin}, divisions {', '.join(act.divisions)}"
        case acts.IssuerAdded() | acts.IssuerAssigned():
            return f"issuer {act.issuer} belongs to log {act.log}"
        case acts.KeyRegistered():
            return f"key 0x{public_key(act.spki).id.hex()} registered by log {act.log}"
        case acts.KeyGranted():
            types = ", ".join(act.types) or "every type"
            return f"key 0x{act.key.hex()} may speak for {act.issuer}: {types}, until {format_time(act.not_after)}"
        case acts.KeyRetired():
            return (
                f"key 0x{act.key.hex()} stops at {format_time(act.at)}; what was anchored before stays good"
            )
        case acts.KeyCompromised():
            since = format_time(act.since)
            return f"key 0x{act.key.hex()} stolen since {since}: what was anchored then or later is unverifiable from now on"
        case acts.OperatorSet():
            return f"log {act.log} is anchored by {act.operator}"
        case _:
            return type(act).__name__


def read_registry(chain: Chain, registry: str) -> Knowledge:
    """Read every event up to the newest block and return what it says. Raises: BrokenHead, ChainUnavailable."""
    _check(chain, registry)
    contract = RegistryName.parse(registry).contract
    knowledge = Knowledge(registry, chain.head_zero(contract))
    last = chain.latest().number
    for first in range(0, last + 1, _WINDOW):
        for found in chain.events(contract, first, min(first + _WINDOW - 1, last)):
            knowledge.apply(found.event)
    return knowledge


def _show(args: argparse.Namespace) -> int:
    known = read_registry(_chain(args.chain_url), args.registry)
    state = description(known)
    if args.json:
        show_json(state)
        return 0
    governance = known.governance()
    say(f"{known.registry}\n{known.chain.n} acts, head 0x{known.chain.head.hex()}")
    if governance:
        say(f"province {governance.province}")
        if governance.successor:
            say(f"CLOSED; its successor is {governance.successor}")
    for log in known.logs():
        divisions = ", ".join(str(code) for code in _divisions(known, log.name))
        say(f"\nlog {log.name} ({log.suite.name}): {log.size:,} records in {log.sequence} anchors")
        say(f"  divisions {divisions or 'none'}; admin {log.admin}; operator {log.operator or 'none'}")
    return 0


def _divisions(known: Knowledge, log: str) -> list[Json]:
    return [code for code, name in sorted(known.divisions.items()) if name == log]


def description(known: Knowledge) -> dict[str, Json]:
    """Return what a registry says, for programs."""
    governance = known.governance()
    logs: list[Json] = [
        {
            "log": log.name,
            "suite": log.suite.name,
            "admin": log.admin,
            "operator": log.operator,
            "sequence": log.sequence,
            "size": log.size,
            "divisions": _divisions(known, log.name),
        }
        for log in known.logs()
    ]
    return {
        "registry": known.registry,
        "n": known.chain.n,
        "head": "0x" + known.chain.head.hex(),
        "province": governance.province if governance else "",
        "successor": governance.successor if governance else "",
        "logs": logs,
    }
