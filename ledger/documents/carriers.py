"""Attach a proof inside the document that it proves, and take it out without a trace.

    OFD   the comment of the ZIP archive, which no part of the document and no seal covers
    PDF   a comment line behind the end, with the end repeated; only where no signature stands, because a signed PDF with
          anything behind it counts as changed

One rule for both: attaching the proof that was found to the document without it gives the presented bytes, byte for byte.
Whatever does not follow that rule was altered around the carrier. A document that carries nothing is returned as it is.
"""

import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from ledger.documents.kinds import FileKind, tell_kind
from ledger.documents.zip_records import END_MARK, END_STRUCT, MAX_COMMENT_BYTES, find_end
from ledger.errors import MalformedInput
from ledger.proof.paper import PREFIX, decode_presented, encode_paper
from ledger.proof.proof import Proof

ALTERED_MESSAGE: Final = "the proof inside this document does not stand there as it was attached"
#: It stands in every object of a proof, however much of it is left.
_PROOF_MARK: Final = b"shunzheng/"
_NO_COMMENT: Final = b"\0\0"
#: Bytes behind the signed part of a PDF that are searched for its end, which takes some forty.
_PDF_END_SEARCH_BYTES: Final = 64
_PDF_END: Final = re.compile(rb"startxref\r?\n[0-9]+\r?\n%%EOF(?:\r?\n|\r)?\Z")
_PDF_CARRIER: Final = re.compile(
    rb"\n%(" + PREFIX.encode() + rb"[^\r\n]*)\n(startxref\r?\n[0-9]+\r?\n%%EOF(?:\r?\n|\r)?)\Z"
)


class CarrierAltered(MalformedInput):
    """The proof inside a document does not stand there as it was attached; `document` is what lies around it."""

    def __init__(self, document: bytes) -> None:
        super().__init__(ALTERED_MESSAGE)
        self.document = document


class NotCarried(MalformedInput):
    """A proof cannot travel inside this document; put it beside it."""


@dataclass(frozen=True, slots=True)
class RestoredDocument:
    """A document as it was registered, and the proof that travelled inside it, if any.

    `is_altered`: a proof does not stand there as it was attached; `document` is what lies around it.
    """

    document: bytes
    proof: Proof | None
    is_altered: bool = False


def require_one_certificate(proofs: Iterable[Proof]) -> None:
    """Check that proofs which nobody chose among are of one record: a document is no forgery beside another's proof.

    Raises: MalformedInput.
    """
    if len({proof.record.hash_leaf() for proof in proofs}) > 1:
        raise MalformedInput(
            "the documents come with proofs of several certificates 分属不同证照: verify each certificate by itself, or "
            "name the proof that is meant"
        )


@dataclass(frozen=True, slots=True)
class Carrier:
    """How one kind of document carries a proof: put in, and told from the document again, as the text that it is."""

    attach: Callable[[bytes, Proof], bytes]
    split: Callable[[bytes], tuple[bytes, bytes] | None]


def is_carrier(document: bytes) -> bool:
    """Tell whether a document is of a kind inside which a proof can travel."""
    return _find_carrier(document) is not None


def attach(document: bytes, proof: Proof) -> bytes:
    """Return the document with the proof inside. Raises: NotCarried."""
    carrier = _find_carrier(document)
    if carrier is None:
        raise NotCarried("a proof travels inside OFD and PDF documents only: put it beside this one")
    return carrier.attach(document, proof)


def detach(presented_document: bytes) -> RestoredDocument:
    """Return the registered document and the proof that it carried. Raises: CarrierAltered."""
    restored_document = restore(presented_document)
    if restored_document.is_altered:
        raise CarrierAltered(restored_document.document)
    return restored_document


def restore(presented_document: bytes) -> RestoredDocument:
    """Return the registered document and the proof that it carried, or else what lies around an altered one."""
    carrier = _find_carrier(presented_document)
    document_and_proof_bytes = carrier.split(presented_document) if carrier else None
    if carrier is None or document_and_proof_bytes is None:
        return RestoredDocument(presented_document, None)
    document, proof_bytes = document_and_proof_bytes
    try:
        proof = decode_presented(proof_bytes)
    except MalformedInput:
        if _PROOF_MARK in proof_bytes or proof_bytes.startswith(PREFIX.encode()):  # a proof once
            return RestoredDocument(document, None, is_altered=True)
        return RestoredDocument(presented_document, None)  # a comment of the writer's own
    try:
        attached_again = carrier.attach(document, proof)
    except NotCarried:
        attached_again = b""
    return (
        RestoredDocument(document, proof)
        if attached_again == presented_document
        else RestoredDocument(document, None, is_altered=True)
    )


def _find_carrier(document: bytes) -> Carrier | None:
    kind = tell_kind(document)
    return None if kind is None else CARRIERS.get(kind)


def _split_archive(presented_document: bytes) -> tuple[bytes, bytes] | None:
    end_start = find_end(presented_document)
    if end_start is None or end_start + END_STRUCT.size == len(presented_document):
        return None
    comment_start = end_start + END_STRUCT.size
    return presented_document[: comment_start - len(_NO_COMMENT)] + _NO_COMMENT, presented_document[
        comment_start:
    ]


def _attach_to_archive(document: bytes, proof: Proof) -> bytes:
    if document[-END_STRUCT.size :][: len(END_MARK)] != END_MARK or not document.endswith(_NO_COMMENT):
        raise NotCarried("the archive ends with a comment already, or is damaged: put the proof beside it")
    proof_bytes = proof.encode()
    if len(proof_bytes) > MAX_COMMENT_BYTES:
        proof_bytes = encode_paper(proof).encode()
    if len(proof_bytes) > MAX_COMMENT_BYTES:
        raise NotCarried(
            f"the proof has more than the {MAX_COMMENT_BYTES} bytes that an archive's comment can have"
        )
    return document[: -len(_NO_COMMENT)] + struct.pack("<H", len(proof_bytes)) + proof_bytes


def _split_pdf(presented_document: bytes) -> tuple[bytes, bytes] | None:
    carrier_match = _PDF_CARRIER.search(presented_document)
    return (presented_document[: carrier_match.start()], carrier_match[1]) if carrier_match else None


def _attach_to_pdf(document: bytes, proof: Proof) -> bytes:
    if b"/ByteRange" in document:
        raise NotCarried("a signed PDF stays as it is: put the proof beside it")
    end_match = _PDF_END.search(document, max(0, len(document) - _PDF_END_SEARCH_BYTES))
    if end_match is None or _PDF_CARRIER.search(document):
        raise NotCarried(
            "the PDF does not end as one does, or carries a proof already: put the proof beside it"
        )
    return document + b"\n%" + encode_paper(proof).encode() + b"\n" + end_match[0]


CARRIERS: Final = {
    FileKind.OFD: Carrier(_attach_to_archive, _split_archive),
    FileKind.PDF: Carrier(_attach_to_pdf, _split_pdf),
}
