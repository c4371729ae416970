"""What was added to a PDF after it was signed, in updates that leave the signed bytes as they are (ISO 32000-2, 7.5.6)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    CatalogModificationRule,
    DiffResult,
    DSSCompareRule,
    ModificationLevel,
    ObjectStreamRule,
    StandardDiffPolicy,
    XrefStreamRule,
)
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from ledger.documents.findings import Check, failed, passed, unknown
from ledger.documents.inspection import SignatureReport

_LATER: Final = passed("references", "later_signature")
_DATA_ALONE: Final = passed("references", "validation_data")
#: An update that adds certificates and what their authorities said of them (ETSI EN 319 142-1, DSS), and nothing else.
_VALIDATION_DATA: Final = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(),  # type: ignore[no-untyped-call]
        *(
            rule().as_qualified(ModificationLevel.LTA_UPDATES)
            for rule in (XrefStreamRule, ObjectStreamRule, DSSCompareRule)
        ),
    ],
    form_rule=None,
)


def judge_changes(signature: EmbeddedPdfSignature, names: set[str]) -> Check:
    """Return the check `references`: later signatures and data to validate them may come after one, and no alteration."""
    if signature.coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return passed("references")
    found = signature.evaluate_modifications(DEFAULT_DIFF_POLICY)
    if not isinstance(found, DiffResult) or found.modification_level > ModificationLevel.FORM_FILLING:
        return failed("references", "altered")
    if found.modification_level is ModificationLevel.NONE:
        return unknown("references", "appended")
    if not found.changed_form_fields <= names:
        return unknown("references", "filled")
    if isinstance(signature.evaluate_modifications(_VALIDATION_DATA), DiffResult):
        return _DATA_ALONE
    return _LATER


def vouched(reports: Iterable[SignatureReport]) -> tuple[SignatureReport, ...]:
    """What came after a signature is good by the word of a later one; for an end that none covers, none speaks."""
    given = tuple(reports)
    if any(report.covers_all or _DATA_ALONE in report.checks for report in given):
        return given
    return tuple(_appended(report) for report in given)


def _appended(report: SignatureReport) -> SignatureReport:
    nobody = unknown("references", "appended")
    return replace(report, checks=tuple(nobody if check == _LATER else check for check in report.checks))
