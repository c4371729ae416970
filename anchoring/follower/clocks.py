"""The chain's clock beside this machine's, read off blocks as soon as they come."""

import logging
from collections.abc import Callable
from typing import Final

from anchoring.chain.deployment import MAX_BLOCK_SECONDS
from anchoring.chain.protocol import Block

# Since the last look: a block that came in between is at most so old.
_FRESH_SECONDS: Final = 10.0
# From here on it is said: clocks that are set by the network differ by less, and ten minutes cost verdicts.
_TELL_SECONDS: Final = 60

logger = logging.getLogger(__name__)


class ChainClock:
    """Compares the time of each new block with the clock; `lead_seconds` is the chain's minus this machine's, in seconds."""

    def __init__(self, clock: Callable[[], float], steady_clock: Callable[[], float]) -> None:
        self._clock, self._steady_clock = clock, steady_clock
        self._block_number: int | None = None
        self._looked_at = 0.0
        self._is_told = False
        self.lead_seconds: int | None = None

    def look(self, latest_block: Block) -> None:
        """Learn from the newest block of the chain. One of the future says enough, at whatever time it came."""
        now, seconds_ahead = self._steady_clock(), latest_block.time - int(self._clock())
        is_new = self._block_number is not None and latest_block.number > self._block_number
        if latest_block.time < MAX_BLOCK_SECONDS and (
            (is_new and now - self._looked_at <= _FRESH_SECONDS) or seconds_ahead > (self.lead_seconds or 0)
        ):
            self.lead_seconds = seconds_ahead
            self._tell(seconds_ahead)
        self._block_number, self._looked_at = latest_block.number, now

    def _tell(self, seconds_ahead: int) -> None:
        is_off = abs(seconds_ahead) >= _TELL_SECONDS
        if is_off and not self._is_told:
            logger.warning(
                "the chain's clock is %d s %s this machine's 区块链与本机时钟不一致: set this machine's by the network, "
                "else ask who runs the chain",
                abs(seconds_ahead),
                "ahead of" if seconds_ahead > 0 else "behind",
            )
        self._is_told = is_off
