"""How a command says which node it asks, and shows the access token that the node wants for it."""

import argparse
import os
from pathlib import Path
from typing import Final

from api import files

TOKEN_VARIABLE: Final = "SHUNZHENG_TOKEN"  # noqa: S105
_MAX_TOKEN_BYTES: Final = 4096  # a token has some fifty


def add_node(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--node", required=True, metavar="URL", help="the node of the issuing city")
    parser.add_argument(
        "--token-file", type=Path, help=f"file of the access token; else {TOKEN_VARIABLE} in the environment"
    )


def token(args: argparse.Namespace) -> str | None:
    """Return the token from its file or the environment; never from the command line, which others can read."""
    if args.token_file:
        return files.read(args.token_file, _MAX_TOKEN_BYTES).decode("utf-8", "replace").strip()
    return os.environ.get(TOKEN_VARIABLE)
