"""The value of a PDF signature, in each of its forms: CMS, SM2, seal, timestamp.

CMS is pyHanko's. Signatures with SM2, which it does not compute, are read as GB/T 35275 and GB/T 38540: GM/T 0112-2021
puts either, a SignedData or the use of a seal, in the place of CMS.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from asn1crypto import core
from pyhanko.pdf_utils.generic import parse_pdf_date
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from ledger.documents.asn1.algorithms import SM2_ALGORITHMS
from ledger.documents.asn1.ber import to_der
from ledger.documents.certificates.certificates import decode_certificate, decode_if_readable
from ledger.documents.certificates.signers import check_chains, check_in_force
from ledger.documents.certificates.trust_list import SIGNERS, TrustList
from ledger.documents.findings import Check, pass_check
from ledger.documents.inspection import Kind, SignatureReport
from ledger.documents.pdf.forms import DOCUMENT_TIMESTAMP
from ledger.documents.pdf.integrity import check_integrity
from ledger.documents.pdf.placed import PlacedSignature
from ledger.documents.seals.ses import decode_signature
from ledger.documents.seals.ses_signatures import verify_seal_signature
from ledger.documents.signatures.person_signatures import verify_signed_data
from ledger.documents.signatures.signed_data import TIMESTAMP_ATTRIBUTE
from ledger.documents.signatures.timestamps import check_timestamps, merge_checks
from ledger.encoding import der, times
from ledger.errors import MalformedInput

#: The content type that a SignedData of GB/T 35275 begins with.
_NATIONAL_CONTENT_TYPE: Final = core.ObjectIdentifier("1.2.156.10197.6.1.4.2.2").dump()

_ReportReader = Callable[[TrustList | None], SignatureReport]
_TimeReader = Callable[[], int | None]


@dataclass(frozen=True, slots=True)
class SignatureValue:
    """The value of a signature: the kind of the signature, and its report, which leaves out what came after it."""

    kind: Kind
    make_report: _ReportReader


def open_value(placed_signature: PlacedSignature, field_name: str) -> SignatureValue:
    """Tell the form of the value of a signature. Raises: whatever a parser makes of hostile bytes."""
    value: bytes = core.load(placed_signature.contents).dump()  # without the zeros that fill the place
    national_reader = _find_national_reader(placed_signature, value)
    if national_reader is not None:
        return SignatureValue(Kind.PADES, national_reader)
    signature = EmbeddedPdfSignature(placed_signature.reader, placed_signature.form_field, field_name)
    if placed_signature.dictionary.get("/SubFilter") == DOCUMENT_TIMESTAMP:
        return SignatureValue(
            Kind.PDF_TIMESTAMP, partial(_report_timestamp, placed_signature, value, signature)
        )
    if signature.signer_info["signature_algorithm"]["algorithm"].dotted in SM2_ALGORITHMS:
        read_time = partial(_read_time_in_cms, signature)
        return SignatureValue(Kind.PADES, partial(_report_sm2, placed_signature, value, read_time))
    return SignatureValue(Kind.PADES, partial(_report_cms, signature))


def _find_national_reader(placed_signature: PlacedSignature, value: bytes) -> _ReportReader | None:
    """Tell a SignedData of GB/T 35275 and the use of a seal from CMS by how they begin."""
    try:
        tag, first_element = der.read_children(value)[0]
    except (MalformedInput, IndexError):
        return None
    if first_element == _NATIONAL_CONTENT_TYPE:
        return partial(
            _report_sm2, placed_signature, value, partial(_read_time_in_dictionary, placed_signature)
        )
    return partial(_report_seal, placed_signature, value) if tag == der.SEQUENCE else None


def _report_cms(signature: EmbeddedPdfSignature, trust_list: TrustList | None) -> SignatureReport:
    """Report on the signature itself; `references` is among the checks where the signed bytes are not the document's."""
    signer = decode_certificate(signature.signer_cert.dump())
    other_certificates = [
        decode_if_readable(certificate.dump()) for certificate in signature.other_embedded_certs
    ]
    moment = _read_time_in_cms(signature)
    timestamp_report = check_timestamps(
        _read_timestamp_tokens(signature), signature.signer_info["signature"].native, moment, trust_list
    )
    return SignatureReport(
        kind=Kind.PADES,
        version=_read_version(signature),
        checks=(
            pass_check("structure"),
            *check_integrity(signature),
            check_in_force(signer, moment),
            check_chains([(signer, SIGNERS, moment)], trust_list, filter(None, other_certificates)),
            *merge_checks(*timestamp_report.checks),
        ),
        signer=signer.name,
        issuer=signer.issuer_name,
        signed_at=moment,
        stamped_at=timestamp_report.moment,
    )


