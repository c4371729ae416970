"""`shunzheng init` and `shunzheng node`: lay out a city's node and run it.

A node is up to three processes under one supervisor: `api` answers HTTP, `follower` brings the replica after the chain,
`anchorer` anchors what the register accepted. Some of them can run in one place and the rest in another (`--parts`); each
can also be run alone and without a supervisor (`--only`), any number of `api` among them.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from anchoring.catalogue.chosen import choose_catalogue
from anchoring.errors import AnchoringError
from anchoring.processes.logs import log_to_stderr, make_line_visible
from anchoring.processes.supervisor import Supervisor
from api import files, processes
from api.console import note, say, show_json
from api.limits import API_SILENCE_SECONDS
from api.node.connections import count_connections
from api.node.errors import SETTINGS_FILE, SettingsError
from api.node.health import list_silent_parts
from api.node.keys import KEY_FILE, make_node_key
from api.node.loading import load_settings
from api.node.lock import lock_directory
from api.node.parts import API, choose_parts
from api.parsers import Commands, add_json
from api.preflight import STATE_WORDS, State, check_node
from ledger.encoding.canonical import Json

if TYPE_CHECKING:
    from api.node.settings import Settings


class _InitOptions(Protocol):
    directory: Path
    registry: str
    chain_url: str
    chain_headers_file: Path | None
    final_depth: int | None
    first_block: int | None
    max_gas_price: int | None
    listen: str
    name: str
    log: str | None
    keystore: Path | None
    password_file: Path | None
    peer: list[str]


class _NodeOptions(Protocol):
    directory: Path
    only: str | None
    parts: list[str] | None
    check: bool
    health: bool
    json: bool


def add(commands: Commands) -> None:
    _add_node(commands)
    _add_init(commands)


def _add_node(commands: Commands) -> None:
    node_parser = commands.add_parser("node")
    node_parser.add_argument(
        "directory", type=Path, help=f"directory that holds {SETTINGS_FILE} and the databases"
    )
    node_parser.add_argument(
        "--only", choices=tuple(processes.RUNNERS_BY_PART), help="run one of its processes alone"
    )
    node_parser.add_argument(
        "--parts",
        nargs="+",
        choices=tuple(processes.RUNNERS_BY_PART),
        metavar="PART",
        help="run these of its processes, kept alive: api, follower, anchorer, monitor; another node may run the rest",
    )
    node_parser.add_argument(
        "--check",
        action="store_true",
        help="look at all that it needs, count the connections that it asks of PostgreSQL, start nothing",
    )
    node_parser.add_argument(
        "--health",
        action="store_true",
        help="ask the parts of the running node whether they live; exit code 1: no",
    )
    add_json(node_parser, "with --check: for programs")
    node_parser.set_defaults(run=_run_node)


def _add_init(commands: Commands) -> None:
    init_parser = commands.add_parser("init")
    init_parser.add_argument("directory", type=Path, help="where the node's settings and databases will lie")
    init_parser.add_argument(
        "--registry", required=True, metavar="NAME", help="the registry that the node trusts"
    )
    init_parser.add_argument(
        "--chain-url", required=True, metavar="URL", help="the chain's JSON-RPC endpoint"
    )
    init_parser.add_argument(
        "--chain-headers-file", type=Path, metavar="FILE", help="headers that the chain's gateway wants"
    )
    init_parser.add_argument(
        "--final-depth", type=int, metavar="BLOCKS", help="where the chain names no finalized block"
    )
    init_parser.add_argument(
        "--first-block", type=int, metavar="NUMBER", help="block of the registry's deployment"
    )
    init_parser.add_argument(
        "--max-gas-price", type=int, metavar="WEI", help="the most that a unit of gas may cost"
    )
    init_parser.add_argument(
        "--listen", default="127.0.0.1:8080", metavar="HOST:PORT", help="default: 127.0.0.1:8080"
    )
    init_parser.add_argument("--name", default="", help="the city, as pages and slips show it")
    init_parser.add_argument("--log", help="the log into which the node issues; left out, it only verifies")
    init_parser.add_argument("--keystore", type=Path, help="account that anchors the log")
    init_parser.add_argument("--password-file", type=Path, help="file of the keystore's password")
    init_parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="LOG=URL",
        help="fetch the public entries of another city's log from its node; may be repeated",
    )
    init_parser.set_defaults(run=_write_settings)


def _write_settings(options: _InitOptions) -> int:
    settings_path = options.directory / SETTINGS_FILE
    if settings_path.exists():
        raise SettingsError(f"{settings_path} exists: change it with an editor, or name another directory")
    from anchoring.chain.protocol import (
        RegistryName,  # loads the ABI library, which the supervisor does without
    )

    RegistryName.parse(options.registry)
    setting_values = _collect_values(options)
    options.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_node_key(options.directory)
    # JSON's strings are TOML's basic strings.
    lines = [
        f"{name} = {json.dumps(value, ensure_ascii=False)}\n"
        for name, value in setting_values.items()
        if value not in (None, "")
    ]
    if options.peer:
        lines += ["[peers]\n", *(_format_peer(text) for text in options.peer)]
    files.write(settings_path, "".join(lines).encode())
    try:
        load_settings(options.directory)
    except SettingsError:
        settings_path.unlink()
        raise
    note(f"{settings_path} is written; start the node with: shunzheng node {options.directory}")
    note(
        "Receipts and checkpoints count once the city's admin has declared the node's key: shunzheng chain add-key "
        f"--purpose node --key-file {options.directory / KEY_FILE} --log LOG …"
    )
    return 0


def _collect_values(options: _InitOptions) -> dict[str, str | int | None]:
    """Return the settings that the options state. Raises: SettingsError for a log without the account that anchors."""
    setting_values: dict[str, str | int | None] = {
        "registry": options.registry,
        "chain_url": options.chain_url,
        "listen": options.listen,
        "name": options.name,
        "final_depth": options.final_depth,
        "first_block": options.first_block,
        "max_gas_price": options.max_gas_price,
    }
    if options.chain_headers_file:
        setting_values["chain_headers_file"] = str(options.chain_headers_file.absolute())
    if options.log:
        if not (options.keystore and options.password_file):
            raise SettingsError(
                "a node with a log needs --keystore and --password-file, the account that anchors"
            )
        setting_values |= {"log": options.log, "keystore": str(options.keystore.absolute())}
        setting_values |= {"keystore_password_file": str(options.password_file.absolute())}
    return setting_values | {"node_key": KEY_FILE}


def _format_peer(peer_text: str) -> str:
    log, _, url = peer_text.partition("=")
    return f"{json.dumps(log)} = {json.dumps(url)}\n"


def _run_node(options: _NodeOptions) -> int:
    settings = load_settings(options.directory)
    choose_catalogue(settings.catalogue)
    parts = choose_parts(settings, options.parts)
    if options.check:
        return _show_check(settings, parts, as_json=options.json)
    if options.health:
        return _show_health(settings, parts)
    if options.only:
        return processes.run(options.only, settings)
    log_to_stderr()
    lock_directory(settings.directory)  # until this process ends
    for finding in check_node(settings, parts, has_lock=True):
        if finding.state is State.FAILS:
            raise SettingsError(finding.line())
        if finding.state is State.WAITS:
            note(make_line_visible(finding.line()))
    command = [sys.executable, "-m", "api.cli", "node", str(options.directory), "--only"]
    parts_by_name = processes.name_processes(settings, parts)
    address_text = f"on http://{settings.listen}" if API in parts else "without an address"
    note(f"node {settings.name or settings.directory.name} {address_text} ({', '.join(parts_by_name)})")
    failed_part = Supervisor(
        {name: [*command, part] for name, part in parts_by_name.items()},
        silence_seconds={name: API_SILENCE_SECONDS for name, part in parts_by_name.items() if part == API},
    ).run()
    if failed_part:
        note(
            f"the node ends 节点已停止: what {failed_part} said above only a person can mend 上述问题须人工处理"
        )
    return 1 if failed_part else 0


def _show_health(settings: "Settings", parts: Sequence[str]) -> int:
    """Say which parts show no sign of life; 1 where one does not."""
    silent_parts = list_silent_parts(settings, parts, time.time())
    for part in silent_parts:
        say(f"{part} gives no sign of life 无响应: see its log")
    return int(bool(silent_parts))


def _count_connections(settings: "Settings", parts: Sequence[str]) -> Mapping[str, int]:
    """Return the connections that these parts ask of each server; none where a URL is none, as a look says."""
    try:
        return count_connections(settings, processes.name_processes(settings, parts).values())
    except AnchoringError:
        return {}


def _show_check(settings: "Settings", parts: Sequence[str], *, as_json: bool) -> int:
    """Show what was looked at; 1 where a person has something to do."""
    findings = list(check_node(settings, parts))
    has_failures = any(finding.state is State.FAILS for finding in findings)
    connections_by_server = _count_connections(settings, parts)
    if as_json:
        finding_rows: list[Json] = [
            {
                "part": finding.name,
                "state": finding.state.value,
                "said": finding.message,
                "remedy": finding.remedy.en if finding.state is State.FAILS else "",
                "remedy_zh": finding.remedy.zh if finding.state is State.FAILS else "",
            }
            for finding in findings
        ]
        show_json(
            {
                "ready_to_start": not has_failures,
                "parts": finding_rows,
                "connections": dict(connections_by_server),
            }
        )
        return int(has_failures)
    for finding in findings:
        state_words = STATE_WORDS[finding.state]
        say(
            make_line_visible(
                f"{state_words.en} {state_words.zh}  {finding.name} {finding.words.zh}: {finding.message}"
            )
        )
        if finding.state is State.FAILS:
            say(f"    {finding.remedy.en} {finding.remedy.zh}")
    for server, connection_count in connections_by_server.items():
        say(f"up to {connection_count} connections 数据库连接数 to {make_line_visible(server)}")
    return int(has_failures)
