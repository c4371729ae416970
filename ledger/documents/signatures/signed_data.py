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
SIGNED_DATA: Final = frozenset({"1.2.156.10197.6.1.4.2.2", "1.2.840.113549.1.7.2"})
_MESSAGE_DIGEST, _SIGNING_TIME = "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.5"
#: The attribute that holds a timestamp (RFC 3161, appendix A).
TIMESTAMP: Final = "1.2.840.113549.1.9.16.2.14"


@dataclass(frozen=True, slots=True)
class Signer:
    """One signer. `attributes` is the DER of the SET that is signed instead of the content, where there is one.

    `values` are the attributes in it that have one value, in DER; `timestamps` lie outside of what is signed.
    """

    certificate: Certificate | None
    digest_algorithm: str
    algorithm: str
    signature: bytes
    attributes: bytes | None
    message_digest: bytes | None
    time: int | None
    values: Mapping[str, bytes]
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
        return _read(structures.SignedDataInfo.load(data, strict=True))
    except (ValueError, TypeError) as error:  # whatever asn1crypto finds wrong
        raise MalformedInput(f"not a SignedData: {str(error)[:200]}") from error


def _read(info: structures.SignedDataInfo) -> SignedData:
    if info["type"].dotted not in SIGNED_DATA:
        raise MalformedInput("the content is not a SignedData")
    body = info["content"]
    elements = body["certificates"] if isinstance(body["certificates"], structures.AnySet) else ()
    if len(elements) > MAX_CERTIFICATES:
        raise LimitExceeded(f"a SignedData has {MAX_CERTIFICATES} certificates at most")
    if not 0 < len(body["signers"]) <= MAX_SIGNERS:
        raise LimitExceeded(f"a SignedData has 1 to {MAX_SIGNERS} signers")
    certificates = tuple(filter(None, (decode_if_readable(element.dump()) for element in elements)))
    return SignedData(
        version=body["version"].native,
        content_type=body["content"]["type"].dotted,
        content=body["content"]["content"].native,
        certificates=certificates,
        signers=tuple(_signer(signer, certificates) for signer in body["signers"]),
    )


def _signer(signer: structures.SignerInfo, certificates: tuple[Certificate, ...]) -> Signer:
    named = signer["issuer_and_serial"]
    issuer, serial = named["issuer"].dump(), named["serial_number"].native
    matching = (each for each in certificates if each.issuer == issuer and each.serial == serial)
    attributes = signer["signed_attributes"]
    signed = isinstance(attributes, structures.AttributeSets)
    values = _values(attributes) if signed else {}
    digest, time = values.get(_MESSAGE_DIGEST), values.get(_SIGNING_TIME)
    return Signer(
        certificate=next(matching, None),
        digest_algorithm=signer["digest_algorithm"]["algorithm"].dotted,
        algorithm=signer["signature_algorithm"]["algorithm"].dotted,
        signature=signer["signature"].native,
        attributes=der.encode(der.SET, der.read_content(attributes.dump())) if signed else None,
        message_digest=der.read_content(digest) if digest else None,
        time=read_time(structures.Time.load(time, strict=True)) if time else None,
        values=values,
        timestamps=_timestamps(signer["unsigned_attributes"]),
    )


def _timestamps(attributes: structures.AttributeSets | core.Void) -> tuple[bytes, ...]:
    if not isinstance(attributes, structures.AttributeSets):
        return ()
    stamps = (attribute for attribute in attributes if attribute["type"].dotted == TIMESTAMP)
    return tuple(token.dump() for attribute in stamps for token in attribute["values"])


def _values(attributes: structures.AttributeSets) -> dict[str, bytes]:
    """Return the one value of each attribute that has one; attributes named twice are refused."""
    values_of: dict[str, list[bytes]] = {}
    for attribute in attributes:
        kind = attribute["type"].dotted
        if kind in values_of:
            raise MalformedInput("a SignedData has an attribute twice")
        values_of[kind] = [value.dump() for value in attribute["values"]]
    return {kind: values[0] for kind, values in values_of.items() if len(values) == 1}
