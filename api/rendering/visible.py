"""Text that strangers wrote, made fit to be shown: nothing invisible, nothing that steers, nothing endless.

It holds for pages and terminals alike. A page isolates each such text besides, so that its direction ends with it.
"""

import re
import unicodedata
from typing import Final

# Characters of one value on a page or a line: a scope of business has a thousand; nobody compares more by eye.
MAX_SHOWN_CHARS: Final = 4096
#: Of a name: the longest that the standards know has 30.
MAX_NAME_CHARS: Final = 120
_NEW_LINE: Final = " ⏎ "
#: Controls, formats (direction, zero width), separators of lines, private use, lone surrogates.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Co", "Cs"})
#: Invisible characters of other categories: fillers, joiners, selectors of variants, the blank of Braille.
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
#: The spaces that stay; others look like them, or like nothing.
_SPACES: Final = frozenset({" ", "\u3000"})


def make_visible(text: str, most: int = MAX_SHOWN_CHARS) -> str:
    """Return at most `most` characters of a text, each that shows nothing or steers written as its code."""
    shown = "".join(map(_show, text[:most].replace("\r\n", "\n")))
    return shown if len(text) <= most else f"{shown}… ({len(text):,})"


def is_cut(text: str) -> bool:
    """Tell whether a value is longer than what is shown of it."""
    return len(text) > MAX_SHOWN_CHARS


def _show(letter: str) -> str:
    if letter == "\n":
        return _NEW_LINE
    category = unicodedata.category(letter)
    is_space = category == "Zs" and letter not in _SPACES
    if category in _HIDDEN or is_space or _BLANK.match(letter) or _is_never_a_character(letter):
        return f"⟨U+{ord(letter):04X}⟩"
    return letter


def _is_never_a_character(letter: str) -> bool:
    return 0xFDD0 <= ord(letter) <= 0xFDEF or ord(letter) & 0xFFFE == 0xFFFE
