"""Canonical JSON for any value and any bytes."""

import json
from contextlib import suppress

import orjson
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.encoding.canonical import MAX_INTEGER, Json, decode, decode_canonical, encode_canonical
from ledger.errors import MalformedInput

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = st.text(st.characters(max_codepoint=127), max_size=12)
SCALARS = TEXT | st.integers(0, MAX_INTEGER) | st.booleans()
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=25,
)
# Anything that Python's JSON writes, of which much lies outside the profile
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


def same(left: object, right: object) -> bool:
    """Equal in type too: Python holds True and 1, 1 and 1.0 for equal."""
    return repr(left) == repr(right)


@given(VALUES)
def test_agrees_with_rfc8785(value: Json) -> None:
    assert encode_canonical(value) == rfc8785.dumps(value)


@given(VALUES)
def test_what_is_encoded_decodes_to_itself(value: Json) -> None:
    data = encode_canonical(value)
    assert decode(data) == value
    assert decode_canonical(data) == value
    assert encode_canonical(decode(data)) == data


@given(VALUES, st.booleans(), st.sampled_from([None, 0, 2]), st.booleans())
def test_every_spelling_of_a_value_has_one_canonical_form(
    value: Json, ascii_only: bool, indent: int | None, backwards: bool
) -> None:
    text = json.dumps(reversed_members(value) if backwards else value, ensure_ascii=ascii_only, indent=indent)
    assert encode_canonical(decode(text.encode())) == encode_canonical(value)


def reversed_members(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: reversed_members(item) for name, item in reversed(value.items())}
    return [reversed_members(item) for item in value] if isinstance(value, list) else value


@given(ANY_JSON)
def test_outside_the_profile_is_refused_and_inside_is_exact(value: object) -> None:
    """If `encode_canonical` takes a value, reading the bytes gives that value back; nothing is mapped to something else."""
    try:
        data = encode_canonical(value)  # type: ignore[arg-type]
    except MalformedInput:
        return
    assert data == rfc8785.dumps(value)  # type: ignore[arg-type]
    again = json.loads(data)
    assert again == value
    assert same(sorted_members(again), sorted_members(value))


def sorted_members(value: object) -> object:
    if isinstance(value, dict):
        return {name: sorted_members(value[name]) for name in sorted(value)}
    return [sorted_members(item) for item in value] if isinstance(value, list) else value


@given(st.binary(max_size=200))
def test_decoders_raise_only_malformed_input(data: bytes) -> None:
    for decoder in (decode, decode_canonical):
        with suppress(MalformedInput):
            decoder(data)


@given(ANY_JSON, st.integers(0, 400), st.binary(max_size=3))
@example({"a": 1, "b": -0.0}, 5, b"")
@example({"a": [1, 2]}, 3, b"a")
def test_decoders_raise_only_malformed_input_on_damaged_json(value: object, at: int, patch: bytes) -> None:
    data = bytearray(json.dumps(value).encode())
    data[at : at + len(patch)] = patch
    for decoder in (decode, decode_canonical):
        with suppress(MalformedInput):
            decoder(bytes(data))


@given(st.text(alphabet=' {}[],:"aA01-.e\\u\n', max_size=30))
def test_decode_takes_no_text_that_a_strict_reader_refuses(text: str) -> None:
    try:
        value = decode(text.encode())
    except MalformedInput:
        return
    assert same(json.loads(text, object_pairs_hook=unique), value)


def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@given(st.dictionaries(NAMES, SCALARS, min_size=1, max_size=5), st.data())
def test_a_repeated_member_is_refused_wherever_it_stands(
    members: dict[str, Json], data: st.DataObject
) -> None:
    pairs = [orjson.dumps(name) + b":" + orjson.dumps(value) for name, value in members.items()]
    repeated = orjson.dumps(data.draw(st.sampled_from(sorted(members)))) + b":0"
    pairs.insert(data.draw(st.integers(0, len(pairs))), repeated)
    text = b"{" + b",".join(pairs) + b"}"
    for decoder in (decode, decode_canonical):
        try:
            decoder(b'[{"":[' + text + b"]}]")
        except MalformedInput:
            continue
        raise AssertionError(text)
