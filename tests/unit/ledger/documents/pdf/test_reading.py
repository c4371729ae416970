"""What is read of a PDF as writers write it.

And what is refused because it could be read in two ways.
"""

# mypy: allow-untyped-calls
import re
from io import BytesIO

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer
from pyhanko.sign import PdfSignatureMetadata, SimpleSigner
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from ledger.documents.inspection import Inspection
from ledger.documents.openers import inspect
from ledger.documents.pdf import reading
from ledger.verification.reasons import Verdict
from tests.unit.ledger.documents.pdf.test_changes import Change, _dictionary, name, references, updated
from tests.unit.ledger.documents.pdf.test_signatures import Authority, authority
from tests.unit.ledger.documents.pdf.test_timestamps import DOCUMENT, STAMPED, Office, _Signer, office

__all__ = ["authority", "office"]  # fixtures
SONG = "宋体字样范例".encode("gbk")


def _appended(
    document: bytes, entries: dict[int, bytes], *, size: int | None = None, trailer: bytes = b""
) -> bytes:
    """Append an update by hand: bodies of objects by number, or the entry of one (20 octets)."""
    reader = PdfFileReader(BytesIO(document))
    before = int(re.findall(rb"startxref\s+(\d+)", document)[-1])
    highest = max(int(reader.trailer["/Size"]), *(number + 1 for number in entries))
    table = b""
    for number, body in sorted(entries.items()):
        entry = body
        if not re.fullmatch(rb"\d{10} \d{5} [nf] \n", body):
            entry = b"%010d %05d n \n" % (len(document), int(body.split()[1]))
            document += body
        table += b"%d 1\n%s" % (number, entry)
    table_at, root = len(document), reader.trailer.raw_get("/Root").idnum
    written = b"xref\n%strailer\n<</Size %d/Root %d 0 R/Prev %d%s>>\nstartxref\n%d\n%%%%EOF\n"
    return document + written % (table, size or highest, root, before, trailer, table_at)


def _page_number(document: bytes) -> int:
    kids = PdfFileReader(BytesIO(document)).root["/Pages"]["/Kids"]
    return int(kids.raw_get(0).idnum)


def _contents_number(document: bytes) -> int:
    page = PdfFileReader(BytesIO(document)).root["/Pages"]["/Kids"][0]
    return int(page.raw_get("/Contents").idnum)


def _twice(authority: Authority, document: bytes) -> Inspection:
    return inspect(authority.sign(document, field="Signature2"), authority.trust())


def _with_xref_streams() -> bytes:
    writer, output = PdfFileWriter(stream_xrefs=True), BytesIO()
    page = _dictionary(Type=name("/Page"), Parent=writer.root.raw_get("/Pages"))
    page[name("/MediaBox")] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842)))
    writer.root["/Pages"][name("/Kids")] = generic.ArrayObject([writer.add_object(page)])
    writer.root["/Pages"][name("/Count")] = generic.NumberObject(1)
    writer.write(output)
    return output.getvalue()


def test_the_number_of_a_cross_reference_stream_is_given_out_again(office: Office) -> None:
    document = _with_xref_streams()
    (stream,) = PdfFileReader(BytesIO(document)).xrefs.xref_stream_refs

    def reuse(writer: IncrementalPdfFileWriter) -> None:
        writer.objects[0, stream.idnum] = generic.pdf_string("another")
        writer.root[name("/Another")] = generic.IndirectObject(stream.idnum, 0, writer)
        writer.update_root()

    reused = updated(document, reuse)
    with pytest.raises(PdfReadError):
        PdfFileReader(BytesIO(reused))
    inspection = office.inspect(_sign(office, reused))
    assert (inspection.problem, inspection.verdict) == (None, Verdict.VALID)


def test_a_reference_to_nothing_is_null(authority: Authority) -> None:
    def refer(writer: IncrementalPdfFileWriter) -> None:
        page = writer.root["/Pages"]["/Kids"][0].get_object()
        page[name("/Thumb")] = generic.IndirectObject(9999, 0, writer)
        writer.update_container(page)

    inspection = _twice(authority, authority.sign(updated(DOCUMENT, refer)))
    assert (inspection.verdict, references(inspection)) == (Verdict.VALID, ["later_signature", "ok"])


