"""How many blocks an endpoint gives the events of at a time, learned from its answers."""

from typing import Final

LONGEST_SPAN: Final = 20_000  # blocks; beyond it a failed request costs more than it saves
GROWTH_AFTER: Final = (
    16  # answers of the whole span, before a longer one is tried: one refusal in so many costs little
)


class Span:
    """The blocks of the next request. What is refused may have been a crowded range: as many are tried again much later."""

    def __init__(self) -> None:
        self.block_count = self._max_blocks = LONGEST_SPAN
        self._answer_count = 0

    def note_refused(self, block_count: int) -> None:
        """Learn that an endpoint refuses the events of so many blocks at once."""
        self.block_count, self._answer_count = max(1, min(self.block_count, block_count // 2)), 0

    def limit(self, block_count: int) -> None:
        """Learn that an endpoint leaves out, without a word, what lies beyond so many blocks: more is never tried again."""
        self._max_blocks = max(1, min(self._max_blocks, block_count))
        self.block_count, self._answer_count = min(self.block_count, self._max_blocks), 0

    def note_answered(self) -> None:
        """Learn that an endpoint answers, and try more after a while."""
        self._answer_count += 1
        if self._answer_count >= GROWTH_AFTER:
            self.block_count, self._answer_count = min(self._max_blocks, 2 * self.block_count), 0
