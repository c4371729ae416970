"""Which reader opens which kind of file: told by what the file begins with, never by its name."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from ledger.documents.carriers import detach
from ledger.documents.certificates.trust_list import TrustList
from ledger.documents.inspection import Inspection
from ledger.documents.ofd.archive import open_archive
from ledger.documents.ofd.signatures import ofd_reports
from ledger.documents.seals.ses import decode_seal, decode_signature, is_signature
from ledger.documents.seals.ses_signatures import seal_report, seal_signature_report
from ledger.errors import MalformedInput

MAX_IN_FRONT: Final = 4096  # some signing services put a record of their own in front
_WITHIN: Final = (b"PK\x03\x04", b"%PDF-")
_IN_FRONT: Final = "there is data in front of the document: it can be read in two ways"
_UNKNOWN: Final = "not a kind of file that carries signatures here"


@dataclass(frozen=True, slots=True)
class Opener:
    """One kind of file: its name in reports, how it begins, and what reads it (raising MalformedInput)."""

    type: str
    begins: bytes
    inspect: Callable[[bytes, TrustList | None], Inspection]


def is_known(data: bytes) -> bool:
    """Tell whether this is a kind of file that is opened here."""
    return _opener(data) is not None


def _opener(data: bytes) -> Opener | None:
    return next((one for one in OPENERS if data.startswith(one.begins)), None)


def inspect(data: bytes, trust: TrustList | None = None) -> Inspection:
    """Report on every signature in a file and on the proof that it carries. Never raises on bad files."""
    opener = _opener(data)
    if opener is None:
        within = any(mark in data[:MAX_IN_FRONT] for mark in _WITHIN)
        return Inspection("unknown", problem=_IN_FRONT if within else _UNKNOWN)
    try:
        carried = detach(data)
        return replace(opener.inspect(carried.document, trust), proof=carried.proof)
    except MalformedInput as error:
        return Inspection(opener.type, problem=str(error))


def _ofd(data: bytes, trust: TrustList | None) -> Inspection:
    return Inspection(OFD, ofd_reports(open_archive(data), trust))


def _pdf(data: bytes, trust: TrustList | None) -> Inspection:
    from ledger.documents.pdf.signatures import inspect_pdf  # pyHanko takes half a second to load

    return inspect_pdf(data, trust)


def _seal(data: bytes, trust: TrustList | None) -> Inspection:
    if is_signature(data):
        return Inspection(SEAL, (seal_signature_report(decode_signature(data), None, trust),))
    return Inspection(SEAL, (seal_report(decode_seal(data), trust),))


OFD: Final = "ofd"
PDF: Final = "pdf"
SEAL: Final = "seal"
OPENERS: Final = (
    Opener(OFD, b"PK", _ofd),
    Opener(PDF, b"%PDF-", _pdf),
    Opener(SEAL, b"\x30", _seal),
)
