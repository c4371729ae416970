"""Audit against the chain: the replica holds what contract and final blocks say.

Whoever edits a replica and a register so that they agree cannot edit the chain: its events, its head and the contract's
views are asked anew here.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from anchoring.audit.findings import Findings
from anchoring.audit.places import REPLICA
from anchoring.audit.replica import RegistryFold
from anchoring.chain.events import follow_events, read_block_events
from anchoring.chain.presence import check_registry
from anchoring.chain.protocol import Chain, ChainEvent, RegistryHead, RegistryName
from anchoring.chain.state import ask_state, collect_state, compare_states
from anchoring.errors import AnchoringError, WrongRegistry
from anchoring.replica.reading import ReplicaView
from anchoring.replica.tables import EVENT, PENDING, STATE
from ledger.errors import LedgerError
from ledger.verification.audits import Head

_ATTEMPTS: Final = 3  # a chain that goes on in the middle is asked anew
_UNCHECKED_SLUG: Final = "chain-unchecked"


def audit_chain(
    view: ReplicaView, registry_fold: RegistryFold, chain: Chain, now: int, findings: Findings
) -> Head | None:
    """Compare the replica with the chain, and return the contract's head; None where it was not asked to the end.

    What the chain does not answer is left unchecked, and said.

    1. The endpoint serves this registry. 2. The replica's final block is one of the chain. 3. Every event stands in the
    chain where the replica has it. 4. The pending ones too. 5. The events, with those that came since, make the contract's
    head. 6. The contract's views say what the facts say.
    """
    contract = RegistryName.parse(view.registry).contract
    try:
        check_registry(chain, view.registry, now)  # 1
        is_level = _check_final_block(view, chain, findings)  # 2
        hidden_numbers = _compare_events(view, chain, contract, findings)  # 3
        _compare_pending(view, chain, contract, findings)  # 4
        head = _compare_head(registry_fold, chain, contract, findings)  # 5, 6
        own_head = Head(registry_fold.fold.event_number, registry_fold.fold.head)
        stated_count = head.event_number if head else chain.fetch_head(contract).event_number
        is_refuted = is_level and (stated_count < own_head.event_number or head not in (None, own_head))
        _report_hidden(hidden_numbers, findings, is_refuted=is_refuted)
        return head
    except WrongRegistry as error:
        findings.add("other-registry", "chain_url", str(error))
    except (AnchoringError, LedgerError) as error:
        findings.leave(_UNCHECKED_SLUG, "chain", f"the chain was not asked to the end: {error}")
    return None


def _check_final_block(view: ReplicaView, chain: Chain, findings: Findings) -> bool:
    """Tell whether the endpoint has the replica's final block."""
    cursor = view.cursor
    block = chain.find_block(cursor.final_block_number)
    if block is None:
        text = f"the endpoint ends before block {cursor.final_block_number}, which is final here: ask another endpoint"
        findings.leave(_UNCHECKED_SLUG, "chain", text)
        return False
    findings.look("blocks asked of the chain")
    if (block.hash, block.time) != (cursor.final_hash, cursor.final_time):
        text = (
            f"the chain has block {cursor.final_block_number} as 0x{block.hash.hex()}, the replica as another"
        )
        findings.add("chain-differs", "final block", text, database=REPLICA, table=STATE.name)
    return True


def _compare_events(view: ReplicaView, chain: Chain, contract: str, findings: Findings) -> Sequence[int]:
    """Return the numbers of the events that the endpoint shows nowhere: whether that tells anything, the head says."""
    hidden_numbers: list[int] = []
    for stored_events in _gather_windows(view, max(1, chain.get_event_span())):
        first_block, last_block = stored_events[0].event.block_number, stored_events[-1].event.block_number
        chain_events = {
            event.event.event_number: event for event in chain.fetch_events(contract, first_block, last_block)
        }
        for stored_event in stored_events:
            findings.look("events asked of the chain", view.cursor.event_number)
            number = stored_event.event.event_number
            chain_event = chain_events.pop(number, None) or _ask_alone(chain, contract, stored_event)
            if chain_event is None:
                hidden_numbers.append(number)
            elif chain_event != stored_event:
                text = "the chain holds another event there"
                findings.add("chain-differs", f"event {number}", text, database=REPLICA, table=EVENT.name)
        for number in chain_events:
            if number <= view.cursor.event_number:
                text = "the chain holds it, the replica does not"
                findings.add("chain-differs", f"event {number}", text, database=REPLICA, table=EVENT.name)
    return hidden_numbers


