"""What names of claims are made of, and how a character is named in a message."""

import unicodedata
from functools import lru_cache
from typing import Final

from ledger.records.claims import is_document

# Characters of a claim's name; the longest of the catalogue has 10.
MAX_NAME_CHARS: Final = 64
#: What names of claims look like, for messages.
NAME_FORM: Final = "capital letters A-Z, digits and _, beginning with a letter, as CZZT and KZ_JYFW"
_NAME_START_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NAME_CHARACTERS: Final = _NAME_START_CHARACTERS | frozenset("0123456789_")


@lru_cache(maxsize=1024)  # the claims of a submission share a few names
def find_name_fault(name: str) -> str | None:
    """Say what is wrong with the name of a claim; None where it is one that a catalogue could have."""
    if is_document(name):
        return None
    if not name:
        return f"is empty: a name is {NAME_FORM}"
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
