"""Every act of a registry, read from a chain at once: for governance and audits, where no replica is at hand.

Forwards reads windows of blocks. Backwards goes from the newest act to the one before by `previousBlock`, one request for
each block that holds acts: less work where acts are rare. Both fold what they read and compare it with the contract's own
head, so an endpoint that leaves out, repeats or reorders acts is noticed. Finality is not looked at.
"""

from collections.abc import Sequence
from typing import Final

from anchoring.chain.protocol import Chain, ChainEvent, RegistryHead
from anchoring.errors import ChainMisbehaved
from ledger.errors import BrokenHead
from ledger.registry.knowledge import Fold

WINDOW_BLOCKS: Final = 1_000  # asked for at a time; every endpoint known allows as many
MOST_ACTS: Final = (
    2_000_000  # held in memory, about 1 GB: two years of a province; a replica has no such bound
)


def walk(chain: Chain, contract: str) -> Sequence[ChainEvent]:
    """Return every act up to the contract's head, in order, by whichever way needs fewer requests.

    Raises: ChainMisbehaved where the acts do not make the head; ChainUnavailable.
    """
    stated = chain.registry_head(contract)
    backwards = stated.n < stated.last_block / WINDOW_BLOCKS
    return _backwards(chain, contract, stated) if backwards else _forwards(chain, contract, stated)


def walk_back(chain: Chain, contract: str) -> Sequence[ChainEvent]:
    """Return what `walk` does, read from the newest act back. Raises: as `walk`."""
    return _backwards(chain, contract, chain.registry_head(contract))


def _forwards(chain: Chain, contract: str, stated: RegistryHead) -> Sequence[ChainEvent]:
    _check_length(stated)
    found: list[ChainEvent] = []
    for first in range(0, stated.last_block + 1, WINDOW_BLOCKS):
        last = min(first + WINDOW_BLOCKS - 1, stated.last_block)
        found += chain.events(contract, first, last)
        _check_count(len(found), stated)
    return _folded(chain, contract, stated, found)


def _backwards(chain: Chain, contract: str, stated: RegistryHead) -> Sequence[ChainEvent]:
    """Each step ends at a lower block with at least one act, so an endpoint cannot lead in circles."""
    _check_length(stated)
    blocks: list[Sequence[ChainEvent]] = []
    block, count = stated.last_block, 0
    while count < stated.n:
        found = chain.events(contract, block, block)
        if not found:
            raise ChainMisbehaved(f"block {block} holds no act, though a later act says so: {_AGAIN}")
        count += len(found)
        _check_count(count, stated)
        blocks.append(found)
        before = found[0].event.previous_block
        if before >= block:
            raise ChainMisbehaved(f"act {found[0].event.n} in block {block} follows one in block {before}")
        block = before
    return _folded(chain, contract, stated, [item for found in reversed(blocks) for item in found])


_AGAIN: Final = (
    "the endpoint leaves acts out, or the chain changed its branch meanwhile; try again, or ask another"
)


def _check_length(stated: RegistryHead) -> None:
    if stated.n > MOST_ACTS:
        raise ChainMisbehaved(
            f"the contract counts {stated.n} acts, more than {MOST_ACTS}: follow it with a node"
        )


def _check_count(count: int, stated: RegistryHead) -> None:
    if count > stated.n:
        raise ChainMisbehaved(f"the contract counts {stated.n} acts, the endpoint shows more: {_AGAIN}")


def _folded(
    chain: Chain, contract: str, stated: RegistryHead, found: Sequence[ChainEvent]
) -> Sequence[ChainEvent]:
    fold = Fold(chain.head_zero(contract))
    try:
        for item in found:
            fold.extend(item.event)
    except BrokenHead as error:
        raise ChainMisbehaved(f"{error}: {_AGAIN}") from error
    if (fold.n, fold.head, fold.block) != (stated.n, stated.head, stated.last_block):
        raise ChainMisbehaved(
            f"the acts read make head 0x{fold.head.hex()} after act {fold.n}, the contract states "
            f"0x{stated.head.hex()} after act {stated.n}: {_AGAIN}"
        )
    return found
