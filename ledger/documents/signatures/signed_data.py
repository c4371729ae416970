"""SignedData of GB/T 35275-2017, the national form of CMS (RFC 5652), in which persons sign.

Writers differ in what the content is (the signed file or its digest, or nothing) and in what is signed (the
content, or attributes that name its digest). Both are understood; nothing is verified here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from asn1crypto import core

from ledger.documents.asn1 import structures
from ledger.documents.certificates.certificates import Certificate, decode_if_readable, read_time
from ledger.encoding import der
from ledger.errors import LimitExceeded, MalformedInput

MAX_BYTES: Final = 1024 * 1024
#: The signer's and those above it.
MAX_CERTIFICATES: Final = 8
#: One in every file that was seen.
MAX_SIGNERS: Final = 4
#: Content types: of GB/T 35275, and of PKCS #7 as some writers have it.
SIGNED_DATA_TYPES: Final = frozenset({"1.2.156.10197.6.1.4.2.2", "1.2.840.113549.1.7.2"})
_MESSAGE_DIGEST, _SIGNING_TIME = "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.5"
#: The attribute that holds a timestamp (RFC 3161, appendix A).
TIMESTAMP_ATTRIBUTE: Final = "1.2.840.113549.1.9.16.2.14"


@dataclass(frozen=True, slots=True)
class Signer:
    """One signer. `signed_attributes` is the DER of the SET that is signed instead of the content, where there is one.

    `values_by_attribute` are the attributes in it that have one value, in DER; `timestamps` lie outside of what is signed.
    """

    certificate: Certificate | None
    digest_algorithm: str
    algorithm: str
    signature: bytes
    signed_attributes: bytes | None
    message_digest: bytes | None
    time: int | None
    values_by_attribute: Mapping[str, bytes]
    timestamps: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SignedData:
    """What the structure says; `content` is None where the signature lies apart from it."""

    version: int
    content_type: str
    content: bytes | None
    certificates: tuple[Certificate, ...]
    signers: tuple[Signer, ...]


def decode_signed_data(data: bytes) -> SignedData:
    """Read a ContentInfo with SignedData from DER. Raises: MalformedInput, LimitExceeded."""
    if len(data) > MAX_BYTES:
        raise LimitExceeded(f"a SignedData has {MAX_BYTES} bytes at most")
    der.check(data)
    try:
        return _read_signed_data(structures.SignedDataInfo.load(data, strict=True))
    except (ValueError, TypeError) as error:  # whatever asn1crypto finds wrong
        raise MalformedInput(f"not a SignedData: {str(error)[:200]}") from error


def _read_signed_data(info: structures.SignedDataInfo) -> SignedData:
    if info["type"].dotted not in SIGNED_DATA_TYPES:
        raise MalformedInput("the content is not a SignedData")
    body = info["content"]
    certificate_elements = body["certificates"] if isinstance(body["certificates"], structures.AnySet) else ()
    if len(certificate_elements) > MAX_CERTIFICATES:
        raise LimitExceeded(f"a SignedData has {MAX_CERTIFICATES} certificates at most")
    if not 0 < len(body["signers"]) <= MAX_SIGNERS:
        raise LimitExceeded(f"a SignedData has 1 to {MAX_SIGNERS} signers")
    certificates = tuple(
        filter(None, (decode_if_readable(element.dump()) for element in certificate_elements))
    )
    return SignedData(
        version=body["version"].native,
        content_type=body["content"]["type"].dotted,
        content=body["content"]["content"].native,
        certificates=certificates,
        signers=tuple(_read_signer(signer, certificates) for signer in body["signers"]),
    )


def _read_signer(signer_info: structures.SignerInfo, certificates: tuple[Certificate, ...]) -> Signer:
    issuer_and_serial = signer_info["issuer_and_serial"]
    issuer, serial = issuer_and_serial["issuer"].dump(), issuer_and_serial["serial_number"].native
    matching_certificates = (
        candidate for candidate in certificates if candidate.issuer == issuer and candidate.serial == serial
    )
    attributes = signer_info["signed_attributes"]
    has_attributes = isinstance(attributes, structures.AttributeSets)
    signed_attributes = der.encode(der.SET, der.read_content(attributes.dump())) if has_attributes else None
    values_by_attribute = _read_values(attributes) if has_attributes else {}
    digest_der, time_der = values_by_attribute.get(_MESSAGE_DIGEST), values_by_attribute.get(_SIGNING_TIME)
    return Signer(
        certificate=next(matching_certificates, None),
        digest_algorithm=signer_info["digest_algorithm"]["algorithm"].dotted,
        algorithm=signer_info["signature_algorithm"]["algorithm"].dotted,
        signature=signer_info["signature"].native,
        signed_attributes=signed_attributes,
        message_digest=der.read_content(digest_der) if digest_der else None,
        time=read_time(structures.Time.load(time_der, strict=True)) if time_der else None,
        values_by_attribute=values_by_attribute,
        timestamps=_read_timestamps(signer_info["unsigned_attributes"]),
    )


def _read_timestamps(attributes: structures.AttributeSets | core.Void) -> tuple[bytes, ...]:
    if not isinstance(attributes, structures.AttributeSets):
        return ()
    timestamp_attributes = (
        attribute for attribute in attributes if attribute["type"].dotted == TIMESTAMP_ATTRIBUTE
    )
    return tuple(token.dump() for attribute in timestamp_attributes for token in attribute["values"])


def _read_values(attributes: structures.AttributeSets) -> dict[str, bytes]:
    """Return the one value of each attribute that has one; attributes named twice are refused."""
    values_of_oid: dict[str, list[bytes]] = {}
    for attribute in attributes:
        oid = attribute["type"].dotted
        if oid in values_of_oid:
            raise MalformedInput("a SignedData has an attribute twice")
        values_of_oid[oid] = [value.dump() for value in attribute["values"]]
    return {oid: values[0] for oid, values in values_of_oid.items() if len(values) == 1}
