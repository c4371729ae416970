"""Identifiers of seals 电子印章 and sealings 签章, for which GB/T 36904 has none.

    seal.ISSUER.SERIAL.VERSION.CHECK          seal.11429006012345671T.42900600000001.001.E
    signature.ISSUER.SERIAL.VERSION.CHECK

ISSUER is the credit code of the body that registers; SERIAL 9 to 32 characters 0-9, A-Z, normally a seal's
own code (esID); VERSION 3 digits from 001, raised when a seal is renewed; CHECK the check character of GB/T
36904, ISO 7064 MOD 37,36, over issuer, serial and version without dots. The form is this project's: see
docs/formats/seals-and-signatures.md.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from ledger.errors import InvalidIdentifier
from ledger.records.identifiers import check_credit_code, compute_certificate_check

PREFIXES: Final = ("seal.", "signature.")
_FORM: Final = re.compile(
    r"(?P<kind>seal|signature)\.(?P<issuer>[0-9A-Z]{18})\.(?P<serial>[0-9A-Z]{9,32})"
    r"\.(?P<version>(?!000)[0-9]{3})\.(?P<check>[0-9A-Z])"
)
_MAX_QUOTED: Final = 80


@dataclass(frozen=True, slots=True)
class SealingIdentifier:
    """An identifier taken apart; `kind` is `seal` or `signature`."""

    kind: str
    issuer: str
    serial: str
    version: int
    check: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an identifier. Raises: InvalidIdentifier."""
        form_match = _FORM.fullmatch(text)
        if form_match is None:
            raise InvalidIdentifier(
                f"identifier {text[:_MAX_QUOTED]!r}: expected KIND.ISSUER.SERIAL.VERSION.CHECK"
            )
        kind, issuer, serial, version, check = form_match.groups()
        check_credit_code(issuer)
        expected_check = compute_certificate_check(issuer + serial + version)
        if check != expected_check:
            raise InvalidIdentifier(
                f"identifier {text!r}: the check character is {check}, expected {expected_check}"
            )
        return cls(kind, issuer, serial, int(version), check)

    @classmethod
    def build(cls, kind: str, issuer: str, serial: str, version: int = 1) -> Self:
        """Make an identifier and compute its check character. Raises: InvalidIdentifier."""
        body = f"{issuer}{serial}{version:03d}"
        if not re.fullmatch("[0-9A-Z]+", body):
            raise InvalidIdentifier(f"serial {serial[:_MAX_QUOTED]!r}: expected 9 to 32 characters 0-9, A-Z")
        return cls.parse(f"{kind}.{issuer}.{serial}.{version:03d}.{compute_certificate_check(body)}")

    def with_version(self, version: int) -> Self:
        """Return the identifier of another version of the same object. Raises: InvalidIdentifier beyond 999."""
        return self.build(self.kind, self.issuer, self.serial, version)

    @property
    def lineage(self) -> str:
        """The text without version and check character: the same for every version."""
        return f"{self.kind}.{self.issuer}.{self.serial}"

    @property
    def text(self) -> str:
        return f"{self.lineage}.{self.version:03d}.{self.check}"
