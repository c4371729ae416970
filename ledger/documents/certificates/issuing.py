"""Certificates with SM2 keys from a small authority, for tests, demonstration and trials.

In real life a licensed authority issues them. `cryptography` cannot sign with SM2, so the structure is put
together here (RFC 5280, GB/T 20518).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypedDict

from asn1crypto import core

from ledger.crypto.keys import PublicKey, Signer
from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import SM2_WITH_SM3, encode_sm2
from ledger.documents.certificates.certificates import Certificate, decode_certificate
from ledger.encoding import der

_COUNTRY, _COMMON_NAME = "2.5.4.6", "2.5.4.3"
_BASIC_CONSTRAINTS, _KEY_USAGE, _EXTENDED_KEY_USAGE = "2.5.29.19", "2.5.29.15", "2.5.29.37"
#: What a timestamp authority's certificate is for (RFC 3161, 2.3).
TIMESTAMPING_PURPOSE: Final = "1.3.6.1.5.5.7.3.8"
#: BasicConstraints, cA true or left out.
_CA_CONSTRAINTS: Final = b"\x30\x03\x01\x01\xff"
_NO_CA_CONSTRAINTS: Final = b"\x30\x00"
#: KeyUsage: keyCertSign and cRLSign; digitalSignature and nonRepudiation.
_CERTIFYING_USAGE: Final = b"\x03\x02\x01\x06"
_SIGNING_USAGE: Final = b"\x03\x02\x06\xc0"


class _Extension(TypedDict):
    extension: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Holder:
    """A certificate with its private key: a signer, a seal maker, an authority."""

    certificate: Certificate
    key: Signer

    @classmethod
    def make_root(cls, name: str, key: Signer, not_before: int, not_after: int) -> "Holder":
        """An authority that vouches for itself; times in seconds since 1970."""
        subject = make_name(name)
        extensions = _make_extensions(is_authority=True)
        body = _make_body(subject, subject, 1, key.public, not_before, not_after, extensions)
        return cls(_sign_certificate(body, key), key)

    def issue(
        self,
        name: str,
        key: Signer,
        *,
        serial: int,
        not_before: int,
        not_after: int,
        is_authority: bool = False,
        usage: bytes | None = None,
        purposes: tuple[str, ...] = (),
    ) -> "Holder":
        """A certificate for the holder of `key`, issued by this authority.

        `usage` is a key usage in DER in place of the ordinary one, `purposes` are those of an extended key usage.
        """
        issuer = structures.Name.load(self.certificate.subject, strict=True)
        subject = make_name(name)
        extensions = _make_extensions(is_authority=is_authority, usage=usage, purposes=purposes)
        body = _make_body(subject, issuer, serial, key.public, not_before, not_after, extensions)
        return Holder(_sign_certificate(body, self.key), key)


def make_name(name: str) -> structures.Name:
    """Return the Name with that common name, in China."""
    attributes = [(_COUNTRY, core.PrintableString("CN")), (_COMMON_NAME, core.UTF8String(name))]
    return structures.Name(
        [
            structures.RelativeName([structures.Attribute({"type": oid, "value": value})])
            for oid, value in attributes
        ]
    )


def _make_body(
    subject: structures.Name,
    issuer: structures.Name,
    serial: int,
    key: PublicKey,
    not_before: int,
    not_after: int,
    extensions: list[_Extension],
) -> structures.ToBeSignedCertificate:
    return structures.ToBeSignedCertificate(
        {
            "version": 2,
            "serial_number": serial,
            "algorithm": {"algorithm": SM2_WITH_SM3},
            "issuer": issuer,
            "validity": {"not_before": _make_time(not_before), "not_after": _make_time(not_after)},
            "subject": subject,
            "public_key": core.Any.load(key.spki),
            "extensions": extensions,
        }
    )


def _make_extensions(
    *, is_authority: bool, usage: bytes | None = None, purposes: tuple[str, ...] = ()
) -> list[_Extension]:
    ordinary_usage = _CERTIFYING_USAGE if is_authority else _SIGNING_USAGE
    extensions = [
        _make_extension(_BASIC_CONSTRAINTS, _CA_CONSTRAINTS if is_authority else _NO_CA_CONSTRAINTS),
        _make_extension(_KEY_USAGE, ordinary_usage if usage is None else usage),
    ]
    if purposes:
        identifiers = (core.ObjectIdentifier(purpose).dump() for purpose in purposes)
        extensions.append(_make_extension(_EXTENDED_KEY_USAGE, der.encode(der.SEQUENCE, *identifiers)))
    return extensions


def _make_extension(oid: str, value: bytes) -> _Extension:
    return {"extension": oid, "critical": True, "value": value}


def _sign_certificate(body: structures.ToBeSignedCertificate, key: Signer) -> Certificate:
    certificate = structures.X509Certificate(
        {
            "to_be_signed": body,
            "algorithm": {"algorithm": SM2_WITH_SM3},
            "signature": encode_sm2(key.sign(body.dump())),
        }
    )
    return decode_certificate(certificate.dump())


def _make_time(moment: int) -> structures.Time:
    """Return UTCTime up to 2049 and GeneralizedTime from then on (RFC 5280, 4.1.2.5)."""
    utc_time = datetime.fromtimestamp(moment, UTC)
    if utc_time.year < 2050:
        return structures.Time("utc", structures.UTCTimeText(utc_time.strftime("%y%m%d%H%M%SZ")))
    return structures.Time("generalized", structures.GeneralizedTimeText(utc_time.strftime("%Y%m%d%H%M%SZ")))
