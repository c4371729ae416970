"""Objects in the gap that a PDF signature leaves for itself, and ranges not its own."""

# mypy: allow-untyped-calls
import re
from collections.abc import Callable
from io import BytesIO

import pytest
from asn1crypto import core
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from ledger.documents.openers import inspect
from ledger.documents.seals.making import use_seal
from ledger.verification.reasons import Verdict
from tests import papers
from tests.unit.ledger.documents.pdf.test_signatures import (
    Authority,
    _covered,
    _of_kind,
    _placed,
    _written,
    authority,
    only,
    reasons,
    roomy,
    signed,
)
from tests.unit.ledger.documents.pdf.test_timestamps import Office, office

__all__ = ["authority", "office", "roomy", "signed"]  # fixtures
FORGED = b"BT /F1 16 Tf 50 700 Td (FORGED) Tj ET"
RANGES = re.compile(rb"/ByteRange ?\[\s*0 (\d+) (\d+) (\d+)\s*\]")


def wrapped(document: bytes) -> bytes:
    """Return a PDF with another page and the signed bytes as they are, made without any key.

    The second part of what is signed moves back. What stands between are other objects, among them the signature
    with its value as a string in brackets, and an xref table where the signed part says that there is one.
    """
    first, second, last = _numbers(document)
    value = core.load(bytes.fromhex(document[first + 1 : second - 1].decode())).dump()
    table_at = int(re.findall(rb"startxref\s+(\d+)", document[second:])[-1])
    room = len(value)
    while True:
        gap = _objects(document, value.ljust(room, b"\x00"), (first, first + 2 * room + 2, last), table_at)
        if len(gap) <= 2 * room + 2:
            return document[:first] + gap.ljust(2 * room + 2) + document[second:]
        room = (len(gap) - 1) // 2


def _numbers(document: bytes) -> tuple[int, int, int]:
    match = RANGES.search(document)
    assert match
    first, second, last = map(int, match.groups())
    return first, second, last


def _objects(document: bytes, value: bytes, ranges: tuple[int, int, int], table_at: int) -> bytes:
    reader = PdfFileReader(BytesIO(document))
    size, root = int(reader.trailer["/Size"]), reader.trailer.raw_get("/Root").idnum
    signature = reader.root["/AcroForm"]["/Fields"][0]
    page_at = reader.root["/Pages"]["/Kids"].raw_get(0)
    page = generic.DictionaryObject({key: page_at.get_object().raw_get(key) for key in page_at.get_object()})
    page[generic.pdf_name("/Contents")] = generic.IndirectObject(size, 0, None)
    written = BytesIO()
    page.write_to_stream(written)
    kind = signature["/V"]["/SubFilter"].encode()
    objects = {
        size: b"<</Length %d>>\nstream\n%s\nendstream" % (len(FORGED), FORGED),
        page_at.idnum: written.getvalue(),
        signature.raw_get("/V").idnum: b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter%s/M(D:20260302000000Z)"
        b"/ByteRange[0 %d %d %d]/Contents %s>>" % (kind, *ranges, _in_brackets(value)),
    }
    places = {int(one[1]): one.start(1) for one in re.finditer(rb"(?<=[\r\n])(\d+) 0 obj", document)}
    gap = b"<00>\n"
    for number, body in objects.items():
        places[number] = ranges[0] + len(gap)
        gap += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    assert ranges[0] + len(gap) <= table_at
    gap = gap.ljust(table_at - ranges[0]) + b"xref\n0 %d\n" % (size + 1)
    for number in range(size + 1):
        gap += b"%010d %05d %s \n" % ((places[number], 0, b"n") if number in places else (0, 65535, b"f"))
    return gap + b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size + 1, root, table_at)


def _in_brackets(value: bytes) -> bytes:
    for letter in (b"\\", b"(", b")"):
        value = value.replace(letter, b"\\" + letter)
    return b"(" + value.replace(b"\r", b"\\r") + b")"


def _signed(_: bytes, authority: Authority) -> bytes:
    return authority.sign()


