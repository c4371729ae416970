"""Say of which row of the input a node speaks.

The node counts the lines of the submission, which stand in another order. A line and a row of the input belong together by
action and identifier: nothing has to be kept for a submission that is handed in again.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from api.client.answers import RowAnswer
from api.client.node_error import NodeError
from ledger.encoding.canonical import Json, decode
from ledger.errors import MalformedInput

#: Yields the rows of an input with the numbers by which a person knows them.
NumberedRows = Callable[[], Iterable[tuple[int, bytes]]]
_Identity = tuple[str, str]
_NO_IDENTITY: Final[_Identity] = ("", "")


def renumber(rows: Iterable[RowAnswer], submission_path: Path, input_rows: NumberedRows) -> list[RowAnswer]:
    """Return what a node says of lines of a submission, said of the rows of its input, in their order."""
    answers = list(rows)
    identities = _read_identities(submission_path, {answer["row"] for answer in answers})
    numbers_by_identity = _find_numbers(input_rows(), set(identities.values()))
    renumbered_answers: list[RowAnswer] = []
    for answer in answers:
        input_numbers = numbers_by_identity.get(identities.get(answer["row"], _NO_IDENTITY), [])
        if not input_numbers:
            renumbered_answers.append(
                {**answer, "message": f"{answer['message']} (line of {submission_path.name})"}
            )
            continue
        others_text = f" (or row {', '.join(map(str, input_numbers[1:]))})" if input_numbers[1:] else ""
        renumbered_answers.append({"row": input_numbers[0], "message": answer["message"] + others_text})
    return sorted(renumbered_answers, key=lambda answer: answer["row"])


def renumber_error(error: NodeError, submission_path: Path, input_rows: NumberedRows) -> NodeError:
    """Return a node's refusal with its rows as the input counts them."""
    return NodeError(
        error.summary,
        error.problem,
        error.status,
        error.retry_after,
        renumber(error.rows, submission_path, input_rows),
    )


def _read_identities(submission_path: Path, line_numbers: Collection[int]) -> Mapping[int, _Identity]:
    """Return what the records on some lines of a submission are about; the statement is line 1."""
    with submission_path.open("rb") as submission_file:
        return {
            line_number: _identify(line, "record")
            for line_number, line in enumerate(submission_file, 1)
            if line_number in line_numbers and line_number > 1
        }


def _find_numbers(
    rows: Iterable[tuple[int, bytes]], identities: Collection[_Identity]
) -> Mapping[_Identity, list[int]]:
    numbers_by_identity: dict[_Identity, list[int]] = defaultdict(list)
    for row_number, line in rows:
        if (identity := _identify(line)) in identities:
            numbers_by_identity[identity].append(row_number)
    return numbers_by_identity


def _identify(line: bytes, member: str = "") -> _Identity:
    """Return action and identifier of a row, or of one of its members; of what is no row, empty texts."""
    try:
        row = decode(line)
    except MalformedInput:
        return _NO_IDENTITY
    members: Json | None = row.get(member) if member and isinstance(row, dict) else row
    if not isinstance(members, dict):
        return _NO_IDENTITY
    return str(members.get("action", "")), str(members.get("identifier", ""))
