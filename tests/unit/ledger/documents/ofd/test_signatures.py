"""What was done to a sealed document, and what the report says of it."""

import base64
import time
from functools import cache
from typing import Final

import pytest

from examples.renderings import as_ofd
from ledger.crypto.suites import SHA256, SM3
from ledger.documents.asn1.algorithms import encode_sm2
from ledger.documents.certificates.trust_list import Authority, TrustList
from ledger.documents.inspection import Inspection, Kind
from ledger.documents.ofd import references, signatures
from ledger.documents.ofd.archive import write_archive
from ledger.documents.ofd.sealing import LIST_PART, Stamp, apply_seal, sign_document
from ledger.documents.openers import inspect
from ledger.documents.seals.making import make_seal, use_seal
from ledger.encoding import der
from ledger.errors import MalformedInput
from ledger.verification.reasons import Verdict
from tests.papers import (
    DOCUMENT,
    NOW,
    PAGE,
    SIGN,
    department,
    draft,
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

DESCRIPTION: Final = f"{SIGN}/Signature.xml"
VALUE: Final = f"{SIGN}/SignedValue.dat"


def inspected(document: bytes) -> Inspection:
    return inspect(document, trust())


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
    assert report.altered == report.uncovered == ()
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
    assert report.altered == (name,)
    assert report.verdict is Verdict.INVALID


def test_a_part_removed_after_signing() -> None:
    report = only(without_part(sealed(), PAGE))
    assert report.altered == (PAGE,)
    assert report.verdict is Verdict.INVALID


def test_a_part_added_after_signing() -> None:
    """No digest speaks of it: a reader may show it, so the signature does not vouch for the document as a whole."""
    members = parts(sealed()) | {"Doc_0/Pages/Page_1/Content.xml": b"<Page/>"}
    report = only(write_archive(members))
    assert outcome(report, "coverage") == ("unknown", "partial")
    assert report.uncovered == ("Doc_0/Pages/Page_1/Content.xml",)
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
    assert first.uncovered == (page,)
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
    assert (report.altered, report.verdict, later.verdict) == ((), Verdict.VALID, Verdict.VALID)
    altered = with_part(first, LIST_PART, lambda data: data + b"\n")
    assert only(altered).altered == (LIST_PART,)
    assert only(altered).verdict is Verdict.INVALID


def test_an_alteration_together_with_a_later_signature() -> None:
    twice = sign_document(with_part(sealed(), PAGE, lambda data: data + b"\n"), department(), NOW + 60)
    first, later = inspected(twice).signatures
    assert (first.altered, first.verdict, later.verdict) == ((PAGE,), Verdict.INVALID, Verdict.VALID)
    assert inspected(twice).verdict is Verdict.INVALID


def test_a_removed_signature_is_missed_by_the_next() -> None:
    members = parts(sign_document(sealed(), department(), NOW))
    for name in [name for name in members if name.startswith(f"{SIGN}/")]:
        del members[name]
    first = members[LIST_PART].index(b"<ofd:Signature ")
    second = members[LIST_PART].index(b"<ofd:Signature ", first + 1)
    members[LIST_PART] = members[LIST_PART][:first] + members[LIST_PART][second:]
    report = only(write_archive(members))
    assert set(report.altered) == {DESCRIPTION, VALUE, f"{SIGN}/Seal.esl"}


def test_a_swapped_seal() -> None:
    other = make_seal(draft(identifier="42900600000002", name="另一枚印章"), maker())
    report = only(with_part(sealed(), f"{SIGN}/Seal.esl", other))
    assert outcome(report, "seal_file") == ("fail", "different")
    assert report.seal_id == "42900600000001"
    assert report.verdict is Verdict.INVALID


def test_a_seal_that_is_named_and_not_there() -> None:
    report = only(without_part(sealed(), f"{SIGN}/Seal.esl"))
    assert outcome(report, "seal_file") == ("unknown", "missing")
    assert report.altered == (f"{SIGN}/Seal.esl",)


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
    assert report.check("seal_file") is None
    assert report.verdict is Verdict.VALID


def test_the_signature_of_another_document() -> None:
    other = apply_seal(as_ofd("另一证照", []), seal(), department(), NOW)
    report = only(with_part(sealed(), VALUE, parts(other)[VALUE]))
    assert outcome(report, "data_hash") == ("fail", "altered")
    assert report.verdict is Verdict.INVALID
    moved = parts(sealed()) | {name: parts(other)[name] for name in (DESCRIPTION, VALUE)}
    report = only(write_archive(moved))
    assert outcome(report, "data_hash") == ("pass", "ok")
    assert set(report.altered) == {"OFD.xml", "Doc_0/Document.xml", PAGE}


def test_a_signature_that_covers_nothing() -> None:
    data = parts(sealed())[DESCRIPTION]
    start, end = data.index(b"<ofd:References"), data.index(b"</ofd:References>") + 17
    for nothing in (b"", b'<ofd:References CheckMethod="SM3"/>'):
        report = only(resealed(sealed(), data[start:end], nothing))
        assert outcome(report, "references") == ("unknown", "nothing")
        assert not report.covers_all
        assert PAGE in report.uncovered
        assert report.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize("method", [b"MD5", b"SHA1", b"", b"sm4"])
def test_digests_that_prove_nothing(method: bytes) -> None:
    report = only(resealed(sealed(), b'CheckMethod="1.2.156.10197.1.401"', b'CheckMethod="%s"' % method))
    assert outcome(report, "references") == ("unknown", "digest")
    assert report.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize("method", ["SM3", "sm3", "1.2.156.10197.1.401", " 1.2.156.10197.1.401.1 "])
def test_the_names_of_sm3(method: str) -> None:
    report = only(
        resealed(sealed(), b'CheckMethod="1.2.156.10197.1.401"', f'CheckMethod="{method}"'.encode())
    )
    assert report.verdict is Verdict.VALID


NEIGHBOURS: Final = [
    "1.2.156.10197.1.401.2",
    "1.2.156.10197.1.401.3",
    "1.2.156.10197.1.400",
    "1.2.156.10197.1.301",
]


def named(method: str) -> bytes:
    return resealed(sealed(), b'CheckMethod="1.2.156.10197.1.401"', f'CheckMethod="{method}"'.encode())


@pytest.mark.parametrize("method", NEIGHBOURS)
def test_the_neighbours_of_sm3(method: str) -> None:
    """What fits SM3 is SM3, whatever the writer called it; then a part that does not was altered."""
    assert only(named(method)).verdict is Verdict.VALID
    report = only(with_part(named(method), PAGE, lambda data: data + b"<!-- -->"))
    assert (outcome(report, "references"), report.altered) == (("fail", "altered"), (PAGE,))


@pytest.mark.parametrize("method", NEIGHBOURS)
def test_a_neighbour_of_sm3_that_is_not_meant(method: str) -> None:
    members = parts(named(method))
    for data in members.values():
        old, new = base64.b64encode(SM3.hash(data)), base64.b64encode(SHA256.hash(data))
        members[DESCRIPTION] = members[DESCRIPTION].replace(old, new)
    members[VALUE] = use_seal(seal(), department(), members[DESCRIPTION], "", NOW)
    report = only(write_archive(members))
    assert (outcome(report, "references"), report.altered) == (("unknown", "digest"), ())


@pytest.mark.parametrize("method", ["1.2.156.10197.1.410", "1.2.156.10197.1.410.1", "1.3.14.3.2.26"])
def test_sha_1_by_its_national_name(method: str) -> None:
    assert outcome(only(named(method)), "references") == ("unknown", "digest")


def test_other_suites() -> None:
    members = parts(sealed())
    members[DESCRIPTION] = members[DESCRIPTION].replace(
        b'CheckMethod="1.2.156.10197.1.401"', b'CheckMethod="SHA256"'
    )
    for data in members.values():
        old, new = (base64.b64encode(suite.hash(data)) for suite in (SM3, SHA256))
        members[DESCRIPTION] = members[DESCRIPTION].replace(old, new)
    members[VALUE] = use_seal(seal(), department(), members[DESCRIPTION], "", NOW)
    assert only(write_archive(members)).verdict is Verdict.VALID


@pytest.mark.parametrize(
    "location",
    [
        "../../../../../etc/passwd",
        "/../OFD.xml",
        "file:///etc/passwd",
        "C:\\OFD.xml",
        "//host/OFD.xml",
        "",
        "/",
    ],
)
def test_references_that_lead_elsewhere(location: str) -> None:
    report = only(resealed(sealed(), f'FileRef="/{PAGE}"'.encode(), f'FileRef="{location}"'.encode()))
    assert outcome(report, "references") == ("unknown", "path")
    assert PAGE in report.uncovered
    assert report.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize(
    "location",
    [
        PAGE,
        "../../Pages/Page_0/Content.xml",
        "\\Doc_0\\Pages\\Page_0\\Content.xml",
        "/Doc_0/./Pages/Page_0/Content.xml",
    ],
)
def test_references_in_other_spellings(location: str) -> None:
    """Relative to the description, from the root without its slash, with the slashes of another system."""
    report = only(resealed(sealed(), f'FileRef="/{PAGE}"'.encode(), f'FileRef="{location}"'.encode()))
    assert report.verdict is Verdict.VALID


def test_a_copy_where_a_relative_reference_finds_it_first() -> None:
    """The copy satisfies the digest; the page that is shown is altered, and nothing covers it."""
    strange = resealed(sealed(), f'FileRef="/{PAGE}"'.encode(), f'FileRef="{PAGE}"'.encode())
    members = parts(strange)
    members[f"{SIGN}/{PAGE}"] = members[PAGE]
    members[PAGE] += b"<!-- -->"
    report = only(write_archive(members))
    assert report.uncovered == (PAGE,)
    assert report.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/../Signature.xml", "malformed"),
        ("", "malformed"),
        ("http://host/Signature.xml", "malformed"),
        ("/nowhere.xml", "missing"),
    ],
)
def test_a_list_that_leads_elsewhere(location: str, reason: str) -> None:
    listed = with_part(
        sealed(), LIST_PART, lambda data: data.replace(f"/{DESCRIPTION}".encode(), location.encode())
    )
    report = only(listed)
    assert outcome(report, "structure") == ("unknown", reason)
    assert (report.version, report.verdict) == (0, Verdict.UNVERIFIABLE)


