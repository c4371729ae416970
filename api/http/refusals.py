"""Count what is refused before it is anybody's request, and log one line a minute."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

_LINE_SECONDS: Final = 60.0  # between two lines: a flood writes 1,440 of them a day

logger = logging.getLogger(__name__)


class Refusals:
    """Counts refusals by what was wrong, in a few fixed words; for the one thread of the event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._told = -_LINE_SECONDS

    def count(self, reason: str) -> None:
        self._counts[reason] += 1
        self.tell()

    def tell(self) -> None:
        """Write the line if there is something to tell and the last one is a minute old."""
        now = self._clock()
        if not self._counts or now - self._told < _LINE_SECONDS:
            return
        counts = ", ".join(f"{count:,} × {reason}" for reason, count in sorted(self._counts.items()))
        logger.warning("refused since the last such line: %s", counts)
        self._counts.clear()
        self._told = now
