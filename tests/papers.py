"""A fictional authority, seal maker and department, and the OFD licence that they seal.

They are always the same.
"""

import hashlib
import struct
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import gmalg

from examples.renderings import render_ofd
from ledger.crypto import sm2
from ledger.crypto.keys import PrivateKey, generate_key
from ledger.crypto.suites import SM3
from ledger.documents.asn1.algorithms import encode_sm2, read_sm2_numbers
from ledger.documents.certificates.certificates import Certificate
from ledger.documents.certificates.issuing import Holder
from ledger.documents.certificates.trust_list import ROLES, Authority, TrustList
from ledger.documents.inspection import Inspection, SignatureReport
from ledger.documents.ofd.archive import open_archive, write_archive
from ledger.documents.ofd.sealing import Stamp, apply_seal, sign_document
from ledger.documents.openers import inspect
from ledger.documents.seals.making import SealDraft, make_seal, use_seal
from ledger.documents.seals.ses import Picture

YEAR: Final = 365 * 86_400
NOW: Final = 1_772_413_200  # 2026-03-02, 09:00 in Tianmen
DOCUMENT: Final = render_ofd("营业执照", [("名称", "天门市示例商贸有限公司"), ("经营范围", "日用百货销售")])
PAGE: Final = "Doc_0/Pages/Page_0/Content.xml"
SIGN: Final = "Doc_0/Signs/Sign_1"
DESCRIPTION: Final = f"{SIGN}/Signature.xml"
VALUE: Final = f"{SIGN}/SignedValue.dat"


class RepeatableKey(PrivateKey):
    """Draws the nonce of a signature from secret and message, so that what it signs can be committed. For tests only."""

    def sign(self, message: bytes) -> bytes:
        return self.sign_digest(sm2.message_digest(self.public.spki[-64:], message), message)

    def sign_digest(self, digest: bytes, message: bytes) -> bytes:
        """Sign e itself, whatever went into it besides the message."""
        d = int.from_bytes(self._secret, "big")
        k = int.from_bytes(hashlib.sha256(self._secret + message).digest(), "big") % sm2.ORDER
        e = int.from_bytes(digest, "big")
        r = (e + int.from_bytes(sm2.point_of(k.to_bytes(32, "big"))[:32], "big")) % sm2.ORDER
        s = (k - r * d) * pow(1 + d, -1, sm2.ORDER) % sm2.ORDER
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@cache
def key(name: str) -> PrivateKey:
    made = generate_key("sm2", lambda _: hashlib.sha256(name.encode()).digest())
    return RepeatableKey(made.public, made._secret)


def sign_as(name: str, message: bytes, identity: bytes | None) -> bytes:
    """A signature of that person with another identity than the prescribed one, None for no Z at all; in DER."""
    signing = key(name)
    assert isinstance(signing, RepeatableKey)
    z = b"" if identity is None else sm2.z_value(signing.public.spki[-64:], identity)
    return encode_sm2(signing.sign_digest(SM3.hash(z + message), message))


def verifies_elsewhere(certificate: Certificate, message: bytes, signature: bytes) -> bool:
    """Whether another implementation of SM2 verifies the signature."""
    assert certificate.key
    other = gmalg.SM2(pk=b"\x04" + certificate.key.spki[-64:], uid=sm2.IDENTITY)
    numbers = read_sm2_numbers(signature)
    assert numbers
    return bool(other.verify(message, numbers[:32], numbers[32:]))


@cache
def root(name: str = "示例根证书") -> Holder:
    return Holder.make_root(name, key(name), NOW - YEAR, NOW + 20 * YEAR)


@cache
def holder(name: str, *, of: str = "示例根证书", since: int = NOW - YEAR, until: int = NOW + YEAR) -> Holder:
    return root(of).issue(name, key(name), serial=len(name) + 2, not_before=since, not_after=until)


def department() -> Holder:
    return holder("天门市示例局")


def maker() -> Holder:
    return holder("示例制章单位")


@cache
def trust(*names: str) -> TrustList:
    listed = [root(name).certificate for name in names or ("示例根证书",)]
    return TrustList("示例市", NOW, tuple(Authority(one.name, one, frozenset(ROLES)) for one in listed))


def draft(version: int = 4, **altered: Any) -> SealDraft:
    members: dict[str, Any] = {
        "version": version,
        "identifier": "42900600000001",
        "seal_kind": 1,
        "name": "天门市示例局电子证照专用章",
        "user_certificates": (department().certificate.der,),
        "created_at": NOW - 1000,
        "valid_from": NOW - 1000,
        "valid_until": NOW + YEAR,
        "picture": Picture("PNG", b"\x89PNG\r\n\x1a\n", 40, 40),
    }
    return SealDraft(**members | altered)


@cache
def seal(version: int = 4) -> bytes:
    return make_seal(draft(version), maker())


@cache
def sealed(version: int = 4) -> bytes:
    return apply_seal(DOCUMENT, seal(version), department(), NOW, [Stamp("1", 150, 230, 40, 40)])


@cache
def signed() -> bytes:
    return sign_document(DOCUMENT, department(), NOW)


def parts(document: bytes) -> dict[str, bytes]:
    archive = open_archive(document)
    return {name: archive.read(name) for name in archive.names}


def with_part(document: bytes, name: str, change: bytes | Callable[[bytes], bytes]) -> bytes:
    """The document with one part replaced, or changed by a function."""
    files = parts(document)
    files[name] = change(files[name]) if callable(change) else change
    return write_archive(files)


def without_part(document: bytes, name: str) -> bytes:
    return write_archive({other: data for other, data in parts(document).items() if other != name})


def deflated_part(packed: bytes, size: int) -> bytes:
    """An archive with one deflated part `a` that declares `size` bytes, whatever `packed` inflates to."""
    data = bytearray(write_archive({"a": packed}))
    directory = struct.unpack_from("<L", data, len(data) - 6)[0]
    for method, length in ((8, 22), (directory + 10, directory + 24)):
        struct.pack_into("<H", data, method, 8)
        struct.pack_into("<L", data, length, size)
    return bytes(data)


def resealed(document: bytes, old: bytes, new: bytes) -> bytes:
    """The document with its description changed and honestly sealed again: what a strange writer would have made."""
    files = parts(document)
    assert old in files[DESCRIPTION]
    files[DESCRIPTION] = files[DESCRIPTION].replace(old, new)
    files[VALUE] = use_seal(seal(), department(), files[DESCRIPTION], f"/{DESCRIPTION}", NOW)
    return write_archive(files)


def inspected(document: bytes, trusted: TrustList | None = None) -> Inspection:
    """What a city that trusts the fictional authority, or whom it is told to, says of the document."""
    return inspect(document, trusted or trust())


def only(document: bytes, trusted: TrustList | None = None) -> SignatureReport:
    """The report on the only signature, by a city that trusts the fictional authority."""
    inspection = inspected(document, trusted)
    assert inspection.problem is None, inspection.problem
    (report,) = inspection.signatures
    return report


def outcome(report: SignatureReport, name: str) -> tuple[str, str]:
    check = report.find_check(name)
    assert check is not None, name
    return check.outcome.value, check.reason
