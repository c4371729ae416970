"""JSON lines as a table: one object a line, whose members are the columns."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from api.department.imports.files.sources import (
    MAX_LINE_CHARS,
    NUMBER_CELL,
    TEXT_CELL,
    SourceRow,
    check_width,
)
from ledger.errors import MalformedInput

_MAX_QUOTED: Final = 40  # characters of a member's name that a message repeats


class _Number(str):
    """A number as it is written in the file."""


def read_json_lines(path: Path, encoding: str) -> Iterator[SourceRow]:
    """Yield the names of the first object's members as row 0, then a row for each line. Raises: MalformedInput."""
    member_names: list[str] = []
    with path.open(encoding=encoding, newline="\n") as file:
        line_number = 0
        while line_text := file.readline(MAX_LINE_CHARS + 1):
            line_number += 1
            if len(line_text) > MAX_LINE_CHARS:
                raise MalformedInput(
                    f"line {line_number:,} has more than {MAX_LINE_CHARS:,} characters: give one object a line"
                )
            if not line_text.strip():
                continue
            try:
                members = _decode_object(line_text)
            except MalformedInput as error:
                yield SourceRow("", line_number, (), fault=str(error))
                continue
            if not member_names:
                member_names = [*members]
                check_width(member_names, str(line_number))
                yield SourceRow("", 0, tuple(member_names))
            yield _make_row(line_number, members, member_names)


def _make_row(line_number: int, members: dict[str, str], member_names: list[str]) -> SourceRow:
    if surplus_names := [name for name in members if name not in member_names]:
        fault = (
            f"it has the member “{surplus_names[0][:_MAX_QUOTED]}”, which the first line has not: give "
            "every line the same members"
        )
        return SourceRow("", line_number, (), fault=fault)
    cells = tuple(members.get(name, "") for name in member_names)
    cell_kinds = "".join(NUMBER_CELL if isinstance(cell, _Number) else TEXT_CELL for cell in cells)
    return SourceRow("", line_number, tuple(map(str, cells)), cell_kinds)


def _decode_object(text: str) -> dict[str, str]:
    """Return the members of an object, each as a cell. Raises: MalformedInput."""
    try:
        pairs = json.loads(
            text, parse_int=_Number, parse_float=_Number, parse_constant=_Number, object_pairs_hook=_Pairs
        )
    except (ValueError, RecursionError) as error:
        raise MalformedInput(f"it is no JSON object: {error}") from error
    if not isinstance(pairs, _Pairs):
        raise MalformedInput("it is no JSON object {…}")
    members = {name: _write_cell(value) for name, value in pairs}
    if len(members) != len(pairs):
        raise MalformedInput("a member stands twice in it")
    return members


class _Pairs(list[tuple[str, object]]):
    """The members of an object in their order, each as often as it stands there."""


def _write_cell(value: object) -> str:
    """Return a value as a cell; arrays and objects as JSON, which a profile may open."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(_make_plain(value), ensure_ascii=False)


def _make_plain(value: object) -> object:
    if isinstance(value, _Pairs):
        return {name: _make_plain(member) for name, member in value}
    return [_make_plain(item) for item in value] if isinstance(value, list) else value
