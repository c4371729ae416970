"""Characters that a person cannot see, and what names of claims are made of.

Intake refuses them in what departments hand in; what was registered before is read as it is. Every letter of every script
stays, and so do private-use characters, which older systems wrote rare names in.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from ledger.records.claims import is_document

# Characters of a claim's name; the longest of the catalogue has 10.
MAX_NAME_CHARS: Final = 64
#: What names of claims look like, for messages.
NAME_FORM: Final = "capital letters A-Z, digits and _, beginning with a letter, as CZZT and KZ_JYFW"
_NAME_START_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NAME_CHARACTERS: Final = _NAME_START_CHARACTERS | frozenset("0123456789_")

#: Text of ASCII, Chinese characters and full-width forms, as nearly all is: each of them can be seen.
_VISIBLE_TEXT: Final = re.compile("[ -~\u00b7\u3000-\u303f\u3400-\u9fff\uff01-\uff5e]*")
#: Categories of Unicode that show nothing or change what stands around them: control, format, surrogate, line, paragraph.
_UNSEEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: Characters of other categories that show nothing (Default_Ignorable_Code_Point), the blank of Braille, noncharacters.
_UNSEEN_CHARACTER: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufdd0-\ufdef\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]|[\ufffe\uffff]"
)
#: Selectors that choose one glyph of the letter before them, as rare names of persons and Mongolian names need.
_LETTER_AND_SELECTOR: Final = re.compile(
    "[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff][\ufe00-\ufe0f\U000e0100-\U000e01ef]|[\u1820-\u18aa][\u180b-\u180f]"
)


def find_unseen_character(text: str) -> tuple[int, str] | None:
    """Return the place, from 1, and the first character that nobody sees; None where there is none."""
    if _VISIBLE_TEXT.fullmatch(text):
        return None
    place = next(find_unseen_places(text), None)
    return None if place is None else (place + 1, text[place])


def find_unseen_places(text: str) -> Iterator[int]:
    """Yield the places, from 0, of all characters that nobody sees."""
    selectors = {match.end() - 1 for match in _LETTER_AND_SELECTOR.finditer(text)}
    for place, character in enumerate(text):
        if place not in selectors and _is_unseen(character):
            yield place


@lru_cache(maxsize=1024)  # the claims of a submission share a few names
def find_name_fault(name: str) -> str | None:
    """Say what is wrong with the name of a claim; None where it is one that a catalogue could have."""
    if is_document(name):
        return None
    if len(name) > MAX_NAME_CHARS:
        return f"has {len(name)} characters, at most {MAX_NAME_CHARS} are allowed"
    for place, character in enumerate(name):
        if character not in (_NAME_CHARACTERS if place else _NAME_START_CHARACTERS):
            return f"has {describe(character)} at place {place + 1}: a name is {NAME_FORM}"
    return None


def describe(character: str) -> str:
    """Name a character for a message, so that it can be found although it cannot be seen."""
    code = f"U+{ord(character):04X}"
    unicode_name = unicodedata.name(character, "")
    return f"{code} ({unicode_name})" if unicode_name else code


def _is_unseen(character: str) -> bool:
    if unicodedata.category(character) in _UNSEEN_CATEGORIES or _UNSEEN_CHARACTER.fullmatch(character):
        return True
    return ord(character) & 0xFFFE == 0xFFFE  # the last two of every plane are noncharacters
