"""Judge what was added to a PDF after it was signed (ISO 32000-2, 7.5.6)."""

from collections.abc import Iterable, Set
from dataclasses import replace
from typing import Final

from pyhanko.sign.fields import MDPPerm

from ledger.documents.findings import Check, failed, passed, unknown
from ledger.documents.inspection import Kind, SignatureReport
from ledger.documents.pdf.differences import compare_revisions, is_data_alone
from ledger.documents.pdf.forms import Change, Changes
from ledger.documents.pdf.metadata import read_statements
from ledger.documents.pdf.placed import PlacedSignature
from ledger.documents.pdf.revisions import read_revision
from ledger.errors import LimitExceeded, MalformedInput
from ledger.verification.reasons import Outcome

_LATER: Final = passed("references", "later_signature")
_DATA_ALONE: Final = passed("references", "validation_data")
_NOBODYS: Final = unknown("references", "appended")
_UNEXPLAINED: Final = unknown("references", "unexplained")
#: What a signature that certifies the document and allows nothing forbids; a timestamp is no change.
_FILLING: Final = frozenset({Change.SIGNED, Change.SIGNED_LOOK, Change.FILLED})
#: What a reader shows that was not there: no timestamp vouches for it.
_SEEN: Final = frozenset({Change.SIGNED, Change.SIGNED_LOOK})


def judge_changes(signature: PlacedSignature, later: Set[Kind]) -> Check:
    """Return the check `references`: what was signed is as it was, and a later signature vouches for all that came after.

    `later` are the kinds of signatures that were made after this one.
    """
    if signature.covers_file:
        return passed("references")
    if not signature.covers_revision:
        return _NOBODYS
    try:
        changes = compare_revisions(signature.reader, signature.revision)
    except LimitExceeded:
        return _UNEXPLAINED
    worse = _judge_kinds(signature, changes)
    if worse is not None:
        return worse
    if not later:
        return _DATA_ALONE if _is_data(signature, changes.kinds) else _NOBODYS
    stamped = later == {Kind.PDF_TIMESTAMP}
    if not changes.kinds or (stamped and (changes.kinds & _SEEN or not _same_statements(signature))):
        return _NOBODYS
    return _LATER


def _judge_kinds(signature: PlacedSignature, changes: Changes) -> Check | None:
    """Return what is to be said of changes that no later signature makes good; None where there is none."""
    kinds, locked = changes.kinds, signature.locked
    if Change.ALTERED in kinds or (locked and any(locked.is_locked(name) for name in changes.filled)):
        return failed("references", "altered")
    if signature.allowed is MDPPerm.NO_CHANGES and kinds & _FILLING:
        return unknown("references", "forbidden")
    for kind, reason in (
        (Change.LOOK_ADDED, "look_added"),
        (Change.UNEXPLAINED, "unexplained"),
        (Change.FILLED, "filled"),
    ):
        if kind in kinds:
            return unknown("references", reason)
    return None


def _is_data(signature: PlacedSignature, kinds: Set[Change]) -> bool:
    """Tell whether nothing but data to validate the signatures came after one: no metadata, no object beside."""
    if kinds - {Change.DATA, Change.UNSEEN} or Change.DATA not in kinds:
        return False
    return is_data_alone(signature.reader, signature.revision)


def _same_statements(signature: PlacedSignature) -> bool:
    """Tell whether the metadata say what they said."""
    reader = signature.reader
    signed = read_revision(reader, signature.revision)
    newest = read_revision(reader, reader.total_revisions - 1)
    try:
        return read_statements(signed) == read_statements(newest)
    except MalformedInput:
        return False


def judge_after_timestamp(judged: Check, later: Set[Kind]) -> Check:
    """Judge what came after a timestamp of the document, which vouches for nothing: a later signer may, for all of it."""
    if judged.outcome is Outcome.PASS or judged == _NOBODYS:
        return judged
    spoken = judged.outcome is Outcome.UNKNOWN and later - {Kind.PDF_TIMESTAMP}
    return _LATER if spoken else _NOBODYS  # anybody can have put the timestamp there


def withdraw_unvouched(reports: Iterable[SignatureReport]) -> tuple[SignatureReport, ...]:
    """What came after a signature is good by the word of a later one; for an end that none covers, none speaks."""
    judged = tuple(reports)
    spoken = any(report.covers_all or _DATA_ALONE in report.checks for report in judged)
    if spoken and not any({_NOBODYS, passed("coverage")} <= {*report.checks} for report in judged):
        return judged
    return tuple(_appended(report) for report in judged)


def _appended(report: SignatureReport) -> SignatureReport:
    return replace(report, checks=tuple(_NOBODYS if check == _LATER else check for check in report.checks))
