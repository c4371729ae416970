"""X.509 certificates (RFC 5280, GB/T 20518): holder, issuer, period and key of each.

The structure is read leniently in its text (one in the wild has Chinese in its email address) and strictly in
its form. SM2 is checked here; other algorithms are `cryptography`'s, and what neither knows is left open.
"""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from asn1crypto import core
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import InvalidVersion, load_der_x509_certificate

from ledger.crypto.keys import PublicKey, decode_public_key
from ledger.crypto.suites import SM3
from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import SM2_ALGORITHMS, lacks_identity, verify_other, verify_sm2
from ledger.documents.asn1.texts import decode_text, make_printable, parse_asn1_time
from ledger.encoding import der
from ledger.errors import MalformedInput

#: A certificate has one or two kilobytes.
MAX_BYTES: Final = 64 * 1024
_COMMON_NAME, _ORGANIZATION = "2.5.4.3", "2.5.4.10"
_KEY_USAGE, _BASIC_CONSTRAINTS, _EXTENDED_KEY_USAGE = "2.5.29.15", "2.5.29.19", "2.5.29.37"
#: Bits of the first octet of a key usage (RFC 5280, 4.2.1.3): digitalSignature or nonRepudiation; keyCertSign.
_SIGNING_BITS, _CERTIFYING_BIT = 0xC0, 0x04
_SM2_CURVE: Final = core.ObjectIdentifier("1.2.156.10197.1.301").dump()
_EC_KEY_ON_SM2_CURVE: Final = der.encode(
    der.SEQUENCE, core.ObjectIdentifier("1.2.840.10045.2.1").dump(), _SM2_CURVE
)
#: The tag of text with two bytes a letter.
_BMP_STRING: Final = 0x1E
#: What `cryptography` raises, at once or when a member is asked for, where it does not read a certificate or its key.
_UNREADABLE_ERRORS: Final = (ValueError, TypeError, UnsupportedAlgorithm, InvalidVersion)


class SignatureResult(Enum):
    """What a check of a signature comes to."""

    YES = "yes"
    NO = "no"
    #: It would be good by SM2 with an empty identity, or without one.
    WITHOUT_IDENTITY = "without identity"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate. Names are DER and text, times seconds since 1970, `key` None unless it is SM2 or P-256.

    `is_authority` is what the basic constraints say, `usage` the first octet of the key usage, `purposes` the object
    identifiers of the extended key usage; None where the certificate does not say.
    """

    der: bytes
    subject: bytes
    issuer: bytes
    name: str
    issuer_name: str
    serial: int
    not_before: int | None
    not_after: int | None
    key: PublicKey | None
    algorithm: str
    to_be_signed: bytes
    signature: bytes
    is_authority: bool | None
    usage: int | None
    purposes: frozenset[str] | None

    @property
    def may_sign(self) -> bool:
        """Whether the key is meant for signatures: not so that of a certificate for encryption (GB/T 20518)."""
        return self.usage is None or bool(self.usage & _SIGNING_BITS)

    @property
    def may_certify(self) -> bool:
        """Whether nothing in the certificate says that its key may not sign certificates."""
        return self.is_authority is not False and (self.usage is None or bool(self.usage & _CERTIFYING_BIT))

    def is_valid_at(self, moment: int) -> bool | None:
        """Tell whether `moment` lies within the validity; None where that cannot be read."""
        if self.not_before is None or self.not_after is None:
            return None
        return self.not_before <= moment <= self.not_after

    @property
    def fingerprint(self) -> str:
        """Digest of the certificate: `sm3:<hex>`."""
        return SM3.format(SM3.hash(self.der))

    def verify(self, message: bytes, signature: bytes, algorithm: str) -> SignatureResult:
        """Check a signature by this certificate's key, in DER or r‖s as SM2 is found written."""
        if algorithm not in SM2_ALGORITHMS or self.key is None or self.key.algorithm != "sm2":
            return SignatureResult.UNKNOWN
        if verify_sm2(self.key, message, signature):
            return SignatureResult.YES
        return (
            SignatureResult.WITHOUT_IDENTITY
            if lacks_identity(self.key, message, signature)
            else SignatureResult.NO
        )

    def verify_any(
        self, message: bytes, signature: bytes, algorithm: str, digest_algorithm: str
    ) -> SignatureResult:
        """As `verify`, with ECDSA and RSA too (see `verify_other`)."""
        if algorithm in SM2_ALGORITHMS:
            return self.verify(message, signature, algorithm)
        try:
            key = load_der_x509_certificate(self.der).public_key()
            is_good = verify_other(key, message, signature, algorithm, digest_algorithm)
        except _UNREADABLE_ERRORS:
            return SignatureResult.UNKNOWN
        if is_good is None:
            return SignatureResult.UNKNOWN
        return SignatureResult.YES if is_good else SignatureResult.NO

    def has_issued(self, other_certificate: "Certificate") -> SignatureResult:
        """Check that this certificate's key signed `other_certificate`."""
        if other_certificate.algorithm in SM2_ALGORITHMS:
            return self.verify(
                other_certificate.to_be_signed, other_certificate.signature, other_certificate.algorithm
            )
        try:
            load_der_x509_certificate(other_certificate.der).verify_directly_issued_by(
                load_der_x509_certificate(self.der)
            )
        except InvalidSignature:
            return SignatureResult.NO
        except _UNREADABLE_ERRORS:
            return SignatureResult.UNKNOWN
        return SignatureResult.YES


