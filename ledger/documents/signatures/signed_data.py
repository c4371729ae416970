"""SignedData of GB/T 35275-2017, the national form of CMS (RFC 5652): signatures of persons, without a seal.

Writers differ in what the content is (the signed file or its digest, or nothing) and in what is signed (the
content, or attributes that name its digest). Both are understood; nothing is verified here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ledger.documents.asn1 import structures
from ledger.documents.certificates.certificates import Certificate, readable, time_of
from ledger.encoding import der
from ledger.errors import LimitExceeded, MalformedInput

MAX_BYTES: Final = 1024 * 1024
MAX_CERTIFICATES: Final = 8  # the signer's and those above it
MAX_SIGNERS: Final = 4  # one in every file that was seen
SIGNED_DATA: Final = frozenset({"1.2.156.10197.6.1.4.2.2", "1.2.840.113549.1.7.2"})
_MESSAGE_DIGEST, _SIGNING_TIME = "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.5"
TIMESTAMP: Final = "1.2.840.113549.1.9.16.2.14"  # RFC 3161, appendix A


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


def _read(info: Any) -> SignedData:
    if info["type"].dotted not in SIGNED_DATA:
        raise MalformedInput("the content is not a SignedData")
    body = info["content"]
    held: Any = body["certificates"] if isinstance(body["certificates"], structures.AnySet) else []
    if len(held) > MAX_CERTIFICATES:
        raise LimitExceeded(f"a SignedData has {MAX_CERTIFICATES} certificates at most")
    if not 0 < len(body["signers"]) <= MAX_SIGNERS:
        raise LimitExceeded(f"a SignedData has 1 to {MAX_SIGNERS} signers")
    found = [readable(one.dump()) for one in held]
    certificates = tuple(one for one in found if one is not None)
    return SignedData(
        version=body["version"].native,
        content_type=body["content"]["type"].dotted,
        content=body["content"]["content"].native,
        certificates=certificates,
        signers=tuple(_signer(signer, certificates) for signer in body["signers"]),
    )


def _signer(signer: Any, certificates: tuple[Certificate, ...]) -> Signer:
    named = signer["issuer_and_serial"]
    issuer, serial = named["issuer"].dump(), named["serial_number"].native
    matching = (one for one in certificates if one.issuer == issuer and one.serial == serial)
    attributes = signer["signed_attributes"]
    signed = isinstance(attributes, structures.AttributeSets)
    values = _values(attributes) if signed else {}
    digest, time = values.get(_MESSAGE_DIGEST), values.get(_SIGNING_TIME)
    return Signer(
        certificate=next(matching, None),
        digest_algorithm=signer["digest_algorithm"]["algorithm"].dotted,
        algorithm=signer["signature_algorithm"]["algorithm"].dotted,
        signature=signer["signature"].native,
        attributes=der.encode(der.SET, der.content(attributes.dump())) if signed else None,
        message_digest=der.content(digest) if digest else None,
        time=time_of(structures.Time.load(time, strict=True)) if time else None,
        values=values,
        timestamps=_timestamps(signer["unsigned_attributes"]),
    )


def _timestamps(attributes: Any) -> tuple[bytes, ...]:
    held: Any = attributes if isinstance(attributes, structures.AttributeSets) else []
    return tuple(value.dump() for one in held if one["type"].dotted == TIMESTAMP for value in one["values"])


def _values(attributes: Any) -> dict[str, bytes]:
    """Return the one value of each attribute that has one; attributes named twice are refused."""
    found: dict[str, list[bytes]] = {}
    for attribute in attributes:
        if attribute["type"].dotted in found:
            raise MalformedInput("a SignedData has an attribute twice")
        found[attribute["type"].dotted] = [value.dump() for value in attribute["values"]]
    return {kind: values[0] for kind, values in found.items() if len(values) == 1}
