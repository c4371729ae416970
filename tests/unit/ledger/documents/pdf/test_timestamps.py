"""Timestamps in PDFs, made by pyHanko.

On a signature, of the document, spoilt, and with nobody's signature beside.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from asn1crypto import keys, x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, PdfTimeStamper, SimpleSigner
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from examples.renderings import render_pdf
from ledger.documents.certificates.issuing import TIMESTAMPING_PURPOSE
from ledger.documents.certificates.trust_list import TrustList, decode_trust_list
from ledger.documents.inspection import Inspection, Kind
from ledger.documents.openers import inspect
from ledger.verification.reasons import Verdict
from tests.papers import NOW
from tests.stamping import certified, pkcs8

STAMPED = datetime.fromtimestamp(NOW, UTC)
DOCUMENT = render_pdf("营业执照", [("名称", "天门市示例商贸有限公司")])


@dataclass(frozen=True)
class Office:
    """A signer and an authority for timestamps below one root."""

    trust: TrustList
    certificate: x509.Certificate
    key: keys.PrivateKeyInfo
    stamps: DummyTimeStamper

    @classmethod
    def make(cls) -> "Office":
        above, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        stamping = rsa.generate_private_key(65537, 2048)

        top = certified("示例根", above, above, authority=True)
        stamper = certified("时间戳", stamping, above, purposes=(TIMESTAMPING_PURPOSE,))
        signer = certified("天门市示例局", own, above)
        return cls(
            decode_trust_list(top.public_bytes(Encoding.PEM)),
            x509.Certificate.load(signer.public_bytes(Encoding.DER)),
            keys.PrivateKeyInfo.load(pkcs8(own)),
            DummyTimeStamper(
                x509.Certificate.load(stamper.public_bytes(Encoding.DER)),
                keys.PrivateKeyInfo.load(pkcs8(stamping)),
                fixed_dt=STAMPED,
            ),
        )

    def sign(self, document: bytes, stated: datetime = STAMPED) -> bytes:
        """Sign as PAdES B-T: with a timestamp on the signature."""
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        metadata = PdfSignatureMetadata(
            field_name="Signature1", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
        )
        made = _Signer(metadata, SimpleSigner(self.certificate, self.key, store), timestamper=self.stamps)
        made.stated = stated
        output = BytesIO()
        made.sign_pdf(IncrementalPdfFileWriter(BytesIO(document)), output=output)
        return output.getvalue()

    def stamp(self, document: bytes) -> bytes:
        """Append a timestamp of the document as it stands."""
        output = BytesIO()
        writer = IncrementalPdfFileWriter(BytesIO(document))
        PdfTimeStamper(self.stamps).timestamp_pdf(writer, "sha256", output=output)
        return output.getvalue()

    def inspect(self, document: bytes) -> Inspection:
        return inspect(document, self.trust)


class _Signer(PdfSigner):
    stated: datetime

    def init_signing_session(self, *args: Any, **options: Any) -> Any:
        session = super().init_signing_session(*args, **options)
        session.system_time = self.stated
        return session


@pytest.fixture(scope="module")
def office() -> Office:
    return Office.make()


@pytest.fixture(scope="module")
def signed(office: Office) -> bytes:
    return office.sign(DOCUMENT)


def checks(inspection: Inspection, place: int = 0) -> dict[str, str]:
    assert inspection.problem is None
    return {
        check.name: f"{check.outcome.value} {check.reason}" for check in inspection.signatures[place].checks
    }


def replaced(document: bytes, place: int, change: Callable[[bytes], bytes]) -> bytes:
    """The document with the CMS of one of its signatures changed, within the space that it has."""
    match = [*re.finditer(rb"/Contents\s*<([0-9a-fA-F]+)>", document)][place]
    value = bytes.fromhex(match[1].decode()).rstrip(b"\x00")
    filled = change(value).hex().encode().ljust(len(match[1]), b"0")
    return document[: match.start(1)] + filled + document[match.end(1) :]


def spoilt(value: bytes) -> bytes:
    """The last byte is one of the authority's signature: what is not signed comes last."""
    return value[:-1] + bytes([value[-1] ^ 1])


