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


def require_accepted(warnings: Sequence[RowWarning], accepted: Collection[str]) -> None:
    """Tell the warnings whose sort is accepted. Raises: SubmissionRefused where there are others, with their rows."""
    refused = [warning for warning in warnings if warning.name not in accepted]
    for warning in warnings if not refused else ():
        note(f"  row {warning.row}: accepted {warning.name}: {warning.message}")
    if refused:
        names = sorted({warning.name for warning in refused})
        options = " ".join(f"--accept {name}" for name in names)
        raise SubmissionRefused(
            NOT_ACCEPTED,
            f"nothing was signed 未签名: {len(refused)} warnings 警告 in the rows below. Mend them in the file, or, where "
            f"it is meant so, repeat the command with {options}",
            tuple(map(_tell, refused[:MAX_ROW_ERRORS])),
        )


def _tell(warning: RowWarning) -> RowError:
    return RowError(warning.row, f"[{warning.name}] {warning.message}")