@lru_cache(maxsize=256)  # the same seals are met in a thousand documents
def decode_certificate(data: bytes) -> Certificate:
    """Read a certificate from DER. Raises: MalformedInput."""
    if len(data) > MAX_BYTES:
        raise MalformedInput(f"a certificate has {MAX_BYTES} bytes at most")
    der.check(data)
    try:
        return _read_certificate(data, structures.X509Certificate.load(data, strict=True))
    except (ValueError, TypeError) as error:  # whatever asn1crypto finds wrong
        raise MalformedInput(f"not an X.509 certificate: {str(error)[:200]}") from error


def decode_if_readable(data: bytes) -> Certificate | None:
    """Return the certificate, or None where it cannot be read."""
    try:
        return decode_certificate(data)
    except MalformedInput:
        return None


def _read_certificate(data: bytes, certificate: structures.X509Certificate) -> Certificate:
    body = certificate["to_be_signed"]
    extensions = _read_extensions(body["extensions"])
    subject, issuer = body["subject"], body["issuer"]
    algorithm = certificate["algorithm"]["algorithm"].dotted
    if body["algorithm"]["algorithm"].dotted != algorithm:
        raise MalformedInput("a certificate names two different algorithms")
    return Certificate(
        der=data,
        subject=subject.dump(),
        issuer=issuer.dump(),
        name=_read_name(subject),
        issuer_name=_read_name(issuer),
        serial=body["serial_number"].native,
        not_before=read_time(body["validity"]["not_before"]),
        not_after=read_time(body["validity"]["not_after"]),
        key=_read_key(body["public_key"].dump()),
        algorithm=algorithm,
        to_be_signed=body.dump(),
        signature=certificate["signature"].native,
        is_authority=_read_authority(extensions.get(_BASIC_CONSTRAINTS)),
        usage=_read_usage(extensions.get(_KEY_USAGE)),
        purposes=_read_purposes(extensions.get(_EXTENDED_KEY_USAGE)),
    )


def read_time(choice: structures.Time) -> int | None:
    """Return the moment of a Time."""
    return parse_asn1_time(choice.native, is_utc_time=choice.name == "utc")


def _read_key(info: bytes) -> PublicKey | None:
    try:
        (_, algorithm), (_, point) = der.read_children(info)
        # As GM/T 0015-2023 allows, with the curve or without.
        if der.read_children(algorithm)[0][1] == _SM2_CURVE:
            info = der.encode(der.SEQUENCE, _EC_KEY_ON_SM2_CURVE, point)
        return decode_public_key(info)
    except (MalformedInput, ValueError, IndexError):
        return None


def _read_name(name: structures.Name) -> str:
    """Return the common name, else the organization, else whatever text the name ends with."""
    texts: dict[str, str] = {}
    for relative_name in name:
        for attribute in relative_name:
            texts[attribute["type"].dotted] = _read_text(attribute["value"].dump())
    for oid in (_COMMON_NAME, _ORGANIZATION, *reversed(texts)):
        if texts.get(oid):
            return texts[oid]
    return ""


def _read_text(element: bytes) -> str:
    letters = der.read_content(element)
    if element[0] == _BMP_STRING:
        return make_printable(letters.decode("utf-16-be", "replace"))
    return decode_text(letters.decode("latin-1"))


def _read_extensions(extensions: structures.Extensions | core.Void) -> dict[str, bytes]:
    """Return the DER of each extension; one that stands there twice is refused (RFC 5280, 4.2)."""
    values: dict[str, bytes] = {}
    for extension in extensions if isinstance(extensions, structures.Extensions) else ():
        oid = extension["extension"].dotted
        if oid in values:
            raise MalformedInput("a certificate has an extension twice")
        values[oid] = extension["value"].native
    return values


def _read_authority(constraints_der: bytes | None) -> bool | None:
    if constraints_der is None:
        return None
    der.check(constraints_der)
    return structures.BasicConstraints.load(constraints_der, strict=True)["ca"].native is True


def _read_usage(usage_der: bytes | None) -> int | None:
    if usage_der is None:
        return None
    der.check(usage_der)
    if usage_der[0] != der.BIT_STRING:
        raise MalformedInput("a key usage is a BIT STRING")
    usage_bytes = der.read_content(usage_der)[1:]
    return usage_bytes[0] if usage_bytes else 0


def _read_purposes(purposes_der: bytes | None) -> frozenset[str] | None:
    if purposes_der is None:
        return None
    der.check(purposes_der)
    elements = (element for _, element in der.read_children(purposes_der))
    return frozenset(core.ObjectIdentifier.load(element, strict=True).dotted for element in elements)
