"""Carry a proof inside the document that it proves, and take it out again so that the registered bytes come back.

    OFD   the comment of the ZIP archive, which no part of the document and no seal covers
    PDF   a comment line behind the end, with the end repeated; only where no signature stands, because a signed PDF with
          anything behind it counts as changed

One rule for both: attaching the proof that was found to the document without it gives the presented bytes, byte for byte.
Whatever does not follow that rule was altered around the carrier. A document that carries nothing is returned as it is.
"""

import re
import struct
from dataclasses import dataclass
from typing import Final

from ledger.errors import MalformedInput
from ledger.proof.paper import PREFIX, decode_presented, encode_paper
from ledger.proof.proof import Proof

_ARCHIVE, _PDF = b"PK", b"%PDF-"
MAX_COMMENT: Final = 0xFFFF  # bytes that an archive's comment can have
_END: Final = struct.Struct("<4s4H2LH")  # end of central directory record, APPNOTE.TXT 4.3.16
_MARK: Final = b"shunzheng/"  # in every object of a proof, however much of it is left
_END_MARK: Final = b"PK\x05\x06"
_PDF_END: Final = re.compile(rb"startxref\r?\n[0-9]+\r?\n%%EOF(?:\r?\n|\r)?\Z")
_PDF_CARRIER: Final = re.compile(
    rb"\n%(" + PREFIX.encode() + rb"[^\r\n]*)\n(startxref\r?\n[0-9]+\r?\n%%EOF(?:\r?\n|\r)?)\Z"
)


class CarrierAltered(MalformedInput):
    """The proof inside a document does not stand there as it was attached; `document` is what lies around it."""

    def __init__(self, document: bytes) -> None:
        super().__init__("the proof inside this document does not stand there as it was attached")
        self.document = document


class NotCarried(MalformedInput):
    """A proof cannot travel inside this document; put it beside it."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A document as it was registered, and the proof that travelled inside it, if any."""

    document: bytes
    proof: Proof | None


def is_carrier(document: bytes) -> bool:
    """Tell whether a document is of a kind inside which a proof can travel."""
    return document.startswith((_ARCHIVE, _PDF))


def attach(document: bytes, proof: Proof) -> bytes:
    """Return the document with the proof inside. Raises: NotCarried."""
    if document.startswith(_ARCHIVE):
        return _attach_to_archive(document, proof)
    if document.startswith(_PDF):
        return _attach_to_pdf(document, proof)
    raise NotCarried("a proof travels inside OFD and PDF documents only: put it beside this one")


def detach(presented: bytes) -> Carried:
    """Return the registered document and the proof that it carried. Raises: CarrierAltered."""
    document, text = _split(presented)
    if text is None:
        return Carried(presented, None)
    try:
        proof = decode_presented(text)
    except MalformedInput as error:
        if _MARK in text or text.startswith(PREFIX.encode()):  # a proof once
            raise CarrierAltered(document) from error
        return Carried(presented, None)  # a comment of the writer's own
    try:
        again = attach(document, proof)
    except NotCarried:
        again = b""
    if again != presented:
        raise CarrierAltered(document)
    return Carried(document, proof)


def _split(presented: bytes) -> tuple[bytes, bytes | None]:
    if presented.startswith(_ARCHIVE):
        at = presented.rfind(_END_MARK, max(0, len(presented) - _END.size - MAX_COMMENT))
        body = presented[at + _END.size :]
        if at < 0 or not body:
            return presented, None
        return presented[: at + _END.size - 2] + b"\0\0", body
    found = _PDF_CARRIER.search(presented) if presented.startswith(_PDF) else None
    return (presented[: found.start()], found[1]) if found else (presented, None)


def _attach_to_archive(document: bytes, proof: Proof) -> bytes:
    if document[-_END.size :][:4] != _END_MARK or document[-2:] != b"\0\0":
        raise NotCarried("the archive ends with a comment already, or is damaged: put the proof beside it")
    text = proof.encode()
    if len(text) > MAX_COMMENT:
        text = encode_paper(proof).encode()
    if len(text) > MAX_COMMENT:
        raise NotCarried(
            f"the proof has more than the {MAX_COMMENT} bytes that an archive's comment can have"
        )
    return document[:-2] + struct.pack("<H", len(text)) + text


def _attach_to_pdf(document: bytes, proof: Proof) -> bytes:
    if b"/ByteRange" in document:
        raise NotCarried("a signed PDF stays as it is: put the proof beside it")
    end = _PDF_END.search(document, max(0, len(document) - 64))
    if end is None or _PDF_CARRIER.search(document):
        raise NotCarried(
            "the PDF does not end as one does, or carries a proof already: put the proof beside it"
        )
    return document + b"\n%" + encode_paper(proof).encode() + b"\n" + end[0]
