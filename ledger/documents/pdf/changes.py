"""Judge what was added to a PDF after it was signed (ISO 32000-2, 7.5.6)."""

from collections.abc import Iterable, Set
from dataclasses import replace
from typing import Final

from pyhanko.sign.fields import MDPPerm

from ledger.documents.findings import Check, fail_check, leave_unknown, pass_check
from ledger.documents.inspection import Kind, SignatureReport
from ledger.documents.pdf.differences import compare_revisions, find_keys_beside_data, find_metadata_keys
from ledger.documents.pdf.forms import Change, Changes
from ledger.documents.pdf.metadata import read_statements
from ledger.documents.pdf.placed import PlacedSignature
from ledger.documents.pdf.revisions import read_revision
from ledger.errors import LimitExceeded, MalformedInput
from ledger.verification.reasons import Outcome

_LATER_SIGNATURE_CHECK: Final = pass_check("references", "later_signature")
_DATA_ALONE_CHECK: Final = pass_check("references", "validation_data")
_APPENDED_CHECK: Final = leave_unknown("references", "appended")
_UNEXPLAINED_CHECK: Final = leave_unknown("references", "unexplained")
#: What a signature that certifies the document and allows nothing forbids; a timestamp is no change.
_FILLING_CHANGES: Final = frozenset({Change.SIGNED, Change.SIGNED_LOOK, Change.FILLED})
#: What a reader shows that was not there: no timestamp vouches for it.
_SEEN_CHANGES: Final = frozenset({Change.SIGNED, Change.SIGNED_LOOK})


def judge_changes(signature: PlacedSignature, later_kinds: Set[Kind]) -> Check:
    """Return the check `references`: what was signed is as it was, and a later signature vouches for all that came after.

    `later_kinds` are the kinds of signatures that were made after this one.
    """
    if signature.covers_file:
        return pass_check("references")
    if not signature.covers_revision:
        return _APPENDED_CHECK
    try:
        changes = compare_revisions(signature.reader, signature.revision)
    except LimitExceeded:
        return _UNEXPLAINED_CHECK
    worse_check = _judge_kinds(signature, changes)
    if worse_check is not None:
        return worse_check
    if not later_kinds:
        return _DATA_ALONE_CHECK if _is_validation_data(signature, changes.kinds) else _APPENDED_CHECK
    is_only_stamped = later_kinds == {Kind.PDF_TIMESTAMP}
    if not changes.kinds or (
        is_only_stamped and (changes.kinds & _SEEN_CHANGES or not _has_same_statements(signature))
    ):
        return _APPENDED_CHECK
    return _LATER_SIGNATURE_CHECK


def _judge_kinds(signature: PlacedSignature, changes: Changes) -> Check | None:
    """Return what is to be said of changes that no later signature makes good; None where there is none."""
    kinds, locked_fields = changes.kinds, signature.locked_fields
    if Change.ALTERED in kinds or (
        locked_fields and any(locked_fields.is_locked(name) for name in changes.filled_names)
    ):
        return fail_check("references", "altered")
    if signature.allowed_changes is MDPPerm.NO_CHANGES and kinds & _FILLING_CHANGES:
        return leave_unknown("references", "forbidden")
    for kind, reason in (
        (Change.LOOK_ADDED, "look_added"),
        (Change.UNEXPLAINED, "unexplained"),
        (Change.FILLED, "filled"),
    ):
        if kind in kinds:
            return leave_unknown("references", reason)
    return None


def _is_validation_data(signature: PlacedSignature, kinds: Set[Change]) -> bool:
    """Tell whether nothing but data to validate the signatures came after one, and what a writer says of itself."""
    if kinds - {Change.DATA, Change.UNSEEN} or Change.DATA not in kinds:
        return False
    keys = find_keys_beside_data(signature.reader, signature.revision)
    if not keys:
        return True
    return keys <= find_metadata_keys(signature.reader, signature.revision) and _has_same_statements(
        signature
    )


def _has_same_statements(signature: PlacedSignature) -> bool:
    """Tell whether the metadata say what they said."""
    reader = signature.reader
    signed_revision = read_revision(reader, signature.revision)
    newest_revision = read_revision(reader, reader.total_revisions - 1)
    try:
        return read_statements(signed_revision) == read_statements(newest_revision)
    except MalformedInput:
        return False


def judge_after_timestamp(check: Check, later_kinds: Set[Kind]) -> Check:
    """Judge what came after a timestamp of the document, which vouches for nothing: a later signer may, for all of it."""
    if check.outcome is Outcome.PASS or check == _APPENDED_CHECK:
        return check
    is_vouched = check.outcome is Outcome.UNKNOWN and later_kinds - {Kind.PDF_TIMESTAMP}
    # Anybody can have put the timestamp there.
    return _LATER_SIGNATURE_CHECK if is_vouched else _APPENDED_CHECK


def withdraw_unvouched(reports: Iterable[SignatureReport]) -> tuple[SignatureReport, ...]:
    """What came after a signature is good by the word of a later one; for an end that none covers, none speaks."""
    signature_reports = tuple(reports)
    is_vouched = any(report.covers_all or _DATA_ALONE_CHECK in report.checks for report in signature_reports)
    if is_vouched and not any(
        {_APPENDED_CHECK, pass_check("coverage")} <= {*report.checks} for report in signature_reports
    ):
        return signature_reports
    return tuple(_withdraw_vouching(report) for report in signature_reports)


def _withdraw_vouching(report: SignatureReport) -> SignatureReport:
    return replace(
        report,
        checks=tuple(
            _APPENDED_CHECK if check == _LATER_SIGNATURE_CHECK else check for check in report.checks
        ),
    )
