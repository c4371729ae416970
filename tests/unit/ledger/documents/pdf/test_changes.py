"""What may come after a signature of a PDF.

By whose word, seen or unseen, allowed or not, and how much of it.
"""

# mypy: allow-untyped-calls
import re
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, PdfTimeStamper, SimpleSigner
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko_certvalidator.registry import SimpleCertificateStore

from ledger.documents.inspection import Inspection
from ledger.documents.openers import inspect
from ledger.documents.pdf import limits, signatures
from ledger.verification.reasons import Verdict
from tests.unit.ledger.documents.pdf.test_signatures import (
    Authority,
    _Leaving,
    _renamed,
    _with_validation_data,
    _written,
    authority,
)
from tests.unit.ledger.documents.pdf.test_timestamps import DOCUMENT, STAMPED, Office, _Signer, office

__all__ = ["authority", "office"]  # fixtures
Change = Callable[[IncrementalPdfFileWriter], None]
name = generic.pdf_name


def updated(document: bytes, change: Change, writer: type[IncrementalPdfFileWriter] = _Leaving) -> bytes:
    made = writer(BytesIO(document))
    change(made)
    return _written(made)


def references(inspection: Inspection) -> list[str]:
    checks = [report.find_check("references") for report in inspection.signatures]
    return [check.reason for check in checks if check]


def _dictionary(**members: Any) -> generic.DictionaryObject:
    return generic.DictionaryObject({name(f"/{key}"): value for key, value in members.items()})


def _box(*numbers: int) -> generic.ArrayObject:
    return generic.ArrayObject(generic.NumberObject(number) for number in numbers)


def _drawn(writer: IncrementalPdfFileWriter, text: bytes) -> generic.DictionaryObject:
    """Return a look (`/AP`) with this text."""
    form = _dictionary(Type=name("/XObject"), Subtype=name("/Form"), BBox=_box(0, 0, 500, 500))
    return _dictionary(N=writer.add_object(generic.StreamObject(form, stream_data=text)))


def _with_text_field(document: bytes, *, drawn: bool) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        font = writer.add_object(
            _dictionary(Type=name("/Font"), Subtype=name("/Type1"), BaseFont=name("/Helvetica"))
        )
        field = _dictionary(
            FT=name("/Tx"),
            T=generic.pdf_string("Amount"),
            V=generic.pdf_string("100"),
            Type=name("/Annot"),
            Subtype=name("/Widget"),
            Rect=_box(50, 700, 250, 720),
        )
        if drawn:
            field[name("/AP")] = _drawn(writer, b"BT (100) Tj ET")
        placed = writer.add_object(field)
        page = writer.root["/Pages"]["/Kids"][0].get_object()
        page[name("/Annots")] = generic.ArrayObject([placed])
        writer.update_container(page)
        writer.root[name("/AcroForm")] = writer.add_object(
            _dictionary(
                Fields=generic.ArrayObject([placed]),
                DA=generic.pdf_string("/Helv 12 Tf 0 g"),
                DR=_dictionary(Font=_dictionary(Helv=font)),
            )
        )
        writer.update_root()

    return updated(document, change)


def _white(writer: IncrementalPdfFileWriter) -> None:
    """Let a reader draw the fields again, in white."""
    form = writer.root["/AcroForm"]
    changed = generic.DictionaryObject({key: form.raw_get(key) for key in form})
    changed[name("/NeedAppearances")] = generic.BooleanObject(True)
    changed[name("/DA")] = generic.pdf_string("/Helv 12 Tf 1 g")
    writer.root[name("/AcroForm")] = changed
    writer.update_root()


def _white_beside_data(writer: IncrementalPdfFileWriter) -> None:
    data = writer.add_object(generic.StreamObject(stream_data=b"x"))
    writer.root[name("/DSS")] = writer.add_object(_dictionary(Certs=generic.ArrayObject([data])))
    _white(writer)


