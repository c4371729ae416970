"""Canonical JSON: the one byte form of every object that is hashed or signed.

The form is that of docs/formats/README.md: RFC 8785 over a profile in which nothing is ambiguous: strings
without lone surrogates, integers from 0 to 2^53-1, booleans, arrays, and objects with unique ASCII member
names. Signs, fractions, exponents and nulls are refused, never turned into something else, so the hard
parts of RFC 8785 (numbers, section 3.2.2.3; sorting by UTF-16 unit, section 3.2.3) never arise.

Inside the profile orjson with sorted keys writes what RFC 8785 prescribes; outside it does not, hence the
walk over every value first. Which members an object must have is for its reader to say.
"""

import json
from typing import Any, Final, NoReturn, TypeAlias, cast

import orjson

from ledger.errors import LimitExceeded, MalformedInput
from ledger.limits import MAX_NESTING

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json]"

MAX_INTEGER: Final = 2**53 - 1  # RFC 7493 section 2.2: the integers that every implementation reads alike

_dump_json, _load_json, _SORT_KEYS = orjson.dumps, orjson.loads, orjson.OPT_SORT_KEYS


def encode_canonical(value: Json) -> bytes:
    """Return the canonical UTF-8 bytes of `value` (RFC 8785 section 3.2).

    Raises: MalformedInput, naming the place, outside the profile; LimitExceeded for deep nesting.
    """
    if type(value) is not str and not _fits_profile(value):
        _check_profile(value, 1, "$")
    return encode_known(value)


def encode_known(value: Json) -> bytes:
    """Return the canonical bytes of a value that keeps to the profile for certain: of texts, or of what `decode` returned.

    The walk over a value takes twice as long as writing it. Raises: MalformedInput for a lone surrogate.
    """
    try:
        return _dump_json(value, option=_SORT_KEYS)
    except TypeError as error:
        raise MalformedInput("text must not hold a lone surrogate") from error


def decode(data: bytes) -> Json:
    """Read a JSON text within the profile; spacing, escapes and the order of members are free.

    Raises: MalformedInput, saying what and where; LimitExceeded for deep nesting.
    """
    value = _parse(data)
    # orjson keeps the last of repeated members and reads -0 as 0. What it writes back unchanged had neither.
    if _dump_json(value) != data:
        _read_strictly(data)
    return value


def decode_canonical(data: bytes) -> Json:
    """Read a text that must be in canonical form already: `encode_canonical` of the result is `data` again.

    Raises: MalformedInput, LimitExceeded.
    """
    value = _parse(data)
    if _dump_json(value, option=_SORT_KEYS) != data:
        raise MalformedInput("the JSON is not in canonical form (RFC 8785)")
    return value


def decode_foreign(data: bytes) -> object:
    """Read a JSON text (RFC 8259) that keeps to no profile of ours, such as an answer of a chain's endpoint.

    Whoever walks or prints the value may do so by recursion: it is no deeper than canonical JSON.
    Raises: MalformedInput; LimitExceeded for deep nesting.
    """
    value = _load(data)
    _check_depth(value)
    return value


def _load(data: bytes) -> object:
    """Parse without recursion in this process's interpreter: orjson stops by itself at 1,024 levels."""
    try:
        return cast(object, _load_json(data))
    except orjson.JSONDecodeError as error:
        raise MalformedInput(f"not JSON: {error}") from error


def _check_depth(value: object) -> None:
    layer_values, level = [value], 0
    while layer_values := [
        value_of_layer for value_of_layer in layer_values if isinstance(value_of_layer, list | dict)
    ]:
        level += 1
        _check_level(level, "$")
        layer_values = [
            inner_value
            for value_of_layer in layer_values
            for inner_value in (
                value_of_layer.values() if isinstance(value_of_layer, dict) else value_of_layer
            )
        ]


def _parse(data: bytes) -> Json:
    value = _load(data)
    if not _fits_profile(value):
        _check_profile(value, 1, "$")
    return cast(Json, value)


def _fits_profile(value: object) -> bool:
    """Tell whether the profile allows `value`: layer by layer, because nearly every value is fine and asked for often."""
    layer_values: list[Any] = [value]
    level = 0
    while True:
        values_below: list[Any] = []
        for item in layer_values:
            item_type = type(item)
            if item_type is str or item_type is bool:
                continue
            if item_type is int:
                if not 0 <= item <= MAX_INTEGER:
                    return False
            elif level == MAX_NESTING:
                return False
            elif item_type is list:
                values_below += item
            elif item_type is dict:
                for name in item:
                    if type(name) is not str or not name.isascii():
                        return False
                values_below += item.values()
            else:
                return False
        if not values_below:
            return True
        layer_values, level = values_below, level + 1


def _check_profile(value: object, level: int, place: str) -> None:
    """Say where the profile excludes what. Types are compared exactly: orjson also writes enums and dates."""
    if type(value) is dict:
        _check_level(level, place)
        for name, item in value.items():
            if type(name) is not str or not name.isascii():
                raise MalformedInput(f"{place}: member names are ASCII text, not {str(name)[:40]!r}")
            if type(item) is not str:
                _check_profile(item, level + 1, f"{place}.{name}")
    elif type(value) is list:
        _check_level(level, place)
        for index, item in enumerate(value):
            if type(item) is not str:
                _check_profile(item, level + 1, f"{place}[{index}]")
    elif type(value) is int:
        if not 0 <= value <= MAX_INTEGER:
            raise MalformedInput(f"{place}: an integer lies outside 0 to 2^53-1: write it as text")
    elif type(value) not in (str, bool):
        _refuse(value, place)


def _check_level(level: int, place: str) -> None:
    if level > MAX_NESTING:
        raise LimitExceeded(f"{place}: the JSON nests deeper than {MAX_NESTING} levels")


def _refuse(value: object, place: str) -> NoReturn:
    if value is None:
        raise MalformedInput(f"{place}: null is not allowed: leave the member out")
    if type(value) is float:
        raise MalformedInput(f"{place}: this number is not an integer from 0 to 2^53-1: write it as text")
    raise MalformedInput(f"{place}: {type(value).__name__} is not a JSON value")


def _read_strictly(data: bytes) -> None:
    """Refuse what a parsed value no longer shows. Slow, and only for texts that are not written compactly."""
    try:
        _DECODER.decode(data.decode())
    except (ValueError, RecursionError) as error:  # in a member that its repetition hid from orjson
        raise MalformedInput(f"not JSON: {error}") from error


def _refuse_repeated_names(pairs: list[tuple[str, None]]) -> None:
    names_seen = set()
    for name, _ in pairs:
        if name in names_seen:
            raise MalformedInput(f"the member {name[:40]!r} stands twice in one object")
        names_seen.add(name)


def _refuse_sign(digits: str) -> None:
    if digits.startswith("-"):
        raise MalformedInput("an integer has a sign: write it as text")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_refuse_repeated_names, parse_int=_refuse_sign)
