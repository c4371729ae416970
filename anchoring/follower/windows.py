"""The number of blocks that a follower asks for at a time: fewer where they are crowded."""

from collections.abc import Sequence
from typing import Final

from anchoring.chain.protocol import ChainEvent

FIRST_SPAN: Final = 1_000  # blocks asked for at a time; every endpoint known allows as many
LONGEST_SPAN: Final = 20_000  # blocks; beyond it a failed request costs more than it saves
CROWDED_EVENTS: Final = 2_000  # a window with more events is halved: it is one transaction and held in memory
CROWDED_BYTES: Final = 16 * 2**20  # … or with larger ones: an anchor has up to 60 kB


class BlockWindow:
    """The span of the next window, in blocks."""

    def __init__(self) -> None:
        self.block_span = FIRST_SPAN

    def adapt(self, events: Sequence[ChainEvent]) -> None:
        """Learn from the events of the last window how many blocks the next may have."""
        byte_count = sum(len(event.event.payload) for event in events)
        if len(events) > CROWDED_EVENTS or byte_count > CROWDED_BYTES:
            self._halve()
        else:
            self.block_span = min(LONGEST_SPAN, self.block_span * 2)

    def _halve(self) -> None:
        self.block_span = max(1, self.block_span // 2)
