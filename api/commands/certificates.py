"""`shunzheng proof`: ask the issuing city's node for the proof of a certificate, or of many."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from api import files
from api.client.client import NodeClient
from api.client.options import NodeOptions, add_node, add_token_file, read_token
from api.console import note, progress, say, show_encoded, show_json
from api.department.proofs import (
    DEFAULT_PARALLEL,
    MAX_PARALLEL,
    NOT_FINAL,
    FetchedProof,
    fetch_proofs,
    list_identifiers,
)
from api.parsers import Commands, add_json
from ledger.errors import MalformedInput
from ledger.proof.linking import attach_proofs, find_missing_links
from ledger.proof.paper import decode_presented
from ledger.proof.proof import Proof, decode_proof
from ledger.records.transfers import CONTINUES

_CODE_FAILED, _CODE_NOT_FINAL = 1, 3
_MAX_SHOWN_FAILURES: Final = 20  # beyond, their number; --json lists them all


class _ProofOptions(NodeOptions, Protocol):
    identifier: str | None
    output: Path | None
    linked: list[str]
    of: list[Path]
    folder: Path | None
    documents: Path | None
    anew: bool
    parallel: int
    json: bool


def add(commands: Commands) -> None:
    proof_parser = commands.add_parser(
        "proof",
        description="Name one certificate, or with --of many: then their proofs go into --folder, and what was broken off "
        "goes on where it stopped. A token with the scope `proofs` is needed, with `claims` for what they disclose; each "
        "certificate is a look, of which a token has so many a day. Exit codes: 0 all are there, 1 some failed, 3 some are "
        "not final yet: run it again.",
    )
    proof_parser.add_argument("identifier", nargs="?", help="of the certificate, any version")
    _add_many(proof_parser)
    proof_parser.add_argument("-o", "--output", type=Path, help="default: standard output")
    proof_parser.add_argument(
        "--linked",
        action="append",
        default=[],
        metavar="F",
        help="proof of a seal or sealing that another city registered and this certificate links to; may be repeated",
    )
    add_node(proof_parser)
    add_token_file(proof_parser)
    add_json(proof_parser, "with --of: what became of them, for programs")
    proof_parser.set_defaults(run=_export)


def _add_many(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--of",
        action="append",
        type=Path,
        default=[],
        metavar="PATH",
        help="many: a kept submission, a folder of them (everything of a department), or a list with an identifier a line; "
        "repeatable",
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="with --of: where the proofs go")
    parser.add_argument(
        "--documents",
        type=Path,
        metavar="DIR",
        help="with --of: folder of the registered documents, found by their digests; those that can carry a proof are "
        "written into --folder with it inside",
    )
    parser.add_argument(
        "--anew", action="store_true", help="with --of: ask again for proofs that are there already"
    )
    parser.add_argument(
        "--parallel",
        type=int,
        choices=range(1, MAX_PARALLEL + 1),
        default=DEFAULT_PARALLEL,
        metavar="N",
        help=f"with --of: requests at once, 1 to {MAX_PARALLEL}; default: {DEFAULT_PARALLEL}",
    )


def _export(options: _ProofOptions) -> int:
    if bool(options.identifier) == bool(options.of):
        raise MalformedInput("name one certificate, or with --of many")
    if options.identifier:
        return _export_one(options, options.identifier)
    if options.folder is None or options.output or options.linked:
        raise MalformedInput("proofs of many go into --folder; -o and --linked are for one")
    return _export_many(options, options.folder)


def _export_many(options: _ProofOptions, folder: Path) -> int:
    identifiers = list_identifiers(options.of)
    with NodeClient(options.node, read_token(options), ca_file=options.ca_file) as node:
        fetched_proofs = fetch_proofs(
            node,
            identifiers,
            folder,
            documents=options.documents,
            anew=options.anew,
            parallel=options.parallel,
        )
        new_count, failures = 0, []
        for fetched_proof in progress(fetched_proofs, "fetching proofs", len(identifiers)):
            new_count += fetched_proof.is_new
            if fetched_proof.reason:
                failures.append(fetched_proof)
    if options.json:
        _show_many(len(identifiers), new_count, failures)
    else:
        _say_many(folder, len(identifiers), new_count, failures)
    if all(failure.reason == NOT_FINAL for failure in failures):
        return _CODE_NOT_FINAL if failures else 0
    return _CODE_FAILED


def _show_many(proof_count: int, new_count: int, failures: Sequence[FetchedProof]) -> None:
    failure_rows = [
        {"identifier": failure.identifier, "reason": failure.reason, "message": failure.message}
        for failure in failures
    ]
    show_json({"count": proof_count, "new": new_count, "failed": failure_rows})


def _say_many(folder: Path, proof_count: int, new_count: int, failures: Sequence[FetchedProof]) -> None:
    for failure in failures[:_MAX_SHOWN_FAILURES]:
        note(f"  {failure.identifier}: {failure.message}")
    if len(failures) > _MAX_SHOWN_FAILURES:
        note(f"  … and {len(failures) - _MAX_SHOWN_FAILURES:,} more; --json lists them all")
    say(
        f"{folder}: {proof_count - len(failures):,} of {proof_count:,} proofs 存证凭据, {new_count:,} of them "
        "new. They open what they "
        "disclose: hand each to its holder only."
    )


def _export_one(options: _ProofOptions, identifier: str) -> int:
    linked_proofs = [_read_linked(proof_source) for proof_source in options.linked]
    with NodeClient(options.node, read_token(options), ca_file=options.ca_file) as node:
        proof_bytes = node.fetch_certificate_proof(identifier)
    proof = attach_proofs(decode_proof(proof_bytes), *linked_proofs)
    proof_bytes = proof.encode()
    for link in find_missing_links(proof):
        if link.rel == CONTINUES:
            note(
                f"It continues {proof.record.suite.format(link.record)} of another city: --linked with the proof of the old "
                "certificate takes it along. It is not needed."
            )
            continue
        note(
            f"The proof of {proof.record.suite.format(link.record)} ({link.rel}) is not here: whoever registered it exports "
            "it, and --linked takes it along. Without it the certificate cannot be verified."
        )
    if options.output is None:
        show_encoded(proof_bytes.decode())
    else:
        files.write(options.output, proof_bytes)
        note(
            f"{options.output}: {len(proof_bytes):,} bytes. It opens what it discloses: hand it to the holder only."
        )
    return 0


def _read_linked(proof_source: str) -> Proof:
    """Return a proof to attach. Raises: MalformedInput, OSError."""
    proof_text = files.read_proof_text(proof_source).encode()
    with files.naming(proof_source, "proof"):
        return decode_presented(proof_text)
