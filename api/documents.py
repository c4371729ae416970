"""Presented documents, opened once: registered bytes, proof inside, seals and signatures.

The core compares registered bytes and never reads documents; what it must know of them is put into `PresentedContent`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import orjson

from api.node.errors import SettingsError
from api.rendering.banner import NO_NAMES, make_banner_words
from ledger.documents.certificates.trust_list import TrustList, decode_trust_list
from ledger.documents.inspection import Inspection
from ledger.documents.openers import OpenedDocument, open_document
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.verification.reasons import Verdict
from ledger.verification.report import Report
from ledger.verification.verify import PresentedContent

_NO_CLAIMS: Final[Mapping[str, Json]] = {}


@dataclass(frozen=True, slots=True)
class Papers:
    """Documents as they were opened, in their order, and what the core compares of them."""

    presented_content: PresentedContent
    documents: tuple[OpenedDocument, ...]

    @property
    def inspections(self) -> tuple[Inspection | None, ...]:
        return tuple(document.inspection for document in self.documents)

    def with_report(
        self, report: Report, max_bytes: int | None = None, issuer_names: Mapping[str, str] = NO_NAMES
    ) -> dict[str, object]:
        """Return the report for programs, with its banner and what the documents themselves show.

        `max_bytes` bounds the latter in bytes of JSON, where given; `issuer_names`: names that whoever verifies vouches for.
        """
        document_jsons = []
        for document_number, inspection in enumerate(self.inspections, 1):
            if inspection is None or not (
                inspection.signatures or inspection.problem or inspection.has_scripts
            ):
                continue
            document_json = _describe_document(document_number, inspection, max_bytes)
            document_jsons.append(document_json)
            max_bytes = None if max_bytes is None else max_bytes - _measure_json(document_json)
        banner = make_banner_words(report, issuer_names).to_json()
        members: dict[str, object] = {**report.to_json(), "banner": banner}
        return members | {"documents": document_jsons} if document_jsons else members


def _describe_document(
    document_number: int, inspection: Inspection, max_bytes: int | None
) -> dict[str, object]:
    """Return what a document shows, with as many of its signatures as have room: `left_out` counts the others."""
    members: dict[str, object] = {"document": document_number, **inspection.to_json()}
    del members["proof"]  # the report shows the record, and only what was not forged
    if max_bytes is None or _measure_json(members) <= max_bytes:
        return members
    signatures, shown_signatures, used_bytes = (
        inspection.to_json()["signatures"],
        [],
        _measure_json(members | {"signatures": []}),
    )
    for signature in signatures:
        used_bytes += _measure_json(signature)
        if used_bytes > max_bytes:
            break
        shown_signatures.append(signature)
    return members | {"signatures": shown_signatures, "left_out": len(signatures) - len(shown_signatures)}


def _measure_json(value: object) -> int:
    return len(orjson.dumps(value))


def load_trust_list(path: Path | None) -> TrustList | None:
    """Return the trust list of a node, read again when its file changes. Raises: SettingsError."""
    if path is None:
        return None
    try:
        return _read_trust_list(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise SettingsError(f"{path} (`trust_list`) cannot be read: {error.strerror}") from error
    except MalformedInput as error:
        raise SettingsError(f"{path} (`trust_list`): {error}") from error


@lru_cache(maxsize=4)
def _read_trust_list(path: Path, _changed_at: int) -> TrustList:
    return decode_trust_list(path.read_bytes())


def open_papers(
    contents: Iterable[bytes], claims: Mapping[str, Json] = _NO_CLAIMS, trust_list: TrustList | None = None
) -> Papers:
    """Open documents here as they were presented; `trust_list` are those whose certificates the city accepts.

    Hostile files take what time and memory they like: a process that answers others has `api.opening` open them.
    """
    return gather_papers((open_document(content, trust_list) for content in contents), claims)


def gather_papers(
    opened_documents: Iterable[OpenedDocument], claims: Mapping[str, Json] = _NO_CLAIMS
) -> Papers:
    """Return documents that were opened, with what the core compares of them."""
    documents = tuple(opened_documents)
    presented_content = PresentedContent(
        tuple(document.restored_document.document for document in documents),
        claims,
        frozenset(index for index, document in enumerate(documents) if _is_broken(document)),
        any(document.restored_document.is_altered for document in documents),
    )
    return Papers(presented_content, documents)


def _is_broken(document: OpenedDocument) -> bool:
    """Tell whether a seal or signature of the document's own shows that it was altered."""
    return document.inspection is not None and document.inspection.verdict is Verdict.INVALID
