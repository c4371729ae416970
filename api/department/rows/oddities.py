"""What a row states that is nearly always a slip, or what a spreadsheet made of it.

It is told before anything is signed. None of it is wrong for certain, so a person may accept each sort by its name; what
is wrong for certain is refused elsewhere (`anchoring.intake.judging`). What a row carries over is not looked at.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from anchoring.intake.judging import Oddity
from api.department.rows.columns import (
    DAY_MEMBERS,
    ask_if_meant,
    get_claim_labels,
    get_sensitive_claims,
    resembles_member,
)
from api.department.rows.days import is_endless, parse_day, parse_last_day, read_serial
from api.department.rows.forms import find_fields
from api.department.rows.versions import Version
from ledger.catalogue.fields import ClaimField, Form
from ledger.encoding.canonical import Json
from ledger.errors import InvalidIdentifier, MalformedInput
from ledger.records.contradictions import read_date
from ledger.records.identifiers import check_resident_number, find_credit_code_fault
from ledger.records.records import Record

#: Sorts of oddities, by which they are accepted, and what each is.
SORTS: Final = {
    "identifier": "an identifier of a certificate of the past that is not as the standard has it",
    "type": "a type of certificate that the catalogue does not have",
    "required": "claims 必填项 that are to be stated by the catalogue, and are not",
    "new-claim": "a claim that neither the catalogue nor the current version has",
    "odd-date": "a day that often stands for none, in the future or in the past where that is rare",
    "not-a-date": "no date where the catalogue has one",
    "not-a-number": "no whole number where the catalogue has one",
    "spreadsheet": "what spreadsheets make of numbers, dates, codes and formulas",
    "lost-zeros": "zeros at the beginning that went missing",
    "full-width": "full-width digits or letters in a code",
    "blanks": "blanks at the beginning or the end",
    "placeholder": "a word or sign that stands for nothing",
    "lost-character": "a character that was lost between encodings, or a private one",
    "holder-code": "a code of the holder whose check digit or length is wrong",
    "no-end": "a certificate without end that does not say so",
}
_MAX_QUOTED: Final = 40  # characters of a value that a message repeats
_HOLDER_CLAIM: Final = "CZZTDM"
_HOLDER_TYPE_CLAIM: Final = "CZZTDMLXDM"
_CODE_CHARS: Final = 18  # of a credit code, and of a resident number
_CREDIT_TYPE: Final = "001"
_RESIDENT_TYPE: Final = "111"

_MONTH_PATTERN: Final = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
#: What a spreadsheet leaves in a cell, with what it did.
_SPREADSHEET_PATTERNS: Final = (
    (
        re.compile(r"[+-]?[0-9](?:\.[0-9]+)?[Ee]\+[0-9]+|[+-]?[0-9]\.[0-9]+[Ee][0-9]+"),
        "shows a long number as a power of 10",
    ),
    (re.compile(r"[0-9]{15}0{2,}"), "keeps fifteen digits of a number and makes the others zeros"),
    (re.compile(r"[0-9]{5,}\.0+"), "took a code for a number"),
    (re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){4,}"), "puts commas into a long number"),
    (
        re.compile(r"['‘’`][0-9A-Za-z].*", re.DOTALL),
        "puts an apostrophe before text that looks like a number",
    ),
    (re.compile(r"=.+", re.DOTALL), "was given a formula"),
    (
        re.compile(r"#(?:N/A|[A-Z][A-Z0-9/_]*[!?]|#+)"),
        "could not show the value of this cell",
    ),
    (
        re.compile(
            rf"[0-9]{{1,2}}月[0-9]{{1,2}}日|[0-9]{{1,2}}-{_MONTH_PATTERN}|{_MONTH_PATTERN}-[0-9]{{2}}"
        ),
        "took a code for a date",
    ),
)
_FULL_WIDTH: Final = re.compile("[０-９Ａ-Ｚａ-ｚ]")
#: Text as nearly all is, of which only the words are looked at: beginning with a Chinese character, or a code with letters.
_ORDINARY_TEXT: Final = re.compile(
    "[\u3400-\u9fff][\u3400-\u9fff\u3001-\u3015\uff08-\uff0c\uff1a\uff1b0-9A-Za-z()-]*|[0-9A-Z]*[A-Z][0-9A-Z]*"
)
_READ_FORMS: Final = (Form.DATE, Form.INTEGER)
_PLACEHOLDERS: Final = frozenset(
    (
        "",
        "无",
        "空",
        "暂无",
        "未知",
        "null",
        "none",
        "nan",
        "na",
        "undefined",
    )
)
# Characters of the longest placeholder, with signs around it.
_MAX_PLACEHOLDER_CHARS: Final = 16
_SIGNS: Final = re.compile(r"[\W_]+")
_GARBLED_SIGN: Final = "锟斤拷"  # two signs for what was lost, read as GBK
_LOST_CHARACTER: Final = re.compile(f"\ufffd|□|{_GARBLED_SIGN}|[\u3400-\u9fff](?:\\?|？$)|\\?[\u3400-\u9fff]")
#: Spaces inside a text that look like one blank, or like nothing to a program that compares.
_ODD_BLANKS: Final = re.compile(r"[^\S ]|  ")
#: What a text was written in and what it was read as, where the letters that came of it are Latin ones.
_LATIN_READINGS: Final = (("utf-8", "latin-1"), ("utf-8", "cp1252"), ("gb2312", "latin-1"))
#: The same where they are Chinese ones.
_CHINESE_READING: Final = ("utf-8", "gbk")
_PRIVATE_CHARACTER: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]")
_HAN_CHARACTER: Final = re.compile("[\u4e00-\u9fff]")
#: Days that stand for “unknown” and for “no end” in other systems.
_FIRST_DAYS: Final = frozenset((date(1900, 1, 1), date(1970, 1, 1)))
_LAST_YEARS: Final = frozenset((2099, 2999, 9999))
_LONGEST_TERM_YEARS: Final = 100  # a right to land lasts 70
_YEAR_END: Final = frozenset(((12, 30), (12, 31)))


@dataclass(frozen=True, slots=True)
class RowWarning:
    """Something odd in a row of the input that may be meant; `name` is its sort."""

    row_number: int
    name: str
    message: str


def find_oddities(
    members: Mapping[str, Json], today: date, version: Version | None = None
) -> Iterator[Oddity]:
    """Yield what is odd in the members that a row states, as of `today`; `version` is the current one of a change."""
    for name in DAY_MEMBERS:
        if isinstance(day := members.get(name), str):
            yield from _find_day_oddities(name, day, today, version.record if version else None)
    if isinstance(basis := members.get("basis"), str):
        yield from _find_text_oddities("basis", basis, Form.TEXT, None)
    claims = members.get("claims")
    if not isinstance(claims, dict):
        return
    claims_before = version.claims if version else {}
    identifier = version.record.identifier if version else members.get("identifier")
    fields = find_fields(str(identifier))
    for name, value in claims.items():
        if (
            version
            and name not in claims_before
            and (name not in get_claim_labels() or resembles_member(name))
        ):
            question = ask_if_meant(name, [*claims_before, *get_claim_labels()])
            yield Oddity(
                "new-claim",
                f"the claim “{name[:_MAX_QUOTED]}” is new here and to the catalogue{question}",
            )
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield from _find_text_oddities(
                    name, text, _find_form(fields.get(name)), claims_before.get(name)
                )
    if _HOLDER_CLAIM in claims or _HOLDER_TYPE_CLAIM in claims:
        yield from _find_holder_oddities({**claims_before, **claims})


def _find_form(field: ClaimField | None) -> Form:
    return field.form if field else Form.TEXT


def _find_day_oddities(name: str, text: str, today: date, current_record: Record | None) -> Iterator[Oddity]:
    try:
        day = parse_last_day(text) if name == "valid_until" else parse_day(text)
    except MalformedInput:
        return  # refused, with how to write it
    if day is None:
        return
    if name == "valid_until":
        if (
            day.year in _LAST_YEARS and (day.month, day.day) in _YEAR_END
        ) or day.year > today.year + _LONGEST_TERM_YEARS:
            yield Oddity("odd-date", f"`{name}` {text} often stands for no end: write 长期 if there is none")
        elif current_record and day < today:
            yield Oddity("odd-date", f"`{name}` {text} lies in the past: the new version is expired at once")
        elif current_record and current_record.valid_until and day < current_record.valid_until:
            yield Oddity(
                "odd-date",
                f"`{name}` {text} lies before the end of the current version, {current_record.valid_until}",
            )
        return
    if day in _FIRST_DAYS:
        yield Oddity(
            "odd-date", f"`{name}` {text} often stands for a day that is not known: leave it out then"
        )
    elif name == "issued" and day > today:
        yield Oddity("odd-date", f"`{name}` {text} lies in the future")


def find_text_oddities(name: str, text: str) -> Iterator[Oddity]:
    """Yield what is odd in a text that a claim of this name states, whatever form the catalogue gives it."""
    yield from _find_text_oddities(name, text, Form.TEXT, None)


def _find_text_oddities(name: str, text: str, form: Form, value_before: "Json | None") -> Iterator[Oddity]:
    """Yield what is odd in one text of the claim `name`; `value_before` is what the claim said, if that is known."""
    bare_text, label = text.strip(), get_claim_labels().get(name)
    is_empty_word = _is_placeholder(bare_text) or bare_text in (name, label)
    if (
        not is_empty_word
        and form not in _READ_FORMS
        and _ORDINARY_TEXT.fullmatch(text)
        and not is_garbled(text)
    ):
        return
    quoted_text = f"{name} is {_quote(name, text)}"
    if bare_text != text:
        yield Oddity("blanks", f"{quoted_text}, with blanks around it: take them out")
    elif _ODD_BLANKS.search(bare_text):
        yield Oddity(
            "blanks",
            f"{quoted_text}, with a blank inside that is not a plain one 空格: write one plain blank",
        )
    for pattern, deed_words in _SPREADSHEET_PATTERNS:
        if pattern.fullmatch(bare_text):
            yield Oddity(
                "spreadsheet",
                f"{quoted_text}: a spreadsheet {deed_words}. Format the column as text, and enter it again",
            )
            return
    if is_empty_word:
        yield Oddity("placeholder", f"{quoted_text}, which says nothing: leave the cell empty")
        return
    yield from _find_form_oddities(name, bare_text, form, quoted_text)
    if _has_lost_zeros(name, bare_text, value_before):
        yield Oddity(
            "lost-zeros", f"{quoted_text}: zeros at its beginning are missing, which spreadsheets take away"
        )
    if _FULL_WIDTH.search(bare_text) and unicodedata.normalize("NFKC", bare_text).isascii():
        yield Oddity("full-width", f"{quoted_text}, in full-width characters 全角: write 半角 ones")
    yield from _find_character_oddities(name, quoted_text, bare_text)


def _quote(name: str, text: str) -> str:
    """Repeat the value of a claim in a message, but for the numbers of persons and the like: people look over shoulders."""
    return (
        "“…” (personal, not repeated 敏感信息)"
        if name in get_sensitive_claims()
        else f"“{text[:_MAX_QUOTED]}”"
    )


def _is_placeholder(text: str) -> bool:
    """Tell whether a text has no letter and no digit, or is a word for nothing; a sign for a lost character is more."""
    if len(text) > _MAX_PLACEHOLDER_CHARS or _LOST_CHARACTER.search(text):
        return False
    return _SIGNS.sub("", text).lower() in _PLACEHOLDERS


def _find_form_oddities(name: str, text: str, form: Form, quoted_text: str) -> Iterator[Oddity]:
    if form is Form.INTEGER and not (text.isascii() and text.isdecimal()):
        yield Oddity("not-a-number", f"{quoted_text} and should be a whole number")
    if form is not Form.DATE or read_date(text) or is_endless(text):
        return
    serial_day = read_serial(text)
    if serial_day:
        yield Oddity(
            "spreadsheet",
            f"{quoted_text}: that is how a spreadsheet counts days, there {serial_day.isoformat()}",
        )
    else:
        yield Oddity("not-a-date", f"{quoted_text} and should be a date, YYYY-MM-DD")


def _has_lost_zeros(name: str, text: str, value_before: "Json | None") -> bool:
    if not text.isdecimal():
        return False
    if name == _HOLDER_TYPE_CLAIM:
        holder_codes = get_catalogue().conventions.holder_codes
        return text not in holder_codes and text.zfill(len(_CREDIT_TYPE)) in holder_codes
    return (
        isinstance(value_before, str)
        and value_before != text
        and value_before.isdecimal()
        and value_before.lstrip("0") == text
    )


def _find_character_oddities(name: str, quoted_text: str, text: str) -> Iterator[Oddity]:
    if _LOST_CHARACTER.search(text):
        yield Oddity("lost-character", f"{quoted_text}: a character was lost on the way, look it up")
    elif private_match := _PRIVATE_CHARACTER.search(text):
        code = f"U+{ord(private_match[0]):04X}"
        yield Oddity(
            "lost-character",
            f"{quoted_text}, with the private character {code}, which others show otherwise or not",
        )
    elif meant_text := undo_encoding(text):
        yield Oddity(
            "lost-character",
            f"{quoted_text}: it was read in a wrong encoding, and may be {_quote(name, meant_text)}",
        )


def undo_encoding(text: str) -> str:
    """Return the Chinese that was read in another encoding, empty where none was."""
    if text.isascii():
        return ""
    readings = (
        _decode_again(text, written_encoding, read_encoding)
        for written_encoding, read_encoding in (_CHINESE_READING, *_LATIN_READINGS)
    )
    return next((meant_text for meant_text in readings if _HAN_CHARACTER.search(meant_text)), "")


def is_garbled(text: str) -> bool:
    """Tell whether Chinese characters alone are what UTF-8 looks like to a program that expects GBK."""
    return _GARBLED_SIGN in text or bool(_HAN_CHARACTER.search(_decode_again(text, *_CHINESE_READING)))


def _decode_again(text: str, written_encoding: str, read_encoding: str) -> str:
    """Return a text that was read in another encoding than it was written in, empty where that cannot be."""
    try:
        return text.encode(read_encoding).decode(written_encoding)
    except UnicodeError:
        return ""


def _find_holder_oddities(claims: Mapping[str, Json]) -> Iterator[Oddity]:
    """Yield which codes of holders fail their check digits; the number itself is personal, and not repeated."""
    codes, holder_types = (_list_texts(claims.get(name)) for name in (_HOLDER_CLAIM, _HOLDER_TYPE_CLAIM))
    for index, code in enumerate(codes):
        holder_type = holder_types[index] if index < len(holder_types) else ""
        fault = _find_code_fault(code.strip().lstrip("'"), holder_type)
        if fault:
            yield Oddity("holder-code", f"{_HOLDER_CLAIM}: {fault}")


def _find_code_fault(code: str, holder_type: str) -> str:
    if holder_type == _CREDIT_TYPE:
        return _find_credit_fault(code)
    if holder_type == _RESIDENT_TYPE:
        return _find_resident_fault(code)
    if not holder_type and len(code) in (_CODE_CHARS - 1, _CODE_CHARS + 1) and code[:-1].isdecimal():
        return f"it has {len(code)} characters, and a credit code or resident number {_CODE_CHARS}"
    if not code.strip("0"):
        return "it is made of zeros"
    if holder_type or len(code) != _CODE_CHARS:
        return ""
    credit_fault, resident_fault = _find_credit_fault(code), _find_resident_fault(code)
    if not credit_fault or not resident_fault:
        return ""
    is_credit_code = any(character.isalpha() for character in code[:-1])
    return credit_fault if is_credit_code else resident_fault


def _find_credit_fault(code: str) -> str:
    fault = find_credit_code_fault(code)
    return f"credit code: {fault}" if fault else ""


def _find_resident_fault(code: str) -> str:
    try:
        check_resident_number(code)
    except InvalidIdentifier as error:
        return str(error)
    return ""


def _list_texts(value: "Json | None") -> list[str]:
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
