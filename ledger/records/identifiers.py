"""Identifiers of certificates, bodies and persons, and their check digits.

    certificate identifier   GB/T 36904-2018   ISO 7064 MOD 37,36
    credit code              GB 32100-2015     MOD 31, with an organisation code of GB 11714 (MOD 11) inside
    resident number          GB 11643-1999     ISO 7064 MOD 11-2

A certificate identifier names one version of one certificate:

    1.2.156.3005.2.11100000MB0143028R001.11429006012345671T.TM2022A0000000000001.001.E
    root           type                  issuer             serial               |   check digit
                                                                                 version

Whoever issues is strict. Whoever imports what others issued gets the oddities of real data as warnings.
Nothing here says that a code was ever assigned: that takes a register.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Self

from ledger.errors import InvalidIdentifier

ROOT = "1.2.156.3005.2"  # GB/T 36904-2018, the arc of certificate identifiers
VENDOR_ROOT = "1.2.156.3003.2"  # seen in real data, issued by software of one vendor
MAX_VERSION = 999

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CHARACTER_VALUES = {character: value for value, character in enumerate(_ALPHANUMERIC)}
# One step of MOD 37,36 from a product by a character's value: every record is checked, so the steps are computed once.
_NEXT_PRODUCTS = [[2 * ((product + value) % 36 or 36) % 37 for value in range(36)] for product in range(37)]
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V and Z
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECK_CHARACTERS = "10X98765432"

_CREDIT_CODE = re.compile(f"[{_CREDIT_ALPHABET}]{{2}}[0-9]{{6}}[{_CREDIT_ALPHABET}]{{10}}")
_CREDIT_FORM = "18 characters of 0-9 and A-Z without I, O, S, V, Z, the 3rd to 8th being digits"
_MAX_QUOTED = 100  # characters of the offending text that a message repeats


def compute_credit_check(body: str) -> str:
    """Return the check character of the first 17 characters of a credit code (GB 32100-2015, MOD 31).

    Raises: InvalidIdentifier if `body` is not 17 characters of the credit code's alphabet.
    """
    if len(body) != 17 or not set(body) <= set(_CREDIT_ALPHABET):
        raise InvalidIdentifier(
            f"credit code body {_quote(body)}: expected 17 characters of {_CREDIT_ALPHABET}"
        )
    weighted_sum = sum(
        _CREDIT_ALPHABET.index(character) * weight
        for character, weight in zip(body, _CREDIT_WEIGHTS, strict=True)
    )
    return _CREDIT_ALPHABET[-weighted_sum % 31]


def compute_organisation_check(body: str) -> str:
    """Return the check character of the first 8 characters of an organisation code (GB 11714, MOD 11).

    Raises: InvalidIdentifier if `body` is not 8 characters of 0-9 and A-Z.
    """
    if len(body) != 8 or not set(body) <= set(_ALPHANUMERIC):
        raise InvalidIdentifier(f"organisation code body {_quote(body)}: expected 8 characters 0-9, A-Z")
    weighted_sum = sum(
        _ALPHANUMERIC.index(character) * weight
        for character, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True)
    )
    return "0123456789X"[-weighted_sum % 11]


def check_credit_code(text: str) -> None:
    """Accept a unified social credit code of 18 characters, both check characters included.

    Raises: InvalidIdentifier, with the check character that was expected.
    """
    if fault := find_credit_code_fault(text):
        raise InvalidIdentifier(f"credit code {_quote(text)}: {fault}")


def find_credit_code_fault(text: str) -> str | None:
    """Say what is wrong with a credit code, without repeating it: it may be the number of a person. None if nothing is."""
    if not _CREDIT_CODE.fullmatch(text):
        return f"expected {_CREDIT_FORM}"
    return _find_check_character_fault(text)  # text of any length never enters the cache


def get_division(credit_code: str) -> str:
    """Return the administrative division of a credit code, its 3rd to 8th characters ("429006": Tianmen).

    Check digits are not looked at.

    Raises: InvalidIdentifier if the text does not have the form of a credit code.
    """
    if not _CREDIT_CODE.fullmatch(credit_code):
        raise InvalidIdentifier(f"credit code {_quote(credit_code)}: expected {_CREDIT_FORM}")
    return credit_code[2:8]


def compute_resident_check(body: str) -> str:
    """Return the check character of the first 17 digits of a resident number (ISO 7064 MOD 11-2).

    Raises: InvalidIdentifier if `body` is not 17 digits.
    """
    if not re.fullmatch("[0-9]{17}", body):
        raise InvalidIdentifier("resident number body: expected 17 digits")
    weighted_sum = sum(int(digit) * weight for digit, weight in zip(body, _RESIDENT_WEIGHTS, strict=True))
    return _RESIDENT_CHECK_CHARACTERS[weighted_sum % 11]


def check_resident_number(text: str) -> None:
    """Accept a resident identity number of 18 characters with a date of birth that exists, 1800 to 2099.

    Raises: InvalidIdentifier. The message does not repeat the number, which is personal data.
    """
    if not re.fullmatch("[1-9][0-9]{16}[0-9X]", text):
        raise InvalidIdentifier("resident number: expected 17 digits and a digit or X")
    try:
        birth_date = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError as error:
        raise InvalidIdentifier("resident number: the date of birth does not exist") from error
    if not 1800 <= birth_date.year <= 2099:
        raise InvalidIdentifier("resident number: the year of birth is not between 1800 and 2099")
    if text[17] != compute_resident_check(text[:17]):
        raise InvalidIdentifier("resident number: the check digit is wrong")


def compute_certificate_check(body: str) -> str:
    """Return the check character of type, issuer, serial and version joined (ISO 7064 MOD 37,36).

    Raises: InvalidIdentifier if `body` is empty or holds anything but 0-9 and A-Z.
    """
    if not body or not set(body) <= _CHARACTER_VALUES.keys():
        raise InvalidIdentifier(
            f"certificate identifier body {_quote(body)}: expected only characters 0-9, A-Z"
        )
    product = 36
    for character in body:
        product = _NEXT_PRODUCTS[product][_CHARACTER_VALUES[character]]
    return _ALPHANUMERIC[(37 - product) % 36]


@dataclass(frozen=True, slots=True)
class CertificateIdentifier:
    """One version of one certificate (GB/T 36904-2018); made by `parse` and `build`, which check it.

    `type` is 21 characters, `issuer` 1 to 18, `serial` 9 to 32, `version` 1 to 999, `check` one character.
    """

    type: str
    issuer: str
    serial: str
    version: int
    check: str
    root: str = ROOT
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def parse(cls, text: str, *, strict: bool = True) -> Self:
        """Read an identifier.

        Not strict, for imports: a vendor's root, underscores in issuer or serial, a check digit that does
        not fit, and a type or issuer that fails the check digits of a credit code become `warnings`.

        Raises: InvalidIdentifier, naming the part that is wrong and what was expected.
        """
        root = VENDOR_ROOT if text.startswith(f"{VENDOR_ROOT}.") else ROOT
        parts = text.removeprefix(f"{root}.").split(".")
        if not text.startswith(f"{root}.") or len(parts) != len(_PARTS):
            raise InvalidIdentifier(
                f"certificate identifier {_quote(text)}: expected {ROOT}.TYPE.ISSUER.SERIAL.VERSION.CHECK"
            )
        _require_form(parts)
        oddities = tuple(_list_oddities(root, parts))
        if strict and oddities:
            raise InvalidIdentifier(f"certificate identifier {_quote(text)}: {'; '.join(oddities)}")
        type_, issuer, serial, version, check = parts
        return cls(type_, issuer, serial, int(version), check, root, oddities)

    @classmethod
    def build(cls, type_: str, issuer: str, serial: str, version: int) -> Self:
        """Make an identifier and compute its check digit.

        Raises: InvalidIdentifier, as the strict `parse` does.
        """
        return cls.parse(_append_check(ROOT, type_, issuer, serial, version))

    def with_version(self, version: int) -> Self:
        """Return the identifier of another version of the same certificate.

        Raises: InvalidIdentifier if the version is not 1 to 999, or the identifier is one that only an
        import accepts for another reason than its check digit.
        """
        return self.parse(_append_check(self.root, self.type, self.issuer, self.serial, version))

    @property
    def lineage(self) -> str:
        """The text without version and check digit: the same for every version of the certificate."""
        return f"{self.root}.{self.type}.{self.issuer}.{self.serial}"

    @property
    def text(self) -> str:
        return f"{self.lineage}.{self.version:03d}.{self.check}"


# Part, what parsing demands in any case, and the same in words.
_PARTS = (
    ("the type", re.compile("[0-9A-Z]{18}[0-9]{3}"), "an 18-character credit code and 3 digits"),
    ("the issuer", re.compile("[0-9A-Z_]{1,18}"), "1 to 18 characters 0-9, A-Z"),
    ("the serial", re.compile("[0-9A-Z_]{9,32}"), "9 to 32 characters 0-9, A-Z"),
    ("the version", re.compile("(?!000)[0-9]{3}"), "3 digits from 001 to 999"),
    ("the check digit", re.compile("[0-9A-Z]"), "one character 0-9, A-Z"),
)


def _require_form(parts: Sequence[str]) -> None:
    for part, (name, pattern, form) in zip(parts, _PARTS, strict=False):
        if not pattern.fullmatch(part):
            quoted_identifier = _quote(".".join(parts))
            raise InvalidIdentifier(
                f"certificate identifier {quoted_identifier}: {name} is {_quote(part)}, expected {form}"
            )


def _append_check(root: str, type_: str, issuer: str, serial: str, version: int) -> str:
    body = (type_, issuer, serial, f"{version:03d}")
    _require_form(body)
    return ".".join((root, *body, compute_certificate_check("".join(body))))


def _list_oddities(root: str, parts: list[str]) -> list[str]:
    """List what an import tolerates and an issuer must not do, in the order of the text."""
    type_, issuer, serial, version, check = parts
    oddities = []
    if root != ROOT:
        oddities.append(f"the root is {root}, which belongs to a vendor, expected {ROOT}")
    for name, code in (("type", type_[:18]), ("issuer", issuer)):
        # Real data also names issuers by a shorter code, such as 340100: nothing to check in those.
        if len(code) == 18 and "_" not in code and (fault := find_credit_code_fault(code)):
            oddities.append(f"the {name} does not hold a credit code: credit code {_quote(code)}: {fault}")
    if "_" in issuer + serial:
        oddities.append("issuer or serial contains '_', which has no check digit, expected only 0-9, A-Z")
    elif check != (expected_check := compute_certificate_check(type_ + issuer + serial + version)):
        oddities.append(f"the check digit is {check}, expected {expected_check}")
    return oddities


@lru_cache(maxsize=1024)  # the types and issuers of a batch recur in every record
def _find_check_character_fault(text: str) -> str | None:
    """Say which check character of text in the form of a credit code is wrong, or None."""
    if text[16] != (expected_check := compute_organisation_check(text[8:16])):
        return f"the 17th character, check digit of the organisation code, is {text[16]}, expected {expected_check}"
    if text[17] != (expected_check := compute_credit_check(text[:17])):
        return f"the check digit is {text[17]}, expected {expected_check}"
    return None


def _quote(text: str) -> str:
    """Repeat untrusted text in a message: printable, and not without end."""
    return repr(text if len(text) <= _MAX_QUOTED else text[:_MAX_QUOTED] + "...")
