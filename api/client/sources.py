"""Where a command takes its knowledge from: a node, or a snapshot 离线核验包 and the trust file that goes with it."""

import argparse
from pathlib import Path

from ledger.errors import MalformedInput


def add_source(command: argparse.ArgumentParser, node: str) -> None:
    """Add the choice between a node, explained by `node`, and a snapshot."""
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument("--node", metavar="URL", help=node)
    source.add_argument(
        "--snapshot",
        type=Path,
        metavar="PATH",
        help="a snapshot, or a directory that holds one: no node is asked",
    )
    command.add_argument(
        "--trust", type=Path, metavar="FILE", help="with --snapshot: whose cosignatures count"
    )


def check_source(args: argparse.Namespace, *own: str) -> None:
    """Refuse options that do not go with the source; `own` go with a snapshot alone. Raises: MalformedInput."""
    if args.snapshot and not args.trust:
        raise MalformedInput("--snapshot needs --trust: the file that says whose cosignatures count")
    for name in ("trust", *own) if args.node else ():
        if getattr(args, name) is not None:
            raise MalformedInput(
                f"--{name.replace('_', '-')} goes with --snapshot: a node judges by what it holds itself, as of now"
            )
