"""Read the events of a registry from a chain: all at once, or one after another.

For governance and audits; the follower walks as they do. Forwards reads windows of blocks. Backwards goes from the newest
act to the one before by `previousBlock`, one request for each block that holds acts: less work where acts are rare. All at
once is folded and compared with the contract's own head, so an endpoint that leaves out, repeats or reorders acts is
noticed. Finality is not looked at.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from anchoring.chain.newest import ABSENCE_LOOKS
from anchoring.chain.protocol import Chain, ChainEvent, RegistryHead
from anchoring.errors import ChainMisbehaved
from ledger.errors import BrokenHead
from ledger.registry.knowledge import Fold

WINDOW_BLOCKS: Final = 1_000  # asked for at a time; every endpoint known allows as many
# held in memory, about 1 GB: two years of a province; a replica has no such bound
MAX_ACTS: Final = 2_000_000
_TRY_AGAIN: Final = (
    "the endpoint leaves acts out or keeps no old ones, or the chain changed its branch; try again"
)


def read_events(chain: Chain, contract: str) -> Sequence[ChainEvent]:
    """Return the event of every act up to the contract's head, in order, by whichever way needs fewer requests.

    Raises: ChainMisbehaved where the acts do not make the head; ChainUnavailable.
    """
    stated_head = chain.fetch_head(contract)
    if stated_head.event_number >= stated_head.last_block_number / WINDOW_BLOCKS:
        with suppress(ChainMisbehaved):  # some endpoints leave out what lies beyond so many blocks of a range
            return _read_forwards(chain, contract, stated_head)
    return _read_backwards(chain, contract, stated_head)


def read_events_back(chain: Chain, contract: str) -> Sequence[ChainEvent]:
    """Return what `read_events` does, read from the newest act back. Raises: as `read_events`."""
    return _read_backwards(chain, contract, chain.fetch_head(contract))


def _read_forwards(chain: Chain, contract: str, stated_head: RegistryHead) -> Sequence[ChainEvent]:
    _check_length(stated_head)
    events: list[ChainEvent] = []
    for first_block in range(0, stated_head.last_block_number + 1, WINDOW_BLOCKS):
        last_block = min(first_block + WINDOW_BLOCKS - 1, stated_head.last_block_number)
        events += chain.fetch_events(contract, first_block, last_block)
        _check_count(len(events), stated_head)
    return _check_head(chain, contract, stated_head, events)


def _read_backwards(chain: Chain, contract: str, stated_head: RegistryHead) -> Sequence[ChainEvent]:
    return _check_head(chain, contract, stated_head, walk_back(chain, contract, stated_head))


def walk_back(
    chain: Chain, contract: str, stated_head: RegistryHead, after_number: int = 0
) -> list[ChainEvent]:
    """Return the acts beyond number `after_number` up to `stated`, in order: one request for each block that holds some.

    Each step ends at a lower block with at least one act, so an endpoint cannot lead in circles. Whether the acts make the
    head is for the caller. Raises: ChainMisbehaved where a block does not hold what a later act says; ChainUnavailable.
    """
    _check_length(stated_head)
    newest_first: list[Sequence[ChainEvent]] = []  # the events of each block
    block_number, act_count = stated_head.last_block_number, 0
    while act_count < stated_head.event_number - after_number:
        events = read_block_events(chain, contract, block_number)
        if not events:
            raise ChainMisbehaved(
                f"block {block_number} holds no act, though a later act says so: {_TRY_AGAIN}"
            )
        act_count += len(events)
        _check_count(act_count, stated_head)
        newest_first.append(events)
        previous_block = events[0].event.previous_block_number
        if previous_block >= block_number:
            raise ChainMisbehaved(
                f"act {events[0].event.event_number} in block {block_number} follows one in block {previous_block}"
            )
        block_number = previous_block
    events_in_order = [event for events in reversed(newest_first) for event in events]
    return [event for event in events_in_order if after_number < event.event.event_number]


def read_block_events(chain: Chain, contract: str, block_number: int) -> Sequence[ChainEvent]:
    """Return the acts of a block that is known to hold some; of several nodes that take turns, one may not have it yet."""
    for _ in range(ABSENCE_LOOKS):
        if events := chain.fetch_events(contract, block_number, block_number):
            return events
    return ()


def follow_events(
    chain: Chain, contract: str, stated_head: RegistryHead, after: int = 0, first_block: int = 0
) -> Iterator[ChainEvent]:
    """Yield the acts beyond number `after` up to the stated head one after another, from windows of blocks.

    What windows leave out is walked back to from the next act that they show, or from the head; that alone is held in
    memory. Raises: ChainMisbehaved where an act cannot be had either way; ChainUnavailable.
    """
    number = after
    for event in _fill_gaps(chain, contract, stated_head, after, first_block):
        if event.event.event_number != number + 1:
            break
        number += 1
        yield event
    if number < stated_head.event_number:
        raise ChainMisbehaved(
            f"the contract counts {stated_head.event_number} events, and what the endpoint shows goes up to event "
            f"{number} without "
            "a gap, act by act, too: ask another endpoint, or name the directory of a node"
        )


def _fill_gaps(
    chain: Chain, contract: str, stated_head: RegistryHead, number: int, first_block: int
) -> Iterator[ChainEvent]:
    """Yield the acts beyond `number` as windows show them, and in front of each what they left out, if it can be had."""
    while number < stated_head.event_number and first_block <= stated_head.last_block_number:
        last_block = min(first_block + max(1, chain.get_event_span()) - 1, stated_head.last_block_number)
        for event in chain.fetch_events(contract, first_block, last_block):
            if not number < event.event.event_number <= stated_head.event_number:
                continue
            if event.event.event_number > number + 1:
                head_before = RegistryHead(
                    event.event.event_number - 1, b"", event.event.previous_block_number, is_closed=False
                )
                yield from _walk_gap(chain, contract, head_before, number)
            number = event.event.event_number
            yield event
        first_block = last_block + 1
    if number < stated_head.event_number:
        yield from _walk_gap(chain, contract, stated_head, number)


def _walk_gap(chain: Chain, contract: str, stated_head: RegistryHead, after: int) -> Sequence[ChainEvent]:
    """Return the acts beyond `after`; none where an endpoint hides them in their own blocks, too."""
    with suppress(ChainMisbehaved):
        return walk_back(chain, contract, stated_head, after)
    return ()


def _check_length(stated_head: RegistryHead) -> None:
    if stated_head.event_number > MAX_ACTS:
        raise ChainMisbehaved(
            f"the contract counts {stated_head.event_number} acts, more than {MAX_ACTS}: follow it with a node"
        )


def _check_count(act_count: int, stated_head: RegistryHead) -> None:
    if act_count > stated_head.event_number:
        raise ChainMisbehaved(
            f"the contract counts {stated_head.event_number} acts, the endpoint shows more: {_TRY_AGAIN}"
        )


def _check_head(
    chain: Chain, contract: str, stated_head: RegistryHead, events: Sequence[ChainEvent]
) -> Sequence[ChainEvent]:
    """Return the events once they are known to make the head that the contract stated."""
    fold = Fold(chain.fetch_head_zero(contract))
    try:
        for event in events:
            fold.extend(event.event)
    except BrokenHead as error:
        raise ChainMisbehaved(f"{error}: {_TRY_AGAIN}") from error
    if (fold.event_number, fold.head, fold.block_number) != (
        stated_head.event_number,
        stated_head.head,
        stated_head.last_block_number,
    ):
        raise ChainMisbehaved(
            f"the acts read make head 0x{fold.head.hex()} after act {fold.event_number}, the contract states "
            f"0x{stated_head.head.hex()} after act {stated_head.event_number}: {_TRY_AGAIN}"
        )
    return events