def test_a_timestamp_on_the_signature(office: Office, signed: bytes) -> None:
    inspection = office.inspect(signed)
    assert checks(inspection)["timestamp"] == "pass ok"
    assert (inspection.verdict, inspection.signatures[0].stamped_at) == (Verdict.VALID, NOW)


def test_a_spoilt_timestamp(office: Office, signed: bytes) -> None:
    """The document is as intact as before: no forgery."""
    inspection = office.inspect(replaced(signed, 0, spoilt))
    assert checks(inspection)["timestamp"] == "fail wrong"
    assert {outcome for name, outcome in checks(inspection).items() if name != "timestamp"} == {"pass ok"}
    assert (inspection.verdict, inspection.signatures[0].stamped_at) == (Verdict.UNVERIFIABLE, None)
    assert inspection.signatures[0].reason.zh.startswith("内容未改动，但时间戳")


def test_a_good_timestamp_mends_nothing(office: Office, signed: bytes) -> None:
    inspection = office.inspect(signed.replace(b"/MediaBox [0 0 595", b"/MediaBox [0 0 594", 1))
    assert checks(inspection)["timestamp"] == "pass ok"
    assert inspection.verdict is Verdict.INVALID


def test_a_signature_that_says_to_be_younger_than_its_timestamp(office: Office) -> None:
    inspection = office.inspect(office.sign(DOCUMENT, STAMPED + timedelta(days=1)))
    assert checks(inspection)["timestamp"] == "fail before"
    assert inspection.verdict is Verdict.UNVERIFIABLE


def test_a_timestamp_of_the_document(office: Office, signed: bytes) -> None:
    inspection = office.inspect(office.stamp(signed))
    assert inspection.verdict is Verdict.VALID
    signature, stamp = inspection.signatures
    assert (stamp.kind, stamp.signer, stamp.signed_at, stamp.stamped_at) == (
        Kind.PDF_TIMESTAMP,
        None,
        None,
        NOW,
    )
    assert checks(inspection)["references"] == "pass later_signature"
    assert checks(inspection, 1) == {
        "structure": "pass ok",
        "references": "pass ok",
        "timestamp": "pass ok",
        "coverage": "pass ok",
    }
    assert (signature.covers_all, stamp.covers_all) == (False, True)


def test_a_spoilt_timestamp_of_the_document(office: Office, signed: bytes) -> None:
    inspection = office.inspect(replaced(office.stamp(signed), 1, spoilt))
    assert inspection.signatures[0].verdict is Verdict.VALID
    assert checks(inspection, 1)["timestamp"] == "fail wrong"
    assert inspection.verdict is Verdict.UNVERIFIABLE


def test_a_timestamp_of_the_document_and_nobody_s_signature(office: Office) -> None:
    inspection = office.inspect(office.stamp(DOCUMENT))
    assert [one.verdict for one in inspection.signatures] == [Verdict.VALID]
    assert inspection.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize("with_signature", [True, False])
def test_a_page_replaced_after_the_timestamp_of_the_document(
    office: Office, signed: bytes, *, with_signature: bool
) -> None:
    """It is the signature that says forgery: the timestamp can be anybody's."""
    stamped = office.stamp(signed if with_signature else DOCUMENT)
    writer = IncrementalPdfFileWriter(BytesIO(stamped))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"BT (forged) Tj ET"))
    writer.mark_update(writer.root["/Pages"]["/Kids"].raw_get(0).reference)
    output = BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]
    inspection = office.inspect(output.getvalue())
    assert checks(inspection, -1)["references"] == "unknown appended"
    assert inspection.signatures[-1].verdict is Verdict.UNVERIFIABLE
    assert inspection.verdict is (Verdict.INVALID if with_signature else Verdict.UNVERIFIABLE)


def test_a_timestamp_of_another_document(office: Office) -> None:
    other = office.stamp(DOCUMENT.replace(b"/MediaBox [0 0 595", b"/MediaBox [0 0 594", 1))
    match = re.search(rb"/Contents\s*<([0-9a-fA-F]+)>", other)
    assert match
    value = bytes.fromhex(match[1].decode()).rstrip(b"\x00")
    found = office.inspect(replaced(office.stamp(DOCUMENT), 0, lambda _: value))
    assert checks(found)["timestamp"] == "fail other"
