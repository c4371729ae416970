"""Open the documents that somebody presents: restore what carried a proof, and look at their own seals and signatures.

The core compares registered bytes and never reads documents; what it must know of them is put into `Presented`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from api.node.errors import SettingsError
from ledger.documents.carriers import CarrierAltered, detach
from ledger.documents.certificates.trust_list import TrustList, decode_trust_list
from ledger.documents.inspection import Inspection
from ledger.documents.openers import inspect, is_known
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof
from ledger.verification.reasons import Verdict
from ledger.verification.report import Report
from ledger.verification.verify import Presented

_NOTHING: Final[Mapping[str, Json]] = {}


@dataclass(frozen=True, slots=True)
class Papers:
    """Opened documents: what to compare, the first proof that one of them carried, and what was found in each."""

    presented: Presented
    proof: Proof | None
    inspections: tuple[Inspection | None, ...]

    def comparing(self, claims: Mapping[str, Json]) -> "Papers":
        """Return the same papers with values to compare."""
        return replace(self, presented=replace(self.presented, claims=claims))

    def with_report(self, report: Report) -> dict[str, Any]:
        """Return the report for programs, with what the documents themselves show."""
        body: dict[str, Any] = report.to_json()
        found = [
            self._document(number, one)
            for number, one in enumerate(self.inspections, 1)
            if one is not None and (one.signatures or one.problem)
        ]
        return body | {"documents": found} if found else body

    def _document(self, number: int, found: Inspection) -> dict[str, Any]:
        shown = found.to_json()
        del shown["proof"]  # the report shows the record, and only what was not forged
        return {"document": number, **shown}


def authorities(path: Path | None) -> TrustList | None:
    """Return the trust list of a node, read again when its file changes. Raises: SettingsError."""
    if path is None:
        return None
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise SettingsError(f"{path} (`trust_list`) cannot be read: {error.strerror}") from error
    except MalformedInput as error:
        raise SettingsError(f"{path} (`trust_list`): {error}") from error


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> TrustList:
    return decode_trust_list(path.read_bytes())


def open_papers(
    contents: Sequence[bytes], claims: Mapping[str, Json] = _NOTHING, authorities: TrustList | None = None
) -> Papers:
    """Open documents as they were presented; `authorities` are those whose certificates the city accepts."""
    documents: list[bytes] = []
    proofs: list[Proof] = []
    inspections: list[Inspection | None] = []
    broken: set[int] = set()
    altered = False
    for number, content in enumerate(contents):
        document = content
        try:
            carried = detach(content)
            document = carried.document
            proofs += [carried.proof] if carried.proof else []
        except CarrierAltered as error:
            document, altered = error.document, True
        found = inspect(document, authorities) if is_known(document) else None
        if found is not None and found.verdict is Verdict.INVALID:
            broken.add(number)
        documents.append(document)
        inspections.append(found)
    presented = Presented(tuple(documents), claims, frozenset(broken), altered)
    return Papers(presented, proofs[0] if proofs else None, tuple(inspections))
