"""Sign a PDF as PAdES (ETSI EN 319 142, baseline B-B) with a P-256 or RSA certificate.

A licensed platform does this in real life; tests and the demonstration need it. Nothing is fetched.
"""

from datetime import datetime
from io import BytesIO
from typing import Final

from asn1crypto import keys, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko_certvalidator.registry import SimpleCertificateStore

_DIGEST: Final = "sha256"


class _PdfSigner(PdfSigner):
    """A signer whose clock is an argument."""

    moment: datetime

    def init_signing_session(
        self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False
    ) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.moment
        return session


def sign_pdf(
    document: bytes,
    certificate_der: bytes,
    key_der: bytes,
    moment: datetime,
    *,
    field_name: str = "Signature1",
    authority_certificates: tuple[bytes, ...] = (),
) -> bytes:
    """Return `document` with a signature appended that states `moment`, which has a time zone.

    `certificate_der` and `authority_certificates`, those above it, are DER; `key_der` is PKCS#8 in DER.

    Raises: ValueError where that fails.
    """
    authorities = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    authorities.register_multiple(
        [x509.Certificate.load(authority_certificate) for authority_certificate in authority_certificates]
    )
    signer = SimpleSigner(
        x509.Certificate.load(certificate_der), keys.PrivateKeyInfo.load(key_der), authorities
    )
    metadata = PdfSignatureMetadata(
        field_name=field_name, md_algorithm=_DIGEST, subfilter=SigSeedSubFilter.PADES
    )
    pdf_signer = _PdfSigner(metadata, signer)
    pdf_signer.moment = moment
    output = BytesIO()
    pdf_signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(document)), output=output)
    return output.getvalue()
