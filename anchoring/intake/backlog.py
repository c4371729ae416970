"""The backlog: what a register accepted and the chain does not show yet, and its limit.

Every receipt promises a deadline. While the chain does not take anchors, or takes them more slowly than departments hand in,
a node must not go on promising; a department keeps its signed submission and loses nothing by waiting.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from anchoring import limits
from anchoring.errors import TooMuchWaiting
from anchoring.register.batches import find_own_log
from anchoring.register.store import Register
from anchoring.register.submissions import FINAL, MINED
from anchoring.register.tables import BATCH, SUBMISSION
from ledger.limits import MAX_ANCHOR_GROWTH
from ledger.registry.acts import Anchored, decode_act

_MEASURE_SECONDS: Final = 1  # how long a measure is believed: under load not every submission asks anew
_SHORTEST_WAIT: Final = 5  # seconds until another attempt is worth it
_LONGEST_WAIT: Final = 300

_MINED: Final = (
    select(BATCH.c.payload)
    .where(BATCH.c.state.in_((MINED, FINAL)))
    .order_by(BATCH.c.sequence.desc())
    .limit(1)
)
_OPEN_SINCE: Final = select(func.min(BATCH.c.frozen)).where(BATCH.c.state.not_in((MINED, FINAL)))


@dataclass(frozen=True, slots=True)
class Backlog:
    """Accepted and not seen on the chain: submissions, records, bytes of their entries, when the oldest was accepted.

    `deadline` is the first that was promised to one of them; `open_since` is when the batch on its way was frozen, if any.
    """

    submissions: int = 0
    records: int = 0
    bytes: int = 0
    oldest: int | None = None
    open_since: int | None = None
    deadline: int | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """How much may wait before bulk submissions are refused; changes of status get `URGENT_ROOM` times as much."""

    records: int = limits.MAX_WAITING_RECORDS
    bytes: int = limits.MAX_WAITING_BYTES
    seconds: int = limits.MAX_WAITING_SECONDS

    def check(self, waiting: Backlog, count: int, now: int, *, urgent: bool) -> None:
        """Check that `count` more records may wait. Raises: TooMuchWaiting."""
        factor = limits.URGENT_ROOM if urgent else 1
        age = 0 if waiting.oldest is None else now - waiting.oldest
        over = max(waiting.records + count - factor * self.records, 0) if waiting.records else 0
        if not over and waiting.bytes <= factor * self.bytes and age <= factor * self.seconds:
            return
        raise TooMuchWaiting(
            f"{waiting.records:,} records in {waiting.submissions:,} submissions wait for the chain, the oldest {age:,} s: "
            "hand this one in later, as it is signed",
            _wait(waiting, over, now),
        )


def _wait(waiting: Backlog, over: int, now: int) -> int:
    """Return the seconds until it may fit: some anchors, each taking as long as the one under way has taken."""
    pace = max(limits.QUIET_SECONDS, 0 if waiting.open_since is None else now - waiting.open_since)
    return max(_SHORTEST_WAIT, min(_LONGEST_WAIT, pace * (1 + over // MAX_ANCHOR_GROWTH)))


def measure_backlog(connection: Connection) -> Backlog:
    """Measure what waits."""
    log = find_own_log(connection)
    if log is None:
        return Backlog()
    payload = connection.execute(_MINED).scalar_one_or_none()
    size = log.start
    if payload is not None:
        act = decode_act(Anchored.KIND, payload)
        assert isinstance(act, Anchored)
        size = act.size
    # Positions are promised in the order of acceptance and anchored in that order.
    counted = select(
        func.count(),
        func.coalesce(func.sum(func.length(SUBMISSION.c.entry)), 0),
        func.min(SUBMISSION.c.accepted),
        func.min(SUBMISSION.c.deadline),
    ).where(SUBMISSION.c.first >= size)
    submissions, size_of_entries, oldest, deadline = connection.execute(counted).one()
    open_since = connection.execute(_OPEN_SINCE).scalar_one_or_none()
    return Backlog(submissions, log.size - size, int(size_of_entries), oldest, open_since, deadline)


class Gate:
    """Lets submissions into a register while there is room; for any number of threads."""

    def __init__(self, register: Register, room: Room, clock: Callable[[], float]) -> None:
        self._register, self._room, self._clock = register, room, clock
        self._lock = threading.Lock()
        self._measured: tuple[float, Backlog] | None = None

    def check(self, count: int, now: int, *, urgent: bool) -> None:
        """Check that a submission of `count` records may come in at `now`. Raises: TooMuchWaiting."""
        self._room.check(self._backlog(), count, now, urgent=urgent)

    def _backlog(self) -> Backlog:
        with self._lock:
            now = self._clock()
            if self._measured is None or not 0 <= now - self._measured[0] < _MEASURE_SECONDS:
                with self._register.reading() as connection:
                    self._measured = now, measure_backlog(connection)
            return self._measured[1]