def _orphan(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(_dictionary(A=generic.NumberObject(1)))


def _orphan_beside_data(writer: IncrementalPdfFileWriter) -> None:
    data = writer.add_object(generic.StreamObject(stream_data=b"x"))
    writer.root[name("/DSS")] = writer.add_object(_dictionary(Certs=generic.ArrayObject([data])))
    writer.update_root()
    _orphan(writer)


def _described_beside_data(**members: str) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        data = writer.add_object(generic.StreamObject(stream_data=b"x"))
        writer.root[name("/DSS")] = writer.add_object(_dictionary(Certs=generic.ArrayObject([data])))
        writer.update_root()
        writer.set_info(_dictionary(**{key: generic.pdf_string(text) for key, text in members.items()}))

    return change


def test_what_a_writer_says_of_itself_beside_data_to_validate(authority: Authority) -> None:
    """Programs for long-term validation write when they did."""
    document = updated(
        DOCUMENT, lambda writer: writer.set_info(_dictionary(ModDate=generic.pdf_string("D:2026")))
    )
    signed = authority.sign(document)
    for members, verdict, reason in (
        ({"ModDate": "D:2027", "Producer": "another"}, Verdict.VALID, "validation_data"),
        ({"ModDate": "D:2027", "Title": "another"}, Verdict.UNVERIFIABLE, "appended"),
    ):
        inspection = inspect(updated(signed, _described_beside_data(**members)), authority.trust())
        assert (inspection.verdict, references(inspection)) == (verdict, [reason])


def _empty_field(writer: IncrementalPdfFileWriter) -> None:
    append_signature_field(writer, SigFieldSpec("Empty"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_white, "look_added"),
        (_white_beside_data, "look_added"),
        (_orphan, "appended"),
        (_orphan_beside_data, "appended"),
        (_empty_field, "appended"),
    ],
)
def test_an_update_that_is_not_data_to_validate_alone(
    authority: Authority, change: Change, reason: str
) -> None:
    signed = authority.sign(_with_text_field(DOCUMENT, drawn=False))
    inspection = inspect(updated(signed, change), authority.trust())
    assert (inspection.verdict, references(inspection)) == (Verdict.UNVERIFIABLE, [reason])


def test_a_field_with_a_look_that_nobody_filled_in(authority: Authority) -> None:
    signed = authority.sign(_with_text_field(DOCUMENT, drawn=True))
    twice = inspect(authority.sign(signed, field="Signature2"), authority.trust())
    assert (twice.verdict, references(twice)) == (Verdict.VALID, ["later_signature", "ok"])
    inspection = inspect(_with_validation_data(signed, authority), authority.trust())
    assert (inspection.verdict, references(inspection)) == (Verdict.VALID, ["validation_data"])


@pytest.mark.parametrize("in_place", [True, False])
def test_a_field_that_was_filled_in(authority: Authority, *, in_place: bool) -> None:
    signed = authority.sign(_with_text_field(DOCUMENT, drawn=True))

    def fill(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0].get_object()
        field[name("/V")] = generic.pdf_string("900")
        if in_place:
            look = field["/AP"]["/N"]
            look._data, look._encoded_data = b"BT (900) Tj ET", None
            writer.update_container(look)
        else:
            field[name("/AP")] = _drawn(writer, b"BT (900) Tj ET")
        writer.update_container(field)

    filled = updated(signed, fill)
    for document in (filled, authority.sign(filled, field="Signature2")):
        inspection = inspect(document, authority.trust())
        assert (inspection.verdict, references(inspection)[0]) == (Verdict.UNVERIFIABLE, "filled")


def _stamped(office: Office, document: bytes, box: tuple[int, int, int, int], text: bytes | None) -> bytes:
    """Append a timestamp in a field of its own with this look."""
    writer = IncrementalPdfFileWriter(BytesIO(document))
    append_signature_field(writer, SigFieldSpec("Stamp", box=box))
    field = writer.root["/AcroForm"]["/Fields"][-1].get_object()
    if text is not None:
        field[name("/AP")] = _drawn(writer, text)
    writer.update_container(field)
    output = BytesIO()
    PdfTimeStamper(office.stamps, field_name="Stamp").timestamp_pdf(writer, "sha256", output=output)
    return output.getvalue()


