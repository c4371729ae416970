"""A signed PDF with something added is told from a forgery, and its original is named.

An overlay is something added; what replaces the content is a forgery as before.
"""

# mypy: allow-untyped-calls
from collections.abc import Callable, Mapping

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from api.documents import open_papers
from ledger.verification.reasons import Verdict
from ledger.verification.report import Report
from ledger.verification.verify import verify
from tests.properties.second_verifier import second
from tests.scenes import City, Item, Registry
from tests.unit.ledger.documents.pdf.test_changes import updated
from tests.unit.ledger.documents.pdf.test_look import _annotation, _contents, _on_page, _page, _place
from tests.unit.ledger.documents.pdf.test_signatures import Authority, authority
from tests.unit.ledger.documents.pdf.test_timestamps import DOCUMENT

__all__ = ["authority"]  # a fixture
Change = Callable[[IncrementalPdfFileWriter], None]


def _painted(text: bytes) -> Change:
    """A stream behind those of the page, as programs that print watermarks add one."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        page = _page(writer)
        there = page.raw_get("/Contents")
        streams = [*page["/Contents"]] if isinstance(page["/Contents"], generic.ArrayObject) else [there]
        added = writer.add_object(generic.StreamObject(stream_data=text))
        page[generic.NameObject("/Contents")] = generic.ArrayObject([*streams, added])
        writer.update_container(page)

    return change


#: A white box over the holder's name, and another name in its place.
OVERLAY = b"q 1 1 1 rg 50 700 400 60 re f Q BT /F1 16 Tf 60 720 Td (ANOTHER NAME) Tj ET"
EXTENSIONS: Mapping[str, Change] = {
    "a watermark": _painted(b"BT /F1 40 Tf 100 400 Td (COPY) Tj ET"),
    "an overlay": _painted(OVERLAY),
    "a note": lambda writer: _place(writer, _annotation(writer, "FreeText")),
    "a stamp over all": lambda writer: _place(writer, _annotation(writer, "Stamp")),
}


def _register(document: bytes) -> tuple[City, Item]:
    city = City(Registry())
    licence = city.licence(documents=[document])
    city.register(licence)
    return city, licence


def _judge(city: City, licence: Item, document: bytes, authority: Authority) -> Report:
    """Judge a document as a node does, which opens it."""
    papers = open_papers([document], {}, authority.trust())
    knowledge, now = city.registry.knowledge, city.registry.now
    return verify(papers.presented_content, city.proof(licence), knowledge, now)


def _expect_extended(report: Report, original: bytes, presented: bytes) -> None:
    step = report.steps[1]
    assert (report.verdict, step.reason) == (Verdict.UNVERIFIABLE, "document_extended")
    assert step.evidence
    assert presented[: int(str(step.evidence["original_size"]))] == original


@pytest.fixture(scope="module")
def signed(authority: Authority) -> bytes:
    return authority.sign(DOCUMENT)


@pytest.mark.parametrize("name", EXTENSIONS)
def test_what_is_added_is_told_from_a_forgery_and_never_valid(
    authority: Authority, signed: bytes, name: str
) -> None:
    city, licence = _register(signed)
    extended = updated(signed, EXTENSIONS[name])
    _expect_extended(_judge(city, licence, extended, authority), signed, extended)
    _expect_extended(city.verify(city.proof(licence), documents=[extended]), signed, extended)


def test_a_later_signature_is_something_added(authority: Authority, signed: bytes) -> None:
    city, licence = _register(signed)
    later = authority.sign(updated(signed, EXTENSIONS["an overlay"]), field="Signature2")
    for extended in (authority.sign(signed, field="Signature2"), later):
        _expect_extended(_judge(city, licence, extended, authority), signed, extended)


def test_content_that_was_replaced_is_a_forgery(authority: Authority, signed: bytes) -> None:
    city, licence = _register(signed)
    report = _judge(city, licence, updated(signed, _on_page(Contents=_contents)), authority)
    assert (report.verdict, report.reason) == (Verdict.INVALID, "document_altered")


def test_an_unsigned_document_with_more_behind_it_is_another(authority: Authority) -> None:
    """Nothing says where the issued part ends; nor does a signature that somebody adds."""
    city, licence = _register(DOCUMENT)
    for presented in (
        updated(DOCUMENT, EXTENSIONS["an overlay"]),
        authority.sign(DOCUMENT),
        DOCUMENT + b"\n",
    ):
        report = _judge(city, licence, presented, authority)
        assert (report.verdict, report.reason) == (Verdict.INVALID, "document_mismatch")


def test_the_original_itself_is_valid(authority: Authority, signed: bytes) -> None:
    city, licence = _register(signed)
    assert _judge(city, licence, signed, authority).verdict is Verdict.VALID


def test_an_extension_of_another_document_is_a_forgery(authority: Authority, signed: bytes) -> None:
    city, licence = _register(authority.sign(updated(DOCUMENT, EXTENSIONS["a watermark"])))
    report = _judge(city, licence, updated(signed, EXTENSIONS["a watermark"]), authority)
    assert (report.verdict, report.reason) == (Verdict.INVALID, "document_mismatch")


def test_the_second_verifier_says_the_same_of_bytes(authority: Authority, signed: bytes) -> None:
    extended = updated(signed, EXTENSIONS["a watermark"])
    digest = second.HASH_FUNCTIONS["sm3"]
    registered = {(len(signed), "sm3", digest(signed))}
    assert second.has_original(extended, registered)
    assert not second.has_original(signed, registered)
    assert not second.has_original(extended, {(len(DOCUMENT), "sm3", digest(DOCUMENT))})
