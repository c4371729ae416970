"""Canonical JSON: what the profile takes, and every reason for which it refuses."""

import datetime
import enum
import re

import pytest

from ledger.encoding.canonical import (
    MAX_INTEGER,
    Json,
    decode,
    decode_canonical,
    decode_foreign,
    encode_canonical,
)
from ledger.errors import LimitExceeded, MalformedInput
from ledger.limits import MAX_NESTING


class Colour(enum.IntEnum):
    RED = 1


def nested(levels: int) -> Json:
    value: Json = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ([], "[]"),
        ("", '""'),
        (0, "0"),
        (MAX_INTEGER, "9007199254740991"),
        ([True, False], "[true,false]"),
        ({"b": 1, "a": 2, "B": 3, "": 4, "10": 5, "2": 6}, '{"":4,"10":5,"2":6,"B":3,"a":2,"b":1}'),
        ({"b": {"d": 1, "c": 2}}, '{"b":{"c":2,"d":1}}'),
        ("天门市", '"天门市"'),
        ('\u0000\u001f\u007f\b\t\n\f\r"\\/', '"\\u0000\\u001f\u007f\\b\\t\\n\\f\\r\\"\\\\/"'),
        ("\u2028\U0001f602", '"\u2028\U0001f602"'),
        ({"\r\n": 1}, '{"\\r\\n":1}'),
    ],
)
def test_canonical_form(value: Json, text: str) -> None:
    assert encode_canonical(value) == text.encode()
    assert decode(text.encode()) == value
    assert decode_canonical(text.encode()) == value


def test_no_normalisation_of_text() -> None:
    composed, decomposed = "\u00c5", "A\u030a"
    assert encode_canonical(composed) != encode_canonical(decomposed)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "$: null is not allowed"),
        ({"a": [0, None]}, "$.a[1]: null is not allowed"),
        (1.0, "$: this number is not an integer"),
        ({"a": {"b": float("nan")}}, "$.a.b: this number is not an integer"),
        (-1, "$: an integer lies outside 0 to 2^53-1"),
        ([MAX_INTEGER + 1], "$[0]: an integer lies outside 0 to 2^53-1"),
        (2**200, "$: an integer lies outside 0 to 2^53-1"),
        ({"é": 1}, "$: member names are ASCII text, not 'é'"),
        ({1: "a"}, "$: member names are ASCII text"),
        ("\ud800", "lone surrogate"),
        ({"a": "\udfff"}, "lone surrogate"),
        (b"bytes", "$: bytes is not a JSON value"),
        ([(1, 2)], "$[0]: tuple is not a JSON value"),
        (Colour.RED, "$: Colour is not a JSON value"),
        ({"day": datetime.date(2022, 3, 28)}, "$.day: date is not a JSON value"),
    ],
)
def test_encode_refuses(value: object, reason: str) -> None:
    with pytest.raises(MalformedInput, match=re.escape(reason)):
        encode_canonical(value)  # type: ignore[arg-type]


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[Json] = []
    value.append(value)
    with pytest.raises(LimitExceeded):
        encode_canonical(value)


