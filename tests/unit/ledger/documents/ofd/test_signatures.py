"""What was done to a sealed document, and what the report says of it."""

import base64

import pytest

from examples.renderings import render_ofd
from ledger.crypto.suites import SM3
from ledger.documents.asn1.algorithms import encode_sm2
from ledger.documents.certificates.trust_list import Authority, TrustList
from ledger.documents.inspection import Kind
from ledger.documents.ofd.archive import write_archive
from ledger.documents.ofd.sealing import LIST_PART, apply_seal, sign_document
from ledger.documents.seals.making import make_seal, use_seal
from ledger.verification.reasons import Verdict
from tests.papers import (
    DESCRIPTION,
    DOCUMENT,
    NOW,
    PAGE,
    SIGN,
    VALUE,
    department,
    draft,
    inspected,
    maker,
    only,
    outcome,
    parts,
    resealed,
    seal,
    sealed,
    signed,
    trust,
    with_part,
    without_part,
)


@pytest.mark.parametrize("version", [1, 4, 5])
def test_a_sealed_document(version: int) -> None:
    inspection = inspected(sealed(version))
    assert inspection.verdict is Verdict.VALID
    (report,) = inspection.signatures
    assert (report.kind, report.version, report.signed_at) == (Kind.SES, version, NOW)
    assert (report.signer, report.seal_id, report.seal_name) == (
        "天门市示例局",
        "42900600000001",
        draft().name,
    )
    assert report.covers_all
    assert report.altered_parts == report.uncovered_parts == ()
    assert [check.name for check in report.checks] == [
        "structure", "references", "coverage", "data_hash", "signature", "seal_file", "seal_signature", "signer_listed",
        "validity", "chain",
    ]  # fmt: skip


def test_a_signed_document() -> None:
    report = only(signed())
    assert (report.kind, report.version, report.signer) == (Kind.OFD_SIGN, 1, "天门市示例局")
    assert (report.seal_id, report.signed_at, report.verdict) == (None, NOW, Verdict.VALID)


@pytest.mark.parametrize("name", [PAGE, "OFD.xml", "Doc_0/PublicRes.xml"])
@pytest.mark.parametrize("document", [sealed(), signed()], ids=["sealed", "signed"])
def test_a_part_altered_after_signing(document: bytes, name: str) -> None:
    report = only(with_part(document, name, lambda data: data + b"<!-- -->"))
    assert outcome(report, "references") == ("fail", "altered")
    assert report.altered_parts == (name,)
    assert report.verdict is Verdict.INVALID


def test_a_part_removed_after_signing() -> None:
    report = only(without_part(sealed(), PAGE))
    assert report.altered_parts == (PAGE,)
    assert report.verdict is Verdict.INVALID


def test_a_part_added_after_signing() -> None:
    """No digest speaks of it: a reader may show it, so the signature does not vouch for the document as a whole."""
    members = parts(sealed()) | {"Doc_0/Pages/Page_1/Content.xml": b"<Page/>"}
    report = only(write_archive(members))
    assert outcome(report, "coverage") == ("unknown", "partial")
    assert report.uncovered_parts == ("Doc_0/Pages/Page_1/Content.xml",)
    assert not report.covers_all
    assert report.verdict is Verdict.UNVERIFIABLE


def test_a_page_that_calls_itself_a_seal() -> None:
    """A second signature names a page as its seal, so that no signature would be expected to cover it."""
    members = parts(sign_document(sealed(), department(), NOW))
    page = "Doc_0/Pages/Page_1/Content.xml"
    members[page] = b"<Page/>"
    other = "Doc_0/Signs/Sign_2/Signature.xml"
    claim = f"<ofd:Seal><ofd:BaseLoc>/{page}</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>".encode()
    members[other] = members[other].replace(b"</ofd:SignedInfo>", claim)
    first, second = inspected(write_archive(members)).signatures
    assert first.uncovered_parts == (page,)
    assert first.verdict is Verdict.UNVERIFIABLE
    assert outcome(second, "data_hash") == ("fail", "altered")


def test_a_later_signature_is_no_alteration() -> None:
    """The list of signatures is protected by the first and changes with the second: that is what lists are for."""
    covered = f'<ofd:Reference FileRef="/{LIST_PART}"><ofd:CheckValue>%s</ofd:CheckValue></ofd:Reference></ofd:References>'
    digest = base64.b64encode(SM3.hash(parts(sealed())[LIST_PART])).decode()
    first = resealed(sealed(), b"</ofd:References>", (covered % digest).encode())
    assert outcome(only(first), "references") == ("pass", "ok")
    report, later = inspected(sign_document(first, department(), NOW + 60)).signatures
    assert outcome(report, "references") == ("pass", "later_signature")
    assert (report.altered_parts, report.verdict, later.verdict) == ((), Verdict.VALID, Verdict.VALID)
    altered = with_part(first, LIST_PART, lambda data: data + b"\n")
    assert only(altered).altered_parts == (LIST_PART,)
    assert only(altered).verdict is Verdict.INVALID


