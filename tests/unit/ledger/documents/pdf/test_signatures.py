"""Signed PDFs: what a signature covers, what came after it, who vouches for the signer.

Hostile files end as such.
"""

import random
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.validation.dss import DocumentSecurityStore

from examples.renderings import render_pdf
from ledger.crypto.keys import PrivateKey, generate_key
from ledger.documents.asn1.structures import SignedDataInfo
from ledger.documents.certificates.issuing import Holder
from ledger.documents.certificates.trust_list import Authority as ListedAuthority
from ledger.documents.certificates.trust_list import TrustList, decode_trust_list
from ledger.documents.findings import pass_check
from ledger.documents.inspection import Inspection, Kind, SignatureReport
from ledger.documents.openers import inspect
from ledger.documents.pdf.signing import sign_pdf
from ledger.documents.seals.making import sign_data, use_seal
from ledger.verification.reasons import Outcome, Verdict
from tests import papers

START = datetime(2026, 1, 1, tzinfo=UTC)
SIGNED = START + timedelta(days=60)
DOCUMENT = render_pdf("营业执照", [("名称", "天门市示例商贸有限公司")])


@dataclass(frozen=True)
class Authority:
    """An authority with one signer below it."""

    certificate: x509.Certificate
    signer: x509.Certificate
    key: bytes

    @classmethod
    def make(cls) -> "Authority":
        lower, signing = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = _certificate("示例认证机构", lower.public_key(), "示例认证机构", lower, authority=True)
        signer = _certificate("天门市示例局", signing.public_key(), "示例认证机构", lower, authority=False)
        key = signing.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return cls(root, signer, key)

    def sign(self, document: bytes = DOCUMENT, field: str = "Signature1", moment: datetime = SIGNED) -> bytes:
        return sign_pdf(document, self.signer.public_bytes(Encoding.DER), self.key, moment, field_name=field)

    def trust(self) -> TrustList:
        return decode_trust_list(self.certificate.public_bytes(Encoding.PEM))


def _certificate(
    subject: str,
    key: ec.EllipticCurvePublicKey,
    issuer: str,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    made = x509.CertificateBuilder(name(issuer), name(subject), key, 7, START, START + timedelta(days=730))
    made = made.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    return made.sign(signer, hashes.SHA256())


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.make()


@pytest.fixture(scope="module")
def signed(authority: Authority) -> bytes:
    return authority.sign()


@pytest.fixture(scope="module")
def roomy(authority: Authority) -> bytes:
    """Signed with more certificates than it takes, so that there is room for another value."""
    others = tuple(one.certificate.der for one in (papers.root(), papers.department(), papers.maker()))
    certificate = authority.signer.public_bytes(Encoding.DER)
    return sign_pdf(DOCUMENT, certificate, authority.key, SIGNED, authority_certificates=others)


def only(inspection: Inspection) -> SignatureReport:
    assert inspection.problem is None
    (report,) = inspection.signatures
    return report


def reasons(report: SignatureReport) -> dict[str, str]:
    return {check.name: check.reason for check in report.checks if check.reason != "ok"}


def test_an_intact_pdf_of_a_signer_on_the_list(authority: Authority, signed: bytes) -> None:
    report = only(inspect(signed, authority.trust()))
    assert report.verdict is Verdict.VALID
    assert (report.signer, report.issuer) == ("天门市示例局", "示例认证机构")
    assert report.signed_at == int(SIGNED.timestamp())
    assert report.covers_all
    assert report.to_json()["kind"] == "pades"
    assert {check.outcome for check in report.checks} == {Outcome.PASS}


def test_intact_but_its_issuer_is_not_on_the_list(authority: Authority, signed: bytes) -> None:
    for trust, reason in ((None, "no_trust_list"), (Authority.make().trust(), "signer")):
        report = only(inspect(signed, trust))
        assert (report.verdict, reasons(report)) == (Verdict.UNVERIFIABLE, {"chain": reason})


def test_a_signature_from_outside_the_dates_of_its_certificate(authority: Authority) -> None:
    late = authority.sign(moment=START + timedelta(days=1000))
    report = only(inspect(late, authority.trust()))
    assert report.verdict is Verdict.UNVERIFIABLE
    assert reasons(report)["validity"] == "certificate"


@pytest.mark.parametrize("spot", [b"/MediaBox [0 0 595", b"/Type /Catalog", b"endstream", b"4E1A"], ids=str)
def test_bytes_altered_under_the_signature(authority: Authority, signed: bytes, spot: bytes) -> None:
    altered = signed.replace(spot, spot[:-1] + (b"4" if spot[-1:] != b"4" else b"5"), 1)
    inspection = inspect(altered, authority.trust())
    assert inspection.verdict is not Verdict.VALID
    if inspection.problem is None:
        assert (only(inspection).verdict, only(inspection).altered_parts) == (
            Verdict.INVALID,
            ("the document",),
        )


def test_a_second_signature_leaves_the_first_good(authority: Authority, signed: bytes) -> None:
    twice = authority.sign(signed, field="Signature2", moment=SIGNED + timedelta(days=1))
    first, second = inspect(twice, authority.trust()).signatures
    assert (first.verdict, reasons(first)) == (Verdict.VALID, {"references": "later_signature"})
    assert (second.verdict, second.covers_all, first.covers_all) == (Verdict.VALID, True, False)


def test_a_page_replaced_in_an_update_after_the_signature(authority: Authority, signed: bytes) -> None:
    report = only(inspect(_page_replaced(signed), authority.trust()))
    assert (report.verdict, report.altered_parts) == (Verdict.INVALID, ("the document",))


def _page_replaced(signed: bytes) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(signed))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"BT /F1 16 Tf (forged) Tj ET"))
    writer.mark_update(writer.root["/Pages"]["/Kids"].raw_get(0).reference)
    return _written(writer)


