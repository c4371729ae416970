"""Characters that a person cannot see, and text in which others stand for them.

Intake refuses them in what departments hand in; strangers' text is shown on pages, terminals and in logs with something in
their place. Every letter of every script stays, and so do private-use characters, which older systems wrote rare names in.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

#: Text of ASCII, Chinese characters and full-width forms, as nearly all is: each of them can be seen. What is not in it is
#: looked up.
_OTHER_THAN_PLAIN: Final = re.compile("[^ -~\u00b7\u3000-\u303f\u3400-\u9fff\uff01-\uff5e]")
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
#: The spaces that stay where text is shown; others look like them, or like nothing.
_PLAIN_SPACES: Final = frozenset({" ", "\u3000"})


def find_unseen_character(text: str) -> tuple[int, str] | None:
    """Return the place, from 1, and the first character that nobody sees; None where there is none."""
    if not _OTHER_THAN_PLAIN.search(text):  # as nearly all is
        return None
    place = next(find_unseen_places(text), None)
    return None if place is None else (place + 1, text[place])


def find_unseen_places(text: str) -> Iterator[int]:
    """Yield the places, from 0, of all characters that nobody sees."""
    if not _OTHER_THAN_PLAIN.search(text):
        return
    selector_places = {match.end() - 1 for match in _LETTER_AND_SELECTOR.finditer(text)}
    for match in _OTHER_THAN_PLAIN.finditer(text):
        if match.start() not in selector_places and _is_unseen(match[0]):
            yield match.start()


def replace_unseen(text: str, substitute: Callable[[str], str]) -> str:
    """Return a text in which `substitute` stands for each unseen character and each space that looks like another."""
    unseen_places = set(find_unseen_places(text))

    def show(match: re.Match[str]) -> str:
        character = match[0]
        return (
            substitute(character) if match.start() in unseen_places or _is_odd_space(character) else character
        )

    return _OTHER_THAN_PLAIN.sub(show, text)


def _is_unseen(character: str) -> bool:
    if unicodedata.category(character) in _UNSEEN_CATEGORIES or _UNSEEN_CHARACTER.fullmatch(character):
        return True
    return ord(character) & 0xFFFE == 0xFFFE  # the last two of every plane are noncharacters


def _is_odd_space(character: str) -> bool:
    return unicodedata.category(character) == "Zs" and character not in _PLAIN_SPACES
