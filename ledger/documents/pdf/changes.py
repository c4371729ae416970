"""Judge what was added to a PDF after it was signed (ISO 32000-2, 7.5.6)."""

# mypy: allow-untyped-calls
from collections.abc import Iterable, Iterator, Set
from dataclasses import replace
from typing import Final

from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DiffResult,
    DocInfoRule,
    DSSCompareRule,
    FieldComparisonContext,
    FieldComparisonSpec,
    FieldMDPRule,
    FormUpdate,
    FormUpdatingRule,
    GenericFieldModificationRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.rules.form_field_rules import is_field_visible

from ledger.documents.findings import Check, failed, passed, unknown
from ledger.documents.inspection import Kind, SignatureReport
from ledger.documents.pdf.metadata import read_statements
from ledger.documents.pdf.placed import PlacedSignature
from ledger.errors import MalformedInput

_LATER: Final = passed("references", "later_signature")
_DATA_ALONE: Final = passed("references", "validation_data")
_NOBODYS: Final = unknown("references", "appended")
_KEPT: Final = ModificationLevel.LTA_UPDATES


class _ChangedFields(GenericFieldModificationRule):
    """Fields that were filled in; the library names those whose look is merely older than the signature, too."""

    def check_form_field(
        self, fq_name: str, spec: FieldComparisonSpec, context: FieldComparisonContext
    ) -> Iterator[tuple[ModificationLevel, FormUpdate]]:
        for level, update in super().check_form_field(fq_name, spec, context):
            if context.old.reader.xrefs.get_last_change(update.updated_ref) > context.old.revision:
                yield level, update


class _NeverSeen(FieldMDPRule):
    """The look of a field without area: many writers give one to a timestamp, and no reader shows it."""

    def apply(self, context: FieldComparisonContext) -> Iterator[tuple[ModificationLevel, FormUpdate]]:
        for name, spec in context.field_specs.items():
            field = spec.new_field
            if spec.field_type != "/Sig" or field is None or "/AP" not in field or is_field_visible(field):
                continue
            added = context.new.collect_dependencies(field.raw_get("/AP"), context.old.revision + 1)
            for part in added:
                yield _KEPT, FormUpdate(part, field_name=name, valid_when_locked=True)


_METADATA: Final = (DocInfoRule().as_qualified(_KEPT), MetadataUpdateRule().as_qualified(_KEPT))
_STRUCTURE: Final = (XrefStreamRule().as_qualified(_KEPT), ObjectStreamRule().as_qualified(_KEPT))
_DSS: Final = DSSCompareRule()
_SIGNING: Final = (SigFieldModificationRule(), _NeverSeen())

#: What may come after a signature where somebody signs it later.
_ANY: Final = StandardDiffPolicy(
    [CatalogModificationRule(), *_METADATA, *_STRUCTURE, _DSS.as_qualified(_KEPT)],
    FormUpdatingRule(
        [SigFieldCreationRule(allow_new_visible_after_certify=True), *_SIGNING, _ChangedFields()]
    ),
)
#: What may come after the last signature where an authority's timestamp follows: nothing that is seen. What the
#: metadata say is compared apart.
_UNSEEN: Final = StandardDiffPolicy(
    [
        CatalogModificationRule({"/AcroForm", "/DSS", "/Extensions", "/Metadata", "/Version"}),
        *_METADATA,
        *_STRUCTURE,
        _DSS.as_qualified(_KEPT),
    ],
    FormUpdatingRule([SigFieldCreationRule(), *_SIGNING], {"/Fields"}),
)
#: Certificates and what their authorities said of them (ETSI EN 319 142-1, DSS), where nothing follows. They alone stand
#: on a level of their own, which an update without them does not reach.
_ADDED: Final = ModificationLevel.FORM_FILLING
_VALIDATION_DATA: Final = StandardDiffPolicy(
    [
        CatalogModificationRule({"/DSS", "/Extensions", "/Version"}),
        *_STRUCTURE,
        _DSS.as_qualified(_ADDED),
    ],
    form_rule=None,
    ignore_orphaned_objects=False,
)


def judge_changes(signature: PlacedSignature, names: Set[str], later: Set[Kind]) -> Check:
    """Return the check `references`: later signatures and data to validate them may come after one, and no alteration.

    `names` are those of all signatures, `later` the kinds of those that were made after this one.
    """
    if signature.covers_file:
        return passed("references")
    if not signature.covers_revision:
        return _NOBODYS
    changes = signature.changes(_ANY)
    if not isinstance(changes, DiffResult) or changes.modification_level > ModificationLevel.FORM_FILLING:
        return failed("references", "altered")
    if changes.modification_level is ModificationLevel.NONE:
        return _NOBODYS
    allowed = signature.allowed
    if allowed is not None and changes.modification_level.value > allowed.value:
        return unknown("references", "forbidden")
    if not changes.changed_form_fields <= names:
        return unknown("references", "filled")
    if not later:
        return _DATA_ALONE if _level(signature, _VALIDATION_DATA) is _ADDED else _NOBODYS
    if later == {Kind.PDF_TIMESTAMP} and not _unseen(signature):
        return _NOBODYS
    return _LATER


def _unseen(signature: PlacedSignature) -> bool:
    """Tell whether nothing that a reader is shown came after a signature, and nothing that the metadata say."""
    reader = signature.reader
    signed = reader.get_historical_resolver(signature.revision)
    newest = reader.get_historical_resolver(reader.total_revisions - 1)
    try:
        same = read_statements(signed) == read_statements(newest)
    except MalformedInput:
        return False
    return same and _level(signature, _UNSEEN) is _KEPT


def _level(signature: PlacedSignature, policy: StandardDiffPolicy) -> ModificationLevel:
    changes = signature.changes(policy)
    return changes.modification_level if isinstance(changes, DiffResult) else ModificationLevel.OTHER


def withdraw_unvouched(reports: Iterable[SignatureReport]) -> tuple[SignatureReport, ...]:
    """What came after a signature is good by the word of a later one; for an end that none covers, none speaks."""
    judged = tuple(reports)
    spoken = any(report.covers_all or _DATA_ALONE in report.checks for report in judged)
    if spoken and not any({_NOBODYS, passed("coverage")} <= {*report.checks} for report in judged):
        return judged
    return tuple(_appended(report) for report in judged)


def _appended(report: SignatureReport) -> SignatureReport:
    return replace(report, checks=tuple(_NOBODYS if check == _LATER else check for check in report.checks))
