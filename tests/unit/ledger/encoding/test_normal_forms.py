"""Normal forms are those of one version of Unicode, and bounded in time."""

import sys
import time
import unicodedata
from collections.abc import Iterator

import pytest

from ledger.encoding.normal_forms import (
    MAX_MARKS_IN_ROW,
    find_plain_forms,
    is_stream_safe,
    to_nfc,
    to_nfkc,
)


def assigned() -> Iterator[str]:
    """Every character of Unicode 3.2.0 but surrogates."""
    for code in range(sys.maxunicode + 1):
        if unicodedata.ucd_3_2_0.category(chr(code)) not in ("Cn", "Cs"):
            yield chr(code)


def test_every_later_version_says_the_same_of_what_was_assigned() -> None:
    """The stability policy of Unicode, against the version of the Python that runs this."""
    for character in assigned():
        for text in (character, f"e{character}\u0301"):
            assert to_nfc(text) == unicodedata.normalize("NFC", text), ascii(text)
            assert to_nfkc(text) == unicodedata.normalize("NFKC", text), ascii(text)


@pytest.mark.parametrize("later", ["\ufa70", "\u1b06", "\U000105c9", "\u0897", "\U0001f130"])
def test_what_came_later_stands_as_it_is(later: str) -> None:
    assert to_nfc(f"cafe\u0301{later}") == f"caf\u00e9{later}"
    assert to_nfkc(f"Ａ{later}") == f"A{later}"


def test_plain_forms_leave_out_what_is_excluded_and_what_is_canonical() -> None:
    plain_forms = find_plain_forms(frozenset({"<super>", "<circle>"}))
    assert "ＡⅣ⼈㎡²①½é字".translate(plain_forms) == "AIV人m2²①1⁄2é字"


def test_marks_in_a_row_are_bounded() -> None:
    row = "\u0301\u0316" * (MAX_MARKS_IN_ROW // 2)
    assert is_stream_safe(f"a{row}b{row}")
    assert not is_stream_safe(f"a{row}\u0301b")
    began = time.perf_counter()
    to_nfkc(f"字{row}" * 20_000)
    assert time.perf_counter() - began < 5  # and hours for as many marks in one row
