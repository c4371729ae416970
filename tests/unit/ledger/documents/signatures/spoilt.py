"""Timestamps with one thing wrong, and what each comes to."""

from collections.abc import Callable
from typing import Any, Final

from asn1crypto import core, tsp

from ledger.crypto.suites import SHA256
from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import encode_sm2
from ledger.documents.certificates.issuing import TIMESTAMPING_PURPOSE
from ledger.documents.findings import Check, fail_check, leave_unknown, pass_check
from ledger.documents.signatures.timestamps import MAX_SIGNER_LEAD_SECONDS
from ledger.encoding import der
from tests import papers, stamping
from tests.papers import NOW, department, root, seal
from tests.stamping import LATER, TST_INFO, attributes, info, names, stamper, token

VALUE: Final = b"the value of a signature"
OK: Final = pass_check("timestamp")
NO_SUCH: Final = {"algorithm": "1.2.3.4"}


def changed(data: bytes, change: Callable[[Any], None]) -> bytes:
    """A token with its SignedData changed in place; what its authority signed is left as it was."""
    made = structures.SignedDataInfo.load(data, strict=True)
    change(made["content"])
    encoded: bytes = made.dump(force=True)
    return encoded


def with_signers(count: int) -> bytes:
    def change(body: Any) -> None:
        signer = structures.SignerInfo.load(body["signers"][0].dump())
        body["signers"] = structures.SignerInfos([signer] * count)

    return changed(token(VALUE), change)


def without_certificate() -> bytes:
    return changed(token(VALUE), lambda body: body.__setitem__("certificates", structures.AnySet([])))


def without_attributes() -> bytes:
    """The content itself is signed, as CMS allows for data and for nothing else."""
    content = info(VALUE)
    plain = encode_sm2(stamper().key.sign(content))
    return token(VALUE, content=content, signed_attributes=None, signature=plain)


def with_long_length(element: bytes) -> bytes:
    inner = der.read_content(element)
    return element[:1] + b"\x83" + len(inner).to_bytes(3, "big") + inner


def of(kind: str) -> bytes:
    """A SignedData over another kind of content, which is a TSTInfo all the same."""
    return changed(token(VALUE), lambda body: body["content"].__setitem__("type", kind))