@pytest.mark.parametrize("name", [DESCRIPTION, VALUE])
@pytest.mark.parametrize("data", [b"", b"<a>", b"\x30\x80\x00\x00", b"\x30\x84\x7f\xff\xff\xff" * 1000])
def test_files_of_a_signature_that_cannot_be_read(name: str, data: bytes) -> None:
    """One of two. The other still says that nothing was altered, and does not vouch for what it cannot place."""
    twice = sign_document(sealed(), department(), NOW)
    other = name.replace("Sign_1", "Sign_2")
    first, second = inspected(with_part(twice, other, data)).signatures
    assert (first.altered, first.verdict) == ((), Verdict.UNVERIFIABLE)
    assert other in first.uncovered
    assert outcome(first, "references") == ("pass", "ok")
    assert outcome(second, "structure") == ("unknown", "encoding" if name == VALUE else "malformed")
    assert second.kind is Kind.OFD_SIGN
    assert second.verdict is Verdict.UNVERIFIABLE


def test_a_signature_value_that_is_missing() -> None:
    report = only(without_part(sealed(), VALUE))
    assert outcome(report, "structure") == ("unknown", "missing")
    assert report.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda data: data.replace(b"</ofd:SignedInfo>", b"<ofd:Seal/><ofd:Seal/></ofd:SignedInfo>"),
            id="twice",
        ),
        pytest.param(lambda data: data.replace(b"SignedInfo", b"Info"), id="no SignedInfo"),
        pytest.param(lambda data: data.replace(b"SignedValue", b"Value"), id="no SignedValue"),
        pytest.param(lambda data: data.replace(b"CheckValue>", b"CheckValue>*", 1), id="no base64"),
        pytest.param(lambda data: data.replace(b"CheckValue", b"Check"), id="no digest"),
        pytest.param(lambda data: b"<!DOCTYPE x>" + data[data.index(b"\n") + 1 :], id="a document type"),
    ],
)
def test_descriptions_that_cannot_be_read(change: object) -> None:
    assert callable(change)
    report = only(with_part(sealed(), DESCRIPTION, change))
    assert outcome(report, "structure") == ("unknown", "malformed")


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


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(write_archive({}), id="empty"),
        pytest.param(without_part(sealed(), "OFD.xml"), id="no OFD.xml"),
        pytest.param(without_part(sealed(), LIST_PART), id="no list"),
        pytest.param(with_part(sealed(), LIST_PART, b"<a"), id="a list that is no XML"),
        pytest.param(with_part(sealed(), "OFD.xml", b"<OFD/>" * 2), id="an OFD.xml that is none"),
        pytest.param(
            with_part(
                sealed(),
                "OFD.xml",
                lambda data: data.replace(LIST_PART.encode(), b"../" + LIST_PART.encode()),
            ),
            id="a list elsewhere",
        ),
        pytest.param(
            with_part(
                sealed(),
                "OFD.xml",
                lambda data: data.replace(
                    b"</ofd:OFD>",
                    f"<DocBody><Signatures>{LIST_PART}</Signatures></DocBody></ofd:OFD>".encode(),
                ),
            ),
            id="one list for two bodies",
        ),
    ],
)
def test_documents_whose_list_cannot_be_read(document: bytes) -> None:
    inspection = inspected(document)
    assert inspection.problem
    assert inspection.verdict is Verdict.UNVERIFIABLE


