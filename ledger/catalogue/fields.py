"""Claims 证照信息项: form, grading, and what other systems call them.

Names are those of GB/T 36903, and extensions `KZ_…`, which no standard assigns: initials of the Chinese label. Levels of
grading 数据分级 are this project's defaults, in the manner of GB/T 43697 and of articles 4 and 28 of the law on personal
information: a city grades by the rules of the place, in a folder of its own.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from msgspec import Meta, field
from msgspec.structs import replace

from ledger.catalogue.shapes import ClaimName, ClaimNames, Line, Lines, Shape
from ledger.words import Words

#: Data-grading levels, from what is published anyway to what harms a person when it leaks.
LEVELS: Final = {1: "公开", 2: "内部", 3: "敏感", 4: "高敏感"}
#: The claim that says by which version of the catalogue a record was drafted 证照目录版本.
VERSION_CLAIM: Final = "KZ_MLBB"
#: The claim that names the row of a table of which a record was made 原始行摘要, by a salted digest.
SOURCE_ROW_CLAIM: Final = "KZ_YSHZY"
#: The claim that says that the source's last day is false, and the term not known 期限说明; and what it says.
UNKNOWN_TERM_CLAIM: Final = "KZ_QXSM"
UNKNOWN_TERM: Final = "期限不详"


class Form(StrEnum):
    """What the value of a claim looks like: all but an integer are text."""

    TEXT = "text"
    DATE = "date"  # YYYY-MM-DD, a civil date in Asia/Shanghai
    TIME = "time"  # YYYY-MM-DDTHH:MM:SSZ
    INTEGER = "integer"
    CHOICE = "choice"  # one of `values` and nothing else
    DIGEST = "digest"  # of bytes that stay with the department: algorithm, colon, hexadecimal


class Group(StrEnum):
    """The groups of claims in the national engineering standards of certificates (C 0xxx, chapter 5)."""

    BASE = "base"  # 基础信息
    HOLDER = "holder"  # 持证主体信息
    PERMIT = "permit"  # 许可信息
    MANAGEMENT = "management"  # 管理信息


class Sensitivity(StrEnum):
    """Whether a claim is personal information, and of the sensitive sort (PIPL article 28)."""

    NONE = "none"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


class Mask(StrEnum):
    """How a value is shown to those who may not see it whole (脱敏)."""

    NONE = "none"
    NAME = "name"  # 张*
    NUMBER = "number"  # first six and last four characters
    ADDRESS = "address"  # up to the street
    ALL = "all"


Level = Annotated[int, Meta(ge=1, le=4)]


class Grading(Shape, frozen=True):
    """The grading of a claim where the holder is a natural person."""

    level: Level
    sensitivity: Sensitivity
    mask: Mask


class ClaimField(Shape, frozen=True):
    """One claim that certificates of a type state, with all that a form, a table or a page needs for it.

    `values`: all values of a choice, or usual values of a text. A `repeatable` claim has an array as its value, even of one.
    `headings`: what Chinese tables call it besides its label; `aliases`: names of its column, by source; `former`: earlier
    names of the claim, which records of the past state.
    """

    name: ClaimName
    label: Words
    group: Group
    standard: Literal["GB/T 36903", "extension"] = "extension"
    form: Form = Form.TEXT
    values: Lines = ()
    required: bool = True
    repeatable: bool = False
    level: Level = 1
    sensitivity: Sensitivity = Sensitivity.NONE
    mask: Mask = Mask.NONE
    of_person: Grading | None = None
    headings: Lines = ()
    aliases: dict[Line, Lines] = field(default_factory=dict)
    former: ClaimNames = ()

    def grade_for_person(self) -> "ClaimField":
        """Return the field as it is on the certificate of a natural person."""
        if self.of_person is None:
            return self
        grading = self.of_person
        return replace(self, level=grading.level, sensitivity=grading.sensitivity, mask=grading.mask)
