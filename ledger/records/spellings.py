"""Whether two values of a claim are the same, or the same spelled otherwise 写法不同.

A person at a counter types what a paper shows, and a program reads it: widths, dots, dashes, blanks and capitals come out in
many ways, and none of them is a forgery. What is left away is named here, and docs/formats/verification.md says the same.
Characters that only look alike stay different, and so does every character that is not named.
"""

import re
import string
from collections.abc import Callable
from typing import Final

from ledger.encoding.canonical import Json, encode_canonical
from ledger.encoding.fields import MAX_TEXT_CHARS
from ledger.encoding.normal_forms import find_plain_forms, is_stream_safe, to_nfc, to_nfkc
from ledger.records.contradictions import MAX_COMPARED_CHARS, read_day

# Characters of a text whose spelling is looked at, as text members of all formats have at most: the rest costs a node time.
MAX_SPELLED_CHARS: Final = MAX_TEXT_CHARS
#: Kinds of characters whose plain form means something else: 10² is not 102.
_TELLING_KINDS: Final = frozenset({"<super>", "<sub>", "<circle>", "<fraction>"})
#: Marks that keyboards and fonts exchange, by the one that stands for all.
_MARKS: Final = {
    ".": "\u00b7\u2022\u2027\u2219\u22c5\u30fb",  # · • ‧ ∙ ⋅ ・
    "-": "\u2010\u2012\u2013\u2014\u2015\u2212",  # ‐ ‒ – — ― −
    '"': "\u201c\u201d",  # “ ”
    "'": "\u2018\u2019",  # ‘ ’
    "(": "[\u3014\u3010",  # [ 〔 【
    ")": "]\u3015\u3011",  # ] 〕 】
}
_REPLACEMENTS: Final = str.maketrans(
    {mark: plain for plain, marks in _MARKS.items() for mark in marks}
    | dict(zip(string.ascii_uppercase, string.ascii_lowercase, strict=True))
)
#: Texts that no spelling changes but by capitals, which are almost all: ASCII without blanks, and unified ideographs.
_PLAIN: Final = re.compile("[0-9A-Za-z.()/,:_\u4e00-\u9fa5-]*")
#: White space, what has no width or no place of its own, and selectors of one glyph of the letter before them.
_BLANKS: Final = re.compile(
    "[\t-\r\x1c-\x20\x85\u00ad\u1680\u180b-\u180d\u200b-\u200f\u2028\u2029\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
_METRES: Final = re.compile("(?<=m)[²³]")  # ㎡ is m² and m2
_POWERS: Final = {"²": "2", "³": "3"}


def is_equal(value: Json, registered_value: Json) -> bool:
    """Tell whether two values are equal: texts canonically, all else as canonical JSON has it, which tells 1 from true.

    Raises: MalformedInput, LimitExceeded, for what canonical JSON cannot write.
    """
    if type(value) is str and value == registered_value:
        return True
    encode_canonical(value)
    return encode_canonical(_change_texts(value, _compose)) == encode_canonical(
        _change_texts(registered_value, _compose)
    )


def is_spelled_otherwise(value: Json, registered_value: Json) -> bool:
    """Tell whether two values, which canonical JSON can write, differ in nothing but how they are spelled.

    An integer is its digits, and one value is the list of it alone.
    """
    return encode_canonical(_fold_value(value)) == encode_canonical(_fold_value(registered_value))


def _change_texts(value: Json, change: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_change_texts(item, change) for item in value]
    if isinstance(value, dict):
        return {name: _change_texts(item, change) for name, item in value.items()}
    return value


def _fold_value(value: Json) -> Json:
    if isinstance(value, list):
        folded_items = [_fold_value(item) for item in value]
        return folded_items[0] if len(folded_items) == 1 else [*folded_items]
    if isinstance(value, dict):
        return {name: _fold_value(item) for name, item in value.items()}
    return value if isinstance(value, bool) else fold_spelling(str(value))


def _compose(text: str) -> str:
    return to_nfc(text) if _is_bounded(text) else text


def _is_bounded(text: str) -> bool:
    return len(text) <= MAX_SPELLED_CHARS and is_stream_safe(text)


def fold_characters(text: str) -> str:
    """Return a text without what its spellings differ by, as `is_spelled_otherwise` has it; days are text like any other."""
    if not _is_bounded(text):
        return text
    if _PLAIN.fullmatch(text):
        return text.lower()
    plain_text = to_nfc(to_nfc(text).translate(find_plain_forms(_TELLING_KINDS)))
    marked_text = _BLANKS.sub("", plain_text.translate(_REPLACEMENTS))
    return _METRES.sub(lambda power: _POWERS[power[0]], marked_text)


def fold_spelling(text: str) -> str:
    """Return a text without what its spellings differ by; a day as `YYYY-MM-DD`."""
    is_comparable = len(text) <= MAX_COMPARED_CHARS and _is_bounded(text)
    day = read_day(to_nfkc(text).strip()) if is_comparable else None
    return day.isoformat() if day is not None else fold_characters(text)
