"""Both verifiers call the same values equal, spelled otherwise and different.

Nothing counts as another spelling but what docs/formats/verification.md names.
"""

import json
import sys
import unicodedata
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding.canonical import Json, encode_canonical
from ledger.records.claims import FullDisclosure
from ledger.verification.comparison import PresentedContent, compare
from tests.properties.second_verifier import second

MASTER: Final = bytes(range(16))
PIECES: Final = st.sampled_from(
    [
        *"xXmM²³①½Ａａ１1.．·•・-—－\"“'’([〔【)】 \u3000\t\u200b\ufeff\u00ad\ufe0f\u202e\u0301\u0316\u0344é字⼈人ｶﾞガ㎡㎏豈",
        "\uf900",
        "\U0002f868",
        "\u36fc",
        "\U0002136a",
        "e\u0301",
        "2022-03-28",
        "2022年3月28日",
        "\u0301\u0316" * 16,
        "字" * 2048,
    ]
)
TEXTS: Final = st.one_of(st.lists(PIECES, max_size=6).map("".join), st.text(max_size=6))
VALUES: Final = st.recursive(
    st.one_of(TEXTS, st.integers(0, 99), st.booleans()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


def ours(value: Json, registered: Json) -> str:
    _, step = compare(PresentedContent(claims={"KZ": value}), FullDisclosure(MASTER, (("KZ", registered),)))
    return step.reason


def theirs(value: Json, registered: Json) -> str:
    disclosure: Any = second.read_disclosure({"master": MASTER.hex(), "claims": [["KZ", registered]]})
    _, reason = second.take_step(second.compare_presented, [], {"KZ": value}, disclosure)
    return str(reason)


@given(
    value=st.sampled_from([{"size": 47}, {"size": 48}, {"size": "47"}, 1.5]),
    beside=st.sampled_from([{}, {"KZ": "x"}, {"KZ": "X"}]),
)
def test_both_say_the_same_of_a_fingerprint_that_is_presented(value: Any, beside: dict[str, Json]) -> None:
    disclosure = FullDisclosure(MASTER, (("KZ", "x"), ("document/1", {"size": 47})))
    claims = {"document/1": value, **beside}
    _, step = compare(PresentedContent(claims=claims), disclosure)
    read_by_second = second.read_disclosure(json.loads(encode_canonical(disclosure.to_json())))
    assert second.take_step(second.compare_presented, [], claims, read_by_second)[1] == step.reason


def respell(text: str, choice: int) -> str:
    """Write a text in one of the ways that people and programs do."""
    return (
        text,
        unicodedata.normalize("NFD", text),
        unicodedata.normalize("NFKC", text),
        text.swapcase(),
        f" {text}\u3000",
        text.replace("·", "•"),
        "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text),
    )[choice]


@given(value=VALUES, registered=VALUES)
def test_both_say_the_same_of_any_two(value: Json, registered: Json) -> None:
    assert ours(value, registered) == theirs(value, registered)


@given(text=TEXTS, choice=st.integers(0, 6))
def test_both_say_the_same_of_a_text_and_how_it_may_be_spelled(text: str, choice: int) -> None:
    assert ours(respell(text, choice), text) == theirs(respell(text, choice), text)


def test_both_treat_every_character_alike() -> None:
    """One character is added to a text; ideographs without a mapping, of which there are most, are left out."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) in ("Cs", "Co", "Cn"):
            continue
        if unicodedata.category(character) == "Lo" and not unicodedata.decomposition(character):
            continue
        assert ours(f"m{character}\u0301", "m\u0301") == theirs(f"m{character}\u0301", "m\u0301"), hex(code)
        plain = unicodedata.normalize("NFKC", character)
        assert ours(character, plain) == theirs(character, plain), hex(code)
