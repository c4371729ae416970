"""What strangers wrote is shown whole, steers nothing, and hides nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rendering.visible import MAX_SHOWN_CHARS, is_cut, make_visible


@pytest.mark.parametrize(
    "text",
    [
        "天门市示例餐饮店",
        "北京  O'Neill & Søn（上海）·分公司 №5",
        "全角　空格",
        "𠮷野家 㐂 𮧵 𰻞",
        "ខ្មែរ हिन्दी العربية",
        "葛\U000e0100城 \ue000",
        "1.2.156.3005.2",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert make_visible(text) == text


@pytest.mark.parametrize(
    "letter",
    [
        *"\x00\x07\x08\t\x0b\r\x1b\x7f\x85\x90\x9b\x9d",
        *"\xad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069\u2800",
        *"\u3164\ufe0f\ufeff\uffa0\ufff9\uffff\ufdd0\U000e0041\U000e0100\U0010ffff\xa0\u2003\ud800",
    ],
    ids=lambda letter: f"U+{ord(letter):04X}",
)
def test_what_shows_nothing_or_steers_is_shown_as_its_code(letter: str) -> None:
    assert make_visible(f"a{letter}b") == f"a⟨U+{ord(letter):04X}⟩b"


def test_a_new_line_is_a_mark() -> None:
    assert make_visible("一\n二\r\n三") == "一 ⏎ 二 ⏎ 三"


def test_long_text_says_how_long_it_is() -> None:
    text = "长" * (MAX_SHOWN_CHARS + 1)
    assert make_visible(text) == text[:-1] + "… (4,097)"
    assert make_visible("x" * 200, 120) == "x" * 120 + "… (200)"
    assert is_cut(text)
    assert not is_cut(text[:-1])


@given(st.text(max_size=50))
def test_no_terminal_is_driven(text: str) -> None:
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", make_visible(text))