def _written(writer: IncrementalPdfFileWriter) -> bytes:
    output = BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]
    return output.getvalue()


def _renamed(document: bytes) -> bytes:
    """Return the document with other metadata in an update."""
    writer = IncrementalPdfFileWriter(BytesIO(document))
    info = generic.DictionaryObject()  # type: ignore[no-untyped-call]
    info[generic.NameObject("/Title")] = generic.TextStringObject("another")
    writer.set_info(writer.add_object(info))
    return _written(writer)


def test_metadata_replaced_in_an_update_after_the_signature(authority: Authority, signed: bytes) -> None:
    """Such an update is harmless, but nobody signed it; where somebody does, it is as good as theirs."""
    updated = _renamed(signed)
    report = only(inspect(updated, authority.trust()))
    assert (report.verdict, reasons(report)) == (Verdict.UNVERIFIABLE, {"references": "appended"})
    twice = authority.sign(updated, field="Signature2")
    assert inspect(twice, authority.trust()).verdict is Verdict.VALID


class _Leaving(IncrementalPdfFileWriter):
    """A writer that leaves the metadata as they are."""

    def _update_meta(self) -> None:
        pass


def _with_validation_data(document: bytes, authority: Authority) -> bytes:
    """Return the document as a program for long-term validation leaves it (PAdES B-LT)."""
    writer = _Leaving(BytesIO(document))
    certificate = Certificate.load(authority.certificate.public_bytes(Encoding.DER))
    DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=[certificate])
    return _written(writer)


def test_data_to_validate_the_signatures_may_be_added_later(authority: Authority, signed: bytes) -> None:
    report = only(inspect(_with_validation_data(signed, authority), authority.trust()))
    assert (report.verdict, report.find_check("references")) == (
        Verdict.VALID,
        pass_check("references", "validation_data"),
    )
    twice = authority.sign(signed, field="Signature2")
    inspection = inspect(_with_validation_data(twice, authority), authority.trust())
    assert inspection.verdict is Verdict.VALID
    assert [one.find_check("references") for one in inspection.signatures] == [
        pass_check("references", "later_signature"),
        pass_check("references", "validation_data"),
    ]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_metadata_beside_data_to_validate_is_nobodys(
    authority: Authority, signed: bytes, *, before: bool
) -> None:
    updated = _with_validation_data(_renamed(signed) if before else signed, authority)
    report = only(inspect(updated if before else _renamed(updated), authority.trust()))
    assert (report.verdict, reasons(report)) == (Verdict.UNVERIFIABLE, {"references": "appended"})


def test_bytes_appended_after_the_signature(authority: Authority, signed: bytes) -> None:
    report = only(inspect(signed + b"\n% something else\n", authority.trust()))
    assert (report.verdict, reasons(report)) == (Verdict.UNVERIFIABLE, {"references": "appended"})


