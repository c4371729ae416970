"""A proof inside a document.

The registered bytes come back, and nothing can be changed around it unseen.
"""

import io
import random
import zipfile

import pytest

from examples.renderings import render_pdf
from ledger.documents.carriers import CarrierAltered, NotCarried, RestoredDocument, attach, detach, restore
from ledger.documents.ofd.archive import write_archive
from ledger.documents.openers import inspect, open_document
from ledger.proof.paper import encode_paper
from ledger.proof.proof import Proof
from tests.scenes import scene
from tests.unit.ledger.documents.pdf.test_signatures import Authority

PARTS = {"OFD.xml": b"<OFD/>", "Doc_0/Document.xml": b"<Document/>"}
OFD = write_archive(PARTS)
PDF = render_pdf("营业执照", [])


@pytest.fixture(scope="module")
def proof() -> Proof:
    city, items = scene()
    return city.proof(items[0])


@pytest.fixture(scope="module")
def other() -> Proof:
    city, items = scene()
    return city.proof(items[1])


@pytest.mark.parametrize("document", [OFD, PDF], ids=["OFD", "PDF"])
def test_what_is_attached_is_taken_out_and_the_registered_bytes_come_back(
    document: bytes, proof: Proof
) -> None:
    carried = attach(document, proof)
    assert carried != document
    restored = detach(carried)
    assert (restored.document, restored.proof) == (document, proof)
    assert inspect(carried).proof == proof


@pytest.mark.parametrize("document", [OFD, PDF, b"plain text"], ids=["OFD", "PDF", "text"])
def test_a_document_that_carries_nothing_stays_as_it_is(document: bytes) -> None:
    assert (detach(document).document, detach(document).proof) == (document, None)


def test_a_carried_document_still_opens(proof: Proof) -> None:
    with zipfile.ZipFile(io.BytesIO(attach(OFD, proof))) as archive:
        assert archive.testzip() is None
        assert archive.read("OFD.xml") == b"<OFD/>"
    assert inspect(attach(PDF, proof)).problem is None


def test_a_proof_attached_twice_is_refused(proof: Proof) -> None:
    for document in (OFD, PDF):
        with pytest.raises(NotCarried):
            attach(attach(document, proof), proof)


def test_a_signed_pdf_stays_as_it_is(proof: Proof) -> None:
    with pytest.raises(NotCarried, match="beside"):
        attach(Authority.make().sign(PDF), proof)


@pytest.mark.parametrize("document", [b"plain text", b"PK\x05\x06", b"%PDF-1.7 without an end"], ids=str)
def test_what_cannot_carry_a_proof(document: bytes, proof: Proof) -> None:
    with pytest.raises(NotCarried):
        attach(document, proof)


def test_an_archive_with_a_comment_of_its_own_is_left_alone(proof: Proof) -> None:
    commented = write_archive({"OFD.xml": b"<OFD/>"}, b"made by somebody")
    assert detach(commented).document == commented
    with pytest.raises(NotCarried):
        attach(commented, proof)


def test_a_proof_in_another_spelling_was_not_attached_here(proof: Proof) -> None:
    spaced = proof.encode().replace(b"{", b"{ ", 1)
    for text in (spaced, encode_paper(proof).encode()):
        with pytest.raises(CarrierAltered):
            detach(write_archive({"OFD.xml": b"<OFD/>"}, text))


def test_a_proof_that_was_damaged_inside_is_no_comment_of_somebody_elses(proof: Proof) -> None:
    """The document around it is intact: that the carrier is not is a gap, and no other document."""
    text = proof.encode()
    for carried in (write_archive(PARTS, text[:-9]), attach(PDF, proof).replace(b"%SZ1:", b"%SZ1:%", 1)):
        with pytest.raises(CarrierAltered) as caught:
            detach(carried)
        assert caught.value.document in (OFD, PDF)


def test_a_page_replaced_in_the_update_that_carries_the_proof(proof: Proof) -> None:
    """Whatever stands between the registered bytes and the carrier is part of what is compared."""
    carried = attach(PDF, proof)
    update = b"\n4 0 obj\n<</Length 0>>stream\n\nendstream\nendobj\n"
    forged = carried.replace(b"\n%SZ1:", update + b"\n%SZ1:", 1)
    try:
        restored = detach(forged)
    except CarrierAltered:
        return
    assert restored.document != PDF


@pytest.mark.parametrize("document", [OFD, PDF], ids=["OFD", "PDF"])
def test_no_change_of_a_byte_restores_the_registered_document_with_the_same_proof(
    document: bytes, proof: Proof
) -> None:
    carried = attach(document, proof)
    draw = random.Random(7)
    places = {*range(len(document) - 30, len(document) + 8), *draw.sample(range(len(carried)), 200)}
    for place in places:
        altered = carried[:place] + bytes([carried[place] ^ 0x01]) + carried[place + 1 :]
        try:
            restored = detach(altered)
        except CarrierAltered:
            continue
        assert (restored.document, restored.proof) != (document, proof), place


def test_two_proofs_in_one_document(proof: Proof, other: Proof) -> None:
    """The last one behind a PDF that carried one already: what is restored is not the registered document."""
    carried = attach(PDF, proof)
    end = PDF[PDF.rindex(b"startxref") :]
    forged = carried + b"\n%" + encode_paper(other).encode() + b"\n" + end
    with pytest.raises(CarrierAltered):
        detach(forged)
    assert restore(forged) == RestoredDocument(carried, None, is_altered=True)
    opened = open_document(forged)
    assert opened.inspection == inspect(carried), "what lies around the second may be looked at all the same"
    assert inspect(forged).problem == str(CarrierAltered(carried))