def test_a_name_in_the_bytes_of_another_encoding(authority: Authority) -> None:
    latin = re.search(rb"/BaseFont ?/([A-Za-z-]{12})", DOCUMENT)
    assert latin
    inspection = _twice(authority, authority.sign(DOCUMENT.replace(latin[1], SONG)))
    assert (inspection.verdict, references(inspection)) == (Verdict.VALID, ["later_signature", "ok"])


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (b"/caf\xc3\xa9 ", b"/caf#c3#A9 ", True),
        (b"/caf\xc3\xa9 ", b"/caf\xe9 ", False),
        (b"/caf\xe9 ", b"/caf#E9 ", True),
        (b"/\xcb\xce ", b"/\xcb\xcf ", False),
    ],
)
def test_names_are_the_same_where_their_bytes_are(first: bytes, second: bytes, *, same: bool) -> None:
    read = generic.NameObject.read_from_stream
    assert (read(BytesIO(first)) == read(BytesIO(second))) is same


@pytest.mark.parametrize("written", [b"(name)", b"/a#4", b"/a#zz", b"/a#+1", b"/a\x01b", b"/a\x7f"])
def test_names_that_are_none(written: bytes) -> None:
    with pytest.raises(PdfReadError):
        generic.NameObject.read_from_stream(BytesIO(written))


@pytest.mark.parametrize("generation", [0, 1, 65535])
def test_a_number_that_was_never_used_is_freed(authority: Authority, generation: int) -> None:
    signed = authority.sign()
    free = int(PdfFileReader(BytesIO(signed)).trailer["/Size"])
    document = _appended(signed, {free: b"0000000000 %05d f \n" % generation})
    assert references(inspect(document, authority.trust())) == ["appended"]
    reader = reading.open_reader(document)
    assert reader.find_section((free, 0), 1) is None


@pytest.mark.parametrize("generation", [0, 1, 65535])
def test_what_is_shown_is_freed(authority: Authority, generation: int) -> None:
    """Readers differ about the generation that they want to see there: some show nothing then."""
    signed = authority.sign()
    document = _appended(signed, {_contents_number(signed): b"0000000000 %05d f \n" % generation})
    assert references(inspect(document, authority.trust())) == ["altered"]


@pytest.mark.parametrize("generation", [0, 1, 7])
def test_what_is_shown_is_replaced_under_another_generation(authority: Authority, generation: int) -> None:
    """Readers that do not look at generations show the newer one."""
    signed = authority.sign()
    number = _contents_number(signed)
    forged = b"%d %d obj\n<</Length 17>>\nstream\nBT (forged) Tj ET\nendstream\nendobj\n" % (
        number,
        generation,
    )
    inspection = inspect(_appended(signed, {number: forged}), authority.trust())
    assert (inspection.verdict, references(inspection)) == (Verdict.INVALID, ["altered"])


def _page_twice(document: bytes) -> tuple[int, bytes]:
    """Return a page that names its contents twice, first those that were signed: readers take the one or the other."""
    number, page = _page_number(document), BytesIO()
    PdfFileReader(BytesIO(document)).root["/Pages"]["/Kids"][0].write_to_stream(page)
    body = page.getvalue().rstrip()
    assert body.endswith(b">>")
    return number, b"%d 0 obj\n%s/Contents %d 0 R>>\nendobj\n" % (number, body[:-2], number)


def test_a_member_that_stands_twice_is_refused(authority: Authority) -> None:
    signed = authority.sign()
    number, page = _page_twice(signed)
    inspection = inspect(_appended(signed, {number: page}), authority.trust())
    assert inspection.verdict is Verdict.UNVERIFIABLE
    root = b"/Root %d 0 R" % number
    assert "Multiple definitions" in (inspect(_appended(signed, {number: page}, trailer=root)).problem or "")


def test_an_update_with_room_for_less(authority: Authority) -> None:
    """Some readers drop every object whose number is beyond the size that an update says."""
    signed = authority.sign()
    document = _appended(signed, {1: b"0000000000 65535 f \n"}, size=3)
    assert inspect(document).problem == "an update has room for fewer objects than there were"


def test_a_table_that_names_more_than_its_size(authority: Authority) -> None:
    signed = authority.sign()
    size = int(PdfFileReader(BytesIO(signed)).trailer["/Size"])
    document = _appended(signed, {size + 3: b"0000000000 00000 f \n"}, size=size)
    assert inspect(document).problem == "a cross-reference table names more objects than its size"