def _report_sm2(
    placed_signature: PlacedSignature, value: bytes, read_time: _TimeReader, trust_list: TrustList | None
) -> SignatureReport:
    moment = read_time()
    time_text = "" if moment is None else times.format_time(moment)
    report = verify_signed_data(value, placed_signature.signed_bytes, time_text, trust_list)
    return replace(report, kind=Kind.PADES, checks=_name_document_check(report.checks))


def _report_seal(
    placed_signature: PlacedSignature, value: bytes, trust_list: TrustList | None
) -> SignatureReport:
    report = verify_seal_signature(decode_signature(value), placed_signature.signed_bytes, trust_list)
    return replace(report, checks=_name_document_check(report.checks))


def _name_document_check(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Return the checks with that of the content, which is the document itself, under its name where it is not good."""
    renamed_checks = (
        replace(check, name="references") if check.name == "data_hash" else check for check in checks
    )
    return tuple(check for check in renamed_checks if check != pass_check("references"))


def _report_timestamp(
    placed_signature: PlacedSignature,
    value: bytes,
    signature: EmbeddedPdfSignature,
    trust_list: TrustList | None,
) -> SignatureReport:
    """Report on a timestamp of the document as it stood: nobody signed it by that."""
    timestamp_report = check_timestamps(
        [_rewrite_in_der(value)], placed_signature.signed_bytes, None, trust_list
    )
    return SignatureReport(
        kind=Kind.PDF_TIMESTAMP,
        version=_read_version(signature),
        checks=(pass_check("structure"), *timestamp_report.checks),
        stamped_at=timestamp_report.moment,
    )


def _rewrite_in_der(token: bytes) -> bytes:
    """Return a timestamp in DER where it is written in BER, as authorities may (RFC 5652)."""
    try:
        return to_der(token)
    except MalformedInput:  # nor will it be read
        return token


def _read_version(signature: EmbeddedPdfSignature) -> int:
    return int(str(signature.signer_info["version"].native).removeprefix("v"))


def _read_timestamp_tokens(signature: EmbeddedPdfSignature) -> list[bytes]:
    """Return the timestamps (RFC 3161) on the signature, which lie outside of what it signs."""
    attributes = signature.signer_info["unsigned_attrs"]
    timestamp_attributes = (
        attribute for attribute in attributes if attribute["type"].dotted == TIMESTAMP_ATTRIBUTE
    )
    return [
        _rewrite_in_der(token.dump()) for attribute in timestamp_attributes for token in attribute["values"]
    ]


def _read_time_in_cms(signature: EmbeddedPdfSignature) -> int | None:
    return _to_seconds(signature.self_reported_timestamp)


def _read_time_in_dictionary(placed_signature: PlacedSignature) -> int | None:
    date_text = placed_signature.dictionary.get("/M")
    return None if date_text is None else _to_seconds(parse_pdf_date(date_text, strict=False))


def _to_seconds(stated_time: datetime | None) -> int | None:
    """Return when the signer says that it was signed, in seconds since 1970; None without a time zone, or before."""
    if stated_time is None or stated_time.tzinfo is None:
        return None
    try:
        seconds = int(stated_time.astimezone(UTC).timestamp())
    except OverflowError:  # not within the years 1 to 9999
        return None
    return seconds if seconds >= 0 else None