def test_a_signature_that_covers_next_to_nothing(authority: Authority, signed: bytes) -> None:
    ranges = re.search(rb"/ByteRange ?\[([0-9 ]+)\]", signed)
    assert ranges
    narrow = b"0 1 2 1".ljust(len(ranges[1]))
    inspection = inspect(signed.replace(ranges[1], narrow, 1), authority.trust())
    assert inspection.verdict is not Verdict.VALID
    assert reasons(only(inspection))["coverage"] == "partial"


def test_ranges_that_name_the_file_again_and_again(authority: Authority, signed: bytes) -> None:
    ranges = re.search(rb"/ByteRange ?\[([0-9 ]+)\]", signed)
    assert ranges
    half = len(signed) * 2 // 3
    again = f"0 {half} 0 {half}".encode().ljust(len(ranges[1]))
    report = only(inspect(signed.replace(ranges[1], again, 1), authority.trust()))
    assert reasons(report) == {"structure": "malformed"}


def test_a_pdf_without_a_signature_proves_nothing(authority: Authority) -> None:
    inspection = inspect(DOCUMENT, authority.trust())
    assert (inspection.verdict, inspection.signatures, inspection.problem) == (Verdict.UNVERIFIABLE, (), None)


def test_a_pdf_signed_with_sha1_proves_nothing(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.documents.pdf.signing._DIGEST", "sha1")
    report = only(inspect(authority.sign(), authority.trust()))
    assert (report.verdict, reasons(report)) == (Verdict.UNVERIFIABLE, {"signature": "digest"})


@pytest.mark.parametrize("national", [False, True], ids=["PKCS #7", "GB/T 35275"])
@pytest.mark.parametrize("subfilter", [b"ETSI.CAdES.detached", b"GM.sm2cms.detached"], ids=bytes.decode)
def test_a_pdf_signed_with_sm2(signed: bytes, subfilter: bytes, *, national: bool) -> None:
    first, last = int(START.timestamp()), int(START.timestamp()) + 10**8
    root = Holder.make_root("示例认证机构", _sm2(1), first, last)
    signer = root.issue("天门市示例局", _sm2(2), serial=2, not_before=first, not_after=last)
    trust = TrustList("", None, (ListedAuthority("", root.certificate, frozenset({"signers"})),))
    document = _of_kind(signed, subfilter)
    for more, verdict in ((b"", Verdict.VALID), (b"!", Verdict.INVALID)):
        value = sign_data(signer, _covered(document) + more)
        report = only(inspect(_placed(document, value if national else _retyped(value)), trust))
        assert report.verdict is verdict
        assert (report.kind, report.signer, report.covers_all) == (Kind.PADES, "天门市示例局", True)
        assert report.altered_parts == (("the document",) if more else ())


@pytest.mark.parametrize("version", [1, 4])
@pytest.mark.parametrize("subfilter", [b"ETSI.CAdES.detached", b"GM.sm2seal"], ids=bytes.decode)
def test_a_pdf_sealed(roomy: bytes, subfilter: bytes, version: int) -> None:
    """GM/T 0112-2021: the use of a seal in the place of CMS."""
    document = _of_kind(roomy, subfilter)
    for more, verdict in ((b"", Verdict.VALID), (b"!", Verdict.INVALID)):
        used = use_seal(papers.seal(version), papers.department(), _covered(document) + more, "", papers.NOW)
        inspection = inspect(_placed(document, used), papers.trust())
        report = only(inspection)
        assert (report.kind, report.version, report.seal_name) == (Kind.SES, version, papers.draft().name)
        assert (report.verdict, report.covers_all) == (verdict, True)
        assert report.find_check("data_hash") is None
        assert report.altered_parts == (("the document",) if more else ())


def test_a_sealed_pdf_that_was_changed_and_one_that_was_signed_again(
    roomy: bytes, authority: Authority
) -> None:
    document = _of_kind(roomy, b"GM.sm2seal")
    used = use_seal(papers.seal(), papers.department(), _covered(document), "", papers.NOW)
    sealed = _placed(document, used)
    assert only(inspect(_page_replaced(sealed), papers.trust())).altered_parts == ("the document",)
    first, second = inspect(authority.sign(sealed, field="Signature2"), papers.trust()).signatures
    assert (first.verdict, reasons(first)) == (Verdict.VALID, {"references": "later_signature"})
    assert (second.covers_all, second.altered_parts) == (True, ())


@pytest.mark.parametrize(
    "subfilter", [b"adbe.x509.rsa_sha1", b"adbe.pkcs7.sha1", b"WPS.seal"], ids=bytes.decode
)
def test_types_of_signature_that_are_not_read(signed: bytes, subfilter: bytes) -> None:
    """Whatever stands in the place of the value: of RSA alone it is an OCTET STRING."""
    report = only(inspect(_placed(_of_kind(signed, subfilter), b"\x04\x02ab"), None))
    assert (report.verdict, reasons(report)) == (Verdict.UNVERIFIABLE, {"structure": "subfilter"})


@pytest.mark.parametrize(
    "value", [b"", b"\x01\x02", b"\x30\x80\x30\x80\x00\x00\x00\x00", b"\x30\x04\x30\x02\x05\x00"]
)
def test_values_that_are_no_signature(signed: bytes, value: bytes) -> None:
    report = only(inspect(_placed(signed, value), None))
    assert (report.verdict, reasons(report)) == (Verdict.UNVERIFIABLE, {"structure": "malformed"})


def _of_kind(document: bytes, subfilter: bytes) -> bytes:
    made = b"/SubFilter /ETSI.CAdES.detached"
    assert made in document
    return document.replace(made, (b"/SubFilter /" + subfilter).ljust(len(made)))


def _covered(document: bytes) -> bytes:
    """What the signature of a document covers: everything around the place of its value."""
    start, end = _place(document)
    return document[: start - 1] + document[end + 1 :]


def _placed(document: bytes, value: bytes) -> bytes:
    start, end = _place(document)
    assert 2 * len(value) <= end - start
    return document[:start] + value.hex().encode().ljust(end - start, b"0") + document[end:]


def _place(document: bytes) -> tuple[int, int]:
    match = re.search(rb"/Contents\s*<([0-9a-fA-F]+)>", document)
    assert match
    return match.span(1)


def _sm2(number: int) -> PrivateKey:
    return generate_key("sm2", lambda size: bytes([number]) * size)


def _retyped(value: bytes) -> bytes:
    """Return a SignedData of GB/T 35275 under the content types of PKCS #7 (RFC 2315)."""
    info = SignedDataInfo.load(value)
    info["type"] = "1.2.840.113549.1.7.2"
    info["content"]["content"]["type"] = "1.2.840.113549.1.7.1"
    return bytes(info.dump(force=True))


def test_hostile_bytes_end_in_a_report(authority: Authority, signed: bytes) -> None:
    """Any altered, missing or doubled part ends in a report that is not valid; nothing raises."""
    draw, trust = random.Random(20260302), authority.trust()
    seen: set[Verdict] = set()
    for _ in range(150):
        start = draw.randrange(len(signed))
        end = min(len(signed), start + draw.choice((1, 1, 4, 64, 2000)))
        middle = draw.choice((b"", signed[start:end] * 2, bytes(byte ^ 0x21 for byte in signed[start:end])))
        altered = signed[:start] + middle + signed[end:]
        inspection = inspect(altered, trust)
        contents = signed.index(b"/Contents <") if b"/Contents <" in signed else len(signed)
        padding = altered[:contents] == signed[:contents] and inspection.verdict is Verdict.VALID
        assert inspection.verdict is not Verdict.VALID or padding, (start, end, middle[:20])
        seen.add(inspection.verdict)
    assert {Verdict.INVALID, Verdict.UNVERIFIABLE} <= seen


def test_a_stream_that_inflates_without_end(authority: Authority) -> None:
    """Readers inflate object streams before anything is checked; the bounds of the library hold."""
    bomb = zlib.compress(zlib.compress(bytes(200_000_000), 9), 9)
    hostile = (
        b"%PDF-1.5\n1 0 obj\n<</Type/XRef/Size 2/W[1 2 1]/Root 1 0 R/Filter[/FlateDecode/FlateDecode]/Length "
    )
    hostile += str(len(bomb)).encode() + b">>stream\n" + bomb + b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n"
    assert inspect(hostile, authority.trust()).problem