@pytest.mark.parametrize(
    ("box", "text", "verdict"),
    [
        ((0, 0, 0, 0), None, Verdict.VALID),
        ((0, 0, 0, 0), b"", Verdict.VALID),
        ((0, 0, 595, 842), b"BT (FORGED) Tj ET", Verdict.UNVERIFIABLE),
        ((0, 0, 595, 842), None, Verdict.UNVERIFIABLE),
    ],
    ids=["unseen", "unseen with a look", "over the page", "seen"],
)
def test_a_timestamp_vouches_for_nothing_that_is_seen(
    office: Office, box: tuple[int, int, int, int], text: bytes | None, verdict: Verdict
) -> None:
    signed = office.sign(DOCUMENT)
    inspection = office.inspect(_stamped(office, signed, box, text))
    reason = "later_signature" if verdict is Verdict.VALID else "look_added"
    assert (inspection.verdict, references(inspection)) == (verdict, [reason, "ok"])


def test_an_empty_field_that_is_filled_with_a_timestamp_and_another_look(office: Office) -> None:
    def prepare(writer: IncrementalPdfFileWriter) -> None:
        append_signature_field(writer, SigFieldSpec("Stamp", box=(0, 300, 500, 500)))

    signed = office.sign(updated(DOCUMENT, prepare))
    writer = IncrementalPdfFileWriter(BytesIO(signed))
    field = writer.root["/AcroForm"]["/Fields"][0].get_object()
    field[name("/AP")] = _drawn(writer, b"BT (FORGED) Tj ET")
    writer.update_container(field)
    output = BytesIO()
    PdfTimeStamper(office.stamps, field_name="Stamp").timestamp_pdf(writer, "sha256", output=output)
    inspection = office.inspect(output.getvalue())
    assert (inspection.verdict, set(references(inspection))) == (Verdict.UNVERIFIABLE, {"appended", "ok"})


def test_metadata_changed_under_a_timestamp_are_nobodys(office: Office) -> None:
    """Also for those who signed before the last: none of them speaks for what came after."""
    signed = _signed(office, office.sign(DOCUMENT), "Second", None)
    inspection = office.inspect(office.stamp(_renamed(signed)))
    assert (inspection.verdict, references(inspection)) == (
        Verdict.UNVERIFIABLE,
        ["appended", "appended", "ok"],
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b' rdf:about=""', b' dc:title="another"', "appended"),
        (b' rdf:about=""/>', b"><dc:title>another</dc:title></rdf:Description>", "appended"),
        (b'pdf:Producer="', b'pdf:Producer="another, ', "later_signature"),
    ],
    ids=["title", "title as an element", "program"],
)
def test_what_xmp_says_changed_under_a_timestamp(office: Office, old: bytes, new: bytes, reason: str) -> None:
    def describe(writer: IncrementalPdfFileWriter) -> None:
        described = writer.root["/Metadata"].data
        other = described.replace(b"<x:xmpmeta", b'<x:xmpmeta xmlns:dc="http://purl.org/dc/elements/1.1/"')
        assert old in other
        form = _dictionary(Type=name("/Metadata"), Subtype=name("/XML"))
        added = writer.add_object(generic.StreamObject(form, stream_data=other.replace(old, new)))
        writer.root[name("/Metadata")] = added
        writer.update_root()

    writer, output = _Leaving(BytesIO(updated(office.sign(DOCUMENT), describe))), BytesIO()
    PdfTimeStamper(office.stamps).timestamp_pdf(writer, "sha256", output=output)
    assert references(office.inspect(output.getvalue())) == [reason, "ok"]


def test_data_to_validate_and_timestamps_again_and_again(office: Office, authority: Authority) -> None:
    """PAdES B-LTA: metadata say when and by what program the document was written last, and may."""
    document = office.sign(DOCUMENT)
    for _ in range(2):
        document = office.stamp(_with_validation_data(document, authority))
    inspection = office.inspect(document)
    assert (inspection.verdict, references(inspection)) == (
        Verdict.VALID,
        ["later_signature", "later_signature", "ok"],
    )


def _signed(
    office: Office, document: bytes, field: str, box: tuple[int, int, int, int] | None, **how: Any
) -> bytes:
    metadata = PdfSignatureMetadata(
        field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, **how
    )
    store = SimpleCertificateStore()
    spec = None if box is None else SigFieldSpec(field, box=box)
    made = _Signer(metadata, SimpleSigner(office.certificate, office.key, store), new_field_spec=spec)
    made.stated = STAMPED
    output = BytesIO()
    made.sign_pdf(IncrementalPdfFileWriter(BytesIO(document)), output=output)
    return output.getvalue()


