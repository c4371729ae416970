"""Check a chain against its own final blocks, its contract's word and its beginning."""

from collections.abc import Sequence

from anchoring.chain.protocol import Block, ChainEvent, RegistryHead, RegistryName
from anchoring.errors import ChainBehind, ChainMisbehaved, Quarantined, ReorgDetected, WrongRegistry
from anchoring.replica.reading import Cursor
from anchoring.replica.store import FoldedEvent
from ledger.registry.acts import compute_head_zero


def check_branch(cursor: Cursor, block_now: Block | None, latest_block: Block) -> None:
    """Check that the chain, which ends at `latest_block`, still holds the cursor's final block, where `block_now` stands.

    Raises: ChainBehind where it does not reach so far, Quarantined where it holds another block.
    """
    if block_now is None:
        raise ChainBehind(
            f"the chain ends at block {latest_block.number}, but block {cursor.final_block_number} was final: "
            "the endpoint lags, or the chain was set back"
        )
    if block_now.hash != cursor.final_hash:
        raise Quarantined(
            f"block {cursor.final_block_number} was final as 0x{cursor.final_hash.hex()}, and is "
            f"0x{block_now.hash.hex()} now; the chain ends at block {latest_block.number}: it "
            "lost final blocks, or is another chain. Ask who runs it"
        )


def check_beginning(name: RegistryName, first_event: ChainEvent, block_before: Block | None) -> None:
    """Check that head 0 follows from the block before the deployment, so that all of the registry's name is checked.

    Raises: WrongRegistry; ChainMisbehaved where the endpoint does not keep that block.
    """
    first_block = first_event.event.block_number
    if block_before is None:
        raise ChainMisbehaved(
            f"the endpoint does not keep block {first_block - 1}, before the registry's deployment: its history is "
            "pruned 历史区块已裁剪; ask one that keeps all blocks"
        )
    contract = bytes.fromhex(name.contract[2:])
    if compute_head_zero(name.chain_id, contract, block_before.hash)[:8] != name.head_prefix:
        raise WrongRegistry(f"head 0 of {name.contract} does not follow from the block before {first_block}")


def check_head(stated_head: RegistryHead, cursor: Cursor, folded_events: Sequence[FoldedEvent]) -> None:
    """Compare what the contract said before with what was read after. Raises: ChainUnavailable's children, Quarantined."""
    heads_by_number = {cursor.event_number: cursor.head} | {
        folded_event.event.event.event_number: folded_event.head for folded_event in folded_events
    }
    newest_number = max(heads_by_number)
    block_number = folded_events[-1].event.event.block_number if folded_events else cursor.block_number
    if stated_head.event_number > newest_number:
        raise ChainMisbehaved(
            f"the contract counts {stated_head.event_number} acts, the endpoint shows {newest_number}: it leaves some out"
        )
    if stated_head.event_number < cursor.event_number:
        raise ChainBehind(
            f"the contract counts {stated_head.event_number} acts, but act {cursor.event_number} was final"
        )
    if stated_head.head != heads_by_number[stated_head.event_number]:
        if stated_head.event_number == cursor.event_number:
            raise Quarantined(
                f"after act {stated_head.event_number} the contract's head is 0x{stated_head.head.hex()}, "
                f"the replica's 0x{cursor.head.hex()}"
            )
        raise ReorgDetected(
            f"the events up to act {stated_head.event_number} do not make the head that the contract states"
        )
    if stated_head.event_number == newest_number and stated_head.last_block_number != block_number:
        raise ChainMisbehaved(
            f"act {newest_number} was in block {stated_head.last_block_number}, the endpoint shows it in block "
            f"{block_number}"
        )
