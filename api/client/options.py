"""Options that say whom a command asks: a node, with its token, or a snapshot.

A snapshot 离线核验包 goes with the trust file that says whose cosignatures on it count.
"""

import argparse
import os
from pathlib import Path
from typing import Final

from api import files
from ledger.errors import MalformedInput

TOKEN_VARIABLE: Final = "SHUNZHENG_TOKEN"  # noqa: S105
#: Bytes of a file with a token, which has some fifty.
_MAX_TOKEN_BYTES: Final = 4096


def add_node(parser: argparse.ArgumentParser) -> None:
    """Add the issuing city's node and the file of its access token."""
    parser.add_argument("--node", required=True, metavar="URL", help="the node of the issuing city")
    parser.add_argument(
        "--token-file", type=Path, help=f"file of the access token; else {TOKEN_VARIABLE} in the environment"
    )


def read_token(args: argparse.Namespace) -> str | None:
    """Return the token from its file or the environment; never from the command line, which others can read."""
    if args.token_file:
        return files.read(args.token_file, _MAX_TOKEN_BYTES).decode("utf-8", "replace").strip()
    return os.environ.get(TOKEN_VARIABLE)


def add_source(command: argparse.ArgumentParser, node_help: str) -> None:
    """Add the choice between a node, explained by `node_help`, and a snapshot."""
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument("--node", metavar="URL", help=node_help)
    source.add_argument(
        "--snapshot",
        type=Path,
        metavar="PATH",
        help="a snapshot, or a directory that holds one: no node is asked",
    )
    command.add_argument(
        "--trust", type=Path, metavar="FILE", help="with --snapshot: whose cosignatures count"
    )


def check_source(args: argparse.Namespace, *snapshot_options: str) -> None:
    """Refuse options that do not go with the source; `snapshot_options` go with one alone. Raises: MalformedInput."""
    if args.snapshot and not args.trust:
        raise MalformedInput("--snapshot needs --trust: the file that says whose cosignatures count")
    for name in ("trust", *snapshot_options) if args.node else ():
        if getattr(args, name) is not None:
            raise MalformedInput(
                f"--{name.replace('_', '-')} goes with --snapshot: a node judges by what it holds itself, as of now"
            )
