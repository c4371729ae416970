"""Whether a submission will be anchored within the window that its statement names.

What was accepted before is anchored before. So is counted how many anchors that takes at most; what then lies beyond the
window is refused, since nothing that was promised may come to be anchored where it does not count.
"""

from typing import Final

from sqlalchemy import Connection, distinct, func, select

from anchoring import limits
from anchoring.errors import SubmissionRefused, TooMuchWaiting
from anchoring.register.batches import find_last_batch
from anchoring.register.tables import CHANGE, SUBMISSION
from ledger.limits import MAX_ANCHOR_GROWTH, MAX_STATUS_RECORDS
from ledger.records.submissions import MAX_WINDOW, Statement, Window
from ledger.registry.status import MAX_ANCHOR_CHANGES
from ledger.registry.trust import LogState

# Anchors that must be left of a statement's window: at one a block, while its records arrive and wait.
WINDOW_MARGIN: Final = 64

_RETRY_SECONDS: Final = 60  # until some of what waits was anchored
_SIGN_AGAIN: Final = "sign it again, for the anchors that follow now (`shunzheng submit` does so by itself)"

_WAITING_TOTALS: Final = select(
    func.count(),
    func.coalesce(func.sum(SUBMISSION.c.count), 0),
    func.coalesce(func.sum(SUBMISSION.c.changes), 0),
    func.coalesce(func.min(SUBMISSION.c.first), 0),
).where(SUBMISSION.c.batch.is_(None))
_CHANGE_TOTALS: Final = select(func.count(), func.count(distinct(CHANGE.c.position)))


def require_window(statement: Statement) -> Window:
    """Return the window of a statement. Raises: SubmissionRefused for one of version 1, which has none."""
    if statement.window is None:
        raise SubmissionRefused(
            "older-format",
            "the statement is of version 1, which does not say where it may be anchored: update the program that signs, "
            "and sign it again",
        )
    return statement.window


def check_window(statement: Statement, log: LogState) -> None:
    """Check that enough of the window is left for the records to arrive and to be anchored. Raises: SubmissionRefused."""
    window = require_window(statement)
    if window.last_sequence < log.sequence + WINDOW_MARGIN:
        raise SubmissionRefused(
            "outside-window",
            f"the statement may be anchored up to sequence {window.last_sequence} of {log.name}, which stands at "
            f"{log.sequence}: "
            f"{_SIGN_AGAIN}",
        )


def check_place(connection: Connection, statement: Statement, log: LogState) -> None:
    """Check that the next submission of the register will be anchored inside of the window of its statement.

    Raises: SubmissionRefused, TooMuchWaiting.
    """
    window, last_batch = require_window(statement), find_last_batch(connection)
    next_sequence = max(log.sequence, last_batch.sequence if last_batch else 0) + 1
    if next_sequence < window.first_sequence:
        raise SubmissionRefused(
            "outside-window",
            f"the statement may be anchored from sequence {window.first_sequence} of {log.name} on, the next one "
            f"is {next_sequence}: "
            f"{_SIGN_AGAIN}",
        )
    latest_sequence = next_sequence + _count_anchors_before(connection, statement.record_count)
    if latest_sequence <= window.last_sequence:
        return
    if latest_sequence > Window.after(next_sequence - 1).last_sequence:
        raise TooMuchWaiting(
            f"what waits may take more than the {MAX_WINDOW} anchors for which a submission can be signed: hand this one in "
            "later",
            _RETRY_SECONDS,
        )
    raise SubmissionRefused(
        "outside-window",
        f"the statement may be anchored up to sequence {window.last_sequence} of {log.name}, and with what "
        "waits its turn may come "
        f"at {latest_sequence} only: {_SIGN_AGAIN}",
    )


def _count_anchors_before(connection: Connection, next_record_count: int) -> int:
    """Return how many anchors, at most, come before the one that takes the next submission, of `next_record_count` records.

    Batches are filled in order, and one is closed when the next submission does not fit. That is for one of four reasons:
    too many submissions, too many records, too many changes, or a change of a position that the batch changes already.
    Two neighbouring batches together exceed the limit of records or of changes that parted them.
    """
    submission_count, record_count, change_count, first_position = map(
        int, connection.execute(_WAITING_TOTALS).one()
    )
    if not submission_count:
        return 0
    repeated_count = 0
    if change_count:
        row_count, position_count = map(
            int, connection.execute(_CHANGE_TOTALS.where(CHANGE.c.record >= first_position)).one()
        )
        repeated_count = row_count - position_count
    return (
        submission_count // limits.MAX_BATCH_SUBMISSIONS
        + 2 * (record_count + next_record_count) // MAX_ANCHOR_GROWTH
        + 2 * (change_count + min(next_record_count, MAX_STATUS_RECORDS)) // MAX_ANCHOR_CHANGES
        + repeated_count
        + 1  # the next one itself may change a position that the batch before it changes
    )
