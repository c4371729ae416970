"""Verify the signatures in an OFD document (GB/T 33190-2016 section 18, GM/T 0099-2020).

For each signature: the protected parts against their digests, what it leaves unprotected, what became visible after it
(`looks`), and the signature value: an SES_Signature where a seal was used, else SM2 in DER or a SignedData of GB/T 35275.
One signature that cannot be read leaves the others as they are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from ledger.crypto.suites import DIGEST_BYTES, Suite
from ledger.documents.asn1.algorithms import find_suite, presume_suite
from ledger.documents.certificates.trust_list import TrustList
from ledger.documents.findings import CHECKS, Check, fail_check, leave_unknown, pass_check
from ledger.documents.inspection import Kind, SignatureReport, limit_names
from ledger.documents.ofd.archive import Archive
from ledger.documents.ofd.looks import Looks
from ledger.documents.ofd.references import (
    Description,
    ListedSignature,
    describe,
    is_description,
    is_encrypted,
    list_signatures,
)
from ledger.documents.seals.ses import MAX_BYTES as MAX_VALUE_BYTES
from ledger.documents.seals.ses import Picture, decode_signature
from ledger.documents.seals.ses_signatures import verify_seal_signature
from ledger.documents.signatures.person_signatures import verify_bare_signature, verify_signed_data
from ledger.encoding import der
from ledger.errors import LimitExceeded, MalformedInput
from ledger.verification.reasons import Outcome

#: Of all signatures together: a second of work.
MAX_REFERENCES: Final = 50_000
_CHECK_ORDER: Final = [*CHECKS]


@dataclass(slots=True)
class Document:
    """An opened document: its signatures as listed and described, and the digests taken so far."""

    archive: Archive
    listed_signatures: list[ListedSignature]
    descriptions: dict[str, Description] = field(default_factory=dict)
    _digests: dict[tuple[str, str], bytes | None] = field(default_factory=dict)
    _pictures: dict[str, Picture | None] = field(default_factory=dict)

    @classmethod
    def of(cls, archive: Archive) -> "Document":
        """Read lists and descriptions. Raises: MalformedInput, LimitExceeded where the lists cannot be read."""
        document = cls(archive, list_signatures(archive))
        for part in dict.fromkeys(signature.part for signature in document.listed_signatures):
            if part is None:
                continue
            try:
                document.descriptions[part] = describe(archive, part)
            except MalformedInput:
                if archive.budget.fault is not None:  # no use in reading on
                    raise
                continue  # reported as such with its signature
            if (
                sum(len(description.references) for description in document.descriptions.values())
                > MAX_REFERENCES
            ):
                raise LimitExceeded(
                    f"the signatures of a document cover {MAX_REFERENCES} parts at most in all"
                )
        return document

    def digest(self, suite: Suite, part: str) -> bytes | None:
        """Return the digest of a part, None where it cannot be read; taken once however many references name it."""
        suite_and_part = suite.name, part
        if suite_and_part not in self._digests:
            try:
                self._digests[suite_and_part] = suite.hash(self.archive.read(part))
            except MalformedInput:
                self._digests[suite_and_part] = None
        return self._digests[suite_and_part]

    def pair_listed(self) -> Iterator[tuple[ListedSignature, Description]]:
        """Yield what is listed with its description, where that can be read."""
        for listed_signature in self.listed_signatures:
            if (description := self.descriptions.get(listed_signature.part or "")) is not None:
                yield listed_signature, description

    def read_picture(self, description: Description) -> Picture | None:
        """Return the picture of the seal that made a signature, None where no seal did or it cannot be read."""
        part = description.value_part
        if part is not None and part not in self._pictures:
            try:
                value = self.archive.read(part, MAX_VALUE_BYTES)
                self.archive.budget.take_der(der.check(value))
                self._pictures[part] = decode_signature(value).seal.picture
            except MalformedInput:
                self._pictures[part] = None
        return None if part is None else self._pictures[part]

    def has_unlisted(self, parts: Iterable[str]) -> bool:
        """Tell whether one of the parts is the description of a signature that no list names."""
        listed_parts = {signature.part for signature in self.listed_signatures}
        return any(part not in listed_parts and is_description(self.archive, part) for part in parts)

    def find_apparatus(self) -> set[str]:
        """Return the parts that exist only for signing, so that no signature can be expected to cover them.

        Only what looks like one: a page that some description calls its seal stays a page, and a list or a description
        with content of a document in it may be shown as that.
        """
        parts = {signature.list_part for signature in self.listed_signatures if not signature.shows_content}
        parts |= {part for part, description in self.descriptions.items() if not description.shows_content}
        for description in self.descriptions.values():
            for part in (description.value_part, description.seal_part):
                if part is not None and part not in parts and _is_der(self.archive, part):
                    parts.add(part)
        return parts


def verify_ofd(archive: Archive, trust_list: TrustList | None) -> tuple[SignatureReport, ...]:
    """Verify every signature of the document. Raises: MalformedInput, LimitExceeded where the lists cannot be read."""
    document = Document.of(archive)
    apparatus_parts = document.find_apparatus()
    looks = Looks.of(archive, document.pair_listed(), document.read_picture)
    reports = [
        _report_signature(document, apparatus_parts, looks, listed_signature, trust_list)
        for listed_signature in document.listed_signatures
    ]
    if archive.budget.fault is not None:  # what could not be read was called altered or malformed
        raise archive.budget.fault
    return limit_names(reports)


def _report_signature(
    document: Document,
    apparatus_parts: set[str],
    looks: Looks,
    listed_signature: ListedSignature,
    trust_list: TrustList | None,
) -> SignatureReport:
    archive = document.archive
    description = document.descriptions.get(listed_signature.part or "")
    if description is None:
        is_missing = listed_signature.part is not None and listed_signature.part not in archive
        return _report_unread(listed_signature, "missing" if is_missing else "malformed")
    references_check, altered_parts = _check_references(document, listed_signature, description)
    covered_parts = {reference.location.part for reference in description.references}
    if references_check.outcome is Outcome.PASS and looks.has_added_after(listed_signature, covered_parts):
        references_check = leave_unknown("references", "look_added")
    uncovered_parts = tuple(part for part in archive.names if part not in covered_parts | apparatus_parts)
    coverage_check = leave_unknown("coverage", "partial") if uncovered_parts else pass_check("coverage")
    if description.value_part is None or description.value_part not in archive:
        report = _report_unread(listed_signature, "missing")
    else:
        try:
            report = _report_value(
                archive, description, archive.read(description.value_part, MAX_VALUE_BYTES), trust_list
            )
        except MalformedInput:
            is_der = _is_der(archive, description.value_part)
            report = _report_unread(listed_signature, "malformed" if is_der else "encoding")
    checks = sorted(
        (references_check, coverage_check, *report.checks), key=lambda check: _CHECK_ORDER.index(check.name)
    )
    return replace(
        report,
        checks=tuple(checks),
        covers_all=not uncovered_parts and bool(covered_parts),
        altered_parts=altered_parts,
        uncovered_parts=uncovered_parts,
    )


def _report_unread(listed_signature: ListedSignature, reason: str) -> SignatureReport:
    kind = Kind.OFD_SIGN if listed_signature.type == "Sign" else Kind.SES
    return SignatureReport(kind, 0, (leave_unknown("structure", reason),))


def _check_references(
    document: Document, listed_signature: ListedSignature, description: Description
) -> tuple[Check, tuple[str, ...]]:
    """Compare every protected part with its digest; return the check and the parts that were altered or removed.

    What is spelled otherwise than it is named is compared all the same, so that it hides no alteration.
    """
    suite = presume_suite(description.digest_algorithm)
    if not description.references:
        return leave_unknown("references", "nothing"), ()
    if suite is None:
        return leave_unknown("references", "digest"), ()
    part_digests = [(reference.location.part, reference.digest) for reference in description.references]
    comparable_digests = [
        (part, digest) for part, digest in part_digests if part and len(digest) == DIGEST_BYTES
    ]
    altered_parts = tuple(
        dict.fromkeys(part for part, digest in comparable_digests if document.digest(suite, part) != digest)
    )
    if find_suite(description.digest_algorithm) is None and not _any_digest_fits(
        comparable_digests, altered_parts
    ):
        return leave_unknown("references", "digest"), ()
    covered_parts = {part for part, _ in comparable_digests}
    was_signed_later = altered_parts == (listed_signature.list_part,) and _was_signed_later(
        document, listed_signature, covered_parts
    )
    if altered_parts and not was_signed_later:
        if is_encrypted(document.archive) and not any(part in document.archive for part in altered_parts):
            return leave_unknown("references", "encrypted"), altered_parts
        return fail_check("references", "altered"), altered_parts
    locations = [reference.location for reference in description.references]
    are_spelled_exactly = all(location.part and location.is_exact for location in locations)
    if not (listed_signature.is_exact and description.is_exact and are_spelled_exactly):
        return leave_unknown("references", "path"), ()
    if len(comparable_digests) < len(part_digests):
        return leave_unknown("references", "digest"), ()
    if was_signed_later and document.has_unlisted(covered_parts):
        return leave_unknown("references", "unlisted"), ()
    return pass_check("references", "later_signature" if was_signed_later else "ok"), ()


def _any_digest_fits(comparable_digests: list[tuple[str, bytes]], altered_parts: tuple[str, ...]) -> bool:
    """Tell whether any digest is one of its part: by an algorithm that is only presumed, that shows that it is meant."""
    return any(part not in altered_parts for part, _ in comparable_digests)


def _was_signed_later(document: Document, listed_signature: ListedSignature, covered_parts: set[str]) -> bool:
    """Tell whether the list names a new signature after this one: adding it changed the list, and that is no forgery."""
    signatures_of_list = (
        other for other in document.listed_signatures if other.list_part == listed_signature.list_part
    )
    return any(
        other.list_index > listed_signature.list_index and other.part not in covered_parts
        for other in signatures_of_list
    )


def _report_value(
    archive: Archive, description: Description, value: bytes, trust_list: TrustList | None
) -> SignatureReport:
    """Report on the signature value, told apart by its form: some writers put another type into the list."""
    archive.budget.take_der(der.check(value))
    tags = [tag for tag, _ in der.read_children(value)]
    if tags == [der.INTEGER, der.INTEGER]:
        return verify_bare_signature(value, description.data, description.date_time, trust_list)
    if tags[:1] == [der.OID]:
        return verify_signed_data(value, description.data, description.date_time, trust_list)
    seal_signature = decode_signature(value)
    report = verify_seal_signature(seal_signature, description.data, trust_list)
    return replace(
        report, checks=(*report.checks, *_check_seal_file(archive, description, seal_signature.seal.der))
    )


def _check_seal_file(archive: Archive, description: Description, seal_der: bytes) -> list[Check]:
    if not description.names_seal:
        return []
    if description.seal_part is None or description.seal_part not in archive:
        return [leave_unknown("seal_file", "missing")]
    is_same = archive.read(description.seal_part, MAX_VALUE_BYTES) == seal_der
    return [pass_check("seal_file") if is_same else fail_check("seal_file", "different")]


def _is_der(archive: Archive, part: str) -> bool:
    try:
        data = archive.read(part, MAX_VALUE_BYTES)
        der.check(data)
    except MalformedInput:
        return False
    return data[0] == der.SEQUENCE
