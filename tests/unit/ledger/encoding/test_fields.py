"""Reading members: each once, each in its form, and nothing left over."""

from datetime import date
from typing import Any

import pytest

from ledger.crypto.suites import SM3
from ledger.encoding.canonical import Json
from ledger.encoding.fields import MAX_TEXT_CHARS, Fields, parse_hex, parse_key_id
from ledger.errors import InvalidIdentifier, MalformedInput, NewerFormat
from ledger.limits import MAX_PATH


def fields(**members: Json) -> Fields:
    return Fields(dict(members), "thing")


@pytest.mark.parametrize("value", ["text", 1, True, [], [{}]])
def test_only_an_object_has_members(value: Json) -> None:
    with pytest.raises(MalformedInput, match="thing must be an object"):
        Fields(value, "thing")


def test_type_tells_newer_from_other() -> None:
    fields(type="a/b/1").take_type("a/b/1")
    with pytest.raises(NewerFormat, match="update the program"):
        fields(type="a/b/2").take_type("a/b/1")
    with pytest.raises(MalformedInput) as raised:
        fields(type="a/c/1").take_type("a/b/1")
    assert type(raised.value) is MalformedInput


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (lambda members: members.take_text("x"), [1, True, "", [], "a" * (MAX_TEXT_CHARS + 1)]),
        (lambda members: members.take_integer("x", 1, 9), [0, 10, True, "1", []]),
        (lambda members: members.take_array("x", 2), ["ab", {}, [1, 2, 3]]),
        (lambda members: members.take_hex("x", 2), ["abc", "ABCD", "ab", "abcdef", "zz00", 1]),
        (lambda members: members.take_hashes("x"), [["00"], [1], "00", ["00" * 32] * (MAX_PATH + 1)]),
        (
            lambda members: members.take_digest("x"),
            ["00" * 32, "md5:" + "00" * 32, "sm3:00", "sm3:" + "A0" * 32],
        ),
        (lambda members: members.take_time("x"), ["2022-03-28", 1]),
        (lambda members: members.take_date("x"), ["2022-03-28T08:00:00Z", 1]),
        (lambda members: members.take_parsed("x", parse_key_id), ["00" * 32, "0X" + "00" * 32, "0x00"]),
    ],
)
def test_a_member_of_another_form_is_refused_by_name(read: Any, wrong: list[Json]) -> None:
    for value in wrong:
        with pytest.raises(MalformedInput):
            read(fields(x=value))


def test_members_in_their_form() -> None:
    members = fields(
        text="a", number=9, list=[1], hex="abcd", path=["00" * 32], digest="sm3:" + "00" * 32,
        time="1970-01-01T00:00:01Z", date="2022-03-28", key="0x" + "01" * 32,
    )  # fmt: skip
    assert members.has("text")
    assert members.take_text("text") == "a"
    assert not members.has("text")
    assert members.take_integer("number", 0, 9) == 9
    assert members.take_array("list", 1) == [1]
    assert members.take_hex("hex", 2) == b"\xab\xcd"
    assert members.take_hashes("path") == (bytes(32),)
    assert members.take_digest("digest") == (SM3, bytes(32))
    assert members.take_time("time") == 1
    assert members.take_date("date") == date(2022, 3, 28)
    assert members.take_date("date") is None
    assert members.take_parsed("key", parse_key_id) == b"\x01" * 32
    assert members.take_optional("note", str) is None
    members.close()


def test_a_failure_keeps_its_kind_and_names_the_member() -> None:
    def refuse(text: str) -> str:
        raise InvalidIdentifier(f"{text} is odd")

    with pytest.raises(InvalidIdentifier, match=r"thing\.code: x is odd"):
        fields(code="x").take_parsed("code", refuse)


def test_a_missing_member_is_named() -> None:
    with pytest.raises(MalformedInput, match="thing lacks the member 'x'"):
        fields().take("x")


def test_unread_members_are_refused() -> None:
    with pytest.raises(MalformedInput, match="thing has unknown members: a, b"):
        fields(b=1, a=2).close()


def test_hex_of_any_length() -> None:
    assert parse_hex("") == b""
    assert parse_hex("00ff") == b"\x00\xff"
