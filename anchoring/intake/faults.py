"""Faults of a submission's rows: gathered, and refused together with the rows named."""

from typing import Final

from anchoring.errors import RowError, SubmissionRefused

# Rows reported of a refused submission: the first hundred show the pattern.
MAX_ROW_ERRORS: Final = 100

FIRST_ROW: Final = 2  # rows are counted as lines, and the statement is line 1


class RowFault(Exception):
    """One row is at fault; `problem` is a slug that all faults of its sort share."""

    def __init__(self, problem: str, message: str) -> None:
        super().__init__(message)
        self.problem = problem


class Faults:
    """The faults of a submission's rows, up to as many as are reported."""

    def __init__(self) -> None:
        self._errors: list[RowError] = []
        self._problems: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._errors)

    @property
    def is_full(self) -> bool:
        return len(self._errors) >= MAX_ROW_ERRORS

    def add(self, row_number: int, problem: str, message: str) -> None:
        """Note that a row, counted from 1, is at fault."""
        self._problems.add(problem)
        if not self.is_full:
            self._errors.append(RowError(row_number, message))

    def refuse(self) -> None:
        """Raise what was found, if anything was. Raises: SubmissionRefused."""
        if self._errors:
            problem = self._problems.pop() if len(self._problems) == 1 else "rows-refused"
            errors = tuple(sorted(self._errors, key=lambda error: error.row_number))
            first_error = f"row {errors[0].row_number}: {errors[0].message}"
            summary = (
                f"{'at least ' if self.is_full else ''}{len(errors)} rows are at fault, first {first_error}"
            )
            message = f"nothing was accepted, mend and send again: {summary if errors[1:] else first_error}"
            raise SubmissionRefused(problem, message, errors)
