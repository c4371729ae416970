"""Signed PDF documents (ISO 32000-2 section 12.8, PAdES ETSI EN 319 142): parsed and checked with pyHanko, offline.

pyHanko says what a signature covers, whether it holds, and what was changed after it; certificates are judged by the same
trust list as those of seals. Signatures with SM2, which pyHanko does not compute, are read as GB/T 35275 and GB/T 38540:
GM/T 0112-2021 puts either, a SignedData or the use of a seal, in the place of CMS.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

from asn1crypto import core
from pyhanko.pdf_utils.generic import parse_pdf_date
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature, extract_contents
from pyhanko.sign.validation.status import SignatureCoverageLevel

from ledger.documents.asn1.algorithms import SM2_ALGORITHMS
from ledger.documents.certificates.certificates import decode_certificate, readable
from ledger.documents.certificates.signers import chains, in_force
from ledger.documents.certificates.trust_list import SIGNERS, TrustList
from ledger.documents.findings import Check, failed, passed, unknown
from ledger.documents.inspection import Inspection, Kind, SignatureReport
from ledger.documents.pdf.changes import judge_changes, vouched
from ledger.documents.pdf.coverage import coverage, signed_bytes
from ledger.documents.pdf.limits import check_comparisons, check_size
from ledger.documents.seals.ses import decode_signature
from ledger.documents.seals.ses_signatures import seal_signature_report
from ledger.documents.signatures.person_signatures import signed_data_report
from ledger.documents.signatures.signed_data import TIMESTAMP
from ledger.documents.signatures.timestamps import as_one, check_timestamps
from ledger.encoding import der, times
from ledger.errors import LimitExceeded, MalformedInput
from ledger.verification.reasons import Outcome

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_SIGNATURES: Final = 64  # every department of a city under one document
TYPE: Final = "pdf"
_SUBFILTERS: Final = frozenset(
    {"/adbe.pkcs7.detached", "/ETSI.CAdES.detached", "/GM.sm2cms.detached", "/GM.sm2seal"}
)
_DOCUMENT_TIMESTAMP: Final = "/ETSI.RFC3161"  # ISO 32000-2 section 12.8.5
_DIGESTS: Final = frozenset({"sha256", "sha384", "sha512"})  # SHA-1 and MD5 prove nothing
_WHOLE: Final = "the document"
#: The content type that a SignedData of GB/T 35275 begins with.
_NATIONAL: Final = core.ObjectIdentifier("1.2.156.10197.6.1.4.2.2").dump()


class _National(EmbeddedPdfSignature):
    """A signature that is no CMS: what it covers, and what came after it, pyHanko tells all the same."""

    def __init__(self, reader: PdfFileReader, field: Any, name: str) -> None:
        self.reader, self.sig_field, self.fq_name = reader, field.get_object(), name
        placed = self.sig_field.raw_get("/V")
        self.sig_object = placed.get_object()
        self.byte_range = self.sig_object.raw_get("/ByteRange")
        self.pkcs7_content = extract_contents(self.sig_object)
        self.signed_revision = reader.xrefs.get_last_change(placed.reference)
        self.coverage = self._docmdp = self._fieldmdp = None
        self._docmdp_queried = self._fieldmdp_queried = False

    @property
    def self_reported_timestamp(self) -> datetime | None:
        stated = self.sig_object.get("/M")
        return None if stated is None else parse_pdf_date(stated, strict=False)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A signature as pyHanko holds it, its value without the zeros that fill the place, and what reads it."""

    held: EmbeddedPdfSignature
    value: bytes
    read: "_Reader"

    @property
    def kind(self) -> Kind:
        return Kind.PDF_TIMESTAMP if self.read is _by_authority else Kind.PADES

    @property
    def whole(self) -> bool:
        """Whether it covers everything from the start to the end of an update."""
        return bool(self.held.coverage >= SignatureCoverageLevel.ENTIRE_REVISION)

    def precedes(self, other: "_Placed") -> bool:
        """Whether the other was made in a later update."""
        return other.whole and int(other.held.signed_revision) > self.held.signed_revision


_Reader = Callable[[bytes, _Placed, TrustList | None], SignatureReport]