@pytest.mark.parametrize("box", [None, (100, 100, 200, 150)], ids=["unseen", "seen"])
@pytest.mark.parametrize(
    ("allowed", "reason"),
    [
        (MDPPerm.NO_CHANGES, "forbidden"),
        (MDPPerm.FILL_FORMS, "later_signature"),
        (MDPPerm.ANNOTATE, "later_signature"),
    ],
    ids=["nothing", "signing", "comments"],
)
def test_what_the_certifying_signer_allows(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    allowed: MDPPerm,
    reason: str,
    box: tuple[int, int, int, int] | None,
) -> None:
    monkeypatch.setattr(PdfSigner, "_enforce_certification_constraints", lambda *_: None)
    certified = _signed(office, DOCUMENT, "First", None, certify=True, docmdp_permissions=allowed)
    inspection = office.inspect(_signed(office, certified, "Second", box))
    said = "look_added" if box and reason == "later_signature" else reason
    assert references(inspection) == [said, "ok"]
    assert inspection.verdict is (Verdict.VALID if said == "later_signature" else Verdict.UNVERIFIABLE)
    stamped = office.inspect(_stamped(office, certified, (0, 0, 0, 0), b""))
    assert (stamped.verdict, references(stamped)) == (Verdict.VALID, ["later_signature", "ok"])


def test_a_time_before_1970_is_no_time(authority: Authority) -> None:
    inspection = inspect(authority.sign(moment=datetime(1960, 1, 1, tzinfo=UTC)), authority.trust())
    assert inspection.to_json()["signatures"][0]["signed_at"] is None
    assert inspection.verdict is Verdict.UNVERIFIABLE


def _with_updates(document: bytes, count: int) -> bytes:
    reader = PdfFileReader(BytesIO(document))
    root, number = reader.trailer.raw_get("/Root").idnum, int(reader.trailer["/Size"])
    before = int(re.findall(rb"startxref\s+(\d+)", document)[-1])
    for _ in range(count):
        table = len(document)
        document += b"xref\n0 0\ntrailer\n<</Size %d/Root %d 0 R/Prev %d>>\n" % (number, root, before)
        document += b"startxref\n%d\n%%%%EOF\n" % table
        before = table
    return document


@pytest.mark.parametrize(
    ("limit", "value", "problem"),
    [
        ("MAX_REVISIONS", 5, "a PDF has 5 updates at most"),
        ("MAX_FIELDS", 1, "a PDF has 1 form fields at most"),
        ("MAX_COMPARISONS", 50, "signatures and updates after them take 50 comparisons at most"),
    ],
)
def test_more_than_is_compared(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, problem: str
) -> None:
    """Each update is compared with what each signature before it covers: it is refused before that."""
    twice = _with_updates(authority.sign(authority.sign(), field="Signature2"), 3)
    assert references(inspect(twice, authority.trust())) == ["appended", "appended"]
    monkeypatch.setattr(signatures, "judge_changes", None)
    monkeypatch.setattr(limits, limit, value)
    assert inspect(twice, authority.trust()).problem == problem


def test_thousands_of_updates_are_refused_at_once(authority: Authority) -> None:
    assert inspect(_with_updates(authority.sign(), 400), None).problem == "a PDF has 100 updates at most"


def test_fields_that_name_the_same_ones_again_and_again(authority: Authority) -> None:
    """Thirty fields name two below each: the tree has a thousand million, and no circle."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        below = writer.add_object(_dictionary(T=generic.pdf_string("end"), FT=name("/Tx")))
        for _ in range(30):
            field = _dictionary(T=generic.pdf_string("a"), Kids=generic.ArrayObject([below, below]))
            below = writer.add_object(field)
        writer.root[name("/AcroForm")] = _dictionary(Fields=generic.ArrayObject([below]))
        writer.update_root()

    inspection = inspect(updated(DOCUMENT, change), authority.trust())
    assert inspection.problem == "a PDF has 10000 form fields at most"