def test_an_alteration_together_with_a_later_signature() -> None:
    twice = sign_document(with_part(sealed(), PAGE, lambda data: data + b"\n"), department(), NOW + 60)
    first, later = inspected(twice).signatures
    assert (first.altered_parts, first.verdict, later.verdict) == ((PAGE,), Verdict.INVALID, Verdict.VALID)
    assert inspected(twice).verdict is Verdict.INVALID


def test_a_removed_signature_is_missed_by_the_next() -> None:
    members = parts(sign_document(sealed(), department(), NOW))
    for name in [name for name in members if name.startswith(f"{SIGN}/")]:
        del members[name]
    first = members[LIST_PART].index(b"<ofd:Signature ")
    second = members[LIST_PART].index(b"<ofd:Signature ", first + 1)
    members[LIST_PART] = members[LIST_PART][:first] + members[LIST_PART][second:]
    report = only(write_archive(members))
    assert set(report.altered_parts) == {DESCRIPTION, VALUE, f"{SIGN}/Seal.esl"}


def test_a_swapped_seal() -> None:
    other = make_seal(draft(identifier="42900600000002", name="另一枚印章"), maker())
    report = only(with_part(sealed(), f"{SIGN}/Seal.esl", other))
    assert outcome(report, "seal_file") == ("fail", "different")
    assert report.seal_id == "42900600000001"
    assert report.verdict is Verdict.INVALID


def test_a_seal_that_is_named_and_not_there() -> None:
    report = only(without_part(sealed(), f"{SIGN}/Seal.esl"))
    assert outcome(report, "seal_file") == ("unknown", "missing")
    assert report.altered_parts == (f"{SIGN}/Seal.esl",)


def test_no_seal_beside_the_signature() -> None:
    """Allowed, and common."""
    members = parts(sealed())
    del members[f"{SIGN}/Seal.esl"]
    inside = members[DESCRIPTION].index(b"<ofd:Seal>"), members[DESCRIPTION].index(b"</ofd:Seal>") + 11
    stripped = members[DESCRIPTION][: inside[0]] + members[DESCRIPTION][inside[1] :]
    seal_reference = stripped.index(f'<ofd:Reference FileRef="/{SIGN}/Seal.esl"'.encode())
    end = stripped.index(b"</ofd:Reference>", seal_reference) + len(b"</ofd:Reference>")
    members[DESCRIPTION] = stripped[:seal_reference] + stripped[end:]
    members[VALUE] = use_seal(seal(), department(), members[DESCRIPTION], "", NOW)
    report = only(write_archive(members))
    assert report.find_check("seal_file") is None
    assert report.verdict is Verdict.VALID


def test_the_signature_of_another_document() -> None:
    other = apply_seal(render_ofd("另一证照", []), seal(), department(), NOW)
    report = only(with_part(sealed(), VALUE, parts(other)[VALUE]))
    assert outcome(report, "data_hash") == ("fail", "altered")
    assert report.verdict is Verdict.INVALID
    moved = parts(sealed()) | {name: parts(other)[name] for name in (DESCRIPTION, VALUE)}
    report = only(write_archive(moved))
    assert outcome(report, "data_hash") == ("pass", "ok")
    assert set(report.altered_parts) == {"OFD.xml", "Doc_0/Document.xml", PAGE}


@pytest.mark.parametrize("kind", [b'Type="Sign"', b"", b'Type="Other"'])
def test_the_form_decides_and_not_the_type(kind: bytes) -> None:
    assert (
        only(with_part(sealed(), LIST_PART, lambda data: data.replace(b'Type="Seal"', kind))).kind is Kind.SES
    )


def test_a_bare_signature() -> None:
    """SM2 over the description and nothing else: known only by a certificate that the city lists."""
    members = parts(signed())
    members[VALUE] = encode_sm2(department().key.sign(members[DESCRIPTION]))
    bare = write_archive(members)
    report = only(bare)
    assert (report.kind, report.version, report.signer, report.signed_at) == (Kind.OFD_SIGN, 0, None, NOW)
    assert outcome(report, "signature") == ("unknown", "no_certificate")
    assert report.verdict is Verdict.UNVERIFIABLE
    (authority,) = trust().authorities
    listed = TrustList("", None, (authority, Authority("", department().certificate, authority.roles)))
    report = only(bare, listed)
    assert (report.signer, report.verdict) == ("天门市示例局", Verdict.VALID)
    altered = only(with_part(bare, DESCRIPTION, lambda data: data + b"\n"), listed)
    assert outcome(altered, "signature") == ("unknown", "no_certificate")


def test_an_unsigned_document() -> None:
    inspection = inspected(DOCUMENT)
    assert (inspection.signatures, inspection.problem, inspection.verdict) == ((), None, Verdict.UNVERIFIABLE)


def test_two_bodies_with_a_list_each() -> None:
    members = parts(sealed())
    second = LIST_PART.replace("Doc_0", "Doc_1")
    members[second] = b"<Signatures/>"
    body = f"<DocBody/><DocBody><Signatures>{second}</Signatures></DocBody></ofd:OFD>"
    members["OFD.xml"] = members["OFD.xml"].replace(b"</ofd:OFD>", body.encode())
    report = only(write_archive(members))
    assert report.altered_parts == ("OFD.xml",)
    assert report.uncovered_parts == (second,)
