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

    presented: PresentedContent
    documents: tuple[OpenedDocument, ...]

    @property
    def inspections(self) -> tuple[Inspection | None, ...]:
        return tuple(document.inspection for document in self.documents)

    def with_report(self, report: Report, max_bytes: int | None = None) -> dict[str, object]:
        """Return the report for programs, with what the documents themselves show: in `max_bytes` of JSON, where given."""
        documents = []
        for number, inspection in enumerate(self.inspections, 1):
            if inspection is None or not (
                inspection.signatures or inspection.problem or inspection.has_scripts
            ):
                continue
            document_json = _describe_document(number, inspection, max_bytes)
            documents.append(document_json)
            max_bytes = None if max_bytes is None else max_bytes - _measure_json(document_json)
        body: dict[str, object] = {**report.to_json()}
        return body | {"documents": documents} if documents else body


def _describe_document(number: int, inspection: Inspection, max_bytes: int | None) -> dict[str, object]:
    """Return what a document shows, with as many of its signatures as have room: `left_out` counts the others."""
    body: dict[str, object] = {"document": number, **inspection.to_json()}
    del body["proof"]  # the report shows the record, and only what was not forged
    if max_bytes is None or _measure_json(body) <= max_bytes:
        return body
    signatures, shown_signatures, used_bytes = (
        inspection.to_json()["signatures"],
        [],
        _measure_json(body | {"signatures": []}),
    )
    for signature in signatures:
        used_bytes += _measure_json(signature)
        if used_bytes > max_bytes:
            break
        shown_signatures.append(signature)
    return body | {"signatures": shown_signatures, "left_out": len(signatures) - len(shown_signatures)}


def _measure_json(body: object) -> int:
    return len(orjson.dumps(body))


def authorities(path: Path | None) -> TrustList | None:
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
def _read_trust_list(path: Path, _change_time: int) -> TrustList:
    return decode_trust_list(path.read_bytes())


def open_papers(
    contents: Iterable[bytes], claims: Mapping[str, Json] = _NO_CLAIMS, authorities: TrustList | None = None
) -> Papers:
    """Open documents here as they were presented; `authorities` are those whose certificates the city accepts.

    Hostile files take what time and memory they like: a process that answers others has `api.opening` open them.
    """
    return gather_papers((open_document(content, authorities) for content in contents), claims)


def gather_papers(
    opened_documents: Iterable[OpenedDocument], claims: Mapping[str, Json] = _NO_CLAIMS
) -> Papers:
    """Return documents that were opened, with what the core compares of them."""
    documents = tuple(opened_documents)
    presented = PresentedContent(
        tuple(document.restored_document.document for document in documents),
        claims,
        frozenset(number for number, document in enumerate(documents) if _is_broken(document)),
        any(document.restored_document.is_altered for document in documents),
    )
    return Papers(presented, documents)


def _is_broken(document: OpenedDocument) -> bool:
    """Tell whether a seal or signature of the document's own shows that it was altered."""
    return document.inspection is not None and document.inspection.verdict is Verdict.INVALID
