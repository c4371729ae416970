"""Count what is refused, and log one line a minute; bound what requests write into the log."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from api import limits

_LINE_SECONDS: Final = 60.0  # between two lines: a flood writes 1,440 of them a day

logger = logging.getLogger(__name__)


class Refusals:
    """Counts refusals by what was wrong, in a few fixed words; for the one thread of the event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._told_at = -_LINE_SECONDS
        self._minute_start, self._line_count = -_LINE_SECONDS, 0

    def may_log(self) -> bool:
        """Say whether a request may write a line of its own; beyond so many a minute they are counted."""
        now = self._clock()
        if now - self._minute_start >= _LINE_SECONDS:
            self._minute_start, self._line_count = now, 0
        self._line_count += 1
        if self._line_count > limits.LINES_A_MINUTE:
            self.count("requests without a line of their own")
            return False
        return True

    def count(self, reason: str) -> None:
        self._counts[reason] += 1
        self.tell()

    def tell(self) -> None:
        """Write the line if there is something to tell and the last one is a minute old."""
        now = self._clock()
        if not self._counts or now - self._told_at < _LINE_SECONDS:
            return
        counts_text = ", ".join(f"{count:,} × {reason}" for reason, count in sorted(self._counts.items()))
        logger.warning("counted since the last such line: %s", counts_text)
        self._counts.clear()
        self._told_at = now
