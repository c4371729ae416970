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

from examples.renderings import as_ofd, as_pdf
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

PASSES: Final = 3
SEALS: Final = 300
DOCUMENTS: Final = 100
REFERENCES: Final = 20
PICTURE_BYTES: Final = 16_000
PDFS: Final = 30
NOW: Final = 1_772_413_200  # 2026-03-02, 09:00 in Tianmen
YEAR: Final = 365 * 86_400


class Office:
    """A fictional authority with a seal maker and a department, and what they seal."""

    def __init__(self) -> None:
        self._random = Random(1).randbytes
        root = Holder.make_root("示例根证书", generate_key("sm2", self._random), NOW - YEAR, NOW + YEAR)
        self._maker, self._department = (
            root.issue(
                name,
                generate_key("sm2", self._random),
                serial=serial,
                not_before=NOW - YEAR,
                not_after=NOW + YEAR,
            )
            for serial, name in enumerate(("示例制章单位", "天门市示例局"), 2)
        )
        self.trust = TrustList("", None, (Authority("", root.certificate, frozenset(ROLES)),))

    def seal(self, number: int) -> bytes:
        picture = Picture("PNG", self._random(PICTURE_BYTES), 40, 40)
        users = (self._department.certificate.der,)
        name = "天门市示例局电子证照专用章"
        return make_seal(
            SealDraft(4, f"{number:014d}", 1, name, users, NOW, NOW, NOW + YEAR, picture), self._maker
        )

    def used(self, number: int) -> bytes:
        return use_seal(self.seal(number), self._department, b"<Signature/>", "/Signature.xml", NOW)

    def document(self, number: int) -> bytes:
        archive = open_archive(as_ofd("营业执照", [("名称", f"天门市示例商贸{number}号")]))
        parts = {name: archive.read(name) for name in archive.names}
        for attachment in range(REFERENCES - 1 - len(parts)):  # the last is the seal
            parts[f"Doc_0/Res/{attachment}.bin"] = self._random(10_000)
        return apply_seal(write_archive(parts), self.seal(number), self._department, NOW)


def make_pdfs(count: int) -> tuple[list[bytes], TrustList]:
    """Return signed PDFs and a list with their signer."""
    key, moment = ec.generate_private_key(ec.SECP256R1()), datetime.fromtimestamp(NOW, UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "天门市示例局")])
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, moment, moment + timedelta(days=1))
        .add_extension(usage, critical=True)
        .sign(key, SHA256())
        .public_bytes(Encoding.DER)
    )
    secret = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signed_pdfs = [
        sign_pdf(as_pdf(f"营业执照 {number}", []), certificate, secret, moment) for number in range(count)
    ]
    return signed_pdfs, TrustList(
        "", None, (Authority("", decode_certificate(certificate), frozenset(ROLES)),)
    )


def measure_rate(files: Sequence[bytes], trust: TrustList, expected: Verdict) -> float:
    """Return how many of the files are inspected in a second, the median of the passes."""
    assert all(inspect(file, trust).verdict is expected for file in files), "what is measured must verify"
    rates = []
    for _ in range(PASSES):
        start = process_time()
        for file in files:
            inspect(file, trust)
        rates.append(len(files) / (process_time() - start))
    return median(rates)


def main() -> None:
    """Print the table."""
    office = Office()
    signed_pdfs, signer_list = make_pdfs(PDFS)
    print("\nSigned documents, verified in a second by one core")
    for description, files, trust in (
        ("seals (SESeal, one SM2 signature)", [office.seal(number) for number in range(SEALS)], office.trust),
        (
            "uses of a seal (SES_Signature, two)",
            [office.used(number) for number in range(SEALS)],
            office.trust,
        ),
        (
            f"OFD, {REFERENCES} references",
            [office.document(number) for number in range(DOCUMENTS)],
            office.trust,
        ),
        ("PDF, one page, P-256", signed_pdfs, signer_list),
    ):
        expected = (
            Verdict.UNVERIFIABLE if "uses" in description else Verdict.VALID
        )  # a use alone lacks its document
        print(f"  {description:40}{measure_rate(files, trust, expected):10,.0f}")


if __name__ == "__main__":
    main()
