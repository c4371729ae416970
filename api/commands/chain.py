"""`shunzheng chain`: deploy the registry and govern it, on any Ethereum-compatible chain.

The account comes from an encrypted keystore file; its password from a file or a prompt, never from the command line.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from anchoring.chain import calls, deployment
from anchoring.chain.accounts import Account
from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.jsonrpc import Endpoint
from anchoring.chain.protocol import RegistryName
from anchoring.errors import NotFound, TransactionRejected
from api.console import note, say, show_json
from api.governance.options import (
    BuildAct,
    GrantOptions,
    KeySourceOptions,
    add_admin_acts,
    add_grant,
    add_issuer,
    add_key_source,
    add_province_acts,
    check_address,
    make_grant,
    read_spki,
)
from api.governance.reading import (
    Registry,
    check_registry,
    describe_registry,
    find_disagreements,
    make_registry_json,
    read_registry,
)
from api.governance.sender import Sender
from api.governance.words import add_advice, describe_act
from api.node.chain_headers import load_chain_headers
from api.parsers import Commands, add_json
from api.passwords import read_password
from ledger.crypto.keys import decode_public_key, keccak256
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.registry import acts

_OTHER_KEY: Final = "make another with `shunzheng keys generate`"
#: The longest wait for a transaction: what was not mined in a day needs somebody to look.
_MAX_PATIENCE_SECONDS: Final = 86_400
#: What is shown of a transaction that would be sent, in this order.
_SHOWN_MEMBERS: Final = (
    "from", "to", "chain", "nonce", "gas_limit", "bytes", "data", "simulated", "follows", "next",
)  # fmt: skip


class _AccountOptions(Protocol):
    output: Path
    password_file: Path | None


class _ChainOptions(Protocol):
    chain_url: str
    chain_headers_file: Path | None
    json: bool


class _SenderOptions(_ChainOptions, Protocol):
    keystore: Path
    password_file: Path | None
    max_gas_price: int | None
    patience: deployment.Patience
    dry_run: bool


class _DeployOptions(_SenderOptions, Protocol):
    province: str | None


class _ShowOptions(_ChainOptions, Protocol):
    registry: str
    log: str | None


class _RecordOptions(_SenderOptions, Protocol):
    registry: str
    build: Callable[["_RecordOptions", str], acts.Act]


class _OnboardOptions(GrantOptions, KeySourceOptions, _RecordOptions, Protocol):
    pass


def add(commands: Commands) -> None:
    chain_parser = commands.add_parser("chain")
    actions = chain_parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    account_parser = actions.add_parser("account", help="make an account in an encrypted keystore file")
    account_parser.add_argument(
        "-o", "--output", type=Path, required=True, help="the keystore file to be made"
    )
    account_parser.add_argument("--password-file", type=Path, help="else the password is asked for")
    account_parser.set_defaults(run=_make_account)

    deploy_parser = actions.add_parser("deploy", help="deploy the registry contract and print its name")
    _add_chain(deploy_parser)
    _add_sender(deploy_parser)
    deploy_parser.add_argument("--province", metavar="ADDRESS", help="default: the account itself")
    deploy_parser.set_defaults(run=_deploy_registry)

    show_parser = actions.add_parser(
        "show",
        help="read every act of a registry and show what holds now",
        description="Exit codes: 0 the contract's own state agrees with its acts, 1 it does not.",
    )
    _add_chain(show_parser)
    _add_registry(show_parser)
    show_parser.add_argument("--log", help="this log only")
    show_parser.set_defaults(run=_show_registry)

    def add_act(name: str, explanation: str, build: BuildAct) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=explanation)
        _add_chain(parser)
        _add_registry(parser)
        _add_sender(parser)
        parser.set_defaults(run=_record_act, build=build)
        return parser

    add_province_acts(add_act)
    add_admin_acts(add_act)
    onboard_parser = add_act(
        "onboard-department", "add issuer, key and grant in one guided step (admin)", add_issuer
    )
    add_key_source(onboard_parser)
    add_grant(onboard_parser)
    onboard_parser.set_defaults(run=_onboard_department)


def _add_chain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--chain-url", required=True, metavar="URL", help="the chain's JSON-RPC endpoint")
    parser.add_argument(
        "--chain-headers-file", type=Path, metavar="FILE", help="headers that the chain's gateway wants"
    )
    add_json(parser)


def _add_registry(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--registry", required=True, metavar="NAME", help="eip155:<chain>:0x<address>:<head 0>"
    )


def _add_sender(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keystore", type=Path, required=True, help="encrypted keystore of the sending account"
    )
    parser.add_argument("--password-file", type=Path, help="else the password is asked for")
    parser.add_argument(
        "--max-gas-price", type=int, metavar="WEI", help="the most that a unit of gas may cost"
    )
    parser.add_argument(
        "--patience",
        type=_read_patience,
        default=str(round(deployment.PATIENCE_SECONDS)),
        metavar="SECONDS",
        help="wait so long until what was sent is mined; default: %(default)s",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be sent and what follows; send nothing"
    )


def _read_patience(text: str) -> deployment.Patience:
    """Return how long to wait. Raises: argparse.ArgumentTypeError."""
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) <= _MAX_PATIENCE_SECONDS:
        raise argparse.ArgumentTypeError(f"a whole number of seconds from 1 to {_MAX_PATIENCE_SECONDS:,}")
    return deployment.Patience(int(text), tell=note)


def _open_chain(options: _ChainOptions) -> EthereumChain:
    try:
        headers = load_chain_headers(options.chain_headers_file, [options.chain_url]).get(options.chain_url)
        return EthereumChain(Endpoint(options.chain_url, headers=headers))
    except ValueError as error:
        raise MalformedInput(str(error)) from error


def _read_password(password_file: Path | None, *, twice: bool = False) -> str:
    return read_password(password_file, "the keystore", "name its file with --password-file", twice=twice)


def _make_account(options: _AccountOptions) -> int:
    if options.output.exists():
        raise FileExistsError(
            f"{options.output} exists: a key is never overwritten; choose another name with -o"
        )
    account = Account.generate()
    account.save(options.output, _read_password(options.password_file, twice=True))
    say(account.address)
    note(f"The key is in {options.output}, encrypted. Without its password nobody can open it, you included.")
    return 0


def _deploy_registry(options: _DeployOptions) -> int:
    chain = _open_chain(options)
    account = Account.load(options.keystore, _read_password(options.password_file))
    province_address = check_address(options.province) if options.province else account.address
    if options.dry_run:
        call_data = calls.encode_deployment(province_address)
        transaction: dict[str, Json] = {
            "act": "deploy",
            "chain": chain.fetch_chain_id(),
            "from": account.address,
            "nonce": chain.count_transactions(account.address, pending=True),
            "gas_limit": calls.estimate_gas(call_data, deploys=True),
            "bytes": len(call_data),
            "follows": f"a new registry, whose province is {province_address}",
        }
        _show_plan([transaction], as_json=options.json)
        return 0
    try:
        registry_name = deployment.deploy(
            chain,
            account,
            province_address,
            max_gas_price=options.max_gas_price,
            patience=options.patience,
        )
    except TransactionRejected as error:
        raise add_advice(error) from error
    if options.json:
        show_json({"registry": registry_name, "province": province_address})
    else:
        say(registry_name)
        note("This name is what every node pins as `registry` in its node.toml.")
    return 0


def _open_sender(options: _RecordOptions) -> Sender:
    chain = _open_chain(options)
    check_registry(chain, options.registry)
    account = Account.load(options.keystore, _read_password(options.password_file))
    contract = RegistryName.parse(options.registry).contract
    return Sender(chain, account, contract, options.max_gas_price, options.patience)


def _record_act(options: _RecordOptions) -> int:
    sender = _open_sender(options)
    act = options.build(options, sender.account.address)
    if options.dry_run:
        _show_plan(sender.plan([act]), as_json=options.json)
        return 0
    recorded_act = sender.record(act)
    if options.json:
        show_json([recorded_act])
        return 0
    say(f"{recorded_act['changed']} (block {recorded_act['block']}, {recorded_act['gas']:,} gas)")
    if recorded_act["next"]:
        note(f"Next: {recorded_act['next']}")
    return 0


def _show_plan(transactions: Sequence[dict[str, Json]], *, as_json: bool) -> None:
    if as_json:
        show_json(list(transactions))
        return
    for transaction in transactions:
        say(f"would send {transaction.get('function', 'the contract')}")
        for member_name in _SHOWN_MEMBERS:
            if transaction.get(member_name, "") != "":
                say(f"  {member_name.replace('_', ' '):<10} {transaction[member_name]}")
    say("Nothing was sent.")


def _onboard_department(options: _OnboardOptions) -> int:
    """What the registry holds already is passed over, so an onboarding that was cut off can simply be repeated."""
    sender = _open_sender(options)
    steps = _list_steps(options, read_registry(sender.chain, options.registry), sender.account.address)
    if options.dry_run:
        _show_plan(
            sender.plan([act for act, is_registered in steps if not is_registered]), as_json=options.json
        )
        return 0
    recorded_acts: list[Json] = []
    for step_number, (act, is_registered) in enumerate(steps, start=1):
        recorded_act: dict[str, Json] = {"act": type(act).__name__, "already": True}
        if not is_registered:
            recorded_act = sender.record(act)
        recorded_acts.append(recorded_act)
        if not options.json:
            outcome = (
                "held already"
                if is_registered
                else f"block {recorded_act['block']}, {recorded_act['gas']:,} gas"
            )
            say(f"{step_number} of {len(steps)}: {describe_act(act)} ({outcome})")
    if options.json:
        show_json(recorded_acts)
        return 0
    key_file = options.key_file or "department.pem"
    note(
        f"The department may register now. It keeps {key_file}, with a copy in a safe place, and shows it to nobody; "
        f"it submits with\n  shunzheng submit RECORDS.ndjson --key {key_file} --node URL"
    )
    return 0


def _list_steps(
    options: _OnboardOptions, registry: Registry, sender_address: str
) -> list[tuple[acts.Act, bool]]:
    """Return issuer, key and grant, each with whether the registry holds it. Raises: MalformedInput for an unfit key."""
    issuer_act, spki = options.build(options, sender_address), read_spki(options)
    key_id, grant_act = keccak256(spki), make_grant(options, decode_public_key(spki).id)
    key_state = registry.knowledge.find_key(key_id)
    if key_state and (key_state.log, key_state.purpose) != (options.log, 1):
        raise MalformedInput(
            f"the key 0x{key_id.hex()} is registered by log {key_state.log}, not for a department here: {_OTHER_KEY}"
        )
    if key_state and (key_state.retired_at or key_state.compromised_since):
        raise MalformedInput(f"the key 0x{key_id.hex()} is retired or stolen: {_OTHER_KEY}")
    grants = [
        (grant.issuer, grant.kinds, grant.types, grant.not_before, grant.not_after)
        for grant in registry.list_grants(key_id)
    ]
    is_granted = (
        grant_act.issuer,
        grant_act.kinds,
        grant_act.types,
        grant_act.not_before,
        grant_act.not_after,
    ) in grants
    return [
        (issuer_act, registry.state.issuers.get(options.issuer) == options.log),
        (acts.KeyRegistered(options.log, 1, spki), key_state is not None),
        (grant_act, is_granted),
    ]


def _show_registry(options: _ShowOptions) -> int:
    """The exit code is 1 where the contract's own state is not the one that its acts make."""
    chain = _open_chain(options)
    registry = read_registry(chain, options.registry)
    if options.log and options.log not in registry.state.logs:
        raise NotFound(
            f"the registry has no log {options.log}; it has {', '.join(registry.state.logs) or 'none'}"
        )
    differences = find_disagreements(chain, registry)
    if options.json:
        comparison: dict[str, Json] = {} if differences is None else {"disagreements": list(differences)}
        show_json(make_registry_json(registry, options.log) | comparison)
        return 1 if differences else 0
    for line in describe_registry(registry, options.log):
        say(line)
    if differences is None:
        note("\nActs came in meanwhile: the contract's own state was not compared. Show it again.")
        return 0
    say("\nTHE CONTRACT'S OWN STATE DIFFERS:" if differences else "\nThe contract's own state agrees.")
    for difference in differences:
        say(f"  {difference}")
    return 1 if differences else 0
