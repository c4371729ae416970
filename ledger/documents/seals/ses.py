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
MAX_LISTED_USERS: Final = 256
#: What a seal lists of those who may use it.
LISTS_CERTIFICATES, LISTS_DIGESTS = 1, 2
_LIST_STRUCTURES: Final[dict[int, type[structures.ListedUsers | structures.CertificateDigests]]] = {
    LISTS_CERTIFICATES: structures.ListedUsers,
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

    `user_certificates` or `user_digests` (algorithm and value) list who may use it, as far as that can be read.
    `message_candidates` are the byte strings that makers are known to sign: the standards differ, and so do writers.
    """

    der: bytes
    version: int
    maker: str
    identifier: str
    seal_kind: int
    name: str
    user_certificates: tuple[bytes, ...]
    user_digests: tuple[tuple[str, bytes], ...]
    created_at: int | None
    valid_from: int | None
    valid_until: int | None
    picture: Picture
    maker_certificate: bytes
    algorithm: str
    signature: bytes
    message_candidates: tuple[bytes, ...]
    timestamp: bytes | None


@dataclass(frozen=True, slots=True)
class SealSignature:
    """One use of a seal 电子签章. `signed_bytes` is what the signer signed, `time` what the signer says when."""

    der: bytes
    version: int
    seal: Seal
    time: int | None
    data_hash: bytes
    property_info: str
    signer_certificate: bytes
    algorithm: str
    signature: bytes
    signed_bytes: bytes
    timestamp: bytes | None


def is_signature(data: bytes) -> bool:
    """Tell a signature from a seal: its first part begins with a number, that of a seal with a header."""
    elements = der.read_children(data)
    if not elements or elements[0][0] != der.SEQUENCE:
        return False
    first_children = der.read_children(elements[0][1])
    return bool(first_children) and first_children[0][0] == der.INTEGER


def decode_seal(data: bytes) -> Seal:
    """Read a seal (a file `Seal.esl`) of any version. Raises: MalformedInput, LimitExceeded."""
    _check_der(data)
    if len(der.read_children(data)) == 2:
        return _read_whole(data, structures.Seal1, _read_seal)
    return _read_whole(data, structures.Seal4, _read_seal)


def decode_signature(data: bytes) -> SealSignature:
    """Read a signature (a file `SignedValue.dat`) of any version. Raises: MalformedInput, LimitExceeded."""
    _check_der(data)
    if len(der.read_children(data)) == 2:
        return _read_whole(data, structures.Signature1, _read_signature_1)
    return _read_whole(data, structures.Signature4, _read_signature_4)


def _check_der(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise LimitExceeded(f"a seal or its signature has {MAX_BYTES} bytes at most")
    der.check(data)


def _read_whole(
    data: bytes, structure_class: type[_Structure], read_structure: Callable[[_Structure], T]
) -> T:
    """Read the whole of the data as one structure, which must give the same bytes again. Raises: MalformedInput."""
    try:
        structure = structure_class.load(data, strict=True)
        result = read_structure(structure)
        encoded_again = structure.dump(force=True)
    except (ValueError, TypeError) as error:  # whatever asn1crypto finds wrong
        raise MalformedInput(f"not a seal or its signature: {str(error)[:200]}") from error
    if encoded_again != data:
        raise MalformedInput("the seal or its signature has another encoding than the one exact form")
    return result


def _read_seal(seal: structures.Seal1 | structures.Seal4) -> Seal:
    info = seal["info"]
    is_version_1 = isinstance(seal, structures.Seal1)
    signature_part = seal["signed"] if is_version_1 else seal
    header, properties, picture = info["header"], info["property"], info["picture"]
    if header["id"].native != "ES":
        raise MalformedInput("a seal's header begins with ES")
    version = header["version"].native
    known_versions = (1,) if is_version_1 else (4, 5)
    list_type = LISTS_CERTIFICATES if is_version_1 else properties["list_type"].native
    user_certificates, user_digests = _read_users(list_type, properties["certificates"])
    timestamp = None if is_version_1 else seal["timestamp"].native
    info_der = info.dump()
    covered_parts = info_der, signature_part["certificate"].dump(), signature_part["algorithm"].dump()
    info_alone, info_and_certificate = info_der, der.encode(der.SEQUENCE, *covered_parts)
    return Seal(
        der=seal.dump(),
        version=version if version in known_versions else known_versions[0],
        maker=decode_text(header["maker"].native),
        identifier=decode_text(info["identifier"].native),
        seal_kind=properties["type"].native,
        name=decode_text(properties["name"].native),
        user_certificates=user_certificates,
        user_digests=user_digests,
        created_at=read_time(properties["created"]),
        valid_from=read_time(properties["valid_from"]),
        valid_until=read_time(properties["valid_until"]),
        picture=Picture(
            decode_text(picture["type"].native),
            picture["data"].native,
            picture["width"].native,
            picture["height"].native,
        ),
        maker_certificate=signature_part["certificate"].native,
        algorithm=signature_part["algorithm"].dotted,
        signature=signature_part["signature"].native,
        message_candidates=(info_and_certificate, info_alone)
        if is_version_1
        else (info_alone, info_and_certificate),
        timestamp=timestamp,
    )


def _read_users(
    list_type: int, users_structure: structures.ListedUsers | core.Any
) -> tuple[tuple[bytes, ...], tuple[tuple[str, bytes], ...]]:
    """Return certificates and digests of the list of those who may use a seal, one of them empty."""
    if isinstance(users_structure, structures.ListedUsers):
        listed_elements = users_structure
    else:
        if list_type not in _LIST_STRUCTURES:
            raise MalformedInput("a seal lists certificates (1) or their digests (2)")
        listed_elements = _LIST_STRUCTURES[list_type].load(users_structure.dump(), strict=True)
    if len(listed_elements) > MAX_LISTED_USERS:
        raise LimitExceeded(f"a seal lists {MAX_LISTED_USERS} certificates at most")
    if list_type == LISTS_DIGESTS:
        return (), tuple((element["type"].native, element["value"].native) for element in listed_elements)
    return tuple(_read_listed_certificate(element.dump()) for element in listed_elements), ()


def _read_listed_certificate(element: bytes) -> bytes:
    """Return a certificate of the list in DER: in octets, or bare, or as text in base64, PEM or hexadecimal.

    What is none of these is returned as it stands there: it is no certificate.
    """
    if element[0] == der.SEQUENCE:
        return element
    content = der.read_content(element)
    return content if content[:1] == bytes([der.SEQUENCE]) else decode_written(content) or content


def _read_signature_1(signature: structures.Signature1) -> SealSignature:
    body = signature["to_sign"]
    return _read_signature(signature, body, body, None)


def _read_signature_4(signature: structures.Signature4) -> SealSignature:
    return _read_signature(signature, signature["to_sign"], signature, signature["timestamp"].native)


def _read_signature(
    signature: structures.Signature1 | structures.Signature4,
    body: structures.ToSign1 | structures.ToSign4,
    signer: structures.ToSign1 | structures.Signature4,
    timestamp: bytes | None,
) -> SealSignature:
    seal = _read_seal(body["seal"])
    return SealSignature(
        der=signature.dump(),
        version=seal.version,
        seal=seal,
        time=_read_time_info(body["time"]),
        data_hash=body["data_hash"].native,
        property_info=decode_text(body["property_info"].native),
        signer_certificate=signer["certificate"].native,
        algorithm=signer["algorithm"].dotted,
        signature=signature["signature"].native,
        signed_bytes=body.dump(),
        timestamp=timestamp,
    )


def _read_time_info(time_info: structures.TimeInfo) -> int | None:
    """Return the declared moment; the octets of version 1 hold a time in DER or as text (or else a timestamp)."""
    if time_info.name not in ("bits", "octets"):
        return read_time(time_info)
    octets: bytes = time_info.native
    try:
        der.check(octets)
        return read_time(structures.Time.load(octets, strict=True))
    except (MalformedInput, ValueError, TypeError):
        return parse_written_time(octets.decode("latin-1"))
