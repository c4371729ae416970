"""`shunzheng init` and `shunzheng node`: lay out a city's node and run it.

A node is up to three processes under one supervisor: `api` answers HTTP, `follower` brings the replica after the chain,
`anchorer` anchors what the register accepted. Each can also be run alone (`--only`), any number of `api` among them.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from anchoring.processes.logs import log_to_stderr, make_line_visible
from anchoring.processes.supervisor import Supervisor
from api import files, processes
from api.console import note, say, show_json
from api.node.errors import FILE, SettingsError
from api.node.keys import KEY_FILE, make_node_key
from api.node.loading import load_settings
from api.node.lock import lock_directory
from api.parsers import Commands
from api.preflight import STATE_WORDS, State, check_node
from ledger.encoding.canonical import Json

if TYPE_CHECKING:
    from api.node.settings import Settings


def add(commands: Commands) -> None:
    node = commands.add_parser("node")
    node.add_argument("directory", type=Path, help=f"directory that holds {FILE} and the databases")
    node.add_argument("--only", choices=tuple(processes.PARTS), help="run one of its processes alone")
    node.add_argument("--check", action="store_true", help="look at all that it needs, start nothing")
    node.add_argument("--json", action="store_true", help="with --check: for programs")
    node.set_defaults(run=_node)

    init = commands.add_parser("init")
    init.add_argument("directory", type=Path, help="where the node's settings and databases will lie")
    init.add_argument("--registry", required=True, metavar="NAME", help="the registry that the node trusts")
    init.add_argument("--chain-url", required=True, metavar="URL", help="the chain's JSON-RPC endpoint")
    init.add_argument(
        "--chain-headers-file", type=Path, metavar="FILE", help="headers that the chain's gateway wants"
    )
    init.add_argument(
        "--final-depth", type=int, metavar="BLOCKS", help="where the chain names no finalized block"
    )
    init.add_argument("--first-block", type=int, metavar="NUMBER", help="block of the registry's deployment")
    init.add_argument("--max-gas-price", type=int, metavar="WEI", help="the most that a unit of gas may cost")
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
        "final_depth": args.final_depth,
        "first_block": args.first_block,
        "max_gas_price": args.max_gas_price,
    }
    if args.chain_headers_file:
        values["chain_headers_file"] = str(args.chain_headers_file.absolute())
    if args.log:
        values |= {"log": args.log, "keystore": str(args.keystore.absolute())}
        values |= {"keystore_password_file": str(args.password_file.absolute())}
    args.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_node_key(args.directory)
    values["node_key"] = KEY_FILE
    # JSON's strings are TOML's basic strings.
    lines = [
        f"{name} = {json.dumps(value, ensure_ascii=False)}\n"
        for name, value in values.items()
        if value not in (None, "")
    ]
    if args.peer:
        lines += ["[peers]\n", *(_peer_line(text) for text in args.peer)]
    files.write(file, "".join(lines).encode())
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
    if args.check:
        return _show_check(settings, as_json=args.json)
    if args.only:
        return processes.run(args.only, settings)
    log_to_stderr()
    lock_directory(settings.directory)  # until this process ends
    for finding in check_node(settings, ours=True):
        if finding.state is State.FAILS:
            raise SettingsError(finding.line())
        if finding.state is State.WAITS:
            note(make_line_visible(finding.line()))
    command = [sys.executable, "-m", "api.cli", "node", str(args.directory), "--only"]
    parts = processes.named_parts(settings)
    note(f"node {settings.name or settings.directory.name} on http://{settings.listen} ({', '.join(parts)})")
    helpless = Supervisor({name: [*command, part] for name, part in parts.items()}).run()
    if helpless:
        note(
            f"the node ends 节点已停止: what {helpless} said above only a person can mend 上述问题须人工处理"
        )
    return 1 if helpless else 0


def _show_check(settings: "Settings", *, as_json: bool) -> int:
    """Show what was looked at; 1 where a person has something to do."""
    findings = list(check_node(settings))
    failing = any(finding.state is State.FAILS for finding in findings)
    if as_json:
        rows: list[Json] = [
            {
                "part": finding.name,
                "state": finding.state.value,
                "said": finding.said,
                "remedy": finding.remedy.en if finding.state is State.FAILS else "",
                "remedy_zh": finding.remedy.zh if finding.state is State.FAILS else "",
            }
            for finding in findings
        ]
        show_json({"ready_to_start": not failing, "parts": rows})
        return int(failing)
    for finding in findings:
        state = STATE_WORDS[finding.state]
        say(make_line_visible(f"{state.en} {state.zh}  {finding.name} {finding.words.zh}: {finding.said}"))
        if finding.state is State.FAILS:
            say(f"    {finding.remedy.en} {finding.remedy.zh}")
    return int(failing)
