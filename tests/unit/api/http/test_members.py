"""The outer brackets are read, everything inside stays as it was sent."""

import json
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.errors import MalformedRequest
from api.http.members import parse_integer, parse_string, split_elements, split_members
from api.limits import MAX_JSON_TOKENS

KNOWN = frozenset({"a", "b"})

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), values), st.sampled_from([None, 1]), st.booleans())
def test_members_are_those_that_json_reads(
    value: dict[str, object], indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    raw_values = split_members(text)
    assert list(raw_values) == list(value)
    assert b", ".join(raw for raw in raw_values.values()) == b", ".join(
        json.dumps(item, indent=indent, ensure_ascii=ascii_only)
        .encode("utf-8", "surrogatepass")
        .replace(b"\n", b"\n ")
        if indent
        else json.dumps(item, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        for item in value.values()
    )


@given(st.lists(values))
def test_elements_are_those_that_json_reads(value: list[object]) -> None:
    parts = split_elements(json.dumps(value).encode(), "items", 1_000)
    assert b"[" + b", ".join(parts) + b"]" == json.dumps(value).encode()


@given(st.binary())
def test_arbitrary_bytes_are_read_or_refused(text: bytes) -> None:
    for read in (
        lambda: split_members(text),
        lambda: split_elements(text, "items", 1_000),
        lambda: parse_string(text, "it"),
    ):
        with suppress(MalformedRequest):
            read()


def test_what_is_inside_is_not_looked_at() -> None:
    raw = b'{"x": 1, "x": NaN, "y": "\xff"}'
    assert split_members(b'{"a": ' + raw + b"}", KNOWN) == {"a": raw}


def test_depth_costs_nothing() -> None:
    deep = b"[" * 500_000 + b"]" * 500_000
    assert split_members(b'{"a":' + deep + b"}", KNOWN) == {"a": deep}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b'"a"',
        b"{",
        b"}",
        b'{"a": 1',
        b'{"a": 1}}',
        b'{"a": 1} {}',
        b'{"a": [}',
        b'{"a" 1}',
        b"{a: 1}",
        b'{"a": 1,}',
        b'{,"a": 1}',
        b'{"a": 1, "a": 2}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"c": 1}',
        b'{"\xff": 1}',
        b'\xef\xbb\xbf{"a": 1}',
    ],
)
def test_malformed_objects_are_refused(text: bytes) -> None:
    with pytest.raises(MalformedRequest):
        split_members(text, KNOWN)


@pytest.mark.parametrize("raw", [b"", b"-1", b"01", b"1.0", b"1e3", b'"1"', b"true", b"101", b"9" * 5000])
def test_other_than_small_integers_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse_integer(raw, "it", 100)


def test_messages_never_repeat_values() -> None:
    with pytest.raises(MalformedRequest) as caught:
        split_members(b'{"zhangsan": "429006199001010012"}', KNOWN)
    assert "zhangsan" not in str(caught.value)
    assert "429006" not in str(caught.value)


@pytest.mark.parametrize("most", [1, 3, 1_000])
def test_a_list_is_counted_while_it_is_cut(most: int) -> None:
    assert len(split_elements(b"[" + b",".join([b"1"] * most) + b"]", "items", most)) == most
    with pytest.raises(MalformedRequest, match=f"`items` may have {most} elements at most"):
        split_elements(b"[" + b",".join([b"1"] * (most + 1)) + b"]", "items", most)
    with pytest.raises(MalformedRequest, match=f"the body may have {most} members at most"):
        split_members(b"{" + b",".join(b'"%d":1' % i for i in range(most + 1)) + b"}", max_members=most)


def test_no_list_takes_memory_before_it_is_counted() -> None:
    """Two bytes an element, forty of memory each: the body of a batch would take over half a gigabyte."""
    tracemalloc.start()
    text = b"[" + b"1," * 2**21 + b"1]"
    with pytest.raises(MalformedRequest):
        split_elements(text, "items", 1_000)
    with pytest.raises(MalformedRequest):
        split_members(b"{" + text[1:-1] + b"}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * len(text)


@pytest.mark.parametrize("raw", [b"[" * 10**6, b"[" + b"[]," * 10**5 + b"[]]", b"{}", b"", b'["a"]'])
def test_what_is_no_text_is_not_built_to_say_so(raw: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(MalformedRequest, match="it must be text"):
        parse_string(raw, "it")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize("part", [b"[],", b'"",', b"{},", b'{"":""},'])
def test_small_parts_of_any_value_are_counted_before_they_are_built(part: bytes) -> None:
    """Three bytes an empty list, eighty of memory: one request took a gigabyte, and a minute of one core."""
    body = b'{"claims": {"a": [' + part * (MAX_JSON_TOKENS // len(part) + 1) * 2 + b"0]}}"
    with pytest.raises(MalformedRequest, match="of at most 2,000,000 texts, brackets and commas"):
        split_members(body)
