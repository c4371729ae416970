"""Read files of changes: one certificate a row, named by its identifier.

NDJSON has the members of a record except those that follow from where the certificate stands; a CSV has them as columns, and
every other column is a claim of the new version. An empty cell names nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anchoring.intake.faults import Faults
from api.console import note
from api.department.rows.columns import (
    FOLLOWING_MEMBERS,
    RECORD_MEMBERS,
    STATUS_MEMBERS,
    check_columns,
    check_members,
    check_record_columns,
    list_members,
)
from api.department.rows.days import NO_END
from api.department.rows.forms import find_fields, put_in_form
from api.department.rows.tables import KEY_COLUMN, Table, check_kind, read_table
from ledger.encoding.canonical import Json, decode, encode_canonical
from ledger.errors import LedgerError, MalformedInput
from ledger.records.records import PRESENTABLE_ACTIONS

_MAX_SHOWN_NUMBERS: Final = 5  # numbers of blank rows that a message lists
_BEGINNING_BYTES: Final = 4096  # of a file, by which its kind is told: blank lines stand before it


#: What a row of a table is about unless it says otherwise.
_DEFAULT_MEMBERS: Final[Mapping[str, Json]] = {"kind": "licence", "action": "issue", "claims": {}}


@dataclass(frozen=True, slots=True)
class InputRow:
    """What a row says; `row_number` is that of its line, or of its row in the sheet."""

    row_number: int
    members: Mapping[str, Json]

    @property
    def identifier(self) -> str:
        return str(self.members["identifier"])


def read_rows(path: Path, action: str) -> list[InputRow]:
    """Return the rows of a file of changes by `action`. Raises: MalformedInput, SubmissionRefused, OSError."""
    content = path.read_bytes()
    is_table = path.suffix.lower() == ".csv"
    rows = _read_sheet(read_table(content), action) if is_table else _read_lines(content, action, path.name)
    if not rows:
        raise MalformedInput(f"{path.name} names no certificate: nothing is to be done")
    return rows


def _read_lines(content: bytes, action: str, file_name: str) -> list[InputRow]:
    _check_lines(content[:_BEGINNING_BYTES], file_name)
    rows, faults = list[InputRow](), Faults()
    for row_number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append(InputRow(row_number, _read_object(line, action, f"line {row_number} of {file_name}")))
        except LedgerError as error:
            faults.add(row_number, "malformed-row", str(error))
    faults.refuse()
    return rows


def _check_lines(first_bytes: bytes, file_name: str) -> None:
    """Check that a file whose name is not that of a CSV begins as NDJSON does. Raises: MalformedInput, with what to do."""
    check_kind(first_bytes)
    if first_bytes.strip() and not first_bytes.lstrip().startswith((b"{", b"[")):
        raise MalformedInput(
            f"{file_name} is no NDJSON, which has an object {{…}} on each line and no byte order mark: give a "
            "table 表格 a name "
            "that ends in .csv, and save it as such"
        )


def number_records(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a file for a submission with the numbers by which a person knows them, each as canonical JSON.

    A row of a CSV issues a licence unless it says otherwise. Raises: MalformedInput, SubmissionRefused, OSError.
    """
    if path.suffix.lower() != ".csv":
        with path.open("rb") as records_file:
            _check_lines(records_file.peek(_BEGINNING_BYTES), path.name)
            yield from ((row_number, line) for row_number, line in enumerate(records_file, 1) if line.strip())
        return
    yield from _number_table(read_table(path.read_bytes()))


def _number_table(table: Table) -> list[tuple[int, bytes]]:
    check_record_columns(table.columns)
    rows, faults = list[tuple[int, bytes]](), Faults()
    for row_number, cells in table.rows:
        members = {**_DEFAULT_MEMBERS, **make_members(cells, RECORD_MEMBERS)}
        claims, fields_by_name = members.get("claims"), find_fields(cells[KEY_COLUMN])
        if isinstance(claims, dict):
            members["claims"] = {
                name: put_in_form(cell, None, fields_by_name.get(name)) for name, cell in claims.items()
            }
        if "valid_until" not in members and members["action"] in PRESENTABLE_ACTIONS:
            faults.add(
                row_number, "malformed-row", f"`valid_until` is empty: write the last day, or {NO_END}"
            )
        rows.append((row_number, encode_canonical(members)))
    faults.refuse()
    return rows


def count_records(path: Path) -> int:
    """Return how many records a file has, and tell which rows of a table are left out."""
    if path.suffix.lower() != ".csv":
        with path.open("rb") as records_file:
            return sum(1 for line in records_file if line.strip())
    table = read_table(path.read_bytes())
    note_blank_rows(table)
    return len(table.rows)


def _read_object(line: bytes, action: str, line_name: str) -> Mapping[str, Json]:
    members = decode(line)
    if not isinstance(members, dict) or not isinstance(members.get("identifier"), str):
        raise MalformedInput(f"{line_name} is not an object with an `identifier`")
    if following_names := [name for name in FOLLOWING_MEMBERS if name in members]:
        raise MalformedInput(
            f"{line_name} states {', '.join(following_names)}, which follow from the register"
        )
    check_members(action, members)
    return members


def _read_sheet(table: Table, action: str) -> list[InputRow]:
    check_columns(action, table.columns)
    _check_filled(table)
    note_blank_rows(table)
    rows, faults = list[InputRow](), Faults()
    for row_number, cells in table.rows:
        if cells["identifier"].strip():
            rows.append(InputRow(row_number, make_members(cells, list_members(action))))
        else:
            faults.add(row_number, "malformed-row", "it names no certificate: fill in `identifier`")
    faults.refuse()
    return rows


def _check_filled(table: Table) -> None:
    """Check that each column says something in some row. Raises: MalformedInput."""
    empty_columns = [
        name
        for name in table.columns
        if name not in STATUS_MEMBERS and not any(cells[name].strip() for _, cells in table.rows)
    ]
    if empty_columns and table.rows:
        raise MalformedInput(
            "; ".join(f"the column `{name}` is empty in every row" for name in empty_columns)
            + f": leave it out where everything stays as it is, or write {NO_END} where there is no end"
        )


def note_blank_rows(table: Table) -> None:
    """Tell which rows of a table are left out because nothing stands in them."""
    if table.blank_row_numbers:
        numbers_text = ", ".join(map(str, table.blank_row_numbers[:_MAX_SHOWN_NUMBERS])) + (
            ", …" if table.blank_row_numbers[_MAX_SHOWN_NUMBERS:] else ""
        )
        note(f"Rows without any content are left out 空行已略过: {numbers_text}")


def make_members(cells: Mapping[str, str], member_names: tuple[str, ...]) -> dict[str, Json]:
    """Return the members of a row: cells of columns that are no members of a row are claims, and empty cells nothing."""
    members: dict[str, Json] = {name: cells[name] for name in member_names if cells.get(name, "").strip()}
    claims = dict(_list_claims(cells, member_names))
    return members | ({"claims": claims} if claims else {})


def _list_claims(cells: Mapping[str, str], member_names: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
    for name, cell in cells.items():
        if name not in member_names and cell.strip():
            yield name, cell
