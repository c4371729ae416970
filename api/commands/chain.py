"""`shunzheng chain`: deploy the registry and govern it, on any Ethereum-compatible chain.

The account comes from an encrypted keystore file; its password from a file or a prompt, never from the command line.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from anchoring.chain import calls, deployment
from anchoring.chain.accounts import Account
from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.jsonrpc import Endpoint
from anchoring.chain.protocol import RegistryName
from anchoring.errors import NotFound, TransactionRejected
from api.console import note, say, show_json
from api.governance.options import (
    Build,
    add_admin,
    add_grant,
    add_issuer,
    add_key_source,
    add_province,
    address,
    grant_of,
    spki_of,
)
from api.governance.reading import (
    Registry,
    check_registry,
    describe_registry,
    find_disagreements,
    read_registry,
    registry_json,
)
from api.governance.sender import Sender
from api.governance.words import advise, words
from api.node.chain_headers import load_chain_headers
from api.parsers import Commands
from api.passwords import read_password
from ledger.crypto.keys import keccak256, public_key
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.registry import acts

_NEW: Final = "make another with `shunzheng keys generate`"


def add(commands: Commands) -> None:
    topic = commands.add_parser("chain")
    actions = topic.add_subparsers(dest="action", required=True, metavar="ACTION")

    account = actions.add_parser("account", help="make an account in an encrypted keystore file")
    account.add_argument("-o", "--output", type=Path, required=True, help="the keystore file to be made")
    account.add_argument("--password-file", type=Path, help="else the password is asked for")
    account.set_defaults(run=_account)

    deploy = actions.add_parser("deploy", help="deploy the registry contract and print its name")
    _chain_options(deploy)
    _sender(deploy)
    deploy.add_argument("--province", metavar="ADDRESS", help="default: the account itself")
    deploy.set_defaults(run=_deploy)

    show = actions.add_parser(
        "show",
        help="read every act of a registry and show what holds now",
        description="Exit codes: 0 the contract's own state agrees with its acts, 1 it does not.",
    )
    _chain_options(show)
    _registry(show)
    show.add_argument("--log", help="this log only")
    show.set_defaults(run=_show)

    def act(name: str, help: str, build: Build) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=help)
        _chain_options(parser)
        _registry(parser)
        _sender(parser)
        parser.set_defaults(run=_record, build=build)
        return parser

    add_province(act)
    add_admin(act)
    board = act("onboard-department", "add issuer, key and grant in one guided step (admin)", add_issuer)
    add_key_source(board)
    add_grant(board)
    board.set_defaults(run=_onboard)


def _chain_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--chain-url", required=True, metavar="URL", help="the chain's JSON-RPC endpoint")
    parser.add_argument(
        "--chain-headers-file", type=Path, metavar="FILE", help="headers that the chain's gateway wants"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def _registry(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--registry", required=True, metavar="NAME", help="eip155:<chain>:0x<address>:<head 0>"
    )


def _sender(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keystore", type=Path, required=True, help="encrypted keystore of the sending account"
    )
    parser.add_argument("--password-file", type=Path, help="else the password is asked for")
    parser.add_argument(
        "--max-gas-price", type=int, metavar="WEI", help="the most that a unit of gas may cost"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be sent and what follows; send nothing"
    )


def _chain(args: argparse.Namespace) -> EthereumChain:
    try:
        headers = load_chain_headers(args.chain_headers_file, [args.chain_url]).get(args.chain_url)
        return EthereumChain(Endpoint(args.chain_url, headers=headers))
    except ValueError as error:
        raise MalformedInput(str(error)) from error


def _password(file: Path | None, *, twice: bool = False) -> str:
    return read_password(file, "the keystore", "name its file with --password-file", twice=twice)


def _account(args: argparse.Namespace) -> int:
    if args.output.exists():
        raise FileExistsError(
            f"{args.output} exists: a key is never overwritten; choose another name with -o"
        )
    account = Account.generate()
    account.save(args.output, _password(args.password_file, twice=True))
    say(account.address)
    note(f"The key is in {args.output}, encrypted. Without its password nobody can open it, you included.")
    return 0


def _deploy(args: argparse.Namespace) -> int:
    chain, account = _chain(args), Account.load(args.keystore, _password(args.password_file))
    province = address(args.province) if args.province else account.address
    if args.dry_run:
        data = calls.encode_deployment(province)
        facts: dict[str, Json] = {
            "act": "deploy",
            "chain": chain.chain_id(),
            "from": account.address,
            "nonce": chain.transaction_count(account.address, pending=True),
            "gas_limit": calls.estimate_gas(data, deploys=True),
            "bytes": len(data),
            "follows": f"a new registry, whose province is {province}",
        }
        _show_planned([facts], args)
        return 0
    try:
        name = deployment.deploy(chain, account, province, max_gas_price=args.max_gas_price)
    except TransactionRejected as error:
        raise advise(error) from error
    if args.json:
        show_json({"registry": name, "province": province})
    else:
        say(name)
        note("This name is what every node pins as `registry` in its node.toml.")
    return 0


def _open(args: argparse.Namespace) -> Sender:
    chain = _chain(args)
    check_registry(chain, args.registry)
    account = Account.load(args.keystore, _password(args.password_file))
    return Sender(chain, account, RegistryName.parse(args.registry).contract, args.max_gas_price)


def _record(args: argparse.Namespace) -> int:
    sender = _open(args)
    act = args.build(args, sender.account.address)
    if args.dry_run:
        _show_planned(sender.plan([act]), args)
        return 0
    done = sender.record(act)
    if args.json:
        show_json([done])
        return 0
    say(f"{done['changed']} (block {done['block']}, {done['gas']:,} gas)")
    if done["next"]:
        note(f"Next: {done['next']}")
    return 0


def _show_planned(planned: Sequence[dict[str, Json]], args: argparse.Namespace) -> None:
    if args.json:
        show_json(list(planned))
        return
    for item in planned:
        say(f"would send {item.get('function', 'the contract')}")
        for name in (
            "from",
            "to",
            "chain",
            "nonce",
            "gas_limit",
            "bytes",
            "data",
            "simulated",
            "follows",
            "next",
        ):
            if item.get(name, "") != "":
                say(f"  {name.replace('_', ' '):<10} {item[name]}")
    say("Nothing was sent.")


def _onboard(args: argparse.Namespace) -> int:
    """What the registry holds already is passed over, so an onboarding that was cut off can simply be repeated."""
    sender = _open(args)
    steps = _steps(args, read_registry(sender.chain, args.registry), sender.account.address)
    if args.dry_run:
        _show_planned(sender.plan([act for act, registered in steps if not registered]), args)
        return 0
    done: list[Json] = []
    for number, (act, registered) in enumerate(steps, start=1):
        recorded: dict[str, Json] = {"act": type(act).__name__, "already": True}
        if not registered:
            recorded = sender.record(act)
        done.append(recorded)
        if not args.json:
            how = "held already" if registered else f"block {recorded['block']}, {recorded['gas']:,} gas"
            say(f"{number} of {len(steps)}: {words(act)} ({how})")
    if args.json:
        show_json(done)
        return 0
    key_file = args.key_file or "department.pem"
    note(
        f"The department may register now. It keeps {key_file}, with a copy in a safe place, and shows it to nobody; "
        f"it submits with\n  shunzheng submit RECORDS.ndjson --key {key_file} --node URL"
    )
    return 0


def _steps(args: argparse.Namespace, registry: Registry, sender: str) -> list[tuple[acts.Act, bool]]:
    """Return issuer, key and grant, each with whether the registry holds it. Raises: MalformedInput for an unfit key."""
    issuer, spki = args.build(args, sender), spki_of(args)
    key, wanted = keccak256(spki), grant_of(args, public_key(spki).id)
    known = registry.known.key(key)
    if known and (known.log, known.purpose) != (args.log, 1):
        raise MalformedInput(
            f"the key 0x{key.hex()} is registered by log {known.log}, not for a department here: {_NEW}"
        )
    if known and (known.retired_at or known.compromised_since):
        raise MalformedInput(f"the key 0x{key.hex()} is retired or stolen: {_NEW}")
    grants = [(g.issuer, g.kinds, g.types, g.not_before, g.not_after) for g in registry.grants(key)]
    granted = (wanted.issuer, wanted.kinds, wanted.types, wanted.not_before, wanted.not_after) in grants
    return [
        (issuer, registry.state.issuers.get(args.issuer) == args.log),
        (acts.KeyRegistered(args.log, 1, spki), known is not None),
        (wanted, granted),
    ]


def _show(args: argparse.Namespace) -> int:
    """The exit code is 1 where the contract's own state is not the one that its acts make."""
    chain = _chain(args)
    registry = read_registry(chain, args.registry)
    if args.log and args.log not in registry.state.logs:
        raise NotFound(
            f"the registry has no log {args.log}; it has {', '.join(registry.state.logs) or 'none'}"
        )
    differences = find_disagreements(chain, registry)
    if args.json:
        compared: dict[str, Json] = {} if differences is None else {"disagreements": list(differences)}
        show_json(registry_json(registry, args.log) | compared)
        return 1 if differences else 0
    for line in describe_registry(registry, args.log):
        say(line)
    if differences is None:
        note("\nActs came in meanwhile: the contract's own state was not compared. Show it again.")
        return 0
    say("\nTHE CONTRACT'S OWN STATE DIFFERS:" if differences else "\nThe contract's own state agrees.")
    for difference in differences:
        say(f"  {difference}")
    return 1 if differences else 0
