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

_RETRY_SECONDS: Final = 60  # until some of what waits was anchored
_SIGN: Final = "sign it again, for the anchors that follow now (`shunzheng submit` does so by itself)"

_WAITING: Final = select(
    func.count(),
    func.coalesce(func.sum(SUBMISSION.c.count), 0),
    func.coalesce(func.sum(SUBMISSION.c.changes), 0),
    func.coalesce(func.min(SUBMISSION.c.first), 0),
).where(SUBMISSION.c.batch.is_(None))
_CHANGES: Final = select(func.count(), func.count(distinct(CHANGE.c.position)))


def window_of(statement: Statement) -> Window:
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
    window = window_of(statement)
    if window.last < log.sequence + limits.WINDOW_MARGIN:
        raise SubmissionRefused(
            "outside-window",
            f"the statement may be anchored up to sequence {window.last} of {log.name}, which stands at {log.sequence}: "
            f"{_SIGN}",
        )


def check_place(connection: Connection, statement: Statement, log: LogState) -> None:
    """Check that the next submission of the register will be anchored inside of the window of its statement.

    Raises: SubmissionRefused, TooMuchWaiting.
    """
    window, last = window_of(statement), find_last_batch(connection)
    following = max(log.sequence, last.sequence if last else 0) + 1
    if following < window.first:
        raise SubmissionRefused(
            "outside-window",
            f"the statement may be anchored from sequence {window.first} of {log.name} on, the next one is {following}: "
            f"{_SIGN}",
        )
    furthest = following + _anchors_before(connection, statement.count)
    if furthest <= window.last:
        return
    if furthest > Window.after(following - 1).last:
        raise TooMuchWaiting(
            f"what waits may take more than the {MAX_WINDOW} anchors for which a submission can be signed: hand this one in "
            "later",
            _RETRY_SECONDS,
        )
    raise SubmissionRefused(
        "outside-window",
        f"the statement may be anchored up to sequence {window.last} of {log.name}, and with what waits its turn may come "
        f"at {furthest} only: {_SIGN}",
    )


def _anchors_before(connection: Connection, count: int) -> int:
    """Return how many anchors, at most, come before the one that takes the next submission, of `count` records.

    Batches are filled in order, and one is closed when the next submission does not fit. That is for one of four reasons:
    too many submissions, too many records, too many changes, or a change of a position that the batch changes already.
    Two neighbouring batches together exceed the limit of records or of changes that parted them.
    """
    waiting, records, changes, first = map(int, connection.execute(_WAITING).one())
    if not waiting:
        return 0
    twice = 0
    if changes:
        changed, positions = map(int, connection.execute(_CHANGES.where(CHANGE.c.record >= first)).one())
        twice = changed - positions
    return (
        waiting // limits.MAX_BATCH_SUBMISSIONS
        + 2 * (records + count) // MAX_ANCHOR_GROWTH
        + 2 * (changes + min(count, MAX_STATUS_RECORDS)) // MAX_ANCHOR_CHANGES
        + twice
        + 1  # the next one itself may change a position that the batch before it changes
    )
