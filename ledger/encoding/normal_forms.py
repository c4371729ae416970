"""Normal forms of text by one version of Unicode, whatever Python it runs on.

The version is 3.2.0, that of stringprep (RFC 3454 section 7), with Corrigendum 4: later versions only add characters, and by
the stability policy of Unicode (UAX #15 section 3) what was assigned then has had the same forms ever since. Characters
that came later stand as they are. The `unicodedata` of each Python has a version of its own; only its 3.2.0 is in all.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final
from unicodedata import ucd_3_2_0 as unicode_3_2

#: Corrigendum 4 (Unicode 4.0.0): what these five are canonically equal to, where the tables of 3.2.0 name another ideograph.
_CORRECTION_TABLE: Final = str.maketrans(
    {
        "\U0002f868": "\u36fc",
        "\U0002f874": "\u5f53",
        "\U0002f91f": "\U000243ab",
        "\U0002f95f": "\u7aee",
        "\U0002f9bf": "\u45d7",
    }
)
# Combining marks in a row (UAX #15 section 13, stream-safe text): sorting them takes the square of their number in time.
MAX_MARKS_IN_ROW: Final = 30


# Characters behind ASCII that 3.2.0 combines or maps to others: none is beyond plane 2.
_CODE_POINTS_BEHIND_ASCII: Final = range(0x80, 0x30000)


def to_nfc(text: str) -> str:
    """Return `text` in NFC (UAX #15 section 1.2): canonically equal texts come out the same."""
    return text if text.isascii() else unicode_3_2.normalize("NFC", text.translate(_CORRECTION_TABLE))


def to_nfkc(text: str) -> str:
    """Return `text` in NFKC (UAX #15 section 1.2), without differences of width and the like."""
    return text if text.isascii() else unicode_3_2.normalize("NFKC", text.translate(_CORRECTION_TABLE))


def is_stream_safe(text: str) -> bool:
    """Tell whether `text` is put into a normal form in time that grows with its length only (UAX #15 section 13)."""
    return text.isascii() or _compile_marks_in_row().search(text) is None


@cache
def find_plain_forms(excluded_kinds: frozenset[str]) -> Mapping[int, str]:
    """Return characters by code point with their own NFKC, where it is not their NFC, for `str.translate`.

    `excluded_kinds`: tags of UAX #44 section 5.7.3, as `<super>`; characters that are mapped so are left out.
    """
    mapped_characters = (
        character for character in _list_later_characters() if unicode_3_2.decomposition(character)
    )
    return {
        ord(character): to_nfkc(character)
        for character in mapped_characters
        if unicode_3_2.decomposition(character).partition(" ")[0] not in excluded_kinds
        and to_nfkc(character) != to_nfc(character)
    }


@cache
def _compile_marks_in_row() -> re.Pattern[str]:
    """Return what finds more marks in a row than there may be."""
    marks = "".join(character for character in _list_later_characters() if unicode_3_2.combining(character))
    return re.compile(f"[{marks}]{{{MAX_MARKS_IN_ROW + 1}}}")


def _list_later_characters() -> Iterator[str]:
    """Yield all characters that may be marks or have mappings: ASCII has neither."""
    return map(chr, _CODE_POINTS_BEHIND_ASCII)
