"""`shunzheng init` and `shunzheng node`: lay out a city's node and run it.

A node is up to three processes under one supervisor: `api` answers HTTP, `follower` brings the replica after the chain,
`anchorer` anchors what the register accepted. Each can also be run alone (`--only`), any number of `api` among them.
"""

import argparse
import json
import sys
from pathlib import Path

from anchoring.processes.supervisor import Supervisor
from api import processes
from api.console import note
from api.node.errors import FILE, SettingsError
from api.node.keys import KEY_FILE, make_node_key
from api.node.listening import check_free
from api.node.loading import load_settings
from api.parsers import Commands


def add(commands: Commands) -> None:
    node = commands.add_parser("node")
    node.add_argument("directory", type=Path, help=f"directory that holds {FILE} and the databases")
    node.add_argument("--only", choices=tuple(processes.PARTS), help="run one of its processes alone")
    node.set_defaults(run=_node)

    init = commands.add_parser("init")
    init.add_argument("directory", type=Path, help="where the node's settings and databases will lie")
    init.add_argument("--registry", required=True, metavar="NAME", help="the registry that the node trusts")
    init.add_argument("--chain-url", required=True, metavar="URL", help="the chain's JSON-RPC endpoint")
    init.add_argument(
        "--listen", default="127.0.0.1:8080", metavar="HOST:PORT", help="default: 127.0.0.1:8080"
    )
    init.add_argument("--name", default="", help="the city, as pages and slips show it")
    init.add_argument("--log", help="the log into which the node issues; left out, it only verifies")
    init.add_argument("--keystore", type=Path, help="account that anchors the log")
    init.add_argument("--password-file", type=Path, help="file of the keystore's password")
    init.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="LOG=URL",
        help="fetch the public entries of another city's log from its node; may be repeated",
    )
    init.set_defaults(run=_init)


def _init(args: argparse.Namespace) -> int:
    file = args.directory / FILE
    if file.exists():
        raise SettingsError(f"{file} exists: change it with an editor, or name another directory")
    from anchoring.chain.protocol import (
        RegistryName,  # loads the ABI library, which the supervisor does without
    )

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
    make_node_key(args.directory)
    values["node_key"] = KEY_FILE
    # JSON's strings are TOML's basic strings.
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items() if value]
    if args.peer:
        lines += ["[peers]\n", *(_peer_line(text) for text in args.peer)]
    file.write_text("".join(lines), encoding="utf-8")
    try:
        load_settings(args.directory)
    except SettingsError:
        file.unlink()
        raise
    note(f"{file} is written; start the node with: shunzheng node {args.directory}")
    note(
        "Receipts and checkpoints count once the city's admin has declared the node's key: shunzheng chain add-key "
        f"--purpose node --key-file {args.directory / KEY_FILE} --log LOG …"
    )
    return 0


def _peer_line(text: str) -> str:
    log, _, url = text.partition("=")
    return f"{json.dumps(log)} = {json.dumps(url)}\n"


def _node(args: argparse.Namespace) -> int:
    settings = load_settings(args.directory)
    if args.only:
        processes.run(args.only, settings)
        return 0
    processes.chain_url(settings)
    processes.log_to_stderr()
    command = [sys.executable, "-m", "api.cli", "node", str(args.directory), "--only"]
    parts = processes.named_parts(settings)
    if settings.api_processes > 1:
        check_free(*settings.address)
    note(f"node {settings.name or settings.directory.name} on http://{settings.listen} ({', '.join(parts)})")
    Supervisor({name: [*command, part] for name, part in parts.items()}).run()
    return 0
