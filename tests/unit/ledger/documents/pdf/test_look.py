"""What becomes visible in a PDF after a signature, or is no longer what was signed.

And ordinary signing, one after another.
"""

# mypy: allow-untyped-calls
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, append_signature_field

from ledger.documents.openers import inspect
from ledger.verification.reasons import Verdict
from tests.unit.ledger.documents.pdf.test_changes import (
    _box,
    _dictionary,
    _drawn,
    _signed,
    _with_text_field,
    name,
    references,
    updated,
)
from tests.unit.ledger.documents.pdf.test_signatures import Authority, authority
from tests.unit.ledger.documents.pdf.test_timestamps import DOCUMENT, Office, office

__all__ = ["authority", "office"]  # fixtures
Change = Callable[[IncrementalPdfFileWriter], None]
HIDDEN = 2
WHOLE_PAGE = (0, 0, 595, 842)
PLACE = (300, 100, 400, 150)


def _page(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    page: generic.DictionaryObject = writer.root["/Pages"]["/Kids"][0].get_object()
    return page


def _annotation(writer: IncrementalPdfFileWriter, subtype: str, **more: Any) -> generic.IndirectObject:
    made = _dictionary(Type=name("/Annot"), Subtype=name(f"/{subtype}"), Rect=_box(50, 50, 250, 250), **more)
    made[name("/AP")] = _drawn(writer, b"BT (SEEN) Tj ET")
    placed: generic.IndirectObject = writer.add_object(made)
    return placed


def _place(writer: IncrementalPdfFileWriter, *annotations: generic.PdfObject) -> None:
    page = _page(writer)
    there = page["/Annots"] if "/Annots" in page else generic.ArrayObject()
    page[name("/Annots")] = generic.ArrayObject(
        [*(there.raw_get(at) for at in range(len(there))), *annotations]
    )
    writer.update_container(page)


@pytest.fixture(scope="module")
def prepared() -> bytes:
    """A form with a filled text field, a note, a hidden note, an empty place for a signature, and a structure."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        hidden = _annotation(writer, "Square", F=generic.NumberObject(HIDDEN))
        _place(writer, _annotation(writer, "FreeText"), hidden)
        append_signature_field(writer, SigFieldSpec("Place", box=PLACE))
        element = writer.add_object(_dictionary(S=name("/P"), ActualText=generic.pdf_string("words")))
        root = _dictionary(Type=name("/StructTreeRoot"), K=element, ParentTreeNextKey=generic.NumberObject(1))
        writer.root[name("/StructTreeRoot")] = writer.add_object(root)
        writer.update_root()

    return updated(_with_text_field(DOCUMENT, drawn=True), change)


@pytest.fixture(scope="module")
def signed(prepared: bytes, authority: Authority) -> bytes:
    return authority.sign(prepared)


def _on_annotation(place: int, **members: Any) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        annotation = _page(writer)["/Annots"][place].get_object()
        for key, value in members.items():
            annotation[name(f"/{key}")] = value(writer) if callable(value) else value
        writer.update_container(annotation)

    return change


def _on_page(**members: Any) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        page = _page(writer)
        for key, value in members.items():
            page[name(f"/{key}")] = value(writer) if callable(value) else value
        writer.update_container(page)

    return change


def _on_root(**members: Any) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        for key, value in members.items():
            writer.root[name(f"/{key}")] = value
        writer.update_root()

    return change


def _on_form(**members: Any) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        form = writer.root["/AcroForm"]
        for key, value in members.items():
            form[name(f"/{key}")] = value
        writer.update_container(form)

    return change


def _added(subtype: str) -> Change:
    return lambda writer: _place(writer, _annotation(writer, subtype))


def _in_bare_array(writer: IncrementalPdfFileWriter) -> None:
    """An annotation that has no number of its own."""
    made = _dictionary(Type=name("/Annot"), Subtype=name("/Stamp"), Rect=_box(50, 50, 250, 250))
    _place(writer, made)


def _removed(writer: IncrementalPdfFileWriter) -> None:
    page = _page(writer)
    there = page["/Annots"]
    page[name("/Annots")] = generic.ArrayObject(there.raw_get(at) for at in range(len(there)) if at != 1)
    writer.update_container(page)


def _another_page(writer: IncrementalPdfFileWriter) -> None:
    top = writer.root["/Pages"]
    page = _dictionary(Type=name("/Page"), Parent=writer.root.raw_get("/Pages"), MediaBox=_box(*WHOLE_PAGE))
    top["/Kids"].append(writer.add_object(page))
    top[name("/Count")] = generic.NumberObject(2)
    writer.update_container(top)
    writer.update_container(top["/Kids"])


def _font(base: str) -> generic.DictionaryObject:
    return _dictionary(Type=name("/Font"), Subtype=name("/Type1"), BaseFont=name(f"/{base}"))


def _other_font(writer: IncrementalPdfFileWriter) -> None:
    font = writer.root["/AcroForm"]["/DR"]["/Font"]["/Helv"]
    font[name("/BaseFont")] = name("/ZapfDingbats")
    writer.update_container(font)


def _font_of_page(writer: IncrementalPdfFileWriter) -> None:
    fonts = _page(writer)["/Resources"]["/Font"]
    fonts[name("/Missing")] = _font("Helvetica")
    writer.update_container(fonts)


def _filled(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][0].get_object()
    field[name("/V")] = generic.pdf_string("900")
    writer.update_container(field)


def _text_replaced(writer: IncrementalPdfFileWriter) -> None:
    element = writer.root["/StructTreeRoot"]["/K"].get_object()
    element[name("/ActualText")] = generic.pdf_string("other words")
    writer.update_container(element)


def _element_added(writer: IncrementalPdfFileWriter) -> None:
    root = writer.root["/StructTreeRoot"]
    added = writer.add_object(_dictionary(S=name("/Form"), P=writer.root.raw_get("/StructTreeRoot")))
    root[name("/K")] = generic.ArrayObject([root.raw_get("/K"), added])
    root[name("/ParentTreeNextKey")] = generic.NumberObject(2)
    writer.update_container(root)


def _script() -> generic.DictionaryObject:
    return _dictionary(S=name("/JavaScript"), JS=generic.pdf_string("app.alert('1')"))


def _contents(writer: IncrementalPdfFileWriter) -> generic.PdfObject:
    return writer.add_object(generic.StreamObject(stream_data=b"BT (forged) Tj ET"))


LOOK_ADDED: dict[str, Change] = {
    "white": _on_form(DA=generic.pdf_string("/Helv 12 Tf 1 g")),
    "aligned otherwise": _on_form(Q=generic.NumberObject(2)),
    "resources of the form": _on_form(DR=_dictionary(Font=_dictionary(Helv=_font("ZapfDingbats")))),
    "a font of the form": _other_font,
    "XFA": _on_form(XFA=generic.pdf_string("<xdp/>")),
    **{
        kind: _added(kind)
        for kind in ("FreeText", "Stamp", "Square", "Highlight", "Link", "Text", "Redact", "Widget", "Popup")
    },
    "in a bare array": _in_bare_array,
    "hidden is shown": _on_annotation(2, F=generic.NumberObject(4)),
    "hidden is drawn otherwise": _on_annotation(2, AP=lambda writer: _drawn(writer, b"BT (OTHER) Tj ET")),
    "border of a field": _on_annotation(0, MK=_dictionary(BC=generic.ArrayObject())),
    "writing of a field": _on_annotation(0, DA=generic.pdf_string("/Helv 1 Tf")),
    "look of the empty place": _on_annotation(3, AP=lambda writer: _drawn(writer, b"BT (HERE) Tj ET")),
    "the empty place over the page": _on_annotation(3, Rect=_box(*WHOLE_PAGE)),
    "resources of the page": _font_of_page,
    "layers": _on_root(OCProperties=_dictionary(D=_dictionary())),
    "a script at opening": _on_root(OpenAction=_script()),
    "a script by name": _on_root(Names=_dictionary(JavaScript=_dictionary(Names=generic.ArrayObject()))),
    "a script at printing": _on_root(AA=_dictionary(WP=_script())),
    "how the page is painted": _on_page(Group=_dictionary(S=name("/Transparency"))),
    "a script on the page": _on_page(AA=_dictionary(O=_script())),
    "a script on a field": _on_annotation(0, AA=_dictionary(F=_script())),
}
ALTERED: dict[str, Change] = {
    "contents": _on_page(Contents=_contents),
    "turned": _on_page(Rotate=generic.NumberObject(180)),
    "cropped": _on_page(CropBox=_box(0, 0, 100, 100)),
    "larger": _on_page(MediaBox=_box(0, 0, 900, 900)),
    "unit": _on_page(UserUnit=generic.NumberObject(2)),
    "note drawn otherwise": _on_annotation(1, AP=lambda writer: _drawn(writer, b"BT (OTHER) Tj ET")),
    "note hidden": _on_annotation(1, F=generic.NumberObject(HIDDEN)),
    "note moved": _on_annotation(1, Rect=_box(60, 50, 250, 250)),
    "note removed": _removed,
    "field moved": _on_annotation(0, Rect=_box(60, 700, 250, 720)),
    "another page": _another_page,
    "words of the structure": _text_replaced,
}
UNEXPLAINED: dict[str, Change] = {
    "how it opens": _on_root(PageMode=name("/UseAttachments")),
    "an attachment": _on_root(Names=_dictionary(EmbeddedFiles=_dictionary(Names=generic.ArrayObject()))),
    "something new": _on_root(Something=generic.pdf_string("new")),
    "something new on the page": _on_page(Something=generic.pdf_string("new")),
    "where the art on the page is": _on_page(ArtBox=_box(0, 0, 100, 100)),
}
LATER: dict[str, Change] = {
    "not turned, as by default": _on_page(Rotate=generic.NumberObject(0)),
    "nothing cropped, as by default": _on_page(CropBox=lambda writer: writer.root["/Pages"]["/MediaBox"]),
    "metadata": _on_root(Extensions=_dictionary(ADBE=_dictionary())),
    "an element for a field": _element_added,
    "a font beside": _on_form(
        DR=_dictionary(Font=_dictionary(Helv=_font("Helvetica"), Other=_font("Courier")))
    ),
}


def _expect(authority: Authority, document: bytes, reason: str, verdict: Verdict) -> None:
    """The first signature says so, whether or not somebody signs the document after that."""
    inspection = inspect(document, authority.trust())
    assert references(inspection)[0] == (reason if verdict is not Verdict.VALID else "appended")
    again = inspect(authority.sign(document, field="Signature2"), authority.trust())
    assert (again.verdict, references(again)) == (verdict, [reason, "ok"])


@pytest.mark.parametrize("change", LOOK_ADDED.values(), ids=LOOK_ADDED)
def test_what_can_be_seen_that_was_not_there(authority: Authority, signed: bytes, change: Change) -> None:
    _expect(authority, updated(signed, change), "look_added", Verdict.UNVERIFIABLE)


@pytest.mark.parametrize("change", ALTERED.values(), ids=ALTERED)
def test_what_is_not_what_was_signed(authority: Authority, signed: bytes, change: Change) -> None:
    _expect(authority, updated(signed, change), "altered", Verdict.INVALID)


@pytest.mark.parametrize("change", UNEXPLAINED.values(), ids=UNEXPLAINED)
def test_what_is_not_understood_is_no_forgery(authority: Authority, signed: bytes, change: Change) -> None:
    _expect(authority, updated(signed, change), "unexplained", Verdict.UNVERIFIABLE)


@pytest.mark.parametrize("change", LATER.values(), ids=LATER)
def test_what_nobody_sees_is_the_later_signers_word(
    authority: Authority, signed: bytes, change: Change
) -> None:
    _expect(authority, updated(signed, change), "later_signature", Verdict.VALID)


def test_a_field_that_was_filled_in_is_said_to_be_that(authority: Authority, signed: bytes) -> None:
    _expect(authority, updated(signed, _filled), "filled", Verdict.UNVERIFIABLE)


@pytest.mark.parametrize("box", [WHOLE_PAGE, (10, 10, 20, 20)], ids=["over the page", "small"])
@pytest.mark.parametrize("allowed", [None, MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_a_later_field_that_is_seen(
    office: Office, box: tuple[int, int, int, int], allowed: MDPPerm | None
) -> None:
    how = {} if allowed is None else {"certify": True, "docmdp_permissions": allowed}
    inspection = office.inspect(
        _signed(office, _signed(office, DOCUMENT, "First", None, **how), "Second", box)
    )
    assert (inspection.verdict, references(inspection)) == (Verdict.UNVERIFIABLE, ["look_added", "ok"])


def test_an_empty_place_is_signed(office: Office, prepared: bytes) -> None:
    """Ordinary signing one after another: whoever signed first saw that place."""
    inspection = office.inspect(_signed(office, _signed(office, prepared, "First", None), "Place", None))
    assert (inspection.verdict, references(inspection)) == (Verdict.VALID, ["ok", "later_signature"])


@pytest.mark.parametrize(
    "change",
    [_on_annotation(3, Rect=_box(*WHOLE_PAGE)), _on_annotation(3, Rect=_box(301, 100, 400, 150))],
    ids=["over the page", "beside"],
)
def test_an_empty_place_is_moved_and_signed(office: Office, prepared: bytes, change: Change) -> None:
    moved = updated(_signed(office, prepared, "First", None), change)
    inspection = office.inspect(_signed(office, moved, "Place", None))
    assert (inspection.verdict, references(inspection)) == (Verdict.UNVERIFIABLE, ["ok", "look_added"])


def test_an_empty_place_that_was_hidden_is_shown_and_signed(office: Office, prepared: bytes) -> None:
    hidden = updated(prepared, _on_annotation(3, F=generic.NumberObject(HIDDEN)))
    shown = updated(_signed(office, hidden, "First", None), _on_annotation(3, F=generic.NumberObject(4)))
    inspection = office.inspect(_signed(office, shown, "Place", None))
    assert (inspection.verdict, references(inspection)) == (Verdict.UNVERIFIABLE, ["ok", "look_added"])


def test_the_fields_are_drawn_anew(authority: Authority, signed: bytes) -> None:
    """The program that signs next may take that back, and does here."""
    inspection = inspect(
        updated(signed, _on_form(NeedAppearances=generic.BooleanObject(True))), authority.trust()
    )
    assert (inspection.verdict, references(inspection)) == (Verdict.UNVERIFIABLE, ["look_added"])


def test_the_look_of_a_signature_is_replaced(office: Office, prepared: bytes) -> None:
    first = _signed(office, prepared, "Place", None)
    other = updated(first, _on_annotation(3, AP=lambda writer: _drawn(writer, b"BT (OTHER) Tj ET")))
    inspection = office.inspect(_signed(office, other, "Second", None))
    assert (inspection.verdict, references(inspection)) == (Verdict.INVALID, ["altered", "ok"])


def test_what_was_altered_and_restored_is_as_it_was(authority: Authority, signed: bytes) -> None:
    """Nobody is shown what stood there in between."""
    turned = updated(signed, _on_page(Rotate=generic.NumberObject(180)))
    restored = updated(turned, _on_page(Rotate=generic.NullObject()))
    _expect(authority, restored, "later_signature", Verdict.VALID)


def test_a_page_that_could_be_taken_for_a_node_of_the_tree(authority: Authority, prepared: bytes) -> None:
    """Some readers look for the kids, some for the type."""
    signed = authority.sign(updated(prepared, _on_page(Kids=generic.ArrayObject())))
    _expect(authority, updated(signed, _on_page(Contents=_contents)), "altered", Verdict.INVALID)


def test_a_field_is_filled_in_with_another_font(authority: Authority, signed: bytes) -> None:
    def fill(writer: IncrementalPdfFileWriter) -> None:
        _filled(writer)
        _on_annotation(0, DA=generic.pdf_string("/Song 12 Tf"))(writer)

    _expect(authority, updated(signed, fill), "filled", Verdict.UNVERIFIABLE)


def _packed() -> bytes:
    """A document of which the resources stand in a stream of objects."""
    writer = PdfFileWriter(stream_xrefs=True)
    stream = writer.prepare_object_stream(compress=False)
    resources = writer.add_object(_dictionary(Font=_dictionary(F1=_font("Helvetica"))), obj_stream=stream)
    page = _dictionary(Type=name("/Page"), MediaBox=_box(*WHOLE_PAGE), Resources=resources)
    page[name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"BT (true) Tj ET"))
    page[name("/Parent")] = writer.root.raw_get("/Pages")
    top = writer.root["/Pages"]
    top[name("/Kids")] = generic.ArrayObject([writer.add_object(page)])
    top[name("/Count")] = generic.NumberObject(1)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def test_a_stream_of_objects_is_replaced(authority: Authority) -> None:
    """No entry says that the resources are others: they stand in a stream that is."""
    signed = authority.sign(_packed())

    def replace(writer: IncrementalPdfFileWriter) -> None:
        (container,) = writer.prev.xrefs.object_streams_used_in(0)
        stream = container.get_object()
        data = stream.data.replace(b"Helvetica", b"Wingdings")
        assert data != stream.data
        members = {key: stream.raw_get(key) for key in ("/Type", "/N", "/First")}
        writer.objects[container.generation, container.idnum] = generic.StreamObject(
            members, stream_data=data
        )

    assert references(inspect(signed, authority.trust())) == ["ok"]
    _expect(authority, updated(signed, replace), "altered", Verdict.INVALID)


@pytest.mark.parametrize("other", ["/ASCIIHexDecode", "/FlateDecode"])
def test_how_a_stream_is_unpacked_is_changed_beside_it(authority: Authority, other: str) -> None:
    """The filter of the contents stands in an object of its own: the stream itself is as it was."""

    def contents(writer: IncrementalPdfFileWriter) -> generic.PdfObject:
        stream = generic.StreamObject(encoded_data=b"78,ab>")
        stream[name("/Filter")] = writer.add_object(generic.ArrayObject([name("/ASCII85Decode")]))
        return writer.add_object(stream)

    def change(writer: IncrementalPdfFileWriter) -> None:
        place = _page(writer)["/Contents"].raw_get("/Filter")
        writer.objects[place.generation, place.idnum] = generic.ArrayObject([name(other)])

    signed = authority.sign(updated(DOCUMENT, _on_page(Contents=contents)))
    assert references(inspect(signed, authority.trust())) == ["ok"]
    _expect(authority, updated(signed, change), "altered", Verdict.INVALID)


def _scripted_note(writer: IncrementalPdfFileWriter) -> None:
    following = _dictionary(S=name("/URI"), URI=generic.pdf_string("https://example.org"), Next=_script())
    _place(writer, _annotation(writer, "Link", A=writer.add_object(following)))


def _scripted_outline(writer: IncrementalPdfFileWriter) -> None:
    item = _dictionary(Title=generic.pdf_string("chapter"), A=_script())
    _on_root(Outlines=_dictionary(First=writer.add_object(item)))(writer)


def _scripted_xfa(writer: IncrementalPdfFileWriter) -> None:
    part = generic.StreamObject(stream_data=b"<xdp><script contentType='application/x-javascript'/></xdp>")
    _on_form(XFA=generic.ArrayObject([generic.pdf_string("template"), writer.add_object(part)]))(writer)


SCRIPTS: dict[str, Change] = {
    **{kind: change for kind, change in LOOK_ADDED.items() if kind.startswith("a script")},
    "a script behind a link": _scripted_note,
    "a script in an outline": _scripted_outline,
    "a script in XFA": _scripted_xfa,
}


@pytest.mark.parametrize("change", SCRIPTS.values(), ids=SCRIPTS)
def test_scripts_are_reported(authority: Authority, prepared: bytes, change: Change) -> None:
    """They stood there when it was signed: no verdict by itself."""
    assert not inspect(authority.sign(prepared), authority.trust()).has_scripts
    inspection = inspect(authority.sign(updated(prepared, change)), authority.trust())
    assert (inspection.verdict, inspection.has_scripts) == (Verdict.VALID, True)
    assert inspection.to_json()["scripts"]
