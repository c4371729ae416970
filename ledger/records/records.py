"""Records 登记记录: one statement of a department about one certificate, seal or sealing.

Format: docs/formats/record.md. Leaf data is the canonical JSON of the record; the leaf hash names it everywhere.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from ledger.crypto.suites import Suite
from ledger.crypto.trees import hash_leaf
from ledger.encoding import times
from ledger.encoding.canonical import Json, encode_known
from ledger.encoding.fields import Fields
from ledger.errors import MalformedInput
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.seal_identifiers import PREFIXES as SEALING_PREFIXES
from ledger.records.seal_identifiers import SealingIdentifier

TYPE: Final = "shunzheng/record/1"
SALT_BYTES: Final = 16
MAX_LINKS: Final = 16

#: Kinds of records, with the bit that a grant gives each.
KINDS: Final = {"licence": 1, "seal": 2, "signature": 4, "material": 8}
#: Kinds whose identifiers are certificate identifiers (GB/T 36904).
CERTIFICATE_KINDS: Final = frozenset({"licence", "material"})
#: Actions that make a certificate which can be presented; each carries claims.
PRESENTABLE_ACTIONS: Final = frozenset({"issue", "renew", "amend"})
#: Actions that change the status of the current certificate; each needs its legal basis.
STATUS_ACTIONS: Final = frozenset(
    {"suspend", "resume", "cancel", "revoke", "withdraw", "transfer", "void", "reinstate"}
)
_RELATION = re.compile(r"[a-z][a-z-]{0,31}")
_DIVISION = re.compile(r"[1-9][0-9]{5}")  # province, prefecture and county, two digits each
_TRAILING_ZEROS = re.compile(r"(?:00){1,2}$")


@dataclass(frozen=True, slots=True)
class Link:
    """A relation to another record, named by its 32-byte leaf hash."""

    rel: str
    record: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """A record; `time` in seconds since 1970, digests of 32 bytes under `suite`, absent members are None."""

    suite: Suite
    kind: str
    action: str
    identifier: str
    issuer: str
    time: int
    salt: bytes
    issued: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    claims: bytes | None = None
    previous: bytes | None = None
    links: tuple[Link, ...] = ()
    basis: str | None = None

    def __post_init__(self) -> None:
        """Check the members against each other. Raises: MalformedInput."""
        if len(self.salt) != SALT_BYTES:
            raise MalformedInput(f"the salt of a record has {SALT_BYTES} bytes")
        if self.kind not in KINDS:
            raise MalformedInput(f"the kind must be one of {', '.join(KINDS)}, not {self.kind[:40]!r}")
        if self.action not in PRESENTABLE_ACTIONS and self.action not in STATUS_ACTIONS:
            known_actions_text = ", ".join(sorted(PRESENTABLE_ACTIONS | STATUS_ACTIONS))
            raise MalformedInput(f"the action must be one of {known_actions_text}, not {self.action[:40]!r}")
        if (self.previous is None) != (self.action == "issue"):
            raise MalformedInput("`previous` is absent for issue and present for every other action")
        if self.action in PRESENTABLE_ACTIONS and self.claims is None:
            raise MalformedInput(f"{self.action} needs `claims`")
        if self.action in STATUS_ACTIONS:
            if self.basis is None:
                raise MalformedInput(f"{self.action} needs its legal `basis`")
            if self.claims or self.issued or self.valid_from or self.valid_until:
                raise MalformedInput(f"{self.action} carries neither claims nor dates of a certificate")
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise MalformedInput("`valid_until` lies before `valid_from`")
        if self.kind in CERTIFICATE_KINDS:
            _parse_certificate(self.identifier)
        elif _parse_sealing(self.identifier).kind != self.kind:
            raise MalformedInput(f"the identifier of a {self.kind} begins with `{self.kind}.`")

    @property
    def certificate(self) -> CertificateIdentifier:
        """The identifier, parsed; only for kinds that carry certificate identifiers."""
        return _parse_certificate(self.identifier)

    @property
    def version(self) -> int:
        """The version that the identifier names, from 1."""
        return self._parsed.version

    @property
    def names_issuer(self) -> bool:
        """Whether the identifier names the issuer: by credit code or, as older certificates do, by its division."""
        named_issuer = self._parsed.issuer
        if self.kind in CERTIFICATE_KINDS and _DIVISION.fullmatch(named_issuer):
            return self.issuer[2:8].startswith(_TRAILING_ZEROS.sub("", named_issuer))
        return named_issuer == self.issuer

    @property
    def lineage(self) -> str:
        """What all versions of one certificate share: the identifier without version and check."""
        return self._parsed.lineage

    @property
    def _parsed(self) -> CertificateIdentifier | SealingIdentifier:
        return (
            _parse_certificate(self.identifier)
            if self.kind in CERTIFICATE_KINDS
            else _parse_sealing(self.identifier)
        )

    def to_json(self) -> dict[str, Json]:
        body: dict[str, Json] = {
            "type": TYPE,
            "kind": self.kind,
            "action": self.action,
            "identifier": self.identifier,
            "issuer": self.issuer,
            "time": times.format_time(self.time),
            "salt": self.salt.hex(),
        }
        days = {"issued": self.issued, "valid_from": self.valid_from, "valid_until": self.valid_until}
        body |= {name: day.isoformat() for name, day in days.items() if day is not None}
        digests = {"claims": self.claims, "previous": self.previous}
        body |= {name: self.suite.format(digest) for name, digest in digests.items() if digest is not None}
        if self.links:
            body["links"] = [
                {"rel": link.rel, "record": self.suite.format(link.record)} for link in self.links
            ]
        if self.basis is not None:
            body["basis"] = self.basis
        return body

    def encode(self) -> bytes:
        """Return the canonical bytes, which are the leaf data."""
        return encode_known(self.to_json())

    def hash_leaf(self) -> bytes:
        """Return the 32-byte leaf hash that names this record."""
        return hash_leaf(self.suite, self.encode())


@lru_cache(maxsize=1024)  # a record is asked for its identifier several times in a row
def _parse_certificate(identifier: str) -> CertificateIdentifier:
    return CertificateIdentifier.parse(identifier, strict=False)


@lru_cache(maxsize=1024)
def _parse_sealing(identifier: str) -> SealingIdentifier:
    return SealingIdentifier.parse(identifier)


def read_version(identifier: str) -> int:
    """Return the version that an identifier of any kind names. Raises: InvalidIdentifier."""
    parse = _parse_sealing if identifier.startswith(SEALING_PREFIXES) else _parse_certificate
    return parse(identifier).version


def read_lineage(identifier: str) -> str:
    """Return what all versions of an identifier share; text that is no identifier is its own lineage."""
    parse = _parse_sealing if identifier.startswith(SEALING_PREFIXES) else _parse_certificate
    try:
        return parse(identifier).lineage
    except MalformedInput:
        return identifier


def decode_record(value: Json) -> Record:
    """Read a record from decoded JSON. Raises: MalformedInput, NewerFormat."""
    fields = Fields(value, "record")
    fields.take_type(TYPE)
    digests = {name: fields.take_digest(name) for name in ("claims", "previous") if fields.has(name)}
    links = []
    if fields.has("links"):
        links = [read_link(item) for item in fields.take_array("links", MAX_LINKS)]
        if not links:
            raise MalformedInput("`links` is left out when there are none")
    suites = [suite for suite, _ in digests.values()] + [suite for suite, _ in links]
    if not suites:
        raise MalformedInput("a record states `claims` or `previous`")
    if any(suite != suites[0] for suite in suites):
        raise MalformedInput("the digests of one record must be of one suite")
    record = Record(
        suite=suites[0],
        kind=fields.take_text("kind"),
        action=fields.take_text("action"),
        identifier=fields.take_text("identifier"),
        issuer=fields.take_text("issuer"),
        time=fields.take_time("time"),
        salt=fields.take_hex("salt", SALT_BYTES),
        issued=fields.take_date("issued"),
        valid_from=fields.take_date("valid_from"),
        valid_until=fields.take_date("valid_until"),
        claims=digests["claims"][1] if "claims" in digests else None,
        previous=digests["previous"][1] if "previous" in digests else None,
        links=tuple(link for _, link in links),
        basis=fields.take_optional("basis", str),
    )
    fields.close()
    return record


def read_link(item: Json) -> tuple[Suite, Link]:
    """Read one element of `links`. Raises: MalformedInput."""
    fields = Fields(item, "link")
    rel = fields.take_text("rel")
    if not _RELATION.fullmatch(rel):
        raise MalformedInput("the relation of a link is lowercase letters and hyphens")
    suite, digest = fields.take_digest("record")
    fields.close()
    return suite, Link(rel, digest)
