"""Cut a JSON text at its outermost members and leave every value as it was sent.

A proof inside a request reaches the verifier byte for byte: duplicate members, floats or bad UTF-8 in it are for the
verifier to judge and to report. Only the outer brackets are looked at, without recursion, so depth costs nothing here.
"""

import json
import re
from typing import Final

from api.http.errors import MalformedRequest
from ledger.records.claims import MAX_CLAIMS

_WHITESPACE: Final = b" \t\r\n"
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)
_NAME = re.compile(rb'[ \t\r\n]*+("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*+:', re.DOTALL)
_OPENING: Final = frozenset(b"[{")
_CLOSING: Final = frozenset(b"]}")
_COMMA: Final = ord(",")


def members(
    text: bytes, known: frozenset[str] | None = None, where: str = "the body", most: int = MAX_CLAIMS
) -> dict[str, bytes]:
    """Return the raw value of every member of an object, `most` at most. Raises: MalformedRequest, also if not `known`."""
    values: dict[str, bytes] = {}
    for part in _split(
        text, b"{}", f"{where} must be a JSON object", f"{where} may have {most} members", most
    ):
        name = _NAME.match(part)
        if not name:
            raise MalformedRequest(f'a member of {where} is not written "name": value')
        key = string(name[1], f"the name of a member of {where}")
        if known is not None and key not in known:
            raise MalformedRequest(f"{where} has an unknown member; known are {', '.join(sorted(known))}")
        if key in values:
            raise MalformedRequest(f"{where} has a member twice")
        values[key] = part[name.end() :].strip(_WHITESPACE)
    return values


def elements(text: bytes, where: str, most: int) -> list[bytes]:
    """Return the raw elements of an array, `most` at most. Raises: MalformedRequest."""
    parts = _split(text, b"[]", f"`{where}` must be an array", f"`{where}` may have {most} elements", most)
    return [part.strip(_WHITESPACE) for part in parts]


def string(raw: bytes, where: str) -> str:
    """Return the text of a JSON string. Raises: MalformedRequest."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(f"{where} is not valid JSON") from error
    if not isinstance(value, str):
        raise MalformedRequest(f"{where} must be text")
    return value


def integer(raw: bytes, where: str, most: int) -> int:
    """Return an integer from 0 to `most`. Raises: MalformedRequest."""
    if not re.fullmatch(rb"0|[1-9][0-9]{0,18}", raw) or int(raw) > most:
        raise MalformedRequest(f"{where} must be an integer from 0 to {most}")
    return int(raw)


def _split(text: bytes, brackets: bytes, otherwise: str, limit: str, most: int) -> list[bytes]:
    """Cut what stands between the outer brackets at its own commas, which are counted as they come."""
    text = text.strip(_WHITESPACE)
    parts: list[bytes] = []
    depth, start = 0, 1
    if len(text) < 2 or text[0] != brackets[0] or text[-1] != brackets[1]:
        raise MalformedRequest(otherwise)
    for token in _TOKEN.finditer(text):
        sign = text[token.start()]
        if sign in _OPENING:
            depth += 1
        elif sign in _CLOSING:
            depth -= 1
            if depth == 0 and token.end() != len(text):
                raise MalformedRequest(otherwise)
        elif sign == _COMMA and depth == 1:
            if len(parts) + 1 >= most:
                raise MalformedRequest(f"{limit} at most")
            parts.append(text[start : token.start()])
            start = token.end()
    if depth:
        raise MalformedRequest(otherwise)
    parts.append(text[start:-1])
    return [] if len(parts) == 1 and not parts[0].strip(_WHITESPACE) else parts