def test_two_bodies_with_a_list_each() -> None:
    members = parts(sealed())
    second = LIST_PART.replace("Doc_0", "Doc_1")
    members[second] = b"<Signatures/>"
    body = f"<DocBody/><DocBody><Signatures>{second}</Signatures></DocBody></ofd:OFD>"
    members["OFD.xml"] = members["OFD.xml"].replace(b"</ofd:OFD>", body.encode())
    report = only(write_archive(members))
    assert report.altered == ("OFD.xml",)
    assert report.uncovered == (second,)


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "MAX_REFERENCES", 1)
    assert outcome(only(sealed()), "structure") == ("unknown", "malformed")
    monkeypatch.setattr(references, "MAX_REFERENCES", 100)
    count = parts(sealed())[DESCRIPTION].count(b"<ofd:Reference ")
    monkeypatch.setattr(signatures, "MAX_REFERENCES", count)
    assert only(sealed()).verdict is Verdict.VALID
    monkeypatch.setattr(signatures, "MAX_REFERENCES", count - 1)
    assert "in all" in (inspected(sealed()).problem or "")
    monkeypatch.setattr(references, "MAX_SIGNATURES", 0)
    assert "signatures at most" in (inspected(sealed()).problem or "")


def repeated(members: dict[str, bytes], description: bytes, count: int = 64) -> bytes:
    """A document with so many signatures of one description."""
    listed = "".join(f'<Signature BaseLoc="/{number}.xml"/>' for number in range(count))
    parts = members | {f"{number}.xml": description for number in range(count)}
    return write_archive(parts | {LIST_PART: f"<Signatures>{listed}</Signatures>".encode()})


