"""The dated list of seal makers and certificate authorities 可信机构名单 that a city accepts.

The list says who vouches for whom, and nothing else: what ends outside of it is intact all the same, and
unverifiable, never invalid. Certificates in PEM are a list without dates and roles. Format: docs/formats/trust-list.md.
"""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from ledger.documents.certificates.certificates import Certificate, SignatureResult, decode_certificate
from ledger.documents.findings import Check, leave_unknown, pass_check
from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.encoding.canonical import decode as decode_json
from ledger.encoding.fields import Fields
from ledger.errors import LimitExceeded, MalformedInput

TYPE: Final = "shunzheng/trust-list/1"
#: Vouches for those who sign and use seals.
SIGNERS: Final = "signers"
#: Makes seals, or vouches for those who do.
SEAL_MAKERS: Final = "seal-makers"
#: Makes timestamps, or vouches for those who do.
TIMESTAMPERS: Final = "timestampers"
ROLES: Final = (SIGNERS, SEAL_MAKERS, TIMESTAMPERS)
#: The reason where nothing on the list vouches for who is in that role.
UNKNOWN_REASONS: Final = {SIGNERS: "signer", SEAL_MAKERS: "seal_maker", TIMESTAMPERS: "timestamper"}
MAX_BYTES: Final = 4 * 1024 * 1024
#: The province's list of authorities has some dozens.
MAX_AUTHORITIES: Final = 1000
#: Certificates from the signer's up to one on the list.
MAX_CHAIN: Final = 4
_PEM: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Authority:
    """One certificate of the list, what for, and from which to which civil date (inclusive; None is open)."""

    name: str
    certificate: Certificate
    roles: frozenset[str]
    first_day: date | None = None
    last_day: date | None = None

    def is_in_force(self, moment: int) -> bool:
        day = times.find_civil_date(moment)
        return (
            self.certificate.is_valid_at(moment) is True
            and (self.first_day is None or self.first_day <= day)
            and (self.last_day is None or day <= self.last_day)
        )


@dataclass(frozen=True, slots=True)
class TrustList:
    """The authorities that a city accepts, as of `issued_at` (seconds since 1970; None for a PEM file)."""

    name: str
    issued_at: int | None
    authorities: tuple[Authority, ...]

    def list_authorities(self, role: str) -> list[Authority]:
        return [authority for authority in self.authorities if role in authority.roles]


def decode_trust_list(data: bytes) -> TrustList:
    """Read a list: JSON, or certificates in PEM. Raises: MalformedInput, LimitExceeded, NewerFormat."""
    if len(data) > MAX_BYTES:
        raise LimitExceeded(f"a trust list has {MAX_BYTES} bytes at most")
    if data.lstrip().startswith(b"-----BEGIN"):
        return _read_pem_list(data)
    fields = Fields(decode_json(data), "trust list")
    fields.take_type(TYPE)
    trust_list = TrustList(
        fields.take_text("name"),
        fields.take_time("issued"),
        tuple(_read_authority(item) for item in fields.take_array("authorities", MAX_AUTHORITIES)),
    )
    fields.close()
    return trust_list


def check_chain(
    certificate: Certificate,
    other_certificates: Iterable[Certificate],
    trust_list: TrustList | None,
    role: str,
    moment: int | None,
) -> Check:
    """Follow a certificate up to one on the list that was in force at `moment`; `other_certificates` may lie in between."""
    if not certificate.may_sign:
        return leave_unknown("chain", "usage")
    if trust_list is None:
        return leave_unknown("chain", "no_trust_list")
    intermediate_certificates, accepted_authorities = (
        list(other_certificates),
        trust_list.list_authorities(role),
    )
    open_end_check, certificate_below = leave_unknown("chain", UNKNOWN_REASONS[role]), certificate
    for _ in range(MAX_CHAIN):
        for authority in accepted_authorities:
            if not _vouches(authority.certificate, certificate_below):
                continue
            if moment is not None and authority.is_in_force(moment):
                return pass_check("chain")
            open_end_check = leave_unknown("chain", "period")
        issuer_certificate = next(
            (
                candidate
                for candidate in intermediate_certificates
                if candidate.is_authority and _has_issued(candidate, certificate_below)
            ),
            None,
        )
        if issuer_certificate is None or (moment is not None and not issuer_certificate.is_valid_at(moment)):
            return open_end_check
        certificate_below = issuer_certificate
    return open_end_check


def _vouches(authority: Certificate, certificate: Certificate) -> bool:
    return authority.der == certificate.der or _has_issued(authority, certificate)


@lru_cache(maxsize=1024)  # few authorities vouch for all who sign
def _has_issued(issuer: Certificate, certificate: Certificate) -> bool:
    may_have_issued = issuer.may_certify and issuer.subject == certificate.issuer
    return may_have_issued and issuer.has_issued(certificate) is SignatureResult.YES


def _read_authority(value: Json) -> Authority:
    fields = Fields(value, "authority")
    name = fields.take_text("name")
    roles = fields.take_array("roles", len(ROLES))
    if not roles or not all(role in ROLES for role in roles):
        raise MalformedInput(f"the roles of an authority are among {', '.join(ROLES)}")
    pem_text = fields.take("certificate")
    certificates = _read_certificates(pem_text) if isinstance(pem_text, str) else []
    if len(certificates) != 1:
        raise MalformedInput("an authority has one certificate in PEM")
    first_day, last_day = fields.take_date("from"), fields.take_date("until")
    fields.close()
    return Authority(name, certificates[0], frozenset(map(str, roles)), first_day, last_day)


def _read_pem_list(data: bytes) -> TrustList:
    try:
        certificates = _read_certificates(data.decode("ascii"))
    except UnicodeDecodeError as error:
        raise MalformedInput("a PEM file is ASCII") from error
    return TrustList("", None, tuple(map(_make_authority, certificates)))


def _make_authority(certificate: Certificate) -> Authority:
    return Authority(certificate.name, certificate, _imply_roles(certificate))


def _imply_roles(certificate: Certificate) -> frozenset[str]:
    """An authority vouches for no makers of seals: whoever it certified could else make them in anybody's name.

    For timestamps it does: whom it certified for those is told by the extended key usage.
    """
    return frozenset(ROLES) if certificate.is_authority is False else frozenset({SIGNERS, TIMESTAMPERS})


def _read_certificates(text: str) -> list[Certificate]:
    if not text.strip() or _PEM.sub("", text).strip():
        raise MalformedInput("a PEM file of a trust list holds certificates and nothing else")
    bodies = _PEM.findall(text)
    if len(bodies) > MAX_AUTHORITIES:
        raise LimitExceeded(f"a trust list has {MAX_AUTHORITIES} authorities at most")
    try:
        return [decode_certificate(base64.b64decode("".join(body.split()), validate=True)) for body in bodies]
    except ValueError as error:
        raise MalformedInput("a certificate in PEM is not base64") from error