def _report_hidden(hidden_numbers: Sequence[int], findings: Findings, *, is_refuted: bool) -> None:
    """Say what it means that events are not shown: that the chain has none only where the contract's head says so too."""
    if hidden_numbers and not is_refuted:
        text = (
            f"the endpoint shows none of {len(hidden_numbers)} events, first event {hidden_numbers[0]}, and the contract's "
            "head does not say that there are none: ask another endpoint"
        )
        findings.leave(_UNCHECKED_SLUG, "chain", text)
        return
    for number in hidden_numbers:
        text = "the chain holds no such event there"
        findings.add("chain-differs", f"event {number}", text, database=REPLICA, table=EVENT.name)


def _ask_alone(chain: Chain, contract: str, stored_event: ChainEvent) -> ChainEvent | None:
    """Ask for an event by its block: of a long range an endpoint may leave events out without a word."""
    events = read_block_events(chain, contract, stored_event.event.block_number)
    number = stored_event.event.event_number
    return next((event for event in events if event.event.event_number == number), None)


def _gather_windows(view: ReplicaView, block_span: int) -> Iterator[Sequence[ChainEvent]]:
    """Yield the stored events in groups that one request of so many blocks covers; a block is never parted."""
    window: list[ChainEvent] = []
    for event in view.walk_events():
        if window and not 0 <= event.event.block_number - window[0].event.block_number < block_span:
            yield window
            window = []
        window.append(event)
    if window:
        yield window


def _compare_pending(view: ReplicaView, chain: Chain, contract: str, findings: Findings) -> None:
    for event in view.list_pending():
        block = chain.find_block(event.event.block_number)
        place = f"event {event.event.event_number}"
        if block is None or block.hash != event.block_hash:
            findings.remark("pending-left", place, "the chain has another block there by now, or none")
            continue
        findings.look("pending events asked of the chain")
        chain_events = read_block_events(chain, contract, event.event.block_number)
        if not chain_events and chain.fetch_head(contract).event_number >= event.event.event_number:
            text = f"the endpoint shows no event in block {event.event.block_number}, which the contract's head counts"
            findings.leave(_UNCHECKED_SLUG, place, text)
        elif event not in chain_events:
            text = f"block {event.event.block_number} of the chain holds no such event"
            findings.add("chain-differs", place, text, database=REPLICA, table=PENDING.name)


def _compare_head(
    registry_fold: RegistryFold, chain: Chain, contract: str, findings: Findings
) -> Head | None:
    """Fold what came since, and compare head and views; again where the chain went on meanwhile."""
    for _ in range(_ATTEMPTS):
        head = chain.fetch_head(contract)
        _take_newer(registry_fold, chain, contract, head)
        stated_state = ask_state(chain, contract, collect_state(registry_fold.list_newest_facts()))
        if chain.fetch_head(contract) == head:
            break
    else:
        findings.leave(_UNCHECKED_SLUG, "chain", "the chain went on faster than it was asked: run this again")
        return None
    fold = registry_fold.fold
    findings.look("contract's head")
    if head.event_number != fold.event_number:
        shown_text = (
            f"the replica holds {fold.event_number}"
            if head.event_number < fold.event_number
            else f"the endpoint shows {fold.event_number}"
        )
        text = f"the contract counts {head.event_number} acts, {shown_text}: ask another endpoint"
        findings.leave(_UNCHECKED_SLUG, "chain", text)
        return None
    if head.head != fold.head:
        text = (
            f"after act {head.event_number} the contract's head is 0x{head.head.hex()}; the replica's events, with those "
            f"that came since, make 0x{fold.head.hex()} after act {fold.event_number}"
        )
        findings.add("chain-differs", "contract's head", text, database=REPLICA, table=EVENT.name)
        return Head(head.event_number, head.head)
    state = collect_state(registry_fold.list_newest_facts())
    findings.checked_counts["contract's views"] += len(state.logs) + len(state.keys) + len(state.issuers)
    for difference in compare_states(state, stated_state):
        findings.add("chain-differs", "contract's views", difference, database=REPLICA, table="log")
    return Head(head.event_number, head.head)


def _take_newer(registry_fold: RegistryFold, chain: Chain, contract: str, head: RegistryHead) -> None:
    """Fold the events that the chain has beyond those of the replica, up to the contract's head."""
    fold = registry_fold.fold
    for event in follow_events(chain, contract, head, fold.event_number, fold.block_number):
        registry_fold.take(event)
