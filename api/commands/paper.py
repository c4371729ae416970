"""`shunzheng paper`: make the code of a certificate, to be printed on paper or shown."""

from pathlib import Path
from typing import Protocol

from api import files
from api.console import note
from api.paper.pages import FORMATS, write_paper
from api.parsers import Commands
from ledger.errors import MalformedInput
from ledger.proof.paper import decode_presented


class _PaperOptions(Protocol):
    sources: list[str]
    output: Path | None
    folder: Path | None
    format: str | None


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "paper",
        description="A page of A4 with the code as QR (pdf, svg), or the code alone at 300 dpi (png). Print it at its "
        "actual size; a scanner, or a photo dropped on a node's page, reads it.",
    )
    command.add_argument(
        "sources",
        nargs="+",
        metavar="PROOF",
        help="file of a proof, a document inside or beside which one is, or an SZ1: code",
    )
    target_group = command.add_mutually_exclusive_group(required=True)
    target_group.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="F",
        help=f"the file; its ending says which: {', '.join(FORMATS)}",
    )
    target_group.add_argument(
        "--folder", type=Path, metavar="DIR", help="for many: where their files go, as NAME.pdf"
    )
    command.add_argument("--format", choices=FORMATS, help="with --folder: default pdf")
    command.set_defaults(run=_make)


def _make(options: _PaperOptions) -> int:
    if options.folder is None:
        assert options.output is not None  # the parser asks for one of the two
        if len(options.sources) != 1 or options.format is not None:
            raise MalformedInput("-o is for one proof, and its ending is the format; many go into --folder")
        _write_one(options.sources[0], options.output, options.output.suffix.removeprefix(".").lower())
        return 0
    format_name = options.format or FORMATS[0]
    sources_by_name: dict[str, str] = {}
    for source in options.sources:
        if not Path(source).is_file():
            raise MalformedInput(
                f"{source[: files.SHOWN_CHARS]} is no file: a code that is given as text goes to -o"
            )
        name = Path(source).name.removesuffix(files.PROOF_SUFFIX)
        if (other_source := sources_by_name.setdefault(name, source)) != source:
            raise MalformedInput(f"{other_source} and {source} would make one file: rename one of them")
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, source in sources_by_name.items():
        _write_one(source, options.folder / f"{name}.{format_name}", format_name)
    return 0


def _write_one(source: str, output_path: Path, format_name: str) -> None:
    proof_text = files.read_proof_text(source).encode()
    with files.naming(source, "proof"):
        proof = decode_presented(proof_text)
    with files.naming(source):
        paper_file = write_paper(proof, format_name)
    files.write(output_path, paper_file)
    note(f"{output_path}: {len(paper_file):,} bytes, the code of {proof.record.identifier}")
