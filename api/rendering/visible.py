"""Text that strangers wrote, made fit to be shown.

Nothing invisible, nothing that steers, nothing endless.

It holds for pages and terminals alike. A page isolates each such text besides, so that its direction ends with it.
"""

from typing import Final

from ledger.encoding.unseen import replace_unseen

# Characters of one value on a page or a line: a scope of business has a thousand; nobody compares more by eye.
MAX_SHOWN_CHARS: Final = 4096
#: Of a name: the longest that the standards know has 30.
MAX_NAME_CHARS: Final = 120
_NEW_LINE: Final = " ⏎ "


def make_visible(text: str, max_chars: int = MAX_SHOWN_CHARS) -> str:
    """Return at most `max_chars` characters of a text, each that shows nothing or steers written as its code."""
    visible_text = replace_unseen(text[:max_chars].replace("\r\n", "\n"), _show_code)
    return visible_text if len(text) <= max_chars else f"{visible_text}… ({len(text):,})"


def is_cut(text: str) -> bool:
    """Tell whether a value is longer than what is shown of it."""
    return len(text) > MAX_SHOWN_CHARS


def _show_code(character: str) -> str:
    return _NEW_LINE if character == "\n" else f"⟨U+{ord(character):04X}⟩"