def _sealed(roomy: bytes, _: Authority) -> bytes:
    document = _of_kind(roomy, b"GM.sm2seal")
    return _placed(document, use_seal(papers.seal(), papers.department(), _covered(document), "", papers.NOW))


@pytest.mark.parametrize("make", [_signed, _sealed])
def test_a_page_in_the_gap_of_the_signature(
    roomy: bytes, authority: Authority, make: Callable[[bytes, Authority], bytes]
) -> None:
    document, trust = make(roomy, authority), papers.trust() if make is _sealed else authority.trust()
    assert only(inspect(document, trust)).verdict is Verdict.VALID
    forged = wrapped(document)
    page = PdfFileReader(BytesIO(forged)).root["/Pages"]["/Kids"][0]
    assert page["/Contents"].data == FORGED
    report = only(inspect(forged, trust))
    assert (report.verdict, report.covers_all) == (Verdict.UNVERIFIABLE, False)
    assert reasons(report) == {"references": "appended", "coverage": "partial"}


@pytest.mark.parametrize(
    ("moved", "verdict"),
    [((0, 0, 0), Verdict.VALID), ((1, -1, 1), Verdict.UNVERIFIABLE), ((0, 0, -6), Verdict.UNVERIFIABLE)],
    ids=["as it should be", "brackets are signed too", "all but the end"],
)
def test_ranges_about_another_place_than_that_of_the_value(
    roomy: bytes, moved: tuple[int, int, int], verdict: Verdict
) -> None:
    """What is signed is as it was: no forgery."""
    document = _of_kind(roomy, b"GM.sm2seal")
    match = RANGES.search(document)
    assert match
    first, second, last = (number + by for number, by in zip(_numbers(document), moved, strict=True))
    ranges = b"/ByteRange [0 %d %d %d]" % (first, second, last)
    document = document.replace(match[0], ranges.ljust(len(match[0])))
    covered = document[:first] + document[second : second + last]
    used = use_seal(papers.seal(), papers.department(), covered, "", papers.NOW)
    report = only(inspect(_placed(document, used), papers.trust()))
    assert report.verdict is verdict
    bad = {"references": "appended", "coverage": "partial"}
    assert reasons(report) == ({} if verdict is Verdict.VALID else bad)


@pytest.mark.parametrize("copied", [True, False], ids=["copied", "shared"])
@pytest.mark.parametrize("then", ["nothing", "signed", "stamped"])
def test_a_second_field_with_the_signature_of_the_first(
    authority: Authority, office: Office, signed: bytes, then: str, *, copied: bool
) -> None:
    """It stands in the place of the first, and vouches for nothing that came after that."""
    writer = IncrementalPdfFileWriter(BytesIO(signed))
    append_signature_field(writer, SigFieldSpec("Signature2"))
    first, second = (one.get_object() for one in writer.root["/AcroForm"]["/Fields"])
    value = first.raw_get("/V")
    if copied:
        held = generic.DictionaryObject({key: first["/V"].raw_get(key) for key in first["/V"]})
        value = writer.add_object(held)
    second[generic.pdf_name("/V")] = value
    writer.update_container(second)
    document = _written(writer)
    if then != "nothing":
        document = (
            authority.sign(document, field="Signature3") if then == "signed" else office.stamp(document)
        )
    inspection = inspect(document, authority.trust())
    assert inspection.verdict is not Verdict.VALID
    if copied:
        assert reasons(inspection.signatures[1])["coverage"] == "partial"
        assert reasons(inspection.signatures[0])["references"] == (
            "later_signature" if then == "signed" else "appended"
        )
    assert not any(report.covers_all for report in inspection.signatures[:2])


def test_one_range_alone(roomy: bytes) -> None:
    document = _of_kind(roomy, b"GM.sm2seal")
    match = RANGES.search(document)
    assert match
    document = document.replace(match[0], (b"/ByteRange [0 %d]" % _numbers(document)[0]).ljust(len(match[0])))
    covered = document[: _numbers(roomy)[0]]
    used = use_seal(papers.seal(), papers.department(), covered, "", papers.NOW)
    report = only(inspect(_placed(document, used), papers.trust()))
    assert reasons(report) == {"references": "appended", "coverage": "partial"}
