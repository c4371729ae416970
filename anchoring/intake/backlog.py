"""The backlog: what a register accepted and the chain does not show yet, and its limit.

Every receipt promises a deadline. While the chain does not take anchors, or takes them more slowly than departments hand in,
a node must not go on promising; a department keeps its signed submission and loses nothing by waiting. No issuer may come
to hold more than it leaves free, so that there is always room for another.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import Connection, case, func, select

from anchoring import limits
from anchoring.errors import TooMuchWaiting
from anchoring.register.batches import find_own_log
from anchoring.register.store import Register
from anchoring.register.submissions import FINAL, MINED
from anchoring.register.tables import BATCH, SUBMISSION
from ledger.limits import MAX_ANCHOR_GROWTH
from ledger.registry.acts import Anchored, decode_act

# After this the chain is stuck, and what is promised must still be kept.
MAX_WAITING_SECONDS: Final = limits.PROMISE_SECONDS // 2
# Times as much room for what changes statuses: a revocation helps as soon as the chain is back.
URGENT_ROOM: Final = 2

_MEASURE_SECONDS: Final = 1  # how long a measure is believed: under load not every submission asks anew
_SHORTEST_WAIT: Final = 5  # seconds until another attempt is worth it
_LONGEST_WAIT: Final = 300

_NEWEST_MINED_PAYLOAD: Final = (
    select(BATCH.c.payload)
    .where(BATCH.c.state.in_((MINED, FINAL)))
    .order_by(BATCH.c.sequence.desc())
    .limit(1)
)
_ENTRY_LENGTH: Final = func.length(SUBMISSION.c.entry)
_ONLY_CHANGES: Final = SUBMISSION.c.changes == SUBMISSION.c.count
#: What waits, by issuer.
_WAITING_BY_ISSUER: Final = select(
    SUBMISSION.c.issuer,
    func.count().label("submissions"),
    func.sum(SUBMISSION.c.count).label("records"),
    func.sum(_ENTRY_LENGTH).label("bytes"),
    func.sum(case((_ONLY_CHANGES, SUBMISSION.c.count), else_=0)).label("changes"),
    func.sum(case((_ONLY_CHANGES, _ENTRY_LENGTH), else_=0)).label("change_bytes"),
    func.min(SUBMISSION.c.accepted).label("oldest"),
    func.min(SUBMISSION.c.deadline).label("deadline"),
).group_by(SUBMISSION.c.issuer)
_OPEN_SINCE: Final = select(func.min(BATCH.c.frozen)).where(BATCH.c.state.not_in((MINED, FINAL)))


@dataclass(frozen=True, slots=True)
class WaitingCount:
    """Records and bytes of entries."""

    record_count: int = 0
    byte_count: int = 0

    def add(self, record_count: int, byte_count: int) -> "WaitingCount":
        return WaitingCount(self.record_count + record_count, self.byte_count + byte_count)


@dataclass(frozen=True, slots=True)
class Share:
    """What one issuer has waiting: all of it, and what of it only changes statuses."""

    all_count: WaitingCount = WaitingCount()
    urgent_count: WaitingCount = WaitingCount()


@dataclass(frozen=True, slots=True)
class Backlog:
    """Accepted and not seen on the chain: submissions, records, bytes of their entries, when the oldest was accepted.

    `deadline` is the first that was promised to one of them; `open_batch_frozen_at` is when the batch on its way was frozen,
    if any; `share_by_issuer` says what of it is of which issuer.
    """

    submission_count: int = 0
    record_count: int = 0
    byte_count: int = 0
    oldest_accepted_at: int | None = None
    open_batch_frozen_at: int | None = None
    deadline: int | None = None
    share_by_issuer: Mapping[str, Share] = field(default_factory=dict)

    def add(self, issuer: str, record_count: int, byte_count: int, now: int, *, is_urgent: bool) -> "Backlog":
        """Return the backlog with one more submission of an issuer."""
        share = self.share_by_issuer.get(issuer, Share())
        urgent_count = share.urgent_count.add(record_count, byte_count) if is_urgent else share.urgent_count
        return replace(
            self,
            submission_count=self.submission_count + 1,
            record_count=self.record_count + record_count,
            byte_count=self.byte_count + byte_count,
            oldest_accepted_at=now if self.oldest_accepted_at is None else self.oldest_accepted_at,
            share_by_issuer={
                **self.share_by_issuer,
                issuer: Share(share.all_count.add(record_count, byte_count), urgent_count),
            },
        )


@dataclass(frozen=True, slots=True)
class Room:
    """How much may wait before bulk submissions are refused; changes of status get `URGENT_ROOM` times as much.

    Of what is free an issuer gets as much as it holds less: one that holds half finds no more room, and others do.
    """

    max_records: int = limits.MAX_WAITING_RECORDS
    max_bytes: int = limits.MAX_WAITING_BYTES
    max_seconds: int = MAX_WAITING_SECONDS

    def check(self, backlog: Backlog, issuer: str, record_count: int, now: int, *, is_urgent: bool) -> None:
        """Check that `record_count` more records of an issuer may wait. Raises: TooMuchWaiting."""
        factor = URGENT_ROOM if is_urgent else 1
        age_seconds = 0 if backlog.oldest_accepted_at is None else now - backlog.oldest_accepted_at
        share = backlog.share_by_issuer.get(issuer, Share())
        issuer_count = share.urgent_count if is_urgent else share.all_count
        free_records = factor * self.max_records - backlog.record_count
        free_bytes = factor * self.max_bytes - backlog.byte_count
        excess_records = (
            max(issuer_count.record_count + record_count - free_records, 0) if backlog.record_count else 0
        )
        if (
            not excess_records
            and issuer_count.byte_count <= free_bytes
            and age_seconds <= factor * self.max_seconds
        ):
            return
        raise TooMuchWaiting(
            f"{backlog.record_count:,} records in {backlog.submission_count:,} submissions wait for the chain, the oldest "
            f"{age_seconds:,} s, and {share.all_count.record_count:,} of them are of this issuer, "
            "which may hold as much as it leaves free: "
            "hand this one in later, as it is signed",
            _estimate_wait(backlog, excess_records, now),
        )


def _estimate_wait(backlog: Backlog, excess_records: int, now: int) -> int:
    """Return the seconds until it may fit: some anchors, each taking as long as the one under way has taken."""
    seconds_per_anchor = max(
        limits.QUIET_SECONDS,
        0 if backlog.open_batch_frozen_at is None else now - backlog.open_batch_frozen_at,
    )
    return max(
        _SHORTEST_WAIT, min(_LONGEST_WAIT, seconds_per_anchor * (1 + excess_records // MAX_ANCHOR_GROWTH))
    )


def measure_backlog(connection: Connection) -> Backlog:
    """Measure what waits."""
    log = find_own_log(connection)
    if log is None:
        return Backlog()
    payload = connection.execute(_NEWEST_MINED_PAYLOAD).scalar_one_or_none()
    anchored_size = log.start
    if payload is not None:
        act = decode_act(Anchored.KIND, payload)
        assert isinstance(act, Anchored)
        anchored_size = act.size
    # Positions are promised in the order of acceptance and anchored in that order.
    share_by_issuer: dict[str, Share] = {}
    submission_count, entry_byte_count = 0, 0
    oldest_accepted_at: int | None = None
    deadline: int | None = None
    for row in connection.execute(_WAITING_BY_ISSUER.where(SUBMISSION.c.first >= anchored_size)):
        share_by_issuer[row.issuer] = Share(
            WaitingCount(int(row.records), int(row.bytes)),
            WaitingCount(int(row.changes), int(row.change_bytes)),
        )
        submission_count += row.submissions
        entry_byte_count += int(row.bytes)
        oldest_accepted_at = min(filter(None, (oldest_accepted_at, row.oldest)))
        deadline = min(filter(None, (deadline, row.deadline)), default=None)
    open_batch_frozen_at = connection.execute(_OPEN_SINCE).scalar_one_or_none()
    return Backlog(
        submission_count,
        log.size - anchored_size,
        entry_byte_count,
        oldest_accepted_at,
        open_batch_frozen_at,
        deadline,
        share_by_issuer,
    )


class Gate:
    """Lets submissions into a register while there is room; for any number of threads."""

    def __init__(self, register: Register, room: Room, clock: Callable[[], float]) -> None:
        self._register, self._room, self._clock = register, room, clock
        self._lock = threading.Lock()
        self._measurement: tuple[float, Backlog] | None = None

    def check(self, issuer: str, record_count: int, now: int, *, is_urgent: bool) -> None:
        """Check that a submission of `record_count` records may come in at `now`. Raises: TooMuchWaiting."""
        self._room.check(self._get_backlog(), issuer, record_count, now, is_urgent=is_urgent)

    def note(self, issuer: str, record_count: int, byte_count: int, now: int, *, is_urgent: bool) -> None:
        """Add a submission that was let in, with `byte_count` bytes of its entry, to the measure that is believed."""
        with self._lock:
            if self._measurement is not None:
                measured_at, backlog = self._measurement
                self._measurement = (
                    measured_at,
                    backlog.add(issuer, record_count, byte_count, now, is_urgent=is_urgent),
                )

    def _get_backlog(self) -> Backlog:
        with self._lock:
            now = self._clock()
            if self._measurement is None or not 0 <= now - self._measurement[0] < _MEASURE_SECONDS:
                with self._register.reading() as connection:
                    self._measurement = now, measure_backlog(connection)
            return self._measurement[1]