HMAC_SM3: Final = "1.2.156.10197.1.401.2"
SIGNED_ATTRIBUTES: Final = der.encode(
    der.SET,
    der.read_content(
        structures.AttributeSets(attributes(info(VALUE), names(stamper().certificate.der))).dump()
    ),
)
#: What can be wrong with a timestamp, and what it comes to.
SPOILT: Final[dict[str, tuple[bytes, Check]]] = {
    "of something else": (token(b"other"), fail_check("timestamp", "other")),
    "another digest under a neighbour of SM3": (
        token(VALUE, content=info(VALUE, message_imprint={
            "hash_algorithm": {"algorithm": HMAC_SM3}, "hashed_message": SHA256.hash(VALUE),
        })),
        leave_unknown("timestamp", "digest"),
    ),
    "an empty identity": (
        token(VALUE, signature=papers.sign_as("示例时间戳机构", SIGNED_ATTRIBUTES, b"")),
        leave_unknown("timestamp", "identity"),
    ),
    "an imprint by SHA-1": (
        token(VALUE, content=info(VALUE, message_imprint={
            "hash_algorithm": {"algorithm": "sha1"}, "hashed_message": bytes(20),
        })),
        leave_unknown("timestamp", "digest"),
    ),
    "another signature": (
        token(VALUE, signature=encode_sm2(stamper().key.sign(b"other"))), fail_check("timestamp", "wrong"),
    ),
    "somebody else's signature": (
        token(VALUE, signature=encode_sm2(root().key.sign(info(VALUE)))), fail_check("timestamp", "wrong"),
    ),
    "somebody else's certificate": (
        changed(token(VALUE, by=papers.root("另一根证书")), lambda body: body.__setitem__(
            "certificates", [core.Any.load(stamper().certificate.der)],
        )),
        leave_unknown("timestamp", "no_certificate"),
    ),
    "content altered": (
        changed(token(VALUE), lambda body: body["content"].__setitem__("content", info(VALUE, LATER - 9))),
        fail_check("timestamp", "wrong"),
    ),
    "attributes of another content": (
        token(VALUE, signed=attributes(b"other")), fail_check("timestamp", "wrong"),
    ),
    "attributes of another kind": (
        token(VALUE, signed=attributes(info(VALUE), kind="1.2.840.113549.1.7.1")), fail_check("timestamp", "wrong"),
    ),
    "attributes of no kind": (token(VALUE, signed=attributes(info(VALUE))[1:]), fail_check("timestamp", "wrong")),
    "attributes of no content": (token(VALUE, signed=attributes(info(VALUE))[:1]), fail_check("timestamp", "wrong")),
    "no attributes": (without_attributes(), fail_check("timestamp", "wrong")),
    "attributes digested by SHA-1": (
        token(VALUE, digest_algorithm={"algorithm": "1.3.14.3.2.26"}), leave_unknown("timestamp", "digest"),
    ),
    "another certificate named": (
        token(VALUE, signed=attributes(info(VALUE), names(root().certificate.der))),
        fail_check("timestamp", "wrong"),
    ),
    "an unknown algorithm": (token(VALUE, signature_algorithm=NO_SUCH), leave_unknown("timestamp", "algorithm")),
    "ECDSA by a key for SM2": (
        token(VALUE, signature_algorithm={"algorithm": "1.2.840.10045.4.3.2"}),
        leave_unknown("timestamp", "algorithm"),
    ),
    "no certificate": (without_certificate(), leave_unknown("timestamp", "no_certificate")),
    "a certificate for anything": (token(VALUE, by=department()), fail_check("timestamp", "purpose")),
    "a certificate for more": (
        token(VALUE, by=stamper(purposes=(TIMESTAMPING_PURPOSE, "1.3.6.1.5.5.7.3.4"))), fail_check("timestamp", "purpose"),
    ),
    "a certificate that had run out": (
        token(VALUE, by=stamper(until=LATER - 1)), fail_check("timestamp", "certificate"),
    ),
    "a certificate that was to come": (
        token(VALUE, by=stamper(since=LATER + 1)), fail_check("timestamp", "certificate"),
    ),
    "older than the stated time": (token(VALUE, NOW - MAX_SIGNER_LEAD_SECONDS - 1), fail_check("timestamp", "before")),
    "no DER": (b"token", leave_unknown("timestamp", "malformed")),
    "nothing": (b"", leave_unknown("timestamp", "malformed")),
    "huge": (bytes(2_000_000), leave_unknown("timestamp", "malformed")),
    "a seal": (seal(), leave_unknown("timestamp", "malformed")),
    "data signed": (of("1.2.840.113549.1.7.1"), leave_unknown("timestamp", "malformed")),
    "another content": (token(VALUE, content=b"\x30\x00"), leave_unknown("timestamp", "malformed")),
    "content that is no DER": (token(VALUE, content=with_long_length(info(VALUE))), leave_unknown("timestamp", "malformed")),
    "no content": (
        changed(token(VALUE), lambda body: body.__setitem__("content", {"type": TST_INFO})),
        leave_unknown("timestamp", "malformed"),
    ),
    "no signer": (with_signers(0), leave_unknown("timestamp", "malformed")),
    "two signers": (with_signers(2), leave_unknown("timestamp", "malformed")),
    "a later version": (token(VALUE, content=info(VALUE, version="v3")), leave_unknown("timestamp", "malformed")),
    "an extension to be understood": (
        token(VALUE, content=info(VALUE, extensions=[
            {"extn_id": "1.2.3", "critical": True, "extn_value": b""},
        ])),
        leave_unknown("timestamp", "malformed"),
    ),
    "no time": (
        token(VALUE, content=info(VALUE).replace(b"20260302", b"20261302")), leave_unknown("timestamp", "malformed"),
    ),
    "nobody named": (
        token(VALUE, signed=attributes(
            info(VALUE), stamping.attribute(stamping.SIGNING_CERTIFICATE, tsp.SigningCertificateV2({"certs": []})),
        )),
        leave_unknown("timestamp", "malformed"),
    ),
}  # fmt: skip
