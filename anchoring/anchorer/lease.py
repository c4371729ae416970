"""The lease on a register: one anchorer a log, and every write of it is checked.

A process that waits for the lease takes it over once it has seen no renewal for `LEASE_SECONDS`, measured on its own clock
from the moment at which it first saw the newest one. So no clock is ever compared with another: machines may disagree about
the time. A clock that jumps forward takes over too early, one that jumps back too late; neither makes two holders, because a
takeover raises the epoch, and each transaction of a holder checks its epoch in that same transaction. A process that slept
through its lease therefore writes nothing more. What it may still do is hand in a transaction that was stored before:
those bytes are for the chain anyway, and the contract takes a sequence once.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final, Protocol

from sqlalchemy import Connection, select, update

from anchoring.database.engine import insert_missing
from anchoring.errors import DatabaseUnavailable, LeaseHeld, LeaseLost
from anchoring.register.store import Register
from anchoring.register.tables import LEASE

# Without a renewal, before another anchorer takes over: so long the log rests after a crash.
LEASE_SECONDS: Final = 5
# Between two renewals: several can fail before the lease is lost.
RENEWAL_SECONDS: Final = 1

_HOLDER: Final = select(LEASE.c.epoch, LEASE.c.holder)

logger = logging.getLogger(__name__)


class WritableRegister(Protocol):
    """A register to write to: itself, or through the lease of whoever may."""

    def reading(self) -> AbstractContextManager[Connection]: ...

    def writing(self) -> AbstractContextManager[Connection]: ...


def name_holder() -> str:
    """Name this process for people: machine and process number. The epoch, not the name, tells holders apart."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Lease:
    """The claim of one process on a log's lease, and the register through it."""

    def __init__(self, register: Register, log: str, holder: str) -> None:
        self._register, self._log, self._holder = register, log, holder
        self._row_condition: Final = LEASE.c.log == log
        self._epoch: int | None = None  # while it is held
        self._renewed_at = 0.0
        self._seen_epoch_and_renewals: tuple[int, int] | None = None  # another holder's epoch and renewals
        self._seen_at = 0.0

    def renew(self, now: float) -> bool:
        """Keep the lease, or take it where nobody does; tell whether it is held. `now` is this process's clock, seconds."""
        if self._epoch is not None and 0 <= now - self._renewed_at < RENEWAL_SECONDS:
            return True
        with self._register.writing() as connection:
            epoch = self._renew_or_take(connection, now)
        # Only what was committed is believed; after a commit of which nobody knows, the next call finds out.
        if epoch is not None and epoch != self._epoch:
            logger.info("%s anchors %s (epoch %d)", self._holder, self._log, epoch)
        self._epoch, self._renewed_at = epoch, now
        return epoch is not None

    def _renew_or_take(self, connection: Connection, now: float) -> int | None:
        """Renew or take the lease and return its epoch; None where it is another's."""
        insert_missing(connection, LEASE, [{"log": self._log, "holder": "", "epoch": 0, "renewals": 0}])
        row = connection.execute(select(LEASE).where(self._row_condition).with_for_update()).mappings().one()
        epoch, renewal_count = int(row["epoch"]), int(row["renewals"])
        if (epoch, row["holder"]) == (self._epoch, self._holder):
            connection.execute(update(LEASE).where(self._row_condition).values(renewals=renewal_count + 1))
            return epoch
        if row["holder"] and not self._is_abandoned((epoch, renewal_count), row["holder"], now):
            return None
        takeover_values = {"holder": self._holder, "epoch": epoch + 1, "renewals": 0}
        connection.execute(update(LEASE).where(self._row_condition).values(**takeover_values))
        return epoch + 1

    def _is_abandoned(self, epoch_and_renewals: tuple[int, int], holder: str, now: float) -> bool:
        """Tell whether another's lease was not renewed for long enough, as far as this process watched it."""
        if epoch_and_renewals != self._seen_epoch_and_renewals or now < self._seen_at:
            if (
                self._seen_epoch_and_renewals is None
                or epoch_and_renewals[0] != self._seen_epoch_and_renewals[0]
            ):
                logger.warning(
                    "%s anchors %s: this process waits, and takes over %d s after that one was last heard of",
                    holder,
                    self._log,
                    LEASE_SECONDS,
                )
            self._seen_epoch_and_renewals, self._seen_at = epoch_and_renewals, now
        return now - self._seen_at >= LEASE_SECONDS

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees one consistent state of the register."""
        return self._register.reading()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose writes are kept together, if the lease is held until they are. Raises: LeaseLost."""
        with self._register.writing() as connection:
            self._check(connection)
            yield connection

    def _check(self, connection: Connection) -> None:
        # The row stays locked until the transaction ends: a takeover waits for it, and then comes after it.
        row = connection.execute(_HOLDER.where(self._row_condition).with_for_update()).first()
        if row is None or tuple(row) != (self._epoch, self._holder):
            self._epoch = None
            raise LeaseLost(f"another process anchors {self._log} now: this one waits")

    def release(self) -> None:
        """Give the lease up, so that the next process need not wait."""
        if self._epoch is None:
            return
        own_row_condition = (
            self._row_condition & (LEASE.c.epoch == self._epoch) & (LEASE.c.holder == self._holder)
        )
        self._epoch = None
        with self._register.writing() as connection:
            connection.execute(update(LEASE).where(own_row_condition).values(holder=""))


@contextmanager
def hold_lease(
    register: Register,
    log: str,
    steady_clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[Lease]:
    """Give the lease, held for a piece of work beside which nobody may anchor, and give it up afterwards.

    Whoever was killed is waited for as an anchorer waits. Raises: LeaseHeld where another process renews it.
    """
    lease = Lease(register, log, name_holder())
    deadline = steady_clock() + LEASE_SECONDS + RENEWAL_SECONDS
    while not lease.renew(now := steady_clock()):
        if now > deadline:
            raise LeaseHeld(_describe_holder(register, log))
        wait(RENEWAL_SECONDS)
    work_done = threading.Event()
    renewal_thread = threading.Thread(
        target=_keep_renewing, args=(lease, work_done, steady_clock), name="lease", daemon=True
    )
    renewal_thread.start()
    try:
        yield lease
    finally:
        work_done.set()
        renewal_thread.join()
        lease.release()


def _keep_renewing(lease: Lease, work_done: threading.Event, steady_clock: Callable[[], float]) -> None:
    """Renew the lease until the work is done, or another process has it: then the next write of the work finds out."""
    while not work_done.wait(RENEWAL_SECONDS):
        with suppress(DatabaseUnavailable):
            if not lease.renew(steady_clock()):
                return


def _describe_holder(register: Register, log: str) -> str:
    with register.reading() as connection:
        holder = find_lease_holder(connection, log)
    return (
        f"{holder or 'another process'} (machine and process) anchors {log}, and this is not done beside it: stop that "
        "node, or its anchorer, run this again, and start it afterwards"
    )


def find_lease_holder(connection: Connection, log: str) -> str:
    """Return the name of the process that holds the lease; empty where none does."""
    return connection.execute(select(LEASE.c.holder).where(LEASE.c.log == log)).scalar_one_or_none() or ""
