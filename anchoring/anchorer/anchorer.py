"""The loop of the process that anchors a log: freeze batches, bring them onto the chain.

Everything that it does can be done again after a crash: the register's transactions and the contract's sequence decide. A
second process, started by mistake or as a reserve, waits for the lease. What needs a person is said again and again until
somebody comes.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from anchoring.anchorer.batcher import BatchPolicy, freeze
from anchoring.anchorer.funds import FUNDS_SECONDS, measure_funds
from anchoring.anchorer.lease import Lease, name_holder
from anchoring.anchorer.submitter import Submitter, reconcile
from anchoring.chain.protocol import AccountSigner, Chain, RegistryName
from anchoring.errors import (
    AnchoringError,
    ChainUnavailable,
    CursorMoved,
    DatabaseUnavailable,
    LeaseLost,
    NotFound,
    TransactionRejected,
)
from anchoring.processes.board import show_life
from anchoring.processes.condition import Reporter
from anchoring.processes.loops import LOOP_BACKOFF, POLL_SECONDS, Stop
from anchoring.processes.measures import write_measures
from anchoring.register.store import Register
from anchoring.replica.reading import ReplicaView
from anchoring.replica.status_trees import StatusTrees
from anchoring.replica.store import Replica

_PASSING_ERRORS: Final = (ChainUnavailable, CursorMoved, DatabaseUnavailable, LeaseLost, NotFound)

logger = logging.getLogger(__name__)


class Anchorer:
    """Anchors the register of one log. What it knows of the chain's state comes from the replica alone.

    `clock` tells the time of day, `steady_clock` the seconds by which the lease is kept.
    """

    def __init__(
        self,
        chain: Chain,
        account: AccountSigner,
        register: Register,
        replica: Replica,
        registry: str,
        log: str,
        *,
        clock: Callable[[], float] = time.time,
        steady_clock: Callable[[], float] = time.monotonic,
        policy: BatchPolicy | None = None,
        max_gas_price: int | None = None,
    ) -> None:
        self._chain, self._contract = chain, RegistryName.parse(registry).contract
        self._replica, self._log = replica, log
        self._act_count_at_start: int | None = (
            None  # how many acts the contract counted when this process began
        )
        self._is_caught_up = False
        self._lease = Lease(register, log, name_holder())
        self._submitter = Submitter(self._lease, chain, account, registry, max_gas_price=max_gas_price)
        self._trees = StatusTrees()
        self._account, self._funds_due_at = account, 0.0
        self._clock, self._steady_clock, self._policy = clock, steady_clock, policy

    def step(self) -> bool:
        """Do what is due now, once; tell whether this process holds the lease. If not, nothing is done.

        1. Renew the lease.
        2. Write how far the open batches came, by what the replica sees.
        3. Freeze the next batch, if one is due and the last is mined, once the replica has caught up.
        4. Bring the oldest batch that is not mined onto the chain.

        Raises: AnchoringError; what was done stays done, and the next step goes on from there.
        """
        if not self._lease.renew(self._steady_clock()):  # 1
            return False
        now = int(self._clock())
        with self._replica.reading() as view:
            reconcile(self._lease, view, self._log)  # 2
            batch = None
            if self._has_caught_up(view):
                batch = freeze(self._lease, view, self._trees, self._log, now, self._policy)  # 3
        if batch:
            size_text = f"size {batch.anchor.size:,}"
            logger.info("froze batch %d of %s: %s", batch.sequence, self._log, size_text)
        self._submitter.step(now)  # 4
        return True

    def _has_caught_up(self, view: ReplicaView) -> bool:
        """Tell whether the replica has shown all that the chain held when this process began.

        A register that was restored from a backup, beside a replica that is behind as well, would else freeze otherwise what
        the chain holds already. Raises: ChainUnavailable.
        """
        if self._act_count_at_start is None:
            self._act_count_at_start = self._chain.fetch_head(self._contract).event_number
        self._is_caught_up = (
            self._is_caught_up
            or view.cursor.event_number + len(view.list_pending()) >= self._act_count_at_start
        )
        return self._is_caught_up

    def _look_at_funds(self) -> None:
        """Tell once in a while what the account can pay for; a chain that does not say keeps nothing from being anchored."""
        if self._clock() < self._funds_due_at:
            return
        now = self._clock()
        self._funds_due_at = now + FUNDS_SECONDS
        with suppress(ChainUnavailable, TransactionRejected):
            if figures := measure_funds(self._chain, self._account.address, self._log):
                write_measures(self._replica.engine, figures, int(now))

    def run(self, stop: Stop) -> None:
        """Step until told to stop, then give the lease up; pause longer while something is wrong."""
        failure_count, reporter = 0, Reporter(self._replica.engine, "anchorer", self._clock)
        while not stop.is_set():
            try:
                show_life()  # also where another process holds the lease, and speaks for both
                if self.step():
                    reporter.tell()
                    self._look_at_funds()
                failure_count = 0
                stop.wait(POLL_SECONDS)
            except AnchoringError as error:
                failure_count += 1
                pause_seconds = LOOP_BACKOFF.choose_pause(failure_count)
                level = logging.WARNING if isinstance(error, _PASSING_ERRORS) else logging.ERROR
                logger.log(level, "%s (again in %.1f s)", error, pause_seconds)
                if not isinstance(error, LeaseLost):  # it is for the new holder to say how it is
                    reporter.tell(error)
                stop.wait(pause_seconds)
        with suppress(DatabaseUnavailable):  # then the next one waits for the lease to lapse
            self._lease.release()
