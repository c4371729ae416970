"""Electronic seals 电子印章 and their uses 电子签章: SESeal and SES_Signature, read from DER.

GM/T 0031-2014 (version 1) and GB/T 38540-2020 (version 4, and 5 with a timestamp in the seal). What is read
encodes to the very bytes it was read from, or it is refused. Nothing is verified here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from asn1crypto import core

from ledger.documents.asn1 import structures
from ledger.documents.asn1.texts import decode_text, decode_written, parse_written_time
from ledger.documents.certificates.certificates import read_time
from ledger.encoding import der
from ledger.errors import LimitExceeded, MalformedInput

#: Most of it is the seal's picture: tens or hundreds of kilobytes.
MAX_BYTES: Final = 4 * 1024 * 1024
#: Certificates that may use one seal.
MAX_LISTED: Final = 256
#: What a seal lists of those who may use it.
LISTS_CERTIFICATES, LISTS_DIGESTS = 1, 2
_LISTS: Final[dict[int, type[structures.Listed | structures.CertificateDigests]]] = {
    LISTS_CERTIFICATES: structures.Listed,
    LISTS_DIGESTS: structures.CertificateDigests,
}
T = TypeVar("T")
_Structure = TypeVar("_Structure", bound=core.Sequence)


@dataclass(frozen=True, slots=True)
class Picture:
    """What the seal looks like; width and height in millimetres."""

    format: str
    data: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal 电子印章, as its maker signed it. Times are seconds since 1970, None where they cannot be read.

    `certificates` or `digests` (algorithm and value) list who may use it, as far as that can be read. `signed` are the byte
    strings that makers are known to sign: the standards differ, and so do writers.
    """

    der: bytes
    version: int
    maker: str
    identifier: str
    kind: int
    name: str
    certificates: tuple[bytes, ...]
    digests: tuple[tuple[str, bytes], ...]
    created: int | None
    valid_from: int | None
    valid_until: int | None
    picture: Picture
    certificate: bytes
    algorithm: str
    signature: bytes
    signed: tuple[bytes, ...]
    timestamp: bytes | None


@dataclass(frozen=True, slots=True)
class SealSignature:
    """One use of a seal 电子签章. `signed` is what the signer signed, `time` what the signer says when."""

    der: bytes
    version: int
    seal: Seal
    time: int | None
    data_hash: bytes
    property_info: str
    certificate: bytes
    algorithm: str
    signature: bytes
    signed: bytes
    timestamp: bytes | None


def is_signature(data: bytes) -> bool:
    """Tell a signature from a seal: its first part begins with a number, that of a seal with a header."""
    parts = der.read_children(data)
    if not parts or parts[0][0] != der.SEQUENCE:
        return False
    first = der.read_children(parts[0][1])
    return bool(first) and first[0][0] == der.INTEGER


def decode_seal(data: bytes) -> Seal:
    """Read a seal (a file `Seal.esl`) of any version. Raises: MalformedInput, LimitExceeded."""
    _check(data)
    if len(der.read_children(data)) == 2:
        return _total(data, structures.Seal1, _seal)
    return _total(data, structures.Seal4, _seal)


def decode_signature(data: bytes) -> SealSignature:
    """Read a signature (a file `SignedValue.dat`) of any version. Raises: MalformedInput, LimitExceeded."""
    _check(data)
    if len(der.read_children(data)) == 2:
        return _total(data, structures.Signature1, _signature_1)
    return _total(data, structures.Signature4, _signature_4)


