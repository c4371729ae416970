"""`shunzheng attach` and `shunzheng detach`: a proof travels inside its document, and comes out again without a trace."""

import argparse
from pathlib import Path
from typing import Any

from api.commands.verify import PROOF_SUFFIX
from api.console import note
from ledger.documents.carriers import attach, detach
from ledger.errors import MalformedInput
from ledger.paper import PREFIX, decode_presented


def add(commands: Any) -> None:
    put = commands.add_parser("attach", help="put a proof inside an OFD or an unsigned PDF document")
    put.add_argument("document", type=Path)
    put.add_argument("--proof", help=f"file of the proof, or the SZ1: code; default: DOCUMENT{PROOF_SUFFIX}")
    put.add_argument(
        "-o", "--output", type=Path, required=True, metavar="F", help="the document that carries it"
    )
    put.set_defaults(run=_attach)
    take = commands.add_parser(
        "detach", help="take the proof out of a document; the registered bytes come back"
    )
    take.add_argument("document", type=Path)
    take.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="F",
        help=f"the registered document; its proof beside as F{PROOF_SUFFIX}",
    )
    take.set_defaults(run=_detach)


def _attach(args: argparse.Namespace) -> int:
    given = args.proof or args.document.with_name(args.document.name + PROOF_SUFFIX)
    text = str(given).encode() if str(given).startswith(PREFIX) else Path(given).read_bytes()
    carried = attach(args.document.read_bytes(), decode_presented(text))
    args.output.write_bytes(carried)
    note(
        f"{args.output}: {len(carried):,} bytes, the document with its proof inside. Register the document, not this file."
    )
    return 0


def _detach(args: argparse.Namespace) -> int:
    carried = detach(args.document.read_bytes())
    if carried.proof is None:
        raise MalformedInput(
            f"{args.document} carries no proof: look for {args.document.name}{PROOF_SUFFIX} beside it"
        )
    beside = args.output.with_name(args.output.name + PROOF_SUFFIX)
    args.output.write_bytes(carried.document)
    beside.write_bytes(carried.proof.encode())
    note(f"{args.output} is the document as it was registered, {beside} its proof")
    return 0
