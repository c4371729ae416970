"""Cut a JSON text at its outermost members and leave every value as it was sent.

A proof inside a request reaches the verifier byte for byte: duplicate members, floats or bad UTF-8 in it are for the
verifier to judge and to report. Only the outer brackets are looked at, without recursion, so depth costs nothing here.
"""

import json
import re
from typing import Final, cast

from api import limits
from api.http.errors import MalformedRequest
from ledger.records.claims import MAX_CLAIMS

_WHITESPACE: Final = b" \t\r\n"
_TOKEN_PATTERN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)
_NAME_PATTERN = re.compile(rb'[ \t\r\n]*+("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*+:', re.DOTALL)
_OPENING_BRACKETS: Final = frozenset(b"[{")
_CLOSING_BRACKETS: Final = frozenset(b"]}")
_COMMA: Final = ord(",")


def split_members(
    encoded_object: bytes,
    known_names: frozenset[str] | None = None,
    place: str = "the body",
    max_members: int = MAX_CLAIMS,
) -> dict[str, bytes]:
    """Return the raw value of every member of an object, `max_members` at most.

    Raises: MalformedRequest, also for a name that is not among `known_names`.
    """
    encoded_values: dict[str, bytes] = {}
    for encoded_member in _split(
        encoded_object,
        b"{}",
        f"{place} must be a JSON object",
        f"{place} may have {max_members} members",
        max_members,
    ):
        name_match = _NAME_PATTERN.match(encoded_member)
        if not name_match:
            raise MalformedRequest(f'a member of {place} is not written "name": value')
        name = parse_string(name_match[1], f"the name of a member of {place}")
        if known_names is not None and name not in known_names:
            raise MalformedRequest(
                f"{place} has an unknown member; known are {', '.join(sorted(known_names))}"
            )
        if name in encoded_values:
            raise MalformedRequest(f"{place} has a member twice")
        encoded_values[name] = encoded_member[name_match.end() :].strip(_WHITESPACE)
    return encoded_values


def split_elements(encoded_array: bytes, place: str, max_elements: int) -> list[bytes]:
    """Return the raw elements of an array, `max_elements` at most. Raises: MalformedRequest."""
    elements = _split(
        encoded_array,
        b"[]",
        f"`{place}` must be an array",
        f"`{place}` may have {max_elements} elements",
        max_elements,
    )
    return [element.strip(_WHITESPACE) for element in elements]


def parse_string(raw_value: bytes, place: str) -> str:
    """Return the text of a JSON string. Raises: MalformedRequest."""
    if not raw_value.startswith(b'"'):  # what a list of millions holds is not built to say this
        raise MalformedRequest(f"{place} must be text")
    try:
        return cast(str, json.loads(raw_value))
    except ValueError as error:
        raise MalformedRequest(f"{place} is not valid JSON") from error


def parse_integer(raw_value: bytes, place: str, max_value: int) -> int:
    """Return an integer from 0 to `max_value`. Raises: MalformedRequest."""
    if not re.fullmatch(rb"0|[1-9][0-9]{0,18}", raw_value) or int(raw_value) > max_value:
        raise MalformedRequest(f"{place} must be an integer from 0 to {max_value}")
    return int(raw_value)


def _split(
    encoded_value: bytes, brackets: bytes, shape_refusal: str, count_refusal: str, max_parts: int
) -> list[bytes]:
    """Cut what stands between the outer brackets at its own commas, which are counted as they come."""
    encoded_value = encoded_value.strip(_WHITESPACE)
    encoded_parts: list[bytes] = []
    depth, start_index = 0, 1
    if len(encoded_value) < 2 or encoded_value[0] != brackets[0] or encoded_value[-1] != brackets[1]:
        raise MalformedRequest(shape_refusal)
    for token_count, token_match in enumerate(_TOKEN_PATTERN.finditer(encoded_value)):
        if token_count >= limits.MAX_JSON_TOKENS:
            raise MalformedRequest(
                f"{shape_refusal} of at most {limits.MAX_JSON_TOKENS:,} texts, brackets and commas"
            )
        character = encoded_value[token_match.start()]
        if character in _OPENING_BRACKETS:
            depth += 1
        elif character in _CLOSING_BRACKETS:
            depth -= 1
            if depth == 0 and token_match.end() != len(encoded_value):
                raise MalformedRequest(shape_refusal)
        elif character == _COMMA and depth == 1:
            if len(encoded_parts) + 1 >= max_parts:
                raise MalformedRequest(f"{count_refusal} at most")
            encoded_parts.append(encoded_value[start_index : token_match.start()])
            start_index = token_match.end()
    if depth:
        raise MalformedRequest(shape_refusal)
    encoded_parts.append(encoded_value[start_index:-1])
    return [] if len(encoded_parts) == 1 and not encoded_parts[0].strip(_WHITESPACE) else encoded_parts
