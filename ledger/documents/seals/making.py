"""Make seals, their uses and signatures of persons, for tests, demonstration and trials.

In real life a licensed platform makes seals. Whatever is made here is read back before it is handed out.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from asn1crypto import core

from ledger.crypto.suites import SM3
from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import SM2_WITH_SM3, SM3_OID, encode_sm2
from ledger.documents.certificates.issuing import Holder
from ledger.documents.seals.ses import (
    LISTS_CERTIFICATES,
    LISTS_DIGESTS,
    Picture,
    decode_seal,
    decode_signature,
)
from ledger.documents.signatures.signed_data import decode_signed_data
from ledger.encoding import der

MAKER_ID: Final = "SHUNZHENG"
DATA_TYPE, SIGNED_DATA_TYPE = "1.2.156.10197.6.1.4.2.1", "1.2.156.10197.6.1.4.2.2"


@dataclass(frozen=True, slots=True)
class SealDraft:
    """What a seal will say. Times are seconds since 1970; `seal_kind` is the maker's number for the kind of seal.

    `user_certificates` are the certificates (DER) that may use it, written as such or, from version 4, as their digests.
    """

    version: int
    identifier: str
    seal_kind: int
    name: str
    user_certificates: tuple[bytes, ...]
    created_at: int
    valid_from: int
    valid_until: int
    picture: Picture
    lists_digests: bool = False


def make_seal(draft: SealDraft, maker: Holder) -> bytes:
    """Return the SESeal, signed by the maker. Raises: MalformedInput where it would not read back."""
    info = (structures.SealInfo1 if draft.version == 1 else structures.SealInfo4)(_make_info(draft))
    certificate, algorithm = core.OctetString(maker.certificate.der), core.ObjectIdentifier(SM2_WITH_SM3)
    signed_bytes: bytes = info.dump()
    if draft.version == 1:
        signed_bytes = der.encode(der.SEQUENCE, signed_bytes, certificate.dump(), algorithm.dump())
    signature_members = {
        "certificate": certificate,
        "algorithm": algorithm,
        "signature": encode_sm2(maker.key.sign(signed_bytes)),
    }
    seal = (
        structures.Seal1({"info": info, "signed": signature_members})
        if draft.version == 1
        else structures.Seal4({"info": info, **signature_members})
    )
    return decode_seal(seal.dump()).der


def use_seal(seal: bytes, signer: Holder, description: bytes, property_info: str, signed_at: int) -> bytes:
    """Return the SES_Signature of a description with that seal, in the seal's version. Raises: MalformedInput."""
    version = decode_seal(seal).version
    is_version_1 = version == 1
    body = {
        "version": version,
        "seal": (structures.Seal1 if is_version_1 else structures.Seal4).load(seal, strict=True),
        "data_hash": structures.Bits("bits", core.OctetBitString(SM3.hash(description))),
        "property_info": property_info,
    }
    signature_members = {"certificate": signer.certificate.der, "algorithm": SM2_WITH_SM3}
    if is_version_1:
        time_info = structures.TimeInfo("bits", core.OctetBitString(_make_utc_time(signed_at).dump()))
        to_sign = structures.ToSign1({**body, **signature_members, "time": time_info})
        seal_signature = structures.Signature1(
            {"to_sign": to_sign, "signature": _sign_structure(to_sign, signer)}
        )
    else:
        time_info = structures.TimeInfo("generalized", _make_generalized_time(signed_at))
        to_sign = structures.ToSign4({**body, "time": time_info})
        seal_signature = structures.Signature4(
            {"to_sign": to_sign, **signature_members, "signature": _sign_structure(to_sign, signer)}
        )
    return decode_signature(seal_signature.dump()).der


def sign_data(signer: Holder, description: bytes) -> bytes:
    """Return a SignedData of GB/T 35275 over the digest of a description. Raises: MalformedInput."""
    digest = SM3.hash(description)
    certificate = signer.certificate
    signer_info = {
        "version": 1,
        "issuer_and_serial": {
            "issuer": core.Any.load(certificate.issuer),
            "serial_number": certificate.serial,
        },
        "digest_algorithm": {"algorithm": SM3_OID},
        "signature_algorithm": {"algorithm": SM2_WITH_SM3},
        "signature": encode_sm2(signer.key.sign(digest)),
    }
    body = {
        "version": 1,
        "digest_algorithms": [{"algorithm": SM3_OID}],
        "content": {"type": DATA_TYPE, "content": core.OctetString(digest)},
        "certificates": [core.Any.load(certificate.der)],
        "signers": [signer_info],
    }
    signed_data: bytes = structures.SignedDataInfo({"type": SIGNED_DATA_TYPE, "content": body}).dump()
    decode_signed_data(signed_data)
    return signed_data


def _sign_structure(to_sign: structures.ToSign1 | structures.ToSign4, signer: Holder) -> bytes:
    return encode_sm2(signer.key.sign(to_sign.dump()))


def _make_info(draft: SealDraft) -> dict[str, object]:
    picture = draft.picture
    return {
        "header": {"id": "ES", "version": draft.version, "maker": MAKER_ID},
        "identifier": draft.identifier,
        "property": {
            "type": draft.seal_kind,
            "name": _map_bytes_to_text(draft.name),
            **_list_users(draft),
            "created": _make_time(draft.created_at, draft.version),
            "valid_from": _make_time(draft.valid_from, draft.version),
            "valid_until": _make_time(draft.valid_until, draft.version),
        },
        "picture": {
            "type": picture.format,
            "data": picture.data,
            "width": picture.width,
            "height": picture.height,
        },
    }


def _list_users(draft: SealDraft) -> dict[str, object]:
    """Return the list of those who may use the seal, and from version 4 on what it is a list of."""
    if draft.version == 1:
        return {
            "certificates": structures.ListedUsers(
                [core.Any(core.OctetString(certificate)) for certificate in draft.user_certificates]
            )
        }
    if not draft.lists_digests:
        return {
            "list_type": LISTS_CERTIFICATES,
            "certificates": structures.Octets([*draft.user_certificates]),
        }
    digests = [{"type": "SM3", "value": SM3.hash(certificate)} for certificate in draft.user_certificates]
    return {"list_type": LISTS_DIGESTS, "certificates": structures.CertificateDigests(digests)}


def _make_time(moment: int, version: int) -> structures.Time:
    return (
        structures.Time("utc", _make_utc_time(moment))
        if version == 1
        else structures.Time("generalized", _make_generalized_time(moment))
    )


def _map_bytes_to_text(text: str) -> str:
    """Return text whose Latin 1 bytes are the UTF-8 of `text`, as the structures keep it."""
    return text.encode().decode("latin-1")


def _make_utc_time(moment: int) -> structures.UTCTimeText:
    return structures.UTCTimeText(datetime.fromtimestamp(moment, UTC).strftime("%y%m%d%H%M%SZ"))


def _make_generalized_time(moment: int) -> structures.GeneralizedTimeText:
    return structures.GeneralizedTimeText(datetime.fromtimestamp(moment, UTC).strftime("%Y%m%d%H%M%SZ"))
