"""`shunzheng proof` and `trace`: ask the issuing city's node about one certificate."""

import argparse
from pathlib import Path

from api import files
from api.client.client import NodeClient
from api.client.options import add_node, read_token
from api.console import note, say, show_encoded, show_json
from api.parsers import Commands
from ledger.proof.linking import attach_proofs, missing_links
from ledger.proof.paper import decode_presented
from ledger.proof.proof import Proof, decode_proof


def add(commands: Commands) -> None:
    proof = commands.add_parser("proof")
    proof.add_argument("identifier", help="of the certificate, any version")
    proof.add_argument("-o", "--output", type=Path, help="default: standard output")
    proof.add_argument(
        "--linked",
        action="append",
        default=[],
        metavar="F",
        help="proof of a seal or sealing that another city registered and this certificate links to; may be repeated",
    )
    add_node(proof)
    proof.set_defaults(run=_proof)
    trace = commands.add_parser(
        "trace",
        description="Exit codes: 0 nothing is amiss, 1 where something is: each finding is a line that begins with `!`.",
    )
    trace.add_argument("identifier", help="of the certificate, any version")
    trace.add_argument("--json", action="store_true", help="for programs")
    add_node(trace)
    trace.set_defaults(run=_trace)


def _proof(args: argparse.Namespace) -> int:
    linked = [_read_linked(one) for one in args.linked]
    with NodeClient(args.node, read_token(args)) as node:
        content = node.certificate_proof(args.identifier)
    proof = attach_proofs(decode_proof(content), *linked)
    content = proof.encode()
    for link in missing_links(proof):
        note(
            f"The proof of {proof.record.suite.format(link.record)} ({link.rel}) is not here: whoever registered it exports "
            "it, and --linked takes it along. Without it the certificate cannot be verified."
        )
    if args.output is None:
        show_encoded(content.decode())
    else:
        files.write(args.output, content)
        note(
            f"{args.output}: {len(content):,} bytes. It opens what it discloses: hand it to the holder only."
        )
    return 0


def _read_linked(source: str) -> Proof:
    """Return a proof to attach. Raises: MalformedInput, OSError."""
    text = files.read_proof_text(source).encode()
    with files.naming(source, "proof"):
        return decode_presented(text)


def _trace(args: argparse.Namespace) -> int:
    with NodeClient(args.node, read_token(args)) as node:
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
