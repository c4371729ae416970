"""`shunzheng inspect`: check the seals and signatures in a document, without any node."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from api import files
from api.console import EXIT_CODES, add_language, note, say, show_json
from api.parsers import Commands, add_json
from api.rendering.text import describe_inspection
from ledger.documents.certificates.trust_list import TrustList, decode_trust_list
from ledger.documents.inspection import Inspection
from ledger.documents.ofd.archive import MAX_FILE_BYTES
from ledger.documents.openers import inspect
from ledger.errors import MalformedInput
from ledger.proof.paper import decode_presented
from ledger.words import Language


class _InspectOptions(Protocol):
    file: Path
    trust_list: list[Path] | None
    lang: Language
    json: bool


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "inspect",
        description="Reads OFD and PDF documents, seals (.esl) and seal signatures (.dat). "
        "Exit codes: 0 valid, 11 invalid, 12 unverifiable.",
    )
    command.add_argument("file", type=Path, metavar="FILE", help="the document, seal or seal signature")
    command.add_argument(
        "--trust-list",
        type=Path,
        action="append",
        metavar="F",
        help="authorities that this city accepts: JSON or PEM; may be given several times",
    )
    add_language(command)
    add_json(command, "the whole report, for programs")
    command.set_defaults(run=_inspect)


def _inspect(options: _InspectOptions) -> int:
    with options.file.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    inspection = _add_proof_beside(inspect(content, _merge_trust_lists(options.trust_list)), options.file)
    if options.json:
        show_json(inspection.to_json())
    else:
        say(describe_inspection(inspection, options.lang))
    return EXIT_CODES[inspection.verdict]


def _merge_trust_lists(paths: list[Path] | None) -> TrustList | None:
    """Return the lists as one; of none, None: then every chain is left open."""
    if not paths:
        return None
    trust_lists = [_read_trust_list(path) for path in paths]
    return TrustList(
        trust_lists[0].name,
        trust_lists[0].issued_at,
        tuple(authority for trust_list in trust_lists for authority in trust_list.authorities),
    )


def _read_trust_list(path: Path) -> TrustList:
    return files.read_decoded(path, "trust-list", decode_trust_list)


def _add_proof_beside(inspection: Inspection, file: Path) -> Inspection:
    proof_path = files.find_proof_path(file)
    if inspection.proof is not None or not proof_path.exists():
        return inspection
    try:
        return replace(inspection, proof=decode_presented(files.read(proof_path)))
    except MalformedInput as error:
        note(f"{proof_path}: {error}")
        return inspection
