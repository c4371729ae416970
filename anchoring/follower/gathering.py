"""Gather the acts that a replica lacks, by windows of blocks or from act to act.

Whichever asks less is taken. The contract's own count is what is gathered up to. An endpoint that shows fewer acts in a
window leaves some out, and may not even know: FISCO BCOS answers the first ten blocks of a range without a word. Then each
act is asked for by its block, as the next one names it, and the endpoint is asked for shorter ranges from then on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from anchoring.chain.events import walk_back
from anchoring.chain.newest import ABSENCE_LOOKS
from anchoring.chain.protocol import Block, Chain, ChainEvent, RegistryHead
from anchoring.errors import ChainMisbehaved, ReorgDetected
from anchoring.follower.windows import FIRST_SPAN, BlockWindow
from anchoring.replica.reading import Cursor

# acts that one step goes back by: held in memory (30 MB of the largest), and asked for one by one within minutes
MAX_WALKED_ACTS: Final = 500
#: At a window that lacks acts, before they are walked back to: of two nodes that take turns, one may be behind.
_WINDOW_LOOKS: Final = 2


@dataclass(frozen=True, slots=True)
class GatheredActs:
    """The acts beyond a cursor up to `end_block`, which is final_block, and where that `is_newest` the newer ones too.

    `is_walked`: they are those that the contract counted, and newer ones may stand beside them.
    """

    end_block: Block
    events: Sequence[ChainEvent]
    is_newest: bool
    is_walked: bool = False

    def list_up_to_end(self) -> Sequence[ChainEvent]:
        return [event for event in self.events if event.event.block_number <= self.end_block.number]

    def list_beyond_end(self) -> Sequence[ChainEvent]:
        return [event for event in self.events if event.event.block_number > self.end_block.number]


class Gatherer:
    """Gathers the acts of one contract; before `first_block` there are none."""

    def __init__(self, contract: str, first_block: int) -> None:
        self._contract, self._first_block = contract, first_block
        self.window = BlockWindow()

    def gather(
        self,
        chain: Chain,
        cursor: Cursor,
        stated_head: RegistryHead,
        latest_and_final: tuple[Block, Block],
        *,
        is_suspect: bool,
    ) -> GatheredActs:
        """Return the next acts beyond `cursor`; `latest_and_final` are the newest and the final one.

        `is_suspect`: acts may lie in blocks that were passed. Raises: ChainUnavailable or a child.
        """
        latest_block, final_block = latest_and_final
        if self._is_walk_shorter(chain, cursor, stated_head, final_block):
            return self._walk_ahead(chain, cursor, stated_head, final_block)
        first_block_number = cursor.block_number if is_suspect else cursor.final_block_number + 1
        end_block = self._find_window_end(chain, cursor, final_block)
        is_newest = end_block.number >= final_block.number
        last_block_number = latest_block.number if is_newest else end_block.number
        window_events: Sequence[ChainEvent] = ()
        for _ in range(_WINDOW_LOOKS):
            window_events = [
                event
                for event in self._ask_events(
                    chain, max(first_block_number, self._first_block), last_block_number
                )
                if event.event.event_number > cursor.event_number
            ]
            if _is_complete(window_events, cursor, stated_head if is_newest else None):
                return GatheredActs(end_block, window_events, is_newest)
        return self._walk_all(chain, cursor, stated_head, final_block, window_events)

    def _is_walk_shorter(
        self, chain: Chain, cursor: Cursor, stated_head: RegistryHead, final_block: Block
    ) -> bool:
        """Tell whether there are so many more blocks than acts that going from act to act asks less."""
        missing_count = stated_head.event_number - cursor.event_number
        block_distance = final_block.number - max(cursor.final_block_number, self._first_block - 1)
        return block_distance > FIRST_SPAN and 0 <= missing_count <= min(
            MAX_WALKED_ACTS, block_distance // chain.get_event_span()
        )

    def _walk_ahead(
        self, chain: Chain, cursor: Cursor, stated_head: RegistryHead, final_block: Block
    ) -> GatheredActs:
        """Come within a window of the final block; that one is then read as it is, and shows whether the count was old."""
        end_block = _ask_block(chain, final_block.number - FIRST_SPAN)
        events = walk_back(chain, self._contract, stated_head, cursor.event_number)
        return GatheredActs(
            end_block,
            [event for event in events if event.event.block_number <= end_block.number],
            is_newest=False,
        )

    def _walk_all(
        self,
        chain: Chain,
        cursor: Cursor,
        stated_head: RegistryHead,
        final_block: Block,
        window_events: Sequence[ChainEvent],
    ) -> GatheredActs:
        """Find what a window left out. Raises: ChainMisbehaved where that cannot be had either."""
        span = min(chain.get_event_span(), self.window.block_span)
        if not 0 < stated_head.event_number - cursor.event_number <= MAX_WALKED_ACTS:
            chain.limit_event_span(span // 2)
            raise ChainMisbehaved(
                f"the contract counts {stated_head.event_number} acts, and those that the endpoint shows after act "
                f"{cursor.event_number} do not "
                "follow one another: it leaves some out, and is asked for fewer blocks at a time from now on"
            )
        events = walk_back(chain, self._contract, stated_head, cursor.event_number)
        shown_numbers = {event.event.event_number for event in window_events}
        hidden_blocks = [
            event.event.block_number for event in events if event.event.event_number not in shown_numbers
        ]
        if hidden_blocks:
            self._learn_span(chain, max(cursor.final_block_number + 1, self._first_block), hidden_blocks[0])
        end_block = (
            final_block if final_block.number >= cursor.final_block_number else _make_known_final(cursor)
        )
        return GatheredActs(end_block, events, is_newest=True, is_walked=True)

    def _learn_span(self, chain: Chain, first_block: int, hidden_block: int) -> None:
        """Have shorter ranges asked for, where the endpoint still hides a block at the end of a longer one."""
        block_count = (hidden_block - first_block) % chain.get_event_span()
        if hidden_block <= first_block or block_count == 0:
            return
        for _ in range(ABSENCE_LOOKS):
            events = self._ask_events(chain, hidden_block - block_count, hidden_block)
            if any(event.event.block_number == hidden_block for event in events):
                return
        chain.limit_event_span(block_count)

    def _find_window_end(self, chain: Chain, cursor: Cursor, final_block: Block) -> Block:
        """Return the last block of the window; the known final block where the chain has no newer one."""
        if final_block.number < cursor.final_block_number:
            return _make_known_final(cursor)
        block_number = max(cursor.final_block_number + 1, self._first_block) + self.window.block_span - 1
        return final_block if block_number >= final_block.number else _ask_block(chain, block_number)

    def _ask_events(self, chain: Chain, first_block: int, last_block: int) -> Sequence[ChainEvent]:
        return (
            chain.fetch_events(self._contract, first_block, last_block) if first_block <= last_block else ()
        )


def _make_known_final(cursor: Cursor) -> Block:
    return Block(cursor.final_block_number, cursor.final_hash, b"", cursor.final_time)


def _ask_block(chain: Chain, block_number: int) -> Block:
    block = chain.find_block(block_number)
    if block is None:
        raise ReorgDetected(f"block {block_number} is gone, though a block above it was said to be final")
    return block


def _is_complete(events: Sequence[ChainEvent], cursor: Cursor, stated_head: RegistryHead | None) -> bool:
    """Tell whether acts follow the cursor without a gap, and reach what the contract counts where that is given."""
    numbers = [event.event.event_number for event in events]
    reaches_head = stated_head is None or cursor.event_number + len(numbers) >= stated_head.event_number
    return reaches_head and numbers == list(
        range(cursor.event_number + 1, cursor.event_number + 1 + len(numbers))
    )
