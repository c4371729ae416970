"""Notes 附注 on certificates: annotations 签注 and disputes 异议, records of their own.

A note is a record of the kind `material` whose one link names a version of the certificate; its first record, renewals and
amendments state what it says, and `cancel` settles it. It changes no status. Format: docs/formats/record.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.records import CERTIFICATE_KINDS, PRESENTABLE_ACTIONS, Link, Record

#: Relations of the link that makes a record a note: of 年审, 签注, 校验; and of 异议, whose `valid_until` is its deadline.
ANNOTATES: Final = "annotates"
DISPUTES: Final = "disputes"
NOTE_RELATIONS: Final = (ANNOTATES, DISPUTES)
NOTE_KIND: Final = "material"

#: Claims of a note, and there are no others: whoever verifies the certificate reads all of them.
NOTED_CLAIM: Final = "KZ_ZZBS"  # 所注证照标识: the identifier of the version that is noted
TITLE_CLAIM: Final = "ZZMC"  # what the note is, as 年审
TEXT_CLAIM: Final = "KZ_NR"  # 内容, may be missing
# Characters of what a note says: eight of them still fit into a proof many times over, and a page shows each whole.
MAX_NOTE_CHARS: Final = 1_000
_NEEDED_CLAIMS: Final = frozenset({NOTED_CLAIM, TITLE_CLAIM})
_NOTE_CLAIMS: Final = _NEEDED_CLAIMS | {TEXT_CLAIM}


@dataclass(frozen=True, slots=True)
class Note:
    """What a note says: `target_leaf` (32 bytes) and `identifier` are those of the version that it notes."""

    relation: str
    target_leaf: bytes
    identifier: str
    lineage: str
    title: str
    text: str | None


def find_note_link(record: Record) -> Link | None:
    """Return the first link of a record that is one of a note; None for records that are no notes."""
    return next((link for link in record.links if link.rel in NOTE_RELATIONS), None)


def is_note(record: Record) -> bool:
    """Tell whether a record has a link of a note, good or not: such a record is no certificate."""
    return find_note_link(record) is not None


def read_note(record: Record, values: Mapping[str, Json]) -> Note:
    """Return the note that a record with a link of a note makes of its claims `values`. Raises: MalformedInput."""
    link = find_note_link(record)
    if link is None or len(record.links) != 1:
        raise MalformedInput("a note has one link, `annotates` or `disputes`, and no other")
    if record.kind != NOTE_KIND or record.action not in PRESENTABLE_ACTIONS:
        raise MalformedInput(f"only records of the kind `{NOTE_KIND}` that state claims are notes")
    if not _NEEDED_CLAIMS <= values.keys() <= _NOTE_CLAIMS:
        raise MalformedInput(f"a note states {NOTED_CLAIM} and {TITLE_CLAIM}, and perhaps {TEXT_CLAIM}")
    identifier_text, title, text = (values.get(name) for name in (NOTED_CLAIM, TITLE_CLAIM, TEXT_CLAIM))
    if not isinstance(identifier_text, str) or not isinstance(title, str) or not isinstance(text, str | None):
        raise MalformedInput("the claims of a note are text")
    if max(len(title), len(text or "")) > MAX_NOTE_CHARS:
        raise MalformedInput(
            f"a note says at most {MAX_NOTE_CHARS:,} characters: register a document for more"
        )
    if link.rel == DISPUTES and record.valid_until is None:
        raise MalformedInput(
            "a dispute 异议 has a deadline: state `valid_until`, the day by which it is settled"
        )
    noted_identifier = CertificateIdentifier.parse(identifier_text, strict=False)
    if noted_identifier.type != record.certificate.type:
        raise MalformedInput(
            f"a note has the type of the certificate that it notes, {noted_identifier.type}, in its identifier"
        )
    return Note(link.rel, link.record, identifier_text, noted_identifier.lineage, title, text)


def may_note(note: Note, note_record: Record, record: Record) -> bool:
    """Tell whether a note is on this certificate, of any version, and by the body that issued it."""
    return (
        record.kind in CERTIFICATE_KINDS
        and not is_note(record)
        and note.lineage == record.lineage
        and note_record.issuer == record.issuer
    )
