"""`shunzheng node` and `shunzheng devnet`: the long-running programs.

A node is up to three processes under one supervisor: `api` answers HTTP, `follower` brings the replica after the chain,
`anchorer` anchors what the register accepted. Each can also be run alone (`--only`), any number of `api` among them.
"""

import argparse
import json
import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Any, Final

import uvicorn

from anchoring.anchorer import Anchorer
from anchoring.chain import RegistryName
from anchoring.devnet import Devnet
from anchoring.ethereum import Account, Endpoint, EthereumChain
from anchoring.follower import Follower
from anchoring.register import Register
from anchoring.replica import Replica
from anchoring.supervisor import Supervisor
from api.app import create_app
from api.console import note, say
from api.settings import FILE, Settings, SettingsError

_PARTS: Final = ("api", "follower", "anchorer")


def add(commands: Any) -> None:
    node = commands.add_parser("node", help="run a city's node")
    node.add_argument("directory", type=Path, help=f"directory that holds {FILE} and the databases")
    node.add_argument("--only", choices=_PARTS, help="run one of its processes alone")
    node.set_defaults(run=_node)

    init = commands.add_parser("init", help="lay out the directory of a node")
    init.add_argument("directory", type=Path)
    init.add_argument("--registry", required=True, metavar="NAME", help="the registry that the node trusts")
    init.add_argument("--chain-url", required=True, metavar="URL")
    init.add_argument(
        "--listen", default="127.0.0.1:8080", metavar="HOST:PORT", help="default: 127.0.0.1:8080"
    )
    init.add_argument("--name", default="", help="the city, as pages and slips show it")
    init.add_argument("--log", help="the log into which the node issues; left out, it only verifies")
    init.add_argument("--keystore", type=Path, help="account that anchors the log")
    init.add_argument("--password-file", type=Path, help="file of the keystore's password")
    init.set_defaults(run=_init)

    devnet = commands.add_parser("devnet", help="run a development chain; for trials only")
    devnet.add_argument("directory", type=Path, nargs="?", default=Path("devnet"), help="default: devnet")
    devnet.add_argument("--port", type=int, help="default: the last one, or a free one")
    devnet.add_argument("--block-seconds", type=float, default=1.0, help="default: 1")
    devnet.add_argument(
        "--account", action="append", default=[], metavar="NAME", help="make a funded account of this name"
    )
    devnet.set_defaults(run=_devnet)


def _init(args: argparse.Namespace) -> int:
    file = args.directory / FILE
    if file.exists():
        raise SettingsError(f"{file} exists: change it with an editor, or name another directory")
    RegistryName.parse(args.registry)
    if args.log and not (args.keystore and args.password_file):
        raise SettingsError(
            "a node with a log needs --keystore and --password-file, the account that anchors"
        )
    values = {
        "registry": args.registry,
        "chain_url": args.chain_url,
        "listen": args.listen,
        "name": args.name,
    }
    if args.log:
        values |= {"log": args.log, "keystore": str(args.keystore.absolute())}
        values |= {"keystore_password_file": str(args.password_file.absolute())}
    args.directory.mkdir(parents=True, exist_ok=True)
    # JSON's strings are TOML's basic strings.
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items() if value]
    file.write_text("".join(lines), encoding="utf-8")
    Settings.load(args.directory)
    note(f"{file} is written; start the node with: shunzheng node {args.directory}")
    return 0


def _node(args: argparse.Namespace) -> int:
    settings = Settings.load(args.directory)
    if args.only:
        return _run_part(args.only, settings)
    parts = _PARTS if settings.log else tuple(part for part in _PARTS if part != "anchorer")
    if settings.chain_url is None:
        raise SettingsError(
            f"{args.directory / FILE}: `chain_url` is missing: the chain that this node follows"
        )
    command = [sys.executable, "-m", "api.cli", "node", str(args.directory), "--only"]
    _log_to_stderr()
    note(f"node {settings.name or settings.directory.name} on http://{settings.listen} ({', '.join(parts)})")
    Supervisor({part: [*command, part] for part in parts}).run()
    return 0


def _run_part(part: str, settings: Settings) -> int:
    _log_to_stderr()
    if part == "api":
        host, port = settings.address
        uvicorn.run(create_app(settings), host=host, port=port, log_level="warning", server_header=False)
        return 0
    stop = _stop_on_signal()
    chain = EthereumChain(Endpoint(_chain_url(settings)))
    replica = Replica(settings.replica_url)
    if part == "follower":
        Follower(chain, replica, settings.registry).run(stop)
        return 0
    log, register, account = _issuing(settings)
    Anchorer(chain, account, register, replica, settings.registry, log).run(stop)
    return 0


def _chain_url(settings: Settings) -> str:
    if settings.chain_url is None:
        raise SettingsError(
            f"{settings.directory / FILE}: `chain_url` is missing: the chain that this node follows"
        )
    return settings.chain_url


def _issuing(settings: Settings) -> tuple[str, Register, Account]:
    if not settings.log or not settings.register_url:
        raise SettingsError(f"{settings.directory / FILE}: `log` is missing: this node issues nothing")
    if not settings.keystore or not settings.keystore_password_file:
        raise SettingsError(
            f"{settings.directory / FILE}: `keystore` and `keystore_password_file` are missing: the account that anchors; "
            "make one with `shunzheng chain account` and have the city's admin name it with `shunzheng chain set-operator`"
        )
    password = settings.keystore_password_file.read_text().rstrip("\n")
    return settings.log, Register(settings.register_url), Account.load(settings.keystore, password)


def _devnet(args: argparse.Namespace) -> int:
    stop = _stop_on_signal()
    with Devnet(args.directory, port=args.port, block_seconds=args.block_seconds) as devnet:
        for name in args.account:
            account = devnet.account(name)
            note(f"account {name}: {account.address} in {args.directory / 'accounts' / (name + '.json')}")
        say(devnet.url)
        note("Ctrl-C stops it; started again on the same directory it goes on where it was.")
        devnet.run(stop, told=note)
    return 0


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