def _check(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise LimitExceeded(f"a seal or its signature has {MAX_BYTES} bytes at most")
    der.check(data)


def _total(data: bytes, kind: type[_Structure], read: Callable[[_Structure], T]) -> T:
    """Read the whole of the data as one structure, which must give the same bytes again. Raises: MalformedInput."""
    try:
        structure = kind.load(data, strict=True)
        decoded = read(structure)
        again = structure.dump(force=True)
    except (ValueError, TypeError) as error:  # whatever asn1crypto finds wrong
        raise MalformedInput(f"not a seal or its signature: {str(error)[:200]}") from error
    if again != data:
        raise MalformedInput("the seal or its signature has another encoding than the one exact form")
    return decoded


def _seal(seal: structures.Seal1 | structures.Seal4) -> Seal:
    info = seal["info"]
    first = isinstance(seal, structures.Seal1)
    signing = seal["signed"] if first else seal
    header, properties, picture = info["header"], info["property"], info["picture"]
    if header["id"].native != "ES":
        raise MalformedInput("a seal's header begins with ES")
    version = header["version"].native
    known = (1,) if first else (4, 5)
    list_type = LISTS_CERTIFICATES if first else properties["list_type"].native
    certificates, digests = _users(list_type, properties["certificates"])
    timestamp = None if first else seal["timestamp"].native
    covered = info.dump()
    parts = covered, signing["certificate"].dump(), signing["algorithm"].dump()
    alone, together = covered, der.encode(der.SEQUENCE, *parts)
    return Seal(
        der=seal.dump(),
        version=version if version in known else known[0],
        maker=decode_text(header["maker"].native),
        identifier=decode_text(info["identifier"].native),
        kind=properties["type"].native,
        name=decode_text(properties["name"].native),
        certificates=certificates,
        digests=digests,
        created=read_time(properties["created"]),
        valid_from=read_time(properties["valid_from"]),
        valid_until=read_time(properties["valid_until"]),
        picture=Picture(
            decode_text(picture["type"].native),
            picture["data"].native,
            picture["width"].native,
            picture["height"].native,
        ),
        certificate=signing["certificate"].native,
        algorithm=signing["algorithm"].dotted,
        signature=signing["signature"].native,
        signed=(together, alone) if first else (alone, together),
        timestamp=timestamp,
    )


def _users(
    list_type: int, users: structures.Listed | core.Any
) -> tuple[tuple[bytes, ...], tuple[tuple[str, bytes], ...]]:
    """Return certificates and digests of the list of those who may use a seal, one of them empty."""
    if isinstance(users, structures.Listed):
        items = users
    else:
        if list_type not in _LISTS:
            raise MalformedInput("a seal lists certificates (1) or their digests (2)")
        items = _LISTS[list_type].load(users.dump(), strict=True)
    if len(items) > MAX_LISTED:
        raise LimitExceeded(f"a seal lists {MAX_LISTED} certificates at most")
    if list_type == LISTS_DIGESTS:
        return (), tuple((item["type"].native, item["value"].native) for item in items)
    return tuple(_listed_certificate(item.dump()) for item in items), ()


def _listed_certificate(element: bytes) -> bytes:
    """Return a certificate of the list in DER: in octets, or bare, or as text in base64, PEM or hexadecimal.

    What is none of these is returned as it stands there: it is no certificate.
    """
    if element[0] == der.SEQUENCE:
        return element
    content = der.read_content(element)
    return content if content[:1] == bytes([der.SEQUENCE]) else decode_written(content) or content


def _signature_1(signature: structures.Signature1) -> SealSignature:
    body = signature["to_sign"]
    return _signature(signature, body, body, None)


def _signature_4(signature: structures.Signature4) -> SealSignature:
    return _signature(signature, signature["to_sign"], signature, signature["timestamp"].native)


def _signature(
    signature: structures.Signature1 | structures.Signature4,
    body: structures.ToSign1 | structures.ToSign4,
    signer: structures.ToSign1 | structures.Signature4,
    timestamp: bytes | None,
) -> SealSignature:
    seal = _seal(body["seal"])
    return SealSignature(
        der=signature.dump(),
        version=seal.version,
        seal=seal,
        time=_time_info(body["time"]),
        data_hash=body["data_hash"].native,
        property_info=decode_text(body["property_info"].native),
        certificate=signer["certificate"].native,
        algorithm=signer["algorithm"].dotted,
        signature=signature["signature"].native,
        signed=body.dump(),
        timestamp=timestamp,
    )


def _time_info(info: structures.TimeInfo) -> int | None:
    """Return the declared moment; the octets of version 1 hold a time in DER or as text (or else a timestamp)."""
    if info.name not in ("bits", "octets"):
        return read_time(info)
    octets: bytes = info.native
    try:
        der.check(octets)
        return read_time(structures.Time.load(octets, strict=True))
    except (MalformedInput, ValueError, TypeError):
        return parse_written_time(octets.decode("latin-1"))
