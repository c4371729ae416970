"""`shunzheng devnet`: a development chain, for trials only."""

import argparse
from pathlib import Path

from anchoring.chain.devnet import Devnet
from api.console import note, say
from api.parsers import Commands
from api.processes import stop_on_signal


def add(commands: Commands) -> None:
    devnet = commands.add_parser("devnet")
    devnet.add_argument("directory", type=Path, nargs="?", default=Path("devnet"), help="default: devnet")
    devnet.add_argument("--port", type=int, help="default: the last one, or a free one")
    devnet.add_argument("--block-seconds", type=float, default=1.0, help="default: 1")
    devnet.add_argument(
        "--account", action="append", default=[], metavar="NAME", help="make a funded account of this name"
    )
    devnet.set_defaults(run=_devnet)


def _devnet(args: argparse.Namespace) -> int:
    stop = stop_on_signal()
    with Devnet(args.directory, port=args.port, block_seconds=args.block_seconds) as devnet:
        for name in args.account:
            account = devnet.account(name)
            note(f"account {name}: {account.address} in {args.directory / 'accounts' / (name + '.json')}")
        say(devnet.url)
        note("Ctrl-C stops it; started again on the same directory it goes on where it was.")
        devnet.run(stop, report=note)
    return 0