def test_nesting_up_to_the_limit() -> None:
    deepest = nested(MAX_NESTING)
    assert decode(encode_canonical(deepest)) == deepest
    with pytest.raises(LimitExceeded, match=f"deeper than {MAX_NESTING} levels"):
        encode_canonical(nested(MAX_NESTING + 1))
    with pytest.raises(LimitExceeded, match=f"deeper than {MAX_NESTING} levels"):
        decode(b"[" * (MAX_NESTING + 1) + b"]" * (MAX_NESTING + 1))
    with pytest.raises(LimitExceeded):
        decode(b'{"a":' * (MAX_NESTING + 1) + b"1" + b"}" * (MAX_NESTING + 1))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b' { "b" : 1 ,\r\n\t"a":[ ] } ', {"b": 1, "a": []}),
        (b'"\\u5929\\u95e8"', "天门"),
        (b'"\\ud83d\\ude02"', "\U0001f602"),
        (b'{"b":1,"a":2}', {"a": 2, "b": 1}),
        (b'"\\/"', "/"),
    ],
)
def test_decode_takes_other_spellings_but_they_are_not_canonical(text: bytes, value: Json) -> None:
    assert decode(text) == value
    with pytest.raises(MalformedInput, match="not in canonical form"):
        decode_canonical(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"1 2", "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b'{"a":1,}', "not JSON"),
        (b"[1,]", "not JSON"),
        (b"// comment\n1", "not JSON"),
        (b"01", "not JSON"),
        (b"NaN", "not JSON"),
        (b"-Infinity", "not JSON"),
        (b'"\t"', "not JSON"),
        (b"\xef\xbb\xbf1", "not JSON"),
        (b'"\xff"', "not JSON"),
        (b'"\xc0\x80"', "not JSON"),
        (b'"\xed\xa0\x80"', "not JSON"),
        (b'"\\ud800"', "not JSON"),
        (b'"\\udc00\\ud800"', "not JSON"),
        ('{"a":1}'.encode("utf-16"), "not JSON"),
        (b"null", "$: null is not allowed"),
        (b'{"a":[null]}', "$.a[0]: null is not allowed"),
        (b"1.0", "$: this number is not an integer"),
        (b"1e2", "$: this number is not an integer"),
        (b"-0.0", "$: this number is not an integer"),
        (b"-0", "an integer has a sign"),
        (b"[-0 ]", "an integer has a sign"),
        (b"-1", "$: an integer lies outside 0 to 2^53-1"),
        (b"9007199254740992", "$: an integer lies outside 0 to 2^53-1"),
        (b"99999999999999999999999", "is not an integer from 0 to 2^53-1"),
        (b'{"\xc3\xa9":1}', "$: member names are ASCII text"),
        (b'{"\\u00e9":1}', "$: member names are ASCII text"),
    ],
)
def test_decode_refuses(text: bytes, reason: str) -> None:
    with pytest.raises(MalformedInput, match=re.escape(reason)):
        decode(text)
    with pytest.raises(MalformedInput):
        decode_canonical(text)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":1}',
        b'[{"b":[{"a":1,"c":0,"a":1}]}]',
        b' {"a":1, "a":1} ',
    ],
)
def test_repeated_members_are_refused(text: bytes) -> None:
    with pytest.raises(MalformedInput, match="the member 'a' stands twice"):
        decode(text)
    with pytest.raises(MalformedInput):
        decode_canonical(text)


def test_what_a_repeated_member_hides_cannot_crash_the_second_reading() -> None:
    deep = b"[" * 1000 + b"]" * 1000
    with pytest.raises(MalformedInput):
        decode(b'{"a":' + deep + b',"a":1}')
    with pytest.raises(MalformedInput):
        decode(b'{"a":' + b"1" * 5000 + b',"a":1}')


def test_json_of_others_may_hold_anything_but_depth() -> None:
    assert decode_foreign(b'{"a": [null, -1.5, {"\xc3\xa9": 1e3}]}') == {
        "a": [None, -1.5, {"\u00e9": 1000.0}]
    }
    nested = b"[" * MAX_NESTING + b"null" + b"]" * MAX_NESTING
    decode_foreign(nested)
    with pytest.raises(LimitExceeded):
        decode_foreign(b'{"a":' + nested + b"}")


@pytest.mark.parametrize("depth", [17, 900, 1_024, 1_025, 10**6])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b"[", b"")])
def test_no_depth_reaches_what_recurses(depth: int, opening: bytes, closing: bytes) -> None:
    with pytest.raises(MalformedInput):
        decode_foreign(opening * depth + b"1" + closing * depth)


def test_a_number_that_is_refused_is_not_repeated() -> None:
    """What a spreadsheet made of the number of a person still holds most of its digits."""
    with pytest.raises(MalformedInput, match=r"\$\.CZZTDM: this number is not an integer") as caught:
        decode(b'{"CZZTDM":429006199001010012.0}')
    assert "429006" not in str(caught.value)
