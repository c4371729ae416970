"""`shunzheng attach` and `detach`: put a proof inside its document, and take it out again."""

from pathlib import Path
from typing import Protocol

from api import files
from api.console import note
from api.files import PROOF_SUFFIX
from api.parsers import Commands
from ledger.documents.carriers import attach, detach
from ledger.errors import MalformedInput
from ledger.proof.paper import decode_presented


class _AttachOptions(Protocol):
    document: Path
    proof: str | None
    output: Path


class _DetachOptions(Protocol):
    document: Path
    output: Path


def add(commands: Commands) -> None:
    attach_parser = commands.add_parser("attach")
    attach_parser.add_argument("document", type=Path, help="as it was registered")
    attach_parser.add_argument(
        "--proof", help=f"file of the proof, or the SZ1: code; default: DOCUMENT{PROOF_SUFFIX}"
    )
    attach_parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="F", help="the document that carries it"
    )
    attach_parser.set_defaults(run=_attach)
    detach_parser = commands.add_parser("detach")
    detach_parser.add_argument("document", type=Path, help="that carries a proof")
    detach_parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="F",
        help=f"the registered document; its proof beside as F{PROOF_SUFFIX}",
    )
    detach_parser.set_defaults(run=_detach)


def _attach(options: _AttachOptions) -> int:
    proof_source = options.proof or str(files.find_proof_path(options.document))
    proof_text = files.read_proof_text(proof_source).encode()
    with files.naming(proof_source, "proof"):
        proof = decode_presented(proof_text)
    with files.naming(options.document):
        carrier = attach(files.read(options.document), proof)
    files.write(options.output, carrier)
    note(
        f"{options.output}: {len(carrier):,} bytes, the document with its proof inside. Register the document, "
        "not this file."
    )
    return 0


def _detach(options: _DetachOptions) -> int:
    with files.naming(options.document):
        restored_document = detach(files.read(options.document))
    if restored_document.proof is None:
        raise MalformedInput(
            f"{options.document} carries no proof: look for {options.document.name}{PROOF_SUFFIX} beside it"
        )
    proof_path = files.find_proof_path(options.output)
    files.write(
        proof_path, restored_document.proof.encode()
    )  # before the document, which may be the only place where it is
    files.write(options.output, restored_document.document)
    note(f"{options.output} is the document as it was registered, {proof_path} its proof")
    return 0
