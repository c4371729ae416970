"""Log how far a long work is, and how fast it goes: one line now and then."""

import logging
import time
from collections.abc import Callable
from typing import Final

from anchoring.processes.condition import Reporter

PROGRESS_SECONDS: Final = 10.0  # between two lines: often enough to see that it moves

logger = logging.getLogger(__name__)


class Progress:
    """Logs how far a work is, and reports it; what takes less than `PROGRESS_SECONDS` is not worth a line."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, reporter: Reporter | None = None) -> None:
        self._clock, self._reporter = clock, reporter
        self._start_time_and_count: tuple[float, int] | None = None
        self._told_at = 0.0

    def tell(self, activity: str, done_count: int, total_count: int) -> None:
        """Say that `done_count` of `total_count` are done; the first call is where the work begins."""
        if self._reporter:
            self._reporter.tell(activity=activity, progress=(done_count, total_count))
        now = self._clock()
        if self._start_time_and_count is None:
            self._start_time_and_count, self._told_at = (now, done_count), now
            return
        if now - self._told_at < PROGRESS_SECONDS:
            return
        self._told_at = now
        rate = (done_count - self._start_time_and_count[1]) / (now - self._start_time_and_count[0])
        logger.info(
            "%s: %s of %s events (%s/s)", activity, f"{done_count:,}", f"{total_count:,}", f"{rate:,.0f}"
        )

    def end(self) -> None:
        """Say that the work is done: the next call of `tell` begins another."""
        self._start_time_and_count = None
