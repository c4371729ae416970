"""Signed PDF documents (ISO 32000-2 section 12.8, PAdES ETSI EN 319 142): parsed and checked with pyHanko, offline.

pyHanko says what a signature covers, whether it holds, and what was changed after it; certificates are judged by the same
trust list as those of seals. Signatures with SM2, which pyHanko does not compute, are read as GB/T 35275.
"""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any, Final

from asn1crypto import core
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult, ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from ledger import times
from ledger.documents.algorithms import SM2_ALGORITHMS
from ledger.documents.certificates import decode_certificate
from ledger.documents.findings import Check, failed, passed, unknown
from ledger.documents.inspection import Inspection, Kind, SignatureReport
from ledger.documents.person_signatures import signed_data_report
from ledger.documents.signers import chains, in_force
from ledger.documents.trust_list import SIGNERS, TrustList
from ledger.errors import MalformedInput

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_SIGNATURES: Final = 64  # every department of a city under one document
TYPE: Final = "pdf"
_SUBFILTERS: Final = frozenset({"/adbe.pkcs7.detached", "/ETSI.CAdES.detached"})
_DIGESTS: Final = frozenset({"sha256", "sha384", "sha512"})  # SHA-1 and MD5 prove nothing
_WHOLE: Final = "the document"
#: Of GB/T 35275, which pyHanko does not read: the content type that its SignedData begins with.
_NATIONAL: Final = core.ObjectIdentifier("1.2.156.10197.6.1.4.2.2").dump()


def inspect_pdf(data: bytes, trust: TrustList | None) -> Inspection:
    """Report on every signature of a PDF, in the order of its fields; what cannot be read becomes the `problem`."""
    if len(data) > MAX_BYTES:
        return Inspection(TYPE, problem=f"a PDF has {MAX_BYTES} bytes at most")
    try:
        reader = PdfFileReader(BytesIO(data))
        if reader.encrypted:
            return Inspection(TYPE, problem="the PDF is encrypted")
        fields = [(name, field) for name, _, field in enumerate_sig_fields(reader, filled_status=True)]
    except Exception as error:  # noqa: BLE001 - whatever a parser makes of hostile bytes
        return Inspection(TYPE, problem=f"not a PDF that can be read strictly: {str(error)[:200]}")
    if len(fields) > MAX_SIGNATURES:
        return Inspection(TYPE, problem=f"a PDF has {MAX_SIGNATURES} signatures at most")
    names = {name for name, _ in fields}
    return Inspection(TYPE, tuple(_report(data, reader, name, field, names, trust) for name, field in fields))


def _report(
    data: bytes, reader: PdfFileReader, name: str, field: Any, names: set[str], trust: TrustList | None
) -> SignatureReport:
    try:
        return _checked(data, EmbeddedPdfSignature(reader, field, name), names, trust)
    except Exception:  # noqa: BLE001 - as above; what could not be read is no forgery
        return SignatureReport(Kind.PADES, 0, (unknown("structure", _why(field)),))


def _why(field: Any) -> str:
    try:
        return "national" if _NATIONAL in bytes(field.get_object()["/V"]["/Contents"])[:64] else "malformed"
    except Exception:  # noqa: BLE001 - as above
        return "malformed"


def _checked(
    data: bytes, signature: EmbeddedPdfSignature, names: set[str], trust: TrustList | None
) -> SignatureReport:
    if signature.sig_object.get("/SubFilter") not in _SUBFILTERS:
        return SignatureReport(Kind.PADES, 0, (unknown("structure", "subfilter"),))
    coverage = signature.evaluate_signature_coverage()
    signature.coverage = coverage  # type: ignore[assignment] # pyHanko leaves it None until then
    algorithm = signature.signer_info["signature_algorithm"]["algorithm"].dotted
    read = _by_sm2 if algorithm in SM2_ALGORITHMS else _by_pyhanko
    report = read(data, signature, trust)
    changes = _changes(signature, names)
    if report.check("references") is None:
        report = replace(report, checks=(report.checks[0], changes, *report.checks[1:]))
    return replace(
        report,
        checks=(*report.checks, _coverage(coverage), *_timestamp(signature)),
        covers_all=coverage is SignatureCoverageLevel.ENTIRE_FILE,
        altered=(_WHOLE,) if any(check.reason == "altered" for check in report.checks) else (),
    )


def _by_pyhanko(data: bytes, signature: EmbeddedPdfSignature, trust: TrustList | None) -> SignatureReport:
    """Report on the signature itself; `references` is among the checks where the signed bytes are not the document's."""
    signer = decode_certificate(signature.signer_cert.dump())
    between = [decode_certificate(one.dump()) for one in signature.other_embedded_certs]
    moment = _stated(signature)
    return SignatureReport(
        kind=Kind.PADES,
        version=int(str(signature.signer_info["version"].native).removeprefix("v")),
        checks=(
            passed("structure"),
            *_made(signature),
            in_force(signer, moment),
            chains([(signer, SIGNERS, moment)], trust, between),
        ),
        signer=signer.name,
        issuer=signer.issuer_name,
        signed_at=moment,
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


def _by_sm2(data: bytes, signature: EmbeddedPdfSignature, trust: TrustList | None) -> SignatureReport:
    value = core.load(signature.pkcs7_content).dump()  # without the zeros that fill its place
    moment = _stated(signature)
    stated = "" if moment is None else times.format_time(moment)
    report = signed_data_report(value, b"".join(_signed_bytes(data, signature)), stated, trust)
    checks = tuple(check for check in report.checks if check.name != "data_hash" or check.reason != "ok")
    return replace(report, kind=Kind.PADES, checks=checks)


def _stated(signature: EmbeddedPdfSignature) -> int | None:
    """Return when the signer says that it was signed, in seconds since 1970; None without a time zone."""
    stated = signature.self_reported_timestamp
    return int(stated.timestamp()) if stated and stated.tzinfo else None


def _signed_bytes(data: bytes, signature: EmbeddedPdfSignature) -> Iterator[bytes]:
    ranges = [int(number) for number in signature.byte_range]
    for start, length in zip(ranges[::2], ranges[1::2], strict=True):
        if not 0 <= start <= start + length <= len(data):
            raise MalformedInput("the byte range lies outside of the file")
        yield data[start : start + length]


def _coverage(level: SignatureCoverageLevel) -> Check:
    if level < SignatureCoverageLevel.ENTIRE_REVISION:
        return unknown("coverage", "partial")
    return passed("coverage")


def _changes(signature: EmbeddedPdfSignature, names: set[str]) -> Check:
    """Judge what was appended after the signature: later signatures may be, anything else is an alteration."""
    if signature.coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return passed("references")
    found = signature.evaluate_modifications(DEFAULT_DIFF_POLICY)
    if not isinstance(found, DiffResult) or found.modification_level > ModificationLevel.FORM_FILLING:
        return failed("references", "altered")
    if found.modification_level is ModificationLevel.NONE:
        return unknown("references", "appended")
    if not found.changed_form_fields <= names:
        return unknown("references", "filled")
    return passed("references", "later_signature")


def _timestamp(signature: EmbeddedPdfSignature) -> Iterator[Check]:
    """A timestamp (RFC 3161) is reported, not checked."""
    attributes = signature.signer_info["unsigned_attrs"].native or ()
    if any(attribute["type"] == "signature_time_stamp_token" for attribute in attributes):
        yield unknown("timestamp", "not_checked")
