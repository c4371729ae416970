"""`shunzheng devnet`: a development chain, for trials only."""

from pathlib import Path
from typing import Protocol

from anchoring.chain.devnet import Devnet
from api.console import note, say
from api.parsers import Commands
from api.processes import make_stop_event


class _DevnetOptions(Protocol):
    directory: Path
    port: int | None
    block_seconds: float
    account: list[str]


def add(commands: Commands) -> None:
    command = commands.add_parser("devnet")
    command.add_argument("directory", type=Path, nargs="?", default=Path("devnet"), help="default: devnet")
    command.add_argument("--port", type=int, help="default: the last one, or a free one")
    command.add_argument("--block-seconds", type=float, default=1.0, help="default: 1")
    command.add_argument(
        "--account", action="append", default=[], metavar="NAME", help="make a funded account of this name"
    )
    command.set_defaults(run=_devnet)


def _devnet(options: _DevnetOptions) -> int:
    stop_event = make_stop_event()
    with Devnet(options.directory, port=options.port, block_seconds=options.block_seconds) as devnet:
        for account_name in options.account:
            account = devnet.open_account(account_name)
            note(
                f"account {account_name}: {account.address} in {options.directory / 'accounts' / (account_name + '.json')}"
            )
        say(devnet.url)
        note("Ctrl-C stops it; started again on the same directory it goes on where it was.")
        devnet.run(stop_event, report=note)
    return 0