def inspect_pdf(data: bytes, trust: TrustList | None) -> Inspection:
    """Report on every signature of a PDF, in the order of its fields; what cannot be read becomes the `problem`."""
    if len(data) > MAX_BYTES:
        return Inspection(TYPE, problem=f"a PDF has {MAX_BYTES} bytes at most")
    try:
        reader = PdfFileReader(BytesIO(data))
        if reader.encrypted:
            return Inspection(TYPE, problem="the PDF is encrypted")
        check_size(reader)
        fields = [(name, field) for name, _, field in enumerate_sig_fields(reader, filled_status=True)]
    except LimitExceeded as error:
        return Inspection(TYPE, problem=str(error))
    except Exception as error:  # noqa: BLE001 - whatever a parser makes of hostile bytes
        return Inspection(TYPE, problem=f"not a PDF that can be read strictly: {str(error)[:200]}")
    if len(fields) > MAX_SIGNATURES:
        return Inspection(TYPE, problem=f"a PDF has {MAX_SIGNATURES} signatures at most")
    opened = [_opened(data, reader, name, field) for name, field in fields]
    placed = [one for one in opened if isinstance(one, _Placed)]
    try:
        check_comparisons(reader, (one.held for one in placed))
    except LimitExceeded as error:
        return Inspection(TYPE, problem=str(error))
    names = {name for name, _ in fields}
    return Inspection(TYPE, vouched(_report(data, one, names, placed, trust) for one in opened))


def _opened(data: bytes, reader: PdfFileReader, name: str, field: Any) -> _Placed | Check:
    """Return the signature of a field, or the check that it fails."""
    try:
        written = field.get_object()["/V"]
        if written.get("/SubFilter") not in {*_SUBFILTERS, _DOCUMENT_TIMESTAMP}:
            return unknown("structure", "subfilter")
        value = core.load(extract_contents(written)).dump()
        national = _reader_of_national(value)
        held = (EmbeddedPdfSignature if national is None else _National)(reader, field, name)
        held.coverage = coverage(data, held)  # type: ignore[assignment] # pyHanko leaves it None until then
        return _Placed(held, value, national or _reader_of_cms(held))
    except Exception:  # noqa: BLE001 - as above; what could not be read is no forgery
        return unknown("structure", "malformed")


def _report(
    data: bytes, opened: _Placed | Check, names: set[str], placed: list[_Placed], trust: TrustList | None
) -> SignatureReport:
    if isinstance(opened, Check):
        return SignatureReport(Kind.PADES, 0, (opened,))
    later = {other.kind for other in placed if opened.precedes(other)}
    try:
        return _checked(data, opened, names, later, trust)
    except Exception:  # noqa: BLE001 - as above
        return SignatureReport(Kind.PADES, 0, (unknown("structure", "malformed"),))


def _checked(
    data: bytes, placed: _Placed, names: set[str], later: set[Kind], trust: TrustList | None
) -> SignatureReport:
    report = placed.read(data, placed, trust)
    changes = judge_changes(placed.held, names, later)
    if placed.kind is Kind.PDF_TIMESTAMP and changes.outcome is Outcome.FAIL:
        changes = unknown("references", "appended")  # anybody can have put the timestamp there
    if report.check("references") is None:
        report = replace(report, checks=(report.checks[0], changes, *report.checks[1:]))
    return replace(
        report,
        checks=(*report.checks, passed("coverage") if placed.whole else unknown("coverage", "partial")),
        covers_all=placed.held.coverage is SignatureCoverageLevel.ENTIRE_FILE,
        altered=(_WHOLE,) if any(check.reason == "altered" for check in report.checks) else (),
    )


def _reader_of_cms(signature: EmbeddedPdfSignature) -> _Reader:
    if signature.sig_object.get("/SubFilter") == _DOCUMENT_TIMESTAMP:
        return _by_authority
    algorithm = signature.signer_info["signature_algorithm"]["algorithm"].dotted
    return _by_sm2 if algorithm in SM2_ALGORITHMS else _by_pyhanko


def _reader_of_national(value: bytes) -> _Reader | None:
    """Tell a SignedData of GB/T 35275 and the use of a seal from CMS by how they begin."""
    try:
        tag, first = der.children(value)[0]
    except (MalformedInput, IndexError):
        return None
    if first == _NATIONAL:
        return _by_sm2
    return _by_seal if tag == der.SEQUENCE else None


