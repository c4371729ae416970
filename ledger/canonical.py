"""Canonical JSON: RFC 8785 over a profile in which only one spelling is possible (design: encodings).

The profile has strings without lone surrogates, integers from 0 to 2^53-1, booleans, arrays, and objects with unique ASCII
member names. There are no floats and no nulls, so the hard part of RFC 8785 (section 3.2.2.3, numbers) never arises, and
sorting by code point equals sorting by UTF-16 unit (section 3.2.3).
"""

import json
from typing import Any, Final, NoReturn, TypeAlias, cast

import orjson

from ledger import limits
from ledger.errors import LimitExceeded, MalformedInput

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json]"

MAX_INTEGER: Final = 2**53 - 1  # RFC 8785 section 3.2.2.3, RFC 7493 section 2.2


def encode(value: Json) -> bytes:
    """Return the canonical UTF-8 bytes of `value`. Raises: MalformedInput outside the profile, LimitExceeded."""
    if type(value) is not str:
        _check(value, 0)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise MalformedInput("text must not hold a lone surrogate") from error


def decode(data: bytes) -> Json:
    """Read any JSON text within the profile. Raises: MalformedInput saying what is outside it, LimitExceeded."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedInput(f"the text is not UTF-8 at byte {error.start}") from error
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise MalformedInput(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise LimitExceeded(f"the JSON nests deeper than {limits.MAX_NESTING}") from error
    if type(value) is str:
        _check_text(value)
    else:
        _check(value, 0)
    return cast(Json, value)


def decode_canonical(data: bytes) -> Json:
    """Read JSON that must be in canonical form already. Raises: MalformedInput, LimitExceeded."""
    value = decode(data)
    if encode(value) != data:
        raise MalformedInput("the JSON is not in canonical form (RFC 8785)")
    return value


def _check(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str:
        _check_text(value)
    elif kind is int:
        if not 0 <= value <= MAX_INTEGER:
            raise MalformedInput(f"an integer lies outside 0 to {MAX_INTEGER}: write larger numbers as text")
    elif kind is bool:
        pass
    elif kind is dict or kind is list:
        if depth == limits.MAX_NESTING:
            raise LimitExceeded(f"the JSON nests deeper than {limits.MAX_NESTING}")
        if kind is dict:
            for name in value:
                if type(name) is not str or not name.isascii():
                    raise MalformedInput(f"member names are ASCII text, not {str(name)[:40]!a}")
            value = value.values()
        for item in value:
            _check(item, depth + 1)
    elif value is None:
        raise MalformedInput("null is not allowed: leave the member out")
    elif kind is float:
        raise MalformedInput("numbers with a fraction or exponent are not allowed: write them as text")
    else:
        raise MalformedInput(f"{kind.__name__} is not a JSON value")


def _check_text(text: str) -> None:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise MalformedInput("text must not hold a lone surrogate") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise MalformedInput(f"the member {name[:40]!a} stands twice")
            seen.add(name)
    return members


def _integer(digits: str) -> int:
    if digits.startswith("-"):
        raise MalformedInput("negative numbers are not allowed: write them as text")
    if len(digits) > 16:
        raise MalformedInput(f"an integer lies outside 0 to {MAX_INTEGER}: write larger numbers as text")
    return int(digits)


def _refuse_number(digits: str) -> NoReturn:
    raise MalformedInput(f"{digits[:40]} is not allowed: write it as text")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_refuse_number, parse_constant=_refuse_number, parse_int=_integer
)
