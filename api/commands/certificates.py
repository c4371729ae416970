"""`shunzheng proof`: ask the issuing city's node for the proof of a certificate."""

from pathlib import Path
from typing import Protocol

from api import files
from api.client.client import NodeClient
from api.client.options import NodeOptions, add_node, read_token
from api.console import note, show_encoded
from api.parsers import Commands
from ledger.proof.linking import attach_proofs, find_missing_links
from ledger.proof.paper import decode_presented
from ledger.proof.proof import Proof, decode_proof


class _ProofOptions(NodeOptions, Protocol):
    identifier: str
    output: Path | None
    linked: list[str]


def add(commands: Commands) -> None:
    proof_parser = commands.add_parser("proof")
    proof_parser.add_argument("identifier", help="of the certificate, any version")
    proof_parser.add_argument("-o", "--output", type=Path, help="default: standard output")
    proof_parser.add_argument(
        "--linked",
        action="append",
        default=[],
        metavar="F",
        help="proof of a seal or sealing that another city registered and this certificate links to; may be repeated",
    )
    add_node(proof_parser)
    proof_parser.set_defaults(run=_export_proof)


def _export_proof(options: _ProofOptions) -> int:
    linked_proofs = [_read_linked(source) for source in options.linked]
    with NodeClient(options.node, read_token(options), ca_file=options.ca_file) as node:
        content = node.certificate_proof(options.identifier)
    proof = attach_proofs(decode_proof(content), *linked_proofs)
    content = proof.encode()
    for link in find_missing_links(proof):
        note(
            f"The proof of {proof.record.suite.format(link.record)} ({link.rel}) is not here: whoever registered it exports "
            "it, and --linked takes it along. Without it the certificate cannot be verified."
        )
    if options.output is None:
        show_encoded(content.decode())
    else:
        files.write(options.output, content)
        note(
            f"{options.output}: {len(content):,} bytes. It opens what it discloses: hand it to the holder only."
        )
    return 0


def _read_linked(source: str) -> Proof:
    """Return a proof to attach. Raises: MalformedInput, OSError."""
    proof_text = files.read_proof_text(source).encode()
    with files.naming(source, "proof"):
        return decode_presented(proof_text)
