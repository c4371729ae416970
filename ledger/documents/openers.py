"""Open a presented file once: the registered document, its proof, its signatures."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from ledger.documents.carriers import ALTERED_MESSAGE, RestoredDocument, restore
from ledger.documents.certificates.trust_list import TrustList
from ledger.documents.inspection import Inspection
from ledger.documents.kinds import FileKind, has_data_in_front, tell_kind
from ledger.documents.ofd.archive import open_archive
from ledger.documents.ofd.signatures import verify_ofd
from ledger.documents.seals.ses import decode_seal, decode_signature, is_signature
from ledger.documents.seals.ses_signatures import verify_seal, verify_seal_signature
from ledger.errors import MalformedInput

_DATA_IN_FRONT: Final = "there is data in front of the document: it can be read in two ways"
_UNKNOWN_KIND: Final = "not a kind of file that carries signatures here"


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """What somebody presented, with the carrier taken off; `inspection` is None for a kind that is not opened here."""

    restored_document: RestoredDocument
    inspection: Inspection | None

    @classmethod
    def of(cls, restored_document: RestoredDocument, inspection: Inspection | None) -> "OpenedDocument":
        """Return a restored document that was inspected elsewhere, with the proof that it carried."""
        return cls(
            restored_document, replace(inspection, proof=restored_document.proof) if inspection else None
        )


def open_document(presented_document: bytes, trust_list: TrustList | None = None) -> OpenedDocument:
    """Restore the registered document and inspect it. Never raises on bad files."""
    restored_document = restore(presented_document)
    kind = tell_kind(restored_document.document)
    if kind is None:
        return OpenedDocument(restored_document, None)
    if restored_document.is_altered:  # what lies around one carrier may hold another
        return OpenedDocument(restored_document, inspect(restored_document.document, trust_list))
    return OpenedDocument(restored_document, _inspect(kind, restored_document, trust_list))


def inspect(data: bytes, trust_list: TrustList | None = None) -> Inspection:
    """Report on every signature in a file and on the proof that it carries. Never raises on bad files."""
    kind = tell_kind(data)
    if kind is None:
        return Inspection("unknown", problem=_DATA_IN_FRONT if has_data_in_front(data) else _UNKNOWN_KIND)
    restored_document = restore(data)
    if restored_document.is_altered:
        return Inspection(kind.value, problem=ALTERED_MESSAGE)
    return _inspect(kind, restored_document, trust_list)


def _inspect(kind: FileKind, restored_document: RestoredDocument, trust_list: TrustList | None) -> Inspection:
    try:
        return replace(OPENERS[kind](restored_document.document, trust_list), proof=restored_document.proof)
    except MalformedInput as error:
        return Inspection(kind.value, problem=str(error))


def _inspect_ofd(data: bytes, trust_list: TrustList | None) -> Inspection:
    return Inspection(FileKind.OFD.value, verify_ofd(open_archive(data), trust_list))


def _inspect_pdf(data: bytes, trust_list: TrustList | None) -> Inspection:
    from ledger.documents.pdf.signatures import inspect_pdf  # pyHanko takes half a second to load

    return inspect_pdf(data, trust_list)


def _inspect_seal(data: bytes, trust_list: TrustList | None) -> Inspection:
    if is_signature(data):
        report = verify_seal_signature(decode_signature(data), None, trust_list)
    else:
        report = verify_seal(decode_seal(data), trust_list)
    return Inspection(FileKind.SEAL.value, (report,))


#: What reads each kind of file, raising MalformedInput.
OPENERS: Final[dict[FileKind, Callable[[bytes, TrustList | None], Inspection]]] = {
    FileKind.OFD: _inspect_ofd,
    FileKind.PDF: _inspect_pdf,
    FileKind.SEAL: _inspect_seal,
}