def _sign(office: Office, document: bytes, field: str = "First", *, encrypted: bool = False) -> bytes:
    """Sign what the library refuses to read strictly, or reads only with a password."""
    writer, output = IncrementalPdfFileWriter(BytesIO(document), strict=False), BytesIO()
    if encrypted:
        writer.encrypt("")
    metadata = PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    signer = SimpleSigner(office.certificate, office.key, SimpleCertificateStore())
    made = _Signer(metadata, signer)
    made.stated = STAMPED
    made.sign_pdf(writer, output=output)
    return output.getvalue()


def _encrypted(password: str = "") -> bytes:
    """Return a document that says what may be done with it."""
    writer, output = copy_into_new_writer(PdfFileReader(BytesIO(DOCUMENT))), BytesIO()
    writer.encrypt("owner", password, pdf_mac=False)
    writer.write(output)
    return output.getvalue()


def _update_encrypted(document: bytes, change: Change) -> bytes:
    writer, output = IncrementalPdfFileWriter(BytesIO(document)), BytesIO()
    writer.encrypt("")
    change(writer)
    writer.write(output)
    return output.getvalue()


def _page_replaced(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page[name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"BT (forged) Tj ET"))
    writer.update_container(page)


def test_an_encrypted_document_that_opens_without_a_password(office: Office) -> None:
    signed = _sign(office, _encrypted(), encrypted=True)
    twice = office.inspect(_sign(office, signed, "Second", encrypted=True))
    assert (twice.verdict, references(twice)) == (Verdict.VALID, ["later_signature", "ok"])
    replaced = office.inspect(_update_encrypted(signed, _page_replaced))
    assert (replaced.verdict, references(replaced)) == (Verdict.INVALID, ["altered"])


def test_an_encrypted_document_that_opens_with_another_key(office: Office) -> None:
    """The same bytes are other objects then."""
    signed = _sign(office, _encrypted(), encrypted=True)
    reader = PdfFileReader(BytesIO(signed))
    number, written = reader.trailer.raw_get("/Encrypt").idnum, BytesIO()
    handler = generic.DictionaryObject(reader.encrypt_dict)
    handler[name("/EncryptMetadata")] = generic.BooleanObject(True)
    handler.write_to_stream(written)
    body = b"%d 0 obj\n%s\nendobj\n" % (number, written.getvalue())
    ids = BytesIO()
    reader.trailer["/ID"].write_to_stream(ids)
    document = _appended(signed, {number: body}, trailer=b"/Encrypt %d 0 R/ID%s" % (number, ids.getvalue()))
    assert references(office.inspect(document)) == ["altered"]


def test_an_encrypted_document_that_opens_with_a_password(office: Office) -> None:
    problem = office.inspect(_encrypted("secret")).problem
    assert problem == "the PDF is encrypted, and does not open without a password"


def test_lists_that_meet_in_every_pair(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rings of different lengths that look alike: a comparison without an end in sight is not made."""
    monkeypatch.setattr(reading, "MAX_STEPS", 20_000)

    def ring(length: int) -> Change:
        def change(writer: IncrementalPdfFileWriter) -> None:
            links = [writer.add_object(_dictionary(K=generic.NumberObject(1))) for _ in range(length)]
            for place, link in enumerate(links):
                link.get_object()[name("/Next")] = links[(place + 1) % length]
            writer.root[name("/Ring")] = links[0]
            writer.update_root()

        return change

    signed = authority.sign(updated(DOCUMENT, ring(211)))
    inspection = _twice(authority, updated(signed, ring(223)))
    assert (inspection.verdict, references(inspection)) == (Verdict.UNVERIFIABLE, ["unexplained", "ok"])


def test_how_long_a_stream_is_is_changed_beside_it(authority: Authority) -> None:
    """Readers that believe the length show half of the page, those that do not the whole. The stream is as it was."""
    drawn = b"BT (first) Tj ET\nendstream BT (second) Tj ET"
    number, length = _contents_number(DOCUMENT), int(PdfFileReader(BytesIO(DOCUMENT)).trailer["/Size"])
    stream = b"%d 0 obj\n<</Length %d 0 R>>\nstream\n%s\nendstream\nendobj\n" % (number, length, drawn)
    written = b"%d 0 obj\n%d\nendobj\n"
    signed = authority.sign(_appended(DOCUMENT, {number: stream, length: written % (length, len(drawn))}))
    assert references(inspect(signed, authority.trust())) == ["ok"]
    shorter = written % (length, drawn.index(b"\nendstream"))
    inspection = inspect(_appended(signed, {length: shorter}), authority.trust())
    assert (inspection.verdict, references(inspection)) == (Verdict.INVALID, ["altered"])
