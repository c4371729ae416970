"""The loop of a city's anchoring process: learn what became of the last batch, freeze the next, bring it onto the chain.

Everything that it does can be done again: after a crash, or beside a second process started by mistake, the register's
transactions and the contract's sequence decide. What needs a person is said again and again until somebody comes.
"""

import logging
import random
import time
from collections.abc import Callable
from typing import Final

from anchoring.batcher import Policy, freeze
from anchoring.chain import Chain, Signer
from anchoring.errors import AnchoringError, ChainUnavailable, CursorMoved, NotFound
from anchoring.follower import Stop
from anchoring.register import Register
from anchoring.replica import Replica
from anchoring.statuses import StatusTrees
from anchoring.submitter import Submitter, reconcile

POLL_SECONDS: Final = 0.5  # between two looks; a change of status waits so much longer than its policy says
_LONGEST_PAUSE: Final = 30.0  # seconds between two attempts while something is wrong

logger = logging.getLogger(__name__)


class Anchorer:
    """Anchors the register of one log. What it knows of the chain's state comes from the replica alone."""

    def __init__(
        self,
        chain: Chain,
        account: Signer,
        register: Register,
        replica: Replica,
        registry: str,
        log: str,
        *,
        clock: Callable[[], float] = time.time,
        policy: Policy | None = None,
    ) -> None:
        self._register, self._replica, self._log = register, replica, log
        self._submitter = Submitter(register, chain, account, registry)
        self._trees = StatusTrees()
        self._clock, self._policy = clock, policy

    def step(self) -> None:
        """Do what is due now, once.

        1. Write how far the open batches came, by what the replica sees.
        2. Freeze the next batch, if one is due and the last is mined.
        3. Bring the oldest batch that is not mined onto the chain.

        Raises: AnchoringError; what was done stays done, and the next step goes on from there.
        """
        now = int(self._clock())
        with self._replica.reading() as reading:
            reconcile(self._register, reading, self._log)  # 1
            batch = freeze(self._register, reading, self._trees, self._log, now, self._policy)  # 2
        if batch:
            grown = f"size {batch.anchor.size:,}"
            logger.info("froze batch %d of %s: %s", batch.sequence, self._log, grown)
        self._submitter.step(now)  # 3

    def run(self, stop: Stop) -> None:
        """Step until told to stop; pause longer while something is wrong."""
        failures = 0
        while not stop.is_set():
            try:
                self.step()
                failures = 0
                stop.wait(POLL_SECONDS)
            except AnchoringError as error:
                failures += 1
                pause = min(_LONGEST_PAUSE, POLL_SECONDS * 2 ** min(failures, 10)) * random.uniform(0.5, 1)  # noqa: S311
                passing = isinstance(error, ChainUnavailable | CursorMoved | NotFound)
                logger.log(
                    logging.WARNING if passing else logging.ERROR, "%s (again in %.1f s)", error, pause
                )
                stop.wait(pause)
