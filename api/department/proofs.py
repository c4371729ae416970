"""Fetch proofs of many certificates into a folder, and go on where it was broken off.

FOLDER/IDENTIFIER.proof.json      the proof, written last: what is there is done
FOLDER/NAME                       a document with its proof inside, where documents are given and can carry one
FOLDER/NAME.proof.json            the proof of a document that cannot
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import quote

from api import files
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.client.patience import ask_patiently
from api.console import note
from ledger.documents.carriers import attach
from ledger.encoding.canonical import decode
from ledger.encoding.fields import MAX_TEXT_CHARS
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof, decode_proof
from ledger.records.claims import decode_document, is_document
from ledger.records.records import PRESENTABLE_ACTIONS, read_lineage

#: Requests at once: a node makes a proof in some milliseconds, most of which it waits for its disk.
DEFAULT_PARALLEL: Final = 4
MAX_PARALLEL: Final = 16
#: Seconds of waiting for a node that is busy or gone, for one proof; then the command stops and can be run again.
PATIENCE_SECONDS: Final = 120
#: Certificates that are under way in one go, so that a million of them wait as names and not as requests.
_CHUNK_CERTIFICATES: Final = 256
_HEADING: Final = "identifier"  # of a list of identifiers that was a column of a table
NOT_FINAL: Final = "not-final"
#: Problems of one certificate; all others are those of every certificate, and end the work.
_SINGLE_PROBLEMS: Final = frozenset(
    {"not-found", NOT_FINAL, "not-held", "malformed-input", "invalid-parameter"}
)
#: The reason of a proof that the node gave and that is none.
SPOILT_REASON: Final = "spoilt-proof"


@dataclass(frozen=True, slots=True)
class FetchedProof:
    """What became of one certificate: `reason` is empty where its proof lies at `path`, and `is_new` if it came now."""

    identifier: str
    path: Path
    is_new: bool = False
    reason: str = ""
    message: str = ""


def fetch_proofs(
    node: NodeClient,
    identifiers: Iterable[str],
    folder: Path,
    *,
    documents: Path | None = None,
    anew: bool = False,
    parallel: int = DEFAULT_PARALLEL,
    sleep: Callable[[float], None] = time.sleep,
    tell: Callable[[str], None] = note,
) -> Iterator[FetchedProof]:
    """Yield what became of each certificate, in order; one that has its proof in `folder` is not asked for, unless `anew`.

    `documents` is a folder in which the registered documents lie, under any name: they are known by their digests.
    Raises: NodeError for what no other certificate would fare better with, OSError; what was fetched stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    document_folder = _DocumentFolder(documents) if documents else None

    def ask(identifier: str) -> bytes:
        return ask_patiently(
            node, lambda: node.fetch_certificate_proof(identifier), PATIENCE_SECONDS, sleep=sleep, tell=tell
        )

    def fetch(identifier: str) -> FetchedProof:
        path = folder / f"{quote(identifier, safe='')}{files.PROOF_SUFFIX}"
        if path.exists() and not anew:
            return FetchedProof(identifier, path)
        return _fetch_proof(ask, identifier, path, document_folder)

    remaining_identifiers = iter(identifiers)
    with ThreadPoolExecutor(parallel) as pool:
        while chunk_identifiers := [*islice(remaining_identifiers, _CHUNK_CERTIFICATES)]:
            futures = [pool.submit(fetch, identifier) for identifier in chunk_identifiers]
            try:
                for future in futures:
                    yield future.result()
            finally:
                for future in futures:
                    future.cancel()


def _fetch_proof(
    ask: Callable[[str], bytes], identifier: str, path: Path, document_folder: "_DocumentFolder | None"
) -> FetchedProof:
    try:
        proof_bytes = ask(identifier)
        proof = decode_proof(proof_bytes)
        if read_lineage(proof.record.identifier) != read_lineage(identifier):
            raise MalformedInput(f"it is the proof of {proof.record.identifier}, which was not asked for")
    except NodeError as error:
        if error.problem not in _SINGLE_PROBLEMS:
            raise
        return FetchedProof(identifier, path, reason=error.problem, message=error.summary)
    except MalformedInput as error:
        return FetchedProof(
            identifier, path, reason=SPOILT_REASON, message=f"the node's proof is none: {error}"
        )
    if document_folder:
        document_folder.attach(proof, path.parent)
    files.write(path, proof_bytes)
    return FetchedProof(identifier, path, is_new=True)


class _DocumentFolder:
    """Registered documents in a folder, found by size and digest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths_of_size: dict[int, list[Path]] = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self._paths_of_size.setdefault(path.stat().st_size, []).append(path)

    def attach(self, proof: Proof, folder: Path) -> None:
        """Write every document of a proof that lies here with the proof inside it or beside it. Raises: OSError."""
        values_by_claim = proof.disclosure.values if proof.disclosure else {}
        for document_claim in (
            decode_document(value) for name, value in values_by_claim.items() if is_document(name)
        ):
            for path in self._paths_of_size.get(document_claim.size, ()):
                document_bytes = files.read(path)
                if document_claim.suite.hash(document_bytes) == document_claim.digest:
                    _write_carrier(folder / path.relative_to(self._folder), document_bytes, proof)


def _write_carrier(path: Path, document_bytes: bytes, proof: Proof) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        carrier_bytes = attach(document_bytes, proof)
    except MalformedInput:  # a form that carries nothing, or a document that is signed
        files.write(files.find_proof_path(path), proof.encode())
    else:
        files.write(path, carrier_bytes)


def list_identifiers(paths: Sequence[Path]) -> list[str]:
    """Return the certificates of kept submissions, of folders of them, and of lists with an identifier a line; each once.

    Raises: MalformedInput, OSError.
    """
    identifiers: dict[str, str] = {}
    for path in paths:
        submission_paths = sorted(path.glob("*.submission")) if path.is_dir() else [path]
        if not submission_paths:
            raise MalformedInput(f"{path} holds no kept submission 登记批, whose name ends with .submission")
        for submission_path in submission_paths:
            for identifier in _read_identifiers(submission_path):
                identifiers[read_lineage(identifier)] = identifier
    return [*identifiers.values()]


def _read_identifiers(path: Path) -> Iterator[str]:
    with path.open("rb") as submission_file:
        first_line = next(submission_file, b"")
        if not first_line.lstrip().startswith(b"{"):
            yield from _read_list(path, first_line, submission_file)
            return
        for line_number, line in enumerate(submission_file, 2):
            row = decode(line)
            record = row.get("record") if isinstance(row, dict) else None
            identifier = record.get("identifier") if isinstance(record, dict) else None
            if not isinstance(record, dict) or not isinstance(identifier, str):
                raise MalformedInput(f"{path}, line {line_number}: it is no record of a signed submission")
            if record.get("action") in PRESENTABLE_ACTIONS:
                yield identifier


def _read_list(path: Path, first_line: bytes, lines: Iterable[bytes]) -> Iterator[str]:
    for line_number, line in enumerate([first_line, *lines], 1):
        text = line.decode("utf-8-sig", "replace").strip()
        if len(text) > MAX_TEXT_CHARS:
            raise MalformedInput(
                f"{path}, line {line_number}: an identifier has {MAX_TEXT_CHARS} characters at most"
            )
        if text and text != _HEADING:
            yield text
