"""How fast seals and sealed documents are verified, in one process on one core.

    python -m benchmarks.documents

Seals of version 4 with a picture of 16 kB, each with its own signature, and what was signed with them; OFD documents of
20 references; PDFs of one page. Every signer and maker leads to an authority of the trust list. Nothing is warm but the
certificates, which recur in real life too. Seconds are those of the processor; medians of three passes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from time import process_time
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from examples.renderings import render_ofd, render_pdf
from ledger.crypto.keys import generate_key
from ledger.documents.certificates.certificates import decode_certificate
from ledger.documents.certificates.issuing import Holder
from ledger.documents.certificates.trust_list import ROLES, Authority, TrustList
from ledger.documents.ofd.archive import open_archive, write_archive
from ledger.documents.ofd.sealing import apply_seal
from ledger.documents.openers import inspect
from ledger.documents.pdf.signing import sign_pdf
from ledger.documents.seals.making import SealDraft, make_seal, use_seal
from ledger.documents.seals.ses import Picture
from ledger.verification.reasons import Verdict

PASS_COUNT: Final = 3
SEAL_COUNT: Final = 300
DOCUMENT_COUNT: Final = 100
REFERENCE_COUNT: Final = 20
PICTURE_BYTES: Final = 16_000
PDF_COUNT: Final = 30
NOW: Final = 1_772_413_200  # 2026-03-02, 09:00 in Tianmen
YEAR_SECONDS: Final = 365 * 86_400


class Office:
    """A fictional authority with a seal maker and a department, and what they seal."""

    def __init__(self) -> None:
        self._draw_bytes = Random(1).randbytes
        root_holder = Holder.make_root(
            "示例根证书", generate_key("sm2", self._draw_bytes), NOW - YEAR_SECONDS, NOW + YEAR_SECONDS
        )
        self._maker, self._department = (
            root_holder.issue(
                holder_name,
                generate_key("sm2", self._draw_bytes),
                serial=serial,
                not_before=NOW - YEAR_SECONDS,
                not_after=NOW + YEAR_SECONDS,
            )
            for serial, holder_name in enumerate(("示例制章单位", "天门市示例局"), 2)
        )
        self.trust_list = TrustList("", None, (Authority("", root_holder.certificate, frozenset(ROLES)),))

    def make_seal(self, number: int) -> bytes:
        picture = Picture("PNG", self._draw_bytes(PICTURE_BYTES), 40, 40)
        user_certificates = (self._department.certificate.der,)
        seal_name = "天门市示例局电子证照专用章"
        return make_seal(
            SealDraft(
                4, f"{number:014d}", 1, seal_name, user_certificates, NOW, NOW, NOW + YEAR_SECONDS, picture
            ),
            self._maker,
        )

    def make_use(self, number: int) -> bytes:
        return use_seal(self.make_seal(number), self._department, b"<Signature/>", "/Signature.xml", NOW)

    def make_document(self, number: int) -> bytes:
        archive = open_archive(render_ofd("营业执照", [("名称", f"天门市示例商贸{number}号")]))
        bytes_by_part = {name: archive.read(name) for name in archive.names}
        for attachment_number in range(REFERENCE_COUNT - 1 - len(bytes_by_part)):  # the last is the seal
            bytes_by_part[f"Doc_0/Res/{attachment_number}.bin"] = self._draw_bytes(10_000)
        return apply_seal(write_archive(bytes_by_part), self.make_seal(number), self._department, NOW)


def make_pdfs(pdf_count: int) -> tuple[list[bytes], TrustList]:
    """Return signed PDFs and a list with their signer."""
    private_key, signed_at = ec.generate_private_key(ec.SECP256R1()), datetime.fromtimestamp(NOW, UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "天门市示例局")])
    key_usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate_bytes = (
        x509.CertificateBuilder(
            subject, subject, private_key.public_key(), 1, signed_at, signed_at + timedelta(days=1)
        )
        .add_extension(key_usage, critical=True)
        .sign(private_key, SHA256())
        .public_bytes(Encoding.DER)
    )
    key_bytes = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signed_pdfs = [
        sign_pdf(render_pdf(f"营业执照 {number}", []), certificate_bytes, key_bytes, signed_at)
        for number in range(pdf_count)
    ]
    return signed_pdfs, TrustList(
        "", None, (Authority("", decode_certificate(certificate_bytes), frozenset(ROLES)),)
    )


def measure_rate(documents: Sequence[bytes], trust_list: TrustList, expected_verdict: Verdict) -> float:
    """Return how many of the files are inspected in a second, the median of the passes."""
    assert all(inspect(document, trust_list).verdict is expected_verdict for document in documents), (
        "what is measured must verify"
    )
    rates_per_second = []
    for _ in range(PASS_COUNT):
        start_seconds = process_time()
        for document in documents:
            inspect(document, trust_list)
        rates_per_second.append(len(documents) / (process_time() - start_seconds))
    return median(rates_per_second)


def main() -> None:
    """Print the table."""
    office = Office()
    signed_pdfs, signer_list = make_pdfs(PDF_COUNT)
    print("\nSigned documents, verified in a second by one core")
    for description, documents, trust_list in (
        (
            "seals (SESeal, one SM2 signature)",
            [office.make_seal(number) for number in range(SEAL_COUNT)],
            office.trust_list,
        ),
        (
            "uses of a seal (SES_Signature, two)",
            [office.make_use(number) for number in range(SEAL_COUNT)],
            office.trust_list,
        ),
        (
            f"OFD, {REFERENCE_COUNT} references",
            [office.make_document(number) for number in range(DOCUMENT_COUNT)],
            office.trust_list,
        ),
        ("PDF, one page, P-256", signed_pdfs, signer_list),
    ):
        expected_verdict = (
            Verdict.UNVERIFIABLE if "uses" in description else Verdict.VALID
        )  # a use alone lacks its document
        print(f"  {description:40}{measure_rate(documents, trust_list, expected_verdict):10,.0f}")


if __name__ == "__main__":
    main()