@cache
def hostile() -> dict[str, bytes]:
    """Documents of which each part is within its limit, and the whole is not meant to end."""
    members = parts(sealed())
    large = members | {"Doc_0/large": bytes(8_000_000)}
    reference = (
        b'<Reference FileRef="/Doc_0/large"><CheckValue>AAAA</CheckValue></Reference></ofd:References>'
    )
    many = members[DESCRIPTION].replace(b"</ofd:References>", reference[:-17] * 5_000 + reference[-17:])
    tiny = b"<Signature>" + b"<a/>" * 20_000 + b"</Signature>"
    value = members | {"value": der.encode(der.SEQUENCE, der.encode(der.OCTET_STRING, bytes(4_000_000)))}
    named = (
        members[DESCRIPTION]
        .replace(f"/{VALUE}".encode(), b"/value")
        .replace(f"/{SIGN}/Seal.esl".encode(), b"/value")
    )
    return {
        "one part named many times": write_archive(large | {DESCRIPTION: many}),
        "a damaged part named many times": write_archive(large | {DESCRIPTION: many}).replace(
            bytes(100), b"x" * 100, 1
        ),
        "many descriptions": repeated(members, many, 16),
        "many descriptions of nothing": repeated(members, tiny, 6),
        "one value many times": repeated(value, named),
    }


@pytest.mark.parametrize(
    "name",
    [
        "one part named many times",
        "a damaged part named many times",
        "many descriptions",
        "many descriptions of nothing",
        "one value many times",
    ],
)
def test_bounded_time(name: str) -> None:
    started = time.process_time()
    assert inspected(hostile()[name]).verdict is not Verdict.VALID
    assert time.process_time() - started < 5


def test_stamps_are_where_they_were_put() -> None:
    data = parts(apply_seal(DOCUMENT, seal(), department(), NOW, [Stamp("1", 1, 2, 40, 41)]))[DESCRIPTION]
    assert b'<ofd:StampAnnot ID="1" PageRef="1" Boundary="1 2 40 41"/>' in data


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(with_part(sealed(), "OFD.xml", b"<OFD/>"), id="no body"),
        pytest.param(without_part(sealed(), "OFD.xml"), id="no OFD.xml"),
        pytest.param(write_archive(parts(DOCUMENT) | {f"{SIGN}/a": b""}), id="the folder is taken"),
        pytest.param(
            with_part(
                DOCUMENT,
                "OFD.xml",
                lambda data: data.replace(b"</ofd:OFD>", b"<DocBody></DocBody></ofd:OFD>"),
            ),
            id="two bodies",
        ),
    ],
)
def test_documents_that_we_do_not_seal(document: bytes) -> None:
    with pytest.raises(MalformedInput):
        apply_seal(document, seal(), department(), NOW)


def test_a_list_elsewhere_is_left_alone() -> None:
    members = parts(sealed())
    members["Signatures.xml"] = members.pop(LIST_PART)
    members["OFD.xml"] = members["OFD.xml"].replace(LIST_PART.encode(), b"Signatures.xml")
    with pytest.raises(MalformedInput, match="elsewhere"):
        apply_seal(write_archive(members), seal(), department(), NOW)
