"""The note of the worked example: a dispute of the licence, and how a report shows it."""

from ledger.crypto.suites import SM3
from ledger.encoding.canonical import Json
from ledger.encoding.times import parse_date, parse_time
from ledger.records.claims import FullDisclosure
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.notes import DISPUTES, NOTE_KIND, NOTED_CLAIM, TEXT_CLAIM, TITLE_CLAIM, read_note
from ledger.records.records import Link, Record
from ledger.verification.report import NoteReport, NoteState

ANCHORED_AT = parse_time("2022-04-06T02:00:20Z")


def make_blocks(licence: Record) -> dict[str, Json]:
    """Return the record of a dispute of the licence, its claims, and its part of a report."""
    values: dict[str, Json] = {
        NOTED_CLAIM: licence.identifier,
        TITLE_CLAIM: "异议登记",
        TEXT_CLAIM: "对经营范围的登记有异议，已受理，正在核查。",
    }
    disclosure = FullDisclosure(bytes(range(48, 64)), tuple(sorted(values.items())))
    type_ = licence.certificate.type
    record = Record(
        suite=SM3,
        kind=NOTE_KIND,
        action="issue",
        identifier=CertificateIdentifier.build(type_, licence.issuer, "NTM2022D0000000000001", 1).text,
        issuer=licence.issuer,
        time=parse_time("2022-04-06T02:00:00Z"),
        salt=bytes(range(64, 80)),
        valid_until=parse_date("2022-05-06"),
        claims=disclosure.digest(SM3),
        links=(Link(DISPUTES, licence.hash_leaf()),),
        basis="示例条例 第九条",
    )
    note = read_note(record, values)
    report = NoteReport(note, record, NoteState.STANDING, ANCHORED_AT, is_of_this_version=True)
    return {"note-record": record.to_json(), "note-claims": values, "note-report": report.to_json()}
