"""Step 2 of a verification: what was presented is what was registered.

Without it a genuine code on a forged paper would pass. Documents are compared by digest, values one by one; what cannot
be compared is unknown, and nothing compared is never valid.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.records.claims import Disclosure, decode_document, is_document, is_registered
from ledger.records.extensions import find_original_size
from ledger.records.spellings import is_equal, is_spelled_otherwise
from ledger.verification.reasons import Outcome
from ledger.verification.report import Compared, Step


@dataclass(frozen=True, slots=True)
class PresentedContent:
    """What a person presents: the bytes of documents, and values as read from the paper, by name of claim.

    Whoever opens documents (`ledger.documents`) restores the registered bytes of those that carried a proof.
    `broken_indexes` counts, from 0, those whose own signature or seal shows that they were altered; `is_carrier_altered`:
    the proof inside one does not stand there as it was attached.
    """

    documents: tuple[bytes, ...] = ()
    claims: Mapping[str, Json] = field(default_factory=dict)
    broken_indexes: frozenset[int] = frozenset()
    is_carrier_altered: bool = False


def compare(
    presented_content: PresentedContent, disclosure: Disclosure | None, *, is_erased: bool = False
) -> tuple[Compared, Step]:
    """2. Compare what was presented with what the proof discloses of the registered claims; with nothing, where that is
    erased."""
    if is_erased:
        return Compared.NOTHING, Step(2, Outcome.UNKNOWN, "content_erased")
    # Nobody reads a digest from paper.
    readable_names = {name for name in presented_content.claims if not is_document(name)}
    if not presented_content.documents and not readable_names:
        return Compared.NOTHING, Step(2, Outcome.UNKNOWN, "nothing_presented")
    if disclosure is None:
        return Compared.NOTHING, Step(2, Outcome.UNKNOWN, "nothing_disclosed")
    # What differs is evidence whatever was done around it; else nobody knows what was.
    carrier_steps = (
        [Step(2, Outcome.UNKNOWN, "carrier_altered")] if presented_content.is_carrier_altered else []
    )
    doubtful_steps = [
        *carrier_steps,
        *_compare_documents(presented_content, disclosure),
        *_compare_values(presented_content.claims, disclosure),
    ]
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        for step in doubtful_steps:
            if step.outcome is outcome:
                return Compared.NOTHING, step
    if presented_content.documents:
        evidence: dict[str, Json] = {
            "documents": len(presented_content.documents),
            "claims": [*sorted(readable_names)],
        }
        return Compared.DOCUMENT, Step(2, Outcome.PASS, "document_matches", evidence)
    missing_names = {name for name in disclosure.values if not is_document(name)} - readable_names
    if missing_names:
        return Compared.NOTHING, Step(
            2, Outcome.UNKNOWN, "claims_incomplete", {"missing": [*sorted(missing_names)]}
        )
    return Compared.CLAIMS, Step(2, Outcome.PASS, "claims_match", {"claims": [*sorted(readable_names)]})


def _compare_documents(presented_content: PresentedContent, disclosure: Disclosure) -> Iterator[Step]:
    """Find documents that are not, or cannot be told to be, among the registered ones."""
    document_claims, has_unreadable = [], False
    for name, value in disclosure.values.items():
        if is_document(name):
            try:
                document_claims.append(decode_document(value))
            except MalformedInput:
                has_unreadable = True
    for document_index, content in enumerate(presented_content.documents):
        evidence: dict[str, Json] = {"document": document_index + 1, "size": len(content)}
        if is_registered(content, document_claims):
            if document_index in presented_content.broken_indexes:
                yield Step(2, Outcome.FAIL, "registered_broken", evidence)
            continue
        is_broken = document_index in presented_content.broken_indexes
        original_size = None if is_broken else find_original_size(content, document_claims)
        if original_size is not None:
            yield Step(2, Outcome.UNKNOWN, "document_extended", evidence | {"original_size": original_size})
        elif any(is_document(name) for name in disclosure.withheld_names):
            yield Step(2, Outcome.UNKNOWN, "document_withheld", evidence)
        elif has_unreadable or not document_claims:
            yield Step(2, Outcome.UNKNOWN, "document_not_registered", evidence)
        else:
            reason = "document_altered" if is_broken else "document_mismatch"
            yield Step(2, Outcome.FAIL, reason, evidence)


def _compare_values(claims: Mapping[str, Json], disclosure: Disclosure) -> Iterator[Step]:
    """Find values that differ, or cannot be compared."""
    values = disclosure.values
    for name, value in claims.items():
        if name in disclosure.withheld_names:
            yield Step(2, Outcome.UNKNOWN, "claim_withheld", {"claim": name})
            continue
        try:
            if name in values and is_equal(value, values[name]):
                continue
        except MalformedInput as error:
            yield Step(2, Outcome.UNKNOWN, "claims_unreadable", {"claim": name, "detail": str(error)})
            continue
        if name in values and is_spelled_otherwise(value, values[name]):
            yield Step(2, Outcome.UNKNOWN, "spelled_otherwise", {"claim": name})
        else:
            yield Step(2, Outcome.FAIL, "claim_mismatch", {"claim": name})
