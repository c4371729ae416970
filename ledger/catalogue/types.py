"""Types of certificates 证照类型 and kinds of seals, as the catalogue has them.

A type code is the credit code of the ministry that defines the type, and three digits. Types whose code is not known stand
under `LOCAL_PREFIX`, which no body has and which shows that it is made up: authority Y, Tianmen's division, "EXAMPLE", and
check digits that pass. No ministry's code is invented. A city replaces the local codes when it obtains the official ones.
"""

import re
from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta

from ledger.catalogue.shapes import MAX_ITEMS, ClaimNames, Id, Line, Lines, Remark, Shape
from ledger.words import Words

TypeCode: TypeAlias = Annotated[str, Meta(pattern="^[0-9A-HJ-NPQRTUWXY]{18}[0-9]{3}$")]
# Of a number: the longest known has some thirty. On longer texts a pattern could take minutes.
MAX_NUMBER_CHARS: Final = 64
LOCAL_PREFIX: Final = "Y1429006EXAMPLE03H"


class Certainty(StrEnum):
    """How sure the code of a type is."""

    VERIFIED = "verified"  # read in public source code or data
    PRESUMED = "presumed"  # it follows from what was read
    LOCAL = "local"  # made up, until the city obtains the official one


class Evidence(StrEnum):
    """Where what the catalogue says of a type comes from."""

    CODE = "code"  # public source code or data
    PAGE = "page"  # a public page or document
    RECALLED = "recalled"  # general knowledge: a city checks it before it relies on it


class Use(StrEnum):
    """What departments of a city do with certificates of a type."""

    ISSUE = "issue"
    RELY = "rely"  # only others issue it
    UNNAMED = "unnamed"  # the code was seen, what it means is not known: no form offers it


class NumberRule(Shape, frozen=True):
    """What numbers of a type look like: other numbers are warned of and never refused."""

    pattern: Annotated[str, Meta(max_length=200)]
    note: Remark = ""

    def fits(self, number: str) -> bool:
        """Tell whether a number looks as the pattern has it; no number is longer than `MAX_NUMBER_CHARS`."""
        return len(number) <= MAX_NUMBER_CHARS and re.fullmatch(self.pattern, number) is not None


class Validity(Shape, frozen=True):
    """How long certificates of a type are valid: without end, some usual numbers of years, or as each one says.

    `endless`: some of those with years are without end too.
    """

    term: Literal["none", "years", "stated"]
    years: Annotated[tuple[Annotated[int, Meta(ge=1, le=100)], ...], Meta(max_length=8)] = ()
    endless: bool = False
    note: Remark = ""


class SealRule(Shape, frozen=True):
    """What 《电子印章管理办法》 (国办发〔2025〕33号) makes of a kind of seal; a new company gets the free ones at once."""

    group: Literal["法定名称章", "内设机构章", "分支机构章", "业务专用章", "单位事务个人名章"]
    basis: Line
    free: bool = False


class CertificateType(Shape, frozen=True):
    """A type of certificate, a kind of seal, or a sealing.

    `code` is 21 characters; `former_codes`: those that records of the past state; `authority` the field of administration;
    `joint`: there may be several holders; `papers`: what lists of materials call the paper that it replaces.
    """

    id: Id
    name: Words
    code: TypeCode
    certainty: Certainty
    authority: Line
    holders: Annotated[tuple[Literal["body", "person"], ...], Meta(min_length=1, max_length=2)]
    former_codes: Annotated[tuple[TypeCode, ...], Meta(max_length=MAX_ITEMS)] = ()
    kind: Literal["certificate", "seal", "sealing"] = "certificate"
    use: Use = Use.ISSUE
    joint: bool = False
    aliases: Lines = ()
    papers: Lines = ()
    standard: Line | None = None
    number: NumberRule | None = None
    validity: Validity | None = None
    seal: SealRule | None = None
    required: ClaimNames = ()
    optional: ClaimNames = ()
    evidence: Evidence = Evidence.RECALLED
    note: Remark = ""

    @property
    def is_personal(self) -> bool:
        """Whether a natural person may be the holder: what is stated of the holder is graded so."""
        return "person" in self.holders
