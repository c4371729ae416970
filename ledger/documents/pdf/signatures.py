"""Verify the signatures of a PDF (ISO 32000-2 section 12.8, PAdES ETSI EN 319 142).

pyHanko reads the file without a network, checks CMS and says what was changed after a signature; certificates are
judged by the same trust list as those of seals.
"""

# mypy: allow-untyped-calls
from dataclasses import dataclass, replace
from typing import Final

from pyhanko.pdf_utils.generic import IndirectObject
from pyhanko.sign.fields import enumerate_sig_fields

from ledger.documents.certificates.trust_list import TrustList
from ledger.documents.findings import Check, leave_unknown, pass_check
from ledger.documents.inspection import Inspection, Kind, SignatureReport
from ledger.documents.kinds import FileKind
from ledger.documents.pdf.changes import judge_after_timestamp, judge_changes, withdraw_unvouched
from ledger.documents.pdf.forms import DOCUMENT_TIMESTAMP
from ledger.documents.pdf.limits import check_comparisons, check_size
from ledger.documents.pdf.placed import PlacedSignature
from ledger.documents.pdf.reading import Reader, open_reader
from ledger.documents.pdf.scripts import has_scripts
from ledger.documents.pdf.values import SignatureValue, open_value
from ledger.errors import LimitExceeded, MalformedInput

TYPE: Final = FileKind.PDF.value
MAX_BYTES: Final = 64 * 1024 * 1024
#: Every department of a city under one document.
MAX_SIGNATURES: Final = 64
_SUBFILTERS: Final = frozenset(
    {
        "/adbe.pkcs7.detached",
        "/ETSI.CAdES.detached",
        "/GM.sm2cms.detached",
        "/GM.sm2seal",
        DOCUMENT_TIMESTAMP,
    }
)
_WHOLE_DOCUMENT: Final = "the document"


@dataclass(frozen=True, slots=True)
class OpenedSignature:
    """A signature with its place in the file and the value that was read."""

    placed_signature: PlacedSignature
    value: SignatureValue

    def precedes(self, other_signature: "OpenedSignature") -> bool:
        """Whether the other was made in a later update."""
        return (
            other_signature.placed_signature.covers_revision
            and other_signature.placed_signature.revision > self.placed_signature.revision
        )


def inspect_pdf(data: bytes, trust_list: TrustList | None) -> Inspection:
    """Report on every signature of a PDF, in the order of its fields; what cannot be read becomes the `problem`."""
    if len(data) > MAX_BYTES:
        return Inspection(TYPE, problem=f"a PDF has {MAX_BYTES} bytes at most")
    try:
        reader = open_reader(data)
        check_size(reader)
        named_fields = [(name, field) for name, _, field in enumerate_sig_fields(reader, filled_status=True)]
    except MalformedInput as error:
        return Inspection(TYPE, problem=str(error))
    except MemoryError:  # whoever set the limit says so
        raise
    except Exception as error:  # noqa: BLE001 - whatever a parser makes of hostile bytes
        return Inspection(TYPE, problem=f"not a PDF that can be read strictly: {str(error)[:200]}")
    if len(named_fields) > MAX_SIGNATURES:
        return Inspection(TYPE, problem=f"a PDF has {MAX_SIGNATURES} signatures at most")
    signatures_and_checks = [_open_signature(data, reader, name, field) for name, field in named_fields]
    signatures = [outcome for outcome in signatures_and_checks if isinstance(outcome, OpenedSignature)]
    if reader.file.fault is not None:
        return Inspection(TYPE, problem=str(reader.file.fault))
    try:
        check_comparisons(reader, (signature.placed_signature for signature in signatures))
    except LimitExceeded as error:
        return Inspection(TYPE, problem=str(error))
    reports = withdraw_unvouched(
        _report_signature(outcome, signatures, trust_list) for outcome in signatures_and_checks
    )
    may_have_scripts = _may_have_scripts(reader)
    if reader.file.fault is not None:  # whatever was made of it on the way
        return Inspection(TYPE, problem=str(reader.file.fault))
    return Inspection(TYPE, reports, has_scripts=may_have_scripts)


def _may_have_scripts(reader: Reader) -> bool:
    try:
        return has_scripts(reader)
    except Exception:  # noqa: BLE001 - as above; what cannot be looked through may hold anything
        return True


def _open_signature(data: bytes, reader: Reader, name: str, field: IndirectObject) -> OpenedSignature | Check:
    """Return the signature of a field, or the check that it fails."""
    try:
        form_field = field.get_object()
        if form_field["/V"].get("/SubFilter") not in _SUBFILTERS:
            return leave_unknown("structure", "subfilter")
        placed_signature = PlacedSignature.of(data, reader, form_field)
        reader.file.count_elements(placed_signature.contents)
        return OpenedSignature(placed_signature, open_value(placed_signature, name))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - as above; what could not be read is no forgery
        return leave_unknown("structure", "malformed")


def _report_signature(
    signature_or_check: OpenedSignature | Check,
    signatures: list[OpenedSignature],
    trust_list: TrustList | None,
) -> SignatureReport:
    if isinstance(signature_or_check, Check):
        return SignatureReport(Kind.PADES, 0, (signature_or_check,))
    later_kinds = {
        other_signature.value.kind
        for other_signature in signatures
        if signature_or_check.precedes(other_signature)
    }
    try:
        return _verify_signature(signature_or_check, later_kinds, trust_list)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - as above
        return SignatureReport(Kind.PADES, 0, (leave_unknown("structure", "malformed"),))


def _verify_signature(
    signature: OpenedSignature, later_kinds: set[Kind], trust_list: TrustList | None
) -> SignatureReport:
    placed_signature, kind = signature.placed_signature, signature.value.kind
    report = signature.value.make_report(trust_list)
    changes_check = judge_changes(placed_signature, later_kinds)
    if kind is Kind.PDF_TIMESTAMP:
        changes_check = judge_after_timestamp(changes_check, later_kinds)
    if report.find_check("references") is None:
        report = replace(report, checks=(report.checks[0], changes_check, *report.checks[1:]))
    coverage_check = (
        pass_check("coverage") if placed_signature.covers_revision else leave_unknown("coverage", "partial")
    )
    return replace(
        report,
        checks=(*report.checks, coverage_check),
        covers_all=placed_signature.covers_file,
        altered_parts=(_WHOLE_DOCUMENT,) if any(check.reason == "altered" for check in report.checks) else (),
    )
