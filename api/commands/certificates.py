"""`shunzheng proof` and `shunzheng trace`: what the issuing city's node holds of one certificate."""

import argparse
import os
from pathlib import Path
from typing import Any, Final

from api.client import NodeClient
from api.console import note, say, show_json

TOKEN_VARIABLE: Final = "SHUNZHENG_TOKEN"  # noqa: S105


def add(commands: Any) -> None:
    proof = commands.add_parser("proof", help="export the proof of a certificate from its city's node")
    proof.add_argument("identifier")
    proof.add_argument("-o", "--output", type=Path, help="default: standard output")
    _node(proof)
    proof.set_defaults(run=_proof)
    trace = commands.add_parser("trace", help="show everything that became of a certificate")
    trace.add_argument("identifier")
    trace.add_argument("--json", action="store_true", help="for programs")
    _node(trace)
    trace.set_defaults(run=_trace)


def _node(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--node", required=True, metavar="URL")
    parser.add_argument(
        "--token-file", type=Path, help=f"file of the access token; else {TOKEN_VARIABLE} in the environment"
    )


def token(args: argparse.Namespace) -> str | None:
    """Return the token from its file or the environment; never from the command line, which others can read."""
    if args.token_file:
        return str(args.token_file.read_text().strip())
    return os.environ.get(TOKEN_VARIABLE)


def _proof(args: argparse.Namespace) -> int:
    with NodeClient(args.node, token(args)) as node:
        content = node.certificate_proof(args.identifier)
    if args.output is None:
        say(content.decode())
    else:
        args.output.write_bytes(content)
        note(
            f"{args.output}: {len(content):,} bytes. It opens what it discloses: hand it to the holder only."
        )
    return 0


def _trace(args: argparse.Namespace) -> int:
    with NodeClient(args.node, token(args)) as node:
        history = node.history(args.identifier)
    if args.json:
        show_json(history)
        return 0
    for item in history["records"]:
        record, anchor = item["record"], item.get("anchor")
        when = (
            f"anchored {anchor['time']} (#{anchor['sequence']})"
            if anchor
            else item.get("state", "not anchored yet")
        )
        basis = f"  {record['basis']}" if "basis" in record else ""
        say(f"{record['time']}  {record['action']:<10} {record['identifier']}  {when}{basis}")
    for finding in history["findings"]:
        say(f"! {finding}")
    return 1 if history["findings"] else 0
