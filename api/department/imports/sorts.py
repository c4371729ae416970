"""What can be said of an imported cell, row or file, by name, and what follows from it."""

from enum import StrEnum
from typing import Final, NamedTuple


class Consequence(StrEnum):
    """What follows: the row comes back, a person accepts it by name, a person answers for the whole file, or it is told."""

    REJECT = "reject"
    WARN = "warn"
    ASK = "ask"
    NORMALISE = "normalise"


_REJECTING_SORTS: Final = {
    "columns": "a row with more or fewer columns than the headings, or with quotation marks that do not fit",
    "missing": "a row without number, holder, type or day of issue",
    "spreadsheet": "a number, code or formula that a spreadsheet has spoilt",
    "lost-zeros": "zeros at the beginning that went missing",
    "formula": "a formula without a stored value",
    "date": "no day of the calendar, or a month alone",
    "never-date": "a day that stands for “unknown” where one is required",
    "future": "a day of issue that lies in the future",
    "end-before-start": "a last day before the first",
    "holder-code": "a code of the holder whose check digit is wrong, or that is masked",
    "holders": "other numbers of holders and of their codes",
    "issuer-code": "no credit code of the issuer",
    "type-code": "no code of a type of certificates",
    "identifier": "an identifier whose check digit or root is wrong",
    "own-label": "a cell that holds the heading of its column",
    "lost-character": "a character that was lost between encodings",
    "unseen": "a character that nobody can see, or a line break inside a name, number or code",
    "json": "a cell with an object that cannot be read",
    "not-a-number": "no whole number where the catalogue has one",
    "row-twice": "the same certificate with other content further up in the file",
    "ended": "a certificate that its source calls ended",
    "claim": "a value that no record can state",
}
_WARNING_SORTS: Final = {
    "false-end": "9999-12-30 and the like: the term is not known, and is never registered as 长期",
    "old-organisation-code": "an organisation code or registration number from before 2015",
    "old-resident-number": "a resident number of 15 digits",
    "person-in-company-column": "a resident number where a credit code is expected",
    "holder-type": "a type of the holder's code that does not fit the code",
    "no-holder-code": "a holder without a code",
    "required": "claims 必填项 that such certificates state by the catalogue, and a row does not",
    "type-name": "a name of a type that the catalogue has otherwise, or that is not that of its code",
    "type": "a type of certificate that the catalogue does not have",
    "private-character": "a private character, which others show otherwise or not",
    "wrong-encoding": "text that was read in a wrong encoding",
    "identifier-of-the-past": "an identifier of the past that is not as the standard has it",
    "number-pattern": "a number of a certificate that looks otherwise than the profile or the catalogue has it",
    "unknown-code": "a code of the holder of which nothing tells what it is",
    "several-holders": "several names where such certificates have one holder",
    "masked-name": "a name of which a part is hidden",
    "cut-number": "a long number that ends with zeros, as spreadsheets cut them",
    "hidden": "a row, column or sheet that the file hides",
    "web-marks": "marks of a web page inside a value",
    "holder-kind": "a person that holds what the catalogue gives to bodies, or a body what it gives to persons",
    "term": "a term that certificates of this type do not have",
    "full-width": "full-width digits or letters",
    "blanks": "odd blanks inside a value",
    "placeholder": "a word or sign that stands for nothing",
    "odd-date": "a day that is rare",
    "issue-order": "a row of a backfill that was issued before the rows above it: positions follow the table",
    "same-days": "every certificate is valid from the day of its issue: the column may be a copy",
    "equal-columns": "two columns that are equal in nearly all rows",
}
_ASKING_SORTS: Final = {
    "empty-end": "whether an empty last day means 长期, or that it is not known",
    "status-word": "what a word of the state means",
    "holder-type-word": "what a word for the type of the holder's code means",
    "swapped-days": "whether first and last day are bound to the right columns",
    "changed": "whether rows that differ from what is registered are 变更 or 换发",
}
_NORMALISING_SORTS: Final = {
    "issuer-of-then": "the authority of then 原颁发机构 is stated as a claim beside the one that registers now",
    "identifier-of-then": "the identifier of an authority of then is stated as a claim, and another is drawn",
    "type-of-sheet": "the type is that of the sheet’s name",
    "null-word": "a word for nothing is left out",
    "protected": "an apostrophe or tab that protects a number is taken away",
    "blanks-around": "blanks at the beginning or the end are taken away",
    "line-break": "line breaks inside a text are written as a blank",
    "code-width": "full-width characters and blanks of a code are written plainly",
    "date-form": "a day is written YYYY-MM-DD",
    "serial": "a number by which spreadsheets count days (1900 or 1904 system) is written as its day",
    "endless": "a day or word for “no end” is 长期",
    "no-date": "a day that stands for “unknown” is left out",
    "formula-value": "the stored value of a formula is taken",
    "json-quotes": "an object with single quotes is read",
    "division": "zeros behind the six digits of a division are taken away",
    "holder-type-map": "a word or code for the type of the holder's code is translated by the profile",
}
#: Every sort, with what it is.
SORTS: Final = _REJECTING_SORTS | _WARNING_SORTS | _ASKING_SORTS | _NORMALISING_SORTS
#: Sorts that a person may accept by name.
ACCEPTABLE: Final = tuple(_WARNING_SORTS)


def find_consequence(sort: str) -> Consequence:
    """Return what follows from a finding of this sort."""
    if sort in _REJECTING_SORTS:
        return Consequence.REJECT
    if sort in _WARNING_SORTS:
        return Consequence.WARN
    return Consequence.ASK if sort in _ASKING_SORTS else Consequence.NORMALISE


class Finding(NamedTuple):
    """What is wrong or was changed in a cell; `message` repeats no value, `suggestion` says what to write.

    `claim` is the name of what the column states, empty where a finding is of no claim.
    """

    sort: str
    column: str
    value: str
    message: str
    suggestion: str = ""
    claim: str = ""

    @property
    def consequence(self) -> Consequence:
        return find_consequence(self.sort)
