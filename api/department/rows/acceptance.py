"""Warnings 警告 about rows stop a command before it signs, until they are accepted by name."""

import argparse
from collections.abc import Collection, Sequence
from typing import Final

from anchoring.errors import RowError, SubmissionRefused
from anchoring.intake.faults import MAX_ROW_ERRORS
from api.console import note
from api.department.rows.oddities import SORTS, RowWarning

#: The problem of rows with warnings that nobody accepted.
NOT_ACCEPTED: Final = "warnings-not-accepted"


def add_accept(command: argparse.ArgumentParser) -> None:
    """Add `--accept`, which takes warnings by the names of their sorts."""
    command.add_argument(
        "--accept",
        action="append",
        default=[],
        choices=tuple(SORTS),
        metavar="NAME",
        help=f"sign although there are warnings 警告 of this sort: {', '.join(SORTS)}; repeatable",
    )


def require_accepted(warnings: Sequence[RowWarning], accepted_names: Collection[str]) -> None:
    """Tell the warnings whose sort is accepted. Raises: SubmissionRefused where there are others, with their rows."""
    refused_warnings = [warning for warning in warnings if warning.name not in accepted_names]
    for warning in warnings if not refused_warnings else ():
        note(f"  row {warning.row_number}: accepted {warning.name}: {warning.message}")
    if refused_warnings:
        sort_names = sorted({warning.name for warning in refused_warnings})
        accept_options = " ".join(f"--accept {name}" for name in sort_names)
        raise SubmissionRefused(
            NOT_ACCEPTED,
            f"nothing was signed 未签名: {len(refused_warnings)} warnings 警告 in the rows below. Mend them in the file, "
            f"or, where it is meant so, repeat the command with {accept_options}",
            tuple(map(_make_row_error, refused_warnings[:MAX_ROW_ERRORS])),
        )


def _make_row_error(warning: RowWarning) -> RowError:
    return RowError(warning.row_number, f"[{warning.name}] {warning.message}")
