"""Options that say whom a command asks: a node, with its token, or a snapshot.

A snapshot 离线核验包 goes with the trust file that says whose cosignatures on it count.
"""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from api import files
from api.client.authorities import add_authorities
from ledger.errors import MalformedInput

TOKEN_VARIABLE: Final = "SHUNZHENG_TOKEN"  # noqa: S105
#: Bytes of a file with a token, which has some fifty.
_MAX_TOKEN_BYTES: Final = 4096


class TokenOptions(Protocol):
    """The file of the access token for a node."""

    token_file: Path | None


class NodeOptions(TokenOptions, Protocol):
    """A node, the authorities that vouch for it, and the file of the access token for it."""

    node: str
    ca_file: Path | None


class SourceOptions(Protocol):
    """A node, or a snapshot with its trust file."""

    node: str | None
    snapshot: Path | None
    trust: Path | None
    ca_file: Path | None


@dataclass(frozen=True, slots=True)
class SnapshotSource:
    """A snapshot, or the directory that holds one, with the trust file that says whose cosignatures on it count."""

    snapshot_path: Path
    trust_path: Path


def add_node(parser: argparse.ArgumentParser, node_help: str = "the node of the issuing city") -> None:
    """Add a node that a command needs, and the authorities that vouch for it."""
    parser.add_argument("--node", required=True, metavar="URL", help=node_help)
    add_authorities(parser)


def add_token_file(parser: argparse.ArgumentParser) -> None:
    """Add the file of the access token for a node."""
    parser.add_argument(
        "--token-file", type=Path, help=f"file of the access token; else {TOKEN_VARIABLE} in the environment"
    )


def read_token(options: TokenOptions) -> str | None:
    """Return the token from its file or the environment; never from the command line, which others can read."""
    if options.token_file:
        return files.read(options.token_file, _MAX_TOKEN_BYTES).decode("utf-8", "replace").strip()
    return os.environ.get(TOKEN_VARIABLE)


def add_source(command: argparse.ArgumentParser, node_help: str, *, has_pockets: bool = False) -> None:
    """Add the choice between a node, explained by `node_help`, and a snapshot; or neither, where a pocket will do."""
    source_group = command.add_mutually_exclusive_group(required=not has_pockets)
    source_group.add_argument("--node", metavar="URL", help=node_help)
    add_authorities(command)
    source_group.add_argument(
        "--snapshot",
        type=Path,
        metavar="PATH",
        help="a snapshot, or a directory that holds one: no node is asked",
    )
    command.add_argument(
        "--trust",
        type=Path,
        metavar="FILE",
        help="with --snapshot: whose cosignatures count"
        + ("; alone: verify with the pocket 随身凭据 in the proof" if has_pockets else ""),
    )


def choose_source(options: SourceOptions, **snapshot_options: object) -> str | SnapshotSource:
    """Return the address of the node, or the snapshot with its trust file.

    `snapshot_options` go with a snapshot alone. Raises: MalformedInput for options that do not go together.
    """
    if options.snapshot:
        if not options.trust:
            raise MalformedInput("--snapshot needs --trust: the file that says whose cosignatures count")
        return SnapshotSource(options.snapshot, options.trust)
    for name, value in {"trust": options.trust, **snapshot_options}.items():
        if value is not None:
            raise MalformedInput(
                f"--{name.replace('_', '-')} goes with --snapshot: a node judges by what it holds itself, as of now"
            )
    assert options.node is not None  # the parser asks for one of the two
    return options.node
