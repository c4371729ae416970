"""A fictional authority for timestamps; its timestamps, good ones and spoilt by member."""

from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from asn1crypto import core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ledger.crypto.suites import SM3
from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import SM2_WITH_SM3, SM3_OID, encode_sm2
from ledger.documents.certificates.issuing import TIMESTAMPING_PURPOSE, Holder
from ledger.encoding import der
from tests.papers import NOW, YEAR, key, root

SIGNED_DATA_TYPE: Final = "1.2.840.113549.1.7.2"
TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.47"
LATER: Final = NOW + 5  # when what was signed at NOW is stamped


@cache
def stamper(
    since: int = NOW - YEAR, until: int = NOW + YEAR, purposes: tuple[str, ...] = (TIMESTAMPING_PURPOSE,)
) -> Holder:
    name = "示例时间戳机构"
    return root().issue(name, key(name), serial=77, not_before=since, not_after=until, purposes=purposes)


def info(value: bytes, time: int = LATER, **altered: Any) -> bytes:
    """A TSTInfo of the value."""
    members: dict[str, Any] = {
        "version": "v1",
        "policy": "1.2.3",
        "message_imprint": {"hash_algorithm": {"algorithm": SM3_OID}, "hashed_message": SM3.hash(value)},
        "serial_number": 1,
        "gen_time": datetime.fromtimestamp(time, UTC),
    }
    made: bytes = tsp.TSTInfo(members | altered).dump()
    return made


def attribute(kind: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "values": [value]}


def attributes(content: bytes, *more: dict[str, Any], kind: str = TST_INFO) -> list[dict[str, Any]]:
    """What the authority signs: the type of the content and its digest."""
    digest = core.OctetString(SM3.hash(content))
    return [attribute(CONTENT_TYPE, core.ObjectIdentifier(kind)), attribute(MESSAGE_DIGEST, digest), *more]


def names(certificate: bytes) -> dict[str, Any]:
    """The attribute that names the certificate of the signer (ESSCertIDv2, RFC 5816)."""
    identifier = {"hash_algorithm": {"algorithm": SM3_OID}, "cert_hash": SM3.hash(certificate)}
    return attribute(SIGNING_CERTIFICATE, tsp.SigningCertificateV2({"certs": [identifier]}))


def token(
    value: bytes,
    time: int = LATER,
    *,
    by: Holder | None = None,
    content: bytes | None = None,
    signed: list[dict[str, Any]] | None = None,
    **signer: Any,
) -> bytes:
    """A TimeStampToken; `content` in place of its TSTInfo, `signed` of its attributes, `signer` of that one's members."""
    by = by or stamper()
    content = info(value, time) if content is None else content
    attribute_sets = structures.AttributeSets(
        attributes(content, names(by.certificate.der)) if signed is None else signed
    )
    members: dict[str, Any] = {
        "version": 1,
        "issuer_and_serial": {
            "issuer": core.Any.load(by.certificate.issuer),
            "serial_number": by.certificate.serial,
        },
        "digest_algorithm": {"algorithm": SM3_OID},
        "signed_attributes": attribute_sets,
        "signature_algorithm": {"algorithm": SM2_WITH_SM3},
        "signature": encode_sm2(by.key.sign(der.encode(der.SET, der.read_content(attribute_sets.dump())))),
    }
    body = {
        "version": 3,
        "digest_algorithms": [{"algorithm": SM3_OID}],
        "content": {"type": TST_INFO, "content": core.OctetString(content)},
        "certificates": [core.Any.load(by.certificate.der)],
        "signers": [members | signer],
    }
    made: bytes = structures.SignedDataInfo({"type": SIGNED_DATA_TYPE, "content": body}).dump()
    return made


def certified(
    name: str, key: Any, by: Any, *, authority: bool = False, purposes: tuple[str, ...] = ()
) -> x509.Certificate:
    """A certificate by `cryptography` for a key other than SM2; `by` is the key (on a curve) of 示例根."""

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    start, end = (datetime.fromtimestamp(moment, UTC) for moment in (NOW - YEAR, NOW + 50 * YEAR))
    serial = 7 if authority else 8 + len(name)
    made = x509.CertificateBuilder(named("示例根"), named(name), key.public_key(), serial, start, end)
    made = made.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if purposes:
        usage = x509.ExtendedKeyUsage([x509.ObjectIdentifier(purpose) for purpose in purposes])
        made = made.add_extension(usage, critical=True)
    return made.sign(by, hashes.SHA256(), ecdsa_deterministic=True)


def pkcs8(key: Any) -> bytes:
    encoded: bytes = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return encoded