def _by_pyhanko(data: bytes, placed: _Placed, trust: TrustList | None) -> SignatureReport:
    """Report on the signature itself; `references` is among the checks where the signed bytes are not the document's."""
    signature = placed.held
    signer = decode_certificate(signature.signer_cert.dump())
    between = [one for other in signature.other_embedded_certs if (one := readable(other.dump()))]
    moment = _stated(signature)
    stamps = check_timestamps(_tokens(signature), signature.signer_info["signature"].native, moment, trust)
    return SignatureReport(
        kind=Kind.PADES,
        version=_version(signature),
        checks=(
            passed("structure"),
            *_made(signature),
            in_force(signer, moment),
            chains([(signer, SIGNERS, moment)], trust, between),
            *as_one(*stamps.checks),
        ),
        signer=signer.name,
        issuer=signer.issuer_name,
        signed_at=moment,
        stamped_at=stamps.moment,
    )


def _made(signature: EmbeddedPdfSignature) -> tuple[Check, ...]:
    used = {signature.md_algorithm, _hash_of(signature.signer_info["signature_algorithm"])}
    if not used <= _DIGESTS:
        return (unknown("signature", "digest"),)
    try:
        intact, valid = validate_sig_integrity(
            signature.signer_info, signature.signer_cert, "data", signature.compute_digest()
        )
    except (SignatureValidationError, NotImplementedError):
        return (unknown("signature", "algorithm"),)
    made = passed("signature") if valid else failed("signature", "wrong")
    return (made,) if intact else (failed("references", "altered"), made)


def _hash_of(algorithm: Any) -> str:
    """Return the digest that a signature algorithm names; of one that names none, SHA-256: the attributes are checked."""
    try:
        return str(algorithm.hash_algo)
    except ValueError:
        return "sha256"


def _by_sm2(data: bytes, placed: _Placed, trust: TrustList | None) -> SignatureReport:
    moment = _stated(placed.held)
    stated = "" if moment is None else times.format_time(moment)
    report = signed_data_report(placed.value, signed_bytes(data, placed.held), stated, trust)
    return replace(report, kind=Kind.PADES, checks=_of_document(report.checks))


def _by_seal(data: bytes, placed: _Placed, trust: TrustList | None) -> SignatureReport:
    used = decode_signature(placed.value)
    report = seal_signature_report(used, signed_bytes(data, placed.held), trust)
    return replace(report, checks=_of_document(report.checks))


def _of_document(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Return the checks with that of the content, which is the document itself, under its name where it is not good."""
    named = (replace(check, name="references") if check.name == "data_hash" else check for check in checks)
    return tuple(check for check in named if check != passed("references"))


def _by_authority(data: bytes, placed: _Placed, trust: TrustList | None) -> SignatureReport:
    """Report on a timestamp of the document as it stood: nobody signed it by that."""
    stamps = check_timestamps([placed.value], signed_bytes(data, placed.held), None, trust)
    return SignatureReport(
        kind=Kind.PDF_TIMESTAMP,
        version=_version(placed.held),
        checks=(passed("structure"), *stamps.checks),
        stamped_at=stamps.moment,
    )


def _version(signature: EmbeddedPdfSignature) -> int:
    return int(str(signature.signer_info["version"].native).removeprefix("v"))


def _stated(signature: EmbeddedPdfSignature) -> int | None:
    """Return when the signer says that it was signed, in seconds since 1970; None without a time zone, or before."""
    stated = signature.self_reported_timestamp
    if stated is None or stated.tzinfo is None:
        return None
    try:
        seconds = int(stated.astimezone(UTC).timestamp())
    except OverflowError:  # not within the years 1 to 9999
        return None
    return seconds if seconds >= 0 else None


def _tokens(signature: EmbeddedPdfSignature) -> list[bytes]:
    """Return the timestamps (RFC 3161) on the signature, which lie outside of what it signs."""
    attributes = signature.signer_info["unsigned_attrs"]
    return [value.dump() for one in attributes if one["type"].dotted == TIMESTAMP for value in one["values"]]
