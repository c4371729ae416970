"""What nobody sees is found; every letter that names of people and places need stays."""

import pytest

from ledger.encoding.unseen import find_unseen_character, replace_unseen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "买买提·吐尔逊",
        "阿依古丽•买买提",
        "Smith, John  (B)",
        "𠮷野家　天门店",
        "㐂\ue000\U000f0000",
        "龍\ufe00葛\U000e0101",
        "ᠮᠣᠩᠭᠣᠯ\u180b",
        "ئۇيغۇر བོད་ꆈꌠ",
        "é e\u0301",
        "𰻝𱁬\U000323af",
        "1.0‰ ×÷㎡",
    ],
)
def test_names_of_people_and_places_stay(text: str) -> None:
    assert find_unseen_character(text) is None


@pytest.mark.parametrize(
    "code",
    [
        *(0x00, 0x07, 0x09, 0x0A, 0x0D, 0x1B, 0x7F, 0x85, 0xAD, 0x34F, 0x61C, 0x115F, 0x180E, 0x200B, 0x200C, 0x200D),
        *(0x200E, 0x2028, 0x2029, 0x202A, 0x202E, 0x2060, 0x2064, 0x2066, 0x2069, 0x206F, 0x2800, 0x3164, 0xFDD0, 0xFE0F),
        *(0xFEFF, 0xFFA0, 0xFFF9, 0xFFFE, 0xFFFF, 0x1D173, 0x1FFFE, 0xE0001, 0xE0020, 0xE0101, 0x10FFFF),
    ],
    ids=hex,
)  # fmt: skip
def test_what_nobody_sees_is_found(code: int) -> None:
    assert find_unseen_character(f"A{chr(code)}三") == (2, chr(code))


def test_the_first_place_is_named() -> None:
    assert find_unseen_character("张三\u200b李\u202e") == (3, "\u200b")
    assert find_unseen_character("龍\ufe00\ufe00") == (3, "\ufe00")


def test_something_stands_for_what_is_not_seen_and_for_odd_spaces() -> None:
    assert replace_unseen("葛\U000e0100城\u034f\xa0 　\ufe0f", lambda character: f"<{ord(character):x}>") == (
        "葛\U000e0100城<34f><a0> 　<fe0f>"
    )
