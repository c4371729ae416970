"""Text that strangers wrote, made fit to be shown.

Nothing invisible, nothing that steers, nothing endless.

It holds for pages and terminals alike. A page isolates each such text besides, so that its direction ends with it.
"""

import unicodedata
from typing import Final

from ledger.records.characters import find_unseen_places

# Characters of one value on a page or a line: a scope of business has a thousand; nobody compares more by eye.
MAX_SHOWN_CHARS: Final = 4096
#: Of a name: the longest that the standards know has 30.
MAX_NAME_CHARS: Final = 120
_NEW_LINE: Final = " ⏎ "
#: The spaces that stay; others look like them, or like nothing.
_SPACES: Final = frozenset({" ", "\u3000"})


def make_visible(text: str, most: int = MAX_SHOWN_CHARS) -> str:
    """Return at most `most` characters of a text, each that shows nothing or steers written as its code."""
    shown = text[:most].replace("\r\n", "\n")
    unseen = set(find_unseen_places(shown))
    shown = "".join(
        _show(letter) if place in unseen or _is_odd_space(letter) else letter
        for place, letter in enumerate(shown)
    )
    return shown if len(text) <= most else f"{shown}… ({len(text):,})"


def is_cut(text: str) -> bool:
    """Tell whether a value is longer than what is shown of it."""
    return len(text) > MAX_SHOWN_CHARS


def _show(letter: str) -> str:
    return _NEW_LINE if letter == "\n" else f"⟨U+{ord(letter):04X}⟩"


def _is_odd_space(letter: str) -> bool:
    return unicodedata.category(letter) == "Zs" and letter not in _SPACES
