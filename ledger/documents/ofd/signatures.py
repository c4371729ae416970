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
from ledger.documents.findings import CHECKS, Check, failed, passed, unknown
from ledger.documents.inspection import Kind, SignatureReport, name_some
from ledger.documents.ofd.archive import Archive
from ledger.documents.ofd.looks import Looks
from ledger.documents.ofd.references import (
    Description,
    Listed,
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
_ORDER: Final = [*CHECKS]


@dataclass(slots=True)
class Document:
    """An opened document: its signatures as listed and described, and the digests taken so far."""

    archive: Archive
    listed: list[Listed]
    described: dict[str, Description] = field(default_factory=dict)
    _digests: dict[tuple[str, str], bytes | None] = field(default_factory=dict)
    _pictures: dict[str, Picture | None] = field(default_factory=dict)

    @classmethod
    def of(cls, archive: Archive) -> "Document":
        """Read lists and descriptions. Raises: MalformedInput, LimitExceeded where the lists cannot be read."""
        document = cls(archive, list_signatures(archive))
        for part in dict.fromkeys(signature.part for signature in document.listed):
            if part is None:
                continue
            try:
                document.described[part] = describe(archive, part)
            except MalformedInput:
                if archive.budget.fault is not None:  # no use in reading on
                    raise
                continue  # reported as such with its signature
            if sum(len(each.references) for each in document.described.values()) > MAX_REFERENCES:
                raise LimitExceeded(
                    f"the signatures of a document cover {MAX_REFERENCES} parts at most in all"
                )
        return document

    def digest(self, suite: Suite, part: str) -> bytes | None:
        """Return the digest of a part, None where it cannot be read; taken once however many references name it."""
        key = suite.name, part
        if key not in self._digests:
            try:
                self._digests[key] = suite.hash(self.archive.read(part))
            except MalformedInput:
                self._digests[key] = None
        return self._digests[key]

    def pairs(self) -> Iterator[tuple[Listed, Description]]:
        """Yield what is listed with its description, where that can be read."""
        for listed in self.listed:
            if (description := self.described.get(listed.part or "")) is not None:
                yield listed, description

    def picture(self, description: Description) -> Picture | None:
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
        named = {signature.part for signature in self.listed}
        return any(part not in named and is_description(self.archive, part) for part in parts)

    def apparatus(self) -> set[str]:
        """Return the parts that exist only for signing, so that no signature can be expected to cover them.

        Only what looks like one: a page that some description calls its seal stays a page, and a list or a description
        with content of a document in it may be shown as that.
        """
        parts = {signature.list_part for signature in self.listed if not signature.shows}
        parts |= {part for part, description in self.described.items() if not description.shows}
        for description in self.described.values():
            for part in (description.value_part, description.seal_part):
                if part is not None and part not in parts and _is_der(self.archive, part):
                    parts.add(part)
        return parts


def verify_ofd(archive: Archive, trust: TrustList | None) -> tuple[SignatureReport, ...]:
    """Verify every signature of the document. Raises: MalformedInput, LimitExceeded where the lists cannot be read."""
    document = Document.of(archive)
    apparatus = document.apparatus()
    looks = Looks.of(archive, document.pairs(), document.picture)
    reports = [_report(document, apparatus, looks, listed, trust) for listed in document.listed]
    if archive.budget.fault is not None:  # what could not be read was called altered or malformed
        raise archive.budget.fault
    return name_some(reports)


def _report(
    document: Document, apparatus: set[str], looks: Looks, listed: Listed, trust: TrustList | None
) -> SignatureReport:
    archive = document.archive
    description = document.described.get(listed.part or "")
    if description is None:
        missing = listed.part is not None and listed.part not in archive
        return _unread(listed, "missing" if missing else "malformed")
    references, altered = _references(document, listed, description)
    covered = {reference.location.part for reference in description.references}
    if references.outcome is Outcome.PASS and looks.added_after(listed, covered):
        references = unknown("references", "look_added")
    uncovered = tuple(part for part in archive.names if part not in covered | apparatus)
    coverage = unknown("coverage", "partial") if uncovered else passed("coverage")
    if description.value_part is None or description.value_part not in archive:
        report = _unread(listed, "missing")
    else:
        try:
            report = _value_report(
                archive, description, archive.read(description.value_part, MAX_VALUE_BYTES), trust
            )
        except MalformedInput:
            encoded = _is_der(archive, description.value_part)
            report = _unread(listed, "malformed" if encoded else "encoding")
    checks = sorted((references, coverage, *report.checks), key=lambda check: _ORDER.index(check.name))
    return replace(
        report,
        checks=tuple(checks),
        covers_all=not uncovered and bool(covered),
        altered=altered,
        uncovered=uncovered,
    )


def _unread(listed: Listed, reason: str) -> SignatureReport:
    kind = Kind.OFD_SIGN if listed.type == "Sign" else Kind.SES
    return SignatureReport(kind, 0, (unknown("structure", reason),))


def _references(
    document: Document, listed: Listed, description: Description
) -> tuple[Check, tuple[str, ...]]:
    """Compare every protected part with its digest; return the check and the parts that were altered or removed.

    What is spelled otherwise than it is named is compared all the same, so that it hides no alteration.
    """
    suite = presume_suite(description.digest_algorithm)
    if not description.references:
        return unknown("references", "nothing"), ()
    if suite is None:
        return unknown("references", "digest"), ()
    digests = [(reference.location.part, reference.digest) for reference in description.references]
    comparable = [(part, digest) for part, digest in digests if part and len(digest) == DIGEST_BYTES]
    altered = tuple(
        dict.fromkeys(part for part, digest in comparable if document.digest(suite, part) != digest)
    )
    if find_suite(description.digest_algorithm) is None and not _any_fits(comparable, altered):
        return unknown("references", "digest"), ()
    covered = {part for part, _ in comparable}
    later = altered == (listed.list_part,) and _signed_later(document, listed, covered)
    if altered and not later:
        if is_encrypted(document.archive) and not any(part in document.archive for part in altered):
            return unknown("references", "encrypted"), altered
        return failed("references", "altered"), altered
    locations = [reference.location for reference in description.references]
    spelled = all(location.part and location.exact for location in locations)
    if not (listed.exact and description.exact and spelled):
        return unknown("references", "path"), ()
    if len(comparable) < len(digests):
        return unknown("references", "digest"), ()
    if later and document.has_unlisted(covered):
        return unknown("references", "unlisted"), ()
    return passed("references", "later_signature" if later else "ok"), ()


def _any_fits(comparable: list[tuple[str, bytes]], altered: tuple[str, ...]) -> bool:
    """Tell whether any digest is one of its part: by an algorithm that is only presumed, that shows that it is meant."""
    return any(part not in altered for part, _ in comparable)


def _signed_later(document: Document, listed: Listed, covered: set[str]) -> bool:
    """Tell whether the list names a new signature after this one: adding it changed the list, and that is no forgery."""
    beside = (other for other in document.listed if other.list_part == listed.list_part)
    return any(other.order > listed.order and other.part not in covered for other in beside)


def _value_report(
    archive: Archive, description: Description, value: bytes, trust: TrustList | None
) -> SignatureReport:
    """Report on the signature value, told apart by its form: some writers put another type into the list."""
    archive.budget.take_der(der.check(value))
    tags = [tag for tag, _ in der.read_children(value)]
    if tags == [der.INTEGER, der.INTEGER]:
        return verify_bare_signature(value, description.data, description.date_time, trust)
    if tags[:1] == [der.OID]:
        return verify_signed_data(value, description.data, description.date_time, trust)
    signed = decode_signature(value)
    report = verify_seal_signature(signed, description.data, trust)
    return replace(report, checks=(*report.checks, *_seal_file(archive, description, signed.seal.der)))


def _seal_file(archive: Archive, description: Description, within: bytes) -> list[Check]:
    if not description.names_seal:
        return []
    if description.seal_part is None or description.seal_part not in archive:
        return [unknown("seal_file", "missing")]
    same = archive.read(description.seal_part, MAX_VALUE_BYTES) == within
    return [passed("seal_file") if same else failed("seal_file", "different")]


def _is_der(archive: Archive, part: str) -> bool:
    try:
        data = archive.read(part, MAX_VALUE_BYTES)
        der.check(data)
    except MalformedInput:
        return False
    return data[0] == der.SEQUENCE
